package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Silence is how long a caller bears to hear nothing from a serve.
const Silence = 10 * time.Second

// ErrSilent tells that a serve accepts and does not answer: it is stopped, or
// its machine is overwhelmed.
var ErrSilent = errors.New("serve holds the data folder and does not answer at its control socket")

// Client asks the serve of one data folder. Make one with Dial.
type Client struct {
	http    *http.Client
	silence time.Duration
}

// Dial looks whether a serve listens at the folder's socket; ErrNobody if none
// does. silence bounds every wait for a sign of life, 0 means Silence.
func Dial(ctx context.Context, dir string, silence time.Duration) (*Client, error) {
	if silence <= 0 {
		silence = Silence
	}
	try, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	conn, err := dial(try, dir)
	if err != nil {
		return nil, err
	}
	_ = conn.Close()
	transport := &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, dir) }}
	return &Client{http: &http.Client{Transport: transport}, silence: silence}, nil
}

// Call asks for a verb, tells progress, if that is not nil, what it says on the
// way, and reads its result into out. An error of the verb comes as it was: a
// fault with its kind, code and field. ErrSilent when nothing was heard for too
// long; ErrNobody when the serve has gone.
func (c *Client) Call(ctx context.Context, name string, in, out any, progress func(json.RawMessage)) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(c.silence, func() { cancel(ErrSilent) })
	defer alarm.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://serve/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return errors.New(strings.TrimSpace(string(text)))
	}
	lines := bufio.NewReader(res.Body)
	for {
		raw, err := lines.ReadBytes('\n')
		if err != nil {
			return because(ctx, fmt.Errorf("serve ended before it was done: %w", err))
		}
		alarm.Reset(c.silence)
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return err
		}
		switch {
		case l.Trouble != nil:
			return l.Trouble.unpack()
		case l.Result != nil:
			return json.Unmarshal(l.Result, out)
		case l.Progress != nil && progress != nil:
			progress(l.Progress)
		}
	}
}

// because gives the reason why a context was ended rather than what followed.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, ErrNobody) {
		return ErrNobody
	}
	return err
}
