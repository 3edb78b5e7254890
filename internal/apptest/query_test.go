package apptest_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
)

// second is how long any answer may take. A slow one is asked again: a busy
// machine is not the program's fault, a slow page is slow twice.
const second = time.Second

// parameters are the words that routes read from an address, known and not.
var parameters = []string{"q", "kind", "skill", "level", "language", "format", "price_max", "currency", "free", "newcomer", "sort", "page",
	"limit", "exact", "next", "set", "code", "handle", "after", "lang", "nothing"}

// TestHostileAddresses asks every route with bad ids, endless texts, pages far
// away and words that are not text: no error of ours, each answer in time.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		rnd := seeded(t)
		operator := w.SetUp("cho", nil)
		operator.Profile(nil).Is(http.StatusOK)
		token := operator.Token()
		values := []string{"%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%F0%9F%91%A9", "-1", "999999999999999999999", "%3Cscript%3E", "%27%22--", "a%0d%0ab",
			"NaN", "", "%25", "00000000-0000-0000-0000-000000000000", strings.Repeat("%D1%8B", 1500), "*", "%5B%5D", "1e309", "0x10"}
		asked, slowest := 0, time.Duration(0)
		for _, c := range []*apptest.Client{w.Visitor(), operator.Stay()} {
			for _, r := range w.Routes() {
				if r.Method != http.MethodGet {
					continue
				}
				for _, value := range sampled(rnd, values, badWays) {
					path := hostilePath(r.Path, value)
					name := parameters[rnd.IntN(len(parameters))]
					for _, address := range []string{path, path + "?" + name + "=" + value, path + "?" + everything(value)} {
						took, status := ask(t, c.Stay(), w.URL, address, token)
						asked++
						slowest = max(slowest, took)
						if status >= 500 {
							t.Errorf("GET %.200s: %d\n%s", address, status, lastLines(w.Logs.String(), 2))
						}
						if took > second {
							if took, _ = ask(t, c.Stay(), w.URL, address, token); took > second {
								t.Errorf("GET %.200s took %v", address, took)
							}
						}
					}
				}
			}
		}
		t.Logf("%d addresses, slowest %v", asked, slowest)
	})
}

// hostilePath puts a bad value into every parameter of a route.
func hostilePath(pattern, value string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") || strings.HasPrefix(part, "*") {
			parts[i] = value
		}
	}
	return strings.Join(parts, "/")
}

// everything is a query in which each known word has the same bad value, twice.
func everything(value string) string {
	if len(value) > 200 {
		value = value[:198]
	}
	var list []string
	for _, name := range parameters {
		list = append(list, name+"="+value, name+"="+value)
	}
	return strings.Join(list, "&")
}

// ask sends an address as it is written; the client of net/url would mend it.
func ask(t *testing.T, c *apptest.Client, base, address, token string) (time.Duration, int) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	req := &http.Request{Method: http.MethodGet, Host: u.Host, Header: http.Header{}, URL: &url.URL{Scheme: u.Scheme, Host: u.Host}}
	req.URL.Opaque = "//" + u.Host + address
	if strings.HasPrefix(address, "/api/") {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	at := time.Now()
	status := c.Do(req).Status
	return time.Since(at), status
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// statements is how many database statements a page of somebody's takes. A
// stranger's page comes from no cache: its address is new every time.
func statements(t *testing.T, w *apptest.World, c *apptest.Client, path string) int64 {
	t.Helper()
	w.Settle()
	if c == nil && !strings.HasPrefix(path, "/feeds/") {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "seen=" + rand.Text()
	}
	ctx, n := db.CountQueries(context.Background())
	req := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
	if c != nil {
		for _, ck := range c.Cookies() {
			req.AddCookie(ck)
		}
	}
	out := httptest.NewRecorder()
	w.Handler().ServeHTTP(out, req)
	if out.Code != http.StatusOK {
		t.Errorf("%s: status %d", path, out.Code)
	}
	return n.Load()
}

// TestQueriesPerPageOfInquiries holds every page by which people reach each
// other to a number of statements that does not grow with what stands on it.
func TestQueriesPerPageOfInquiries(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		ada.Service(nil).Is(http.StatusOK)
		ada.Service(apptest.Fill{"format": {"plan"}, "minutes": {""}}).Is(http.StatusOK)
		ada.Service(apptest.Fill{"pricing": {"free"}, "price": {""}}).Is(http.StatusOK)
		ada.Get("/me/services").Send("#capacity", apptest.Fill{"capacity": {"10"}}).Is(http.StatusOK)
		write := func(who *apptest.Person, tutor string) string {
			return who.Get("/tutors/"+tutor+"/ask").Send("form#ask", apptest.Fill{"goal": {"Понять рекурсию"}}).Is(http.StatusOK).Path
		}
		talk := write(kid, "ada")
		ada.Get(talk).Send("form#write", apptest.Fill{"text": {"Давай попробуем"}}).Is(http.StatusOK)
		ben := w.Person("ben")
		ben.Profile(nil).Is(http.StatusOK)
		write(kid, "ben")
		declined := write(kid, "ada")
		ada.Get(declined).Send("#decline form", apptest.Fill{"reason": {"busy"}}).Is(http.StatusOK)
		kid.Get("/me/notices").Send(`form[action="/me/notices"]`, apptest.Fill{"feed": {"1"}}).Is(http.StatusOK)
		feed := strings.TrimPrefix(kid.Get("/me/notices").Text("#feed-url"), w.URL)
		kept := kid.Get("/search?q=go").Send(`.rtools form[action$="/me/searches"]`, nil).Is(http.StatusOK)
		find := strings.TrimPrefix(kept.Text("#feed-url"), w.URL)
		report := ada.Get(talk).Attr(`a[href*="/report/"]`, "href")

		pages := []struct {
			path string
			who  *apptest.Client
			most int64
		}{{"/join", nil, 4}, {"/join?draw=code&level=zero&how=call", nil, 20}, {"/tutors/ada", nil, 17}, {"/tutors/ada/ask", nil, 8},
			{"/tutors/ada/ask", kid.Client, 21}, {"/inquiries", kid.Client, 22}, {"/inquiries?all=1", ada.Client, 22}, {talk, kid.Client, 30},
			{declined, kid.Client, 38}, {report, ada.Client, 23}, {"/inbox", kid.Client, 23}, {"/inbox?unread=1", ada.Client, 23},
			{"/me/notices", kid.Client, 21}, {feed, nil, 6}, {"/me/searches", kid.Client, 22}, {kept.Path, kid.Client, 40}, {find, nil, 16}, {"/search?q=go", kid.Client, 24}, {"/me/services", ada.Client, 24}, {"/about", nil, 4}, {"/privacy", nil, 4}, {"/rules", nil, 4}}
		few := make([]int64, len(pages))
		for i, page := range pages {
			statements(t, w, page.who, page.path) // what is kept between requests is kept
			few[i] = statements(t, w, page.who, page.path)
		}
		for i := range 6 {
			more := w.Person("more-" + string(rune('a'+i)))
			more.Profile(nil).Is(http.StatusOK)
			more.Service(apptest.Fill{"format": {"plan"}, "minutes": {""}}).Is(http.StatusOK)
			write(more, "ada")
			if i < 4 {
				write(kid, more.Handle)
				kid.Get("/search?q=go+"+more.Handle).Send(`.rtools form[action$="/me/searches"]`, nil).Is(http.StatusOK)
			}
			ada.Get(talk).Send("form#write", apptest.Fill{"text": {"Ещё слово"}}).Is(http.StatusOK)
			kid.Get(talk).Send("form#write", apptest.Fill{"text": {"И ещё"}}).Is(http.StatusOK)
		}
		for i, page := range pages {
			statements(t, w, page.who, page.path)
			many := statements(t, w, page.who, page.path)
			t.Logf("%-70s %d statements, %d when there is more", page.path, few[i], many)
			if many > page.most {
				t.Errorf("%s: %d statements, want at most %d", page.path, many, page.most)
			}
			if many > few[i]+1 {
				t.Errorf("%s: %d statements with little on it, %d with more", page.path, few[i], many)
			}
		}
	})
}
