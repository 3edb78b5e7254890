package secret_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/secret"
)

func TestNewCode(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$`)
	seen := map[string]bool{}
	letters := map[rune]bool{}
	for range 1000 {
		code := secret.NewCode()
		if !form.MatchString(code) || seen[code] {
			t.Fatalf("%q is malformed or was given before", code)
		}
		seen[code] = true
		for _, r := range code {
			letters[r] = true
		}
		if got, ok := secret.ParseCode(code); !ok || got != code {
			t.Fatalf("%q reads as %q, %v", code, got, ok)
		}
	}
	if len(letters) != 33 {
		t.Errorf("%d different characters, want all 32 and the dash", len(letters))
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	const want = "01234-56789-ABCDE-FGHJK-MNPQRS"
	for _, text := range []string{
		want, strings.ToLower(want), "  " + strings.ReplaceAll(want, "-", "") + "\n",
		"O1234 56789 abcde fghjk mnpqrs", "oI234-56789-ABCDE-FGHJK-MNPQRS", "0l234–56789—ABCDE\u00a0FGHJK−MNPQRS",
		"0 1 2 3 4 5 6 7 8 9 A B C D E F G H J K M N P Q R S",
	} {
		if got, ok := secret.ParseCode(text); !ok || got != want {
			t.Errorf("%q reads as %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", want[1:], want + "0", "U" + want[1:], "!" + want[1:], "Я" + want[1:],
		strings.Repeat(" ", 200), strings.Repeat("A", 1<<20), "\xff\xfe"} {
		if got, ok := secret.ParseCode(text); ok || got != "" {
			t.Errorf("%.40q reads as %q", text, got)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("01234-56789-ABCDE-FGHJK-MNPQRS")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := secret.ParseCode(text)
		if again, twice := secret.ParseCode(got); ok && (!twice || again != got) {
			t.Fatalf("%q reads as %q, then %q", text, got, again)
		}
	})
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^odt_[A-Za-z0-9_-]{43}$`)
	a, b := secret.NewToken("odt_"), secret.NewToken("odt_")
	if !form.MatchString(a) || a == b {
		t.Errorf("%q, %q", a, b)
	}
}
