package apptest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
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
				for _, value := range values {
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
