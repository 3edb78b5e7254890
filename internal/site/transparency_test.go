package site_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// TestWhatIsHiddenIsADash reads the page on which everybody sees what was paid
// beside the board: sums of few are a dash, nothing is nothing.
func TestWhatIsHiddenIsADash(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, ben := w.Person("ada"), w.Person("ben")
	seller, buyer := actor(t, w, ada), actor(t, w, ben)
	work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{})
	done := func(o payment.Order, err error) payment.Order {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	view, err := w.Licences.Work(t.Context(), buyer, work.ID)
	if err != nil || len(view.Offers) != 1 {
		t.Fatalf("offers: %+v, %v", view.Offers, err)
	}
	reads := func(want ...string) {
		t.Helper()
		cells := w.Visitor().Get("/ru/transparency").Is(http.StatusOK).Texts("table td")
		for i, c := range cells {
			cells[i] = strings.Join(strings.Fields(c), " ")
		}
		if at := slices.Index(cells, "RUB"); at < 0 || at+4 > len(cells) || !slices.Equal(cells[at:at+4], want) {
			t.Errorf("got %q, want %q in it", cells, want)
		}
	}
	var all []payment.Order
	for range payment.MinShown {
		o := done(w.Licences.Buy(t.Context(), buyer, licence.Purchase{OfferID: view.Offers[0].ID, Days: 30, AsNamed: true}))
		all = append(all, done(w.Payments.Confirm(t.Context(), seller, o.ID, o.Price())))
		if len(all) == 1 {
			reads("RUB", "<5", "—", "—")
		}
	}
	reads("RUB", "5", "3 000 ₽", "0 ₽")
	for i, want := range []string{"—", "—", "—", "—", "3 000 ₽"} {
		done(w.Payments.RefundSent(t.Context(), seller, all[i].ID, all[i].Price()))
		done(w.Payments.RefundReceived(t.Context(), buyer, all[i].ID, all[i].Price()))
		reads("RUB", "5", "3 000 ₽", want)
	}
}
