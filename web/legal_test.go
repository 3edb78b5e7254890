package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/web"
)

// TestTermsNeverChange: certificates cite a version by its hash. Once a version
// was used, its line here stays as it is; a better text is a new version.
func TestTermsNeverChange(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"CL-1.0": "0fb12265fc0a2572b9b95879110eddd9906b7d23c0352891ede75321f260fd70",
	}
	got := map[string]string{}
	for _, version := range web.TermsVersions() {
		text, hash, ok := web.Terms(version)
		sum := sha256.Sum256(text)
		if !ok || hash != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: hash %q", version, hash)
		}
		if again, ok := web.TermsHash(version); again != hash || !ok {
			t.Errorf("%s: TermsHash says %q", version, again)
		}
		got[version] = hash
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("terms (-want +got):\n%s", diff)
	}
	if !slices.Contains(web.TermsVersions(), web.CurrentTerms) {
		t.Errorf("the current terms %s do not exist", web.CurrentTerms)
	}
	for _, version := range []string{"", "CL-9.9", "../embed.go", "CL-1.0.md", "CL-1.0/", "legal/CL-1.0", "cl-1.0"} {
		if _, _, ok := web.Terms(version); ok {
			t.Errorf("there are terms %q", version)
		}
	}
}

// TestTermsSayWhatALicenceIs: each promise of a grant stands in both languages,
// and the two have the same sections.
func TestTermsSayWhatALicenceIs(t *testing.T) {
	t.Parallel()
	for _, version := range web.TermsVersions() {
		text, _, _ := web.Terms(version)
		for _, phrase := range []string{
			version, "неисключительная", "non-exclusive", "не передача прав", "not a transfer of rights", "сублицензию", "sublicensed",
			"Бессрочной лицензии не бывает", "no perpetual licence", "автоматического продления тоже", "no automatic renewal",
			"Опубликованное остаётся", "What is published stays", "Новых копий нет", "No new copies", "льготные дни", "days of grace",
			"отозвана с этой минуты", "revoked from that moment", "14 дней", "14 days", "1096 дней", "1096 days",
			"безотзывна", "irrevocable", "CC BY-NC 4.0 (или другая указанная лицензия) остаётся у всех", "stays with everybody",
			"строка атрибуции", "attribution line", "посмотреть юрист", "a lawyer should look", "не сторона платежа", "none to the payment",
		} {
			if !strings.Contains(strings.ToLower(string(text)), strings.ToLower(phrase)) {
				t.Errorf("%s does not say %q", version, phrase)
			}
		}
		russian, english, ok := strings.Cut(string(text), "\n# In English\n")
		if diff := cmp.Diff(numbers(russian), numbers(english)); diff != "" || !ok || len(numbers(english)) < 20 {
			t.Errorf("%s: the sections of the languages differ:\n%s", version, diff)
		}
		if at := strings.IndexFunc(english, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }); at >= 0 {
			t.Errorf("%s: Russian in the English text: %.40q", version, english[at:])
		}
	}
}

// numbers are the numbers of headings and paragraphs, and how many items lists have.
func numbers(text string) []string {
	return regexp.MustCompile(`(?m)^(?:## )?[0-9]+\.(?:[0-9]+\.)? |^- `).FindAllString(text, -1)
}
