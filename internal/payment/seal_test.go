package payment_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// bank is an account whose check digits fit.
func bank() *payment.BankAccount {
	return &payment.BankAccount{Name: "Ada L.", Account: "40817810938160925982", BankName: "PAO Sberbank", BIC: "044525225", Corresp: "30101810400000000225"}
}

func TestDetailsAreSealedAndSeenByOneBuyer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const card = "card 4276 3800 1111 2222"
		o, other, eve := w.waiting(t), w.waiting(t), w.person(t, "eve")
		_, err := w.Paying(w.ctx, w.ben, o.ID)
		wants(t, err, "not_found:details_unknown")
		w.does(t)(w.SetDetails(w.ctx, w.ada, o.ID, payment.Details{Text: " " + card + "\u202e ", Bank: bank()}))
		same(t, []string{"order_ready ben"}, w.told.take())
		w.does(t)(w.SetDetails(w.ctx, w.ada, o.ID, payment.Details{Text: card, Bank: bank()})) // a correction tells nothing
		same(t, 0, len(w.told.take()))
		got, err := w.Paying(w.ctx, w.ben, o.ID)
		must(t, err)
		same(t, payment.Details{Text: card, Bank: bank()}, got.Details)
		same(t, "ST00012|Name=Ada L.|PersonalAcc=40817810938160925982|BankName=PAO Sberbank|BIC=044525225|CorrespAcc=30101810400000000225|Purpose="+o.Code+"|Sum=150000", got.QR)
		_, err = w.Paying(w.ctx, eve, o.ID)
		wants(t, err, "not_found:order_unknown")
		_, err = w.SetDetails(w.ctx, w.ben, o.ID, payment.Details{Text: card})
		wants(t, err, "forbidden:not_allowed")
		_, err = w.SetDetails(w.ctx, w.ada, o.ID, payment.Details{})
		wants(t, err, "invalid:required")
		for _, row := range w.sealed(t) {
			if bytes.Contains(row, []byte("4276")) || bytes.Contains(row, []byte("4081")) {
				t.Error("the details lie open in the database")
			}
		}
		// A sealed text moved to another order opens nothing.
		w.does(t)(w.SetDetails(w.ctx, w.ada, other.ID, payment.Details{Text: "elsewhere"}))
		must(t, w.raw("UPDATE order_secret SET details = (SELECT details FROM order_secret WHERE order_id = '"+o.ID+"') WHERE order_id = '"+other.ID+"'"))
		_, err = w.Paying(w.ctx, w.ben, other.ID)
		wants(t, err, "not_found:details_unknown")
		must(t, w.raw("UPDATE order_secret SET sealed_key = (SELECT sealed_key FROM order_secret WHERE order_id = '"+o.ID+"') WHERE order_id = '"+other.ID+"'"))
		_, err = w.Paying(w.ctx, w.ben, other.ID)
		wants(t, err, "not_found:details_unknown")
	})
}

// sealed are all bytes that are kept sealed.
func (w *world) sealed(t *testing.T) (out [][]byte) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT details FROM order_secret UNION ALL SELECT sealed_key FROM order_secret UNION ALL SELECT sealed FROM order_statement").Scan(w.ctx, &out)
	}))
	return out
}

func TestTheFundsDestinationsAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.funds = []string{"40817810938160925982", "boosty.to/fund", "The Fund", "DE89370400440532013000"}
		o := w.waiting(t)
		for _, d := range []payment.Details{{Text: "to 40817810938160925982"}, {Bank: bank()}, {IBAN: "de89 3704 0044 0532 0130 00"}} {
			_, err := w.SetDetails(w.ctx, w.ada, o.ID, d)
			wants(t, err, "invalid:fund_destination")
		}
		in := w.box()
		in.Payee = "The Fund"
		_, err := w.open(in)
		wants(t, err, "invalid:fund_destination")
		in = w.box()
		in.Method, in.Link = payment.Link, "https://boosty.to/fund"
		_, err = w.open(in)
		wants(t, err, "invalid:fund_destination")
		in.Link = "https://boosty.to/ada"
		same(t, "awaiting_payment none buyer", short(w.opens(t, in)))
		for link, code := range map[string]string{"https://evil.example/x": "link_host", "http://boosty.to/x": "link_form", "": "link_form", "https://boosty.to@evil.example/": "link_form"} {
			in.Link = link
			_, err = w.open(in)
			wants(t, err, "invalid:"+code)
		}
	})
}

func TestClosedOrdersAreShreddedAndForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		paid, gone := w.waiting(t), w.waiting(t)
		for _, id := range []string{paid.ID, gone.ID} {
			w.does(t)(w.SetDetails(w.ctx, w.ada, id, payment.Details{Text: "card"}))
		}
		w.does(t)(w.Confirm(w.ctx, w.ada, paid.ID, paid.Price()))
		w.does(t)(w.Cancel(w.ctx, w.ben, gone.ID))
		w.later(t, payment.ShredAfter-1)
		same(t, 4, len(w.sealed(t)))
		w.later(t, 1)
		same(t, 0, len(w.sealed(t)))
		same(t, false, w.reads(t, w.ada, paid.ID).HasDetails)
		w.later(t, (payment.ForgetAfter-14)*day)
		_, err := w.Order(w.ctx, w.ben, gone.ID)
		wants(t, err, "not_found:order_unknown")
		same(t, paid.ID, w.reads(t, w.ben, paid.ID).ID) // 30 days for refunds and 180 after them
		w.later(t, 30*day)
		_, err = w.Order(w.ctx, w.ben, paid.ID)
		wants(t, err, "not_found:order_unknown")
		same(t, 1, w.rows(t, "SELECT count(*) FROM payment_order WHERE buyer_id IS NULL AND seller_id IS NULL AND state = 'fulfilled'"))
		same(t, 1, w.rows(t, "SELECT count(*) FROM payment_order"))
		same(t, 0, w.rows(t, "SELECT count(*) FROM due WHERE kind LIKE 'order%'"))
		w.sound(t)
	})
}

func TestErasureWaitsForOpenOrdersAndLeavesTheJournal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a, b := w.paid(t), w.waiting(t)
		w.does(t)(w.SetDetails(w.ctx, w.ada, b.ID, payment.Details{Text: "card 1"}))
		w.does(t)(w.Claim(w.ctx, w.ben, b.ID))
		w.does(t)(w.Deny(w.ctx, w.ada, b.ID, "no money"))
		w.does(t)(w.Arbitrate(w.ctx, w.ben, b.ID, "I did pay"))
		for by, sees := range map[string][]string{w.ada.ID: {"card 1", "no money", "2"}, w.ben.ID: {"no money", "I did pay", "2"}} {
			text := w.export(t, by)
			for _, s := range sees {
				if !strings.Contains(text, s) {
					t.Errorf("%q is not in the export of %s", s, w.told.names[by])
				}
			}
		}
		if text := w.export(t, w.ben.ID); strings.Contains(text, "card 1") {
			t.Error("the buyer exports the seller's card")
		}
		for _, who := range []struct{ id, handle string }{{w.ada.ID, "ada"}, {w.ben.ID, "ben"}} {
			by := w.ada
			if who.handle == "ben" {
				by = w.ben
			}
			err := w.accounts.Erase(w.ctx, by, who.handle)
			wants(t, err, "conflict:open_orders")
			if !strings.Contains(err.Error(), "open_orders") || !listed(err, b.Code) || listed(err, a.Code) {
				t.Errorf("%v lists the wrong orders", err)
			}
		}
		w.does(t)(w.Decide(w.ctx, w.mod, b.ID, payment.Decision{Reason: "nothing shows that it was paid"}))
		journal := w.dump(t)
		must(t, w.accounts.Erase(w.ctx, w.ben, "ben"))
		same(t, 0, len(w.sealed(t)))
		same(t, "", w.reads(t, w.ada, a.ID).BuyerHandle)
		must(t, w.accounts.Erase(w.ctx, w.ada, "ada"))
		must(t, w.accounts.Erase(w.ctx, w.mod, "judge"))
		same(t, journal, w.dump(t))
		same(t, 2, w.rows(t, "SELECT count(*) FROM payment_order WHERE buyer_id IS NULL AND seller_id IS NULL"))
		same(t, 1, w.rows(t, "SELECT count(*) FROM order_decision WHERE moderator_id IS NULL"))
		w.sound(t)
		w.later(t, 400*day)
		w.sound(t)
	})
}

func (w *world) export(t *testing.T, id string) string {
	t.Helper()
	var b bytes.Buffer
	must(t, w.Read(w.ctx, func(tx *db.Tx) error { return w.Payments.Export(w.ctx, tx, id, &b) }))
	var out struct {
		Orders []json.RawMessage `json:"orders"`
	}
	must(t, json.Unmarshal(b.Bytes(), &out))
	same(t, 2, len(out.Orders))
	return b.String()
}
