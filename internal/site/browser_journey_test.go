package site_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// journey starts a browser on a board of its own; nil when there is none.
func journey(t *testing.T) (*apptest.World, *apptest.Tab) {
	t.Helper()
	t.Parallel()
	b := apptest.Chromium(t)
	if b == nil {
		return nil, nil
	}
	w := apptest.New(t)
	return w, b.Tab(w)
}

// The first run in a browser: the one-time code, the board's name, the
// operator's recovery code.
func TestJourneyFirstRun(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	code, err := w.Branch.NewSetupCode(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	tab.Open("/setup").Type("#f-code", code).Type("#f-handle", "cho").Type("#f-name", "Ветвь Чо")
	tab.Go(`main form .bar-end button[type=submit]`).At("/code").Sees("#recovery-code")
	tab.Click("#f-saved").Go(`form[action="/code"] button[type=submit]`).At("/welcome")
	tab.Open("/admin").Sees(`form[action="/admin"]`)
	if got := apptest.Eval[string](tab, `document.querySelector("#f-name").value`); got != "Ветвь Чо" {
		t.Errorf("the board is called %q", got)
	}
	if got := tab.Open("/").Text(".brandmark"); !strings.Contains(got, "Ветвь Чо") {
		t.Errorf("the header says %q", got)
	}
	tab.Clean()
}

// An account with a passkey, made and used as on a phone: sign up, add the
// passkey, sign out, come back by it alone.
func TestJourneyPasskey(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	_ = w
	tab.Authenticator()
	tab.Open("/signup").Type("#f-handle", "ada").Go(`form[action="/signup"] button.primary`).At("/code")
	tab.Click("#f-saved").Go(`form[action="/code"] button[type=submit]`).At("/welcome")
	tab.Sees(`[data-passkey] button`).Click(`[data-passkey] button`).At("/me")
	tab.Open("/me/settings").Sees("#passkeys .keys li")

	tab.Go(`#sessions form button`).At("/")
	tab.Open("/me").At("/login").Sees(`[data-passkey] button`).Click(`[data-passkey] button`).At("/me")
	if got := tab.Open("/me/settings").Text(".handle"); !strings.Contains(got, "ada") {
		t.Errorf("signed in as %q", got)
	}
	tab.Clean()
}

// Without JavaScript the recovery code is the way in, and nothing is missing.
func TestJourneyCodeWithoutJavaScript(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	ada := w.Person("ada") // her code is needed: pages without scripts cannot be asked
	tab.NoScripts()
	tab.Open("/login").Sees(`[data-without]`).Type("#f-code", ada.Code).Go(`form[action="/login"] button[type=submit]`)
	tab.Sees("#recovery-code").Click("#f-saved").Go(`form[action="/code"] button[type=submit]`)
	tab.Open("/me/profile").Type("#f-headline", "Первая игра на Godot").Click(`input[name=roles][value=tutor]`).
		Click(`input[name=roles][value=tutor]`).Click(`input[name=state][value=open]`)
	tab.Type("#f-about", "Делаем **игру**.").Go(`button[name=preview]`).Sees(".prose.shown strong")
	tab.Go(`form .bar-end button[type=submit]`).Sees(".notice.ok")
	w.Visitor().Get("/search?q=godot").Is(200).Has(`a[href$="/tutors/ada"]`)

	tab.Open("/signup").Sees("main")
	tab.Open("/me/settings").Go(`#sessions form button`)
	tab.Open("/signup").Type("#f-handle", "ben").Go(`form[action="/signup"] button.primary`).Sees("#recovery-code")
	tab.Click("#f-saved").Go(`form[action="/code"] button[type=submit]`).Sees("main")
	tab.Clean()
}

// A tutor publishes a profile with two services and a learner finds it by
// search, with suggestions on the way.
func TestJourneyPublishAndFind(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	tab.Become(w.Person("ada").Client)
	tab.Open("/me/profile").Type("#f-name", "Ада").Type("#f-headline", "Шейдеры без страха").Type("#f-about", "Пишем *шейдеры*.")
	tab.Type(`[aria-label][list="known-skills"]`, "Unity").Keys(kb.Enter).Sees(`.picked li`)
	tab.Click(`[data-preview] button`).Sees(`[data-preview] .prose em`)
	tab.Click(`input[name=formats][value=chat]`).Click(`input[name=state][value=open]`)
	tab.Go(`form .bar-end button[type=submit]`).At("/me/profile").Sees(".notice.ok")
	for i, title := range []string{"Разбор шейдера", "Учебный план по графике"} {
		tab.Open("/me/services/new").Type("#f-title", title).Type("#f-price", fmt.Sprint(1000*(i+1)))
		tab.Go(`form .bar-end button[type=submit]`).At("/me/services").Sees(".notice.ok")
	}

	tab.Open("/").Type(`main input[type=search], header input[type=search]`, "шейдер")
	tab.Until(`document.querySelector("[role=listbox] [role=option]")`)
	tab.Keys(kb.Escape)
	tab.Keys(kb.Enter).At("/search").Sees(`.grid a[href="/tutors/ada"]`)
	tab.Go(`.grid a[href="/tutors/ada"]`).At("/tutors/ada")
	page := tab.Text("main")
	for _, want := range []string{"Ада", "Шейдеры без страха", "Разбор шейдера", "Учебный план по графике"} {
		if !strings.Contains(page, want) {
			t.Errorf("the profile does not say %q:\n%s", want, page)
		}
	}
	tab.Clean()
}

// The language changes by one link and stays on the page.
func TestJourneyLanguage(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	w.Person("ada").Profile(nil).Is(200)
	tab.Open("/tutors/ada")
	lang := `document.documentElement.lang`
	before := apptest.Eval[string](tab, lang)
	tab.Go(`header .nav a[hreflang]`)
	after := apptest.Eval[string](tab, lang)
	if before == after || !strings.HasSuffix(apptest.Eval[string](tab, "location.pathname"), "/tutors/ada") {
		t.Errorf("the language was %s and is %s at %s", before, after, apptest.Eval[string](tab, "location.pathname"))
	}
	tab.Go(`.brandmark`)
	if got := apptest.Eval[string](tab, lang); got != after {
		t.Errorf("the next page is in %s, want %s", got, after)
	}
	tab.Go(`header .nav a[hreflang]`)
	if got := apptest.Eval[string](tab, lang); got != before {
		t.Errorf("back again: %s, want %s", got, before)
	}
	tab.Clean()
}

// On a phone: the bottom bar leads around, the filters are a dialog that the
// keyboard opens, stays in and closes.
func TestJourneyPhone(t *testing.T) {
	w, tab := journey(t)
	if tab == nil {
		return
	}
	ada := w.Person("ada")
	ada.Profile(nil).Is(200)
	ada.Service(nil).Is(200)
	tab.Size(390, 844).Open("/").Sees("nav.tabs")
	tab.Go(`nav.tabs a[href="/search"]`).At("/search")
	focused := func() string { return apptest.Eval[string](tab, `document.activeElement?.className ?? ""`) }
	apptest.Eval[bool](tab, `(document.querySelector("a.fbtn").focus(), true)`)
	tab.Keys(kb.Enter).Until(`document.querySelector("#filters[role=dialog][aria-modal=true]")`)
	if got := focused(); !strings.Contains(got, "fclose") {
		t.Errorf("the open dialog has the focus on %q", got)
	}
	for range 40 { // all the way round: nothing behind takes the focus
		tab.Keys(kb.Tab)
		if !apptest.Eval[bool](tab, `document.activeElement === document.body || !!document.activeElement.closest("#filters")`) {
			t.Fatalf("the focus left the dialog for %q", focused())
		}
	}
	tab.Keys(kb.Escape).Until(`!document.querySelector("#filters[role=dialog]")`)
	if got := focused(); !strings.Contains(got, "fbtn") {
		t.Errorf("after Escape the focus is on %q", got)
	}
	tab.Click("a.fbtn").Sees("#filters").Click(`#filters input[name=kind][value=service]`).Go(`#filters button.apply`)
	tab.Sees(`.grid a[href^="/services/"]`)
	tab.Clean()
}

// The tests' own eyes: what a page must not do is seen when it does it.
func TestBrowserSeesWhatAPageMustNotDo(t *testing.T) {
	_, tab := journey(t)
	if tab == nil {
		return
	}
	for what, script := range map[string]string{
		"an inline script":        `(() => { const s = document.createElement("script"); s.textContent = "1"; document.body.append(s); return true; })()`,
		"a picture of others":     `(() => { const i = new Image(); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i); return true; })()`,
		"a request to others":     `fetch("http://127.0.0.1:9/").then(() => true, () => true)`,
		"an error in the console": `(console.error("x"), true)`,
		"an exception":            `(setTimeout(() => { throw new Error("x") }), true)`,
	} {
		tab.Open("/about").Clean()
		apptest.Eval[bool](tab, script)
		seen := 0
		for range 200 {
			if seen += len(tab.Problems()); seen > 0 {
				break
			}
			apptest.Eval[bool](tab, "new Promise((done) => setTimeout(() => done(true), 10))")
		}
		if seen == 0 {
			t.Errorf("%s goes unseen", what)
		}
		tab.Open("/about").Problems()
	}
}
