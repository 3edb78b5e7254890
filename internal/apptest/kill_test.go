package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// How often the real program is killed on each engine, and how many pairs of
// people are at work each time.
const (
	killRuns  = 20
	killPairs = 4
)

// TestKilledProgramTellsEachActOnce builds the program, lets people write to
// each other by the API, and ends it by SIGKILL at a random moment around one
// of their acts, again and again on the same data. Whatever was committed has
// exactly one notice for the right person and one push job where a browser
// listens; nothing is told of what was not; nothing that was answered is lost.
func TestKilledProgramTellsEachActOnce(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "oduvan")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/oduvan").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var between atomic.Int64
	t.Cleanup(func() { // all engines are through by then
		if between.Load() == 0 {
			t.Error("no kill fell between a commit and its answer: the test shows nothing")
		}
	})
	try := func(t *testing.T, database string) {
		k := newMortal(t, binary, database)
		for run := range killRuns {
			k.once(run)
		}
		k.revive()
		k.hearsInTheEnd()
		t.Logf("%d kills, %d of them between a commit and its answer; %d acts: %d answered, %d committed without an answer, %d never arrived; %d notices, %d push jobs; an act took %v (median)",
			killRuns, k.between, len(k.acts), k.answered, k.unheard, k.lost, k.notices, k.pushes, k.typical().Round(10*time.Microsecond))
		between.Add(int64(k.between))
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		try(t, "")
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			try(t, dbtest.Database(t))
		})
	}
}

// mortal is a board whose program is killed again and again.
type mortal struct {
	t             *testing.T
	binary        string
	dir, database string
	env           []string // more settings of the program
	rnd           *rand.Rand
	tutors        []soul
	learners      []soul
	receiver      *receiver

	program *exec.Cmd
	console *lastWords
	address string
	http    *http.Client
	trigger func() // arms the kill; called on every act's first byte

	mu   sync.Mutex
	acts []*act // all so far
	took []time.Duration

	between, answered, unheard, lost, notices, pushes int
}

// act is one call to the API that changes something.
type act struct {
	by    soul
	path  string
	body  map[string]string
	mark  string // what it leaves in the database, nowhere else found
	heard bool   // its answer came
	again bool   // it was repeated after a kill
}

// once starts the program, lets all pairs act, and kills it around one act.
func (k *mortal) once(run int) {
	k.t.Helper()
	k.revive()
	// The moment is random on purpose: from the first byte of some act's request
	// to a little after its answer, by what answers took so far.
	victim, delay := k.rnd.Int64N(killPairs*5), time.Duration(k.rnd.Int64N(int64(2*k.typical())))
	var begun atomic.Int64
	dead := make(chan struct{})
	var kill sync.Once
	end := func() {
		kill.Do(func() {
			_ = k.program.Process.Kill()
			close(dead)
		})
	}
	k.trigger = func() {
		if begun.Add(1)-1 == victim {
			time.AfterFunc(delay, end)
		}
	}
	first := len(k.acts)
	var pairs sync.WaitGroup
	for i := range killPairs {
		pairs.Go(func() { k.pair(run, i) })
	}
	pairs.Wait()
	if begun.Load() > victim {
		<-dead
	}
	end()
	_ = k.program.Wait()
	k.http.CloseIdleConnections()
	k.account(fmt.Sprintf("run %d, killed %v after the first byte of act %d", run, delay, victim), k.acts[first:])
}

// pair is what a learner and a tutor do, until an answer fails to come.
func (k *mortal) pair(run, i int) {
	learner, tutor, second := k.learners[run*killPairs+i], k.tutors[i], k.tutors[(i+1)%killPairs]
	name := func(n int) string { return fmt.Sprintf("run %d pair %d act %d", run, i, n) }
	ask := func(n int, to soul) string {
		return k.do(&act{by: learner, path: "/profiles/" + to.handle + "/inquiries", body: map[string]string{"goal": name(n)}, mark: name(n)})
	}
	say := func(n int, by soul, id string) bool {
		return k.do(&act{by: by, path: "/inquiries/" + id + "/messages", body: map[string]string{"text": name(n)}, mark: name(n)}) != ""
	}
	id := ask(0, tutor)
	if id == "" {
		return
	}
	if i%2 == 0 {
		_ = say(1, tutor, id) && say(2, learner, id) && say(3, tutor, id) &&
			k.do(&act{by: learner, path: "/inquiries/" + id + "/close", mark: "closed " + id}) != ""
		return
	}
	if !say(1, learner, id) || k.do(&act{by: tutor, path: "/inquiries/" + id + "/decline", mark: name(2),
		body: map[string]string{"reason": "other", "comment": name(2)}}) == "" {
		return
	}
	if id = ask(3, second); id != "" {
		say(4, second, id)
	}
}

// do sends an act and answers the id that came back, "" for no answer. Three of
// four carry a key, whose answer is kept in a transaction of its own: that makes
// the time between commit and answer longer.
func (k *mortal) do(a *act) string {
	k.mu.Lock()
	k.acts = append(k.acts, a)
	key := ""
	if len(k.acts)%4 != 0 {
		key = a.mark
	}
	k.mu.Unlock()
	begin := time.Now()
	status, body := k.send(a, key)
	if status == 0 {
		return ""
	}
	if status/100 != 2 {
		k.t.Errorf("%s: got %d %s", a.mark, status, body)
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	a.heard, k.took = true, append(k.took, time.Since(begin))
	var said struct{ ID string }
	if err := json.Unmarshal(body, &said); err != nil || said.ID == "" {
		said.ID = "done" // closing answers nothing
	}
	return said.ID
}

// send makes the call; status 0 means that no whole answer came.
func (k *mortal) send(a *act, key string) (status int, body []byte) {
	text, err := json.Marshal(a.body)
	if err != nil {
		k.t.Error(err)
		return 0, nil
	}
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { k.trigger() }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.address+"/api/v1"+a.path, strings.NewReader(string(text)))
	if err != nil {
		k.t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+a.by.token)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := k.http.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		return 0, nil
	}
	return res.StatusCode, body
}

// typical is the median time of an answer so far.
func (k *mortal) typical() time.Duration {
	if len(k.took) == 0 {
		return 10 * time.Millisecond
	}
	all := slices.Sorted(slices.Values(k.took))
	return max(all[len(all)/2], time.Millisecond)
}

// revive starts the program on what the last kill left, and lets everybody who
// got no answer ask once more, as people do.
func (k *mortal) revive() {
	k.t.Helper()
	k.launch()
	k.trigger = func() {}
	repeated := 0
	for _, a := range k.acts {
		if a.heard || a.again {
			continue
		}
		a.again, repeated = true, repeated+1
		if status, body := k.send(a, ""); status/100 != 2 && status != http.StatusConflict {
			k.t.Errorf("%s, repeated: got %d %s", a.mark, status, body)
		}
	}
	if repeated == 0 {
		return
	}
	found := k.look()
	for _, a := range k.acts {
		if n := found.marks[a.mark]; n != 1 {
			k.t.Errorf("%s, repeated %v: done %d times", a.mark, a.again, n)
		}
	}
	k.balanced("repeated acts", found)
}

// account holds what a kill left to what was answered.
func (k *mortal) account(when string, acts []*act) {
	k.t.Helper()
	found, between := k.look(), false
	for _, a := range acts {
		n := found.marks[a.mark]
		switch {
		case n > 1:
			k.t.Errorf("%s: %s was done %d times", when, a.mark, n)
		case a.heard && n == 0:
			k.t.Errorf("%s: %s was answered and is lost", when, a.mark)
		case a.heard:
			k.answered++
		case n == 1:
			k.unheard++
			between = true
		default:
			k.lost++
		}
	}
	if between {
		k.between++
	}
	k.balanced(when, found)
}

// balanced demands one notice for every act and one job for every notice that
// a browser waits for, and none besides.
func (k *mortal) balanced(when string, found books) {
	k.t.Helper()
	if d := cmp.Diff(found.owed, found.told); d != "" {
		k.t.Errorf("%s: notices (-owed +told):\n%s\n%s", when, d, k.console)
	}
	wanted := map[string]int{}
	for line, n := range found.told {
		if k.receiver.listens(line) {
			wanted[line] = n
		}
	}
	if d := cmp.Diff(wanted, found.pushed); d != "" {
		k.t.Errorf("%s: push jobs (-wanted +there):\n%s\n%s", when, d, k.console)
	}
	k.notices, k.pushes = len(found.told), len(found.pushed)
}

// launch starts the program and waits until it says where it is.
func (k *mortal) launch() {
	k.t.Helper()
	k.console = &lastWords{found: make(chan string, 1)}
	k.program = exec.Command(k.binary, "serve", "--data", k.dir, "--listen", "127.0.0.1:0")
	k.program.Env = append(append(os.Environ(), "ODUVAN_URL=", "ODUVAN_DATABASE_URL="+k.database), k.env...)
	k.program.Stdout, k.program.Stderr = k.console, k.console
	if err := k.program.Start(); err != nil {
		k.t.Fatal(err)
	}
	program := k.program
	k.t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	})
	select {
	case k.address = <-k.console.found:
	case <-time.After(time.Minute):
		k.t.Fatalf("the program never said where it is:\n%s", k.console)
	}
}

// lastWords is what a program says, and where it says it is.
type lastWords struct {
	mu    sync.Mutex
	text  []byte
	found chan string
}

// Write keeps p.
func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := ready.Match(l.text)
	l.text = append(l.text, p...)
	if m := ready.FindSubmatch(l.text); m != nil && !before {
		l.found <- string(m[1])
	}
	return len(p), nil
}

// String is everything so far.
func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
