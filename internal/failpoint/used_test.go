package failpoint_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/failpoint"
)

// Every point stands in the program and is armed by some test beside the
// package that has it: a point nobody crashes at guards nothing.
func TestEveryPointIsHitByATest(t *testing.T) {
	t.Parallel()
	constants := constantNames(t)
	marked, tested := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == filepath.Join("..", "failpoint") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for constant := range constants {
			switch {
			case strings.HasSuffix(path, "_test.go"):
				tested[constant] = tested[constant] || strings.Contains(string(text), "failpoint."+constant)
			case strings.Contains(string(text), "failpoint.Hit(failpoint."+constant+")"):
				marked[constant] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(constants) != len(failpoint.Names()) {
		t.Errorf("%d constants and %d names", len(constants), len(failpoint.Names()))
	}
	for constant, name := range constants {
		if !marked[constant] || !tested[constant] {
			t.Errorf("%s: in the program %v, in a test %v", name, marked[constant], tested[constant])
		}
	}
}

func constantNames(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("failpoint.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Name = "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		out[m[1]] = m[2]
	}
	return out
}
