package apptest_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// public stands in a profile: it must be found where the words of a thread must
// not. Both begin with Latin letters that no rule of the search changes.
const (
	public  = "Zqxopen"
	private = "zqxpriv"
)

// talk is a tutor and a learner who wrote to each other whatever can be
// written, each piece in words that stand nowhere else.
type talk struct {
	*apptest.World
	operator, ada, kid, cyd, dan *apptest.Person
	hers, his                    map[string]string // what each wrote and is kept
	never                        map[string]string // what was typed and never kept
	feeds                        map[string]string // whose → path
}

// wrote are words of one piece. They are told apart from all others.
func wrote(side, piece string) string {
	return fmt.Sprintf("Ъщё%s%s фхц%sтайна %s%s", side, piece, piece, private, piece)
}

func newTalk(t *testing.T, w *apptest.World) *talk {
	t.Helper()
	k := &talk{World: w, hers: map[string]string{}, his: map[string]string{}, never: map[string]string{}, feeds: map[string]string{}}
	for i, piece := range []string{"answer", "comment", "report", "scripted"} {
		k.hers["her "+piece] = wrote("её", strings.Repeat("ю", i+1))
	}
	for i, piece := range []string{"goal", "background", "expectation", "question", "report", "second goal", "scripted goal"} {
		k.his["his "+piece] = wrote("его", strings.Repeat("э", i+1))
	}
	for i, piece := range []string{"text too long", "contact not confirmed", "draft of a stranger", "form of another"} {
		k.never[piece] = wrote("ничьё", strings.Repeat("ы", i+1))
	}
	k.operator = w.SetUp("cho", nil)
	k.ada, k.kid, k.cyd, k.dan = w.Person("ada"), w.Person("kid"), w.Person("cyd"), w.Person("dan")
	for _, p := range []*apptest.Person{k.ada, k.dan} {
		p.Profile(apptest.Fill{"headline": {public + " " + p.Handle}}).Is(http.StatusOK)
	}
	for _, p := range []*apptest.Person{k.operator, k.ada, k.kid, k.cyd, k.dan} {
		page := p.Get("/me/notices").Is(http.StatusOK)
		page = page.Send(`form[action="/me/notices"]`, apptest.Fill{"on": page.Attrs("input[name=on]", "value"), "feed": {"1"}})
		k.feeds[p.Handle] = strings.TrimPrefix(page.Text("#feed-url"), w.URL)
	}
	k.write()
	return k
}

// asks sends an inquiry of kid's and gives its address.
func (k *talk) asks(tutor string, fill apptest.Fill) string {
	k.T.Helper()
	at := k.kid.Get("/tutors/"+tutor+"/ask").Is(http.StatusOK).Send("form#ask", fill).Is(http.StatusOK).Path
	if !strings.HasPrefix(at, "/inquiries/") {
		k.T.Fatalf("an inquiry led to %s", at)
	}
	return at
}

// write says everything: by forms and by the API, kept and refused.
func (k *talk) write() {
	k.T.Helper()
	path := k.asks("ada", apptest.Fill{"goal": {k.his["his goal"]}, "background": {k.his["his background"]}, "expectation": {k.his["his expectation"]}})
	report := func(p *apptest.Person, selector, why string) {
		k.T.Helper()
		p.Get(path).Is(http.StatusOK).Follow(selector).Is(http.StatusOK).Send(`form[action*="/report/"]`, apptest.Fill{"reason": {why}}).Is(http.StatusOK)
	}
	k.ada.Get(path).Send("form#write", apptest.Fill{"text": {k.hers["her answer"]}}).Is(http.StatusOK)
	k.kid.Get(path).Send("form#write", apptest.Fill{"text": {k.his["his question"]}}).Is(http.StatusOK)
	k.kid.Get(path).Send("form#write", apptest.Fill{"text": {strings.Repeat(k.never["text too long"]+" ", 300)}}).Is(http.StatusUnprocessableEntity)
	k.ada.Get(path).Send("form#write", apptest.Fill{"text": {k.never["contact not confirmed"] + " ann@example.org"}}).Is(http.StatusUnprocessableEntity)
	report(k.kid, `.words a[href*="/report/"]`, k.his["his report"])
	report(k.ada, `.words a[href*="/report/"]`, k.hers["her report"])
	k.cyd.Post(path, url.Values{"csrf": {k.cyd.CSRF()}, "text": {k.never["form of another"]}}).Is(http.StatusNotFound)
	k.Visitor().Get("/tutors/ada/ask").Send("form#ask", apptest.Fill{"goal": {k.never["draft of a stranger"]}}).Is(http.StatusOK)

	declined := k.asks("dan", apptest.Fill{"goal": {k.his["his second goal"]}})
	k.dan.Get(declined).Send(`#decline form`, apptest.Fill{"reason": {"other"}, "comment": {"Осенью"}}).Is(http.StatusOK)
	k.script(k.kid, "/profiles/ada/inquiries", `{"goal":"`+k.his["his scripted goal"]+`"}`, http.StatusCreated)
	k.ada.Get("/inquiries").Is(http.StatusOK).Follow(".talk h2 a").Is(http.StatusOK).
		Send(`#decline form`, apptest.Fill{"reason": {"other"}, "comment": {k.hers["her comment"]}}).Is(http.StatusOK)
	k.script(k.ada, path+"/messages", `{"text":"`+k.hers["her scripted"]+`"}`, http.StatusCreated)
}

// script makes a call with a key, whose answer is kept for a day.
func (k *talk) script(p *apptest.Person, path, body string, want int) {
	k.T.Helper()
	req, err := http.NewRequest(http.MethodPost, k.URL+"/api/v1"+path, strings.NewReader(body))
	must(k.T, err)
	req.Header.Set("Authorization", "Bearer "+p.Token())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", p.Handle)
	p.Do(req).Is(want)
}

// eyes look for words as they are, encoded or hashed, and for each single word
// in small letters, as a search index has them.
type eyes struct{ whole, folded *scan }

func eyesFor(words ...map[string]string) eyes {
	all, single := map[string]string{}, map[string]string{}
	for _, set := range words {
		for name, text := range set {
			all[name] = text
			for i, word := range strings.Fields(strings.ToLower(text)) {
				single[fmt.Sprintf("%s, word %d", name, i+1)] = word
			}
		}
	}
	return eyes{newScan(all), newScan(single)}
}

// none fails for each place that holds a word, but those that are allowed to.
func (e eyes) none(t *testing.T, when string, places map[string][]byte, allowed ...string) {
	t.Helper()
	for name, list := range leaks(e.whole, e.folded, places) {
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(name, a) }) {
			t.Errorf("%s, %s holds %s", when, name, strings.Join(list, "; "))
		}
	}
}

// all fails unless each piece is found in one of the places: the same scan that
// finds nothing elsewhere finds what is there.
func (e eyes) all(t *testing.T, when string, places map[string][]byte) {
	t.Helper()
	found := strings.Join(slices.Concat(slices.Collect(maps.Values(leaks(e.whole, e.folded, places)))...), "\n")
	for name := range e.whole.secrets {
		if !strings.Contains(found, name+" as text") {
			t.Errorf("%s, the scan does not find %s where it must be", when, name)
		}
	}
}

// keepers are the only tables and files that may hold words of a thread.
var keepers = []string{"table inquiry", "table message", "table message_report", "oduvan.db"}

// TestWordsOfAThreadAreNowhereElse looks for everything that two people wrote
// to each other in all that the program keeps, logs, measures and shows to
// others, and then, after 180 days of silence, in all that it keeps at all. On
// PostgreSQL every row is read; its server's own files are the operator's.
func TestWordsOfAThreadAreNowhereElse(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		k := newTalk(t, w)
		kept, every := eyesFor(k.hers, k.his), eyesFor(k.hers, k.his, k.never)
		shown := map[string][]byte{}
		show := func(c *apptest.Client, who string, paths ...string) {
			for _, path := range paths {
				shown[who+" GET "+path] = []byte(c.Get(path).Is(http.StatusOK).Body)
			}
		}
		for handle, path := range k.feeds { // the parties' own as well: a notice says nothing
			show(w.Visitor(), "feed of "+handle, path)
		}
		word := "/search?q=" + url.QueryEscape(k.hers["her answer"])
		show(w.Visitor(), "nobody", "/", "/search", "/feed.atom", "/sitemap.xml", "/sitemaps/tutor/1", "/robots.txt", "/tutors/ada", "/tutors/dan", "/api/v1/search", "/api/v1/profiles/ada")
		for _, p := range []*apptest.Person{k.cyd, k.operator} {
			show(p.Client, p.Handle, "/inbox", "/inquiries?all=1", "/me/export", "/me")
		}
		show(k.operator.Client, "operator", "/admin", "/admin/accounts?handle=kid")
		show(k.ada.Client, "ada", "/inbox", "/me", "/me/notices")
		show(k.kid.Client, "kid", "/inbox", "/me", "/me/notices")
		w.Visitor().Get(word).Is(http.StatusOK).Lacks(`a[href$="/tutors/ada"]`)
		shown["metrics"], shown["log"] = metrics(t, w), []byte(w.Logs.String())

		files, rows := folder(t, w.Dir), tables(t, w)
		every.none(t, "in all that is shown", shown)
		every.none(t, "in the data folder", files, keepers...)
		kept.none(t, "in the database", rows, keepers...)
		eyesFor(k.never).none(t, "in the database", rows)
		kept.all(t, "at first", rows)
		if terms := indexed(t, files); !strings.Contains(terms, strings.ToLower(public)) || strings.Contains(terms, private) {
			t.Errorf("the search index holds the public word: %v, a private one: %v", strings.Contains(terms, strings.ToLower(public)), strings.Contains(terms, private))
		}
		control(t, every.whole, files)
		t.Logf("%d pieces in %d forms; %d pages and logs, %d files, %d tables", len(every.whole.secrets), every.whole.forms()+every.folded.forms(),
			len(shown), len(files), len(rows))

		again := w.Restart()
		for range 190 { // every day, as time goes
			again.Clock.Advance(24 * time.Hour)
			if _, err := again.DB.Sweep(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		again.Settle()
		again.Drain()
		every.none(t, "after 180 days", folder(t, w.Dir))
		every.none(t, "after 180 days", tables(t, again))
		every.none(t, "after 180 days", map[string][]byte{"log": []byte(again.Logs.String())})
		must(t, again.Close())
		every.none(t, "after 180 days and the end of the program", folder(t, w.Dir))
	})
}

// TestWordsOfAnErasedPartyAreNowhere erases one side and then the other: the
// words of the one are gone from every table and file, those of the other stay.
func TestWordsOfAnErasedPartyAreNowhere(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(*talk) (gone, stays *apptest.Person, words, others map[string]string){
		"learner": func(k *talk) (*apptest.Person, *apptest.Person, map[string]string, map[string]string) {
			return k.kid, k.ada, k.his, k.hers
		},
		"tutor": func(k *talk) (*apptest.Person, *apptest.Person, map[string]string, map[string]string) {
			return k.ada, k.kid, k.hers, k.his
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			apptest.Each(t, func(t *testing.T, w *apptest.World) {
				k := newTalk(t, w)
				gone, stays, words, others := first(k)
				theirs := eyesFor(words)
				theirs.all(t, "before", tables(t, w))
				erase := func(w *apptest.World, p *apptest.Person) {
					t.Helper()
					p.At(w).Get("/me/erase").Send(`form[action$="/me/erase"]`, apptest.Fill{"handle": {p.Handle}}).Is(http.StatusOK)
					w.Settle()
					w.Drain()
				}
				erase(w, gone)
				theirs.none(t, "after one erasure", folder(t, w.Dir))
				theirs.none(t, "after one erasure", tables(t, w))
				maps.DeleteFunc(others, func(name, _ string) bool {
					return strings.Contains(name, "report") || gone == k.kid && name == "her comment"
				})
				eyesFor(others).all(t, "after one erasure", tables(t, w)) // what was said of the erased one's words went with them

				again := w.Restart()
				erase(again, stays)
				both := eyesFor(k.hers, k.his, k.never)
				both.none(t, "after both erasures", folder(t, w.Dir))
				both.none(t, "after both erasures", tables(t, again))
				must(t, again.Close())
				both.none(t, "after both erasures and the end of the program", folder(t, w.Dir))
				both.none(t, "after both erasures", map[string][]byte{"log": []byte(w.Logs.String() + again.Logs.String())})
			})
		})
	}
}
