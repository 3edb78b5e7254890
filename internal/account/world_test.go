package account_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

const origin = "https://board.example.org"

// world is a branch with its accounts and nothing above them.
type world struct {
	*dbtest.World
	*account.Accounts
	Keys   *secret.Keys
	Branch *branch.Branch
	ctx    context.Context
}

// each runs one test on a fresh world of each engine.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, wire(t, d, origin)) })
}

func wire(t *testing.T, d *dbtest.World, url string) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{World: d, Keys: keys, Branch: branch.New(d.DB, keys), ctx: context.Background()}
	w.Accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: w.Branch, URL: url})
	return w
}

// person is somebody with an account: what they remember of it.
type person struct {
	account.Account
	by   account.Actor
	code string
}

func (w *world) person(t *testing.T, handle string) person {
	t.Helper()
	acc, code, err := w.SignUp(w.ctx, account.SignUp{Handle: handle, Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}
	return person{acc, acc.Actor(), code}
}

func (w *world) officer(t *testing.T, handle string, role account.Role) person {
	t.Helper()
	acc, code, _, err := w.Create(w.ctx, handle, role)
	if err != nil {
		t.Fatal(err)
	}
	return person{acc, acc.Actor(), code}
}

// settle changes the branch's settings.
func (w *world) settle(t *testing.T, change func(*branch.Settings)) {
	t.Helper()
	err := w.Write(w.ctx, func(tx *db.Tx) error {
		s, err := branch.Load(w.ctx, tx)
		if err != nil {
			return err
		}
		change(&s)
		return branch.Save(w.ctx, tx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails unless err is a fault of this kind and code.
func wants(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Error
	if all := fault.All(err); len(all) > 0 {
		f = all[0]
	}
	if f == nil && !errors.As(err, &f) || f.Kind != kind || f.Code != code {
		t.Errorf("got %v, want %v %s", err, kind, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// together runs a function n times at once and returns what each gave.
func together(n int, fn func(i int) error) []error {
	errs, start, done := make([]error, n), make(chan struct{}), make(chan int)
	for i := range n {
		go func() {
			<-start
			errs[i] = fn(i)
			done <- i
		}()
	}
	close(start)
	for range n {
		<-done
	}
	return errs
}

func count(errs []error) (good int) {
	for _, err := range errs {
		if err == nil {
			good++
		}
	}
	return good
}

// rows counts the rows of a query.
func (w *world) rows(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(w.ctx, &n) }))
	return n
}

// works runs the database's background work until something has come true.
func (w *world) works(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Work(ctx) }()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come true within 20 s")
		}
	}
	cancel()
	must(t, <-ended)
}
