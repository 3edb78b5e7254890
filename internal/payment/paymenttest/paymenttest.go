// Package paymenttest is the suite that every way of settling orders must pass,
// on both engines. It promises that whoever passes it keeps the books right
// whatever comes twice, late, wrong or at once. It refuses to know how a way
// works: an Outside pays and gives back as people do there.
package paymenttest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Price is what every order of the suite costs.
var Price = money.Amount{Minor: 150000, Currency: "RUB"}

// Outside is the world in which money moves. Its functions may be called at once.
type Outside interface {
	// Pay lets exactly the price arrive and the program hear of it; again, it is
	// the same payment heard of once more.
	Pay(o payment.Order) error
	// PayWrong lets another amount be stated. It may be an error; it must change nothing.
	PayWrong(o payment.Order) error
	// GiveBack lets an amount go back to the buyer and the program hear of it.
	GiveBack(o payment.Order, minor int64) error
}

// Trial is a way of settling with the world that it works in.
type Trial struct {
	Method  payment.Method
	Way     payment.Way
	Make    func(*testing.T, *World) payment.Way // instead of Way, for one that needs its orders
	Outside func(*World) Outside
	Prepare func(*payment.Opening) // nil: nothing more is needed
}

// World is a branch that sells boxes, which are handed over when paid.
type World struct {
	*dbtest.World
	*payment.Payments
	Buyer, Seller account.Actor

	trial   Trial
	outside Outside
}

// Changed hands a box over. It implements payment.Goods.
func (w *World) Changed(ctx context.Context, tx *db.Tx, o *payment.Order, c payment.Change) error {
	if c.To == payment.Paid && !o.Fulfilled {
		return payment.Fulfil(ctx, tx, w.Payments, o.ID)
	}
	return nil
}

// Run tries a way.
func Run(t *testing.T, trial Trial) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *World){
		"paid_once": paidOnce, "wrong_amounts": wrongAmounts, "late_money": lateMoney, "given_back": givenBack, "at_once": atOnce,
		"cancelled": cancelled, "deadline": deadline,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
				w := newWorld(t, d, trial)
				test(t, w)
				w.sound(t)
			})
		})
	}
}

func newWorld(t *testing.T, d *dbtest.World, trial Trial) *World {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	must(t, err)
	w := &World{World: d, trial: trial, Payments: payment.New(payment.Config{DB: d.DB, Keys: keys})}
	w.Sell("box", w)
	accounts := account.New(account.Config{DB: d.DB, Keys: keys, Branch: branch.New(d.DB, keys), URL: "http://localhost:8080"})
	for handle, who := range map[string]*account.Actor{"ada": &w.Seller, "ben": &w.Buyer} {
		acc, _, err := accounts.SignUp(context.Background(), account.SignUp{Handle: handle, Language: "ru"})
		must(t, err)
		*who = acc.Actor()
	}
	way := trial.Way
	if trial.Make != nil {
		way = trial.Make(t, w)
	}
	w.Settle(trial.Method, way)
	w.outside = trial.Outside(w)
	return w
}

// open begins an order that waits.
func (w *World) open(t *testing.T) (o payment.Order) {
	t.Helper()
	in := payment.Opening{Buyer: w.Buyer, SellerID: w.Seller.ID, Kind: "box", Subject: "1", Title: "A box", Price: Price, Method: w.trial.Method, Terms: []byte("{}")}
	if w.trial.Prepare != nil {
		w.trial.Prepare(&in)
	}
	must(t, w.Write(context.Background(), func(tx *db.Tx) (err error) {
		o, err = payment.Open(context.Background(), tx, w.Payments, in)
		return err
	}))
	w.is(t, o, payment.AwaitingPayment)
	return o
}

// is demands a state and what the buyer has paid in each entry of the journal,
// also after asking the way again.
func (w *World) is(t *testing.T, o payment.Order, state payment.State, entries ...int64) {
	t.Helper()
	for range 2 {
		got, err := w.Order(context.Background(), w.Buyer, o.ID)
		must(t, err)
		if got.State != state {
			t.Fatalf("the order is %s, want %s", got.State, state)
		}
		var booked []int64
		must(t, w.Read(context.Background(), func(tx *db.Tx) error {
			return tx.NewRaw(`SELECT -l.amount FROM journal_entry e JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = ? AND l.account_kind = 'buyer_external'
				ORDER BY e.seq`, o.ID).Scan(context.Background(), &booked)
		}))
		if diff := cmp.Diff(entries, booked); diff != "" {
			t.Fatalf("the journal (-want +got):\n%s", diff)
		}
		_, err = w.Reconcile(context.Background(), o.ID)
		must(t, err)
	}
}

func (w *World) sound(t *testing.T) {
	t.Helper()
	for _, inv := range w.Invariants() {
		must(t, w.Read(context.Background(), func(tx *db.Tx) error {
			broken, err := inv.Broken(context.Background(), tx)
			if len(broken) > 0 {
				t.Errorf("%s: %v", inv.Name, broken)
			}
			return err
		}))
	}
}

func paidOnce(t *testing.T, w *World) {
	o := w.open(t)
	for range 3 {
		must(t, w.outside.Pay(o))
		w.is(t, o, payment.Fulfilled, Price.Minor)
	}
}

func wrongAmounts(t *testing.T, w *World) {
	o := w.open(t)
	_ = w.outside.PayWrong(o) // refused or not heard of: it must change nothing
	w.is(t, o, payment.AwaitingPayment)
	must(t, w.outside.Pay(o))
	_ = w.outside.PayWrong(o)
	w.is(t, o, payment.Fulfilled, Price.Minor)
}

func lateMoney(t *testing.T, w *World) {
	o := w.open(t)
	w.Clock.Advance((payment.MaxDueDays + 1) * 24 * time.Hour)
	_, err := w.Sweep(context.Background())
	must(t, err)
	w.is(t, o, payment.Expired)
	must(t, w.outside.Pay(o))
	w.is(t, o, payment.Fulfilled, Price.Minor)
}

func cancelled(t *testing.T, w *World) {
	o := w.open(t)
	for range 2 {
		_, err := w.Cancel(context.Background(), w.Buyer, o.ID)
		must(t, err)
		w.is(t, o, payment.Cancelled)
	}
	must(t, w.outside.Pay(o))
	w.is(t, o, payment.Fulfilled, Price.Minor)
}

// deadline lets orders end by themselves, at their time and not before, after
// which nobody is waited for; one that is paid or cancelled has none.
func deadline(t *testing.T, w *World) {
	ctx := context.Background()
	waits, paid, off := w.open(t), w.open(t), w.open(t)
	if !waits.DeadlineAt.After(w.Clock.Now()) || waits.DeadlineAt.After(w.Clock.Now().AddDate(0, 0, payment.MaxDueDays)) {
		t.Fatalf("it ends at %s", waits.DeadlineAt)
	}
	must(t, w.outside.Pay(paid))
	_, err := w.Cancel(ctx, w.Buyer, off.ID)
	must(t, err)
	for _, step := range []struct {
		at    time.Time
		state payment.State
	}{{waits.DeadlineAt.Add(-time.Second), payment.AwaitingPayment}, {waits.DeadlineAt, payment.Expired}, {waits.DeadlineAt.AddDate(0, 0, 20), payment.Expired}} {
		w.Clock.Advance(step.at.Sub(w.Clock.Now()))
		_, err = w.Sweep(ctx)
		must(t, err)
		w.is(t, waits, step.state)
	}
	w.is(t, paid, payment.Fulfilled, Price.Minor)
	w.is(t, off, payment.Cancelled)
	for _, o := range []payment.Order{waits, paid, off} {
		got, err := w.Order(ctx, w.Buyer, o.ID)
		must(t, err)
		if !got.DeadlineAt.IsZero() || got.Turn() != payment.NobodysTurn || got.Open() {
			t.Errorf("an order that is %s ends at %s, is %s's turn, open %v", got.State, got.DeadlineAt, got.Turn(), got.Open())
		}
	}
}

func givenBack(t *testing.T, w *World) {
	o := w.open(t)
	must(t, w.outside.Pay(o))
	must(t, w.outside.GiveBack(o, 50000))
	w.is(t, o, payment.Fulfilled, Price.Minor, -50000)
	must(t, w.outside.GiveBack(o, 100000))
	w.is(t, o, payment.Refunded, Price.Minor, -50000, -100000)
	if err := w.outside.GiveBack(o, 1); err == nil {
		t.Error("more went back than came")
	}
	w.is(t, o, payment.Refunded, Price.Minor, -50000, -100000)
}

func atOnce(t *testing.T, w *World) {
	o := w.open(t)
	const n = 16
	errs := make(chan error, n)
	for range n {
		go func() { errs <- w.outside.Pay(o) }()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	w.is(t, o, payment.Fulfilled, Price.Minor)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
