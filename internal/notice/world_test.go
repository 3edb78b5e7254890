package notice_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/secret"
)

const origin = "https://board.example.org"

// world is a branch with accounts, notices and a push service of its own.
type world struct {
	*dbtest.World
	*notice.Notices
	Accounts *account.Accounts
	Keys     *secret.Keys
	Service  *service
	Log      *logged
	ctx      context.Context
	working  bool
}

// logged is a log that many may write at once.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// each runs one test on a fresh world of each engine.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, wire(t, d)) })
}

func wire(t *testing.T, d *dbtest.World) *world {
	t.Helper()
	dir := filepath.Join(d.Dir, "secrets")
	keys, err := secret.Open(dir)
	must(t, err)
	vapid, made, err := notice.MakeVAPID(dir)
	must(t, err)
	if !made {
		t.Fatal("there was a key before")
	}
	w := &world{World: d, Keys: keys, Service: newService(t), Log: &logged{}, ctx: context.Background()}
	w.Accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: branch.New(d.DB, keys), URL: origin})
	w.Notices = notice.New(notice.Config{DB: d.DB, Keys: keys, URL: origin + "/", Log: slog.New(slog.NewTextHandler(w.Log, nil)),
		Push: notice.NewPush(vapid, w.Service.client, origin), Words: func(lang string) string { return "new " + lang }})
	w.Accounts.Hold(account.Held{Name: "notices", Tables: notice.Tables(), Holder: w.Notices})
	return w
}

func (w *world) person(t *testing.T, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.Accounts.SignUp(w.ctx, account.SignUp{Handle: handle, Language: "ru"})
	must(t, err)
	return acc.Actor()
}

// tells tells in a transaction of its own.
func (w *world) tells(t *testing.T, to account.Actor, what ...notice.Told) {
	t.Helper()
	must(t, w.Write(w.ctx, func(tx *db.Tx) error {
		for _, one := range what {
			if err := w.Tell(w.ctx, tx, to.ID, one); err != nil {
				return err
			}
		}
		return nil
	}))
}

// message is something told about the n-th message.
func message(n int) notice.Told {
	return notice.Told{Kind: notice.MessageNew, Subject: "message-" + strconv.Itoa(n), Path: "/inquiries/7",
		Args: map[string]string{"handle": "lesnoy-klyuch", "count": strconv.Itoa(n)}}
}

// inbox lists what the filter shows, as the subjects.
func (w *world) inbox(t *testing.T, by account.Actor, f notice.Filter) (subjects []string, page notice.Page) {
	t.Helper()
	page, err := w.Inbox(w.ctx, by, f)
	must(t, err)
	subjects = []string{}
	for _, n := range page.Items {
		subjects = append(subjects, n.Subject)
	}
	return subjects, page
}

// all is the whole inbox.
func (w *world) all(t *testing.T, by account.Actor) []notice.Notice {
	t.Helper()
	_, page := w.inbox(t, by, notice.Filter{Limit: notice.MaxPageSize})
	return page.Items
}

func (w *world) unread(t *testing.T, by account.Actor) int {
	t.Helper()
	n, err := w.Unread(w.ctx, by)
	must(t, err)
	return n
}

// rows counts the rows of a query.
func (w *world) rows(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(w.ctx, &n) }))
	return n
}

// wants fails unless err is a fault of this kind and code.
func wants(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	all := fault.All(err)
	if len(all) == 0 || all[0].Kind != kind || all[0].Code != code {
		t.Errorf("got %v, want %v %s", err, kind, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// begin starts the background work, unless it runs.
func (w *world) begin(t *testing.T) {
	t.Helper()
	if w.working {
		return
	}
	w.working = true
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
	})
}

// settle lets the background work run until nothing is left to do.
func (w *world) settle(t *testing.T) {
	t.Helper()
	w.begin(t)
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for calm := 0; calm < 3; calm++ {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the work did not end within 30 s")
		}
		if n, err := w.Waiting(w.ctx); err != nil || n > 0 {
			must(t, err)
			calm = -1
		}
	}
}

var errUndo = errors.New("undo")
