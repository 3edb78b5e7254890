package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tmoeg/oduvan/search/taxonomy"
)

// Work is what one worker does: it builds one engine, then measures what it is
// asked to until its input ends.
type Work struct {
	Engine string
	Docs   int
	Dir    string // a folder of its own, removed at the end
	Now    func() time.Time
}

// order is one line to a worker: count queries of a class from a number on, or
// as many as fit into a time.
type order struct {
	Class string        `json:"class"`
	From  int           `json:"from"`
	Count int           `json:"count"`
	Limit time.Duration `json:"limit"`
}

// account is one line of a worker: how the build or a piece of work went.
type account struct {
	Wall     []time.Duration `json:"wall"` // of each query; of the build
	CPU      time.Duration   `json:"cpu"`  // of all of them together
	RSS      int64           `json:"rss"`
	Bytes    int64           `json:"bytes"` // on disk
	Answered int             `json:"answered"`
	Found    int             `json:"found"` // by all of them together
	Error    string          `json:"error,omitempty"`
}

// Run does the work. It returns when its input ends.
func (w Work) Run(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(w.Dir)) }()
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return err
	}
	tax := taxonomy.New()
	e, err := openEngine(w.Engine, w.Dir, tax)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	c := newCorpus(w.Docs, tax)
	enc := json.NewEncoder(out)
	built, err := w.build(ctx, e, c)
	if err != nil {
		return err
	}
	if err := enc.Encode(built); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		done, err := w.measure(ctx, e, c, o)
		if err != nil {
			done.Error = fmt.Sprintf("%s: %v", o.Class, err)
		}
		if err := enc.Encode(done); err != nil {
			return err
		}
	}
	return nil
}

func (w Work) build(ctx context.Context, e asked, c *corpus) (account, error) {
	from, cpu := w.Now(), cpuTime()
	if err := e.build(ctx, c); err != nil {
		return account{}, err
	}
	out := account{Wall: []time.Duration{w.Now().Sub(from)}, CPU: cpuTime() - cpu, Bytes: e.bytes()}
	debug.FreeOSMemory()
	out.RSS = residentSize()
	return out, nil
}

func (w Work) measure(ctx context.Context, e asked, c *corpus, o order) (account, error) {
	asked := make([]question, o.Count) // made before the clock runs
	for i := range asked {
		asked[i] = c.question(o.Class, o.From+i)
	}
	runtime.GC()
	var out account
	begun, cpu := w.Now(), cpuTime()
	for _, q := range asked {
		from := w.Now()
		found, err := e.ask(ctx, q)
		if err != nil {
			return out, err
		}
		to := w.Now()
		out.Wall = append(out.Wall, to.Sub(from))
		out.Found += found
		if found > 0 {
			out.Answered++
		}
		if to.Sub(begun) > o.Limit {
			break
		}
	}
	out.CPU, out.RSS = cpuTime()-cpu, residentSize()
	return out, nil
}

// cpuTime is what the process has used of processors so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentSize is the process's memory in use, 0 where the system does not tell.
func residentSize() int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// quantile is the value under which a share of sorted durations lies, by the
// nearest rank.
func quantile(of []time.Duration, share float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	at := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(at, 0), len(sorted)-1)]
}
