package world

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// answer is what a call got, as an idempotency key remembers it.
type answer struct {
	status   int
	body     []byte
	request  string
	early    bool
	broken   bool // the connection ends without a word
	replayed bool

	asked string
	at    time.Time
}

// once does a call, unless its key has been seen: the same call gets the same
// answer, another one is refused. Keys belong to the account and last a day.
func (w *World) once(r *http.Request, c *call, body string, do func() *answer) *answer {
	if r.Method != http.MethodPost || c.key == "" {
		return do()
	}
	if len(c.key) > 255 {
		e := &refusal{status: http.StatusBadRequest, kind: "idempotency_error", message: "Keys have up to 255 characters"}
		return &answer{status: e.status, body: e.json()}
	}
	place, asked := placeOf(r, c), r.URL.Path+"\n"+canonical(body)
	if old := w.answers[place]; old != nil {
		if old.asked != asked {
			e := &refusal{status: http.StatusBadRequest, kind: "idempotency_error",
				message: "Keys for idempotent requests can only be used with the same parameters they were first used with."}
			return &answer{status: e.status, body: e.json()}
		}
		return &answer{status: old.status, body: old.body, replayed: true}
	}
	a := do()
	if !a.early {
		kept := *a
		kept.asked, kept.at = asked, w.now()
		w.answers[place] = &kept
	}
	return a
}

// placeOf is where a call's key is kept; empty: it has none.
func placeOf(r *http.Request, c *call) string {
	if r.Method != http.MethodPost || c.key == "" {
		return ""
	}
	return r.Header.Get("Stripe-Account") + " " + c.key
}

// hold keeps a call at work before it takes effect, and its key in use. The world
// goes on meanwhile.
func (w *World) hold(place string, d time.Duration) {
	if place != "" {
		w.busy[place] = true
	}
	released := w.released
	w.mu.Unlock()
	enough := time.NewTimer(d)
	select {
	case <-enough.C:
	case <-released:
	}
	enough.Stop()
	w.mu.Lock()
	delete(w.busy, place)
	w.tick()
}

// Release lets all calls go on that are held.
func (w *World) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.released)
	w.released = make(chan struct{})
}

// inUse is what a call hears whose key another one has that is still at work.
func inUse(key string) *refusal {
	return &refusal{status: http.StatusConflict, kind: "invalid_request_error", code: "idempotency_key_in_use", early: true,
		message: "There is currently another in-progress request using this Idempotent Key (" + key + "). Please try again later."}
}

// canonical puts a form's fields into one order.
func canonical(body string) string {
	parts := strings.Split(body, "&")
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func serverError() []byte {
	return (&refusal{kind: "api_error", message: "Sorry! There was an error while talking to one of our backends."}).json()
}

// Fault makes calls go wrong that would go right.
type Fault struct {
	Method string // empty: any
	Path   string // its beginning; empty: any
	Status int    // 429, 500, 503 …; 0: the connection breaks
	After  bool   // the call took effect, only its answer is lost
	Sticky bool   // with After: the key remembers the 500, as Stripe's do when Stripe itself failed
	Skip   int    // so many calls go right before
	Times  int    // how many calls; 0: one

	// Hold is how long the call is at work before it takes effect, unless Release
	// ends it; then it goes right. Meanwhile its key is in use.
	Hold time.Duration
}

func (f *Fault) answer() *answer {
	switch f.Status {
	case 0:
		return &answer{broken: true}
	case http.StatusTooManyRequests:
		return &answer{status: f.Status, body: (&refusal{kind: "invalid_request_error", code: "rate_limit", message: "Too many requests"}).json()}
	}
	return &answer{status: f.Status, body: serverError()}
}

// trouble is the fault that a call meets, planted or by chance.
func (w *World) trouble(r *http.Request) *Fault {
	for i, f := range w.faults {
		if f.Method != "" && f.Method != r.Method || !strings.HasPrefix(r.URL.Path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			return nil
		}
		if f.Times--; f.Times <= 0 {
			w.faults = slices.Delete(w.faults, i, i+1)
		}
		return f
	}
	if !w.chance(w.manners.Trouble) {
		return nil
	}
	all := []Fault{{Status: 429}, {Status: 500}, {Status: 500, After: true}, {After: true}}
	return &all[w.rng.IntN(len(all))]
}

// Plant makes the next calls that fit go wrong.
func (w *World) Plant(f Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, &f)
}

// Call is what the world heard: one call that passed stripe-mock.
type Call struct {
	Method, Path, Account, Key string
	Status                     int  // 0 where the connection broke
	Replayed, Lost             bool // answered from the key's memory; not answered
	Header                     http.Header
}

// Calls lists all calls that passed stripe-mock, the oldest first.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}
