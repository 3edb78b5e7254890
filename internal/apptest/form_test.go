package apptest_test

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// hostile are values that strangers send.
var hostile = []struct{ name, value string }{
	{"empty", ""}, {"10,000 characters", strings.Repeat("ы", 10_000)}, {"NUL", "a\x00b"}, {"invalid UTF-8", "\xff\xfe\xc3("},
	{"markup", `<script>alert(1)</script><img src=x onerror=alert(2)>`}, {"quotes", `'"); DROP TABLE account; --`},
	{"spreadsheet", `=cmd|'/C calc'!A0`}, {"right to left", "\u202eecnirp\u2066"}, {"emoji", "👩🏽‍🚀🏳️‍🌈"}, {"negative", "-1"},
	{"huge number", "99999999999999999999"}, {"not a number", "NaN"}, {"path", "../../etc/passwd"}, {"template", "{{.}}${7*7}%s%n"},
	{"line ends", "a\r\nSet-Cookie: x=1\r\n"}, {"address", "//evil.example/\\evil"}, {"blanks", " \t\u00a0\u200b "},
}

// seeded is a random source whose seed is printed, or given by ODUVAN_TEST_SEED.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("ODUVAN_TEST_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("seed %d (ODUVAN_TEST_SEED repeats it)", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// sampled is some of a list, as the seed says; in the long runs, which set
// ODUVAN_TEST_EVERYTHING, it is all of it.
func sampled[T any](rnd *rand.Rand, list []T, some int) []T {
	if os.Getenv("ODUVAN_TEST_EVERYTHING") != "" {
		return list
	}
	out := make([]T, 0, some)
	for _, i := range rnd.Perm(len(list))[:some] {
		out = append(out, list[i])
	}
	return out
}

// badWays is how many hostile values of all a form or an address meets by day.
const badWays = 6

// ledger looks into the database from outside the program.
type ledger struct {
	t       *testing.T
	d       *sql.DB
	version int
	last    map[string]string
}

// newLedger opens the file of SQLite; on PostgreSQL there is no ledger.
func newLedger(t *testing.T, w *apptest.World) *ledger {
	t.Helper()
	if w.Config.DatabaseURL != "" {
		return nil
	}
	d, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "oduvan.db")+"?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	d.SetMaxOpenConns(1) // data_version is of one connection
	t.Cleanup(func() { _ = d.Close() })
	l := &ledger{t: t, d: d}
	l.wrote()
	return l
}

// wrote lists the tables whose rows differ from those of the last look, but
// for sessions.
func (l *ledger) wrote() []string {
	if l == nil {
		return nil
	}
	l.t.Helper()
	var version int
	if err := l.d.QueryRow("PRAGMA data_version").Scan(&version); err != nil {
		l.t.Fatal(err)
	}
	if version == l.version {
		return nil
	}
	now := map[string]string{}
	for _, table := range l.texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'session'") {
		h := sha256.New()
		rows := l.texts(`SELECT * FROM "` + table + `"`)
		for _, row := range rows {
			fmt.Fprintf(h, "%s\x01", row)
		}
		now[table] = fmt.Sprintf("%d rows %x", len(rows), h.Sum(nil)[:6])
	}
	var out []string
	for table, was := range l.last {
		if now[table] != was {
			out = append(out, fmt.Sprintf("%s: %s, was %s", table, now[table], was))
		}
	}
	slices.Sort(out)
	l.version, l.last = version, now
	return out
}

// texts are the rows of a query, each as one text.
func (l *ledger) texts(query string) (out []string) {
	l.t.Helper()
	rows, err := l.d.Query(query)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		l.t.Fatal(err)
	}
	for rows.Next() {
		cells, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := rows.Scan(to...); err != nil {
			l.t.Fatal(err)
		}
		text := make([]string, len(cells))
		for i, v := range cells {
			text[i] = fmt.Sprint(v)
		}
		out = append(out, strings.Join(text, "\x00"))
	}
	if err := rows.Err(); err != nil {
		l.t.Fatal(err)
	}
	return out
}

// crawler walks a role's pages and tries their forms.
type crawler struct {
	t      *testing.T
	w      *apptest.World
	who    *apptest.Person // nil: nobody
	c      *apptest.Client
	where  map[string]string       // form → a page that it stands on
	forms  map[string]apptest.Form // as first seen
	ledger *ledger
	pages  []string // walked
	posts  int
	took   time.Duration // the slowest answer
}

var (
	ids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|L-[0-9A-Z]{10}`)
	langs = regexp.MustCompile(` /(ru|en)(/| )`)
)

// keyOf tells forms apart whatever language and thing they are about.
func keyOf(f apptest.Form) string {
	return langs.ReplaceAllString(ids.ReplaceAllString(f.Key(), "ID"), " /")
}

// walk opens every page that links lead to; of each kind of address a few.
func (c *crawler) walk(from ...string) (pages int) {
	seen, perPath := map[string]bool{}, map[string]int{}
	queue := from
	for len(queue) > 0 && pages < 400 {
		path := queue[0]
		queue = queue[1:]
		bare, query, _ := strings.Cut(ids.ReplaceAllString(path, "ID"), "?")
		kind := bare + "?" + strings.Join(slices.Sorted(maps.Keys(parsed(query))), "&")
		if strings.HasSuffix(bare, "/search") { // filters in any number of combinations are one page
			kind = bare + "?" + strconv.Itoa(len(parsed(query)))
		}
		// One search leads to another without end: the others would never be reached.
		if seen[path] || perPath[kind] >= 2 || perPath[bare] >= 24 || skipped(path) {
			continue
		}
		seen[path] = true
		perPath[kind]++
		perPath[bare]++
		page := c.c.Get(path)
		pages++
		c.pages = append(c.pages, path)
		if page.Status >= 400 && !strings.HasSuffix(path, "/no-such-page") {
			c.t.Errorf("a link leads to %s: %d", path, page.Status)
		}
		for _, f := range page.Forms() {
			key := keyOf(f)
			if _, ok := c.forms[key]; !ok {
				c.forms[key], c.where[key] = f, path
			}
		}
		queue = append(queue, page.Links()...)
	}
	return pages
}

func parsed(query string) url.Values {
	v, _ := url.ParseQuery(query)
	return v
}

func skipped(path string) bool {
	for _, prefix := range []string{"/static/", "/api/v1", "/api/openapi.json", "/me/export", "/language", "/theme", "/feed.atom", "/en/feed.atom", "/ru/feed.atom"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// order puts forms that take something away last; claims are decided before the
// moderator has made one, which closes that work's case to them.
func order(key string) int {
	if strings.HasPrefix(key, "POST /admin ") {
		return 1 // other settings let everybody in, and nobody waits
	}
	for i, word := range []string{"/cancel", "/admin/claims", "/works/ID/claim", "/admin/orders", "/revoke", "/remove", "/delete", "/state", "/me/code", "/login", "/logout", "/everywhere", "/erase"} {
		if strings.Contains(key, word) {
			return i + 2
		}
	}
	return 0
}

// form opens the page anew and finds the form again; a thing that is gone has
// none.
func (c *crawler) form(key string) (apptest.Form, bool) {
	for range 2 {
		for _, f := range c.c.Get(c.where[key]).Forms() {
			if keyOf(f) == key {
				return f, true
			}
		}
		if c.who == nil {
			c.c.Forget() // an act before this one may have signed somebody up
		} else {
			c.who.SignIn() // or ended the session
		}
	}
	return apptest.Form{}, false
}

// try sends values and holds the answer to the rules of every form.
func (c *crawler) try(f apptest.Form, values url.Values, what string) int {
	c.t.Helper()
	c.ledger.wrote()
	at := time.Now()
	page := f.SendBy(c.c.Stay(), values)
	c.took = max(c.took, time.Since(at))
	c.posts++
	changed := c.ledger.wrote()
	name := f.Method + " " + f.Action + " with " + what
	switch {
	case page.Status >= 500:
		c.t.Errorf("%s: %d\n%s", name, page.Status, c.w.Logs)
	case page.Status >= 400 && len(changed) > 0 && !tries(f):
		c.t.Errorf("%s: %d, and it wrote %s", name, page.Status, changed)
	case f.Method == http.MethodPost && page.Status < 300 && !shows(f, values):
		c.t.Errorf("%s: %d, want 303: a reload would do it again", name, page.Status)
	case f.Method == http.MethodGet && len(changed) > 0:
		c.t.Errorf("%s: a GET wrote %s", name, changed)
	}
	if strings.Contains(page.Body, "<script>alert(1)") || strings.Contains(page.Body, "<img src=x") {
		c.t.Errorf("%s: the page holds what was typed as markup", name)
	}
	if location := page.Header.Get("Location"); strings.HasPrefix(location, "//") || strings.Contains(location, "evil.example") && !strings.Contains(location, "?") {
		c.t.Errorf("%s: sends to %s", name, location)
	}
	return page.Status
}

// shows lists what answers a good form with the page itself: secrets that are
// told once, previews, other made-up handles.
func shows(f apptest.Form, values url.Values) bool {
	return strings.HasSuffix(f.Action, "/admin/invitations") || strings.HasSuffix(f.Action, "/me/tokens") ||
		strings.HasSuffix(f.Action, "/me/preview") || checks(f) || values.Get("preview") != "" || values.Get("more") != ""
}

// checks tells of the form that only looks at a file: it writes nothing, so it
// asks for no token.
func checks(f apptest.Form) bool { return strings.HasSuffix(f.Action, "/verify") }

// tries tells of the form that asks an address outside: that it was tried is
// kept whatever the answer, so that nobody makes us ask all the time.
func tries(f apptest.Form) bool { return strings.HasSuffix(f.Action, "/proof") }

func copied(v url.Values) url.Values {
	out := url.Values{}
	for k, list := range v {
		out[k] = slices.Clone(list)
	}
	return out
}

// attack tries one form in bad ways, then as it stands.
func (c *crawler) attack(key string, rnd *rand.Rand) {
	f, ok := c.form(key)
	if !ok {
		c.t.Errorf("%s is on no page any more", key)
		return
	}
	if f.Method == http.MethodPost && !checks(f) {
		c.forge(f)
	}
	for _, bad := range sampled(rnd, hostile, badWays) {
		all := copied(f.Values)
		for _, name := range f.Names {
			all[name] = []string{bad.value}
		}
		c.try(f, all, "all fields "+bad.name)
		if len(f.Names) > 0 {
			one := copied(f.Values)
			name := f.Names[rnd.IntN(len(f.Names))]
			one[name] = []string{bad.value}
			c.try(f, one, name+" "+bad.name)
		}
		if f, ok = c.form(key); !ok {
			return // taken as it was: nothing left to send
		}
	}
	twice := copied(f.Values)
	for _, name := range f.Names {
		twice[name] = append(twice[name], "1", "", "draft", "👀")
	}
	c.try(f, twice, "fields sent several times")
	if f, ok = c.form(key); ok {
		for _, button := range f.Buttons {
			pressed := copied(f.Values)
			pressed.Set(button[0], button[1])
			c.try(f, pressed, "button "+button[0])
		}
	}
	if f, ok = c.form(key); ok {
		c.try(f, nil, "what stands in it")
	}
}

// forge sends the form as another site would.
func (c *crawler) forge(f apptest.Form) {
	for what, token := range map[string][]string{"no token": nil, "a token of nobody": {"f_aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "an empty token": {""}} {
		values := copied(f.Values)
		values["csrf"] = token
		if status := c.try(f, values, what); status != http.StatusForbidden {
			c.t.Errorf("POST %s with %s: %d, want 403", f.Action, what, status)
		}
	}
}

// TestEveryFormWithoutJavaScript finds each form that a role can reach by
// links, and sends it as it stands and in bad ways, by night in all of them.
func TestEveryFormWithoutJavaScript(t *testing.T) {
	t.Parallel()
	for role, from := range map[string][]string{
		"first run": {"/setup"}, "nobody": {"/", "/signup", "/login", "/claim", "/en/search?q=zzz"}, "member": {"/me", "/en/me/profile"},
		"trader": {"/orders", "/me/works", "/me/licences", "/me/sales"}, "moderator": {"/admin/waiting", "/admin/orders", "/admin/claims"}, "operator": {"/admin", "/admin/accounts"},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			apptest.Each(t, func(t *testing.T, w *apptest.World) { newCrawler(t, w, role).all(from) })
		})
	}
}

func (c *crawler) all(from []string) {
	pages := c.walk(from...)
	keys := slices.SortedFunc(maps.Keys(c.forms), func(a, b string) int { return cmp.Or(order(a)-order(b), cmp.Compare(a, b)) })
	rnd := seeded(c.t)
	for _, key := range keys {
		c.attack(key, rnd)
	}
	c.t.Logf("%d pages, %d forms, %d times sent, slowest answer %v", pages, len(keys), c.posts, c.took)
	if len(keys) < 8 {
		c.t.Errorf("only %d forms found", len(keys))
	}
}

func newCrawler(t *testing.T, w *apptest.World, role string) *crawler {
	t.Helper()
	c := &crawler{t: t, w: w, where: map[string]string{}, forms: map[string]apptest.Form{}, ledger: newLedger(t, w)}
	c.c = w.Visitor()
	if role == "first run" {
		return c
	}
	set := apptest.Fill{"approval": {"1"}}
	trading := role != "nobody" && role != "member" // who waits for an approval sells nothing
	if trading {
		set = nil
	}
	operator := w.SetUp("cho", set)
	ada := w.Person("ada")
	ada.Profile(apptest.Fill{"roles": {"tutor", "creator"}}).Is(http.StatusOK)
	if trading {
		trades(t, w, ada)
		operator.Get("/admin").Send(`form[action$="/admin"]`, apptest.Fill{"approval": {"1"}}).Is(http.StatusOK)
		w.Person("dora").Profile(nil).Is(http.StatusOK)
	}
	switch role {
	case "nobody":
		return c
	case "member":
		c.who = ada
		ada.Service(nil).Is(http.StatusOK)
		ada.Service(apptest.Fill{"title": {"Черновик"}, "state": {"draft"}}).Is(http.StatusOK)
		ada.Token()
		for _, q := range []string{"go", "nothing"} {
			ada.Get("/search?q="+q).Send(`.rtools form[action$="/me/searches"]`, nil).Is(http.StatusOK)
		}
		ada.Get("/me/profile/picture").Upload(`form[action$="/me/profile/picture"]`, "picture", "me.jpg", photo(t, "")).Is(http.StatusOK)
	case "trader":
		c.who = ada
	case "moderator":
		c.who = w.Moderator("mia", operator)
	case "operator":
		c.who = operator
	}
	c.c = c.who.Client
	return c
}
