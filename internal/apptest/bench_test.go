package apptest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
)

// writers are how many people send at once.
const writers = 32

// BenchmarkSending sends messages from 32 writers at once to the whole program
// on SQLite, as it is served: its clock, its disk that is waited for, its jobs
// and index at work, keys of Web Push. It reports percentiles of one sending
// by what a client sees, client and server sharing the machine, and the CPU of
// both, which says more on a busy one. The goal is a p99 of 150 ms.
func BenchmarkSending(b *testing.B) {
	w := served(b, "")
	sides, n := meet(b, w), 0
	kept := &http.Transport{MaxIdleConnsPerHost: writers} // a connection for every writer
	b.Cleanup(kept.CloseIdleConnections)
	for _, way := range []struct {
		name   string
		before func()
		send   func(s side, text string) *http.Request
		want   int
	}{
		{"api", func() {}, func(s side, text string) *http.Request { return s.api(b, w, text, "") }, http.StatusCreated},
		{"api-keyed", func() {}, func(s side, text string) *http.Request { return s.api(b, w, text, text) }, http.StatusCreated},
		{"form", func() {}, func(s side, text string) *http.Request { return s.form(b, w, text) }, http.StatusSeeOther},
		{"api-browsers-away", func() { // a push job for every message, and a push service that cannot be reached
			for _, s := range sides {
				_, err := w.Notices.Subscribe(context.Background(), s.by, browserAt(b, "/"+s.by.Handle))
				must(b, err)
			}
		}, func(s side, text string) *http.Request { return s.api(b, w, text, "") }, http.StatusCreated},
	} {
		way.before()
		b.Run(way.name, func(b *testing.B) {
			var took []time.Duration
			var mu sync.Mutex
			busy := cpu(b)
			for b.Loop() {
				n++
				var all sync.WaitGroup
				for i, s := range sides {
					req := way.send(s, fmt.Sprint("word ", n, i))
					all.Go(func() {
						begin := time.Now()
						status, body := sent(b, kept, req)
						one := time.Since(begin)
						mu.Lock()
						defer mu.Unlock()
						if took = append(took, one); status != way.want {
							b.Errorf("got %d %s", status, body)
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64((cpu(b)-busy).Microseconds())/float64(len(took)), "cpu-µs/sent")
			slices.Sort(took)
			for name, part := range map[string]int{"p50-ms": 500, "p99-ms": 990, "p99.9-ms": 999} {
				b.ReportMetric(float64(took[len(took)*part/1000].Microseconds())/1000, name)
			}
			b.ReportMetric(float64(len(took)), "sent")
		})
	}
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sent sends a request and reads the whole answer.
func sent(b *testing.B, by http.RoundTripper, req *http.Request) (status int, body []byte) {
	res, err := by.RoundTrip(req)
	if err != nil {
		b.Error(err)
		return 0, nil
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		b.Error(err)
	}
	return res.StatusCode, body
}

// served is a board that runs as the program serves it, but for the limits of
// requests; an empty database is SQLite.
func served(b *testing.B, database string) *apptest.World {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL, cfg.URL = b.TempDir(), database, "http://localhost:"+fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	must(b, withPushKey(cfg))
	a, err := app.New(context.Background(), cfg, app.Options{NoLimits: true})
	must(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, listener, nil) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("run: %v", err)
		}
		must(b, a.Close())
	})
	return &apptest.World{App: a, T: b, Dir: cfg.Data, URL: cfg.URL, Logs: &apptest.Log{}}
}

// side is one party of a thread, with what its requests carry.
type side struct {
	by      account.Actor
	token   string
	cookies string
	csrf    string
	thread  string
}

// meet makes pairs whose inquiry was answered.
func meet(b *testing.B, w *apptest.World) []side {
	b.Helper()
	ctx := context.Background()
	person := func(handle string) side {
		acc, code, token, err := w.Accounts.Create(ctx, handle, account.Member)
		must(b, err)
		p := &apptest.Person{Client: w.Visitor(), Handle: handle, Code: code}
		p.SignIn()
		s := side{by: acc.Actor(), token: token, csrf: p.CSRF()}
		for _, c := range p.Cookies() {
			s.cookies += c.Name + "=" + c.Value + "; "
		}
		return s
	}
	var out []side
	for i := range writers / 2 {
		tutor, learner := person(fmt.Sprintf("tutor%d", i)), person(fmt.Sprintf("learner%d", i))
		_, _, err := w.Profiles.Save(ctx, tutor.by, profile.Input{Tutor: true, Headline: "teaches", State: profile.Open})
		must(b, err)
		row, err := w.Messages.Ask(ctx, learner.by, message.Ask{Handle: tutor.by.Handle, Goal: "learn"})
		must(b, err)
		_, err = w.Messages.Write(ctx, tutor.by, row.ID, "gladly")
		must(b, err)
		tutor.thread, learner.thread = row.ID, row.ID
		out = append(out, tutor, learner)
	}
	return out
}

// api is a message by the API; an empty key is none.
func (s side) api(b *testing.B, w *apptest.World, text, key string) *http.Request {
	req, err := http.NewRequest(http.MethodPost, w.URL+"/api/v1/inquiries/"+s.thread+"/messages", strings.NewReader(fmt.Sprintf(`{"text":%q}`, text)))
	must(b, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.token)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req
}

// form is a message by the form of its page.
func (s side) form(b *testing.B, w *apptest.World, text string) *http.Request {
	req, err := http.NewRequest(http.MethodPost, w.URL+"/inquiries/"+s.thread, strings.NewReader(url.Values{"csrf": {s.csrf}, "text": {text}}.Encode()))
	must(b, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", s.cookies)
	return req
}
