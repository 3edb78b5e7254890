package account_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
)

// reply is what one POST gave.
type reply struct {
	Status   int
	Location string
	Answer   string
}

// posts counts how often the act behind a route was really done.
type posts struct{ done atomic.Int64 }

func (p *posts) do() (int, string, []byte, error) {
	n := p.done.Add(1)
	return 201, "/api/v1/things/1", []byte(strings.Repeat("x", int(n))), nil
}

func (w *world) once(by account.Actor, key, body string, do func() (int, string, []byte, error)) (reply, error) {
	status, location, answer, err := w.Once(w.ctx, by, "POST /things", key, []byte(body), do)
	return reply{status, location, string(answer)}, err
}

func TestOnceAnswersEqualRequestsAlike(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other, acts := w.person(t, "ada"), w.person(t, "ben"), &posts{}
		first := reply{201, "/api/v1/things/1", "x"}
		for range 3 {
			got, err := w.once(p.by, "k", "{}", acts.do)
			must(t, err)
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		_, err := w.once(p.by, "k", "{ }", acts.do)
		wants(t, err, fault.Invalid, "idempotency_key_reused")
		for _, again := range []struct {
			by  account.Actor
			key string
		}{{other.by, "k"}, {p.by, "k2"}, {p.by, ""}, {p.by, ""}} { // another's key, another key, none
			if _, err := w.once(again.by, again.key, "{}", acts.do); err != nil {
				t.Error(err)
			}
		}
		if n := acts.done.Load(); n != 5 {
			t.Errorf("done %d times, want 5", n)
		}
		w.Clock.Advance(24 * time.Hour)
		if _, err := w.once(p.by, "k", "other", acts.do); err != nil || acts.done.Load() != 6 {
			t.Errorf("after a day: %v, done %d times", err, acts.done.Load())
		}
		for _, key := range []string{strings.Repeat("k", 201), "a\nb", "ключ"} {
			_, err := w.once(p.by, key, "{}", acts.do)
			wants(t, err, fault.Invalid, "idempotency_key_form")
		}
		_, err = w.once(account.Actor{}, "k", "{}", acts.do)
		wants(t, err, fault.Unauthenticated, "sign_in_needed")
	})
}

func TestOnceAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, acts := w.person(t, "ada"), &posts{}
		errs := together(8, func(int) error {
			_, err := w.once(p.by, "k", "{}", acts.do)
			return err
		})
		if n := acts.done.Load(); n != 1 || count(errs) == 0 {
			t.Errorf("done %d times: %v", n, errs)
		}
		for _, err := range errs {
			if err != nil {
				wants(t, err, fault.Conflict, "idempotency_key_busy")
			}
		}
	})
}

func TestWhatFailedMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, acts := w.person(t, "ada"), &posts{}
		boom := errors.New("boom")
		_, err := w.once(p.by, "k", "{}", func() (int, string, []byte, error) { return 0, "", nil, boom })
		if !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		got, err := w.once(p.by, "k", "{}", func() (int, string, []byte, error) { return 422, "", []byte("no"), nil })
		if err != nil || got.Status != 422 {
			t.Errorf("got %+v, %v", got, err)
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = w.once(p.by, "k", "{}", func() (int, string, []byte, error) { panic("boom") })
		}()
		if got, err = w.once(p.by, "k", "other body", acts.do); err != nil || got.Status != 201 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// The caller goes away while the act is being done: the answer is kept all the same.
func TestOnceOutlivesItsCaller(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, acts := w.person(t, "ada"), &posts{}
		ctx, cancel := context.WithCancel(w.ctx)
		_, _, _, err := w.Once(ctx, p.by, "POST /things", "k", []byte("{}"), func() (int, string, []byte, error) {
			cancel()
			return acts.do()
		})
		must(t, err)
		if _, err := w.once(p.by, "k", "{}", acts.do); err != nil || acts.done.Load() != 1 {
			t.Errorf("done %d times, %v", acts.done.Load(), err)
		}
	})
}

// A process died within a request: its key is busy for two minutes, then free.
func TestDeadRequestFreesItsKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, acts := w.person(t, "ada"), &posts{}
		entered, leave, ended := make(chan bool), make(chan bool), make(chan error)
		go func() {
			_, err := w.once(p.by, "k", "{}", func() (int, string, []byte, error) {
				close(entered)
				<-leave
				return 200, "", []byte("late"), nil
			})
			ended <- err
		}()
		<-entered
		_, err := w.once(p.by, "k", "{}", acts.do)
		wants(t, err, fault.Conflict, "idempotency_key_busy")
		w.Clock.Advance(2 * time.Minute)
		first, err := w.once(p.by, "k", "{}", acts.do)
		must(t, err)
		close(leave)
		must(t, <-ended)
		again, err := w.once(p.by, "k", "{}", acts.do) // the late one has not overwritten it
		if diff := cmp.Diff(first, again); diff != "" || err != nil {
			t.Errorf("%v (-first +again):\n%s", err, diff)
		}
	})
}

func TestLargeAnswerIsKeptWithoutItsBody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, n := w.person(t, "ada"), 0
		for _, want := range []int{65537, 0} {
			got, err := w.once(p.by, "k", "{}", func() (int, string, []byte, error) {
				n++
				return 201, strings.Repeat("l", 201), make([]byte, 65537), nil
			})
			if err != nil || got.Status != 201 || len(got.Answer) != want || n != 1 {
				t.Errorf("got %d with %d bytes after %d acts, %v; want %d bytes", got.Status, len(got.Answer), n, err, want)
			}
		}
	})
}
