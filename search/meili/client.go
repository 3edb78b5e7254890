package meili

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"
)

// Keys are the two keys that a board has. Neither is the master key.
type Keys struct {
	Search string `json:"search"` // may search our indexes
	Admin  string `json:"admin"`  // may also write, swap and set them up
}

// The bounds of one call. A question has the caller's own deadline as well.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 60 * time.Second
	taskTimeout  = 10 * time.Minute
	answerLimit  = 128 << 20 // bytes of one answer
)

// client makes the calls: under the breaker, with the key that is in force.
type client struct {
	host    string
	http    *http.Client
	now     func() time.Time
	poll    time.Duration
	load    func() (Keys, error)
	breaker breaker

	mu     sync.Mutex
	keys   Keys
	search meilisearch.ServiceManager
	admin  meilisearch.ServiceManager
}

// bounded refuses an answer without end.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, answerLimit), res.Body}
	}
	return res, err
}

func newClient(cfg Config) *client {
	c := &client{host: cfg.URL, http: cfg.HTTP, now: cfg.Now, poll: cfg.Poll, load: cfg.Keys}
	if c.http == nil {
		c.http = &http.Client{Transport: bounded{http.DefaultTransport}}
	}
	c.reload()
	return c
}

// reload reads the keys again and tells whether they are others than before.
func (c *client) reload() bool {
	keys, err := c.load()
	if err != nil {
		keys = Keys{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.search != nil && keys == c.keys {
		return false
	}
	service := func(key string) meilisearch.ServiceManager {
		return meilisearch.New(c.host, meilisearch.WithAPIKey(key), meilisearch.WithCustomClient(c.http), meilisearch.DisableRetries())
	}
	c.keys, c.search, c.admin = keys, service(keys.Search), service(keys.Admin)
	return true
}

func (c *client) service(admin bool) meilisearch.ServiceManager {
	c.mu.Lock()
	defer c.mu.Unlock()
	if admin {
		return c.admin
	}
	return c.search
}

// do makes one call. A refused key is read again, once: it may just have been
// changed for another.
func (c *client) do(ctx context.Context, call string, admin bool, ask func(context.Context, meilisearch.ServiceManager) error) error {
	if !c.breaker.enter(c.now()) {
		return &Fault{Call: call, Code: "resting", Kind: ErrAway}
	}
	limit := readTimeout
	if admin {
		limit = writeTimeout
	}
	try := func() error {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return fold(call, ask(ctx, c.service(admin)))
	}
	err := try()
	if errors.Is(err, ErrRefused) && c.reload() {
		err = try()
	}
	c.breaker.leave(c.now(), err)
	return err
}

// ask answers several questions by one call, in their order.
func (c *client) ask(ctx context.Context, queries []*meilisearch.SearchRequest) (answers []meilisearch.SearchResponse, err error) {
	err = c.do(ctx, "multi-search", false, func(ctx context.Context, m meilisearch.ServiceManager) error {
		res, err := m.MultiSearchWithContext(ctx, &meilisearch.MultiSearchRequest{Queries: queries})
		if err != nil {
			return err
		}
		answers = res.Results
		return nil
	})
	if err == nil && len(answers) != len(queries) {
		return nil, &Fault{Call: "multi-search", Code: "incomplete", Kind: ErrAway}
	}
	return answers, err
}

// begin hands in a write and gives the number of its task.
func (c *client) begin(ctx context.Context, call string, write func(context.Context, meilisearch.ServiceManager) (*meilisearch.TaskInfo, error)) (uid int64, err error) {
	err = c.do(ctx, call, true, func(ctx context.Context, m meilisearch.ServiceManager) error {
		info, err := write(ctx, m)
		if err != nil {
			return err
		}
		uid = info.TaskUID
		return nil
	})
	return uid, err
}

// finish waits until a task is done. A failed task is no error of the library:
// only its status tells.
func (c *client) finish(ctx context.Context, call string, uid int64) error {
	ctx, cancel := context.WithTimeout(ctx, taskTimeout)
	defer cancel()
	for {
		var task *meilisearch.Task
		err := c.do(ctx, call, true, func(ctx context.Context, m meilisearch.ServiceManager) (err error) {
			task, err = m.GetTaskWithContext(ctx, uid)
			return err
		})
		switch {
		case err != nil:
			return err
		case task.Status == meilisearch.TaskStatusSucceeded:
			return nil
		case task.Status == meilisearch.TaskStatusFailed && task.Error.Code == "index_not_found":
			return &Fault{Call: call, Code: task.Error.Code, Kind: errors.Join(ErrTask, errMissing)}
		case task.Status == meilisearch.TaskStatusFailed || task.Status == meilisearch.TaskStatusCanceled:
			return &Fault{Call: call, Code: task.Error.Code, Kind: ErrTask}
		}
		wait := time.NewTimer(c.poll)
		select {
		case <-ctx.Done():
			wait.Stop()
			return fold(call, ctx.Err())
		case <-wait.C:
		}
	}
}

// write hands in a write and waits for it.
func (c *client) write(ctx context.Context, call string, write func(context.Context, meilisearch.ServiceManager) (*meilisearch.TaskInfo, error)) error {
	uid, err := c.begin(ctx, call, write)
	if err != nil {
		return err
	}
	return c.finish(ctx, call, uid)
}
