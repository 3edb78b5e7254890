package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

// running is a board that serves in this process.
type running struct {
	*app.App
	address, metrics string
	stop             context.CancelFunc
	ended            chan error
	jobs             chan string
}

// noteJob is work that tells when it is done.
type noteJob struct {
	ID string `json:"id"`
}

// Kind is the job's word.
func (noteJob) Kind() string { return "note_for_test" }

func run(t *testing.T) *running {
	t.Helper()
	a, err := app.New(context.Background(), small(t), app.Options{NoSync: true, NoLimits: true, Poll: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{App: a, ended: make(chan error, 1), jobs: make(chan string, 10)}
	db.Handle(a.DB, func(_ context.Context, j noteJob) error {
		r.jobs <- j.ID
		return nil
	})
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	r.address, r.metrics = listeners[0].Addr().String(), listeners[1].Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	done := make(chan struct{})
	go func() {
		r.ended <- a.Run(ctx, listeners[0], listeners[1])
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
		_ = a.Close()
	})
	return r
}

// until asks again and again, for at most a minute.
func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !reached() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// teaches makes a profile, or changes it.
func (r *running) teaches(t *testing.T, by account.Actor, headline string) {
	t.Helper()
	_, _, err := r.Profiles.Save(context.Background(), by, profile.Input{Tutor: true, Headline: headline, State: profile.Open})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *running) enqueue(t *testing.T, id string) {
	t.Helper()
	if err := r.DB.Write(context.Background(), func(tx *db.Tx) error { return tx.Enqueue(context.Background(), noteJob{id}) }); err != nil {
		t.Fatal(err)
	}
}

// follows waits until the index shows all that is committed.
func (r *running) follows(t *testing.T) {
	t.Helper()
	until(t, "the index follows", func() bool {
		n, err := r.DB.Generation(context.Background())
		return err == nil && n > 0 && r.Catalogue.Applied() == n
	})
}

// ready is what a balancer hears on a connection that is open already.
func (r *running) ready() (int, string) {
	out := httptest.NewRecorder()
	r.Handler().ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	return out.Code, out.Body.String()
}

// TestTheOrderOfStopping: nobody new comes in, those inside are answered, and
// what their requests need (jobs, index, database) goes later, in that order.
func TestTheOrderOfStopping(t *testing.T) {
	t.Parallel()
	ctx, r := context.Background(), run(t)
	ada, _, token, err := r.Accounts.Create(ctx, "ada", account.Operator)
	if err != nil {
		t.Fatal(err)
	}
	r.teaches(t, ada.Actor(), "Teaches Go")
	r.follows(t)
	r.enqueue(t, "before")
	if got := <-r.jobs; got != "before" {
		t.Errorf("job %q", got)
	}
	inside := r.begin(t, token)
	r.stop()

	until(t, "the listener stops", func() bool {
		conn, err := net.Dial("tcp", r.address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if code, text := r.ready(); code != http.StatusServiceUnavailable || text != "stopping\n" {
		t.Errorf("ready while stopping: %d %q", code, text)
	}
	// Somebody is still inside: jobs and the index work for them.
	r.enqueue(t, "while stopping")
	r.teaches(t, ada.Actor(), "Teaches Rust")
	select {
	case got := <-r.jobs:
		if got != "while stopping" {
			t.Errorf("job %q", got)
		}
	case err := <-r.ended:
		t.Fatalf("it stopped over the head of one who is inside: %v", err)
	}
	r.follows(t)
	if status := inside(); status != http.StatusCreated {
		t.Errorf("the one inside was told %d", status)
	}
	if err := <-r.ended; err != nil {
		t.Fatalf("it stopped with %v", err)
	}

	// The jobs have stopped; the index and the database are open until Close.
	r.enqueue(t, "too late")
	if n, err := r.DB.Waiting(ctx); err != nil || n == 0 {
		t.Errorf("%d jobs wait for the next start, %v", n, err)
	}
	if found, err := r.Catalogue.Search(ctx, search.Query{Text: "rust"}); err != nil || found.Total == 0 || found.Fallback {
		t.Errorf("the index is closed too early: %+v, %v", found, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DB.Generation(ctx); err == nil {
		t.Error("the database is open after Close")
	}
	select {
	case id := <-r.jobs:
		t.Errorf("%q was done after the end", id)
	default:
	}
}

// begin sends half a request for a new service, waits until the board has taken
// it in and gives the way to end it, which returns the status of the answer.
func (r *running) begin(t *testing.T, token string) func() int {
	t.Helper()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body := `{"title":"Lesson","format":"call","by_agreement":true,"state":"published"}`
	if _, err := fmt.Fprintf(conn, "POST /api/v1/me/services HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", token, len(body), body[:9]); err != nil {
		t.Fatal(err)
	}
	until(t, "the request is inside", func() bool { return strings.Contains(r.counts(t), "oduvan_http_in_flight 1\n") })
	return func() int {
		t.Helper()
		if _, err := io.WriteString(conn, body[9:]); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
}

// counts is what the operator's metrics say.
func (r *running) counts(t *testing.T) string {
	t.Helper()
	res, err := http.Get("http://" + r.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAReaderWhoLeftIsNoFailure: the metrics count one apart, and nothing of
// 5xx wakes the operator; an answer that came too late is one of ours.
func TestAReaderWhoLeftIsNoFailure(t *testing.T) {
	t.Parallel()
	r := run(t)
	left, leave := context.WithCancel(context.Background())
	leave()
	late, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, x := range []struct {
		ctx    context.Context
		path   string
		status int
	}{
		{left, "/tutors/ada", 499}, {left, "/api/v1/profiles/ada", 499},
		{late, "/creators/ada", http.StatusServiceUnavailable}, {late, "/api/v1/search?q=go", http.StatusServiceUnavailable},
	} {
		out := httptest.NewRecorder()
		r.Handler().ServeHTTP(out, httptest.NewRequestWithContext(x.ctx, http.MethodGet, x.path, nil))
		if out.Code != x.status {
			t.Errorf("%s: %d, want %d", x.path, out.Code, x.status)
		}
	}
	text := r.counts(t)
	for series, want := range map[string]bool{
		`route="/tutors/:handle",status="499"`: true, `route="/tutors/:handle",status="5xx"`: false,
		`route="/api/v1/profiles/:handle",status="499"`: true, `route="/api/v1/profiles/:handle",status="5xx"`: false,
		`route="/creators/:handle",status="5xx"`: true, `route="/creators/:handle",status="499"`: false,
		`route="/api/v1/search",status="5xx"`: true,
	} {
		if got := strings.Contains(text, series); got != want {
			t.Errorf("%s counted: %v", series, got)
		}
	}
}
