package profile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/profile"
)

func TestSaveKeepsEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		in := profile.Input{Tutor: true, Creator: true, Name: " Ада \u202e Л. ", Headline: "Python\tс нуля", About: "Привет\r\n\r\n**да**\r\n",
			Skills: []string{"питон", "python", " Cooking  well ", ""}, Levels: []string{"work", "zero"}, Languages: []string{"RU", "en", "ru"},
			Formats: []string{"chat", "call", "chat"}, Timezone: "Asia/Almaty", State: profile.Paused, PausedUntil: dbtest.Start.Add(time.Hour),
			Links: []profile.Link{{"", "https://www.example.org/ada?a=1&b=2"}, {}, {"Код", "https://example.com"}}}
		row, created, err := w.Save(context.Background(), ada, in)
		if err != nil || !created {
			t.Fatalf("created %v, %v", created, err)
		}
		expected := profile.Profile{AccountID: ada.ID, Tutor: true, Creator: true, Name: "Ада Л.", Headline: "Python с нуля", About: "Привет\n\n**да**",
			Skills: []string{"python", "Cooking well"}, Levels: []string{"zero", "work"}, Languages: []string{"ru", "en"},
			Formats: []string{"call", "chat"}, Timezone: "Asia/Almaty", State: profile.Paused, PausedBy: profile.ByOwner,
			PausedUntil: dbtest.Start.Add(time.Hour), Approved: true, ActiveOn: db.Day(dbtest.Start), Version: 1, Handle: "ada",
			AccountState: account.Active, Seed: row.Seed,
			Links: []profile.Link{{"example.org", "https://www.example.org/ada?a=1&b=2"}, {"Код", "https://example.com"}}}
		ignore := cmpopts.IgnoreFields(profile.Profile{}, "BaseModel")
		if diff := cmp.Diff(expected, row, ignore); diff != "" {
			t.Errorf("saved (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(row, w.mine(t, ada), ignore, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
		if row.Seed == "" {
			t.Error("no seed")
		}
		row, created, err = w.Save(context.Background(), ada, open())
		if err != nil || created || row.Version != 2 || row.Creator || len(row.Skills) != 0 {
			t.Errorf("a second save: created %v, %+v, %v", created, row, err)
		}
		want(t, "published on", db.Day(dbtest.Start), row.PublishedOn)
	})
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		long := func(n int) string { return strings.Repeat("я", n) }
		link := func(u string) func(*profile.Input) {
			return func(in *profile.Input) { in.Links = []profile.Link{{"x", u}} }
		}
		for _, tt := range []struct {
			change func(*profile.Input)
			want   string
		}{
			{func(in *profile.Input) { in.Name = long(61) }, "invalid:too_long:name "},
			{func(in *profile.Input) { in.Headline = long(161) }, "invalid:too_long:headline "},
			{func(in *profile.Input) { in.About = long(8001) }, "invalid:too_long:about "},
			{func(in *profile.Input) { in.About = "a\x00b" }, "invalid:text_form:about "},
			{func(in *profile.Input) { in.Name = "a\xff" }, "invalid:text_form:name "},
			{func(in *profile.Input) { in.Skills = strings.Split("a b c d e f g h i j k", " ") }, "invalid:too_many:skills "},
			{func(in *profile.Input) { in.Skills = []string{"a", long(41)} }, "invalid:too_long:skills "},
			{func(in *profile.Input) { in.Levels = []string{"god"} }, "invalid:value_unknown:levels "},
			{func(in *profile.Input) { in.Formats = []string{"no-mic"} }, "invalid:value_unknown:formats "},
			{func(in *profile.Input) { in.Languages = []string{"ru-RU"} }, "invalid:language_unknown:languages "},
			{func(in *profile.Input) { in.Languages = []string{"und"} }, "invalid:language_unknown:languages "},
			{func(in *profile.Input) { in.Languages = []string{"rus"} }, "invalid:language_unknown:languages "},
			{func(in *profile.Input) { in.Languages = strings.Split("ru en de fr es it pt pl cs sr tr", " ") }, "invalid:too_many:languages "},
			{func(in *profile.Input) { in.Timezone = "Local" }, "invalid:timezone_unknown:timezone "},
			{func(in *profile.Input) { in.Timezone = "../../etc/passwd" }, "invalid:timezone_unknown:timezone "},
			{func(in *profile.Input) { in.Timezone = "localtime" }, "invalid:timezone_unknown:timezone "},
			{func(in *profile.Input) { in.Timezone = "Mars/Phobos" }, "invalid:timezone_unknown:timezone "},
			{link("http://example.org"), "invalid:link_form:links "},
			{link("https://ada:pw@example.org"), "invalid:link_form:links "},
			{link("https://127.0.0.1/"), "invalid:link_form:links "},
			{link("https://[::1]/"), "invalid:link_form:links "},
			{link("https://0x7f.1/"), "invalid:link_form:links "},
			{link("https://router/"), "invalid:link_form:links "},
			{link("javascript:alert(1)"), "invalid:link_form:links "},
			{link("https://"), "invalid:link_form:links "},
			{link("https://example.org/a b"), "invalid:link_form:links "},
			{link("https://example.org/" + long(200)), "invalid:too_long:links "},
			{func(in *profile.Input) {
				for range 7 {
					in.Links = append(in.Links, profile.Link{"", "https://example.org"})
				}
			}, "invalid:too_many:links "},
			{func(in *profile.Input) { in.State = "gone" }, "invalid:state_unknown:state "},
			{func(in *profile.Input) { in.State, in.PausedUntil = profile.Paused, dbtest.Start }, "invalid:until_range:paused_until "},
			{func(in *profile.Input) {
				in.State, in.PausedUntil = profile.Paused, dbtest.Start.AddDate(2, 0, 0)
			}, "invalid:until_range:paused_until "},
			{func(in *profile.Input) { in.Version = -1 }, "invalid:version_form:version "},
			{func(in *profile.Input) { in.Tutor = false }, "invalid:role_needed:roles "},
			{func(in *profile.Input) { in.Headline = "" }, "invalid:profile_empty:headline "},
			{func(in *profile.Input) { in.Version = 7 }, "conflict:changed_meanwhile"},
			{func(in *profile.Input) { in.Name, in.Tutor, in.Timezone = long(61), false, "x" },
				"invalid:too_long:name invalid:timezone_unknown:timezone invalid:role_needed:roles "},
		} {
			_, _, err := w.Save(context.Background(), ada, open(tt.change))
			if got := code(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		}
		_, _, err := w.Save(context.Background(), account.Actor{}, open())
		want(t, "nobody", "unauthenticated:sign_in_needed", code(err))
		_, _, err = w.Save(context.Background(), account.Actor{ID: "gone", Role: account.Member}, open())
		want(t, "erased meanwhile", "unauthenticated:sign_in_needed", code(err))
		_, err = w.Mine(context.Background(), ada)
		want(t, "nothing was written", "not_found:profile_none", code(err))
	})
}

func TestEveryBoundFitsItsColumn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		in := open(func(in *profile.Input) {
			in.Name, in.Headline, in.About = strings.Repeat("я", 60), strings.Repeat("&", 160), strings.Repeat("😀", 8000)
			for i := range 10 {
				in.Skills = append(in.Skills, strings.Repeat("<", 39)+string(rune('a'+i)))
			}
			for range 6 {
				in.Links = append(in.Links, profile.Link{strings.Repeat("<", 60), "https://example.org/?" + strings.Repeat("&", 179)})
			}
			in.Levels, in.Formats, in.Languages = profile.Levels(), profile.Formats(), profile.Languages()[:10]
		})
		row := w.save(t, w.person(t, "ada"), in)
		want(t, "links", in.Links, w.mine(t, account.Actor{ID: row.AccountID}).Links)
	})
}

func TestSecondTab(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		first := w.save(t, ada, open())
		w.save(t, ada, open(func(in *profile.Input) { in.Version, in.Name = first.Version, "one" }))
		_, _, err := w.Save(ctx, ada, open(func(in *profile.Input) { in.Version, in.Name = first.Version, "two" }))
		want(t, "the older tab", "conflict:changed_meanwhile", code(err))
		want(t, "name", "one", w.mine(t, ada).Name)

		// Many tabs at once with one version: exactly one wins.
		version := w.mine(t, ada).Version
		var wins sync.Map
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				if _, _, err := w.Save(ctx, ada, open(func(in *profile.Input) { in.Version = version })); err == nil {
					wins.Store(i, true)
				} else if code(err) != "conflict:changed_meanwhile" {
					t.Errorf("tab %d: %v", i, err)
				}
			})
		}
		group.Wait()
		n := 0
		wins.Range(func(any, any) bool { n++; return true })
		want(t, "tabs that saved", 1, n)
	})
}

func TestFirstSavesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				if _, _, err := w.Save(context.Background(), ada, open()); err != nil && code(err) != "conflict:changed_meanwhile" {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		want(t, "state", profile.Open, w.mine(t, ada).State)
	})
}

func TestWhoReadsWhat(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		boss, mod := w.office(t, "boss", account.Operator), w.office(t, "mod", account.Moderator)
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		const no = "not_found:profile_unknown"
		for _, tt := range []struct {
			name                         string
			prepare                      func()
			nobody, owner, other, office string
		}{
			{"draft", func() { w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Draft })) }, no, "", no, no},
			{"paused before it was ever open", func() { w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Paused })) }, no, "", no, ""},
			{"open", func() { w.save(t, ada, open()) }, "", "", "", ""},
			{"paused", func() { w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Paused })) }, "", "", "", ""},
			{"unpublished", func() { w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Draft })) }, no, "", no, no},
		} {
			tt.prepare()
			for who, by := range map[string]account.Actor{"nobody": {}, "owner": ada, "other": ben, "moderator": mod, "operator": boss} {
				wanted := map[string]string{"nobody": tt.nobody, "owner": tt.owner, "other": tt.other, "moderator": tt.office, "operator": tt.office}[who]
				_, err := w.Profile(ctx, by, "ada")
				if got := code(err); got != wanted {
					t.Errorf("%s, %s: got %q, want %q", tt.name, who, got, wanted)
				}
			}
		}
		_, err := w.Profile(ctx, boss, "nosuch")
		want(t, "unknown handle", no, code(err))
		_, err = w.Mine(ctx, account.Actor{})
		want(t, "nobody's own", "unauthenticated:sign_in_needed", code(err))
	})
}

func TestUnclaimedDraftsAreNobodys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		boss := w.office(t, "boss", account.Operator)
		put := func(in profile.Input) error {
			return w.Write(ctx, func(tx *db.Tx) error {
				acc, err := account.ByHandle(ctx, tx, "imported")
				if err != nil {
					if acc, err = account.Unclaimed(ctx, tx, "imported"); err != nil {
						return err
					}
				}
				return w.Put(ctx, tx, acc.ID, in)
			})
		}
		w.approval(t, true)
		if err := put(open(func(in *profile.Input) { in.State = profile.Draft })); err != nil {
			t.Fatal(err)
		}
		_, err := w.Profile(ctx, boss, "imported")
		want(t, "operator reads", "not_found:profile_unknown", code(err))
		if err := put(open(func(in *profile.Input) { in.Name, in.Version = "Given", 99 })); err != nil {
			t.Fatal(err)
		}
		row, err := w.Profile(ctx, account.Actor{}, "imported")
		if err != nil || row.Name != "Given" || !row.Approved || row.Version != 2 {
			t.Errorf("published by the operator: %+v, %v", row, err)
		}
		want(t, "a bad import", "invalid:too_long:name ", code(put(open(func(in *profile.Input) { in.Name = strings.Repeat("x", 61) }))))
	})
}

func TestPicturesAreDropped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Clock.Advance(time.Until(w.Now()) * -1) // jobs that began long before the machine's time are taken from their worker
		ctx, ada, ben := context.Background(), w.person(t, "ada"), w.person(t, "ben")
		want(t, "before a profile", "not_found:profile_none", code(w.SetPicture(ctx, ada, "aa.jpg")))
		want(t, "no name", "invalid:picture_broken", code(w.SetPicture(ctx, ada, "")))
		var mu sync.Mutex
		dropped := map[string]bool{}
		db.Handle(w.DB, func(ctx context.Context, j profile.DropPicture) error {
			used, err := w.PictureUsed(ctx, j.Name)
			mu.Lock()
			defer mu.Unlock()
			dropped[j.Name] = !used
			return err
		})
		for _, by := range []account.Actor{ada, ben} {
			w.save(t, by, open())
			if err := w.SetPicture(ctx, by, "aa.jpg"); err != nil {
				t.Fatal(err)
			}
		}
		for _, act := range []func() error{
			func() error { return w.SetPicture(ctx, ada, "bb.jpg") },
			func() error { return w.SetPicture(ctx, ada, "bb.jpg") },
			func() error { return w.RemovePicture(ctx, ada) },
			func() error { return w.RemovePicture(ctx, ada) },
		} {
			if err := act(); err != nil {
				t.Fatal(err)
			}
		}
		dbtest.Drain(t, w.World)
		want(t, "dropped", map[string]bool{"aa.jpg": false, "bb.jpg": true}, dropped)
		face, err := w.Face(ctx, ben)
		if err != nil || face.Picture != "aa.jpg" || face.Name != "Ада" || face.Seed == "" {
			t.Errorf("face %+v, %v", face, err)
		}
		cyd := w.person(t, "cyd")
		if face, err = w.Face(ctx, cyd); err != nil || face.Seed == "" || face.Name != "" {
			t.Errorf("face without a profile %+v, %v", face, err)
		}
		if face, err = w.Face(ctx, account.Actor{}); err != nil || face != (profile.Face{}) {
			t.Errorf("nobody's face %+v, %v", face, err)
		}
	})
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, ben := context.Background(), w.person(t, "ada"), w.person(t, "ben")
		parts := func(by account.Actor) map[string]json.RawMessage {
			var b bytes.Buffer
			if err := w.accounts.Export(ctx, by, &b); err != nil {
				t.Fatal(err)
			}
			out := map[string]json.RawMessage{}
			if err := json.Unmarshal(b.Bytes(), &out); err != nil {
				t.Fatalf("%v in %s", err, b.String())
			}
			return out
		}
		want(t, "without a profile", "null", strings.TrimSpace(string(parts(ada)["profile"])))
		w.save(t, ada, open(func(in *profile.Input) {
			in.Creator, in.Skills, in.About = true, []string{"питон"}, "secret words"
		}))
		w.save(t, ben, open())
		var got map[string]any
		if err := json.Unmarshal(parts(ada)["profile"], &got); err != nil {
			t.Fatal(err)
		}
		want(t, "exported", []any{"Ада", "secret words", []any{"tutor", "creator"}, []any{"python"}, "open", "2026-11-22", nil},
			[]any{got["name"], got["about"], got["roles"], got["skills"], got["state"], got["published_on"], got["paused_until"]})

		_, before := w.changes(t, 0)
		if err := w.accounts.Erase(ctx, ada, "ada"); err != nil {
			t.Fatal(err)
		}
		kinds, _ := w.changes(t, before)
		want(t, "told", []string{"creator", "tutor"}, kinds)
		_, err := w.Profile(ctx, account.Actor{}, "ada")
		want(t, "after", "not_found:profile_unknown", code(err))
		var left int64
		if err := w.Read(ctx, func(tx *db.Tx) error {
			left, err = tx.NewSelect().Model((*db.Deadline)(nil)).Where("kind = 'profile'").Count(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		want(t, "deadlines left", int64(1), left)
		w.mine(t, ben)
	})
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	got := profile.Warnings(profile.Input{Name: "Ada", About: "write me@example.org or me2@example.org, +7 912 345-67-89",
		Headline: "t.me/ada_lovelace", Links: []profile.Link{{"x", "https://t.me/ada_lovelace"}}})
	want(t, "warnings", []profile.Warning{{"headline", markup.Messenger}, {"about", markup.Email}, {"about", markup.Phone}}, got)
	want(t, "none", []profile.Warning(nil), profile.Warnings(open()))
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a b", "\u202eabc", "a\r\nb\x00", "\xff", "é\u0301", "https://example.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line, text := profile.Line(s), profile.Text(s)
		if !utf8.ValidString(s) {
			if profile.Bounded("x", line, 1<<20) == nil || profile.Bounded("x", text, 1<<20) == nil {
				t.Errorf("%q is taken", s)
			}
			return
		}
		if strings.ContainsAny(line, "\n\r\t\u202e\u200b") || strings.ContainsAny(text, "\r\u202e\u200b") {
			t.Errorf("%q stays in %q, %q", s, line, text)
		}
		if profile.Line(line) != line || profile.Text(text) != text {
			t.Errorf("%q: cleaning twice differs", s)
		}
	})
}
