package licence_test

import (
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

func TestAnOfferIsMade(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		o := w.sells(t, w.ada, row.ID, terms(func(in *licence.OfferInput) {
			in.Territory = []string{"kz", "RU", "KZ"}
			in.Prices = []licence.Price{{Days: 90, Amount: 900, Currency: "EUR"}, {Days: 30, Amount: 50_000, Currency: "RUB"}, {Days: 7}}
			in.Ways = []licence.Way{{Country: "ru", Method: payment.Direct, Currency: "rub"}, {Method: payment.Direct, Currency: "EUR"}}
		}))
		got, err := w.Offer(w.ctx, account.Actor{}, o.ID)
		must(t, err)
		same(t, "territory", []string{"KZ", "RU"}, got.Territory)
		same(t, "ways", []licence.Way{{Country: "RU", Method: payment.Direct, Currency: "RUB"}, {Country: "WW", Method: payment.Direct, Currency: "EUR"}}, got.Ways)
		same(t, "prices", 3, len(got.Prices))
		same(t, "shortest first", 7, got.Prices[0].Days)
		same(t, "payee", "ada", got.Payee)
		if got.TermsVersion == "" || !got.NotFund {
			t.Errorf("terms %q, not the fund %v", got.TermsVersion, got.NotFund)
		}
		free := w.sells(t, w.ada, row.ID, terms(func(in *licence.OfferInput) { in.Prices = []licence.Price{{Days: 1096}} }))
		same(t, "free needs no way", 0, len(free.Ways))
		paid := w.sells(t, w.ada, row.ID, terms())
		same(t, "without ways directly", []licence.Way{{Country: "WW", Method: payment.Direct, Currency: "RUB"}}, paid.Ways)
	})
}

func TestWhatCannotBeOffered(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	row := w.adds(t, w.ada, course())
	nd := w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.BaseLicence = "CC-BY-NC-ND-4.0" }))
	price := func(p ...licence.Price) func(*licence.OfferInput) {
		return func(in *licence.OfferInput) { in.Prices = p }
	}
	for what, c := range map[string]struct {
		change func(*licence.OfferInput)
		want   string
	}{
		"nothing":              {func(in *licence.OfferInput) { *in = licence.OfferInput{} }, "required:uses required:channel required:prices not_fund_needed:not_fund"},
		"a use":                {func(in *licence.OfferInput) { in.Uses = []cert.Use{"sell"} }, "value_unknown:uses"},
		"for ever":             {price(licence.Price{Days: 1097, Amount: 1, Currency: "RUB"}), "price_days:prices"},
		"no time":              {price(licence.Price{Days: 0, Amount: 1, Currency: "RUB"}), "price_days:prices"},
		"money to take":        {price(licence.Price{Days: 1, Amount: -1, Currency: "RUB"}), "money_negative:prices"},
		"too much":             {price(licence.Price{Days: 1, Amount: 1 << 60, Currency: "RUB"}), "money_too_large:prices"},
		"shells":               {price(licence.Price{Days: 1, Amount: 1, Currency: "XXX"}), "currency_unknown:prices"},
		"twice":                {price(licence.Price{Days: 1, Amount: 1, Currency: "RUB"}, licence.Price{Days: 1, Amount: 2, Currency: "RUB"}), "price_twice:prices"},
		"the moon":             {func(in *licence.OfferInput) { in.Territory = []string{"MOON"} }, "territory_unknown:territory"},
		"a region":             {func(in *licence.OfferInput) { in.Territory = []string{"EU"} }, "territory_unknown:territory"},
		"everywhere and there": {func(in *licence.OfferInput) { in.Territory = []string{"WW", "RU"} }, "territory_mixed:territory"},
		"minus people":         {func(in *licence.OfferInput) { in.Learners = -1 }, "number_range:learners"},
		"the fund in words":    {func(in *licence.OfferInput) { in.Payee = fundAccount }, "fund_destination:payee"},
		"maybe the fund":       {func(in *licence.OfferInput) { in.NotFund = false }, "not_fund_needed:not_fund"},
		"a link to the fund":   {func(in *licence.OfferInput) { link(in, "https://pay.example.org/"+fundAccount) }, "link_host:link fund_destination:link"},
		"no link":              {func(in *licence.OfferInput) { link(in, "") }, "required:link"},
		"a plain link":         {func(in *licence.OfferInput) { link(in, "http://pay.example.org/") }, "link_form:link"},
		"a price nobody pays": {func(in *licence.OfferInput) {
			in.Ways = []licence.Way{{Country: "RU", Method: "direct", Currency: "EUR"}}
		}, "way_missing:ways"},
		"a way": {func(in *licence.OfferInput) {
			in.Ways = []licence.Way{{Country: "RU", Method: "barter", Currency: "RUB"}}
		}, "way_method:ways"},
		"a way of other boards": {func(in *licence.OfferInput) {
			in.Ways = []licence.Way{{Country: "RU", Method: payment.Stripe, Currency: "RUB"}}
		}, "way_off:ways"},
		"a country": {func(in *licence.OfferInput) {
			in.Ways = []licence.Way{{Country: "R", Method: "direct", Currency: "RUB"}}
		}, "way_country:ways"},
		"other terms":           {func(in *licence.OfferInput) { in.Terms = "CL-99" }, "terms_unknown:terms"},
		"withdrawn at birth":    {func(in *licence.OfferInput) { in.State = licence.OfferWithdrawn }, "state_unknown:state"},
		"a year and a day back": {func(in *licence.OfferInput) { in.RefundDays, in.GraceDays = 366, 366 }, "number_range:refund_days number_range:grace_days"},
	} {
		_, err := w.AddOffer(w.ctx, w.ada, row.ID, terms(c.change))
		same(t, what, c.want, says(err))
	}
	_, err := w.AddOffer(w.ctx, w.ada, nd.ID, terms(func(in *licence.OfferInput) { in.Uses = cert.Uses() }))
	same(t, "changes of what must not be changed", "use_no_derivatives:uses", says(err))
	for range licence.MaxOffers {
		w.sells(t, w.ada, row.ID, terms())
	}
	_, err = w.AddOffer(w.ctx, w.ada, row.ID, terms())
	same(t, "one more", "too_many_offers", says(err))
}

func link(in *licence.OfferInput, address string) {
	in.Ways, in.Link = []licence.Way{{Country: "WW", Method: payment.Link, Currency: "RUB"}}, address
}

func TestOffersAreTheirSellers(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		o := w.sells(t, w.ada, row.ID, terms())
		for who, by := range map[string]account.Actor{"stranger": w.eve, "moderator": w.mod, "operator": w.olga} {
			_, err := w.EditOffer(w.ctx, by, o.ID, terms())
			same(t, who+" edits", "offer_unknown", says(err))
			_, err = w.MoveOffer(w.ctx, by, o.ID, licence.OfferPaused)
			same(t, who+" pauses", "offer_unknown", says(err))
		}
		_, err := w.EditOffer(w.ctx, w.ada, o.ID, terms(func(in *licence.OfferInput) { in.Edit = 7 }))
		same(t, "another tab", "changed_meanwhile", says(err))
		o, err = w.EditOffer(w.ctx, w.ada, o.ID, terms(func(in *licence.OfferInput) { in.Prices[0].Amount, in.State = 70_000, licence.OfferPaused }))
		must(t, err)
		_, err = w.Offer(w.ctx, w.eve, o.ID)
		same(t, "paused for others", "offer_closed", says(err))
		same(t, "cannot be had", "offer_closed", says(w.buy(w.eve, o)))
		if _, err = w.Offer(w.ctx, w.ada, o.ID); err != nil {
			t.Error(err)
		}
		_, err = w.MoveOffer(w.ctx, w.ada, o.ID, licence.OfferWithdrawn)
		must(t, err)
		_, err = w.MoveOffer(w.ctx, w.ada, o.ID, licence.OfferOpen)
		same(t, "withdrawn is for good", "offer_state", says(err))
		_, err = w.EditOffer(w.ctx, w.ada, o.ID, terms())
		same(t, "and not edited", "offer_state", says(err))
		for _, id := range []string{"", "x", strings.Repeat("a", 36), "'; DROP TABLE offer; --", strings.Repeat("\x00", 36), strings.Repeat("\xff", 36)} {
			_, err = w.Offer(w.ctx, w.ada, id)
			same(t, "unknown "+id, "offer_unknown", says(err))
			_, err = w.MoveOffer(w.ctx, w.ada, id, licence.OfferPaused)
			same(t, "unknown "+id, "offer_unknown", says(err))
			_, err = w.Work(w.ctx, w.ada, id)
			same(t, "unknown "+id, "work_unknown", says(err))
			_, err = w.Consent(w.ctx, w.ada, id, "")
			same(t, "unknown "+id, "work_unknown", says(err))
			_, err = w.Claim(w.ctx, w.ada, id, "A claim to nothing at all.", "")
			same(t, "unknown "+id, "work_unknown", says(err))
			same(t, "unknown "+id, "contribution_unknown", says(w.RemoveContribution(w.ctx, w.ada, id)))
			same(t, "unknown "+id, "claim_unknown", says(w.WithdrawClaim(w.ctx, w.ada, id)))
			_, err = w.Works(w.ctx, w.ada, id)
			same(t, "unknown "+id, "profile_unknown", says(err))
		}
	})
}

// TestTheGateAndTheSale lets everything that closes the gate meet an order
// that is being made.
func TestTheGateAndTheSale(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		for what, c := range map[string]struct {
			close func(row licence.Work) error
			want  string
		}{
			"a consent is withdrawn": {func(row licence.Work) error { return w.WithdrawConsent(w.ctx, w.bob, row.ID) }, "ground_missing"},
			"a claim is opened": {func(row licence.Work) error {
				_, err := w.Claim(w.ctx, w.eve, row.ID, "I wrote all of this, see my site.", "https://eve.example.org/")
				return err
			}, "claim_open"},
			"the work is withdrawn": {func(row licence.Work) error {
				_, err := w.MoveWork(w.ctx, w.ada, row.ID, licence.WorkWithdrawn)
				return err
			}, "work_withdrawn"},
			"another is paid": {func(row licence.Work) error {
				_, err := w.EditWork(w.ctx, w.ada, row.ID, course(func(in *licence.WorkInput) { in.Payee = "Somebody else" }))
				if err != nil {
					return err
				}
				v := w.see(t, w.ada, row.ID)
				_, err = w.EditOffer(w.ctx, w.ada, v.Offers[0].ID, terms())
				if says(err) != "consent_payee" {
					t.Errorf("offered to another payee: %v", err)
				}
				_, err = w.Consent(w.ctx, w.bob, row.ID, "Somebody else")
				return err
			}, "consent_payee"},
		} {
			row := w.adds(t, w.ada, course(with("bob")))
			_, err := w.AddOffer(w.ctx, w.ada, row.ID, terms())
			same(t, "before the consent", "ground_missing", says(err))
			_, err = w.Consent(w.ctx, w.bob, row.ID, "ada")
			must(t, err)
			o := w.sells(t, w.ada, row.ID, terms())
			must(t, w.buy(w.mod, o))
			must(t, c.close(row))
			same(t, what, c.want, says(w.buy(w.olga, o)))
			_, err = w.Offer(w.ctx, w.olga, o.ID)
			same(t, what+", its page", "offer_closed", says(err))
		}
	})
}

// TestFiftyBuyersAndAWithdrawal lets a consent end while many buy: who comes
// after it buys nothing.
func TestFiftyBuyersAndAWithdrawal(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course(with("bob")))
		_, err := w.Consent(w.ctx, w.bob, row.ID, "")
		must(t, err)
		o := w.sells(t, w.ada, row.ID, terms())
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				if i == 6 {
					if err := w.WithdrawConsent(w.ctx, w.bob, row.ID); err != nil {
						t.Error(err)
					}
					return
				}
				err := w.buy(w.eve, o)
				if code := says(err); code != "" && code != "ground_missing" {
					t.Errorf("a buyer met %v", err)
				}
			})
		}
		all.Wait()
		same(t, "afterwards", "ground_missing", says(w.buy(w.mod, o)))
	})
}

func TestBasesThatNeedNoLicence(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	for _, base := range licence.BaseLicences() {
		row := w.adds(t, w.ada, course(func(in *licence.WorkInput) { in.BaseLicence = base }))
		want := "base_licence_free"
		if strings.Contains(base, "NC") {
			want = ""
		}
		_, err := w.AddOffer(w.ctx, w.ada, row.ID, terms())
		same(t, base, want, says(err))
	}
}

func TestASilentSellerIsPaused(t *testing.T) {
	t.Parallel()
	eachPress(t, func(t *testing.T, w *press) {
		row := w.adds(t, w.ada, course())
		o := w.sells(t, w.ada, row.ID, terms())
		order, err := w.Buy(w.ctx, w.eve, licence.Purchase{OfferID: o.ID, Days: 30, AcceptedTerms: termsHash()})
		must(t, err)
		must(t, w.pause(order))
		same(t, "paused", licence.OfferPaused, w.see(t, w.ada, row.ID).Offers[0].State)
	})
}

// TestOffersHoldWhatTheySay makes offers of any numbers: one that is taken can
// be said by a certificate, one that is not is told why.
func TestOffersHoldWhatTheySay(t *testing.T) {
	t.Parallel()
	w := openPress(t, dbtest.New(t))
	row := w.adds(t, w.ada, course())
	rapid.Check(t, func(t *rapid.T) {
		in := terms(func(in *licence.OfferInput) {
			in.Uses = rapid.SliceOfN(rapid.SampledFrom(append(cert.Uses(), "own")), 0, 4).Draw(t, "uses")
			in.Territory = rapid.SliceOfN(rapid.SampledFrom([]string{"RU", "kz", "WW", "XX", "EU", "SU", "", "DE"}), 0, 3).Draw(t, "territory")
			in.Learners = rapid.IntRange(-2, 1_000_002).Draw(t, "learners")
			in.GraceDays = rapid.IntRange(-1, 367).Draw(t, "grace")
			in.Prices = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) licence.Price {
				return licence.Price{Days: rapid.IntRange(-1, 1098).Draw(t, "days"), Amount: rapid.Int64Range(-1, 1<<41).Draw(t, "amount"),
					Currency: rapid.SampledFrom([]string{"RUB", "EUR", "KZT", "XXX", ""}).Draw(t, "currency")}
			}), 0, 3).Draw(t, "prices")
		})
		o, err := w.AddOffer(w.ctx, w.ada, row.ID, in)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%+v: %v", in, err)
			}
			return
		}
		for _, p := range o.Prices {
			if p.Days < 1 || p.Days > cert.MaxDays || p.Amount < 0 || len(p.Currency) != 3 {
				t.Fatalf("price %+v", p)
			}
			paid := p.Amount == 0
			for _, way := range o.Ways {
				paid = paid || way.Currency == p.Currency
			}
			if !paid {
				t.Fatalf("nobody can pay %+v by %+v", p, o.Ways)
			}
		}
		if len(o.Uses) == 0 || len(o.Territory) == 0 || o.Learners < 0 {
			t.Fatalf("offer %+v", o)
		}
		_, err = w.MoveOffer(w.ctx, w.ada, o.ID, licence.OfferWithdrawn)
		if err != nil {
			t.Fatal(err)
		}
	})
}
