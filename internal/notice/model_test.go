package notice_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/notice"
)

// said is what the model knows of one cause.
type said struct {
	made, read time.Time
	removed    bool
}

// TestInboxAgainstAModel does acts by chance, in two languages: the program's,
// and a map that says what an inbox is.
func TestInboxAgainstAModel(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t))
	people := 0
	rapid.Check(t, func(rt *rapid.T) {
		people++
		by := w.person(t, fmt.Sprintf("person%d", people))
		model := map[string]*said{}
		rt.Repeat(map[string]func(*rapid.T){
			"tell": func(rt *rapid.T) {
				n := rapid.IntRange(0, 9).Draw(rt, "n")
				must(t, w.Write(w.ctx, func(tx *db.Tx) error { return w.Tell(w.ctx, tx, by.ID, message(n)) }))
				if key := message(n).Subject; model[key] == nil {
					model[key] = &said{made: w.Clock.Now()}
				}
			},
			"read": func(rt *rapid.T) {
				if n, ok := pick(rt, t, w, by); ok {
					must(t, w.MarkRead(w.ctx, by, n.ID))
					model[n.Subject].mark(w.Clock.Now())
				}
			},
			"remove": func(rt *rapid.T) {
				if n, ok := pick(rt, t, w, by); ok {
					must(t, w.Remove(w.ctx, by, n.ID))
					*model[n.Subject] = said{made: model[n.Subject].made, removed: true}
				}
			},
			"read all": func(*rapid.T) {
				must(t, w.MarkAllRead(w.ctx, by, time.Time{}))
				for _, s := range model {
					if !s.removed {
						s.mark(w.Clock.Now())
					}
				}
			},
			"time": func(rt *rapid.T) {
				w.Clock.Advance(time.Duration(rapid.IntRange(1, 50).Draw(rt, "days")) * 24 * time.Hour)
				must(t, w.Expire(w.ctx))
				maps.DeleteFunc(model, func(_ string, s *said) bool {
					now := w.Clock.Now()
					return !now.Before(s.made.Add(notice.Kept)) || !s.read.IsZero() && !now.Before(s.read.Add(notice.KeptRead))
				})
			},
			"": func(rt *rapid.T) { agree(rt, t, w, by, model) },
		})
	})
}

func (s *said) mark(now time.Time) {
	if s.read.IsZero() {
		s.read = now
	}
}

func pick(rt *rapid.T, t *testing.T, w *world, by account.Actor) (notice.Notice, bool) {
	all := w.all(t, by)
	if len(all) == 0 {
		return notice.Notice{}, false
	}
	return rapid.SampledFrom(all).Draw(rt, "which"), true
}

// agree compares the inbox with the model.
func agree(rt *rapid.T, t *testing.T, w *world, by account.Actor, model map[string]*said) {
	var want, unread []string
	for key, s := range model {
		if s.removed {
			continue
		}
		want = append(want, key)
		if s.read.IsZero() {
			unread = append(unread, key)
		}
	}
	all, page := w.inbox(t, by, notice.Filter{Limit: 100})
	fresh, _ := w.inbox(t, by, notice.Filter{Limit: 100, Unread: true})
	for _, list := range [][]string{want, unread, all, fresh} {
		slices.Sort(list)
	}
	if strings.Join(want, " ") != strings.Join(all, " ") || strings.Join(unread, " ") != strings.Join(fresh, " ") ||
		page.Total != len(want) || page.Unread != len(unread) || w.unread(t, by) != len(unread) {
		rt.Fatalf("got %v, of it unread %v (%d, %d), want %v, %v", all, fresh, page.Total, page.Unread, want, unread)
	}
}
