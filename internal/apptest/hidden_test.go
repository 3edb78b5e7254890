package apptest_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// neverWas are ids that nothing has.
const (
	neverWas    = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	neverWasToo = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
)

// aside is somebody who is no side of a thread.
type aside struct {
	name  string
	c     *apptest.Client
	token string // of the API
}

// TestForeignThreadIsAsIfItNeverWas asks for another's thread, its messages and
// its notices in every way that the program has, as everybody who is no side
// of it: the whole answer equals that for ids that never were.
func TestForeignThreadIsAsIfItNeverWas(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		operator := w.SetUp("cho", nil)
		ada, kid, dan := w.Person("ada"), w.Person("kid"), w.Person("dan")
		ada.Profile(nil).Is(http.StatusOK)
		dan.Profile(nil).Is(http.StatusOK)
		people := []aside{{name: "nobody", c: w.Visitor()}}
		for name, p := range map[string]*apptest.Person{"a third learner": w.Person("cyd"), "another tutor": dan,
			"a moderator": w.Moderator("mia", operator), "the operator": operator} {
			people = append(people, aside{name, p.Client, p.Token()})
		}
		for _, p := range people {
			p.c.CSRF() // a form's cookie is set once
		}
		before := overlooked(w, people)

		id := strings.TrimPrefix(kid.Get("/tutors/ada/ask").Send("form#ask", apptest.Fill{"goal": {"Тайное желание"}}).Is(http.StatusOK).Path, "/inquiries/")
		told := strings.TrimPrefix(ada.Get("/inbox").Attr(".news h2 a", "href"), "/inbox/")
		ada.Get("/inquiries/"+id).Send("form#write", apptest.Fill{"text": {"Тайный ответ"}}).Is(http.StatusOK)
		_, said, ok := strings.Cut(kid.Get("/inquiries/"+id).Attr(`.words a[href*="/report/"]`, "href"), "/report/")
		if said, _, _ = strings.Cut(said, "?"); !ok || len(said) != len(id) || len(told) != len(id) {
			t.Fatal("no message or no notice to ask for")
		}
		if d := cmp.Diff(before, overlooked(w, people)); d != "" {
			t.Errorf("others see that there is a thread (-before +after):\n%s", d)
		}

		sides := kid.Get("/inquiries/"+id).Body + ada.Get("/inquiries/"+id).Body + ada.Get("/inbox").Body
		asked := 0
		for _, r := range w.Routes() {
			if !strings.Contains(r.Path, "/inquiries/:id") && !strings.Contains(r.Path, "/inbox/:id") {
				continue
			}
			own := id
			if strings.Contains(r.Path, "/inbox/") {
				own = told
			}
			there := strings.NewReplacer(":id", own, ":message_id", said, ":message", said)
			whole := strings.NewReplacer(":id", own, ":message_id", own, ":message", own)
			never := strings.NewReplacer(":id", neverWas, ":message_id", neverWasToo, ":message", neverWasToo)
			for _, p := range people {
				for _, body := range bodies(r.Method, r.Path) {
					want := p.ask(w, r.Method, never.Replace(r.Path), body)
					for _, path := range []string{there.Replace(r.Path), whole.Replace(r.Path)} {
						asked++
						if d := cmp.Diff(want, p.ask(w, r.Method, path, body)); d != "" {
							t.Errorf("%s: %s %s %q tells a thread from none (-none +thread):\n%s", p.name, r.Method, r.Path, body, d)
						}
					}
				}
			}
		}
		if d := cmp.Diff(sides, kid.Get("/inquiries/"+id).Body+ada.Get("/inquiries/"+id).Body+ada.Get("/inbox").Body); d != "" {
			t.Errorf("something happened to the thread:\n%s", d)
		}
		if asked < 250 {
			t.Errorf("only %d questions", asked)
		}
		t.Logf("%d questions by %d people who are no side", asked, len(people))
	})
}

// overlooked is all that others see where a thread might show.
func overlooked(w *apptest.World, people []aside) map[string]string {
	out := map[string]string{}
	for _, p := range people {
		for _, path := range []string{"/", "/tutors/ada", "/tutors/ada/ask", "/search", "/search?q=Тайное", "/feed.atom", "/sitemap.xml", "/inquiries", "/inquiries?all=1",
			"/inbox", "/me", "/me/export", "/admin", "/admin/accounts?handle=ada", "/api/v1/inquiries", "/api/v1/me/inbox", "/api/v1/profiles/ada", "/api/v1/search"} {
			w.Settle()
			out[p.name+" "+path] = p.ask(w, http.MethodGet, path, "")
		}
	}
	return out
}

// bodies are what may be sent to a route: what it would take of a side, and nothing.
func bodies(method, path string) []string {
	if method != http.MethodPost {
		return []string{""}
	}
	form, said := url.Values{}, "{}"
	switch {
	case strings.Contains(path, "/report"):
		form, said = url.Values{"reason": {"Зовёт в чужой мессенджер и просит номер"}}, `{"reason":"They ask for my phone number again and again."}`
	case strings.HasSuffix(path, "/decline"):
		form, said = url.Values{"reason": {"busy"}, "comment": {"Осенью"}}, `{"reason":"busy"}`
	case strings.HasSuffix(path, "/marks"):
		form = url.Values{"on": {"1"}}
	case strings.HasSuffix(path, "/messages"), strings.HasSuffix(path, "/inquiries/:id"):
		form, said = url.Values{"text": {"Привет"}}, `{"text":"Hello"}`
	}
	if strings.HasPrefix(path, "/api/") {
		return []string{said, "{}", ""}
	}
	return []string{form.Encode(), ""}
}

// ask sends a request, to the API with the token, and gives the whole answer:
// status, headers and body, with what differs between any two answers made one.
func (p aside) ask(w *apptest.World, method, path, body string) string {
	w.T.Helper()
	kind := "application/json"
	if !strings.HasPrefix(path, "/api/") {
		kind = "application/x-www-form-urlencoded"
		if method == http.MethodPost {
			body += "&csrf=" + url.QueryEscape(p.c.CSRF())
		}
	}
	req, err := http.NewRequest(method, w.URL+path, strings.NewReader(body))
	if err != nil {
		w.T.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", kind)
	}
	if strings.HasPrefix(path, "/api/") && p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	page := p.c.Stay().Do(req)
	var b strings.Builder
	fmt.Fprintln(&b, page.Status)
	for _, name := range slices.Sorted(maps.Keys(page.Header)) {
		if name != "Date" {
			fmt.Fprintln(&b, name, page.Header[name])
		}
	}
	b.WriteString(page.Body)
	text := b.String()
	for asked := range strings.SplitSeq(path, "/") { // an address may be repeated, such as in the form that changes the language
		if asked, _, _ = strings.Cut(asked, "?"); len(asked) == len(neverWas) || strings.HasPrefix(asked, "L-") {
			text = strings.ReplaceAll(text, asked, "ID")
		}
	}
	return text
}
