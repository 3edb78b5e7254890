package transfer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// world is a branch with everything an import touches.
type world struct {
	*dbtest.World
	*transfer.Transfer
	accounts *account.Accounts
	profiles *profile.Profiles
	market   *market.Market
}

func newWorld(t testing.TB, w *dbtest.World, url string) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(w.Dir, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	br := branch.New(w.DB, keys)
	accounts := account.New(account.Config{DB: w.DB, Keys: keys, Branch: br, URL: url})
	skill := func(text string) string {
		return map[string]string{"golang": "go", "qa": "testing"}[strings.ToLower(text)]
	}
	profiles := profile.New(w.DB, br, skill)
	goods := market.New(w.DB, profiles)
	tr := transfer.New(transfer.Config{DB: w.DB, Keys: keys, Profiles: profiles, Market: goods, URL: url, Skill: skill})
	return &world{World: w, Transfer: tr, accounts: accounts, profiles: profiles, market: goods}
}

const here = "https://here.example.org"

// imports runs an import that must succeed and gives its claims as rows.
func (w *world) imports(t testing.TB, in transfer.Input) (transfer.Report, [][]string) {
	t.Helper()
	var claims bytes.Buffer
	if !in.DryRun {
		in.Claims = &claims
	}
	report, err := w.Import(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&claims).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) > 0 {
		rows = rows[1:]
	}
	return report, rows
}

// counts is how many rows of each table there are.
func (w *world) counts(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := w.Read(t.Context(), func(tx *db.Tx) error {
		for _, table := range []string{"account", "profile", "service", "imported", "imported_seen", "search_change"} {
			var n int
			if err := tx.NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &n); err != nil {
				return err
			}
			out[table] = n
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// text is everything that stands in the database's profiles and services.
func (w *world) text(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	err := w.Read(t.Context(), func(tx *db.Tx) error {
		var people []profile.Profile
		if err := tx.NewSelect().Model(&people).OrderExpr("p.name").Scan(t.Context()); err != nil {
			return err
		}
		var goods []market.Service
		if err := tx.NewSelect().Model(&goods).OrderExpr("s.title").Scan(t.Context()); err != nil {
			return err
		}
		var accounts []account.Account
		if err := tx.NewSelect().Model(&accounts).Scan(t.Context()); err != nil {
			return err
		}
		for _, rows := range []any{people, goods, accounts} {
			part, err := json.Marshal(rows)
			if err != nil {
				return err
			}
			out.Write(part)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDraftsHidePeople(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		for _, c := range []struct{ name, format string }{{"getmentor", transfer.GetMentor}, {"getmentor_internal", transfer.GetMentor}, {"codingcoach", transfer.CodingCoach}} {
			report, claims := w.imports(t, transfer.Input{Format: c.format, Reader: open(t, c.name+".json")})
			golden(t, c.name+".report.golden", report)
			if len(claims) != report.Created || report.Created == 0 {
				t.Errorf("%s: %d claims for %d entries", c.name, len(claims), report.Created)
			}
			for _, row := range claims {
				if _, err := w.profiles.Profile(t.Context(), account.Actor{}, row[0]); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: a draft's page answers %v", row[0], err)
				}
			}
		}
		got := w.text(t)
		for _, secret := range []string{"Марфа", "marfa", "Выдумкина", "Завод Небылиц", "example.org", "Ada", "ada", "Makebelieve",
			"getmentor.example", "U0000001", "Ульяна", "Кооператив", "Небывалов"} {
			if strings.Contains(got, secret) {
				t.Errorf("the database holds %q of a draft", secret)
			}
		}
		if n := w.counts(t)["search_change"]; n != 0 {
			t.Errorf("drafts told search of %d changes", n)
		}
	})
}

func TestPublishedEntriesStand(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		report, claims := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), Publish: true})
		golden(t, "getmentor.published.report.golden", report)
		if claims[0][0] != "marfa-vydumkina" {
			t.Errorf("handle %q", claims[0][0])
		}
		p, err := w.profiles.Profile(t.Context(), account.Actor{}, "marfa-vydumkina")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"Марфа Выдумкина", "Senior Go-разработчик · Завод Небылиц", "go Backend Собеседования Карьера"}
		if diff := cmp.Diff(want, []string{p.Name, p.Headline, strings.Join(p.Skills, " ")}); diff != "" {
			t.Error(diff)
		}
		services, err := w.market.Services(t.Context(), account.Actor{}, "marfa-vydumkina")
		if err != nil || len(services) != 1 || *services[0].Price != 300000 || services[0].Currency != "RUB" {
			t.Errorf("services %+v, %v", services, err)
		}
	})
}

func TestImportAgainUpdatesAndNeverDoubles(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		first, codes := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json")})
		rows := w.counts(t)
		second, again := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json")})
		if first.Created != 5 || second.Unchanged != 5 || second.Created+second.Updated != 0 {
			t.Errorf("got %+v, then %+v", first, second)
		}
		if diff := cmp.Diff(codes, again); diff != "" {
			t.Errorf("a lost claims file is written again as it was:\n%s", diff)
		}
		changed := strings.Replace(read(t, "getmentor.json"), "QA Lead", "QA Lead и немного поэт", 1)
		third, _ := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(changed)})
		if third.Updated != 1 || third.Unchanged != 4 || third.Created != 0 {
			t.Errorf("one change gave %+v", third)
		}
		if diff := cmp.Diff(rows, w.counts(t)); diff != "" {
			t.Error(diff)
		}
		published, _ := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), Publish: true})
		if published.Updated != 5 {
			t.Errorf("consent given later: %+v", published)
		}
		if _, err := w.profiles.Profile(t.Context(), account.Actor{}, codes[0][0]); err != nil {
			t.Errorf("the published profile: %v", err)
		}
		if published.StillPublished != 0 {
			t.Errorf("drafts were not public before: %+v", published)
		}
	})
}

// TestImportWithoutPublishHidesNobody holds that an operator who forgets the
// option takes nobody's profile, name or offers off the board.
func TestImportWithoutPublishHidesNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		in := func(text string, publish, dry bool) transfer.Input {
			return transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(text), Publish: publish, DryRun: dry}
		}
		file := read(t, "getmentor.json")
		_, codes := w.imports(t, in(file, true, false))
		before, rows := w.text(t), w.counts(t)
		same, again := w.imports(t, in(file, false, false))
		if same.Unchanged != 5 || same.StillPublished != 5 || same.Dropped["name"] != 0 {
			t.Errorf("the same file: %+v", same)
		}
		if diff := cmp.Diff(codes, again); diff != "" {
			t.Errorf("claims (-first +again):\n%s", diff)
		}
		if diff := cmp.Diff(before, w.text(t)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(rows, w.counts(t)); diff != "" {
			t.Error(diff)
		}
		// One is paused; both change their texts, one its name; one is new.
		w.raw(t, "UPDATE profile SET state = 'paused', paused_by = 'owner' WHERE name = 'Тихон Небывалов'")
		changed := strings.NewReplacer("Senior Go-разработчик", "Go и Rust", "Марфа Выдумкина", "Марфа Иная", "QA Lead", "Учу проверять",
			`"id": 1003`, `"id": 9003`).Replace(file)
		for _, dry := range []bool{true, false} {
			report, _ := w.imports(t, in(changed, false, dry))
			if got := []int{report.Created, report.Updated, report.Unchanged, report.StillPublished}; !cmp.Equal(got, []int{1, 2, 2, 4}) {
				t.Errorf("dry %v: new, updated, unchanged, published: %v", dry, got)
			}
		}
		type seen struct {
			Name, Headline string
			State          profile.State
			Services       int
		}
		var got []seen
		for _, row := range codes[:2] {
			p, err := w.profiles.Profile(t.Context(), account.Actor{}, row[0])
			if err != nil {
				t.Fatal(err)
			}
			services, err := w.market.Services(t.Context(), account.Actor{}, row[0])
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, seen{p.Name, p.Headline, p.State, len(services)})
		}
		want := []seen{{"Марфа Выдумкина", "Go и Rust · Завод Небылиц", profile.Open, 1}, {"Тихон Небывалов", "Учу проверять", profile.Paused, 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		renamed, _ := w.imports(t, in(changed, true, false))
		p, err := w.profiles.Profile(t.Context(), account.Actor{}, codes[0][0])
		if err != nil || p.Name != "Марфа Иная" || renamed.StillPublished != 0 {
			t.Errorf("published anew: %q, %v, %+v", p.Name, err, renamed)
		}
	})
}

// raw changes the database as something outside of this package would.
func (w *world) raw(t testing.TB, statement string) {
	t.Helper()
	if err := w.Write(t.Context(), func(tx *db.Tx) error {
		res, err := tx.NewRaw(statement).Exec(t.Context())
		return db.Must(res, err, fault.Of(fault.NotFound, "nothing_changed"))
	}); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := io.ReadAll(open(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAClaimedOrErasedEntryIsLeftAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		in := func(publish bool) transfer.Input {
			return transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), Publish: publish}
		}
		_, codes := w.imports(t, in(true))
		acc, _, err := w.accounts.Claim(t.Context(), account.Claim{Code: codes[0][1], Handle: "new-name"})
		if err != nil {
			t.Fatal(err)
		}
		if p, err := w.profiles.Profile(t.Context(), account.Actor{}, "new-name"); err != nil || p.State != profile.Open || p.AccountID != acc.ID {
			t.Errorf("a published profile after its claim: %+v, %v", p, err)
		}
		if err := w.profiles.SetState(t.Context(), acc.Actor(), profile.Draft, dw.Clock.Now().Truncate(0)); err != nil {
			t.Fatal(err)
		}
		operator := account.Console()
		if err := w.accounts.EraseUnclaimed(t.Context(), operator, codes[1][0]); err != nil {
			t.Fatal(err)
		}
		before := w.counts(t)
		report, left := w.imports(t, in(true))
		if report.Unchanged != 5 || report.Created != 0 || len(left) != 3 {
			t.Errorf("got %+v and %d codes", report, len(left))
		}
		if diff := cmp.Diff(before, w.counts(t)); diff != "" {
			t.Error(diff)
		}
		for _, handle := range []string{codes[0][0], codes[1][0], "new-name"} {
			if _, err := w.profiles.Profile(t.Context(), account.Actor{}, handle); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is public again: %v", handle, err)
			}
		}
	})
}

func TestNothingIsWrittenWhenSomethingIsWrong(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		empty := w.counts(t)
		good := read(t, "getmentor.json")
		for name, in := range map[string]transfer.Input{
			"cut off":    {Format: transfer.GetMentor, Reader: strings.NewReader(good[:len(good)-20])},
			"wrong kind": {Format: transfer.CodingCoach, Reader: strings.NewReader(`{"a":1}`)},
			"a large field": {Format: transfer.GetMentor, Reader: strings.NewReader(
				strings.Replace(good, "Учу машины учиться.", strings.Repeat("x", 1<<20), 1))},
			"a duplicate": {Format: transfer.GetMentor, Reader: strings.NewReader(strings.Replace(good, "1005", "1001", 1))},
		} {
			var claims bytes.Buffer
			in.Claims = &claims
			if _, err := w.Import(t.Context(), in); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
			if claims.Len() > 0 {
				t.Errorf("%s: claims were written", name)
			}
		}
		_, err := w.Import(t.Context(), transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(good)})
		if where(err) != "import_claims_needed claims <nil>:<nil>" {
			t.Errorf("without claims: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stop := func(done, _ int) {
			if done == 3 {
				cancel()
			}
		}
		var claims bytes.Buffer
		_, err = w.Import(ctx, transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(good), Claims: &claims, Progress: stop})
		if err == nil || claims.Len() > 0 {
			t.Errorf("stopped in the middle: %v, %d bytes of claims", err, claims.Len())
		}
		if diff := cmp.Diff(empty, w.counts(t)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDryRunTellsWhatTheImportDoes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		empty := w.counts(t)
		in := transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), DryRun: true, Publish: true}
		dry, _ := w.imports(t, in)
		if diff := cmp.Diff(empty, w.counts(t)); diff != "" {
			t.Error(diff)
		}
		in.DryRun, in.Reader = false, open(t, "getmentor.json")
		real, claims := w.imports(t, in)
		var handles []string
		for _, p := range dry.Preview {
			handles = append(handles, p.Handle)
		}
		var made []string
		for _, row := range claims {
			made = append(made, row[0])
		}
		if diff := cmp.Diff(made, handles); diff != "" {
			t.Errorf("handles (-import +preview):\n%s", diff)
		}
		golden(t, "getmentor.preview.golden", dry)
		dry.Preview = nil
		if diff := cmp.Diff(real, dry); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAClaimDuringAnImportHasTheLastWord: on PostgreSQL people come while an
// import runs; on SQLite they wait for its end.
func TestAClaimDuringAnImportHasTheLastWord(t *testing.T) {
	t.Parallel()
	if !dbtest.PostgreSQL(t) {
		return
	}
	w := newWorld(t, dbtest.NewPostgreSQL(t), here)
	_, codes := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json")})
	report, left := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), Publish: true, Progress: func(done, _ int) {
		if done == 1 {
			if _, _, err := w.accounts.Claim(t.Context(), account.Claim{Code: codes[2][1]}); err != nil {
				t.Error(err)
			}
		}
	}})
	if report.Updated != 4 || report.Unchanged != 1 || len(left) != 4 {
		t.Errorf("got %+v and %d codes", report, len(left))
	}
	if _, err := w.profiles.Profile(t.Context(), account.Actor{}, codes[2][0]); !fault.Is(err, fault.NotFound) {
		t.Errorf("the claimed draft became public: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestClaimsFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t), here)
	file := read(t, "codingcoach.json")
	_, err := w.Import(t.Context(), transfer.Input{Format: transfer.CodingCoach, Reader: strings.NewReader(file), Claims: brokenPipe{}})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a full disk: %v", err)
	}
	_, rows := w.imports(t, transfer.Input{Format: transfer.CodingCoach, Reader: strings.NewReader(file)})
	if len(rows) != 3 {
		t.Fatalf("after the disk was full: %v", rows)
	}
	var sources []string
	for _, row := range rows {
		if _, ok := secret.ParseCode(row[1]); !ok || row[2] != here+"/claim" {
			t.Errorf("row %v", row)
		}
		sources = append(sources, row[3])
	}
	want := []string{"ada.makebelieve@example.org", "ben.invented@example.org", "'=cmd|' /c calc'!a0@example.org"}
	if diff := cmp.Diff(want, sources); diff != "" {
		t.Error(diff)
	}
}

func TestExportReadsBackEqual(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, dw *dbtest.World) {
		w := newWorld(t, dw, here)
		w.imports(t, transfer.Input{Format: transfer.Oduvan, Reader: open(t, "oduvan.json"), Publish: true})
		w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: open(t, "getmentor.json"), Publish: true})
		w.imports(t, transfer.Input{Format: transfer.CodingCoach, Reader: open(t, "codingcoach.json")}) // drafts stay at home
		var first bytes.Buffer
		if err := w.Export(t.Context(), &first); err != nil {
			t.Fatal(err)
		}
		if strings.Count(first.String(), `"handle"`) != 7 {
			t.Fatalf("exported:\n%s", first.String())
		}
		home, _ := w.imports(t, transfer.Input{Format: transfer.Oduvan, Reader: bytes.NewReader(first.Bytes()), Publish: true})
		if home.Unchanged != 7 {
			t.Errorf("a branch's own export at home: %+v", home)
		}
		other := newWorld(t, dbtest.New(t), here)
		report, _ := other.imports(t, transfer.Input{Format: transfer.Oduvan, Reader: bytes.NewReader(first.Bytes()), Publish: true})
		if report.Created != 7 || len(report.Shortened) > 0 || len(report.Dropped) > 0 {
			t.Errorf("got %+v", report)
		}
		var second bytes.Buffer
		if err := other.Export(t.Context(), &second); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first.String(), second.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyEntries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t), here)
	n := 1000
	if testing.Short() {
		n = 100
	}
	file := many(n)
	done := 0
	report, rows := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: file, Progress: func(d, total int) {
		if done++; done != d || total != n {
			t.Errorf("progress %d of %d, want %d of %d", d, total, done, n)
		}
	}})
	handles := map[string]bool{}
	for _, row := range rows {
		handles[row[0]] = true
	}
	if report.Created != n || len(handles) != n {
		t.Errorf("%d made, %d handles", report.Created, len(handles))
	}
}

// many is a list of n people who share few names.
func many(n int) io.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",{\"id\":%d,\"name\":\"Имя Повторное %c\",\"title\":\"Учитель %d\",\"about\":%q,\"price\":\"1000 руб\",\"tags\":\"Go\"}",
			i, 'а'+rune(i%32), i, strings.Repeat("Рассказ о себе. ", 60))
	}
	return strings.NewReader("[" + b.String()[1:] + "]")
}

// BenchmarkImport tells what ten thousand entries cost.
func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		base := dbtest.New(b)
		if os.Getenv("ODUVAN_BENCH_POSTGRESQL") != "" {
			base = dbtest.NewPostgreSQL(b)
		}
		w := newWorld(b, base, here)
		if _, err := w.Import(b.Context(), transfer.Input{Format: transfer.GetMentor, Reader: many(10_000), Publish: true}); err != nil {
			b.Fatal(err)
		}
	}
}
