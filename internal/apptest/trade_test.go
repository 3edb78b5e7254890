package apptest_test

import (
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// trades gives somebody everything that stands on the pages of works, orders and
// licences: what is sold and bought, waits, is argued about, was issued, and is
// about to be revoked.
func trades(t *testing.T, w *apptest.World, who *apptest.Person) {
	t.Helper()
	s := &stage{World: w, owner: who}
	work := s.work()
	s.offer(work)
	s.part(work)
	s.claim(s.work())
	s.order()
	buyer, id := s.order()
	s.disagree(buyer, id)
	s.sold()
	revoked := s.sold()
	who.Get("/licences/"+revoked+"/revoke").Send(`form[action$="/revoke"]`, apptest.Fill{"ground": {"out_of_scope"}, "reason": {"Продаёт копии дальше, чем договорились"}}).Is(http.StatusOK)

	maker := w.Person("maker")
	other := &stage{World: w, owner: maker, asked: 50}
	for range 2 { // one is paid, one waits
		theirs := other.work()
		other.offer(theirs)
		at := who.Get("/works/"+theirs+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK).Path
		maker.Get(at).Send("#details form", apptest.Fill{"text": {"Карта 2200 0000 0000 0004"}}).Is(http.StatusOK)
		if other.asked++; other.asked == 51 {
			who.Get(at).Send("#claim form", nil).Is(http.StatusOK)
			maker.Get(at).Send("#confirm form", apptest.Fill{"amount": {"500"}}).Is(http.StatusOK)
		}
	}
	argued, id := other.order()
	other.disagree(argued, id)
}
