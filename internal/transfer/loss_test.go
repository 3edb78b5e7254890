package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// TestNothingIsLostInSilence imports a workplace that finds no room in a
// headline, and a headline that a nickname makes too long: the report tells of
// both.
func TestNothingIsLostInSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t), here)
	entry := func(id int, name, title, workplace string) transfer.Input {
		text := fmt.Sprintf(`[{"id":%d,"name":%q,"title":%q,"workplace":%q,"about":"I teach.","tags":"Golang"}]`, id, name, title, workplace)
		return transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(text)}
	}
	for i, c := range []struct {
		title, workplace string
		dropped          int
	}{
		{strings.Repeat("x", profile.MaxHeadline), "Cloud", 1}, {strings.Repeat("x", profile.MaxHeadline-8), "Cloud", 0},
		{strings.Repeat("x", profile.MaxHeadline-7), "Cloud", 1}, {"Engineer at Cloud", "Cloud", 0}, {"", "Cloud", 0}, {"Engineer", "", 0},
	} {
		in := entry(i, fmt.Sprint("Ada Lint ", i), c.title, c.workplace)
		in.Publish = true
		if report, _ := w.imports(t, in); report.Created != 1 || report.Dropped["workplace"] != c.dropped {
			t.Errorf("%.20s, %s: got %+v", c.title, c.workplace, report)
		}
	}
	report, _ := w.imports(t, entry(99, "Eva", strings.TrimSpace(strings.Repeat("Eva ", profile.MaxHeadline/4)), ""))
	var got []string
	for _, s := range report.Shortened {
		got = append(got, s.Field)
		if s.From <= profile.MaxHeadline || s.To > profile.MaxHeadline || s.Entry == "" {
			t.Errorf("got %+v", s)
		}
	}
	if diff := cmp.Diff([]string{"headline"}, got); diff != "" {
		t.Error(diff)
	}
}
