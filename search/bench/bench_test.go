package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/search/bench"
)

// inside runs workers in this process.
func inside(docs int) func(context.Context, string, string) (*bench.Worker, error) {
	return func(ctx context.Context, engine, dir string) (*bench.Worker, error) {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := bench.Work{Engine: engine, Docs: docs, Dir: dir, Now: time.Now}.Run(ctx, inR, outW)
			_ = outW.CloseWithError(io.EOF)
			_ = inR.Close()
			done <- err
			close(done)
		}()
		return &bench.Worker{In: inW, Out: outR, Wait: func() error { return <-done }}, nil
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	const docs, queries, enough = 1500, 25, 0.6
	dir := t.TempDir()
	said := ""
	r, err := bench.Run(context.Background(), bench.Config{Docs: docs, Queries: queries, Time: time.Minute, Now: time.Now,
		Dir: dir, Spawn: inside(docs), Say: func(s string) { said += s + "\n" }})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	for class, engines := range r.Classes {
		for _, name := range bench.Engines() {
			c := engines[name]
			if c.Queries < 1 || c.Queries > queries || c.CPU < 0 || c.P50 <= 0 || c.P99 < c.P50 || c.RSS <= 0 {
				t.Errorf("%s of %s: %+v", class, name, c)
			}
			if c.Answered < enough || c.Found < c.Answered {
				t.Errorf("%s of %s: only %.0f%% find anything: the comparison says little", class, name, 100*c.Answered)
			}
		}
	}
	if len(r.Classes) != 6 || r.Built[bench.Embedded].Bytes == 0 || r.Built[bench.Embedded].Seconds <= 0 {
		t.Errorf("%d classes, built %+v", len(r.Classes), r.Built)
	}
	var b strings.Builder
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s\n%s", said, b.String())
	for _, line := range strings.Split(b.String(), "\n") {
		if len([]rune(line)) > 150 {
			t.Errorf("a line of %d characters", len([]rune(line)))
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// TestRunEndsInItsTime: when time is up, what was asked is told.
func TestRunEndsInItsTime(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	r, err := bench.Run(context.Background(), bench.Config{Docs: 200, Queries: 10_000, Time: 20 * time.Second, Spawn: inside(200),
		Now: func() time.Time { clock = clock.Add(15 * time.Second); return clock }})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Classes["one term"][bench.Embedded].Queries; n < 1 || n > 60 {
		t.Errorf("%d queries in the time of three rounds", n)
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	away := errors.New("no such program")
	for name, c := range map[string]struct {
		cfg  bench.Config
		hint string
	}{
		"no documents": {bench.Config{Queries: 1}, "must be documents"},
		"no worker":    {bench.Config{Docs: 1, Queries: 1, Spawn: func(context.Context, string, string) (*bench.Worker, error) { return nil, away }}, "no such program"},
		"unknown engine": {bench.Config{Docs: 1, Queries: 1, Spawn: func(ctx context.Context, _, dir string) (*bench.Worker, error) {
			return inside(1)(ctx, "unknown", dir)
		}}, "no engine"},
	} {
		c.cfg.Now, c.cfg.Time = time.Now, time.Second
		if _, err := bench.Run(context.Background(), c.cfg); err == nil || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cfg := bench.Config{Docs: 2000, Queries: 1, Now: time.Now, Time: time.Second, Spawn: inside(2000)}
	if _, err := bench.Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"10k": 10_000, "100K": 100_000, "1m": 1_000_000, "777": 777, "": 0, "k": 0, "0": 0, "-1": 0, "1.5k": 0,
		"9m": 0, "99999999999999999999": 0, "10kk": 0} {
		got, err := bench.Size(text)
		if got != want && err == nil || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
}

// TestQuestionsVary: a benchmark of one repeated query measures a cache.
func TestQuestionsVary(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	texts := bench.Questions(5000, 100)
	for _, q := range texts {
		asked[q] = true
	}
	if len(asked) < len(texts)/2 {
		t.Errorf("%d different queries of %d", len(asked), len(texts))
	}
	if again := bench.Questions(5000, 100); !slices.Equal(texts, again) {
		t.Error("the same run asks other queries")
	}
}
