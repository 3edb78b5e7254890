package stripe_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/payment"
)

// lives are what can happen to an order outside, each with what it ends as here.
func lives() []struct {
	end   payment.State
	steps []func(*world, object)
} {
	pay := func(w *world, s object) { w.fake.pay(s) }
	back := func(n int64) func(*world, object) { return func(w *world, s object) { w.fake.back(s, n) } }
	dispute := func(status string) func(*world, object) {
		return func(w *world, s object) { w.fake.dispute(s, status) }
	}
	end := func(w *world, s object) {
		w.fake.set(func() { s["status"] = "expired"; w.fake.happened("checkout.session.expired", s) })
	}
	type f = []func(*world, object)
	return []struct {
		end   payment.State
		steps []func(*world, object)
	}{
		{payment.Fulfilled, f{pay}},
		{payment.Fulfilled, f{pay, back(50000)}},
		{payment.Fulfilled, f{pay, back(20000), back(30000), back(40000)}},
		{payment.Refunded, f{pay, back(50000), back(100000)}},
		{payment.Disputed, f{pay, dispute("needs_response"), dispute("under_review")}},
		{payment.Fulfilled, f{pay, back(10000), dispute("needs_response"), dispute("won")}},
		{payment.Refunded, f{pay, dispute("needs_response"), dispute("under_review"), dispute("lost")}},
		{payment.Expired, f{end}},
		{payment.Fulfilled, f{end, pay}},
		{payment.AwaitingPayment, nil},
	}
}

// storm lives the lives of n orders in an order of the seed's, delivers each event
// one to five times, shuffled and one in ten not at all, reconciles, and gives the
// dump.
func storm(t *testing.T, w *world, seed uint64, n int) (dump string, wrong []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	type life struct {
		o     payment.Order
		s     object
		steps []func(*world, object)
		end   payment.State
	}
	var all []*life
	for i := range n {
		if i%10 == 0 {
			w.buyer = w.another(t, fmt.Sprintf("buyer%d", i))
		}
		o, s := w.page(t)
		l := lives()[i%len(lives())]
		all = append(all, &life{o, s, l.steps, l.end})
	}
	send := func(e []byte) {
		if err := w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)); err != nil {
			t.Fatal(err)
		}
	}
	dropped := map[int]bool{}
	for open := true; open; {
		open = false
		for _, i := range r.Perm(n) {
			if l := all[i]; len(l.steps) > 0 && r.IntN(2) == 0 {
				l.steps[0](w, l.s)
				l.steps = l.steps[1:]
			}
			open = open || len(all[i].steps) > 0
		}
		events := w.fake.all()
		for i := range events {
			if _, met := dropped[i]; !met {
				dropped[i] = r.IntN(10) == 0
			}
		}
		for range len(events) / 3 {
			if i := r.IntN(len(events)); !dropped[i] {
				send(events[i])
			}
		}
		if _, err := w.ReadInbox(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var bag [][]byte
	for i, e := range w.fake.all() {
		for range 1 + r.IntN(5) {
			if !dropped[i] {
				bag = append(bag, e)
			}
		}
	}
	r.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
	for _, e := range bag {
		send(e)
	}
	w.Clock.Advance(11 * time.Minute)
	dbtest.Drain(t, w.World)
	var b strings.Builder
	for i, l := range all {
		o, sums := w.dump(t, l.o.ID)
		fmt.Fprintln(&b, i, o, sums)
		if o != string(l.end) {
			wrong = append(wrong, fmt.Sprintf("order %d is %s, want %s", i, o, l.end))
		}
		if s := l.s; s["payment_status"] == "paid" {
			if want := fmt.Sprint(w.fake.charge(s)["amount_refunded"]); !strings.Contains(sums, "refunded="+want+" ") {
				wrong = append(wrong, fmt.Sprintf("order %d: %s, want %s back", i, sums, want))
			}
		}
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(b.String()))), wrong
}

// dump is an order's state and the sums of its journal, without times and numbers.
func (w *world) dump(t testing.TB, id string) (state, sums string) {
	t.Helper()
	must(t, w.Read(ctx, func(tx *db.Tx) error {
		o, err := payment.Load(ctx, tx, id)
		if err != nil {
			return err
		}
		var lines []string
		err = tx.NewRaw(`SELECT e.kind || '=' || sum(l.amount) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = ? AND l.account_kind = 'seller_external'
			GROUP BY e.kind ORDER BY e.kind`, id).Scan(ctx, &lines)
		state, sums = string(o.State), fmt.Sprintf("refunded=%d extra=%d disputes=%d %v", o.Refunded, o.Extra, len(o.Disputes), lines)
		return err
	}))
	return state, sums
}

// Whatever is repeated, shuffled and lost, it ends the same.
func TestEventsInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	orders := map[db.Engine]int{db.SQLite: 60, db.PostgreSQL: 20}
	dumps := make(chan [2]string, 10)
	t.Run("storms", func(t *testing.T) {
		for _, seed := range []uint64{1, 2} {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
					w := newWorld(t, d)
					dump, wrong := storm(t, w, seed, orders[d.Engine()])
					if diff := cmp.Diff([]string(nil), wrong); diff != "" {
						t.Errorf("seed %d (-want +got):\n%s", seed, diff)
					}
					dumps <- [2]string{string(d.Engine()), dump}
					w.sound(t)
				})
			})
		}
	})
	close(dumps)
	first := map[string]string{}
	for d := range dumps {
		if first[d[0]] == "" {
			first[d[0]] = d[1]
		}
		if d[1] != first[d[0]] {
			t.Errorf("on %s two storms end as %s and %s", d[0], first[d[0]], d[1])
		}
	}
}

// summing is the planted bug of a way that adds what is cumulative.
type summing struct{ payment.Way }

// Reconcile implements payment.Way.
func (s summing) Reconcile(ctx context.Context, o payment.Order) (payment.News, error) {
	n, err := s.Way.Reconcile(ctx, o)
	n.Refunded += o.Refunded
	return n, err
}

// dying is a way that dies once, after doing something.
type dying struct {
	payment.Way
	first func() // nil: dead already
}

// Reconcile implements payment.Way.
func (d *dying) Reconcile(ctx context.Context, o payment.Order) (payment.News, error) {
	if do := d.first; do != nil {
		d.first = nil
		do()
		return payment.News{}, errors.New("killed")
	}
	return d.Way.Reconcile(ctx, o)
}

// survives tells whether an event whose work was killed is done by the next one
// who reads the inbox, with nothing else to help.
func survives(t *testing.T, w *world, before func()) bool {
	o, s := w.page(t)
	w.orders.Settle(payment.Stripe, &dying{w.Way(), before})
	w.fake.pay(s)
	for _, e := range w.fake.all() {
		must(t, w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)))
	}
	if _, err := w.ReadInbox(ctx); err == nil {
		t.Fatal("nobody was killed")
	}
	_, err := w.ReadInbox(ctx)
	must(t, err)
	got, err := w.orders.Order(ctx, w.buyer, o.ID)
	must(t, err)
	return got.Paid
}

// An event is done only after what it caused is durable; the same test finds a
// program that says so before.
func TestAnEventIsDoneAfterTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	if !survives(t, w, func() {}) {
		t.Error("an event was lost")
	}
	w.sound(t)
	planted := newWorld(t, dbtest.New(t))
	if survives(t, planted, func() {
		must(t, planted.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw("UPDATE payment_inbox SET done_at = ?, outcome = 'settled'", tx.Now).Exec(ctx)
			return err
		}))
	}) {
		t.Error("the planted bug was not found")
	}
}

// The storm finds planted bugs: it can fail.
func TestTheStormFindsPlantedBugs(t *testing.T) {
	t.Parallel()
	for name, bug := range map[string]func(payment.Way) payment.Way{
		"sum instead of max": func(w payment.Way) payment.Way { return summing{w} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.New(t))
			w.orders.Settle(payment.Stripe, bug(w.Way()))
			if _, wrong := storm(t, w, 3, 10); len(wrong) == 0 {
				t.Error("it was not found")
			}
		})
	}
}

// Without its unique index two open attempts are found by the audit.
func TestTheAuditFindsADroppedUnique(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, _ := w.page(t)
		double := func() error {
			return w.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.NewRaw(`INSERT INTO stripe_attempt SELECT 'double', order_id, seller, params, amount, currency, livemode, expires_at, created_at, state, code, NULL, '', NULL,
					refunded, charged_at FROM stripe_attempt WHERE order_id = ?`, o.ID).Exec(ctx)
				return err
			})
		}
		if double() == nil {
			t.Fatal("the database takes a second open attempt")
		}
		must(t, w.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw("DROP INDEX stripe_attempt_open").Exec(ctx)
			return err
		}))
		must(t, double())
		for _, inv := range w.Invariants() {
			if inv.Name != "stripe_one_open" {
				continue
			}
			must(t, w.Read(ctx, func(tx *db.Tx) error {
				broken, err := inv.Broken(ctx, tx)
				same(t, 1, len(broken))
				return err
			}))
		}
	})
}

// What was frozen does not change, whoever writes the SQL.
func TestWhatWasFrozenDoesNotChange(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		_, s := w.page(t)
		w.fake.pay(s)
		w.tell(t)
		for _, set := range []string{"amount = 1", "currency = 'usd'", "seller = 'acct_other'", "livemode = NOT livemode", "order_id = 'x'", "intent_id = 'pi_other'", "session_id = NULL",
			"state = 'open', charged_at = NULL", "params = 'x'", "refunded = -1", "refunded = amount + 1"} {
			err := w.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.NewRaw("UPDATE stripe_attempt SET " + set).Exec(ctx)
				return err
			})
			if err == nil {
				t.Errorf("%s is taken", set)
			}
		}
	})
}

// The endpoint was down for a week: one cycle is enough.
func TestAWeekWithoutEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.Clock.Advance(10 * time.Minute)
	w.fake.back(s, 150000)
	w.Clock.Advance(7 * 24 * time.Hour)
	dbtest.Drain(t, w.World)
	w.is(t, o.ID, payment.Refunded)
	w.sound(t)
}

// Where Stripe is away nothing is lost and nothing is said.
func TestStripeIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.set(func() { w.fake.away = true })
	e := w.fake.all()[0]
	must(t, w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)))
	if _, err := w.ReadInbox(ctx); err == nil || errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "ivan") {
		t.Errorf("got %v", err)
	}
	w.is(t, o.ID, payment.AwaitingPayment)
	same(t, 1, w.count(t, "SELECT count(*) FROM payment_inbox WHERE done_at IS NULL"))
	w.fake.set(func() { w.fake.away = false })
	_, err := w.ReadInbox(ctx)
	must(t, err)
	w.is(t, o.ID, payment.Fulfilled)
	if acc, err := w.AccountStatus(ctx, account.Actor{}); err == nil {
		t.Errorf("nobody has %+v", acc)
	}
}

// The audit reads what was frozen: a number that spells a word is none, and more
// than is needed is found.
func TestTheAuditReadsWhatWasFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	broken := func() (out []string) {
		for _, inv := range w.Invariants() {
			if inv.Name == "stripe_no_fee" {
				must(t, w.Read(ctx, func(tx *db.Tx) (err error) {
					out, err = inv.Broken(ctx, tx)
					return err
				}))
			}
		}
		return out
	}
	add := func(params string) {
		must(t, w.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.NewRaw("DELETE FROM stripe_attempt").Exec(ctx); err != nil {
				return err
			}
			_, err := tx.NewRaw(`INSERT INTO stripe_attempt (id, order_id, seller, params, amount, currency, livemode, expires_at, created_at, state, code, url, refunded)
				VALUES ('a', ?, 'acct_0123456789012345', ?, 1, 'rub', FALSE, ?, ?, 'open', '', '', 0)`, o.ID, []byte(params), w.Clock.Now().Add(time.Hour), w.Clock.Now()).Exec(ctx)
			return err
		}))
	}
	page := "https://feed.example" + payment.Path(o.ID)
	fine := `{"text":"Oduvan FEEFEE00-7","success":"` + page + `?session={CHECKOUT_SESSION_ID}","cancel":"` + page + `"`
	add(fine + "}")
	same(t, 0, len(broken()))
	for _, more := range []string{fine + `,"application_fee_amount":100}`, fine + `}{"transfer":1}`, strings.Replace(fine, "FEEFEE00-7", "for ivan@example.com", 1) + "}",
		strings.ReplaceAll(fine, "https://", "https://ivan@") + "}", strings.ReplaceAll(fine, o.ID, w.buyer.ID) + "}", "null", "x"} {
		add(more)
		same(t, []string{"attempt a"}, broken())
	}
}
