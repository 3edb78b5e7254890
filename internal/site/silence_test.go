package site_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

const day = 24 * time.Hour

// left lets new learners write to a tutor, one after another, and nobody answer.
func left(t *testing.T, w *apptest.World, tutor string, learners ...string) {
	t.Helper()
	for _, name := range learners {
		asks(t, w.Person(name), tutor, wish)
		w.Later(day)
		w.Later(day)
	}
}

// TestSilenceIsToldForWhatItIs: whoever leaves people without an answer is
// told that, and what to press; whoever was away is told that.
func TestSilenceIsToldForWhatItIs(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		left(t, w, "ada", "one")
		ada.Get("/me").Is(http.StatusOK).Lacks(".banner.warn")
		left(t, w, "ada", "two")
		ada.Get("/inbox?kind=profile_reminder").Says("Обращений подряд без ответа: 2", "Ответь на следующее").Lacks(".news .talk + .talk")
		ada.Get("/me").Says("Люди не дождались ответа", "без ответа: 2").Has(`.banner a[href="/me/profile"]`)
		asks(t, w.Person("three"), "ada", wish)
		ada.Get("/me").Has(`.banner a[href="/inquiries"]`)
		w.Later(day)
		w.Later(day)
		ada.Get("/inbox?kind=profile_slept").Says("обращений подряд без ответа — 3", "Кнопка «Вернуться»")
		ada.Get("/me").Says("несколько человек подряд").Send(`.banner form[action="/me/open"]`, nil).Is(http.StatusOK).Lacks(".banner.warn")
		ada.Get("/tutors/ada").Says("на последние обращения не отвечает")
		w.Visitor().Get("/search?q=go").Is(http.StatusOK).Has(`a[href="/tutors/ada"]`).Says("на последние обращения не отвечает")
		id := asks(t, w.Person("four"), "ada", wish)
		ada.Get(id).Send("form#write", fill{"text": {"Я здесь"}}).Is(http.StatusOK)
		ada.Get("/me").Lacks(".banner.warn")
		w.Visitor().Get("/search?q=go").Says("отвечает примерно на 30 % обращений")
	})
}

// TestBeingAwayIsToldInTheInbox: a profile that ages tells its owner also
// outside the own page.
func TestBeingAwayIsToldInTheInbox(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		w.Later(61 * day)
		w.Later(15 * day)
		w.Clock.Advance(-76 * day) // the session's library has a clock of its own
		ada.SignIn()
		ada.Get("/inbox?kind=profile_reminder").Says("через 14 дней", "Я ещё здесь").Lacks(".news .talk + .talk")
		ada.Get("/inbox?kind=profile_slept").Says("от тебя давно не было вестей").Lacks(".news .talk + .talk")
		ada.Get("/me").Says("от тебя давно не было вестей")
	})
}

// TestAFullTutorLeadsOn: where there is no place nobody is led to a form.
func TestAFullTutorLeadsOn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		ada.Service(nil).Is(http.StatusOK)
		w.Person("ben").Profile(nil).Is(http.StatusOK)
		service := strings.Replace(ada.Services()[0], "/me", "", 1)
		w.Visitor().Get("/tutors/ada").Has(`.asks a[href="/tutors/ada/ask"]`).Lacks("#h-similar")
		ada.Get("/me/services").Send("#capacity", fill{"capacity": {"1"}}).Is(http.StatusOK)
		asked := asks(t, w.Person("kid"), "ada", wish)
		for _, path := range []string{"/tutors/ada", service} {
			w.Visitor().Get(path).Is(http.StatusOK).Says("Сейчас мест нет", "обращений и так хватает").Lacks(`a[href*="/ask"]`)
		}
		w.Visitor().Get("/tutors/ada").Has("#h-similar", `.grid a[href="/tutors/ben"]`).Lacks(`.grid a[href="/tutors/ada"]`)
		ada.Get(asked).Send("form#write", fill{"text": {"Начнём"}}).Is(http.StatusOK)
		w.Visitor().Get("/tutors/ada").Has(`.asks a[href="/tutors/ada/ask"]`).Lacks("#h-similar")
	})
}

// TestAClosedBoardLeadsToTheSignIn: no account is promised where none is made.
func TestAClosedBoardLeadsToTheSignIn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		w.Person("ada").Profile(nil).Is(http.StatusOK)
		kid := w.Person("kid")
		cho.Get("/admin").Send(`form[action="/admin"]`, fill{"sign_up": {"closed"}}).Is(http.StatusOK)
		kid.Forget()
		form := kid.Get("/tutors/ada/ask").Is(http.StatusOK).Says("Дальше: войти", "Новых аккаунтов на этой доске").Lacks(`main a[href^="/signup"]`)
		if strings.Contains(form.Text("main"), "придумать ник") || strings.Contains(form.Text("main"), "Выберешь ник") {
			t.Error("the form promises an account")
		}
		login := form.Send("form#ask", fill{"goal": {wish}}).Is(http.StatusOK)
		if !strings.HasPrefix(login.Path, "/login?next=") {
			t.Fatalf("a stranger is sent to %s", login.Path)
		}
		back := login.Send(`form[action$="/login"]`, fill{"code": {kid.Code}}).Is(http.StatusOK).Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		if got := back.Text("#f-goal"); got != wish {
			t.Errorf("the words became %q at %s", got, back.Path)
		}
		back.Send("form#ask", nil).Is(http.StatusOK).Says(wish)
	})
}

// TestTheFeedFollowsTheLanguage: what is chosen on the page holds for what is
// told outside of it, but not when another site's link chose it.
func TestTheFeedFollowsTheLanguage(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada").Profile(nil).Is(http.StatusOK)
		kid := w.Person("kid")
		asks(t, kid, "ada", wish)
		w.Later(day)
		w.Later(day)
		settings := kid.Get("/me/notices").Send(`form[action="/me/notices"]`, fill{"feed": {"1"}}).Is(http.StatusOK)
		address := strings.TrimPrefix(settings.Text("#feed-url"), w.URL)
		says := func(what string) {
			t.Helper()
			if feed := w.Visitor().Get(address).Is(http.StatusOK); !strings.Contains(feed.Body, what) {
				t.Errorf("the feed does not say %q:\n%s", what, feed.Body)
			}
		}
		says("От ada нет ответа")
		kid.Get("/language?set=en&next=/inbox").Is(http.StatusOK)
		says("No answer came from ada")
		kid.Get("/language?set=de&next=/inbox").Is(http.StatusOK)
		says("No answer came from ada")
		req, err := http.NewRequest(http.MethodGet, w.URL+"/language?"+url.Values{"set": {"ru"}, "next": {"/"}}.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		kid.Do(req)
		says("No answer came from ada")
		kid.Get("/language?set=ru&next=/inbox").Is(http.StatusOK)
		says("От ada нет ответа")
	})
}

// TestNoNoticeLeadsNowhere: with a thread goes what was told of it.
func TestNoNoticeLeadsNowhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		for i := range 2 {
			kid := w.Person(fmt.Sprintf("kid%d", i))
			asks(t, kid, "ada", wish)
			ada.Get("/inbox").Says("просит тебя помочь")
			if i == 0 {
				kid.Get("/me/erase").Send(`form[action="/me/erase"]`, fill{"handle": {"kid0"}}).Is(http.StatusOK)
				ada.Get("/inbox").Is(http.StatusOK).Says("Здесь пока пусто")
			}
		}
		ada.Get("/inbox").Follow(".news h2 a").Is(http.StatusOK).Says(wish)
	})
}
