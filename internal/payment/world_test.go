package payment_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
	"github.com/tmoeg/oduvan/internal/secret"
)

// world is a branch with orders and nothing above them: the goods are boxes.
type world struct {
	*dbtest.World
	*payment.Payments
	accounts *account.Accounts
	boxes    *boxes
	told     *told
	funds    []string // texts that are the fund's destinations
	ctx      context.Context

	ada, ben, mod account.Actor // a seller, a buyer, a moderator
}

// boxes are goods that are handed over as soon as they are paid.
type boxes struct {
	mu     sync.Mutex
	pay    *payment.Payments
	late   bool // they are handed over later
	job    bool // each change asks for one
	fail   error
	lines  []string
	silent []string
}

func (b *boxes) Changed(ctx context.Context, tx *db.Tx, o *payment.Order, c payment.Change) error {
	b.mu.Lock()
	b.lines = append(b.lines, fmt.Sprintf("%s>%s", c.From, c.To))
	late, fail := b.late, b.fail
	b.mu.Unlock()
	if fail != nil {
		return fail
	}
	if b.job {
		if err := tx.Enqueue(ctx, sold{}); err != nil {
			return err
		}
	}
	if c.To == payment.Paid && !o.Fulfilled && !late {
		return payment.Fulfil(ctx, tx, b.pay, o.ID)
	}
	return nil
}

// sold is what goods may ask for when an order changes.
type sold struct{}

func (sold) Kind() string { return "box_sold" }

func (b *boxes) SellerSilent(_ context.Context, _ *db.Tx, o *payment.Order) error {
	b.silent = append(b.silent, o.SellerHandle)
	return nil
}

func (b *boxes) take() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.lines
	b.lines = nil
	return out
}

// told remembers notes as "kind to reason".
type told struct {
	mu    sync.Mutex
	names map[string]string
	lines []string
}

func (f *told) tell(_ context.Context, _ *db.Tx, to string, n payment.Note) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", n.Kind, f.names[to], n.Args["reason"])))
	return nil
}

func (f *told) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.lines
	f.lines = nil
	return out
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *dbtest.World) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	must(t, err)
	w := &world{World: d, ctx: context.Background(), boxes: &boxes{}, told: &told{names: map[string]string{}}}
	w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: branch.New(d.DB, keys), URL: "http://localhost:8080"})
	w.Payments = payment.New(payment.Config{DB: d.DB, Keys: keys, Tell: w.told.tell,
		Forbidden: func(_ context.Context, _ *db.Tx, text string) (bool, error) {
			return slices.ContainsFunc(w.funds, func(f string) bool { return strings.Contains(text, f) }), nil
		}})
	w.boxes.pay = w.Payments
	w.Sell("box", w.boxes)
	way := direct.New(nil)
	w.Settle(payment.Direct, way)
	w.Settle(payment.Link, way)
	w.accounts.Hold(account.Held{Name: "orders", Tables: payment.Tables(), Holder: w.Payments})
	w.ada, w.ben, w.mod = w.person(t, "ada"), w.person(t, "ben"), w.person(t, "judge")
	w.mod.Role = account.Moderator
	return w
}

func (w *world) person(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.accounts.SignUp(w.ctx, account.SignUp{Handle: handle, Language: "ru"})
	must(t, err)
	w.told.mu.Lock()
	defer w.told.mu.Unlock()
	w.told.names[acc.ID] = handle
	return acc.Actor()
}

func rub(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "RUB"} }

// box is a purchase that may be begun.
func (w *world) box() payment.Opening {
	return payment.Opening{Buyer: w.ben, SellerID: w.ada.ID, Kind: "box", Subject: "box-1", Title: "A box", Price: rub(150000), Method: payment.Direct,
		Payee: "Ada", Country: "RU", Terms: []byte(`{"b":1,"a":[2]}`), RefundDays: 30}
}

func (w *world) opens(t testing.TB, in payment.Opening) payment.Order {
	t.Helper()
	o, err := w.open(in)
	must(t, err)
	return o
}

func (w *world) open(in payment.Opening) (o payment.Order, err error) {
	err = w.Write(w.ctx, func(tx *db.Tx) (err error) {
		o, err = payment.Open(w.ctx, tx, w.Payments, in)
		return err
	})
	return o, err
}

// waiting is an order that waits for its payment.
func (w *world) waiting(t testing.TB) payment.Order {
	t.Helper()
	o := w.opens(t, w.box())
	w.boxes.take()
	w.told.take()
	return o
}

// paid is an order that the seller has confirmed.
func (w *world) paid(t testing.TB) payment.Order {
	t.Helper()
	o := w.waiting(t)
	return w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, o.Price()))
}

// does demands that a verb works.
func (w *world) does(t testing.TB) func(payment.Order, error) payment.Order {
	return func(o payment.Order, err error) payment.Order {
		t.Helper()
		must(t, err)
		return o
	}
}

// short is what matters of an order at a glance.
func short(o payment.Order) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", o.State, o.Settlement, o.Turn(), o.Question))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails unless err is a fault of this kind and code.
func wants(t testing.TB, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("got %q (%v), want %q", got, err, code)
	}
}

func codeOf(err error) string {
	var f *fault.Error
	if all := fault.All(err); len(all) > 0 {
		f = all[0]
	}
	if f == nil && !errors.As(err, &f) {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return f.Kind.String() + ":" + f.Code
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// rows counts the rows of a query.
func (w *world) rows(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(w.ctx, &n) }))
	return n
}

// entries lists the journal of an order as "kind sum", the sum as the buyer paid it.
func (w *world) entries(t testing.TB, id string) (out []string) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		return tx.NewRaw(`SELECT e.kind || ' ' || -l.amount FROM journal_entry e JOIN journal_line l ON l.entry = e.seq
			WHERE e.order_id = ? AND l.account_kind = 'buyer_external' ORDER BY e.seq`, id).Scan(w.ctx, &out)
	}))
	return out
}

// later moves the clock and lets everything happen that is due.
func (w *world) later(t testing.TB, d time.Duration) {
	t.Helper()
	w.Clock.Advance(d)
	for range 4 { // what happens sets the next
		_, err := w.Sweep(w.ctx)
		must(t, err)
	}
}

func (w *world) reads(t testing.TB, by account.Actor, id string) payment.Order {
	t.Helper()
	o, err := w.Order(w.ctx, by, id)
	must(t, err)
	return o
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

// sound demands that every invariant holds.
func (w *world) sound(t interface {
	Fatal(...any)
	Errorf(string, ...any)
	Helper()
}) {
	t.Helper()
	for _, inv := range w.Invariants() {
		err := w.Read(w.ctx, func(tx *db.Tx) error {
			broken, err := inv.Broken(w.ctx, tx)
			if len(broken) > 0 {
				t.Errorf("%s: %v", inv.Name, broken)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// eachInTurn is each without anything at the same time.
func eachInTurn(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	fn(t, newWorld(t, dbtest.New(t)))
	if dbtest.PostgreSQL(t) {
		fn(t, newWorld(t, dbtest.NewPostgreSQL(t)))
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }
