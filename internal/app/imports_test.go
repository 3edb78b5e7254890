package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tmoeg/oduvan/"

// may says which of our packages each package may import. It is the map of the
// house: what is not written here is refused. A trailing "/…" is every package
// below.
var may = map[string][]string{
	"cmd/oduvan":      {"internal/cli"},
	"internal/cli":    {"internal/…", "search", "search/…", "web", "migrations"},
	"internal/app":    {"internal/…", "search", "search/…", "web", "migrations"},
	"internal/site":   append(leaves(), "internal/fault/answer", "internal/account", "internal/branch", "internal/catalogue", "internal/profile", "internal/market", "internal/message", "internal/notice", "internal/payment", "internal/licence", "internal/licence/cert", "internal/sheet", "internal/fund", "internal/audit", "internal/transparency", "internal/saved", "search", "web"),
	"internal/api":    append(leaves(), "internal/fault/answer", "internal/account", "internal/branch", "internal/catalogue", "internal/profile", "internal/market", "internal/message", "internal/notice", "internal/payment", "internal/licence", "internal/licence/cert", "internal/sheet", "internal/fund", "internal/audit", "internal/transparency", "search", "web"),
	"internal/branch": leaves(),
	// The catalogue knows no kind: features give it theirs.
	"internal/catalogue": append(leaves(), "search"),
	"internal/account":   append(leaves(), "internal/branch"),
	"internal/profile":   append(leaves(), "internal/account", "internal/branch", "internal/catalogue", "search"),
	"internal/market":    append(leaves(), "internal/account", "internal/branch", "internal/catalogue", "internal/profile", "search"),
	"internal/message":   append(leaves(), "internal/account", "internal/profile"),
	"internal/notice":    append(leaves(), "internal/account", "internal/outbound"),
	"internal/saved":     append(leaves(), "internal/account", "internal/branch", "internal/catalogue", "search"),
	"internal/payment":   append(leaves(), "internal/account", "internal/audit"),
	// The ways of settling are the program's choice: only app names them.
	"internal/payment/direct": append(leaves(), "internal/account", "internal/payment"),
	"internal/payment/stripe": append(leaves(), "internal/account", "internal/payment", "internal/audit", "internal/outbound"),
	"internal/licence": append(leaves(), "internal/account", "internal/audit", "internal/branch", "internal/catalogue", "internal/profile", "internal/payment",
		"internal/licence/cert", "internal/outbound", "search"),
	"internal/licence/cert": {"internal/money"},
	// The wall: the fund knows of no market package, and none of them knows of it.
	"internal/fund":  append(leaves(), "internal/account", "internal/audit"),
	"internal/audit": {"internal/db", "internal/fault"},
	// What is told of both stands above both and only reads.
	"internal/transparency": {"internal/audit", "internal/fault", "internal/fund", "internal/licence", "internal/payment"},
	"internal/transfer":     append(leaves(), "internal/account", "internal/branch", "internal/catalogue", "internal/profile", "internal/market"),
	// Made-up content is one more file of the transfer's own format.
	"internal/transfer/demo": append(leaves(), "internal/account", "internal/branch", "internal/profile", "internal/market", "internal/transfer", "internal/licence", "internal/licence/cert"),
	"internal/db":            {"internal/fault", "internal/failpoint", "migrations"},

	// The mapping to HTTP is for those who answer; no feature sees it.
	"internal/fault/answer": {"internal/fault"},

	"internal/fault": {}, "internal/failpoint": {}, "internal/config": {}, "internal/limit": {}, "internal/markup": {}, "internal/secret": {}, "internal/outbound": {"internal/fault"},
	"internal/money": {"internal/fault"}, "internal/sheet": {}, "internal/blob": {"internal/fault"}, "internal/media": {"internal/fault"}, "internal/control": {"internal/fault"},
	"migrations": {}, "web": {}, "search": {}, "search/…": {"search", "search/…"},

	"internal/apptest": {"internal/…", "web"}, "internal/db/dbtest": {"internal/db", "migrations"},
	"internal/catalogue/cataloguetest": {"search"},
	"internal/payment/paymenttest":     append(leaves(), "internal/account", "internal/branch", "internal/db/dbtest", "internal/payment"),
}

// leaves are the packages that every feature may use.
func leaves() []string {
	return []string{"internal/db", "internal/fault", "internal/money", "internal/secret", "internal/limit", "internal/blob", "internal/media",
		"internal/markup", "internal/failpoint", "migrations"}
}

// outside says which of our packages may import a module of others.
var outside = map[string][]string{
	"github.com/uptrace/bun": {"internal/db", "internal/branch", "internal/account", "internal/profile", "internal/market", "internal/catalogue", "internal/transfer", "internal/message", "internal/notice", "internal/saved",
		"internal/payment", "internal/payment/stripe", "internal/licence", "internal/fund", "internal/audit"},
	"github.com/gin-gonic/gin":         {"internal/site", "internal/api", "internal/app"},
	"github.com/danielgtaylor/huma/v2": {"internal/api"},
	"github.com/a-h/templ":             {"web", "internal/site"},
	"github.com/riverqueue/river":      {"internal/db"},
	"github.com/alexedwards/scs/v2":    {"internal/site", "internal/account"},
	"github.com/meilisearch":           {"search/meili"},
	"github.com/blevesearch/bleve":     {"search/bleve", "search/bench"}, // the latter only to compare with
	"github.com/SherClockHolmes":       {"internal/notice"},
	"github.com/go-jose":               {"internal/licence/cert"},
	"rsc.io/qr":                        {"internal/sheet"},
	"github.com/stripe/stripe-go":      {"internal/payment/stripe"}, // nobody else can speak of money to Stripe
	"codeberg.org/go-pdf":              {"internal/sheet"},
	"github.com/go-fonts":              {"internal/sheet"},
}

type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module)
		all = append(all, p)
	}
}

func allowed(list []string, name string) bool {
	for _, a := range list {
		if a == name || strings.HasSuffix(a, "/…") && strings.HasPrefix(name, strings.TrimSuffix(a, "…")) {
			return true
		}
	}
	return false
}

func row(name string) ([]string, bool) {
	if list, ok := may[name]; ok {
		return list, true
	}
	for pattern, list := range may {
		if allowed([]string{pattern}, name) {
			return list, true
		}
	}
	return nil, false
}

func TestImportsFollowTheMap(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		list, ok := row(p.ImportPath)
		if !ok {
			t.Errorf("%s has no row in the map", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if name, ours := strings.CutPrefix(imp, module); ours && !allowed(list, name) {
				t.Errorf("%s imports %s, which its row does not allow", p.ImportPath, name)
			}
		}
	}
	if allowed(may["internal/account"], "internal/market") {
		t.Error("the check itself lets account import market")
	}
}

func TestOutsideModulesStayInTheirRows(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			for mod, list := range outside {
				if (imp == mod || strings.HasPrefix(imp, mod+"/")) && !slices.Contains(list, p.ImportPath) {
					t.Errorf("%s imports %s", p.ImportPath, imp)
				}
			}
		}
	}
}

func TestNoPackageNamedByNothing(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`(^|/)(util|utils|common|helper|helpers|types|models|misc)(/|$)`)
	for _, p := range packages(t) {
		if bad.MatchString(p.ImportPath) {
			t.Errorf("%s says nothing of what it holds", p.ImportPath)
		}
	}
}

// TestClockAndChanceComeFromOutside: only the wiring and the database may ask
// for the time or for chance; everybody else is told.
func TestClockAndChanceComeFromOutside(t *testing.T) {
	t.Parallel()
	free := []string{"internal/app", "internal/db", "internal/db/dbtest", "internal/apptest", "internal/secret", "search/searchtest", "cmd/oduvan"}
	clock := regexp.MustCompile(`\btime\.(Now|Since|Until)\(`)
	chance := regexp.MustCompile(`"(math/rand|math/rand/v2|crypto/rand)"`)
	for _, p := range packages(t) {
		if slices.Contains(free, p.ImportPath) {
			continue
		}
		for _, file := range p.GoFiles {
			eachLine(t, filepath.Join(p.Dir, file), func(n int, line string) {
				if clock.MatchString(line) || chance.MatchString(line) {
					t.Errorf("%s/%s:%d: %s", p.ImportPath, file, n, strings.TrimSpace(line))
				}
			})
		}
	}
}

func eachLine(t *testing.T, path string, fn func(int, string)) {
	t.Helper()
	text := read(t, path)
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for n := 1; sc.Scan(); n++ {
		fn(n, sc.Text())
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
}
