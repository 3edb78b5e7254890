// Package meilitest is a fake of a Meilisearch server, for tests. It keeps
// documents, settings, tasks and keys in memory and answers as the documented
// API does, as far as our engine asks: indexes, settings, documents, tasks,
// multi-search with filters, facets, sorting and pages, swaps and keys. It can
// be told to fail in the ways a server fails. It is a fake: that an engine
// passes against it does not show that a server behaves so. It knows no typos,
// no proximity, no language and no performance, and its ranking score is its own.
package meilitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// MasterKey opens everything on a fake server.
const MasterKey = "master-key-of-the-fake"

// Server is a fake server. Make one with New.
type Server struct {
	URL string

	mu      sync.Mutex
	indexes map[string]*index
	tasks   map[int64]*task
	next    int64
	keys    []*key
	made    int
	failing map[string]int // type of task to how many of the next fail
	answers []answer       // what the next requests get instead
	looks   int            // how often a task is seen unfinished
	stalled chan struct{}  // closed: requests go on
	record  []Request
}

type task struct {
	kind, status, code string
	looks              int
	uid                string
}

type answer struct {
	status int // 0: the connection is cut
	path   string
}

// Request is one request as it came, without its key.
type Request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// New starts a fake server that the test stops.
func New(t *testing.T) *Server {
	t.Helper()
	s := &Server{indexes: map[string]*index{}, tasks: map[int64]*task{}, failing: map[string]int{}}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Stall(false)
		web.Close()
	})
	s.URL = web.URL
	return s
}

// FailTasks makes the next n tasks of a type fail after they were accepted,
// such as "documentAdditionOrUpdate", "indexSwap", "settingsUpdate".
func (s *Server) FailTasks(kind string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[kind] = n
}

// Refuse answers the next n requests whose path begins so with a status, such
// as 429, 403 or 503; with status 0 it cuts the connection.
func (s *Server) Refuse(path string, status, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.answers = append(s.answers, answer{status, path})
	}
}

// Recover forgets all faults that were asked for.
func (s *Server) Recover() {
	s.mu.Lock()
	s.answers, s.looks = nil, 0
	clear(s.failing)
	s.mu.Unlock()
	s.Stall(false)
}

// SlowTasks lets every later task be seen unfinished n times before it is done.
func (s *Server) SlowTasks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks = n
}

// Stall leaves every request without an answer until it is called with false.
func (s *Server) Stall(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on && s.stalled == nil:
		s.stalled = make(chan struct{})
	case !on && s.stalled != nil:
		close(s.stalled)
		s.stalled = nil
	}
}

// Requests are all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.record...)
}

// Indexes are the names of the indexes with their numbers of documents.
func (s *Server) Indexes() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for name, x := range s.indexes {
		out[name] = len(x.docs)
	}
	return out
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if !s.let(w, r, body) {
		return
	}
	if code := s.authorise(r); code != "" {
		fail(w, http.StatusForbidden, code)
		return
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case path[0] == "health":
		reply(w, http.StatusOK, map[string]string{"status": "available"})
	case path[0] == "keys":
		s.serveKeys(w, r, path[1:], body)
	case path[0] == "tasks" && len(path) == 2:
		s.serveTask(w, path[1])
	case path[0] == "multi-search":
		s.serveSearch(w, body)
	case path[0] == "swap-indexes":
		s.serveSwap(w, body)
	case path[0] == "indexes":
		s.serveIndexes(w, r, path[1:], body)
	default:
		fail(w, http.StatusNotFound, "not_found")
	}
}

// let notes a request and gives it the fault that waits for it, if any.
func (s *Server) let(w http.ResponseWriter, r *http.Request, body []byte) bool {
	s.mu.Lock()
	s.record = append(s.record, Request{r.Method, r.URL.Path, lines(body)})
	stalled := s.stalled
	var given *answer
	for i, a := range s.answers {
		if strings.HasPrefix(r.URL.Path, a.path) {
			given = &a
			s.answers = append(s.answers[:i:i], s.answers[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	if stalled != nil {
		select {
		case <-stalled:
		case <-r.Context().Done():
			return false
		}
	}
	if given == nil {
		return true
	}
	if given.status != 0 {
		fail(w, given.status, map[int]string{http.StatusForbidden: "invalid_api_key", http.StatusTooManyRequests: "too_many_search_requests"}[given.status])
		return false
	}
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
	return false
}

// lines makes one JSON value of a body, which may hold one a line.
func lines(body []byte) json.RawMessage {
	if len(body) == 0 || json.Valid(body) {
		return body
	}
	return json.RawMessage("[" + strings.Join(strings.Split(strings.TrimSpace(string(body)), "\n"), ",") + "]")
}

func (s *Server) serveTask(w http.ResponseWriter, number string) {
	var uid int64
	_, err := fmt.Sscan(number, &uid)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[uid]
	if err != nil || t == nil {
		fail(w, http.StatusNotFound, "task_not_found")
		return
	}
	out := map[string]any{"uid": uid, "indexUid": t.uid, "status": t.status, "type": t.kind, "enqueuedAt": time.Unix(0, 0).UTC()}
	if t.looks > 0 {
		t.looks--
		out["status"] = "processing"
	}
	if t.code != "" {
		out["error"] = map[string]string{"message": "told to fail", "code": t.code, "type": "internal"}
	}
	reply(w, http.StatusOK, out)
}

// do runs a task at once and answers with its number. The caller holds no lock.
func (s *Server) do(w http.ResponseWriter, kind, uid string, run func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	t := &task{kind: kind, status: "succeeded", uid: uid, looks: s.looks}
	if s.failing[kind] > 0 {
		s.failing[kind]--
		t.code = "internal"
	} else {
		t.code = run()
	}
	if t.code != "" {
		t.status = "failed"
	}
	s.tasks[s.next] = t
	reply(w, http.StatusAccepted, map[string]any{"taskUid": s.next, "indexUid": uid, "status": "enqueued", "type": kind, "enqueuedAt": time.Unix(0, 0).UTC()})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code string) {
	reply(w, status, map[string]string{"message": "the fake refuses", "code": code, "type": "invalid_request", "link": ""})
}
