package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tmoeg/oduvan/internal/cli"
)

// terminal is a pseudo terminal: what is written to side comes out of main.
func terminal(t *testing.T) (side *os.File, read func() string) {
	t.Helper()
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ptmx.Close() })
	fd := int(ptmx.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if side, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(ptmx) // ends with EIO once the other side is closed
		got <- all
	}()
	return side, func() string {
		if err := side.Close(); err != nil {
			t.Error(err)
		}
		return string(<-got)
	}
}

// mentors writes a list of n people in getmentor's shape.
func mentors(t *testing.T, n int) string {
	t.Helper()
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":%d,"name":"Ada %d","title":"Go","about":"Go","description":"Go","price":"3000 руб","tags":"Go","link":"x"}`, i+1, i+1))
	}
	path := filepath.Join(t.TempDir(), "mentors.json")
	if err := os.WriteFile(path, []byte("["+strings.Join(list, ",")+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var frame = regexp.MustCompile(`\[(=*)( *)\] (\d+)/(\d+)`)

func TestImportDrawsABarOnATerminal(t *testing.T) {
	t.Parallel()
	const people = 7
	path := mentors(t, people)
	for _, more := range []string{"--dry-run", "--publish"} {
		side, read := terminal(t)
		var out bytes.Buffer
		code := cli.Run([]string{"import", "--data", t.TempDir(), "--format", "getmentor", path, more}, cli.Streams{Out: &out, Err: side}, nil)
		shown := read()
		if code != 0 || !strings.Contains(out.String(), fmt.Sprintf("%d new", people)) {
			t.Fatalf("%s: exit code %d\n%s%s", more, code, out.String(), shown)
		}
		if strings.Contains(out.String(), "[=") {
			t.Errorf("%s: the bar stands among the results:\n%s", more, out.String())
		}
		frames, before := frame.FindAllStringSubmatch(shown, -1), 0
		for _, f := range frames {
			done, err := strconv.Atoi(f[3])
			if err != nil || done < before || done > people || f[4] != strconv.Itoa(people) || len(f[1]) != 40*done/people || len(f[1]+f[2]) != 40 {
				t.Errorf("%s: after %d comes %q", more, before, f[0])
			}
			before = done
		}
		if len(frames) < 2 || before != people {
			t.Errorf("%s: %d frames, the last of %d", more, len(frames), before)
		}
		// One line, drawn over itself, ended once: what follows stands below it.
		if strings.Count(shown, "\n") != 1 || !strings.HasSuffix(shown, "\n") || strings.Count(shown, "\r[") != len(frames) {
			t.Errorf("%s drew %q", more, shown)
		}
	}
}

func TestImportDrawsNoBarElsewhere(t *testing.T) {
	t.Parallel()
	path := mentors(t, 2)
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buffer bytes.Buffer
	for _, to := range []io.Writer{&buffer, file} {
		if code := cli.Run([]string{"import", "--data", t.TempDir(), "--format", "getmentor", path, "--dry-run"}, cli.Streams{Out: io.Discard, Err: to}, nil); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
	logged, err := os.ReadFile(file.Name())
	if err != nil || len(logged) > 0 || buffer.Len() > 0 {
		t.Errorf("written: %q, %q, %v", logged, buffer.String(), err)
	}
}
