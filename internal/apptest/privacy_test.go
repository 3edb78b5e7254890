package apptest_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// The canaries: what every request carries about a person, in words that
// nothing else on the board says.
const (
	canaryAddress   = "127.66.77.88"
	canaryForwarded = "198.51.100.77"
	canaryRFC7239   = "203.0.113.99"
	canaryAgent     = "Mozilla-Canary-9f31ab/7.7 (Zaphod OS 42.1)"
	canaryReferer   = "canary-referer-token-5b1e77"
	canaryLanguage  = "tlh-Canary"
	canaryFile      = "Ivan_Petrov_passport.jpg"
	canaryGPS       = "GPS 55.7522200,37.6155600 canary"
	canaryHint      = "Canary-Platform-X11"
)

// spy is a transport that comes from a telling address with telling headers,
// and notes every token that it carries.
type spy struct {
	base   http.RoundTripper
	tokens map[string]string // what it is → the secret itself
}

func newSpy() *spy {
	dial := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(canaryAddress)}}
	return &spy{tokens: map[string]string{}, base: &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return dial.DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", port))
	}}}
}

// RoundTrip sends a request with all canaries on it.
func (s *spy) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	h := req.Header
	h.Set("X-Forwarded-For", canaryForwarded+", 10.0.0.1")
	h.Set("X-Real-Ip", canaryForwarded)
	h.Set("Forwarded", `for="`+canaryRFC7239+`";by=10.0.0.2`)
	h.Set("User-Agent", canaryAgent)
	h.Set("Sec-Ch-Ua-Platform", canaryHint)
	h.Set("Referer", "https://elsewhere.example/reset?token="+canaryReferer)
	h.Set("Accept-Language", canaryLanguage+",ru;q=0.9")
	res, err := s.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	for _, ck := range res.Cookies() {
		if strings.Contains(ck.Name, "session") && ck.Value != "" {
			s.tokens[fmt.Sprintf("session token %d", len(s.tokens))] = ck.Value
		}
	}
	return res, nil
}

// secrets are all canaries: what was sent, and what the board itself made and
// must not keep as it is.
func (s *spy) secrets(more map[string]string) map[string]string {
	out := map[string]string{"source address": canaryAddress, "X-Forwarded-For": canaryForwarded, "Forwarded": canaryRFC7239,
		"user agent": canaryAgent, "referer": canaryReferer, "accept-language": canaryLanguage, "file name": canaryFile,
		"EXIF": canaryGPS, "client hint": canaryHint}
	for name, value := range s.tokens {
		out[name] = value
	}
	for name, value := range more {
		out[name] = value
	}
	return out
}

// lurk goes through every route as somebody with everything about them shown,
// and returns what the board must not keep.
func lurk(t *testing.T, w *apptest.World) (eyes *scan, seen *apptest.Page) {
	t.Helper()
	s := newSpy()
	w.SetUp("cho", nil)
	c := w.Visitor().By(s)
	ada := c.SignUp("ada")
	ada.Profile(apptest.Fill{"name": {"Ада"}}).Is(http.StatusOK)
	ada.Service(nil).Is(http.StatusOK)
	ada.Get("/me/profile/picture").Upload(`form[action$="/me/profile/picture"]`, "picture", canaryFile, photo(t, canaryGPS)).Is(http.StatusOK)
	token := ada.Token()
	first := ada.Code
	ada.SignIn()
	for _, r := range w.Routes() {
		path := strings.NewReplacer(":handle", "ada", ":id", "11111111-1111-4111-8111-111111111111", ":name", canaryFile,
			":kind", "tutor", ":page", "1", "*file", "x.css").Replace(r.Path)
		for _, as := range []*apptest.Client{w.Visitor().By(s).Stay(), ada.Stay()} {
			if strings.HasSuffix(path, "/everywhere") || r.Method == http.MethodDelete || path == "/logout" {
				continue
			}
			body := ""
			if r.Method != http.MethodGet {
				body = url.Values{"q": {canaryFile}}.Encode()
			}
			req, err := http.NewRequest(r.Method, w.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if strings.HasPrefix(path, "/api/") {
				req.Header.Set("Authorization", "Bearer "+token)
			}
			as.Do(req)
		}
	}
	export := ada.Get("/me/export").Is(http.StatusOK)
	return newScan(s.secrets(map[string]string{"recovery code": first, "next recovery code": ada.Code, "API token": token})), export
}

// TestNothingAboutAPersonIsKept plants canaries in every request and looks for
// them in everything that the board writes and tells.
func TestNothingAboutAPersonIsKept(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		eyes, export := lurk(t, w)
		w.Settle()
		outputs := map[string][]byte{"log": []byte(w.Logs.String()), "export": []byte(export.Body), "metrics": metrics(t, w)}
		for _, path := range []string{"/feed.atom", "/sitemap.xml", "/sitemaps/tutor/1", "/robots.txt", "/search", "/tutors/ada", "/api/v1/search"} {
			outputs["GET "+path] = []byte(w.Visitor().Get(path).Is(http.StatusOK).Body)
		}
		files := kept(t, w)
		if err := w.Close(); err != nil { // what closing still writes counts too
			t.Fatal(err)
		}
		for name, data := range folder(t, w.Dir) {
			files[name+" (closed)"] = data
		}
		for name, data := range files {
			outputs[name] = data
		}
		found, bytes := 0, 0
		for name, data := range outputs {
			bytes += len(data)
			for _, leak := range eyes.in(data) {
				found++
				t.Errorf("%s holds %s", name, leak)
			}
		}
		if len(files) < 20 || bytes < 100_000 {
			t.Errorf("only %d files and %d bytes were looked at", len(files), bytes)
		}
		t.Logf("%d secrets in %d forms; %d places, %d kB; %d leaks", len(eyes.secrets), eyes.forms(), len(outputs), bytes>>10, found)
		control(t, eyes, files)
	})
}

// control plants leaks into copies of the files: the scan is worth something
// only if it finds each of them.
func control(t *testing.T, eyes *scan, files map[string][]byte) {
	t.Helper()
	rnd := seeded(t)
	var names []string
	for name, data := range files {
		if len(data) > 64 {
			names = append(names, name)
		}
	}
	const planted = 20
	caught := 0
	for i := range planted {
		form := eyes.any(rnd, i)
		data := append([]byte{}, files[names[rnd.IntN(len(names))]]...)
		at := rnd.IntN(len(data))
		data = append(data[:at:at], append(form, data[at:]...)...)
		if len(eyes.in(data)) > 0 {
			caught++
		}
	}
	if caught != planted {
		t.Errorf("of %d planted leaks %d were caught", planted, caught)
	}
	t.Logf("positive control: %d of %d planted leaks caught", caught, planted)
}

// metrics are what the program tells a monitor, from its own listener, while
// all of it runs.
func metrics(t *testing.T, w *apptest.World) []byte {
	t.Helper()
	var listeners [2]net.Listener
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners[i] = l
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, listeners[0], listeners[1]) }()
	res, err := http.Get("http://" + listeners[1].Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if !strings.Contains(string(text), "oduvan_http_seconds") {
		t.Errorf("no figures of requests:\n%.300s", text)
	}
	return text
}

// folder is every file of a data folder but the secrets.
func folder(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.IsDir() && d.Name() == "secrets" {
				return fs.SkipDir
			}
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) { // the index merges files while we look
			return nil
		}
		out[name] = append([]byte(name+"\n"), data...) // a name may tell as well
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestErasedAccountLeavesNoText erases somebody and looks for every word of
// theirs in every file of the data folder and every row of the database.
func TestErasedAccountLeavesNoText(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		words := map[string]string{"handle": "zqhandlexyz", "name": "Жцимя Щюперсон", "headline": "Фхзаголовок уникальный", "about": "Ъыподробно неповторимо",
			"skill": "Qwfreeskill", "service title": "Йщуслуга единственная", "service summary": "Эюкратко необычно", "rules": "Ёжправила редкостные",
			"link": "zqlinkxyz", "saved search": "Щфпоискредкий словечко", "its name": "Чпназваниеособое"}
		ada, ben := w.Person("ada"), w.Person(words["handle"])
		ada.Profile(apptest.Fill{"name": {"Ада"}}).Is(http.StatusOK)
		for range 3 { // versions that were overwritten count as well
			ben.Profile(apptest.Fill{"name": {words["name"]}, "headline": {words["headline"]}, "about": {words["about"]}, "skill": {words["skill"], "Go"},
				"link_title": {words["link"]}, "link_url": {"https://" + words["link"] + ".example/"}}).Is(http.StatusOK)
			ben.Service(apptest.Fill{"title": {words["service title"]}, "summary": {words["service summary"]}, "rules": {words["rules"]}}).Is(http.StatusOK)
			w.Settle()
		}
		ben.Get("/me/profile/picture").Upload(`form[action$="/me/profile/picture"]`, "picture", "x.jpg", photo(t, "")).Is(http.StatusOK)
		keep := `.rtools form[action$="/me/searches"]`
		mine := ben.Get("/search?q="+url.QueryEscape(words["saved search"])).Send(keep, nil).Is(http.StatusOK)
		mine.Send(`form[action$="`+mine.Path+`"]`, apptest.Fill{"name": {words["its name"]}}).Is(http.StatusOK)
		found := ada.Get("/search?q="+url.QueryEscape("кувыркание")).Send(keep, nil).Is(http.StatusOK) // and somebody else's finds
		ben.Profile(apptest.Fill{"headline": {words["headline"] + " кувыркание"}}).Is(http.StatusOK)
		w.Settle()
		ada.Get(found.Path).Is(http.StatusOK).Has(`.finds a[href*="` + words["handle"] + `"]`)
		eyes := newScan(words)
		lower := map[string]string{}
		for name, text := range words { // as a search index has them: small letters, single words
			for i, word := range strings.Fields(strings.ToLower(text)) {
				lower[fmt.Sprintf("%s, word %d", name, i+1)] = word
			}
		}
		folded := newScan(lower)
		if before := len(leaks(eyes, folded, kept(t, w))); before == 0 {
			t.Fatal("the scan finds nothing even before the erasure")
		}
		pictures := len(pictureFiles(t, w.Dir))

		ben.Get("/me/erase").Send(`form[action$="/me/erase"]`, apptest.Fill{"handle": {words["handle"]}}).Is(http.StatusOK)
		w.Settle()
		w.Drain()
		for name, list := range leaks(eyes, folded, kept(t, w)) {
			t.Errorf("after the erasure %s holds %s", name, strings.Join(list, "; "))
		}
		if left := len(pictureFiles(t, w.Dir)); left >= pictures {
			t.Errorf("%d pictures are left of %d", left, pictures)
		}
		w.Visitor().Get("/tutors/" + words["handle"]).Is(http.StatusNotFound)
		w.Visitor().Get("/search?q=" + url.QueryEscape(words["headline"])).Is(http.StatusOK).Lacks(`a[href*="` + words["handle"] + `"]`)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK).Says("Ада")
		if strings.Contains(w.Logs.String(), words["handle"]) {
			t.Error("the log names the handle")
		}
	})
}

func leaks(eyes, folded *scan, files map[string][]byte) map[string][]string {
	out := map[string][]string{}
	for name, data := range files {
		if list := append(eyes.in(data), folded.in(data)...); len(list) > 0 {
			out[name] = list
		}
	}
	return out
}

func pictureFiles(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for name := range folder(t, filepath.Join(dir, "pictures")) {
		out = append(out, name)
	}
	return out
}

// any is a form of a secret for the positive control, another for each i.
func (s *scan) any(rnd *rand.Rand, i int) []byte {
	n := s.needles[(i*len(s.needles)/20+rnd.IntN(max(1, len(s.needles)/20)))%len(s.needles)]
	return n.bytes
}
