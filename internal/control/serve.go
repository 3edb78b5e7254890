package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Verb does one thing that can be asked for. progress may be called from any
// goroutine until the verb returns; what it is given is sent to the caller.
type Verb func(ctx context.Context, in json.RawMessage, progress func(any)) (any, error)

// Verbs are what can be asked for, by name.
type Verbs map[string]Verb

// The bounds of one call.
const (
	maxRequest = 64 << 20
	beat       = time.Second // an answer under way says so at least this often
	farewell   = 2 * time.Second
)

// Serve answers calls until ctx ends; calls under way are then cancelled and
// told so. It closes the listener.
func Serve(ctx context.Context, l net.Listener, verbs Verbs) error {
	calls, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{Handler: verbs.handler(), ReadHeaderTimeout: farewell, BaseContext: func(net.Listener) context.Context { return calls },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	wait, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer stop()
	if err := srv.Shutdown(wait); err != nil {
		return srv.Close()
	}
	return nil
}

func (v Verbs) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verb, ok := v[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok || r.Method != http.MethodPost {
			http.Error(w, "this serve does not know the command; is it of another version?", http.StatusNotFound)
			return
		}
		in, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		w.Header().Set("Content-Type", "application/x-ndjson")
		s := &stream{enc: json.NewEncoder(w), flush: http.NewResponseController(w).Flush}
		s.send(line{})
		stop := s.beat()
		result, err := call(r.Context(), verb, in, s.progress)
		stop()
		if err != nil {
			s.send(line{Trouble: pack(err)})
			return
		}
		s.send(line{Result: result})
	})
}

// call does a verb; its panic becomes an error.
func call(ctx context.Context, verb Verb, in json.RawMessage, progress func(any)) (out json.RawMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the command broke down: %v", v)
		}
	}()
	result, err := verb(ctx, in, progress)
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// stream writes lines, one at a time.
type stream struct {
	mu    sync.Mutex
	enc   *json.Encoder
	flush func() error
}

// send writes a line. Whoever went away is noticed by the request's context.
func (s *stream) send(l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.enc.Encode(l) == nil {
		_ = s.flush()
	}
}

func (s *stream) progress(v any) {
	if raw, err := json.Marshal(v); err == nil {
		s.send(line{Progress: raw})
	}
}

// beat sends empty lines until it is stopped.
func (s *stream) beat() (stop func()) {
	tick, done, ended := time.NewTicker(beat), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-tick.C:
				s.send(line{})
			case <-done:
				return
			}
		}
	}()
	return func() {
		tick.Stop()
		close(done)
		<-ended
	}
}

// Call does a verb in this process, as Client.Call does it in another.
func (v Verbs) Call(ctx context.Context, name string, in, out any, progress func(json.RawMessage)) error {
	verb, ok := v[name]
	if !ok {
		return errors.New("no such command: " + name)
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	result, err := call(ctx, verb, raw, func(p any) {
		if raw, err := json.Marshal(p); err == nil && progress != nil {
			progress(raw)
		}
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(result, out)
}
