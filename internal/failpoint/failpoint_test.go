package failpoint_test

import (
	"regexp"
	"testing"

	"github.com/tmoeg/oduvan/internal/failpoint"
)

func TestNames(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	seen := map[failpoint.Name]bool{}
	for _, name := range failpoint.Names() {
		if !form.MatchString(string(name)) || seen[name] {
			t.Errorf("%q is doubled or malformed", name)
		}
		seen[name] = true
	}
}

func TestUnarmedPointDoesNothing(t *testing.T) {
	t.Parallel()
	if err := failpoint.Hit(failpoint.IndexAfterSave); err != nil {
		t.Errorf("got %v", err)
	}
}
