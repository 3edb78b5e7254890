package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// golden compares with a file in testdata; ODUVAN_GOLDEN=1 writes it.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if os.Getenv("ODUVAN_GOLDEN") != "" {
		if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(text)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func open(t testing.TB, name string) *os.File {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func TestReadForeignLists(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"getmentor": transfer.GetMentor, "getmentor_internal": transfer.GetMentor, "codingcoach": transfer.CodingCoach,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries, err := transfer.Read(format, open(t, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".entries.golden", entries)
		})
	}
}

// where is a fault as a person would need it.
func where(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s %s %v:%v", e.Code, e.Field, e.Args["line"], e.Args["column"])
}

func TestReadNamesThePlaceOfAFault(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("я", 40_000)
	own := func(profile string) string {
		return "{\"format\":\"oduvan\",\"version\":1,\"profiles\":[\n" + profile + "]}"
	}
	cases := []struct{ name, format, text, want string }{
		{"nothing", "getmentor", "", "import_json  1:1"},
		{"another format", "csv", "[]", "import_format_unknown format <nil>:<nil>"},
		{"an object", "getmentor", "{}", "import_shape  1:1"},
		{"cut off", "getmentor", "[\n {\"id\":1,\"name\":\"A\"", "import_json [0] 2:20"},
		{"cut off in a text", "getmentor", "[{\"id\":1,\"name\":\"A", "import_json [0].name 1:17"},
		{"a second comma", "getmentor", "[{\"id\":1,\"name\":\"A\"},,]", "import_json [1] 1:22"},
		{"something behind", "getmentor", "[] []", "import_json  1:4"},
		{"a member that is a number", "codingcoach", "[\n7]", "import_shape [0] 2:1"},
		{"a name that is a number", "getmentor", "[{\"id\":1,\n\"name\":5}]", "import_shape [0].name 2:8"},
		{"tags of numbers", "getmentor", "[{\"id\":1,\"name\":\"A\",\"tags\":[\"a\",3]}]", "import_shape [0].tags[1] 1:33"},
		{"no id", "getmentor", "[{\"name\":\"A\"}]", "import_field_missing [0].id 1:2"},
		{"no name", "getmentor", "[{\"id\":1}]", "import_field_missing [0].name 1:2"},
		{"an id twice", "getmentor", "[{\"id\":1,\"name\":\"A\"},\n{\"id\":\"1\",\"name\":\"B\"}]", "import_duplicate_id [1].id 2:7"},
		{"an address twice", "codingcoach", `[{"id":"a@b","name":"A"},{"id":"A@B","name":"B"}]`, "import_duplicate_id [1].id 1:32"},
		{"a key twice", "getmentor", `[{"id":1,"id":2,"name":"B"}]`, "import_key_twice [0].id 1:14"},
		{"a large field", "getmentor", `[{"id":1,"name":"A","about":"` + long + `"}]`, "import_field_too_large [0].about 1:29"},
		{"a large unknown field", "getmentor", `[{"id":1,"name":"A","x y":"` + long + `"}]`, "import_field_too_large [0][\"x y\"] 1:27"},
		{"not UTF-8", "getmentor", "[{\"id\":1,\"name\":\"\xff\"}]", "import_not_utf8 [0].name 1:18"},
		{"a bare line end", "getmentor", "[{\"id\":1,\"name\":\"a\nb\"}]", "import_json [0].name 1:19"},
		{"a bad escape", "getmentor", `[{"id":1,"name":"a\x"}]`, "import_json [0].name 1:20"},
		{"bad digits", "getmentor", `[{"id":1,"name":"a\u00zz"}]`, "import_json [0].name 1:21"},
		{"a number with a zero before", "getmentor", `[{"id":01}]`, "import_json [0].id 1:8"},
		{"NaN", "getmentor", `[{"id":NaN}]`, "import_json [0].id 1:8"},
		{"deep", "getmentor", `[{"id":` + strings.Repeat("[", 30) + `}]`, "import_too_deep [0].id[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0] 1:23"},
		{"many values", "getmentor", `[{"id":1,"name":"A","x":[` + strings.Repeat("0,", 5000) + `0]}]`, "import_entry_too_large [0].x[3996] 1:8018"},
		{"our format without a version", "oduvan", `{"format":"oduvan","profiles":[]}`, "import_version version 1:1"},
		{"our format of the future", "oduvan", `{"format":"oduvan","version":2,"profiles":[]}`, "import_version version 1:30"},
		{"our format with something more", "oduvan", `{"format":"oduvan","version":1,"x":1,"profiles":[]}`, "import_field_unknown x 1:36"},
		{"our format, more behind", "oduvan", `{"format":"oduvan","version":1,"profiles":[],"x":1}`, "import_field_unknown x 1:50"},
		{"our format without profiles", "oduvan", `{"format":"oduvan","version":1}`, "import_field_missing profiles 1:1"},
		{"profiles twice", "oduvan", `{"format":"oduvan","version":1,"profiles":[],"profiles":[]}`, "import_key_twice profiles 1:56"},
		{"our profile, unknown field", "oduvan", own(`{"handle":"abc","roles":["tutor"],"e_mail":"x"}`), "import_field_unknown profiles[0].e_mail 2:44"},
		{"our profile, bad handle", "oduvan", own(`{"handle":"Ы"}`), "import_field_invalid profiles[0].handle 2:11"},
		{"our profile, no roles", "oduvan", own(`{"handle":"abc"}`), "import_field_missing profiles[0].roles 2:1"},
		{"our profile, bad role", "oduvan", own(`{"handle":"abc","roles":["king"]}`), "import_field_invalid profiles[0].roles[0] 2:26"},
		{"our profile, bad zone", "oduvan", own(`{"handle":"abc","roles":["tutor"],"timezone":"Mars/Crater"}`), "import_field_invalid profiles[0].timezone 2:46"},
		{"our profile, bad day", "oduvan", own(`{"handle":"abc","roles":["tutor"],"since":"soon"}`), "import_field_invalid profiles[0].since 2:43"},
		{"our profile, bad link", "oduvan", own(`{"handle":"abc","roles":["tutor"],"links":[{"title":"x","url":"javascript:1"}]}`), "import_field_invalid profiles[0].links[0].url 2:63"},
		{"our service, bad format", "oduvan", own(`{"handle":"abc","roles":["tutor"],"services":[{"title":"x","format":"sms","by_agreement":true}]}`), "import_field_invalid profiles[0].services[0].format 2:69"},
		{"our service, price and agreement", "oduvan", own(`{"handle":"abc","roles":["tutor"],"services":[{"title":"x","format":"call","by_agreement":true,"price":{"amount":1,"currency":"RUB"}}]}`), "import_field_invalid profiles[0].services[0].price 2:104"},
		{"our service, bad currency", "oduvan", own(`{"handle":"abc","roles":["tutor"],"services":[{"title":"x","format":"call","price":{"amount":1,"currency":"DOGE"}}]}`), "import_field_invalid profiles[0].services[0].price.currency 2:107"},
		{"our service, negative price", "oduvan", own(`{"handle":"abc","roles":["tutor"],"services":[{"title":"x","format":"call","price":{"amount":-1,"currency":"RUB"}}]}`), "import_field_invalid profiles[0].services[0].price.amount 2:94"},
		{"our service, fraction", "oduvan", own(`{"handle":"abc","roles":["tutor"],"services":[{"title":"x","format":"call","minutes":1.5,"by_agreement":true}]}`), "import_shape profiles[0].services[0].minutes 2:86"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			entries, err := transfer.Read(c.format, strings.NewReader(c.text))
			if got := where(err); got != c.want || entries != nil {
				t.Errorf("got %q and %d entries, want %q", got, len(entries), c.want)
			}
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("got kind %v", fault.KindOf(err))
			}
		})
	}
}

func TestReadTakesOddButHonestFiles(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, text, want string }{
		{"a byte order mark", "\xef\xbb\xbf[{\"id\":1,\"name\":\"A\",\"slug\":null}]", "A"},
		{"escapes", `[{"id":1,"name":"\u0410\n\"\ud83c\udf3c\" \/","price":""}]`, "А \"🌼\" /"},
		{"half a pair", `[{"id":1,"name":"A\ud83c","price":""}]`, "A\ufffd"},
		{"control characters", `[{"id":1,"name":"A\u0000\u202eB","price":""}]`, "AB"},
		{"markup in a name", `[{"id":1,"name":"<b>A</b>&amp;B","price":""}]`, "**A**&B"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			entries, err := transfer.Read(transfer.GetMentor, strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, entries[0].Name); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReadRefusesAnotherList holds that a list given under another's name is
// refused with the name it should have, and not read as people who say nothing.
func TestReadRefusesAnotherList(t *testing.T) {
	t.Parallel()
	const keys = "workplace | about | competencies | experience | price | doneSessions | link | job | menteeCount | slug"
	cases := []struct{ name, format, text, want, looks string }{
		{"mentors as coaches", "codingcoach", read(t, "getmentor.json"), "--format getmentor", "getmentor"},
		{"inner list as coaches", "codingcoach", read(t, "getmentor_internal.json"), "--format getmentor", "getmentor"},
		{"coaches as mentors", "getmentor", read(t, "codingcoach.json"), "--format codingcoach", "codingcoach"},
		{"tags in one text", "codingcoach", `[{"id":1,"name":"A","tags":"a,b"}]`, "--format getmentor", "getmentor"},
		{"an address", "getmentor", `[{"id":"a@b.org","name":"A","tags":["a"]}]`, "--format codingcoach", "codingcoach"},
		{"neither, as mentors", "getmentor", `[{"id":1,"name":"A","tags":["a"]}]`, keys, ""},
		{"neither, as coaches", "codingcoach", `[{"id":"a @ b","name":"A"},{"id":"@","name":"B"}]`, "channels | spokenLanguages | avatar | id with @", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			entries, err := transfer.Read(c.format, strings.NewReader(c.text))
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Invalid || e.Code != "import_shape" || e.Field != "[0]" || entries != nil {
				t.Fatalf("got %d entries and %v", len(entries), err)
			}
			looks, _ := e.Args["looks"].(string)
			if diff := cmp.Diff([]any{c.want, c.looks}, []any{e.Args["want"], looks}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadKnowsAListByOneEntry(t *testing.T) {
	t.Parallel()
	for text, format := range map[string]string{
		`[]`: "getmentor", ` [ ] `: "codingcoach",
		`[{"id":1,"name":"A"},{"id":2,"name":"B","price":null}]`:      "getmentor",
		`[{"id":1,"name":"A","tags":"x"}]`:                            "getmentor",
		`[{"id":"7","name":"A"},{"id":"8","name":"B","avatar":""}]`:   "codingcoach",
		`[{"id":"7","name":"A","price":"1"},{"id":"a@b","name":"B"}]`: "codingcoach",
		`[{"id":"7","name":"A","channels":[]}]`:                       "codingcoach",
		`[{"id":"7","name":"A","spokenLanguages":["en"]}]`:            "codingcoach",
		`[{"id":"a@b.org","name":"A","title":"x","menteeCount":3}]`:   "getmentor",
	} {
		if _, err := transfer.Read(format, strings.NewReader(text)); err != nil {
			t.Errorf("%s %s: %v", format, text, err)
		}
	}
}

func TestReadShortensAtAWord(t *testing.T) {
	t.Parallel()
	about := strings.Repeat("слово ", 2000)
	text := fmt.Sprintf(`[{"id":1,"name":"A","title":%q,"about":%q}]`, strings.Repeat("x", 500), about)
	entries, err := transfer.Read(transfer.GetMentor, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	e := entries[0]
	if n := utf8.RuneCountInString(e.About); n > 8000 || !strings.HasSuffix(e.About, "слово…") {
		t.Errorf("about: %d characters ending in %q", n, e.About[len(e.About)-20:])
	}
	want := []transfer.Shortened{
		{Entry: "[0]", Field: "title", From: 500, To: 160},
		{Entry: "[0]", Field: "about", From: 11999, To: utf8.RuneCountInString(e.About)},
	}
	if diff := cmp.Diff(want, e.Shortened); diff != "" {
		t.Error(diff)
	}
}

// endless is a text that never ends, as a broken or hostile source sends it.
type endless struct{ sent int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, bytes.Repeat([]byte("x"), len(p)))
	e.sent += int64(n)
	return n, nil
}

func TestReadStopsEarly(t *testing.T) {
	t.Parallel()
	source := &endless{}
	_, err := transfer.Read(transfer.GetMentor, io.MultiReader(strings.NewReader(`[{"id":1,"name":"`), source))
	if got := where(err); got != "import_field_too_large [0].name 1:17" || source.sent > 1<<18 {
		t.Errorf("got %q after %d bytes", got, source.sent)
	}
}

// FuzzRead: whatever is sent, a reader answers with entries inside the bounds
// or with an Invalid fault, and takes nothing that encoding/json calls broken.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"getmentor.json", "getmentor_internal.json", "codingcoach.json", "oduvan.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`[{"id":1e5,"name":"\ud83c\u0041<ul><li><ol><b>","price":"от 5 $"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, format := range transfer.Formats() {
			entries, err := transfer.Read(format, bytes.NewReader(text))
			if err != nil {
				if !fault.Is(err, fault.Invalid) || entries != nil {
					t.Fatalf("%s: %v", format, err)
				}
				continue
			}
			if !json.Valid(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
				t.Fatalf("%s: took broken JSON", format)
			}
			for _, e := range entries {
				checkBounds(t, e)
			}
		}
	})
}

func checkBounds(t *testing.T, e transfer.Entry) {
	t.Helper()
	for bound, text := range map[int]string{60: e.Name, 160: e.Headline, 8000: e.About} {
		if utf8.RuneCountInString(text) > bound || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("a text of %d characters over its bound %d, or broken: %q", utf8.RuneCountInString(text), bound, text)
		}
	}
	if len(e.Skills) > 10 || len(e.Services) > 20 || len(e.Links) > 10 || e.ID == "" {
		t.Fatalf("too much: %+v", e)
	}
}
