package apptest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

// maxWeight is how much a page may weigh on the way, with its style and
// scripts, pictures aside.
const maxWeight = 60 << 10

// TestPageWeight walks all pages of a board full of people and weighs each as
// a browser that was never here receives it.
func TestPageWeight(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	operator := w.SetUp("cho", nil)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	operator.Profile(nil).Is(http.StatusOK)
	operator.Service(nil).Is(http.StatusOK)
	talks(t, w, operator)
	trades(t, w, operator)
	assets := map[string]int{}
	heaviest, where, pages := 0, "", 0
	var walked []string
	for _, c := range []*apptest.Client{w.Visitor(), operator.Client} {
		walker := &crawler{t: t, w: w, c: c, where: map[string]string{}, forms: map[string]apptest.Form{}}
		walker.walk("/", "/me", "/admin", "/api/docs", "/offline", "/no-such-page", "/inquiries", "/inbox", "/join")
		for _, path := range walker.pages {
			if strings.HasSuffix(path, ".pdf") {
				continue // a file to be printed, packed in itself
			}
			walked = append(walked, ids.ReplaceAllString(path, "ID"))
			total := weigh(t, c, path)
			for _, asset := range c.Get(path).Attrs(`link[rel=stylesheet], script[src]`, "href", "src") {
				if _, ok := assets[asset]; !ok {
					assets[asset] = weigh(t, c, asset)
				}
				total += assets[asset]
			}
			if total > maxWeight {
				t.Errorf("%s weighs %d bytes, at most %d are good", path, total, maxWeight)
			}
			if pages++; total > heaviest {
				heaviest, where = total, path
			}
		}
	}
	t.Logf("%d pages, %d styles and scripts; the heaviest is %s with %.1f kB", pages, len(assets), where, float64(heaviest)/1024)
	if pages < 60 || len(assets) < 4 {
		t.Errorf("only %d pages and %d assets were weighed", pages, len(assets))
	}
	for _, want := range []string{"/join", "/tutors/cho/ask", "/inquiries", "/inquiries?all=1", "/inquiries/ID", "/inquiries/ID/report/ID?page=1", "/inbox", "/inbox?unread=1",
		"/me/notices", "/about", "/privacy", "/rules", "/works/ID", "/works/ID/licence", "/works/ID/claim", "/orders", "/orders/ID", "/me/works", "/me/works/new",
		"/me/works/ID", "/me/works/ID/edit", "/me/works/ID/offers/new", "/me/works/ID/offers/ID", "/me/licences", "/me/sales", "/licences/ID", "/licences/ID/revoke",
		"/v/ID", "/verify", "/terms/CL-1.0", "/fund", "/transparency", "/transparency/decisions", "/admin/orders", "/admin/orders/ID", "/admin/claims", "/admin/appeals",
		"/admin/fund", "/admin/agreements"} {
		if !slices.Contains(walked, want) {
			t.Errorf("%s was not weighed", want)
		}
	}
}

// talks gives somebody a thread full of words, another that was declined, and
// an inbox.
func talks(t *testing.T, w *apptest.World, tutor *apptest.Person) {
	t.Helper()
	for i, name := range []string{"kid", "ben"} {
		who := w.Person(name)
		path := who.Get("/tutors/"+tutor.Handle+"/ask").Send("form#ask", apptest.Fill{"goal": {strings.Repeat("Понять рекурсию. ", 40)}}).Is(http.StatusOK).Path
		if i == 1 {
			tutor.Get(path).Send("#decline form", apptest.Fill{"reason": {"busy"}}).Is(http.StatusOK)
			continue
		}
		for range 10 {
			for _, side := range []*apptest.Person{tutor, who} {
				side.Get(path).Send("form#write", apptest.Fill{"text": {strings.Repeat("Давай начнём с малого. ", 20)}}).Is(http.StatusOK)
			}
		}
	}
}

// weigh is how many bytes of an answer's body travel.
func weigh(t *testing.T, c *apptest.Client, path string) int {
	t.Helper()
	body := c.Packed(path)
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		if len(body) > 4096 {
			t.Errorf("%s: %d bytes come unpacked", path, len(body))
		}
		return len(body)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return len(body)
}

// What the real program may need on a busy machine; what it is held to on a
// quiet one is printed beside it.
const (
	patientStart = 3 * time.Second
	patientRSS   = 160 << 10 // kB
)

// TestRealProgramStartsFastAndSmall builds the binary, starts it with
// made-up people, measures it, and stops it as a service manager would.
func TestRealProgramStartsFastAndSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "oduvan")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/oduvan")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	first, address := serve(t, binary, filepath.Join(dir, "data"))
	begin := time.Now()
	get(t, address+"/search?q=python")
	answer := time.Since(begin)
	end(t, first)

	begin = time.Now()
	second, address := serve(t, binary, filepath.Join(dir, "data"))
	again := time.Since(begin)
	get(t, address+"/readyz")
	rss := settledRSS(t, second.Process.Pid)
	end(t, second)
	t.Logf("start with demo %v empty, %v filled (goal 1 s); first search %v; idle RSS %d MB (goal 120 MB); %d CPUs", first.took.Round(time.Millisecond),
		again.Round(time.Millisecond), answer.Round(time.Millisecond), rss>>10, runtime.NumCPU())
	if min(first.took, again) > patientStart {
		t.Errorf("started in %v and %v, want at most %v", first.took, again, patientStart)
	}
	if rss > patientRSS {
		t.Errorf("%d kB of memory while idle, want at most %d", rss, patientRSS)
	}
}

// program is a running binary.
type program struct {
	*exec.Cmd
	took time.Duration
}

var ready = regexp.MustCompile(`ready at (http://\S+)`)

// serve starts the program and waits until it says where it is.
func serve(t *testing.T, binary, data string) (p program, address string) {
	t.Helper()
	p.Cmd = exec.Command(binary, "serve", "--demo", "--data", data, "--listen", "127.0.0.1:0")
	p.Env = append(os.Environ(), "ODUVAN_URL=")
	said, console := io.Pipe()
	p.Stdout, p.Stderr = console, console
	begin := time.Now()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	lines := make(chan string)
	go func() {
		defer close(lines)
		var all []byte
		buf := make([]byte, 4096)
		for {
			n, err := said.Read(buf)
			all = append(all, buf[:n]...)
			if m := ready.FindSubmatch(all); m != nil {
				lines <- string(m[1])
				_, _ = io.Copy(io.Discard, said)
				return
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case address = <-lines:
	case <-time.After(time.Minute):
	}
	if address == "" {
		t.Fatal("the program never said where it is")
	}
	get(t, address+"/readyz")
	p.took = time.Since(begin)
	return p, address
}

func get(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := http.Get(address)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never answered 200: %v", address, err)
		}
		runtime.Gosched()
	}
}

// end stops the program as a service manager does and demands a clean end.
func end(t *testing.T, p program) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the program ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the program did not stop within 30 s")
	}
}

var vmRSS = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// settledRSS reads the memory of a process until it no longer falls, in kB.
func settledRSS(t *testing.T, pid int) int {
	t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var seen []int
	for len(seen) < 40 {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			t.Fatal(err)
		}
		m := vmRSS.FindSubmatch(text)
		if m == nil {
			t.Fatal("no VmRSS")
		}
		kb, err := strconv.Atoi(strings.TrimSpace(string(m[1])))
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, kb)
		if n := len(seen); n > 8 && slices.Min(seen[n-4:]) >= slices.Min(seen[:n-4]) {
			break
		}
		<-tick.C
	}
	return slices.Min(seen)
}
