package apptest_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", path, d)
	}
}

// The columns of the matrix: who asks. The owner is the one whose profile,
// services and keys the addresses name.
var roles = []string{"nobody", "owner", "other", "moderator", "operator"}

// stage is a board on which one of the roles goes through every route.
type stage struct {
	*apptest.World
	owner  *apptest.Person
	judge  *apptest.Person // the operator, who decides about the owner's works
	who    *apptest.Person // nil: nobody
	c      *apptest.Client
	token  string               // of the API; empty: nobody
	asked  int                  // inquiries so far
	cards  *apptest.StripeWorld // nil: the board takes no cards
	tokens map[string]string    // by handle, of cards' people
}

// newStage makes a board with all of the cast. The owner's things are made
// anew for each act, so that no act sees what another left.
func newStage(t *testing.T, role string) *stage {
	return (&stage{World: apptest.New(t)}).cast(role)
}

// cast signs everybody up; one of them is the role's.
func (s *stage) cast(role string) *stage {
	operator := s.SetUp("cho", nil)
	s.judge = operator
	s.owner = s.Person("ada")
	s.owner.Profile(apptest.Fill{"roles": {"tutor", "creator"}}).Is(http.StatusOK)
	switch role {
	case "nobody":
		s.c = s.Visitor()
		return s
	case "owner":
		s.who = s.owner
	case "other":
		s.who = s.Person("ben")
	case "moderator":
		s.who = s.Moderator("mia", operator)
	case "operator":
		s.who = operator
	}
	s.c, s.token = s.who.Client, s.who.Token()
	return s
}

// row is one line of the matrix.
type row struct {
	method, pattern string
	variant         string // what is special about the thing asked for
	path            func(*stage) string
}

func (r row) name() string {
	if r.variant != "" {
		return r.method + " " + r.pattern + " (" + r.variant + ")"
	}
	return r.method + " " + r.pattern
}

// rows are all routes, and the pages of things that not everybody may see once
// more. Acts that end the asker's own session or account come last.
func rows(w *apptest.World) []row {
	var out []row
	for _, r := range w.Routes() {
		method, pattern := r.Method, r.Path
		out = append(out, row{method: method, pattern: pattern, path: func(s *stage) string { return s.fill(method, pattern, nil) }})
	}
	draft := apptest.Fill{"state": {"draft"}}
	for _, x := range []struct {
		pattern string
		service apptest.Fill
		profile apptest.Fill
	}{{pattern: "/services/:id", service: draft}, {pattern: "/services/:id", profile: draft}, {pattern: "/tutors/:handle", profile: draft},
		{pattern: "/api/v1/profiles/:handle", profile: draft}} {
		r := row{method: http.MethodGet, pattern: x.pattern, variant: "of a draft profile"}
		if x.service != nil {
			r.variant = "a draft"
		}
		r.path = func(s *stage) string {
			path := s.fill(r.method, r.pattern, x.service)
			if x.profile != nil {
				s.owner.Profile(x.profile).Is(http.StatusOK)
			}
			return path
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b row) int { return ends(a) - ends(b) })
	return out
}

// ends tells whether an act takes the asker's session or account away.
func ends(r row) int {
	switch r.method + " " + r.pattern {
	case "POST /logout":
		return 1
	case "POST /me/everywhere":
		return 2
	case "DELETE /api/v1/me":
		return 3
	}
	return 0
}

// fill puts the owner's own things into a route's pattern.
func (s *stage) fill(method, pattern string, service apptest.Fill) string {
	out := pattern
	switch {
	case strings.HasPrefix(pattern, "/pictures/"):
		out = strings.Replace(out, ":name", s.picture(), 1)
	case strings.Contains(pattern, "/services/:id"), strings.Contains(pattern, "/services/{id}"):
		s.owner.Profile(nil).Is(http.StatusOK)
		before := s.owner.Services()
		s.owner.Service(service).Is(http.StatusOK)
		id := ""
		for _, address := range s.owner.Services() {
			if !slices.Contains(before, address) {
				id = strings.TrimPrefix(address, "/me/services/")
			}
		}
		out = strings.NewReplacer(":id", id).Replace(out)
	case strings.HasPrefix(pattern, "/me/tokens/:id"):
		s.owner.Token()
		out = strings.Replace(out, ":id", s.newest("/me/tokens/"), 1)
	case strings.HasPrefix(pattern, "/me/passkeys/:id"):
		out = strings.Replace(out, ":id", "11111111-1111-4111-8111-111111111111", 1)
	case strings.Contains(pattern, "/inquiries/:id"):
		id := s.inquiry()
		out = strings.NewReplacer(":id", id, ":message_id", id, ":message", id).Replace(out)
	case strings.Contains(pattern, "/inbox/:id"):
		s.listen()
		s.inquiry()
		out = strings.Replace(out, "/inbox/:id", s.owner.Get("/inbox").Attr(".news h2 a", "href"), 1)
	case strings.HasPrefix(pattern, "/me/searches/:id"):
		out = strings.Replace(out, ":id", strings.TrimPrefix(s.saved().Path, "/me/searches/"), 1)
	case strings.HasPrefix(pattern, "/feeds/s/"):
		out = strings.TrimPrefix(s.saved().Text("#feed-url"), s.URL)
	case licencesRoute(pattern):
		out = s.fillLicences(pattern)
	case strings.HasPrefix(pattern, "/feeds/"):
		out = strings.TrimPrefix(s.listen(), s.URL)
	case strings.HasPrefix(pattern, "/me/notices/push/:id"):
		out = strings.Replace(out, ":id", "11111111-1111-4111-8111-111111111111", 1)
	case pattern == "/admin/waiting/:id":
		out = strings.Replace(out, ":id", s.ownerID(), 1)
	case strings.HasPrefix(pattern, "/sitemaps/"):
		out = strings.NewReplacer(":kind", "tutor", ":page", "1").Replace(out)
	case tradeRoute(pattern):
		out = s.fillTrade(pattern)
	case ordersRoute(pattern):
		out = s.fillOrders(pattern)
	case worksRoute(pattern):
		out = s.fillWorks(pattern)
	case strings.HasPrefix(pattern, "/static/"):
		out = strings.Replace(pattern, "*file", strings.TrimPrefix(s.Visitor().Get("/").Attr("link[rel=stylesheet]", "href"), "/static/"), 1)
	}
	if strings.HasPrefix(pattern, "/tutors/:handle") || pattern == "/creators/:handle" || strings.Contains(pattern, "profiles/:handle") {
		s.owner.Profile(nil).Is(http.StatusOK)
	}
	out = strings.NewReplacer(":handle", s.owner.Handle).Replace(out)
	if strings.ContainsAny(out, ":*{") {
		s.T.Fatalf("nothing stands for the parameters of %s %s", method, pattern)
	}
	return out
}

// listen makes the owner hear of everything, and gives the feed's address.
func (s *stage) listen() string {
	page := s.owner.Get("/me/notices").Is(http.StatusOK)
	return page.Send(`form[action="/me/notices"]`, apptest.Fill{"on": page.Attrs("input[name=on]", "value"), "feed": {"1"}}).Text("#feed-url")
}

// saved is the page of a search that the owner has just saved, and no other.
func (s *stage) saved() *apptest.Page {
	for _, href := range s.owner.Get("/me/searches").Attrs(`a[href$="/delete"]`, "href") {
		s.owner.Get(href).Send(`form[action$="/delete"]`, nil).Is(http.StatusOK)
	}
	return s.owner.Get("/search?q=go").Send(`.rtools form[action$="/me/searches"]`, nil).Is(http.StatusOK)
}

// inquiry is the id of one that somebody else has just sent to the owner.
func (s *stage) inquiry() string {
	s.owner.Profile(nil).Is(http.StatusOK)
	s.owner.Get("/me/services").Send("#capacity", apptest.Fill{"capacity": {"50"}}).Is(http.StatusOK)
	s.asked++
	kid := s.Person(fmt.Sprintf("kid%d", s.asked))
	at := kid.Get("/tutors/ada/ask").Is(http.StatusOK).Send("form#ask", apptest.Fill{"goal": {"Хочу научиться"}}).Is(http.StatusOK).Path
	id, ok := strings.CutPrefix(at, "/inquiries/")
	if !ok {
		s.T.Fatalf("an inquiry led to %s", at)
	}
	return id
}

// newest is the last id of a kind of key in the owner's settings.
func (s *stage) newest(prefix string) string {
	id := ""
	for _, f := range s.owner.Get("/me/settings").Forms() {
		if rest, ok := strings.CutPrefix(f.Action, prefix); ok {
			id, _, _ = strings.Cut(rest, "/")
		}
	}
	return id
}

func (s *stage) ownerID() string {
	a, err := s.Accounts.ActorByToken(context.Background(), s.owner.Token())
	if err != nil {
		s.T.Fatal(err)
	}
	return a.ID
}

// picture puts a picture on the owner's profile and returns its name.
func (s *stage) picture() string {
	s.owner.Profile(nil).Is(http.StatusOK)
	s.owner.Get("/me/profile/picture").Upload(`form[action$="/me/profile/picture"]`, "picture", "me.jpg", photo(s.T, "")).Is(http.StatusOK)
	src := s.owner.Get("/tutors/ada").Attr(`img[src*="/pictures/"]`, "src")
	name := src[strings.LastIndex(src, "/")+1:]
	if name == "" {
		s.T.Fatal("no picture on the profile")
	}
	return name
}

// ask sends what the role would send: a GET, a form with a good token and
// nothing else in it, or an empty JSON object.
func (s *stage) ask(r row) int {
	path := r.path(s)
	body, kind := "", "application/x-www-form-urlencoded"
	switch {
	case strings.HasPrefix(r.pattern, "/api/"):
		kind, body = "application/json", apiBody(r)
	case strings.HasSuffix(r.pattern, "/begin"), strings.HasSuffix(r.pattern, "/finish"):
		kind, body = "application/json", fmt.Sprintf(`{"csrf":%q}`, s.c.CSRF())
	case r.method == http.MethodPost:
		body = url.Values{"csrf": {s.c.CSRF()}}.Encode()
	}
	req, err := http.NewRequest(r.method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	if r.method != http.MethodGet {
		req.Header.Set("Content-Type", kind)
	}
	if strings.HasPrefix(r.pattern, "/api/") && s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	s.Settle()
	return s.c.Stay().Do(req).Status
}

// apiBody is the least that a route takes, so that its answer says who may act
// and not what was missing.
func apiBody(r row) string {
	switch {
	case strings.Contains(r.pattern, "/me/services") && r.method != http.MethodDelete:
		return `{"title":"Разбор","format":"call","minutes":60,"price":null,"by_agreement":true,"state":"draft"}`
	case strings.HasSuffix(r.pattern, "/me/profile"):
		return `{"roles":["tutor"],"headline":"Go","languages":["ru"],"state":"open"}`
	}
	return "{}"
}

// TestAccessMatrix holds every route to what each role may do with it. The
// golden file is the authorisation policy: read its diff as one.
func TestAccessMatrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]map[string]int{}
	var order []string
	plain, _ := apptest.NewWithStripe(t)
	all, byCard := rows(apptest.New(t)), cardRows(plain)
	for _, r := range append(slices.Clone(all), byCard...) {
		order = append(order, r.name())
		got[r.name()] = map[string]int{}
	}
	act := func(t *testing.T, s *stage, role string, r row) {
		status := s.ask(r)
		mu.Lock()
		got[r.name()][role] = status
		mu.Unlock()
		if status >= 500 {
			t.Errorf("%s as %s: %d", r.name(), role, status)
		}
	}
	t.Run("roles", func(t *testing.T) {
		for _, role := range roles {
			t.Run(role, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, role)
				for _, r := range rows(s.World) {
					act(t, s, role, r)
					if ends(r) > 0 && ends(r) < 3 && s.who != nil {
						s.who.SignIn()
					}
				}
			})
			t.Run(role+"_with_cards", func(t *testing.T) {
				t.Parallel()
				s := newCardStage(t, role)
				for _, r := range byCard {
					act(t, s, role, r)
				}
			})
		}
	})
	slices.Sort(order)
	var b strings.Builder
	fmt.Fprintf(&b, "# Who may do what: the status of each route for each role. The owner is the one whose things the address names.\n")
	fmt.Fprintf(&b, "%-58s", "# route")
	for _, role := range roles {
		fmt.Fprintf(&b, "%10s", role)
	}
	for _, name := range order {
		fmt.Fprintf(&b, "\n%-58s", name)
		for _, role := range roles {
			fmt.Fprintf(&b, "%10d", got[name][role])
		}
	}
	golden(t, "access.golden", b.String()+"\n")
	t.Logf("%d routes × %d roles", len(order), len(roles))
}

// TestRolesAreRanked holds what the matrix stands on: an operator may do what
// a moderator may, and nobody else either.
func TestRolesAreRanked(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		role, wants account.Role
		want        bool
	}{{account.Operator, account.Moderator, true}, {account.Moderator, account.Operator, false}, {account.Member, account.Moderator, false},
		{account.Moderator, account.Moderator, true}, {"", account.Member, false}} {
		if got := (account.Actor{ID: "1", Role: x.role}).Is(x.wants); got != x.want {
			t.Errorf("%q is %q: got %v", x.role, x.wants, got)
		}
	}
}
