package stripe_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// wrong lets a payment arrive that is not the order's.
func (w *world) wrong(t *testing.T) payment.Order {
	t.Helper()
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.set(func() { s["amount_total"] = int64(1) })
	w.tell(t)
	w.is(t, o.ID, payment.AwaitingPayment)
	return o
}

func TestFindingsAreSettledWithAReason(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o := w.wrong(t)
		list, err := w.Findings(ctx)
		must(t, err)
		if len(list) != 1 || list[0].Kind != stripe.FoundMismatch || list[0].OrderID != o.ID || list[0].ID == "" {
			t.Fatalf("got %+v", list)
		}
		id, mod, party := list[0].ID, w.another(t, "judge"), w.buyer
		mod.Role, party.Role = account.Moderator, account.Operator
		for what, try := range map[string]struct {
			by         account.Actor
			id, reason string
			kind       fault.Kind
		}{
			"nobody":        {account.Actor{}, id, "ok", fault.Unauthenticated},
			"member":        {w.seller, id, "ok", fault.Forbidden},
			"party":         {party, id, "ok", fault.Forbidden},
			"no reason":     {mod, id, " \n ", fault.Invalid},
			"long reason":   {mod, id, strings.Repeat("ы", stripe.MaxReason+1), fault.Invalid},
			"control":       {mod, id, "a\x00b", fault.Invalid},
			"no such thing": {mod, "00000000-0000-0000-0000-000000000000", "ok", fault.NotFound},
		} {
			if err := w.SettleFinding(ctx, try.by, try.id, try.reason); !fault.Is(err, try.kind) {
				t.Errorf("%s: got %v, want %v", what, err, try.kind)
			}
		}
		must(t, w.SettleFinding(ctx, mod, id, "Продавец вернул деньги сам."))
		if err := w.SettleFinding(ctx, account.Console(), id, "again"); !fault.Is(err, fault.NotFound) {
			t.Errorf("settled twice: %v", err)
		}
		review, err := w.NeedsReview(ctx, o.ID)
		must(t, err)
		same(t, false, review)
		same(t, 1, w.count(t, "SELECT count(*) FROM payment_finding WHERE settled_by = 'moderator'"))
		w.tell(t) // the same again is the same finding
		list, err = w.Findings(ctx)
		must(t, err)
		same(t, 0, len(list))

		var out bytes.Buffer
		must(t, w.Read(ctx, func(tx *db.Tx) error {
			out.Reset()
			return (&stripe.Stripe{}).Export(ctx, tx, w.buyer.ID, &out) // also without a key
		}))
		if !strings.Contains(out.String(), "Продавец вернул деньги сам.") || strings.Contains(out.String(), mod.ID) {
			t.Errorf("the buyer's export says %s", &out)
		}
		must(t, w.Write(ctx, func(tx *db.Tx) error { return (&stripe.Stripe{}).Erase(ctx, tx, w.seller.ID) }))
	})
}

// What was settled and is so again a day later is news, with what was said of it
// the last time.
func TestAFindingComesUpAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o := w.wrong(t)
		first, err := w.Findings(ctx)
		must(t, err)
		must(t, w.SettleFinding(ctx, account.Console(), first[0].ID, "looked at"))
		w.Clock.Advance(23 * time.Hour)
		_, err = w.Returned(ctx, o.ID)
		must(t, err)
		same(t, 0, len(w.found(t)))
		w.Clock.Advance(time.Hour)
		for range 2 {
			_, err = w.Returned(ctx, o.ID)
			must(t, err)
		}
		again, err := w.Findings(ctx)
		must(t, err)
		if len(again) != 1 || again[0].ID != first[0].ID || again[0].FoundAt.Sub(first[0].FoundAt) != 24*time.Hour {
			t.Fatalf("got %+v", again)
		}
		review, err := w.NeedsReview(ctx, o.ID)
		must(t, err)
		same(t, true, review)
		same(t, 1, w.count(t, "SELECT count(*) FROM payment_finding WHERE reason = 'looked at' AND settled_by IS NULL"))
	})
}

// An account that leaves, comes back and leaves again is said both times, and
// not while it is here.
func TestAnAccountThatComesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, _ := w.page(t)
		looks := func() []string {
			_, err := w.Returned(ctx, o.ID)
			must(t, err)
			return w.found(t)
		}
		for range 2 {
			must(t, w.Disconnect(ctx, w.seller))
			same(t, []string{stripe.FoundLeft}, looks()) // Stripe shows it still
			_, _, err := w.ConnectAccount(ctx, w.seller)
			must(t, err)
			same(t, 0, len(looks()))
			w.fake.set(func() { w.fake.accounts[w.acct]["_left"] = true })
			same(t, []string{stripe.FoundLeft}, looks())
			w.fake.set(func() { delete(w.fake.accounts[w.acct], "_left") })
			same(t, 0, len(looks()))
		}
		w.sound(t)
	})
}

// A seller who renames a payment in the Dashboard blinds nobody: refunds and
// disputes are still learnt, and somebody looks.
func TestARenamedPaymentIsStillSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	w.fake.set(func() {
		s["payment_intent"].(object)["metadata"] = object{"order": "mine"}
		s["metadata"] = object{}
	})
	w.fake.back(s, 1000)
	w.tell(t)
	same(t, int64(1000), w.is(t, o.ID, payment.Fulfilled).Refunded)
	same(t, []string{stripe.FoundMismatch}, w.found(t))
	w.fake.dispute(s, "needs_response")
	w.tell(t)
	w.is(t, o.ID, payment.Disputed)
	w.fake.set(func() { w.fake.charge(s)["amount_captured"] = int64(1) }) // but another amount is another payment
	w.fake.dispute(s, "won")
	w.tell(t)
	w.is(t, o.ID, payment.Disputed)
	w.sound(t)
}

// The two hear of everything once, in words that are true of a provider.
func TestWhoHearsWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	_, s := w.page(t)
	w.fake.pay(s)
	for range 2 {
		w.tell(t)
	}
	w.fake.back(s, 1000)
	for range 2 {
		w.tell(t)
	}
	w.fake.dispute(s, "needs_response")
	w.tell(t)
	w.fake.dispute(s, "won")
	for range 2 {
		w.tell(t)
	}
	want := []string{"seller order_new", "buyer order_paid", "seller order_paid_seller", "buyer refund_sent",
		"buyer order_disputed", "seller order_disputed", "buyer order_dispute_won", "seller order_dispute_won"}
	if d := cmp.Diff(want, w.told.list); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A second click, which has seen less than is so, gives back nothing.
func TestARefundAsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	some := money.Amount{Minor: 50000, Currency: "RUB"}
	_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Seen: new(int64(0))})
	must(t, err)
	if _, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Seen: new(int64(0))}); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	list, err := w.Refunds(ctx, o.ID)
	must(t, err)
	same(t, []stripe.Refund{{Amount: some, State: "done", At: list[0].At}}, list)
	_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Seen: new(int64(50000))})
	must(t, err)
	same(t, int64(100000), w.is(t, o.ID, payment.Fulfilled).Refunded)
	same(t, int64(100000), w.fake.charge(s)["amount_refunded"].(int64))
}

// Money that went back and came home again stays a fact, and somebody looks.
func TestARefundThatCameBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.back(s, 50000)
	w.tell(t)
	w.fake.set(func() { w.fake.charge(s)["amount_refunded"] = int64(0) })
	for range 3 {
		w.tell(t)
		_, err := w.Returned(ctx, o.ID)
		must(t, err)
	}
	same(t, int64(50000), w.is(t, o.ID, payment.Fulfilled).Refunded)
	same(t, []string{stripe.FoundRefund}, w.found(t))
	w.sound(t)
}

// The operator took the key away: what waits can be cancelled and runs out.
func TestOrdersOutliveTheKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	one, two := w.open(t), w.open(t)
	w.orders.Settle(payment.Stripe, nil)
	_, err := w.orders.Cancel(ctx, w.buyer, one.ID)
	must(t, err)
	w.is(t, one.ID, payment.Cancelled)
	w.Clock.Advance(25 * time.Hour)
	_, err = w.Sweep(ctx)
	must(t, err)
	got := w.is(t, two.ID, payment.Expired)
	same(t, payment.NobodysTurn, got.Turn())
}
