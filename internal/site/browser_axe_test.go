package site_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/transfer"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

// scene is one page as somebody sees it.
type scene struct {
	path string
	who  string             // empty: nobody
	act  func(*apptest.Tab) // what is done on the page before it is judged
}

const workshopAt = "/me/works/"

// first is who looks at a board that has no operator yet.
const first = "first"

func send(button string) func(*apptest.Tab) {
	return func(tab *apptest.Tab) { tab.Go(button) }
}

// novalidate lets a form go to the server with what the browser would refuse.
func novalidate(button string) func(*apptest.Tab) {
	return func(tab *apptest.Tab) {
		apptest.Eval[bool](tab, `(document.querySelectorAll("form").forEach((f) => f.noValidate = true), true)`)
		tab.Go(button)
	}
}

// scenes are all pages of the board, with what stands on them only sometimes:
// refused forms, warnings, empty lists, secrets told once, errors.
func scenes(c company) []scene {
	tutor, creator, service, own := c.tutor, c.creator, c.service, c.own
	save := `form .bar-end button[type=submit]`
	return append([]scene{
		{path: "/"}, {path: "/search"}, {path: "/search?q=python&kind=tutor&format=chat&price_max=2000&currency=RUB"}, {path: "/search?q=xyzzyxyzzy"},
		{path: "/search?page=2"}, {path: "/search?q=python+qwzxqwzx"},
		{path: "/search?q=godotx&format=plan&language=kk"}, {path: "/search?q=питон"}, {path: "/search?price_max=abc"}, {path: "/search#filters"},
		{path: tutor}, {path: creator}, {path: service}, {path: "/about"}, {path: "/privacy"}, {path: "/rules"}, {path: "/offline"},
		{path: "/signup"}, {path: "/signup", act: func(tab *apptest.Tab) {
			tab.Type("#f-handle", "admin")
			send(`form[action$="/signup"] button.primary`)(tab)
		}},
		{path: "/login"}, {path: "/login", act: func(tab *apptest.Tab) {
			tab.Type("#f-code", "wrong")
			send(`form[action$="/login"] button[type=submit]`)(tab)
		}},
		{path: "/claim", act: func(tab *apptest.Tab) {
			tab.Type("#f-code", c.claim)
			send(`form[action$="/claim"] button[name=preview]`)(tab)
		}},
		{path: "/claim"}, {path: "/claim", act: novalidate(`form[action$="/claim"] button.primary`)},
		{path: "/no-such-page"}, {path: "/tutors/nobody-here"}, {path: "/api/docs"},

		{path: "/me", who: "ada"}, {path: "/me/profile", who: "ada"},
		{path: "/me/profile", who: "ada", act: func(tab *apptest.Tab) {
			tab.Type("#f-headline", "пиши на ada@example.org")
			send(save)(tab)
		}},
		{path: "/me/profile", who: "ada", act: func(tab *apptest.Tab) {
			apptest.Eval[bool](tab, `(document.querySelector("input[name=link_url]").value = "javascript:1", document.querySelector("input[name=version]").value = "1", true)`)
			novalidate(save)(tab)
		}},
		{path: "/me/profile/picture", who: "ada"}, {path: "/me/profile/picture", who: "ada", act: novalidate(`form[enctype] button[type=submit]`)},
		{path: "/me/services", who: "ada"}, {path: "/me/services/new", who: "ada"},
		{path: "/me/services/new", who: "ada", act: novalidate(save)},
		{path: own, who: "ada"}, {path: own + "/delete", who: "ada"}, {path: "/me/settings", who: "ada"},
		{path: "/me/settings", who: "ada", act: send(`form[action$="/me/tokens"] button`)},
		{path: "/me/erase", who: "ada"}, {path: "/me/erase", who: "ada", act: novalidate(`form[action$="/me/erase"] button`)},
		{path: "/tutors/ada", who: "ada"}, {path: "/welcome", who: "ada"}, {path: "/admin", who: "ada"},

		{path: "/join"}, {path: "/join?draw=games&level=zero&how=call"}, {path: tutor + "/ask"},
		{path: tutor + "/ask", act: novalidate(`form#ask button[type=submit]`)}, {path: tutor + "/ask", who: "ada"},
		{path: "/inbox", who: "ada"}, {path: "/inbox?kind=message_new", who: "ada"}, {path: "/inquiries", who: "ada"}, {path: "/inquiries?all=1", who: "new"},
		{path: c.talk, who: "ada"}, {path: c.talk + "/report/" + filepath.Base(c.talk), who: "ada"}, {path: "/me/notices", who: "ada"},
		{path: "/search?q=godot", who: "ada"}, {path: "/search?q=python&free=1", who: "ada"}, {path: "/search?q=xyzzyxyzzy", who: "ada"},
		{path: "/me/searches", who: "ada"}, {path: "/me/searches", who: "new"}, {path: c.search, who: "ada"}, {path: c.search + "/delete", who: "ada"},
		{path: "/search?kind=work&licence=CC-BY-NC-4.0"}, {path: c.work}, {path: c.work + "/claim", who: "ada"}, {path: "/agreements"},
		{path: c.work + "/claim", who: "ada", act: novalidate(`form[action$="/claim"] button.primary`)},
		{path: "/me/works", who: "ada"}, {path: "/me/works", who: "new"}, {path: "/me/works/new", who: "ada"},
		{path: "/me/works/new", who: "ada", act: novalidate(save)}, {path: c.wip, who: "ada"}, {path: c.wip + "/edit", who: "ada"}, {path: c.part, who: "ada"},
		{path: strings.Replace(c.wip, "/me", "", 1), who: "ada"}, {path: strings.Replace(c.wip, "/me", "", 1) + "/consent", who: "ada"},
		{path: c.wip + "/offers/new", who: "ada"}, {path: c.wip + "/offers/new", who: "ada", act: novalidate(save)},
		{path: "/admin/agreements", who: "cho"}, {path: "/admin/agreements", who: "cho", act: novalidate(`form[action$="/admin/agreements"] button.primary`)},
		{path: "/admin/claims", who: "cho"}, {path: "/admin/claims", who: "cho", act: novalidate(`form[action*="/admin/claims/works/"] button.primary`)},
		{path: c.search, who: "ada", act: func(tab *apptest.Tab) {
			apptest.Eval[bool](tab, `(document.querySelector("#f-name").value = "", true)`)
			novalidate(`form:has(#f-name) button[type=submit]`)(tab)
		}},

		{path: "/me", who: "new"}, {path: "/me/profile", who: "new"}, {path: "/me/services", who: "new"}, {path: "/code", who: "new", act: nil},

		{path: "/me", who: "cho"}, {path: "/admin", who: "cho"}, {path: "/admin", who: "cho", act: func(tab *apptest.Tab) {
			apptest.Eval[bool](tab, `(document.querySelector("#f-name").value = "", true)`)
			novalidate(save)(tab)
		}},
		{path: "/setup", who: first}, {path: "/", who: first}, {path: "/setup", who: first, act: novalidate(save)},
		{path: "/admin/waiting", who: "cho"}, {path: "/admin/invitations", who: "cho"},
		{path: "/admin/invitations", who: "cho", act: send(`form[action$="/admin/invitations"] button`)},
		{path: "/admin/accounts", who: "cho"}, {path: "/admin/accounts?handle=zzz", who: "cho"},
	}, append(orderScenes(c.orders), licenceScenes(c.licences)...)...)
}

// axe is the judge's program, installed by deploy/test/tools; empty when it is
// not there and need not be.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "test", "node_modules", "axe-core", "axe.min.js"))
	if err == nil {
		return string(text)
	}
	if os.Getenv(dbtest.EnvRequire) != "" {
		t.Fatalf("axe-core: %v", err)
	}
	t.Log("NOT TESTED: no axe-core (deploy/test/tools installs it)")
	return ""
}

// judge asks axe-core for everything it knows to be wrong with the page. The
// page's own policy allows no script from outside, so it came by the debugger.
func judge(tab *apptest.Tab, only string) []string {
	return apptest.Eval[[]string](tab, `(async () => {
	await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
	const found = await axe.run(document, {resultTypes: ["violations"], preload: false, runOnly: [`+only+`]});
	return found.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " — " +
		(n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? "")).join(" | "));
})()`)
}

const (
	allRules = `"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"`
	colours  = `"color-contrast", "link-in-text-block"`
)

// wide lists what is broader than the window: it would scroll sideways.
const wide = `(() => {
	const w = document.documentElement;
	if (w.scrollWidth <= w.clientWidth) return [];
	return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > w.clientWidth + 1)
		.slice(0, 5).map((e) => e.tagName + "." + e.className + " to " + Math.round(e.getBoundingClientRect().right));
})()`

// everything is set by the long runs: every page is judged in all eight variants.
// Without it each is opened in both languages and judged in one of them, once
// light or dark, on a phone or on a desk, as its turn is.
const everything = "ODUVAN_TEST_EVERYTHING"

// TestEveryPageIsAccessible holds every page to axe-core without a single
// violation, and in both languages to no scrolling sideways, no request to
// others, no error in the console.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	program := axe(t)
	b := apptest.Chromium(t)
	if b == nil || program == "" {
		return
	}
	w, fresh := apptest.New(t), apptest.New(t)
	people := cast(t, w)
	all := scenes(people)
	complete(t, w, all)
	tabs := map[string]*apptest.Tab{}
	var mu sync.Mutex
	judged := 0
	for _, lang := range []string{"ru", "en"} {
		for _, who := range []string{"", "ada", "new", "cho"} {
			tab := b.Tab(w).Loads(program)
			if who != "" {
				tab.Become(people.clients[who])
			}
			tabs[lang+who] = tab
		}
		tabs[lang+first] = b.Tab(fresh).Loads(program)
	}
	work := make(chan func())
	var done sync.WaitGroup
	for range 2 {
		done.Go(func() {
			for f := range work {
				f()
			}
		})
	}
	for key, tab := range tabs {
		work <- func() {
			n := 0
			for i, s := range all {
				if key[2:] == s.who {
					n += look(t, tab, key[:2], s, variants(key[:2], i))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			judged += n
		}
	}
	close(work)
	done.Wait()
	t.Logf("%d pages in 2 languages, light or dark, 390 or 1280 px wide: %d judged", len(all), judged)
}

// variant is how a page is looked at.
type variant struct {
	width int64
	theme string
}

// variants are those in which a page of a language is judged: the pages take turns
// of eight.
func variants(lang string, nth int) []variant {
	all := []variant{{1280, "light"}, {1280, "dark"}, {390, "light"}, {390, "dark"}}
	if os.Getenv(everything) != "" {
		return all
	}
	if nth%2 == 0 != (lang == "ru") {
		return nil
	}
	one := nth / 2 % 4
	return all[one : one+1]
}

// unseen are routes that answer no page of their own: files, scripts' answers,
// redirects.
var unseen = regexp.MustCompile(`^/(static|feed|sitemap|robots|manifest|sw\.js|theme|language|search/suggest|healthz|readyz|api/openapi|api/v1|pictures|me/export|inbox/:id|\.well-known|schemas|licences/status|(fund|me/sales|transparency)\.(csv|json))`)

// complete fails the test for every page that no scene shows.
func complete(t *testing.T, w *apptest.World, all []scene) {
	t.Helper()
	for _, r := range w.Routes() {
		if r.Method != http.MethodGet || unseen.MatchString(r.Path) {
			continue
		}
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`:\w+`).ReplaceAllString(r.Path, "[^/]+") + "$")
		if !slices.ContainsFunc(all, func(s scene) bool {
			path, _, _ := strings.Cut(strings.Split(s.path, "#")[0], "?")
			return pattern.MatchString(path)
		}) {
			t.Errorf("no scene shows %s", r.Path)
		}
	}
}

// look judges one page of a language in some variants, and holds it to no
// scrolling sideways down to the narrowest phone. Of a page that only
// changed its colours the colours are asked for.
func look(t *testing.T, tab *apptest.Tab, lang string, s scene, in []variant) (judged int) {
	t.Helper()
	path := "/" + lang + s.path
	if strings.HasPrefix(s.path, "/api/") {
		path = s.path
	}
	tab.Size(1280, 900).Open(path)
	if s.act != nil {
		s.act(tab)
	}
	for _, width := range []int64{1280, 390, 320} {
		tab.Size(width, 900)
		if found := apptest.Eval[[]string](tab, wide); len(found) > 0 {
			t.Errorf("%s at %d px scrolls sideways: %s", path, width, strings.Join(found, "; "))
		}
		rules := allRules
		for _, v := range in {
			if v.width != width {
				continue
			}
			for _, violation := range judge(tab.Prefers(v.theme), rules) {
				t.Errorf("%s (%s, %d px, acted: %v): %s", path, v.theme, width, s.act != nil, violation)
			}
			rules = colours
			judged++
		}
	}
	tab.Clean()
	return judged
}

// company is who and what the pages are looked at with.
type company struct {
	clients                      map[string]*apptest.Client
	tutor, creator, service, own string
	talk                         string // the address of a thread of ada's
	claim                        string // the code of a draft
	search                       string // the address of a saved search of ada's that found something
	work                         string // the address of a work that is for sale
	part                         string // the address that takes an author out of a work of ada's
	wip                          string // the workshop of a work of ada's with an offer
	orders                       bargains
	licences                     deeds
}

func cast(t *testing.T, w *apptest.World) company {
	t.Helper()
	ctx := context.Background()
	cho := w.SetUp("cho", nil)
	if _, err := demo.Load(ctx, w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Works(ctx, w.DB, w.Licences); err != nil {
		t.Fatal(err)
	}
	ada := w.Person("ada")
	ada.Profile(nil).Is(http.StatusOK)
	ada.Service(nil).Is(http.StatusOK)
	ada.Service(apptest.Fill{"title": {"Черновик"}, "state": {"draft"}}).Is(http.StatusOK)
	ada.Token()
	wip := registers(t, ada, nil)
	publishes(ada, wip)
	offers(ada, wip, nil).Is(http.StatusOK)
	stops(t, cho, w.Person("claimant"), ada)
	part := ada.Get(workshopAt+wip).Send(`form[action$="/authors"]`, apptest.Fill{"who": {"Олег"}, "ground": {"third"}, "licence": {"CC0-1.0"}}).Attr(`.authors a[href$="/remove"]`, "href")
	licences := deeding(t, w, cho, ada)
	talk := asks(t, w.Person("kid"), "ada", wish)
	fresh := w.Person("new-one")
	fresh.Get("/me/settings").Send(`form[action$="/me/code"]`, nil).Is(http.StatusOK) // a code waits to be saved
	search := saves(ada.Client, "/search?q=godot&kind=tutor").Path
	rests := saves(ada.Client, "/search?skill=python&level=zero&level=hobby&format=call&language=ru&price_max=2000&currency=RUB&newcomer=1")
	rests.Send(`form[action$="/state"]`, apptest.Fill{"state": {"paused"}}).Is(http.StatusOK)
	w.Person("finder").Profile(apptest.Fill{"headline": {"Первая игра на Godot"}}).Is(http.StatusOK)
	cho.Get("/admin").Send(`form[action$="/admin"]`, apptest.Fill{"approval": {"1"}}).Is(http.StatusOK)
	w.Person("waiting").Profile(apptest.Fill{"link_title": {"Канал"}, "link_url": {"https://example.org/"}}).Is(http.StatusOK)
	w.Settle()
	out := company{clients: map[string]*apptest.Client{"ada": ada.Client, "new": fresh.Client, "cho": cho.Client}, own: ada.Services()[0], talk: talk, claim: draft(t, w), search: search, wip: workshopAt + wip, part: part, orders: bargaining(t, w, ada), licences: licences}
	for kind, to := range map[string]*string{"tutor": &out.tutor, "creator": &out.creator, "service": &out.service, "work": &out.work} {
		list, err := w.Catalogue.Newest(ctx, kind, 1)
		if err != nil || len(list) == 0 {
			t.Fatalf("no %s: %v", kind, err)
		}
		*to = list[0].URL
	}
	return out
}

// stops has a claim to a work of a creator upheld, and another one wait.
func stops(t *testing.T, judge, claimant, creator *apptest.Person) {
	t.Helper()
	for i := range 2 {
		id := registers(t, creator, nil)
		publishes(creator, id)
		claimant.Get("/works/"+id+"/claim").Send(`form[action$="/claim"]`, apptest.Fill{"text": {"Главы с третьей по пятую написаны мной, вот черновик"}}).Is(http.StatusOK)
		if desk := judge.Get("/admin/claims"); i == 0 {
			desk.Send(`form[action^="/admin/claims/"]`, apptest.Fill{"decision": {"upheld"}, "reason": {"Черновик старше этой работы на год."}}).Is(http.StatusOK)
		}
	}
}

// draft brings a profile that nobody claimed yet, and gives its code.
func draft(t *testing.T, w *apptest.World) string {
	t.Helper()
	var claims bytes.Buffer
	list := `[{"id":7,"name":"N","title":"Go","about":"Учу **горутинам**","description":"","experience":"2-5","price":"3000 руб","tags":"Go"}]`
	if _, err := w.Transfer.Import(t.Context(), transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(list), Claims: &claims}); err != nil {
		t.Fatal(err)
	}
	return claimCode.FindString(claims.String())
}
