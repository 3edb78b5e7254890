package branch_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// The order of the languages decides for whoever asks for neither, and a
// language that the branch does not speak is never chosen.
func TestPrefers(t *testing.T) {
	t.Parallel()
	both, turned, ru, en := []string{"ru", "en"}, []string{"en", "ru"}, []string{"ru"}, []string{"en"}
	for _, tt := range []struct {
		accept string
		langs  []string
		want   string
	}{
		{"", both, "ru"}, {"", turned, "en"}, {"", ru, "ru"}, {"", en, "en"},
		{"en-GB,en;q=0.9", both, "en"}, {"en-GB,en;q=0.9", turned, "en"}, {"en-GB,en;q=0.9", ru, "ru"},
		{"ru-RU,ru;q=0.9,en;q=0.8", both, "ru"}, {"ru-RU,ru;q=0.9,en;q=0.8", turned, "ru"}, {"ru-RU,ru;q=0.9,en;q=0.8", en, "en"},
		{"de,en;q=0.5", both, "en"}, {"de", both, "en"}, {"de", turned, "en"}, {"de", ru, "ru"},
		{"kk", both, "ru"}, {"kk", turned, "ru"}, {"kk", en, "en"},
		{"*", turned, "en"}, {"*", both, "ru"}, {";;;", both, "ru"}, {";;;", turned, "en"}, {"en" + string(make([]byte, 300)), both, "ru"},
		{"", nil, "ru"}, {"en", nil, "ru"},
	} {
		if got := (branch.Settings{Languages: tt.langs}).Prefers(tt.accept); got != tt.want {
			t.Errorf("%.40q of %v: got %q, want %q", tt.accept, tt.langs, got, tt.want)
		}
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  string
		langs []string
		got   string
	}{{"ru", []string{"en"}, "en"}, {"en", []string{"en"}, "en"}, {"ru", []string{"en", "ru"}, "ru"}, {"kk", []string{"en", "ru"}, "en"}, {"", nil, "ru"}} {
		if got := (branch.Settings{Languages: tt.langs}).Spoken(tt.want); got != tt.got {
			t.Errorf("%q of %v: got %q, want %q", tt.want, tt.langs, got, tt.got)
		}
	}
}

// FuzzPrefers holds for whatever a browser sends: the answer is a language of
// the branch.
func FuzzPrefers(f *testing.F) {
	for _, s := range []string{"", "ru", "en-GB;q=0.1,*", ";q=", "x-klingon", "zh-Hant-u-co-pinyin", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		for _, langs := range [][]string{{"ru", "en"}, {"en", "ru"}, {"en"}, {"ru"}} {
			s := branch.Settings{Languages: langs}
			if got := s.Prefers(accept); !s.Speaks(got) {
				t.Errorf("%q of %v: %q", accept, langs, got)
			}
		}
	})
}

// At keeps telling the last settings when the database is away, with the error.
func TestLastKnownSettings(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		b := branch.New(w.DB, keysOf(t, w))
		want := branch.Defaults()
		want.Languages = []string{"en"}
		if err := save(w, want); err != nil {
			t.Fatal(err)
		}
		_, first, err := b.At(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := save(w, want); err != nil {
			t.Fatal(err)
		}
		if _, second, err := b.At(ctx); err != nil || second <= first {
			t.Errorf("the counter went from %d to %d, %v", first, second, err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		got, _, err := b.At(ctx)
		if err == nil {
			t.Error("a closed database gave no error")
		}
		if diff := cmp.Diff(want.Languages, got.Languages); diff != "" {
			t.Errorf("languages without a database (-want +got):\n%s", diff)
		}
		got, _, err = branch.New(w.DB, keysOf(t, w)).At(ctx)
		if diff := cmp.Diff(branch.Defaults().Languages, got.Languages); diff != "" || err == nil {
			t.Errorf("of a branch never read: %v, %s", err, diff)
		}
	})
}
