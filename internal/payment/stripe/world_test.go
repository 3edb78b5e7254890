package stripe_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/internal/secret"
)

var price = money.Amount{Minor: 150000, Currency: "RUB"}

// world is a branch with a seller whose account is ready, and the fake beside it.
type world struct {
	*dbtest.World
	*stripe.Stripe
	orders        *payment.Payments
	fake          *fake
	accounts      *account.Accounts
	buyer, seller account.Actor
	acct          string
	told          *told
}

// told is what the two heard, as "side kind".
type told struct {
	mu   sync.Mutex
	list []string
}

// hear implements payment.Config.Tell.
func (w *world) hear(_ context.Context, _ *db.Tx, to string, n payment.Note) error {
	side := "buyer"
	if to == w.seller.ID {
		side = "seller"
	}
	w.told.mu.Lock()
	defer w.told.mu.Unlock()
	if n.Args["method"] != "stripe" {
		side += " by " + n.Args["method"]
	}
	w.told.list = append(w.told.list, side+" "+n.Kind)
	return nil
}

// Changed hands a box over. It implements payment.Goods.
func (w *world) Changed(ctx context.Context, tx *db.Tx, o *payment.Order, c payment.Change) error {
	if c.To == payment.Paid && !o.Fulfilled {
		return payment.Fulfil(ctx, tx, w.orders, o.ID)
	}
	return nil
}

func newWorld(t testing.TB, d *dbtest.World) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	must(t, err)
	w := &world{World: d, fake: newFake(t, d.Clock.Now), told: &told{}}
	w.orders = payment.New(payment.Config{DB: d.DB, Keys: keys, Tell: w.hear})
	w.orders.Sell("box", w)
	accounts := account.New(account.Config{DB: d.DB, Keys: keys, Branch: branch.New(d.DB, keys), URL: "http://localhost:8080"})
	for handle, who := range map[string]*account.Actor{"ada": &w.seller, "ben": &w.buyer} {
		acc, _, err := accounts.SignUp(ctx, account.SignUp{Handle: handle, Language: "ru"})
		must(t, err)
		*who = acc.Actor()
	}
	w.accounts = accounts
	w.Stripe, w.acct = connect(t, d.DB, w.orders, w.fake, w.seller)
	w.orders.Settle(payment.Stripe, w.Way())
	return w
}

var ctx = context.Background()

// connect makes the way and a seller's ready account.
func connect(t testing.TB, d *db.DB, p *payment.Payments, f *fake, seller account.Actor) (*stripe.Stripe, string) {
	t.Helper()
	s, err := stripe.New(stripe.Config{DB: d, Payments: p, Key: testKey, Secrets: []string{"whsec_old", testSecret}, Base: f.url, URL: "http://localhost:8080"})
	must(t, err)
	_, acc, err := s.ConnectAccount(ctx, seller)
	must(t, err)
	f.ready(acc.StripeID)
	got, err := s.AccountStatus(ctx, seller)
	must(t, err)
	if !got.CanBePaid {
		t.Fatalf("the account is %+v", got)
	}
	return s, acc.StripeID
}

func (w *world) open(t testing.TB) (o payment.Order) {
	t.Helper()
	must(t, w.Write(ctx, func(tx *db.Tx) (err error) {
		o, err = payment.Open(ctx, tx, w.orders, payment.Opening{Buyer: w.buyer, SellerID: w.seller.ID, Kind: "box", Subject: "1", Title: "A box", Price: price,
			Method: payment.Stripe, Terms: []byte("{}")})
		return err
	}))
	return o
}

// another is a new buyer.
func (w *world) another(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.accounts.SignUp(ctx, account.SignUp{Handle: handle, Language: "ru"})
	must(t, err)
	return acc.Actor()
}

// page opens an order and its page.
func (w *world) page(t testing.TB) (payment.Order, object) {
	t.Helper()
	o := w.open(t)
	_, err := w.Checkout(ctx, w.buyer, o.ID)
	must(t, err)
	return o, w.fake.session(o.ID)
}

// tell delivers all events so far and reads the inbox.
func (w *world) tell(t testing.TB) {
	t.Helper()
	for _, e := range w.fake.all() {
		must(t, w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)))
	}
	_, err := w.ReadInbox(ctx)
	must(t, err)
}

func (w *world) is(t testing.TB, id string, state payment.State) payment.Order {
	t.Helper()
	o, err := w.orders.Order(ctx, w.buyer, id)
	must(t, err)
	if o.State != state {
		t.Fatalf("the order is %s, want %s", o.State, state)
	}
	return o
}

func (w *world) sound(t testing.TB) {
	t.Helper()
	for _, inv := range append(w.orders.Invariants(), w.Invariants()...) {
		must(t, w.Read(ctx, func(tx *db.Tx) error {
			broken, err := inv.Broken(ctx, tx)
			if len(broken) > 0 {
				t.Errorf("%s: %v", inv.Name, broken)
			}
			return err
		}))
	}
}

// count counts rows.
func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	must(t, w.Read(ctx, func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(ctx, &n) }))
	return n
}

// found are the kinds of findings.
func (w *world) found(t testing.TB) (out []string) {
	t.Helper()
	list, err := w.Findings(ctx)
	must(t, err)
	for _, f := range list {
		out = append(out, f.Kind)
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
