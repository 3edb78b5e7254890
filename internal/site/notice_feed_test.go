package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// TestAnEmptyFeedStandsStill polls a feed in which nothing is, at two times.
func TestAnEmptyFeedStandsStill(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		settings := kid.Get("/me/notices").Send(`form[action="/me/notices"]`, fill{"feed": {"1"}}).Is(http.StatusOK)
		address := strings.TrimPrefix(settings.Text("#feed-url"), w.URL)
		read := func() string { return w.Visitor().Get(address).Is(http.StatusOK).Body }
		first := read()
		w.Clock.Advance(time.Hour)
		if again := read(); again != first || !strings.Contains(first, "<updated>1970-01-01T00:00:00Z</updated>") {
			t.Errorf("an empty feed says\n%s\nand later\n%s", first, again)
		}
		path := asks(t, kid, "ada", wish)
		ada.Get(path).Send("form#write", fill{"text": {"Давай попробуем"}}).Is(http.StatusOK)
		if now := w.Clock.Now().Format("2006-01-02T15"); !strings.Contains(read(), "<updated>"+now) {
			t.Errorf("news from %s, and the feed says\n%s", now, read())
		}
	})
}
