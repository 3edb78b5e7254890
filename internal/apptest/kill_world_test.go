package apptest_test

import (
	"context"
	"crypto/ecdh"
	crand "crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/outbound"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// soul is somebody who uses the API.
type soul struct{ id, handle, token string }

// pushHost is where browsers take pushes: a name that resolves nowhere, below
// one that is kept for examples (RFC 2606) and for which the tests' certificate
// is made. The program tries in vain, and nobody is called.
const pushHost = "oduvan-push.example.com"

// newMortal makes a board with all the people of all runs, by this process,
// before the program is started on it. Of every other pair both have a browser.
func newMortal(t *testing.T, binary, database string) *mortal {
	t.Helper()
	k := &mortal{t: t, binary: binary, dir: t.TempDir(), database: database, rnd: seeded(t),
		http: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}, receiver: &receiver{browsers: map[string]string{}, shown: map[string]int{}}}
	if database == "" {
		dbtest.Copy(t, k.dir)
	}
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL = k.dir, database
	must(t, withPushKey(cfg))
	ctx := context.Background()
	a, err := app.New(ctx, cfg, app.Options{NoSync: true, NoIndex: true})
	must(t, err)
	for i := range killPairs {
		k.tutors = append(k.tutors, k.soul(a, fmt.Sprintf("tutor%d", i), i%2 == 0, true))
	}
	for i := range killRuns * killPairs {
		k.learners = append(k.learners, k.soul(a, fmt.Sprintf("learner%d", i), i%killPairs%2 == 0, false))
	}
	must(t, a.Close())
	return k
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// withPushKey makes the key of Web Push before the program starts.
func withPushKey(cfg config.Config) error {
	if _, err := secret.Open(cfg.SecretsDir()); err != nil {
		return err
	}
	_, _, err := notice.MakeVAPID(cfg.SecretsDir())
	return err
}

func (k *mortal) soul(a *app.App, handle string, listens, tutor bool) soul {
	k.t.Helper()
	ctx := context.Background()
	acc, _, token, err := a.Accounts.Create(ctx, handle, account.Member)
	must(k.t, err)
	if tutor {
		_, _, err = a.Profiles.Save(ctx, acc.Actor(), profile.Input{Tutor: true, Headline: "teaches", State: profile.Open})
		must(k.t, err)
		must(k.t, a.Messages.SetCapacity(ctx, acc.Actor(), 50))
	}
	if listens {
		_, err = a.Notices.Subscribe(ctx, acc.Actor(), browserAt(k.t, "/"+handle))
		must(k.t, err)
		k.receiver.browsers[acc.ID] = "/" + handle
	}
	return soul{acc.ID, handle, token}
}

// browserAt is a browser whose push service waits under a path.
func browserAt(t testing.TB, path string) notice.Browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(crand.Reader)
	must(t, err)
	enc := base64.RawURLEncoding
	return notice.Browser{Endpoint: "https://" + pushHost + path, P256DH: enc.EncodeToString(key.PublicKey().Bytes()),
		Auth: enc.EncodeToString(make([]byte, 16))}
}

// books are what stands in the database, line by line with how often.
type books struct {
	owed, told, pushed map[string]int // "account kind subject cause"
	marks              map[string]int
}

// booksQuery reads what the acts are and what was told of them, in one view.
// Of a thread that was closed after an answer only learners are at fault here.
const booksQuery = `
SELECT 'owed' AS side, i.tutor_id AS account, 'inquiry_new' AS kind, i.id AS subject, '' AS cause FROM inquiry AS i
UNION ALL SELECT 'owed', CASE WHEN m.by_learner THEN t.tutor_id ELSE t.learner_id END,
	CASE WHEN NOT m.by_learner AND m.n = (SELECT min(o.n) FROM message AS o WHERE o.thread_id = m.thread_id AND NOT o.by_learner)
	THEN 'inquiry_answered' ELSE 'message_new' END, m.thread_id, m.id FROM message AS m JOIN thread AS t ON t.id = m.thread_id
UNION ALL SELECT 'owed', i.learner_id, 'inquiry_declined', i.id, '' FROM inquiry AS i WHERE i.state = 'declined'
UNION ALL SELECT 'owed', t.tutor_id, 'thread_closed', t.id, '' FROM thread AS t JOIN inquiry AS i ON i.id = t.id
	WHERE t.state = 'closed' AND i.state = 'answered'
UNION ALL SELECT 'told', n.account_id, n.kind, n.subject, n.cause FROM notice AS n
UNION ALL SELECT 'pushed', COALESCE(n.account_id, ''), COALESCE(n.kind, 'of no notice'), COALESCE(n.subject, ''), COALESCE(n.cause, '')
	FROM river_job AS j LEFT JOIN notice AS n ON n.id = j.args ->> 'notice' WHERE j.kind = 'notice_push'
UNION ALL SELECT 'mark', '', '', i.goal, '' FROM inquiry AS i
UNION ALL SELECT 'mark', '', '', m.text, '' FROM message AS m
UNION ALL SELECT 'mark', '', '', i.comment, '' FROM inquiry AS i WHERE i.state = 'declined'
UNION ALL SELECT 'mark', '', '', 'closed ' || i.id, '' FROM inquiry AS i JOIN thread AS t ON t.id = i.id
	WHERE t.state = 'closed' AND i.state = 'answered'`

// look reads the books. It lets go of the database again, so that the next
// start of the program has the killed one's leavings to itself.
func (k *mortal) look() books {
	k.t.Helper()
	d := k.open(0)
	defer d.Close()
	var rows []struct{ Side, Account, Kind, Subject, Cause string }
	must(k.t, d.Read(context.Background(), func(tx *db.Tx) error {
		rows = nil
		return tx.NewRaw(booksQuery).Scan(context.Background(), &rows)
	}))
	out := books{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}}
	for _, r := range rows {
		line := strings.Join([]string{r.Account, r.Kind, r.Subject, r.Cause}, " ")
		switch r.Side {
		case "owed":
			out.owed[line]++
		case "told":
			out.told[line]++
		case "pushed":
			out.pushed[line]++
		default:
			out.marks[r.Subject]++
		}
	}
	return out
}

func (k *mortal) open(ahead time.Duration) *db.DB {
	k.t.Helper()
	d, err := db.Open(db.Config{URL: k.database, Path: filepath.Join(k.dir, "oduvan.db"), Poll: 20 * time.Millisecond,
		Clock: func() time.Time { return time.Now().Add(ahead) }})
	must(k.t, err)
	return d
}

// receiver is a push service that counts what its browsers would show: a push
// of the same topic takes the place of the one before.
type receiver struct {
	browsers map[string]string // account → path

	mu    sync.Mutex
	got   int
	shown map[string]int // path and topic → pushes
}

// listens tells whether a line of the books is for somebody with a browser.
func (r *receiver) listens(line string) bool {
	account, _, _ := strings.Cut(line, " ")
	return r.browsers[account] != ""
}

// ServeHTTP takes a push.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got++
	r.shown[req.URL.Path+" "+req.Header.Get("Topic")]++
	w.WriteHeader(http.StatusCreated)
}

// hearsInTheEnd lets a push service be reached at last: every job that the
// killed programs left is done, and each browser shows each notice once.
func (k *mortal) hearsInTheEnd() {
	k.t.Helper()
	must(k.t, k.program.Process.Kill())
	_ = k.program.Wait()
	srv := httptest.NewTLSServer(k.receiver)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	client := outbound.New(outbound.Config{Roots: roots, Reach: map[string]string{pushHost: srv.Listener.Addr().String()}})
	defer client.CloseIdle()
	d := k.open(time.Hour) // a service that was away is left alone for no longer
	defer d.Close()
	keys, err := secret.Open(filepath.Join(k.dir, "secrets"))
	must(k.t, err)
	vapid, err := notice.OpenVAPID(filepath.Join(k.dir, "secrets"))
	must(k.t, err)
	notice.New(notice.Config{DB: d, Keys: keys, URL: "http://localhost", Push: notice.NewPush(vapid, client, "http://localhost")})
	ctx := context.Background()
	// Jobs that a dead program held are taken over only after an hour, and others
	// wait for their next attempt: that hour is over.
	must(k.t, d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("UPDATE river_job SET state = 'available', scheduled_at = created_at, finalized_at = NULL WHERE kind = 'notice_push'").Exec(ctx)
		return err
	}))
	k.work(d)
	k.receiver.mu.Lock()
	defer k.receiver.mu.Unlock()
	if len(k.receiver.shown) != k.pushes || k.receiver.got != k.pushes {
		k.t.Errorf("%d pushes came, %d are shown, want %d", k.receiver.got, len(k.receiver.shown), k.pushes)
	}
	k.t.Logf("%d push jobs survived the kills, %d pushes came in the end", k.pushes, k.receiver.got)
}

// work does jobs until no push waits.
func (k *mortal) work(d *db.DB) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Work(ctx) }()
	tick, deadline := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for left := 1; left > 0; {
		select {
		case <-deadline:
			k.t.Errorf("%d pushes still wait after a minute", left)
			left = 0
			continue
		case <-tick.C:
		}
		must(k.t, d.Read(ctx, func(tx *db.Tx) error {
			return tx.NewRaw("SELECT count(*) FROM river_job WHERE kind = 'notice_push' AND state NOT IN ('completed', 'discarded', 'cancelled')").Scan(ctx, &left)
		}))
	}
	cancel()
	must(k.t, <-ended)
}
