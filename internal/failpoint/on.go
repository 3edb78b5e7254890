//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Built tells whether points can be armed in this program.
const Built = true

// Action is what happens at an armed point.
type Action string

// The actions. Kill ends the process as SIGKILL does: no deferred call runs.
// Hang blocks until the point is disarmed.
const (
	Error Action = "error"
	Panic Action = "panic"
	Kill  Action = "kill"
	Hang  Action = "hang"
)

// armed is the one piece of package state in the program. It exists only in
// builds with the tag: Hit must stay callable from anywhere without an
// argument that production code would have to carry.
var armed = struct {
	sync.Mutex
	once   sync.Once
	points map[Name]*point
	hits   map[Name]int
}{points: map[Name]*point{}, hits: map[Name]int{}}

// point is an armed point.
type point struct {
	action Action
	from   int           // fires from this hit on, counted since arming
	seen   int           // hits since arming
	freed  chan struct{} // closed when disarmed
}

// Hit does what the point is armed with, or nothing. It panics on a name that
// Names does not list.
func Hit(name Name) error {
	mustKnow(name)
	armed.once.Do(func() {
		if err := Set(os.Getenv(Environment)); err != nil {
			panic(err)
		}
	})
	armed.Lock()
	armed.hits[name]++
	p := armed.points[name]
	fires := false
	if p != nil {
		p.seen++
		fires = p.seen >= p.from
	}
	armed.Unlock()
	if !fires {
		return nil
	}
	return p.act(name)
}

func (p *point) act(name Name) error {
	switch p.action {
	case Panic:
		panic(fmt.Sprintf("failpoint: %s", name))
	case Kill:
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {} // the signal arrives at any moment
	case Hang:
		<-p.freed
		return nil
	}
	return ErrInjected
}

// Enable arms a point from its n-th hit on (1: the next one). It panics on an
// unknown name or action, which is a mistake in a test.
func Enable(name Name, action Action, n int) {
	mustKnow(name)
	if !slices.Contains([]Action{Error, Panic, Kill, Hang}, action) || n < 1 {
		panic(fmt.Sprintf("failpoint: cannot arm %s with %q at hit %d", name, action, n))
	}
	armed.Lock()
	defer armed.Unlock()
	disarm(name)
	armed.points[name] = &point{action: action, from: n, freed: make(chan struct{})}
}

// Disable disarms a point and frees what hangs there.
func Disable(name Name) {
	armed.Lock()
	defer armed.Unlock()
	disarm(name)
}

// disarm is Disable for a caller that holds the lock.
func disarm(name Name) {
	if p := armed.points[name]; p != nil {
		close(p.freed)
		delete(armed.points, name)
	}
}

// Set arms points by text: "name=action" or "name=action@n", parted by
// semicolons. Nothing is armed when any part is wrong.
func Set(text string) error {
	type order struct {
		name   Name
		action Action
		n      int
	}
	var orders []order
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ';' }) {
		name, what, ok := strings.Cut(strings.TrimSpace(part), "=")
		action, at, counted := strings.Cut(what, "@")
		n := 1
		if counted {
			var err error
			if n, err = strconv.Atoi(at); err != nil || n < 1 {
				return fmt.Errorf("failpoint: %q: the hit must be a positive number", part)
			}
		}
		known := slices.Contains([]Action{Error, Panic, Kill, Hang}, Action(action))
		if !ok || !known || !slices.Contains(Names(), Name(name)) {
			return fmt.Errorf("failpoint: %q is not name=error|panic|kill|hang with a listed name", part)
		}
		orders = append(orders, order{Name(name), Action(action), n})
	}
	for _, o := range orders {
		Enable(o.name, o.action, o.n)
	}
	return nil
}

// Hits is how often a point was reached in this process, armed or not.
func Hits(name Name) int {
	armed.Lock()
	defer armed.Unlock()
	return armed.hits[name]
}

func mustKnow(name Name) {
	if !slices.Contains(Names(), name) {
		panic(fmt.Sprintf("failpoint: %q is not listed", string(name)))
	}
}
