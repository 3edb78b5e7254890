package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

const wish = "Хочу написать первого бота и не бояться рекурсии"

// asks writes to a tutor and returns the address of the thread.
func asks(t *testing.T, who *apptest.Person, tutor, goal string) string {
	t.Helper()
	sent := who.Get("/tutors/"+tutor+"/ask").Is(http.StatusOK).Send("form#ask", fill{"goal": {goal}}).Is(http.StatusOK)
	if !strings.HasPrefix(sent.Path, "/inquiries/") {
		t.Fatalf("after sending: %s\n%s", sent.Path, sent.Text("main"))
	}
	return sent.Path
}

// TestAStrangerAsksATutor goes the whole way of a beginner: the words wait
// while an account is made.
func TestAStrangerAsksATutor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		ada.Service(nil).Is(http.StatusOK)
		service := strings.Replace(ada.Services()[0], "/me", "", 1)

		kid := w.Visitor()
		form := kid.Get(service).Is(http.StatusOK).Follow(".asks a.btn").Is(http.StatusOK).Says("Разбор кода", "48 часов", "Контакты не нужны")
		form.Send("form#ask", fill{"background": {"С нуля"}}).Is(http.StatusUnprocessableEntity).Has("#f-goal-error", "#f-background")
		warned := form.Send("form#ask", fill{"goal": {wish + ", пиши на kid@example.org"}, "background": {"С нуля"}}).Is(http.StatusUnprocessableEntity).
			Has("input[name=confirm]").Lacks("#troubles")
		signup := warned.Send("form#ask", fill{"confirm": {"1"}}).Is(http.StatusOK)
		if !strings.HasPrefix(signup.Path, "/signup?next=") {
			t.Fatalf("a stranger is sent to %s", signup.Path)
		}
		code := signup.Send(`form[action$="/signup"]`, fill{"handle": {"beginner"}}).Is(http.StatusOK).Has("#recovery-code")
		welcome := code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		back := welcome.Follow(`main a[href*="/ask"]`).Is(http.StatusOK).Says("Твой текст на месте")
		if got := back.Text("#f-goal"); got != wish+", пиши на kid@example.org" {
			t.Errorf("the goal became %q", got)
		}
		if got := back.Text("#f-background"); got != "С нуля" {
			t.Errorf("the background became %q", got)
		}
		sent := back.Has("input[name=confirm][checked]").Send("form#ask", nil).Is(http.StatusOK).Says(wish, "Разбор кода", "ждёт ответа")
		ada.Get("/inquiries").Is(http.StatusOK).Says("beginner", "пишет тебе").Follow(".talk h2 a").Is(http.StatusOK).Says(wish, "Ждёт твоего ответа")
		// Nothing is kept any longer, and a second one does not go out.
		again := kid.Get("/tutors/ada/ask").Is(http.StatusOK)
		if got := again.Text("#f-goal"); got != "" {
			t.Errorf("the goal is still kept: %q", got)
		}
		refused := again.Send("form#ask", fill{"goal": {"Ещё раз"}}).Is(http.StatusConflict).Has("#troubles")
		if got := refused.Text("#f-goal"); got != "Ещё раз" {
			t.Errorf("the refused form holds %q", got)
		}
		w.Visitor().Get(sent.Path).Has(`form[action$="/login"]`)
		for _, other := range []*apptest.Person{w.Person("ben")} {
			other.Get(sent.Path).Is(http.StatusNotFound)
			other.Get("/inquiries?all=1").Is(http.StatusOK).Lacks(".talk")
		}
	})
}

// TestNobodySignsUpInVain tells that a tutor cannot be asked now before words
// are typed and before an account is made for them.
func TestNobodySignsUpInVain(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ada.Profile(nil).Is(http.StatusOK)
		ben.Profile(nil).Is(http.StatusOK)
		w.Person("cid").Profile(nil).Is(http.StatusOK)
		kid := w.Visitor()
		full, paused := kid.Get("/tutors/ada/ask").Is(http.StatusOK).Lacks("#troubles"), kid.Get("/tutors/ben/ask").Is(http.StatusOK)
		ada.Get("/me/services").Send("#capacity", fill{"capacity": {"1"}}).Is(http.StatusOK)
		asks(t, w.Person("first"), "ada", wish)
		rest := asks(t, w.Person("other"), "ben", wish)
		ben.Get(rest).Send("#decline form", fill{"reason": {"on_break"}, "pause": {"1"}}).Is(http.StatusOK)
		for name, c := range map[string]struct {
			form *apptest.Page
			says string
		}{"ada": {full, "уже пишет много людей"}, "ben": {paused, "на паузе"}} {
			refused := c.form.Send("form#ask", fill{"goal": {wish}, "background": {"С нуля"}}).Is(http.StatusConflict).
				Has("#refused", "#h-similar").Lacks("form#ask", "#troubles").Says(c.says)
			if got := refused.Text("#unsent"); !strings.Contains(got, wish) || !strings.Contains(got, "С нуля") {
				t.Errorf("%s: given back: %q", name, got)
			}
			kid.Get("/tutors/"+name+"/ask").Is(http.StatusOK).Has("#refused", `#refused a[href^="/search?kind=tutor"]`, "#h-similar").
				Lacks("form#ask", "#troubles", "#unsent").Says(c.says)
		}
		ada.Get("/tutors/ada/ask").Has("#refused").Lacks("form#ask", "#troubles")
	})
}

// TestAFormSentTwiceIsOneInquiry presses the button again before the answer came.
func TestAFormSentTwiceIsOneInquiry(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		form := kid.Get("/tutors/ada/ask")
		first, second := form.Send("form#ask", fill{"goal": {wish}}).Is(http.StatusOK), form.Send("form#ask", fill{"goal": {wish}}).Is(http.StatusOK)
		if first.Path != second.Path || !strings.HasPrefix(first.Path, "/inquiries/") {
			t.Errorf("sent twice: %s and %s", first.Path, second.Path)
		}
		if got := len(ada.Get("/inquiries").Texts(".talk")); got != 1 {
			t.Errorf("%d inquiries", got)
		}
	})
}

// TestAnExpiredFormKeepsTheWords sends a form whose session is gone.
func TestAnExpiredFormKeepsTheWords(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada").Profile(nil).Is(http.StatusOK)
		kid := w.Visitor()
		form := kid.Get("/tutors/ada/ask").Is(http.StatusOK)
		kid.Forget()
		refused := form.Send("form#ask", fill{"goal": {wish}}).Is(http.StatusForbidden).Has("#troubles")
		if got := refused.Text("#f-goal"); got != wish {
			t.Errorf("the form holds %q", got)
		}
		if got := refused.Send("form#ask", nil).Is(http.StatusOK).Path; !strings.HasPrefix(got, "/signup") {
			t.Errorf("the form leads to %s", got)
		}
	})
}

// TestManyWordsWait keeps the largest inquiry that can be typed.
func TestManyWordsWait(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada").Profile(nil).Is(http.StatusOK)
		var b strings.Builder
		for i := range 1000 {
			b.WriteRune(rune(0x1F300 + i*7919%0x2f0))
		}
		most := b.String()
		kid := w.Visitor()
		kid.Get("/tutors/ada/ask").Send("form#ask", fill{"goal": {most}, "background": {most}, "expectation": {most}}).Is(http.StatusOK)
		if got := kid.Get("/tutors/ada/ask").Text("#f-expectation"); got != most {
			t.Errorf("%d of %d bytes are left", len(got), len(most))
		}
	})
}

func TestThread(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		kid.Get(path).Lacks("#decline").Has("#withdraw")

		at := ada.Get(path).Is(http.StatusOK).Has("#decline").Lacks("#withdraw", "#close")
		warned := at.Send("form#write", fill{"text": {"Звони: +7 999 123-45-67"}}).Is(http.StatusUnprocessableEntity).Has("input[name=confirm]")
		if got := warned.Text("#f-text"); got != "Звони: +7 999 123-45-67" {
			t.Errorf("the answer became %q", got)
		}
		at.Send("form#write", fill{"text": {"Давай **начнём** с малого"}}).Is(http.StatusOK).Has(".words .mine strong").Lacks("#decline").Has("#close")
		ada.Get(path).Send(`form[action$="/marks"]`, fill{"on": {"1"}}).Is(http.StatusOK)
		kid.Get(path).Is(http.StatusOK).Has(".words strong").Says("есть ответ").Send(`form[action$="/marks"]`, fill{"on": {"1"}}).Is(http.StatusOK)
		ada.Get(path).Says("Прочитано")

		// The learner reports what the tutor wrote; a short reason is refused.
		form := kid.Get(path).Follow(`.words a[href*="/report/"]`).Is(http.StatusOK).Says("начнём")
		form.Send(`form[action*="/report/"]`, fill{"reason": {"плохо"}}).Is(http.StatusUnprocessableEntity).Has("#f-reason-error")
		form.Send(`form[action*="/report/"]`, fill{"reason": {"Зовёт в чужой мессенджер и просит номер"}}).Is(http.StatusOK).Says("Ты пожаловался")
		ada.Get(path).Lacks(`.words a[href*="/report/"]`)

		closed := ada.Get(path).Send("#close form", nil).Is(http.StatusOK).Says("Переписка закрыта").Lacks("#write")
		closed.Lacks("#close")
		kid.Get(path).Is(http.StatusOK).Lacks("#write")
	})
}

func TestALongThreadHasPages(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, kid := w.Person("ada"), w.Person("kid")
	ada.Profile(nil).Is(http.StatusOK)
	path := asks(t, kid, "ada", wish)
	for i := range 52 {
		who := ada
		if i%2 == 1 {
			who = kid
		}
		who.Post(path, map[string][]string{"csrf": {who.CSRF()}, "text": {"Сообщение номер " + strings.Repeat("и", i+1)}}).Is(http.StatusOK)
	}
	last := kid.Get(path).Is(http.StatusOK)
	if n := len(last.Texts(".words > li")); n != 2 {
		t.Errorf("the last page shows %d messages", n)
	}
	if n := len(last.Follow(`.talking a.btn`).Is(http.StatusOK).Texts(".words > li")); n != 50 {
		t.Errorf("the page before shows %d messages", n)
	}
}

func TestDeclineWithAPause(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		w.Person("ben").Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		at := ada.Get(path)
		at.Send("#decline form", fill{"reason": {"other"}}).Is(http.StatusUnprocessableEntity).Has("#decline[open]", "#f-comment-error")
		at.Send("#decline form", fill{"reason": {"busy"}, "pause": {"1"}, "paused_until": {"2001-01-01"}}).
			Is(http.StatusUnprocessableEntity).Has("#f-paused_until-error", "input[name=pause][checked]")
		until := w.Clock.Now().Add(20 * 24 * time.Hour).Format("2006-01-02")
		at.Send("#decline form", fill{"reason": {"busy"}, "comment": {"Спроси у *бена*"}, "pause": {"1"}, "paused_until": {until}}).Is(http.StatusOK)
		ada.Get("/me").Says("Ты на паузе")
		kid.Get(path).Says("Занят с другими учениками", "Похожие наставники", "ben").Lacks("#write").Has(`a[href*="/search?"]`)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK).Lacks(".asks")
		kid.Get("/tutors/ada/ask").Is(http.StatusOK).Has("#refused").Lacks("form#ask")
	})
}

func TestSilenceExpires(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		w.Person("ben").Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		w.Later(24 * time.Hour)
		w.Later(23 * time.Hour)
		kid.Get(path).Says("ждёт ответа")
		w.Later(2 * time.Hour)
		kid.Get(path).Says("За 48 часов ответа не пришло", "ben").Lacks("#write", "#withdraw")
		ada.Get(path).Says("48 часов прошли").Lacks("#decline", "#write")
		kid.Get("/inquiries").Says("Никто никого не ждёт")
		kid.Get("/inquiries?all=1").Says("без ответа")
	})
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		at := ada.Get(path)
		kid.Get(path).Send("#withdraw form", nil).Is(http.StatusOK).Says("Ты отозвал")
		refused := at.Send("form#write", fill{"text": {"Мой длинный ответ"}})
		if refused.Status != http.StatusConflict {
			t.Errorf("answering what was withdrawn: %d", refused.Status)
		}
	})
}

func TestTheOtherSideIsErased(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)
		ada.Get(path).Send("form#write", fill{"text": {"Давай попробуем"}}).Is(http.StatusOK)
		kid.Get("/me/erase").Send(`form[action$="/me/erase"]`, fill{"handle": {"kid"}}).Is(http.StatusOK)
		ada.Get(path).Is(http.StatusOK).Says("стёртый аккаунт", "Давай попробуем").Lacks("#write", "#close")
		if strings.Contains(ada.Get(path).Body, wish) {
			t.Error("the erased words are still there")
		}
	})
}

func TestInboxAndFeed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		kid.Get("/inbox").Is(http.StatusOK).Says("Здесь пока пусто").Lacks(".nav .badge")
		path := asks(t, kid, "ada", wish)
		ada.Get("/").Has(`.nav a[href="/inbox"] .badge`, `.tabs a[href="/inbox"] .badge`)
		opened := ada.Get("/inbox").Is(http.StatusOK).Says("kid просит тебя помочь").Follow(".news h2 a").Is(http.StatusOK)
		if opened.Path != path {
			t.Errorf("the notice leads to %s, not to %s", opened.Path, path)
		}
		opened.Lacks(".nav .badge").Send("form#write", fill{"text": {"Секретные слова ответа"}}).Is(http.StatusOK)

		// The learner hears of it in the feed, in general words.
		settings := kid.Get("/me/notices").Is(http.StatusOK).Lacks("#feed-url", "#push").
			Send(`form[action="/me/notices"]`, fill{"feed": {"1"}}).Is(http.StatusOK)
		address := strings.TrimPrefix(settings.Text("#feed-url"), w.URL)
		feed := w.Visitor().Get(address).Is(http.StatusOK)
		if got := feed.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/atom+xml") {
			t.Errorf("the feed is %s", got)
		}
		if !strings.Contains(feed.Body, "ada отвечает на твоё обращение") || strings.Contains(feed.Body, "Секретные") || strings.Contains(feed.Body, wish) {
			t.Errorf("the feed says:\n%s", feed.Body)
		}
		settings.Send(`form[action="/me/notices/feed"]`, nil).Is(http.StatusOK)
		w.Visitor().Get(address).Is(http.StatusNotFound)

		inbox := kid.Get("/inbox?unread=1").Is(http.StatusOK).Says("ada отвечает")
		w.Clock.Advance(time.Second)
		ada.Get(path).Send("form#write", fill{"text": {"И ещё"}}).Is(http.StatusOK)
		inbox.Send(`form[action="/inbox/read"]`, nil).Is(http.StatusOK)
		if got := kid.Get("/inbox?unread=1").Texts(".news h2"); len(got) != 1 || got[0] != "Новое сообщение от ada." {
			t.Errorf("what came later is %q", got)
		}
		kid.Get("/inbox?kind=message_new").Send(`form[action$="/remove"]`, nil).Is(http.StatusOK)
		kid.Get("/inbox?kind=message_new").Is(http.StatusOK).Lacks(".news .talk")
		kid.Get("/inbox?kind=nonsense").Is(http.StatusUnprocessableEntity)

		// A third party opens nothing of it.
		mine := kid.Get("/inbox").Attr(".news h2 a", "href")
		w.Person("ben").Get(mine).Is(http.StatusNotFound)
		// Kinds that are off tell nothing.
		kid.Get("/me/notices").Send(`form[action="/me/notices"]`, fill{"on": nil}).Is(http.StatusOK).Lacks(`input[name=on][checked]`)
		before := len(kid.Get("/inbox").Texts(".news h2"))
		ada.Get(path).Send("form#write", fill{"text": {"И ещё раз"}}).Is(http.StatusOK)
		if got := len(kid.Get("/inbox").Texts(".news h2")); got != before {
			t.Errorf("%d notices, there were %d", got, before)
		}
	})
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Get("/me/services").Is(http.StatusOK).Lacks("#capacity")
		ada.Profile(nil).Is(http.StatusOK)
		page := ada.Get("/me/services").Is(http.StatusOK)
		refused := page.Send("#capacity", fill{"capacity": {"много"}}).Is(http.StatusUnprocessableEntity).Has("#f-capacity-error")
		if got := refused.Attr("#f-capacity", "value"); got != "много" {
			t.Errorf("the field holds %q", got)
		}
		page.Send("#capacity", fill{"capacity": {"1"}}).Is(http.StatusOK).Has(`#f-capacity[value="1"]`)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK).Says("возьмёт ещё 1 обращение")
		asks(t, w.Person("kid"), "ada", wish)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK).Says("обращений и так хватает")
		w.Person("ben").Get("/tutors/ada/ask").Is(http.StatusOK).Has("#refused").Lacks("form#ask")
	})
}

// TestTheWayIn goes from three questions to a tutor's form.
func TestTheWayIn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ada.Profile(fill{"skill": {"Go"}}).Is(http.StatusOK)
		ada.Service(fill{"title": {"План на месяц"}, "format": {"plan"}, "minutes": {""}}).Is(http.StatusOK)
		ben.Profile(fill{"skill": {"Python"}}).Is(http.StatusOK)
		ben.Service(fill{"title": {"Первый шаг"}, "pricing": {"free"}, "price": {""}}).Is(http.StatusOK)

		kid := w.Visitor()
		page := kid.Get("/").Is(http.StatusOK).Follow(`.door a[href="/join"]`).Is(http.StatusOK).Lacks("#h-plans", ".card")
		if got := len(page.Texts("#join select")); got != 3 {
			t.Errorf("%d questions", got)
		}
		found := page.Send("form#join", fill{"draw": {"code"}, "level": {"zero"}}).Is(http.StatusOK)
		if got := found.Texts("h2"); strings.Join(got[:3], "|") != "Сначала — бесплатное|План учёбы|Бесплатно — с наставником" {
			t.Errorf("the sections are %q", got)
		}
		found.Says("План на месяц", "Первый шаг", "ada").Has(`option[value=code][selected]`)
		kid.Get("/join?draw=<b>&level=x&how=").Is(http.StatusOK)
		kid.Get("/search?q=zzzzqqqq").Has(`.nothing a[href="/join"]`)
		found.Follow(`#h-paid ~ .shelf a[href^="/tutors/"], section .shelf a[href^="/tutors/"]`).Is(http.StatusOK).Has(".asks a.btn")
	})
}
