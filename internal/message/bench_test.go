package message_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// BenchmarkWriters sends messages from 32 writers at once, on a disk that is
// waited for, and reports the 99th percentile of one sending.
func BenchmarkWriters(b *testing.B) {
	dir := b.TempDir()
	path := dbtest.Copy(b, dir)
	d, err := db.Open(db.Config{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	w := newWorld(b, &dbtest.World{DB: d, Clock: dbtest.NewClock(), Dir: dir})
	b.Cleanup(func() { _ = d.Close() })
	const writers = 32
	var sides [writers]struct {
		by account.Actor
		id string
	}
	for i := 0; i < writers; i += 2 {
		ada, bob := w.tutor(b, fmt.Sprintf("tutor%d", i)), w.person(b, fmt.Sprintf("learner%d", i))
		id := w.ask(b, bob, ada).ID
		w.write(b, ada, id, "hello")
		sides[i].by, sides[i].id, sides[i+1].by, sides[i+1].id = ada, id, bob, id
	}
	var took []time.Duration
	var mu sync.Mutex
	var n int
	for b.Loop() {
		n++
		var wg sync.WaitGroup
		for i, s := range sides {
			wg.Go(func() {
				start := time.Now()
				_, err := w.Messages.Write(context.Background(), s.by, s.id, fmt.Sprint(n, i))
				one := time.Since(start)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, one)
				if err != nil && code(err) != "rate_limited:messages_in_row_max" {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}
