package app_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

const licencePrice = 90000

// offers makes a work of ada's with an offer of 30 days.
func (b *board) offers(t *testing.T) licence.Offer {
	t.Helper()
	w, err := b.Licences.AddWork(b.ctx, b.ada, licence.WorkInput{Title: "Go for beginners", Kind: "course", URL: "https://example.org/go", Label: "1",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner,
		Languages: []string{"ru"}, State: licence.WorkPublished})
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Licences.AddOffer(b.ctx, b.ada, w.ID, licence.OfferInput{Uses: []cert.Use{cert.Present}, Channel: cert.Channels()[0], Learners: 30,
		Prices: []licence.Price{{Days: 30, Amount: licencePrice, Currency: "RUB"}}, RefundDays: 14, GraceDays: 30, Payee: "Ada", NotFund: true})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// buys buys a licence and pays it.
func (b *board) buys(t *testing.T, o licence.Offer, renews string) licence.Grant {
	t.Helper()
	terms, _ := web.TermsHash(o.TermsVersion)
	order, err := b.Licences.Buy(b.ctx, b.ben, licence.Purchase{OfferID: o.ID, Days: 30, Renews: renews, AcceptedTerms: terms})
	if err != nil {
		t.Fatal(err)
	}
	if order, err = b.Payments.Confirm(b.ctx, b.ada, order.ID, money.Amount{Minor: licencePrice, Currency: "RUB"}); err != nil {
		t.Fatal(err)
	}
	all, err := b.Licences.Grants(b.ctx, b.ben, licence.GrantFilter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(g licence.Grant) bool { return g.OrderID == order.ID })
	if i < 0 {
		t.Fatal("no licence of the order")
	}
	return all[i]
}

// lives makes everything that the audit judges: orders that wait, are paid,
// paid twice and refunded, a licence that was renewed and one that was revoked
// by a refund, and the fund's books.
func (b *board) lives(t *testing.T) {
	t.Helper()
	b.waiting(t)
	b.refunded(t)
	twice := b.paid(t)
	if _, err := b.Payments.Learn(b.ctx, twice.ID, payment.News{Extra: 700, Cause: "stripe:pi_extra"}); err != nil {
		t.Fatal(err)
	}
	o := b.offers(t)
	first := b.buys(t, o, "")
	b.clock.Advance(10 * 24 * time.Hour)
	b.buys(t, o, first.ID)
	back := b.buys(t, o, "")
	price := money.Amount{Minor: licencePrice, Currency: "RUB"}
	if _, err := b.Payments.RefundSent(b.ctx, b.ada, back.OrderID, price); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Payments.RefundReceived(b.ctx, b.ben, back.OrderID, price); err != nil {
		t.Fatal(err)
	}
	b.gives(t)
}

// corruptions plant one broken thing for every invariant, by its name. Each is
// SQL that both engines run, in a database without its own guards.
func corruptions() map[string][]string {
	const someOrder = "(SELECT min(order_id) FROM journal_entry WHERE kind = 'payment')"
	const renewed = "(SELECT id FROM licence_grant WHERE previous_id IS NOT NULL)"
	ago := func(hours int) string { // jobs go by the real clock
		return "'" + time.Now().UTC().Add(-time.Duration(hours)*time.Hour).Format("2006-01-02 15:04:05+00:00") + "'"
	}
	return map[string][]string{
		"entry_balances":  {"UPDATE journal_line SET amount = amount + 1 WHERE entry = 1 AND n = 1"},
		"fund_untouched":  {"UPDATE journal_line SET account_kind = 'central_fund' WHERE entry = 1 AND n = 2"},
		"paid_is_booked":  {"UPDATE payment_order SET state = 'paid' WHERE state = 'awaiting_payment'"},
		"refunds_bounded": {"UPDATE journal_line SET amount = amount * 2 WHERE entry IN (SELECT seq FROM journal_entry WHERE kind = 'refund')"},
		"refunds_booked":  {"UPDATE payment_order SET refunded = refunded - 1 WHERE refunded > 0"},
		"seller_balance":  {"UPDATE payment_order SET amount = 1 WHERE state = 'fulfilled'"},
		"extra_booked":    {"UPDATE payment_order SET extra = extra - 1 WHERE extra > 0"},
		"cause_once":      {"UPDATE journal_entry SET cause = 'seller_confirmation:x', kind = 'payment', method = 'direct' WHERE seq IN (1, 2)"},
		"entry_currency":  {"UPDATE journal_entry SET currency = 'EUR' WHERE seq = 1"},
		"state_derived":   {"UPDATE payment_order SET state = 'disputed' WHERE id = " + someOrder},
		"journal_chain":   {"UPDATE journal_entry SET cause = 'seller_confirmation:another' WHERE seq = 2"},

		"grant_has_paid_order": {"UPDATE payment_order SET state = 'paid' WHERE kind = 'licence' AND state = 'fulfilled'"},
		"paid_order_has_grant": {"DELETE FROM licence_grant WHERE id = " + renewed},
		"refund_revokes":       {"UPDATE licence_grant SET state = 'active', revoked_at = NULL, ground = '' WHERE state = 'revoked'"},
		"chain_is_a_line":      {"UPDATE licence_grant SET valid_from = (SELECT p.valid_from FROM licence_grant AS p WHERE p.id = licence_grant.previous_id) WHERE id = " + renewed},
		"certificate_kept":     {"UPDATE licence_grant SET cert_hash = '" + zeros + "' WHERE id = " + renewed},

		"fund_chain":        {"UPDATE fund_entry SET day = '2020-01-01 00:00:00+00:00' WHERE seq = 2"},
		"fund_rules":        {"UPDATE fund_entry SET category = 'advertising' WHERE kind = 'expense'"},
		"fund_reversals":    {"UPDATE fund_entry SET amount = amount - 1 WHERE reverses IS NOT NULL"},
		"fund_goals":        {"UPDATE fund_goal SET currency = 'EUR'"},
		"fund_no_order":     {"UPDATE fund_entry SET purpose = 'for L-4KZ9QW7M3A' WHERE kind = 'expense'"},
		"fund_is_no_payee":  {"UPDATE offer SET payee = '4081-7810-0999-1000-4312'"},
		"fund_destinations": {"UPDATE fund_destination SET compared = '1'"},

		"jobs_done": {"INSERT INTO river_job (kind, args, max_attempts, state, scheduled_at) VALUES ('forgotten', '{}', 25, 'available', " + ago(3) + ")",
			"INSERT INTO river_job (kind, args, max_attempts, state, scheduled_at, attempted_at, finalized_at) VALUES ('done', '{}', 25, 'completed', " + ago(2) + ", " + ago(2) + ", " + ago(2) + ")"},
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// One corruption for each invariant is planted in a database without its
// guards, and the audit names each; an invariant for which nothing is planted
// fails the test.
func TestTheAuditNamesEveryCorruption(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		b.lives(t)
		b.sound(t)
		planted, names := corruptions(), []string{}
		for _, inv := range b.Audit.Invariants() {
			names = append(names, inv.Name)
			if len(planted[inv.Name]) == 0 {
				t.Errorf("nothing is planted for the invariant %s", inv.Name)
			}
			if inv.Says == "" {
				t.Errorf("%s says nothing", inv.Name)
			}
		}
		if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("two invariants have one name: %v", names)
		}
		b.unguard(t)
		b.sound(t) // without guards nothing is broken yet
		back := b.keep(t)
		for _, name := range slices.Sorted(maps.Keys(planted)) {
			if !slices.Contains(names, name) {
				t.Errorf("%s is planted and no invariant has that name", name)
			}
			for _, query := range planted[name] {
				b.changes(t, query)
			}
			r, err := b.Audit.Run(b.ctx)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !slices.Contains(r.Names(), name) {
				t.Errorf("%s was planted, the audit names %v", name, r.Names())
			}
			back()
		}
		b.sound(t)
	})
}

// changes runs SQL behind the program's back and demands that it changed something.
func (b *board) changes(t *testing.T, query string) {
	t.Helper()
	res, err := b.back.ExecContext(b.ctx, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Errorf("%s changes nothing: %v", query, err)
	}
}

// The page data: what is told of both sides of the wall.
func TestTransparency(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		b.lives(t)
		got, err := b.Transparency.Figures(b.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got.FundBalanceFromMarketplace != 0 || got.PlatformFeePercent != 0 || len(got.StripeCalls) != 0 || got.LastAudit != nil || len(got.JournalHead) != 64 {
			t.Errorf("figures: %+v", got)
		}
		if len(got.Orders) != 1 || got.Orders[0].Method != payment.Direct || got.Orders[0].Count != 5 || got.Orders[0].Paid != 2*boxPrice+3*licencePrice {
			t.Errorf("orders: %+v", got.Orders)
		}
		if len(got.FundBalances) != 1 || got.Fund.Seq != 5 || len(got.Proceeds) != 0 {
			t.Errorf("the fund and the steward's report: %+v %+v %+v", got.FundBalances, got.Fund, got.Proceeds)
		}
		r, err := b.Audit.Run(b.ctx)
		if err == nil {
			err = b.Audit.Keep(b.ctx, r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err = b.Transparency.Figures(b.ctx); err != nil || got.LastAudit == nil || !got.LastAudit.OK || got.LastAudit.Checked != len(b.Audit.Invariants()) {
			t.Errorf("the last audit: %+v %v", got.LastAudit, err)
		}
	})
}

// A seller cannot be paid where the fund takes gifts, however it is typed.
func TestNobodyIsPaidAtTheFund(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		b.gives(t)
		o := b.waiting(t)
		for _, text := range []string{"40817810099910004312", "счёт 40817 810 0 9991 0004312, банк", "р/с 4081-7810-0999-1000-4312"} {
			if _, err := b.Payments.SetDetails(b.ctx, b.ada, o.ID, payment.Details{Text: text}); err == nil {
				t.Errorf("%q is taken", text)
			}
		}
		err := b.DB.Write(b.ctx, func(tx *db.Tx) error {
			_, err := payment.Open(b.ctx, tx, b.Payments, payment.Opening{Buyer: b.ben, SellerID: b.ada.ID, Kind: "box", Subject: "box", Title: "A box",
				Price: o.Price(), Method: payment.Direct, Payee: "40817810099910004312", Terms: []byte(`{}`)})
			return err
		})
		if err == nil {
			t.Error("the fund is a payee")
		}
		if _, err := b.Payments.SetDetails(b.ctx, b.ada, o.ID, payment.Details{Text: "40817810099910004313, Ада"}); err != nil {
			t.Errorf("an honest account: %v", err)
		}
		if _, err := b.Payments.Paying(b.ctx, b.ben, o.ID); err != nil {
			t.Errorf("the buyer does not see it: %v", err)
		}
		if _, err := b.Fund.Publish(b.ctx, account.Console(), fund.DestinationInput{Text: "40817810099910004313"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Payments.Paying(b.ctx, b.ben, o.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the buyer is led to what is the fund's by now: %v", err)
		}
	})
}

// Everybody can read what was broken: each invariant has its words in every
// language.
func TestEveryInvariantHasWords(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(context.Background(), small(t), app.Options{NoSync: true, NoIndex: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, inv := range a.Audit.Invariants() {
		for _, lang := range pages.Languages() {
			if !pages.Texts(lang).Has("audit." + inv.Name) {
				t.Errorf("%s: no text for audit.%s", lang, inv.Name)
			}
		}
	}
}

// The steward's report counts what buyers paid for community works and stands
// beside the fund's books, in which nothing of it appears.
func TestStewardsReport(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		done := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		op := b.person(t, "olga")
		done(b.Accounts.GrantRole(b.ctx, account.Console(), op.Handle, account.Operator))
		op.Role = account.Operator
		agreement, err := b.Licences.DraftAgreement(b.ctx, op, "Договор", "An agreement")
		done(err)
		_, err = b.Licences.Discuss(b.ctx, op, agreement.N, "https://example.org/discussion", b.clock.Now().Add(8*24*time.Hour))
		done(err)
		b.clock.Advance(9 * 24 * time.Hour)
		_, err = b.Licences.Adopt(b.ctx, op, agreement.N, "https://example.org/decision")
		done(err)
		w, err := b.Licences.AddWork(b.ctx, op, licence.WorkInput{Title: "Our course", Kind: "course", URL: "https://example.org/our", BaseLicence: "CC-BY-NC-4.0",
			Basis: licence.Community, Languages: []string{"ru"}, Payee: "The collective", State: licence.WorkPublished})
		done(err)
		_, err = b.Licences.Consent(b.ctx, op, w.ID, "")
		done(err)
		o, err := b.Licences.AddOffer(b.ctx, op, w.ID, licence.OfferInput{Uses: []cert.Use{cert.Present}, Channel: cert.Channels()[0], Learners: 30,
			Prices: []licence.Price{{Days: 30, Amount: licencePrice, Currency: "RUB"}}, RefundDays: 14, NotFund: true})
		done(err)
		report := func() []licence.Proceeds {
			t.Helper()
			got, err := b.Licences.Proceeds(b.ctx)
			done(err)
			return got
		}
		hidden := []licence.Proceeds{{Currency: "RUB", Orders: -1}}
		b.ada = op // who sells
		for i := range payment.MinShown {
			if got := report(); i > 0 && !cmp.Equal(hidden, got) {
				t.Errorf("of %d: %+v", i, got)
			}
			b.buys(t, o, "")
		}
		want := []licence.Proceeds{{Currency: "RUB", Orders: payment.MinShown, Paid: payment.MinShown * licencePrice}}
		if diff := cmp.Diff(want, report()); diff != "" {
			t.Errorf("the report (-want +got):\n%s", diff)
		}
		b.paid(t) // one other order: the sums of all minus these would tell it
		if diff := cmp.Diff(hidden, report()); diff != "" {
			t.Errorf("beside one other order (-want +got):\n%s", diff)
		}
		got, err := b.Transparency.Figures(b.ctx)
		done(err)
		if len(got.Proceeds) != 1 || len(got.FundBalances) != 0 || got.Fund.Seq != 0 || got.FundBalanceFromMarketplace != 0 {
			t.Errorf("proceeds %+v, the fund %+v %+v", got.Proceeds, got.FundBalances, got.Fund)
		}
		b.sound(t)
	})
}
