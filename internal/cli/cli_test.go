package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/cli"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
)

var update = flag.Bool("update", false, "write golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"oduvan": func() {
		os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ()))
	}})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	search := meilitest.New(t)
	setup := func(env *testscript.Env) error {
		env.Setenv("FAKE_MEILI", search.URL)
		return nil
	}
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: *update, Setup: setup, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits,
	}})
}

// exits runs a command and demands an exit code: exits 3 oduvan serve.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	var code *exec.ExitError
	if err != nil {
		if !asExit(err, &code) {
			ts.Fatalf("%v", err)
		}
		got = fmt.Sprint(code.ExitCode())
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // os/exec returns it bare
	*to = e
	return ok
}

// TestHelp keeps the manual of every subcommand as one golden file.
func TestHelp(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	root := cli.Root(cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, nil)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		fmt.Fprintf(&b, "### %s\n%s\n\n%s\n", c.CommandPath(), c.Short, c.UsageString())
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	path := filepath.Join("testdata", "help.golden")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("help (-want +got):\n%s", diff)
	}
}

// serving is a real program in a process of its own.
type serving struct {
	cmd *exec.Cmd
	url string
	out *output
}

// output is what a program has said, read while it goes on.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to it.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String is all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var ready = regexp.MustCompile(`ready at (http://\S+)`)

// serve starts the program on a folder and waits until it says it is ready.
func serve(t *testing.T, dir string, extra ...string) *serving {
	t.Helper()
	exe, err := exec.LookPath("oduvan")
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, extra...)
	s := &serving{cmd: exec.Command(exe, args...), out: &output{}}
	r, w := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = w, w
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		_ = w.Close()
	})
	found := make(chan string, 1)
	go func() {
		buf := make([]byte, 4096)
		told := false
		for {
			n, err := r.Read(buf)
			_, _ = s.out.Write(buf[:n])
			if m := ready.FindStringSubmatch(s.out.String()); m != nil && !told {
				told = true
				found <- m[1]
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case s.url = <-found:
	case <-time.After(30 * time.Second):
		t.Fatalf("not ready within 30 s:\n%s", s.out)
	}
	return s
}

func (s *serving) get(t *testing.T, path string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func oduvan(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	exe, err := exec.LookPath("oduvan")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, append(args, "--data", dir)...).CombinedOutput()
	return string(out), err
}

func TestCommandsWorkBesideServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	if out, err := oduvan(t, dir, "serve", "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "3") ||
		!strings.Contains(out, "an oduvan is already running with the data folder "+dir) || strings.Contains(out, "restore") {
		t.Errorf("a second serve: %v\n%s", err, out)
	}
	out, err := oduvan(t, dir, "account", "create", "ada", "--role", "operator", "--json")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var made struct {
		Handle string
		Code   string `json:"recovery_code"`
		Token  string
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || made.Handle != "ada" || made.Code == "" || made.Token == "" {
		t.Fatalf("account create: %v %q", err, out)
	}
	if status, _ := s.get(t, "/setup"); status != http.StatusNotFound {
		t.Errorf("/setup after the first operator: got %d, want 404", status)
	}
	if status, _ := s.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d", status)
	}
}

// TestLogsAreForMachines: where no person looks on, each line of the log is one
// JSON object, and none of its keys can hold what a person is known by.
func TestLogsAreForMachines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index"), []byte("no folder"), 0o600); err != nil { // something to complain of
		t.Fatal(err)
	}
	s := serve(t, dir)
	lines := 0
	for line := range strings.Lines(s.out.String()) {
		if !strings.HasPrefix(line, "{") {
			continue // what is told to the console
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines++
		if said["level"] == nil || said["time"] == nil || said["msg"] == nil {
			t.Errorf("got %s", line)
		}
	}
	if lines == 0 {
		t.Errorf("the broken index is not in the log:\n%s", s.out)
	}
}

func TestServeStopsGently(t *testing.T) {
	t.Parallel()
	s := serve(t, t.TempDir())
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGINT: %v\n%s", err, s.out)
	}
}
