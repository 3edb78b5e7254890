package message_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
)

var update = flag.Bool("update", false, "write golden files")

func TestTransitionsGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, tr := range message.Transitions() {
		fmt.Fprintf(&b, "%-5s %-9s %s\n", tr.From, tr.Act, tr.To)
	}
	const file = "testdata/transitions.golden"
	if *update {
		must(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	golden, err := os.ReadFile(file)
	must(t, err)
	want(t, "transitions", string(golden), b.String())
}

// model is what an inquiry and its thread must look like, kept beside the real ones.
type model struct {
	*world
	ada, bob account.Actor
	id       string
	state    message.State
	asked    time.Time
	until    time.Time // once the tutor was reminded
	words    []string  // "learner: 1"
	closed   bool
	n        int
}

// expect applies an act of the model: it succeeds exactly when the table knows it.
func (m *model) expect(rt *rapid.T, act message.Act, err error) {
	for _, tr := range message.Transitions() {
		if tr.From == m.state && tr.Act == act {
			if err != nil {
				rt.Fatalf("%s of an inquiry that is %s: %v", act, m.state, err)
			}
			m.state, m.closed = tr.To, tr.To != message.Answered
			return
		}
	}
	if code(err) != "conflict:inquiry_state" {
		rt.Fatalf("%s of an inquiry that is %s gave %q", act, m.state, code(err))
	}
}

func (m *model) says(rt *rapid.T, by account.Actor, side message.Role) {
	m.n++
	text := fmt.Sprint(m.n)
	_, err := m.Messages.Write(context.Background(), by, m.id, text)
	if m.closed {
		if code(err) != "conflict:thread_closed" {
			rt.Fatalf("writing when %s gave %q", m.state, code(err))
		}
		return
	}
	if side == message.Tutor && m.state == message.Open {
		m.expect(rt, message.Answer, err)
	}
	if most := m.most(side); m.inRow(side) >= most {
		if code(err) != "rate_limited:messages_in_row_max" {
			rt.Fatalf("after %d in a row: %q", most, code(err))
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	m.words = append(m.words, string(side)+": "+text)
}

func (m *model) most(side message.Role) int {
	if side == message.Learner && m.state == message.Open {
		return message.MaxInRowOpen
	}
	return message.MaxInRow
}

func (m *model) inRow(side message.Role) (n int) {
	for _, w := range slices.Backward(m.words) {
		if !strings.HasPrefix(w, string(side)) {
			break
		}
		n++
	}
	return n
}

// begin asks anew, once the one before no longer waits.
func (m *model) begin(rt *rapid.T) {
	if m.state == message.Open {
		return
	}
	if err := m.profiles.SetState(context.Background(), m.ada, profile.Open, time.Time{}); err != nil {
		rt.Fatal(err)
	}
	row, err := m.Ask(context.Background(), m.bob, question(m.ada))
	if c := code(err); strings.HasPrefix(c, "rate_limited") {
		m.Clock.Advance(31 * 24 * time.Hour)
		return
	} else if c != "" {
		rt.Fatal(err)
	}
	m.id, m.state, m.asked, m.until, m.words, m.closed = row.ID, message.Open, m.Clock.Now(), time.Time{}, nil, false
}

// aged is what time did to an inquiry that waits: reminded, and not before a
// day after that expired.
func (m *model) aged(rt *rapid.T) {
	now := m.Clock.Now()
	switch {
	case m.state != message.Open || now.Before(m.asked.Add(message.RemindAfter)):
	case m.until.IsZero():
		if m.until = m.asked.Add(message.AnswerWithin); m.until.Before(now.Add(message.AnswerAfter)) {
			m.until = now.Add(message.AnswerAfter)
		}
	case !now.Before(m.until):
		m.expect(rt, message.Expire, nil)
	}
}

// agree compares the model with what both sides read.
func (m *model) agree(rt *rapid.T) {
	for _, by := range []account.Actor{m.ada, m.bob} {
		th, err := m.Thread(context.Background(), by, m.id, 0)
		if err != nil {
			rt.Fatal(err)
		}
		var words []string
		for _, msg := range th.Messages {
			side := message.Tutor
			if msg.ByLearner {
				side = message.Learner
			}
			words = append(words, string(side)+": "+msg.Text)
		}
		words, all := tail(words, m.words)
		if th.State != m.state || th.Closed != m.closed || !slices.Equal(words, all) {
			rt.Fatalf("%s closed:%v %q, want %s closed:%v %q", th.State, th.Closed, words, m.state, m.closed, all)
		}
		if th.EndedAt.IsZero() != (m.state == message.Open) || (th.Reason != "") != (m.state == message.Declined) {
			rt.Fatalf("%s ended at %v for %q", th.State, th.EndedAt, th.Reason)
		}
	}
	due := ""
	switch {
	case m.state == message.Open && m.until.IsZero():
		due = "inquiry"
	case m.state == message.Open:
		due = "inquiry_expiry"
	}
	if got := strings.TrimSuffix(strings.Join(m.deadlines(rt, m.id), " "), "thread"); strings.TrimSpace(got) != due {
		rt.Fatalf("%s has the deadline of waiting %q, not %q", m.state, got, due)
	}
	s, err := m.Standing(context.Background(), m.ada)
	if err != nil {
		rt.Fatal(err)
	}
	if waits := m.state == message.Open; s.Waiting != 0 && !waits || s.Answered > s.Asked || s.Unanswered >= message.SilentPause {
		rt.Fatalf("standing %+v while %s", s, m.state)
	}
}

func tail(page, all []string) ([]string, []string) {
	if len(all) > message.MessagesPage {
		all = all[len(all)-len(page):]
	}
	return page, all
}

// Whatever both sides do and however time passes, an inquiry goes only listed
// ways, and what both read is what happened.
func TestStatesUnderAnything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, n := context.Background(), 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			m := &model{world: w, ada: w.tutor(t, fmt.Sprintf("ada%d", n)), bob: w.person(t, fmt.Sprintf("bob%d", n)), state: message.Withdrawn}
			m.begin(rt)
			rt.Repeat(map[string]func(*rapid.T){
				"ask":     m.begin,
				"tutor":   func(rt *rapid.T) { m.says(rt, m.ada, message.Tutor) },
				"learner": func(rt *rapid.T) { m.says(rt, m.bob, message.Learner) },
				"decline": func(rt *rapid.T) {
					in := message.Declining{Reason: rapid.SampledFrom(message.Reasons()).Draw(rt, "reason"), Comment: "sorry",
						Pause: rapid.Bool().Draw(rt, "pause")}
					_, err := w.Messages.Decline(ctx, m.ada, m.id, in)
					m.expect(rt, message.Decline, err)
				},
				"withdraw": func(rt *rapid.T) {
					_, err := w.Withdraw(ctx, m.bob, m.id)
					m.expect(rt, message.Withdraw, err)
				},
				"close": func(rt *rapid.T) {
					err, wanted := w.Close(ctx, rapid.SampledFrom([]account.Actor{m.ada, m.bob}).Draw(rt, "by"), m.id), ""
					switch {
					case m.closed:
						wanted = "conflict:thread_closed"
					case m.state == message.Open:
						wanted = "conflict:inquiry_waits"
					}
					if m.closed = m.state != message.Open; code(err) != wanted {
						rt.Fatalf("closing when %s gave %q", m.state, code(err))
					}
				},
				"pause": func(rt *rapid.T) { must(t, w.profiles.SetState(ctx, m.ada, profile.Paused, time.Time{})) },
				"time": func(rt *rapid.T) {
					w.standStill(t, time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours"))*time.Hour)
					m.aged(rt)
				},
				"": m.agree,
			})
			must(t, w.accounts.Erase(ctx, m.ada, m.ada.Handle))
			must(t, w.accounts.Erase(ctx, m.bob, m.bob.Handle))
			if left := w.rows(t, "thread") + w.rows(t, "inquiry") + w.rows(t, "message"); left > 0 {
				rt.Fatalf("%d rows are left of two erased people", left)
			}
		})
	})
}
