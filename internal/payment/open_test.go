package payment_test

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// listed tells whether a fault lists an order's code.
func listed(err error, code string) bool {
	for _, f := range fault.All(err) {
		if strings.Contains(fmt.Sprint(f.Args["Codes"]), code) {
			return true
		}
	}
	return false
}

func TestWhatCannotBeOpened(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			change func(*payment.Opening)
			code   string
		}{
			"nobody":           {func(in *payment.Opening) { in.Buyer.ID = "" }, "unauthenticated:sign_in_needed"},
			"oneself":          {func(in *payment.Opening) { in.SellerID = w.ben.ID }, "conflict:order_self"},
			"no such seller":   {func(in *payment.Opening) { in.SellerID = "00000000-0000-4000-8000-000000000000" }, "not_found:account_unknown"},
			"no title":         {func(in *payment.Opening) { in.Title = " " }, "invalid:required"},
			"a long title":     {func(in *payment.Opening) { in.Title = strings.Repeat("x", 201) }, "invalid:too_long"},
			"a negative price": {func(in *payment.Opening) { in.Price.Minor = -1 }, "invalid:money_negative"},
			"too much":         {func(in *payment.Opening) { in.Price.Minor = money.MaxMinor + 1 }, "invalid:money_too_large"},
			"no currency":      {func(in *payment.Opening) { in.Price.Currency = "XXQ" }, "invalid:currency_unknown"},
			"no such method":   {func(in *payment.Opening) { in.Method = "barter" }, "invalid:method_unknown"},
			"stripe, off":      {func(in *payment.Opening) { in.Method = payment.Stripe }, "invalid:method_unknown"},
			"free at a price":  {func(in *payment.Opening) { in.Method = payment.Free }, "invalid:method_unknown"},
			"terms of no form": {func(in *payment.Opening) { in.Terms = []byte("{") }, "invalid:text_form"},
			"a strange land":   {func(in *payment.Opening) { in.Country = "Russia" }, "invalid:value_unknown"},
			"due never":        {func(in *payment.Opening) { in.DueDays = 61 }, "invalid:value_range"},
			"a broken payee":   {func(in *payment.Opening) { in.Payee = "\xff" }, "invalid:text_form"},
		} {
			in := w.box()
			c.change(&in)
			_, err := w.open(in)
			if got := codeOf(err); got != c.code {
				t.Errorf("%s: got %q, want %q", name, got, c.code)
			}
		}
		same(t, 0, w.rows(t, "SELECT count(*) FROM payment_order"))
		for range payment.MaxWaiting {
			w.opens(t, w.box())
		}
		_, err := w.open(w.box())
		wants(t, err, "rate_limited:orders_waiting_max")
	})
}

// What the goods refuse undoes the order whole.
func TestGoodsThatRefuseUndoEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.waiting(t)
		w.boxes.fail = errors.New("out of boxes")
		if _, err := w.Confirm(w.ctx, w.ada, o.ID, o.Price()); err == nil {
			t.Error("confirmed without goods")
		}
		same(t, "awaiting_payment none seller", short(w.reads(t, w.ben, o.ID)))
		same(t, 0, len(w.entries(t, o.ID)))
		w.sound(t)
	})
}

// Goods that are handed over later: the seller's turn until then.
func TestPaidIsNotFulfilled(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.boxes.late = true
		o := w.paid(t)
		same(t, "paid confirmed_by_seller seller", short(o))
		wants(t, w.accounts.Erase(w.ctx, w.ada, "ada"), "conflict:open_orders")
		fulfil := func() error {
			return w.Write(w.ctx, func(tx *db.Tx) error { return payment.Fulfil(w.ctx, tx, w.Payments, o.ID) })
		}
		must(t, fulfil())
		must(t, fulfil())
		same(t, "fulfilled confirmed_by_seller nobody", short(w.reads(t, w.ben, o.ID)))
		same(t, []string{"awaiting_payment>paid", "paid>fulfilled"}, w.boxes.take())
		waits := w.waiting(t)
		err := w.Write(w.ctx, func(tx *db.Tx) error { return payment.Fulfil(w.ctx, tx, w.Payments, waits.ID) })
		wants(t, err, "conflict:order_state")
	})
}

// Whichever call to the database fails, and even when only its answer is lost:
// all or nothing, and the next try works.
func TestEveryFailingCallOfAPayment(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T, func(db.Config) db.Config) *dbtest.World{
		"sqlite": func(t *testing.T, with func(db.Config) db.Config) *dbtest.World {
			dir := t.TempDir()
			return dbtest.Open(t, dir, with(db.Config{Path: dbtest.Copy(t, dir)}))
		},
		"postgresql": func(t *testing.T, with func(db.Config) db.Config) *dbtest.World {
			return dbtest.Open(t, t.TempDir(), with(db.Config{URL: dbtest.Database(t)}))
		},
	} {
		if name == "postgresql" && !dbtest.PostgreSQL(t) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f dbtest.Faults
			w := newWorld(t, make(t, func(c db.Config) db.Config { c.Connector = f.Connector; return c }))
			n := 0
			for _, how := range []dbtest.Fault{dbtest.Before, dbtest.After} {
				for k, fired := 1, true; fired; k++ {
					o := w.waiting(t)
					f.Arm(k, how)
					_, err := w.Confirm(w.ctx, w.ada, o.ID, o.Price())
					fired = f.Fired()
					f.Arm(0, how)
					got := w.reads(t, w.ada, o.ID)
					done := got.State == payment.Fulfilled && len(w.entries(t, o.ID)) == 1
					none := got.State == payment.AwaitingPayment && len(w.entries(t, o.ID)) == 0
					if !done && !none || err == nil && !done {
						t.Fatalf("fault %d at call %d: told %v, and %s with %v", how, k, err, got.State, w.entries(t, o.ID))
					}
					again := w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, o.Price()))
					same(t, payment.Fulfilled, again.State)
					same(t, []string{"payment 150000"}, w.entries(t, o.ID))
					if fired {
						n++
					}
				}
			}
			w.sound(t)
			if n < 20 {
				t.Errorf("only %d faults were tried", n)
			}
			t.Logf("%d faults", n)
		})
	}
}

// The wall's first layer: code that would put the fund into an entry does not
// compile. The control beside it does.
func TestNoCodeCanSayTheFund(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]string{
		"parties": "",
		"kind":    "unexported field kind",
		"third":   "undefined: payment.CentralFund",
		"convert": "cannot convert",
		"change":  "party.kind undefined",
	} {
		out, err := exec.Command("go", "vet", "./testdata/wall/"+dir).CombinedOutput()
		if want == "" {
			if err != nil {
				t.Errorf("%s does not compile: %v\n%s", dir, err, out)
			}
			continue
		}
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: got %v, want %q in\n%s", dir, err, want, out)
		}
	}
}

func TestFiguresHideFewOrders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for i := range payment.MinShown {
			o := w.paid(t)
			if i == 0 {
				w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(100)))
				w.does(t)(w.RefundReceived(w.ctx, w.ben, o.ID, rub(100)))
			}
		}
		in := w.box()
		in.Price = money.Amount{Minor: 700, Currency: "USD"}
		o := w.opens(t, in)
		w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, in.Price))
		got, err := w.Figures(w.ctx)
		must(t, err)
		want := []payment.Sum{{Currency: "RUB", Method: payment.Direct, Orders: 5, Paid: 750000, Refunded: -1}, {Currency: "USD", Method: payment.Direct, Orders: 1}}
		if diff := cmp.Diff(want, got.Sums); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		same(t, "5 <5", got.Sums[0].Orders.String()+" "+got.Sums[1].Orders.String())
		if len(got.JournalHead) != 64 || got.Entries != 7 || got.FundBalanceFromMarketplace != 0 || got.PlatformFeePercent != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestListsOfOrders(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.paid(t)
		w.waiting(t)
		eve := w.person(t, "eve")
		for _, c := range []struct {
			f    payment.Filter
			want int
		}{{payment.Filter{}, 2}, {payment.Filter{Side: payment.Buyer}, 2}, {payment.Filter{Side: payment.Seller}, 0}, {payment.Filter{States: []payment.State{payment.Fulfilled}}, 1},
			{payment.Filter{States: []payment.State{payment.Fulfilled, payment.AwaitingPayment}}, 2},
			{payment.Filter{States: []payment.State{payment.Refunded, payment.AwaitingPayment, payment.AwaitingPayment}}, 1},
			{payment.Filter{States: []payment.State{payment.Refunded, payment.Cancelled}}, 0},
			{payment.Filter{Subject: "box-2"}, 0}, {payment.Filter{Limit: 1, Page: 9}, 2}} {
			list, err := w.Orders(w.ctx, w.ben, c.f)
			must(t, err)
			same(t, c.want, list.Total)
			for _, o := range list.Items {
				same(t, "buyer ada ben", string(o.Viewer)+" "+o.SellerHandle+" "+o.BuyerHandle)
			}
		}
		list, err := w.Orders(w.ctx, eve, payment.Filter{})
		must(t, err)
		same(t, 0, list.Total)
		_, err = w.Orders(w.ctx, w.ben, payment.Filter{Side: "judge"})
		wants(t, err, "invalid:value_unknown")
		_, err = w.Orders(w.ctx, w.ben, payment.Filter{States: []payment.State{payment.Fulfilled, "rich"}})
		wants(t, err, "invalid:value_unknown")
		_, err = w.Orders(w.ctx, w.ben, payment.Filter{Limit: 101})
		wants(t, err, "invalid:page_range")
	})
}

func FuzzParseCode(f *testing.F) {
	f.Add("0000-0000 0")
	f.Add("7K2QM0XV9")
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := payment.ParseCode(text)
		if !ok {
			return
		}
		if again, ok := payment.ParseCode(strings.ToLower(code)); !ok || again != code || len(code) != 9 {
			t.Errorf("%q reads as %q and that as %q", text, code, again)
		}
		for i := range code { // every single wrong character is found
			for _, c := range "0123456789ABCDEFGHJKMNPQRSTVWXYZ" {
				if wrong := code[:i] + string(c) + code[i+1:]; wrong != code {
					if _, ok := payment.ParseCode(wrong); ok {
						t.Errorf("%q passes for %q", wrong, code)
					}
				}
			}
		}
	})
}

func TestCodesReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	seen := map[string]bool{}
	for range payment.MaxWaiting {
		o := w.opens(t, w.box())
		code, ok := payment.ParseCode(" " + strings.ToLower(o.Code[:4]) + "-" + o.Code[4:])
		if !ok || code != o.Code || seen[code] {
			t.Errorf("%q reads as %q", o.Code, code)
		}
		seen[code] = true
	}
}
