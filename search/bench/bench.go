// Package bench measures the embedded engine beside bleve as it comes out of
// the box and beside what is possible in memory, in one run: each engine in a
// process of its own, asked in turn with the same varied queries. It promises
// that what stands in one line was measured in the same minute, that a run ends
// in its time, and that it leaves no files. It refuses to judge relevance: that
// is the matter of package eval.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Config says what to measure.
type Config struct {
	Docs    int           // size of the made-up board
	Queries int           // of each class on each engine
	Time    time.Duration // for measuring, after the engines are built; what is not asked by then is left out
	Now     func() time.Time
	Spawn   func(ctx context.Context, engine, dir string) (*Worker, error) // starts Work of an engine in a folder
	Say     func(string)                                                   // hears how far it is; nil: nobody
	Dir     string                                                         // where the temporary folder stands; empty: where the system has such
}

// Worker is a process under way that does Work.
type Worker struct {
	In   io.WriteCloser // closing it ends the worker
	Out  io.Reader
	Wait func() error
}

// Cell is what one engine did in one class.
type Cell struct {
	Queries  int     `json:"queries"`
	CPU      float64 `json:"cpu_ms"`   // per query, of the whole process
	P50      float64 `json:"p50_ms"`   // by the clock
	P99      float64 `json:"p99_ms"`   // by the clock
	RSS      int64   `json:"rss"`      // bytes, the most
	Answered float64 `json:"answered"` // share of queries that found something
	Found    float64 `json:"found"`    // by a query, all pages: who finds more works more
}

// Built is what building an engine took.
type Built struct {
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	Bytes   int64   `json:"bytes"` // on disk
	RSS     int64   `json:"rss"`   // bytes, after the build
}

// Report is a whole run.
type Report struct {
	Docs    int                        `json:"docs"`
	System  string                     `json:"system"`
	Classes map[string]map[string]Cell `json:"classes"` // class, then engine
	Built   map[string]Built           `json:"built"`   // by engine
}

// batch is how many queries of one class an engine answers before it is the
// next one's turn, and turn how long it may take for them.
const (
	batch  = 20
	warmUp = 5
	turn   = 2 * time.Second
)

// Run builds the engines one after another and measures them in turn. Files
// stand in a temporary folder, which is removed.
func Run(ctx context.Context, cfg Config) (r Report, err error) {
	if cfg.Docs < 1 || cfg.Queries < 1 {
		return Report{}, errors.New("there must be documents and queries")
	}
	if cfg.Say == nil {
		cfg.Say = func(string) {}
	}
	dir, err := os.MkdirTemp(cfg.Dir, "oduvan-bench-")
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m := &measuring{Config: cfg, engines: map[string]*engine{}}
	defer func() {
		ended := m.end()
		switch {
		case ctx.Err() != nil: // the workers only ended because of it
			err = context.Cause(ctx)
		case err == nil:
			err = ended
		}
	}()
	m.report = Report{Docs: cfg.Docs, Classes: map[string]map[string]Cell{}, Built: map[string]Built{},
		System: fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())}
	for i, name := range Engines() {
		if err := m.start(ctx, name, filepath.Join(dir, fmt.Sprint(i))); err != nil {
			return Report{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := m.measure(); err != nil {
		return Report{}, err
	}
	m.sum()
	return m.report, nil
}

// measuring is one run under way.
type measuring struct {
	Config
	engines map[string]*engine
	report  Report
}

// engine is one worker with what it has told.
type engine struct {
	*Worker
	lines *bufio.Reader
	told  map[string]*account // by class, added up
}

// start starts a worker and waits until its engine is built.
func (m *measuring) start(ctx context.Context, name, dir string) error {
	w, err := m.Spawn(ctx, name, dir)
	if err != nil {
		return err
	}
	e := &engine{Worker: w, lines: bufio.NewReader(w.Out), told: map[string]*account{}}
	m.engines[name] = e
	m.Say(fmt.Sprintf("building %s over %d documents", name, m.Docs))
	built, err := e.read()
	if err != nil {
		return err
	}
	if len(built.Wall) != 1 {
		return errors.New("the worker tells nothing of its build")
	}
	m.report.Built[name] = Built{Seconds: built.Wall[0].Seconds(), CPU: built.CPU.Seconds(), Bytes: built.Bytes, RSS: built.RSS}
	return nil
}

func (e *engine) read() (a account, err error) {
	raw, err := e.lines.ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("the worker ended: %w", errors.Join(err, e.In.Close(), e.Wait()))
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// ask has a worker answer a batch.
func (e *engine) ask(o order) (account, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return account{}, err
	}
	if _, err := e.In.Write(append(raw, '\n')); err != nil {
		return account{}, err
	}
	return e.read()
}

// measure asks every class of every engine in turn, round after round; who
// begins a round changes, so that no engine always follows the same one.
func (m *measuring) measure() error {
	begun := m.Now()
	names := Engines()
	for round := -1; round*batch < m.Queries; round++ {
		if round > 0 && m.Now().Sub(begun) > m.Time {
			m.Say(fmt.Sprintf("time is up after %d of %d queries of each class", round*batch, m.Queries))
			return nil
		}
		for c, class := range classes() {
			for i := range names {
				name := names[(i+c+round+1)%len(names)]
				o := order{Class: class, From: round * batch, Count: min(batch, m.Queries-round*batch), Limit: turn}
				if round < 0 {
					o.From, o.Count = m.Queries, warmUp
				}
				a, err := m.engines[name].ask(o)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if round >= 0 {
					m.engines[name].add(class, a)
				}
			}
		}
		if round >= 0 && round%5 == 0 {
			m.Say(fmt.Sprintf("measuring: %d of %d queries of each class", min((round+1)*batch, m.Queries), m.Queries))
		}
	}
	return nil
}

func (e *engine) add(class string, a account) {
	t := e.told[class]
	if t == nil {
		t = &account{}
		e.told[class] = t
	}
	t.Wall = append(t.Wall, a.Wall...)
	t.CPU += a.CPU
	t.RSS = max(t.RSS, a.RSS)
	t.Answered += a.Answered
	t.Found += a.Found
}

// sum turns what was told into the report.
func (m *measuring) sum() {
	for _, class := range classes() {
		m.report.Classes[class] = map[string]Cell{}
		for name, e := range m.engines {
			t := e.told[class]
			if t == nil || len(t.Wall) == 0 {
				continue
			}
			n := float64(len(t.Wall))
			m.report.Classes[class][name] = Cell{Queries: len(t.Wall), CPU: ms(t.CPU) / n, P50: ms(quantile(t.Wall, 0.5)),
				P99: ms(quantile(t.Wall, 0.99)), RSS: t.RSS, Answered: float64(t.Answered) / n, Found: float64(t.Found) / n}
		}
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// end ends the workers.
func (m *measuring) end() error {
	var errs []error
	for _, e := range m.engines {
		_ = e.In.Close()
	}
	for name, e := range m.engines {
		if err := e.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// Size reads a number of documents: 10k, 100k, 1m or a plain number.
func Size(text string) (int, error) {
	const largest = 5_000_000
	unit := 1
	switch low := strings.ToLower(text); {
	case strings.HasSuffix(low, "k"):
		unit, text = 1_000, text[:len(text)-1]
	case strings.HasSuffix(low, "m"):
		unit, text = 1_000_000, text[:len(text)-1]
	}
	n := 0
	for _, r := range text {
		if r < '0' || r > '9' || n > largest {
			return 0, fmt.Errorf("a number of documents looks like 10k, 100k or 1m, not %q", text)
		}
		n = n*10 + int(r-'0')
	}
	if n *= unit; n < 1 || n > largest {
		return 0, fmt.Errorf("a board of %d documents cannot be measured: 1 to %d", n, largest)
	}
	return n, nil
}
