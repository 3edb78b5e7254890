package catalogue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Lease is the right to feed an index that several processes share.
type Lease interface {
	// Hold takes or renews the lease for a span and tells whether it is ours.
	// With take it is taken away from whoever has it.
	Hold(ctx context.Context, span time.Duration, take bool) (bool, error)
	// Yield gives it back, so that another process need not wait until it runs out.
	Yield(ctx context.Context) error
}

// The lease is held for leaseSpan and renewed when a third of it is gone, so
// two failed renewals lose nothing. A process that does not hold it looks as
// often where the index is, and whether the lease is free.
const (
	leaseSpan  = 15 * time.Second
	leaseRenew = leaseSpan / 3
)

// errNotOurs says that another process feeds the index.
var errNotOurs = errors.New("another process feeds the search index")

// turn tells whether this process feeds the index now. Whenever the lease is
// renewed, the position of the index is read again: a feeder that was stopped
// in the middle of a batch and woke up after its lease was over has set it
// back, and what came after is applied once more. The caller holds pass.
func (c *Catalogue) turn(ctx context.Context, take bool) (bool, error) {
	if c.lease == nil {
		return true, nil
	}
	now := c.db.Now()
	if since := now.Sub(c.looked); !take && since >= 0 && since < leaseRenew { // before: the clock was set back
		return c.ours, nil
	}
	held, err := c.lease.Hold(ctx, leaseSpan, take)
	if err != nil {
		return false, err
	}
	if held != c.ours {
		reason := "another process feeds it"
		if held {
			reason = "this process feeds it"
		}
		c.log.Info("shared search index", "reason", reason)
	}
	c.ours, c.looked, c.known = held, now, false
	if !held {
		c.vouched = false
		return false, c.watch(ctx)
	}
	return true, nil
}

// feeds tells whether the lease is ours.
func (c *Catalogue) feeds() bool {
	c.pass.Lock()
	defer c.pass.Unlock()
	return c.ours
}

// away tells that the index could not be reached, which is no reason to build
// it anew: it goes on where it was once it is back.
func away(err error) bool {
	var told interface{ Away() bool }
	return errors.As(err, &told) && told.Away()
}

// watch notes where the index is, fed by somebody else.
func (c *Catalogue) watch(ctx context.Context) error {
	stats, err := c.engine.Stats(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	c.applied.Store(stats.Cursor)
	return nil
}

// bounded is the context of one write to the index: it ends with the lease,
// so that a process which hung does not write after another took over.
func (c *Catalogue) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.lease == nil {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, min(c.looked.Add(leaseSpan).Sub(c.db.Now()), leaseSpan))
}

// alone does a long work while the lease is renewed beside it; losing the
// lease ends the work. The caller holds pass.
func (c *Catalogue) alone(ctx context.Context, work func(context.Context) error) error {
	if c.lease == nil {
		return work(ctx)
	}
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if held, err := c.lease.Hold(ctx, leaseSpan, false); err == nil && !held {
				lost(errNotOurs)
				return
			}
		}
	}()
	err := work(ctx)
	lost(nil)
	<-ended
	c.looked = c.db.Now()
	if cause := context.Cause(ctx); errors.Is(cause, errNotOurs) {
		c.looked = time.Time{} // whose turn it is must be asked before the next write
		return cause
	}
	return err
}

// Release gives the feeding of a shared index back, so that another process
// need not wait. Run does so when it ends.
func (c *Catalogue) Release(ctx context.Context) {
	c.pass.Lock()
	defer c.pass.Unlock()
	if c.lease == nil || !c.ours {
		return
	}
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := c.lease.Yield(ctx); err != nil {
		c.log.Warn("another process feeds the search index only when our lease has run out", "error", err)
	}
	c.ours, c.looked = false, time.Time{}
}

// IndexAway tells that an error is the index's own trouble: the board is served
// without it, from the database.
func IndexAway(err error) bool { return errors.Is(err, errIndex) }
