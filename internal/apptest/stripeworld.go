package apptest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// StripeWorld is the make-believe Stripe of deploy/stripeworld, run as a program
// of its own outside the test's process. Calls and pages pass this process on
// their way, so that its clock is always the test's, and so that a test can let
// Stripe hang or be away.
type StripeWorld struct {
	T      testing.TB
	Base   string // of the API and of its pages, as the board and browsers reach it
	Key    string // the secret key
	Secret string // of the webhook's signatures
	Now    func() time.Time

	direct   string // the program itself
	endpoint string // the webhook endpoint's id
	stop     func()

	mu    sync.Mutex
	told  int64        // the clock as the program was told last
	mind  http.Handler // what answers instead of it; nil: nobody
	watch func(call string, done bool)
	paths []string // of the calls that were made
}

// Session is a page of payment as the stand-in knows it.
type Session struct {
	ID, Account, Reference, Text, Currency, Status, Paid, Payment string
	Amount                                                        int64
}

// Event is something that the stand-in told or wanted to tell.
type Event struct {
	ID, Account, Type string
	Waiting           int
	Payload           string
}

// stripeWorldOnce is the program, built once a test binary.
var stripeWorldOnce struct {
	once sync.Once
	path string
	err  error
}

// StripeWorldProgram builds the stand-in, once a test binary, and gives its path.
func StripeWorldProgram(t testing.TB) string {
	t.Helper()
	b := &stripeWorldOnce
	b.once.Do(func() {
		var root, dir string
		if root, b.err = moduleRoot(); b.err != nil {
			return
		}
		if dir, b.err = os.MkdirTemp("", "oduvan-stripeworld-"); b.err != nil {
			return
		}
		b.path = filepath.Join(dir, "stripeworld")
		cmd := exec.Command("go", "-C", filepath.Join(root, "deploy", "stripeworld"), "build", "-o", b.path, ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

// moduleRoot is the folder of go.mod above a test's own folder.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// NewStripeWorld starts the stand-in: calm, unless args say otherwise, and
// sending its events only when told. It ends with the test. The clock is now's;
// nil: the machine's.
func NewStripeWorld(t testing.TB, now func() time.Time, args ...string) *StripeWorld {
	t.Helper()
	s := &StripeWorld{T: t, Now: now}
	door := httptest.NewServer(s)
	t.Cleanup(door.Close)
	s.Base = door.URL
	if len(args) == 0 {
		args = []string{"-calm", "-still"}
	}
	s.run(StripeWorldProgram(t), append([]string{"-listen", "127.0.0.1:0", "-to", "", "-base", s.Base}, args...))
	s.endpoint = s.Do("listen", "url", "http://127.0.0.1:9/nobody", "secret", s.Secret)
	return s
}

var (
	listensOn = regexp.MustCompile(`(?m)^# listens on (\S+)$`)
	setting   = regexp.MustCompile(`(?m)^export (ODUVAN_STRIPE_\w+)=(\S+)$`)
)

// run starts the program and reads from what it says where it is and its keys.
func (s *StripeWorld) run(program string, args []string) {
	s.T.Helper()
	cmd := exec.Command(program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.T.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	s.T.Cleanup(s.stop)
	var said strings.Builder
	buf := make([]byte, 4096)
	for strings.Count(said.String(), "export ") < 3 || !strings.HasSuffix(said.String(), "\n") {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			s.T.Fatalf("the stand-in for Stripe ended: %v\n%s", err, said.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	s.direct = "http://" + listensOn.FindStringSubmatch(said.String())[1]
	for _, m := range setting.FindAllStringSubmatch(said.String(), -1) {
		switch m[1] {
		case "ODUVAN_STRIPE_SECRET_KEY":
			s.Key = m[2]
		case "ODUVAN_STRIPE_WEBHOOK_SECRETS":
			s.Secret = m[2]
		}
	}
}

// Settings point a board at the stand-in.
func (s *StripeWorld) Settings(cfg *config.Config) {
	cfg.StripeSecretKey, cfg.StripeWebhookSecrets, cfg.StripeAPIBase = s.Key, s.Secret, s.Base
}

// Hears tells the stand-in where to send events: to this board. Empty: to an
// address at which nobody listens.
func (s *StripeWorld) Hears(board string) {
	s.T.Helper()
	if board == "" {
		board = "http://127.0.0.1:9"
	}
	s.Do("move-endpoint", "id", s.endpoint, "url", board+"/webhooks/stripe")
}

// ServeHTTP passes calls and pages on to the program, after telling it the time.
func (s *StripeWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	mind, watch := s.mind, s.watch
	s.paths = append(s.paths, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if mind != nil {
		mind.ServeHTTP(rw, r)
		return
	}
	if err := s.tick(); err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	to, err := url.Parse(s.direct)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusBadGateway)
		return
	}
	pass := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.Host = p.In.Host
	}, ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }}
	if watch == nil {
		pass.ServeHTTP(rw, r)
		return
	}
	call := r.Method + " " + r.URL.Path
	watch(call, false)
	answer := httptest.NewRecorder()
	pass.ServeHTTP(answer, r)
	watch(call, true)
	for name, values := range answer.Header() {
		rw.Header()[name] = values
	}
	rw.WriteHeader(answer.Code)
	_, _ = rw.Write(answer.Body.Bytes())
}

// Watch calls fn before every call is passed on, and again when it took effect
// and before it is answered; nil ends that.
func (s *StripeWorld) Watch(fn func(call string, done bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = fn
}

// Instead lets something else answer calls in the stand-in's place, such as a
// handler that hangs; nil ends that.
func (s *StripeWorld) Instead(h http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mind = h
}

// Heard lists the calls and pages that were asked for, as "METHOD PATH".
func (s *StripeWorld) Heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.paths...)
}

// tick tells the program what time it is.
func (s *StripeWorld) tick() error {
	if s.Now == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.Now().Unix()
	if at == s.told {
		return nil
	}
	if _, err := s.post("clock", url.Values{"at": {strconv.FormatInt(at, 10)}}); err != nil {
		return err
	}
	s.told = at
	return nil
}

func (s *StripeWorld) post(verb string, form url.Values) (string, error) {
	res, err := http.PostForm(s.direct+"/_world/"+verb, form)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var said struct {
		Result json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return "", fmt.Errorf("%s: %w: %s", verb, err, body)
	}
	if said.Error != "" {
		return "", errors.New(verb + ": " + said.Error)
	}
	var text string
	if json.Unmarshal(said.Result, &text) != nil {
		text = string(said.Result)
	}
	return text, nil
}

// Try is a verb of the stand-in's controls with pairs of fields and values; its
// README lists them. It gives the result: an id, or JSON.
func (s *StripeWorld) Try(verb string, pairs ...string) (string, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	if err := s.tick(); err != nil {
		return "", err
	}
	return s.post(verb, form)
}

// Do is Try of what must succeed.
func (s *StripeWorld) Do(verb string, pairs ...string) string {
	s.T.Helper()
	out, err := s.Try(verb, pairs...)
	if err != nil {
		s.T.Fatal(err)
	}
	return out
}

// Deliver sends all events that are due and repeats until none is.
func (s *StripeWorld) Deliver() {
	s.T.Helper()
	s.Do("deliver", "rounds", "50")
}

// Sessions lists all pages of payment, the oldest first.
func (s *StripeWorld) Sessions() (out []Session) {
	s.T.Helper()
	s.state(&struct{ Sessions *[]Session }{&out})
	return out
}

// Session is the newest page of an order.
func (s *StripeWorld) Session(orderID string) (out Session) {
	s.T.Helper()
	for _, one := range s.Sessions() {
		if one.Reference == orderID {
			out = one
		}
	}
	if out.ID == "" {
		s.T.Fatalf("the order %s has no page at Stripe", orderID)
	}
	return out
}

// Events lists all events, the oldest first.
func (s *StripeWorld) Events() (out []Event) {
	s.T.Helper()
	s.state(&struct{ Events *[]Event }{&out})
	return out
}

func (s *StripeWorld) state(into any) {
	s.T.Helper()
	if err := s.tick(); err != nil {
		s.T.Fatal(err)
	}
	res, err := http.Get(s.direct + "/_world/state")
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		s.T.Fatal(err)
	}
}

// Connected makes a seller's account at the stand-in ready, as after the seller
// filled everything in there: the account's id is in the page's address.
func (s *StripeWorld) Connected(account string) {
	s.T.Helper()
	s.Do("enable", "id", account)
}

// EachWithStripe is Each with a stand-in for Stripe beside each board, which may
// have arguments of its own.
func EachWithStripe(t *testing.T, fn func(t *testing.T, w *World, s *StripeWorld), args ...string) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		w, s := NewWithStripe(t, args...)
		fn(t, w, s)
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			w, s := beside(t, t.TempDir(), dbtest.Database(t), args)
			fn(t, w, s)
		})
	}
}

// NewWithStripe starts a board on SQLite that sells by card at a stand-in for
// Stripe, which hears the board's clock and sends its events there when told.
func NewWithStripe(t testing.TB, args ...string) (*World, *StripeWorld) {
	t.Helper()
	dir := t.TempDir()
	dbtest.Copy(t, dir)
	return beside(t, dir, "", args)
}

func beside(t testing.TB, dir, database string, args []string) (*World, *StripeWorld) {
	t.Helper()
	clock := dbtest.NewClock()
	s := NewStripeWorld(t, clock.Now, args...)
	w := start(t, dir, database, clock, setup{seed: 2, settings: s.Settings, started: s.Hears})
	return w, s
}
