package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// voice is what the pages of the way in say in one language.
type voice struct{ lang, kept, waits, answered, declined, reason, paused, expired, gone string }

// voices are both languages of the way in.
func voices() map[string]voice {
	return map[string]voice{
		"ru": {"ru", "Твой текст на месте", "ждёт ответа", "ada отвечает на твоё обращение", "ben сейчас не возьмётся",
			"Занят с другими учениками", "Ты на паузе", "От cid нет ответа", "За 48 часов ответа не пришло"},
		"en": {"en", "Your words are here", "waiting", "ada answered your inquiry", "ben cannot take this on now",
			"Busy with other learners", "You are on pause", "No answer came from cid", "No answer came in 48 hours"},
	}
}

// way is one walk of a beginner in a language and a width.
type way struct {
	t     *testing.T
	w     *apptest.World
	say   voice
	width int64

	scripts bool
}

// page is what every page of the way must hold to.
func (p *way) page(tab *apptest.Tab, says ...string) {
	p.t.Helper()
	if found := apptest.Eval[[]string](tab, wide); len(found) > 0 {
		p.t.Errorf("%s scrolls sideways: %s", apptest.Eval[string](tab, "location.pathname"), strings.Join(found, "; "))
	}
	if lang := apptest.Eval[string](tab, "document.documentElement.lang"); lang != p.say.lang {
		p.t.Errorf("%s is in %q", apptest.Eval[string](tab, "location.pathname"), lang)
	}
	text := tab.Text("body")
	for _, want := range says {
		if !strings.Contains(text, want) {
			p.t.Errorf("%s does not say %q:\n%s", apptest.Eval[string](tab, "location.pathname"), want, tab.Text("main"))
		}
	}
	if runs := apptest.Eval[bool](tab, `document.documentElement.classList.contains("js")`); runs != p.scripts {
		p.t.Errorf("scripts run: %v", runs)
	}
	tab.Clean()
}

// at is an address in the language of the way.
func (p *way) at(path string) string { return "/" + p.say.lang + path }

// told goes to the inbox by the counter and opens what it says there.
func (p *way) told(tab *apptest.Tab, says ...string) {
	p.t.Helper()
	bar := `header .nav a[href$="/inbox"]`
	if p.width < 600 {
		bar = `nav.tabs a[href$="/inbox"]`
	}
	tab.Open(p.at("/")).Sees(bar + " .badge").Go(bar)
	p.page(tab, says...)
	tab.Go(".news li:first-child h2 a")
}

// asks writes to a tutor by the form, as one who has an account.
func (p *way) asks(kid *apptest.Tab, tutor, goal string) {
	p.t.Helper()
	kid.Open(p.at("/tutors/"+tutor)).Go(".asks a.btn").Type("#f-goal", goal).Go("form#ask .acts button")
	p.page(kid, goal, p.say.waits)
}

// TestJourneyTheWayIn goes the whole way of a beginner in a browser: from the
// three questions to an answer, to a refusal and to silence.
func TestJourneyTheWayIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lang    string
		width   int64
		scripts bool
	}{"Russian on a phone": {"ru", 390, true}, "English on a desk": {"en", 1280, true}, "Russian without JavaScript": {"ru", 1280, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Chromium(t)
			if b == nil {
				return
			}
			w := apptest.New(t)
			p := &way{t: t, w: w, say: voices()[c.lang], width: c.width, scripts: c.scripts}
			open := func() *apptest.Tab {
				tab := b.Tab(w).Size(c.width, 900)
				if !c.scripts {
					tab.NoScripts()
				}
				return tab
			}
			kid := open()
			people := map[string]*apptest.Tab{}
			for _, name := range []string{"ada", "ben", "cid", "eve"} {
				tutor := w.Person(name)
				tutor.Profile(nil).Is(http.StatusOK)
				people[name] = open().Become(tutor.Client)
			}
			p.comesIn(kid)
			p.hears(kid, people["ada"])
			p.isDeclined(kid, people["ben"])
			p.isLeftAlone(kid, people["cid"])
		})
	}
}

// comesIn: three questions, a tutor, an inquiry without an account, an account
// on the way.
func (p *way) comesIn(kid *apptest.Tab) {
	p.t.Helper()
	kid.Open(p.at("/")).Go(`.door a[href$="/join"]`)
	p.page(kid)
	for question, answer := range map[string]string{"draw": "code", "level": "zero", "how": "call"} {
		apptest.Eval[bool](kid, `(document.querySelector("#f-`+question+`").value = "`+answer+`", true)`)
	}
	kid.Go("form#join button[type=submit]").Sees("#h-help", `main a[href$="/tutors/ada"]`)
	p.page(kid)
	kid.Go(`main .card a[href$="/tutors/ada"]`)
	p.page(kid)
	kid.Go(".asks a.btn").Type("#f-goal", wish).Type("#f-background", "С нуля").Go("form#ask .acts button").Sees("#f-handle")
	p.page(kid)
	kid.Type("#f-handle", "beginner").Go(`form[action$="/signup"] button.primary`).Sees("#recovery-code")
	p.page(kid)
	kid.Click("#f-saved").Go(`form[action$="/code"] button[type=submit]`)
	p.page(kid)
	kid.Go(`main a[href*="/ask"]`)
	p.page(kid, p.say.kept)
	for field, want := range map[string]string{"goal": wish, "background": "С нуля"} {
		if got := apptest.Eval[string](kid, `document.querySelector("#f-`+field+`").value`); got != want {
			p.t.Errorf("the %s became %q", field, got)
		}
	}
	kid.Go("form#ask .acts button")
	p.page(kid, wish, p.say.waits)
}

// hears: the tutor sees the counter and answers; the learner reads it in the
// inbox and by the secret feed.
func (p *way) hears(kid, ada *apptest.Tab) {
	p.t.Helper()
	const answer = "Давай **начнём** с малого"
	p.told(ada, "beginner")
	p.page(ada, wish)
	ada.Type("#f-text", answer).Go("form#write .acts button").Sees(".words .mine strong")
	p.page(ada)

	kid.Open(p.at("/me/notices")).Click("#f-feed").Go(`form[action$="/me/notices"] button[type=submit]`).Sees("#feed-url")
	p.page(kid)
	feed := p.w.Visitor().Get(strings.TrimPrefix(kid.Text("#feed-url"), p.w.URL)).Is(http.StatusOK).Body
	if !strings.Contains(feed, p.say.answered) || strings.Contains(feed, "начнём") || strings.Contains(feed, wish) {
		p.t.Errorf("the feed says:\n%s", feed)
	}
	p.told(kid, p.say.answered)
	kid.Sees(".words strong")
	p.page(kid, "начнём с малого")
}

// isDeclined: a tutor declines with a reason and pauses on the same screen; the
// learner reads why and sees others.
func (p *way) isDeclined(kid, ben *apptest.Tab) {
	p.t.Helper()
	p.asks(kid, "ben", "Понять рекурсию")
	p.told(ben, "beginner")
	ben.Click("#decline summary").Click(`#decline input[value=busy]`).Type("#f-comment", "Спроси у ады").Click("#decline input[name=pause]")
	p.page(ben)
	ben.Go("#decline button[type=submit]").Sees(".notice.ok")
	ben.Open(p.at("/me"))
	p.page(ben, p.say.paused)
	p.told(kid, p.say.declined)
	kid.Sees("#h-similar", `.grid a[href$="/tutors/ada"]`)
	p.page(kid, p.say.reason, "Спроси у ады")
}

// isLeftAlone: nobody answers for two days.
func (p *way) isLeftAlone(kid, cid *apptest.Tab) {
	p.t.Helper()
	p.asks(kid, "cid", "Собрать первого бота")
	p.w.Later(24 * time.Hour)
	p.w.Later(25 * time.Hour)
	p.told(kid, p.say.expired)
	kid.Sees("#h-similar", `.grid a[href$="/tutors/eve"]`)
	p.page(kid, p.say.gone)
	p.told(cid)
	p.page(cid)
}
