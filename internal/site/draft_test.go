package site_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
)

// sessionRows counts rows of sessions, of those who are signed in or of all
// others. A browser with words that wait has one more.
func sessionRows(t *testing.T, w *apptest.World, signed bool) (n int) {
	t.Helper()
	if err := w.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw("SELECT count(*) FROM session WHERE (account_id IS NOT NULL) = ?", signed).Scan(context.Background(), &n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// enters signs somebody in on the page that a form without a session led to,
// on whosever browser it is.
func enters(t *testing.T, who *apptest.Person, login *apptest.Page) *apptest.Page {
	t.Helper()
	code := login.Is(http.StatusOK).Send(`form[action$="/login"]`, fill{"code": {who.Code}}).Is(http.StatusOK)
	who.Code = code.Text("#recovery-code")
	return code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
}

const unsent = "Это только для меня"

// TestUnsentWordsAreTheirWritersAlone lets the other side of the same thread
// sign in next on a browser where an answer waits.
func TestUnsentWordsAreTheirWritersAlone(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		at := ada.Get(path)
		kid.Forget()
		ada.Forget()
		login := at.Send("form#write", fill{"text": {unsent}}).Is(http.StatusOK).Says("твой текст сохранён")
		if got := sessionRows(t, w, false); got != 2 {
			t.Errorf("%d rows for a session and the words", got)
		}
		thread := enters(t, kid, login)
		if thread.Path != path || strings.Contains(thread.Body, unsent) {
			t.Errorf("%s shows another's words, or is another page", thread.Path)
		}
		if got := sessionRows(t, w, false); got != 0 {
			t.Errorf("another's words are still kept: %d rows", got)
		}
		before := sessionRows(t, w, true)
		ada.Forget()
		back := returns(t, ada, at.Send("form#write", fill{"text": {unsent}}), path)
		if !strings.Contains(back.Body, unsent) {
			t.Error("one's own words are lost")
		}
		if got := sessionRows(t, w, true) - before; got != 1 { // the code ended the session of before
			t.Errorf("%d rows more for the words", got)
		}
	})
}

// TestUnsentWordsEnd waits, signs out and erases: each ends what waits.
func TestUnsentWordsEnd(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		at := ada.Get(path)
		waits := func() {
			t.Helper()
			ada.Forget()
			if back := returns(t, ada, at.Send("form#write", fill{"text": {unsent}}), path); !strings.Contains(back.Body, unsent) {
				t.Fatal("nothing waits")
			}
		}
		waits()
		rows := sessionRows(t, w, true)
		w.Clock.Advance(24*time.Hour - time.Minute)
		if !strings.Contains(ada.Get(path).Body, unsent) {
			t.Error("gone before a day")
		}
		w.Clock.Advance(time.Minute)
		if strings.Contains(ada.Get(path).Body, unsent) {
			t.Error("still there after a day")
		}
		if err := w.Accounts.Expire(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := rows - sessionRows(t, w, true); got < 1 {
			t.Error("the words are still stored")
		}

		waits()
		rows = sessionRows(t, w, true)
		ada.Get("/me").Send(`form[action$="/logout"]`, nil).Is(http.StatusOK)
		if got := rows - sessionRows(t, w, true); got != 2 {
			t.Errorf("signing out ended %d rows", got)
		}

		waits()
		kid.Get("/me/erase").Send(`form[action$="/me/erase"]`, fill{"handle": {"kid"}}).Is(http.StatusOK)
		ada.Get("/me/erase").Send(`form[action$="/me/erase"]`, fill{"handle": {"ada"}}).Is(http.StatusOK)
		if got := sessionRows(t, w, true); got != 0 {
			t.Errorf("%d rows outlive the accounts", got)
		}
	})
}

// TestPlantedWordsStayNobodys posts to a thread what is no form of ours, and a
// form of one's own in another's name.
func TestPlantedWordsStayNobodys(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, kid, eve := w.Person("ada"), w.Person("kid"), w.Person("eve")
	ada.Profile(nil).Is(http.StatusOK)
	path := asks(t, kid, "ada", wish)
	token := func(who *apptest.Person) string { return who.Get("/me").Attr(`input[name="csrf"]`, "value") }
	_, mark, ok := strings.Cut(token(eve), ".")
	if _, again, _ := strings.Cut(token(ada), "."); !ok || len(mark) != 22 || mark == again || strings.Contains(token(ada), mark) {
		t.Fatalf("marks %q and %q", mark, again)
	}
	for name, csrf := range map[string]string{"none": "", "a stranger's": w.Visitor().Get("/login").Attr(`input[name="csrf"]`, "value"), "an odd one": "f.x"} {
		v := w.Visitor()
		v.Post(path, url.Values{"csrf": {csrf}, "text": {"Подброшено"}}).Is(http.StatusOK).Lacks(".flashes")
		for _, c := range v.Cookies() {
			if strings.HasSuffix(c.Name, "session") {
				t.Errorf("%s: words were kept", name)
			}
		}
	}
	for name, csrf := range map[string]string{"eve's own": token(eve), "made up": "f." + strings.Repeat("A", 22)} {
		v := w.Visitor()
		login := v.Post(path, url.Values{"csrf": {csrf}, "text": {"Подброшено"}}).Is(http.StatusOK)
		if back := enters(t, ada, login); back.Path != path || strings.Contains(back.Body, "Подброшено") {
			t.Errorf("%s: planted words stand in the form", name)
		}
	}
}
