package payment_test

import (
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

func TestFromOrderToMoney(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.opens(t, w.box())
		same(t, "awaiting_payment none seller", short(o))
		same(t, []string{"draft>awaiting_payment"}, w.boxes.take())
		o = w.does(t)(w.SetDetails(w.ctx, w.ada, o.ID, payment.Details{Text: "card 2200 7001"}))
		same(t, "awaiting_payment none buyer", short(o))
		paying, err := w.Paying(w.ctx, w.ben, o.ID)
		must(t, err)
		same(t, payment.Paying{Details: payment.Details{Text: "card 2200 7001"}}, paying)
		o = w.does(t)(w.Claim(w.ctx, w.ben, o.ID))
		same(t, "awaiting_payment claimed_by_buyer seller", short(o))
		same(t, 0, len(w.entries(t, o.ID)))
		o = w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, rub(150000)))
		same(t, "fulfilled confirmed_by_seller nobody", short(o))
		same(t, []string{"payment 150000"}, w.entries(t, o.ID))
		same(t, []string{"awaiting_payment>paid", "paid>fulfilled"}, w.boxes.take())
		same(t, []string{"order_new ada", "order_ready ben", "order_claimed ada", "order_paid ben"}, w.told.take())
		_, err = w.Confirm(w.ctx, w.ada, o.ID, rub(149999))
		wants(t, err, "invalid:amount_mismatch") // also of what is paid already
		w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, rub(150000)))
		same(t, 0, len(w.told.take()))
		_, err = w.Paying(w.ctx, w.ben, o.ID)
		wants(t, err, "not_found:details_unknown")
		same(t, []byte(`{"b":1,"a":[2]}`), w.reads(t, w.ben, o.ID).Terms)
		w.sound(t)
	})
}

func TestWrongAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o, eve := w.waiting(t), w.person(t, "eve")
		for _, bad := range []money.Amount{rub(149999), rub(150001), rub(0), rub(-150000), {Minor: 150000, Currency: "USD"}, {}, {Minor: 150000, Currency: "rub"}} {
			_, err := w.Confirm(w.ctx, w.ada, o.ID, bad)
			wants(t, err, "invalid:amount_mismatch")
		}
		_, err := w.Confirm(w.ctx, w.ben, o.ID, o.Price())
		wants(t, err, "forbidden:not_allowed")
		_, err = w.Claim(w.ctx, w.ada, o.ID)
		wants(t, err, "forbidden:not_allowed")
		_, err = w.Deny(w.ctx, w.ada, o.ID, "nothing came")
		wants(t, err, "conflict:order_state")
		_, err = w.Deny(w.ctx, w.ada, o.ID, " \n")
		wants(t, err, "invalid:required")
		_, err = w.RefundSent(w.ctx, w.ada, o.ID, money.Amount{})
		wants(t, err, "conflict:order_state")
		_, err = w.RefundReceived(w.ctx, w.ben, o.ID, o.Price())
		wants(t, err, "conflict:order_state")
		_, err = w.Arbitrate(w.ctx, w.ben, o.ID, "I have paid")
		wants(t, err, "conflict:order_state")
		_, err = w.ExtraReceived(w.ctx, w.ada, o.ID, rub(5))
		wants(t, err, "conflict:order_state")
		for _, id := range []string{o.ID, "nonsense", "00000000-0000-4000-8000-000000000000", ""} {
			_, err = w.Confirm(w.ctx, eve, id, o.Price())
			wants(t, err, "not_found:order_unknown")
			_, err = w.Cancel(w.ctx, w.mod, id)
			wants(t, err, "not_found:order_unknown")
			_, err = w.Order(w.ctx, w.mod, id)
			wants(t, err, "not_found:order_unknown")
			_, err = w.Paying(w.ctx, eve, id)
			wants(t, err, "not_found:order_unknown")
		}
		same(t, "awaiting_payment none seller", short(w.reads(t, w.ada, o.ID)))
		same(t, 0, w.rows(t, "SELECT count(*) FROM journal_entry"))
		same(t, 0, len(w.told.take()))
		w.sound(t)
	})
}

func TestLateMoneyIsAFact(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.waiting(t), w.waiting(t)
		a = w.does(t)(w.Cancel(w.ctx, w.ben, a.ID))
		same(t, "cancelled none nobody", short(a))
		again := w.does(t)(w.Cancel(w.ctx, w.ada, a.ID))
		same(t, "cancelled none nobody", short(again))
		same(t, []string{"order_ended ada cancelled"}, w.told.take())
		w.later(t, 7*24*time.Hour)
		same(t, "expired none nobody", short(w.reads(t, w.ben, b.ID)))
		b = w.does(t)(w.Claim(w.ctx, w.ben, b.ID)) // it was sent on the last day
		same(t, "expired claimed_by_buyer seller", short(b))
		w.boxes.take()
		for _, id := range []string{a.ID, b.ID} {
			o := w.does(t)(w.Confirm(w.ctx, w.ada, id, rub(150000)))
			same(t, "fulfilled confirmed_by_seller nobody", short(o))
			same(t, []string{"payment 150000"}, w.entries(t, id))
		}
		same(t, []string{"cancelled>paid", "paid>fulfilled", "expired>paid", "paid>fulfilled"}, w.boxes.take())
		_, err := w.Cancel(w.ctx, w.ben, b.ID)
		wants(t, err, "conflict:order_state")
		w.sound(t)
	})
}

func TestFreeIsFulfilledAtOnceAndLeavesNoEntry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.box()
		in.Price, in.Method = money.Amount{Currency: "RUB"}, payment.Direct
		o := w.opens(t, in)
		same(t, "fulfilled none nobody", short(o))
		same(t, payment.Free, o.Method)
		same(t, []string{"draft>awaiting_payment", "awaiting_payment>paid", "paid>fulfilled"}, w.boxes.take())
		same(t, 0, len(w.entries(t, o.ID)))
		_, err := w.RefundSent(w.ctx, w.ada, o.ID, money.Amount{})
		wants(t, err, "conflict:order_method")
		w.sound(t)
	})
}

func TestRefundsAreFactsOnlyWhenReceived(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.paid(t)
		w.boxes.take()
		for _, bad := range []money.Amount{rub(150001), rub(-1), {Minor: 100, Currency: "USD"}, {Minor: 100}} {
			_, err := w.RefundSent(w.ctx, w.ada, o.ID, bad)
			wants(t, err, "invalid:amount_mismatch")
		}
		o = w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(40000)))
		same(t, "fulfilled confirmed_by_seller buyer", short(o))
		same(t, []string{"payment 150000"}, w.entries(t, o.ID))
		_, err := w.RefundReceived(w.ctx, w.ben, o.ID, rub(39999))
		wants(t, err, "invalid:amount_mismatch")
		o = w.does(t)(w.RefundReceived(w.ctx, w.ben, o.ID, rub(40000)))
		same(t, "fulfilled confirmed_by_seller nobody", short(o))
		same(t, int64(40000), o.Refunded)
		same(t, 0, len(w.boxes.take()))
		o = w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, money.Amount{})) // the rest
		same(t, int64(110000), o.RefundSent)
		o = w.does(t)(w.RefundReceived(w.ctx, w.ben, o.ID, rub(110000)))
		same(t, "refunded confirmed_by_seller nobody", short(o))
		same(t, []string{"fulfilled>refunded"}, w.boxes.take())
		same(t, []string{"payment 150000", "refund -40000", "refund -110000"}, w.entries(t, o.ID))
		_, err = w.RefundSent(w.ctx, w.ada, o.ID, money.Amount{})
		wants(t, err, "conflict:order_state")
		_, err = w.Confirm(w.ctx, w.ada, o.ID, o.Price())
		wants(t, err, "conflict:order_state")
		w.sound(t)
	})
}

func TestPaidTwice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.paid(t)
		o = w.does(t)(w.ExtraReceived(w.ctx, w.ada, o.ID, rub(150000)))
		same(t, "fulfilled confirmed_by_seller seller", short(o))
		_, err := w.ExtraReceived(w.ctx, w.ada, o.ID, rub(150000)) // a second click
		wants(t, err, "conflict:order_state")
		w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(150000)))
		o = w.does(t)(w.RefundReceived(w.ctx, w.ben, o.ID, rub(150000)))
		same(t, "fulfilled confirmed_by_seller nobody", short(o))
		same(t, []string{"payment 150000", "extra_payment 150000", "extra_refund -150000"}, w.entries(t, o.ID))
		w.sound(t)
	})
}

func TestFiftyClicksAtOnceAreOneEffect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := w.box()
		in.Once = "offer/90"
		for _, err := range together(50, func(int) error { _, err := w.open(in); return err }) {
			wants(t, err, "")
		}
		same(t, 1, w.rows(t, "SELECT count(*) FROM payment_order"))
		list, err := w.Orders(w.ctx, w.ben, payment.Filter{})
		must(t, err)
		o := list.Items[0]
		for _, err := range together(50, func(int) error { _, err := w.Confirm(w.ctx, w.ada, o.ID, o.Price()); return err }) {
			wants(t, err, "")
		}
		same(t, []string{"payment 150000"}, w.entries(t, o.ID))
		w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(1)))
		good := 0
		for _, err := range together(50, func(int) error { _, err := w.RefundReceived(w.ctx, w.ben, o.ID, rub(1)); return err }) {
			if err == nil {
				good++
			} else {
				wants(t, err, "conflict:order_state")
			}
		}
		same(t, 1, good)
		same(t, []string{"payment 150000", "refund -1"}, w.entries(t, o.ID))
		w.sound(t)
	})
}

// Whoever is first: confirmation wins, and both at once leave a paid order.
func TestConfirmationAgainstCancel(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for range 10 {
			o := w.waiting(t)
			errs := together(2, func(i int) error {
				if i == 0 {
					_, err := w.Confirm(w.ctx, w.ada, o.ID, o.Price())
					return err
				}
				_, err := w.Cancel(w.ctx, w.ben, o.ID)
				return err
			})
			wants(t, errs[0], "")
			if errs[1] != nil {
				wants(t, errs[1], "conflict:order_state")
			}
			same(t, payment.Fulfilled, w.reads(t, w.ben, o.ID).State)
		}
		w.sound(t)
	})
}
