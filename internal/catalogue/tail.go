package catalogue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/search"
)

const (
	tailBatch   = 500
	scanBatch   = 500
	sampleSize  = 50
	slowest     = 5 * time.Second
	slowestMake = time.Minute
	rebuildFrom = 3 // refusals of the index in a row after which it is built anew
)

// errIndex marks the index's own trouble, as against the database's: only that
// is a reason to build it anew.
var errIndex = errors.New("index")

// errForeign says that the index does not belong to this database, or was away
// for so long that the change log has lost what it missed.
var errForeign = errors.New("the index is not of this database")

// Run keeps the index true until ctx ends: it polls the change counter, which
// is one small row, and applies what changed. Trouble is logged and tried
// again with growing pauses; an index that keeps refusing is built anew. It
// returns nil when ctx ends. Of processes that share an index one feeds it, as
// long as it renews its lease; the others only look where it is.
func (c *Catalogue) Run(ctx context.Context) error {
	if c.engine == nil {
		<-ctx.Done()
		return nil
	}
	defer c.Release(ctx)
	failures, refused := 0, 0
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		err := c.step(ctx, refused >= rebuildFrom)
		switch {
		case err == nil:
			failures, refused = 0, 0
			wait.Reset(c.poll)
		case ctx.Err() != nil:
			return nil
		default:
			failures++
			if errors.Is(err, errIndex) && !away(err) {
				refused++
			}
			c.log.Warn("search index is behind", "error", err, "attempt", failures)
			wait.Reset(pause(c.poll, failures, refused))
		}
	}
}

// pause is how long to wait after trouble. Building anew reads the whole
// database, and on a full disk in vain: that is tried more rarely.
func pause(poll time.Duration, failures, refused int) time.Duration {
	most := slowest
	if refused > rebuildFrom {
		most = slowestMake
	}
	return min(poll<<min(failures, 10), most)
}

// step does one round of Run: nothing when nothing changed.
func (c *Catalogue) step(ctx context.Context, rebuild bool) error {
	if rebuild && (c.lease == nil || c.feeds()) {
		return c.Reindex(ctx, nil)
	}
	generation, err := c.db.Generation(ctx)
	if err != nil {
		return err
	}
	c.pass.Lock()
	ours, err := c.turn(ctx, false)
	idle := c.known && c.vouched && c.cursor == generation
	c.pass.Unlock()
	if err != nil || !ours || idle {
		return err
	}
	return c.CatchUp(ctx)
}

// Applied is the number of the newest change that the index shows, 0 before
// the first pass.
func (c *Catalogue) Applied() int64 { return c.applied.Load() }

// CatchUp brings the index up to the newest committed change. An index that is
// empty, or that is of another database, is built anew. It is harmless to end
// it anywhere: the next call goes on where the index says it is.
func (c *Catalogue) CatchUp(ctx context.Context) error {
	if c.engine == nil {
		return nil
	}
	c.pass.Lock()
	defer c.pass.Unlock()
	if ours, err := c.turn(ctx, false); err != nil || !ours {
		return err
	}
	err := c.catchUp(ctx)
	if errors.Is(err, errNotOurs) {
		return nil
	}
	if errors.Is(err, errForeign) {
		c.log.Info("search index is built anew", "reason", "empty or of another database")
		err = c.reindex(ctx, nil)
	}
	if err != nil {
		c.known = false // where the index is must be read from it again
	}
	return err
}

func (c *Catalogue) catchUp(ctx context.Context) error {
	if err := c.locate(ctx); err != nil {
		return err
	}
	for {
		if ours, err := c.turn(ctx, false); err != nil || !ours {
			return errors.Join(err, errNotOurs)
		}
		if err := c.locate(ctx); err != nil { // read again with every renewal
			return err
		}
		more, err := c.apply(ctx)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	if c.vouched {
		return nil
	}
	return c.vouch(ctx)
}

// locate reads where the index is.
func (c *Catalogue) locate(ctx context.Context) error {
	if c.known {
		return nil
	}
	stats, err := c.engine.Stats(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	generation, err := c.db.Generation(ctx)
	if err != nil {
		return err
	}
	if stats.Cursor > generation || stats.Cursor == 0 && (stats.Documents > 0 || generation > 0) {
		return errForeign
	}
	c.moved(stats.Cursor)
	c.known = true
	return nil
}

func (c *Catalogue) moved(cursor int64) {
	c.cursor = cursor
	c.applied.Store(cursor)
}

// apply brings one batch of changes into the index and tells whether there are more.
func (c *Catalogue) apply(ctx context.Context) (more bool, err error) {
	var batch search.Batch
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		changes, err := tx.Changes(ctx, c.cursor, tailBatch)
		if err != nil {
			return err
		}
		forgotten, err := tx.Forgotten(ctx)
		if err != nil {
			return err
		}
		if forgotten > c.cursor {
			return errForeign // deletions were missed
		}
		if len(changes) == 0 {
			return nil
		}
		more = len(changes) == tailBatch
		batch, err = c.batch(ctx, tx, changes)
		return err
	})
	if err != nil || batch.Cursor == 0 {
		return false, err
	}
	write, cancel := c.bounded(ctx)
	defer cancel()
	if err := c.engine.Apply(write, batch); err != nil {
		return false, fmt.Errorf("%w: %w", errIndex, err)
	}
	if err := failpoint.Hit(failpoint.IndexAfterSave); err != nil {
		return false, err
	}
	c.moved(batch.Cursor)
	return more, nil
}

// batch reads what the changed things are now. Rows may be newer than the
// change that led to them; that change comes again later and is harmless.
func (c *Catalogue) batch(ctx context.Context, tx *db.Tx, changes []db.Change) (search.Batch, error) {
	ids := map[string][]string{}
	for _, ch := range changes {
		ids[ch.Kind] = append(ids[ch.Kind], ch.ID)
	}
	public := map[search.Ref]search.Document{}
	for _, k := range c.kinds {
		if len(ids[k.Name]) == 0 {
			continue
		}
		docs, err := k.Documents(ctx, tx, ids[k.Name])
		if err != nil {
			return search.Batch{}, err
		}
		for _, d := range docs {
			public[search.Ref{Kind: k.Name, ID: d.ID}] = d
		}
	}
	batch := search.Batch{Cursor: changes[len(changes)-1].Seq}
	for _, ch := range changes {
		if _, ours := c.byName[ch.Kind]; !ours {
			continue // not searched, such as the branch's settings; the cursor passes it
		}
		op := search.Op{Ref: search.Ref{Kind: ch.Kind, ID: ch.ID}}
		if d, ok := public[op.Ref]; ok {
			d.Ref = op.Ref
			op.Doc = &d
		}
		batch.Ops = append(batch.Ops, op)
	}
	return batch, nil
}

// vouch compares the index with the database once after a start: their sizes,
// and whether the newest things of the one are public in the other. A folder
// that was copied from another branch shows here.
func (c *Catalogue) vouch(ctx context.Context) error {
	stats, err := c.engine.Stats(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	result, err := c.engine.Search(ctx, search.Query{Sort: search.SortNew, Limit: sampleSize, Now: c.db.Now()})
	if err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	refs := make([]search.Ref, len(result.Hits))
	for i, h := range result.Hits {
		refs[i] = h.Ref
	}
	listings, err := c.Listings(ctx, refs)
	if err != nil {
		return err
	}
	var generation int64
	public := map[string]int{}
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		if generation, err = tx.Generation(ctx); err != nil {
			return err
		}
		return c.counts(ctx, tx, public)
	})
	if err != nil {
		return err
	}
	if generation != c.cursor {
		return nil // something changed meanwhile: compared at the next pass
	}
	total := 0
	for _, n := range public {
		total += n
	}
	if stats.Documents != total || len(listings) != len(refs) {
		return errForeign
	}
	c.vouched = true
	return nil
}

// Reindex builds the index anew from the database and swaps it in; readers see
// the old one until then. progress, if not nil, hears how many of about how
// many documents are written. What changes meanwhile is applied afterwards. Of
// an index that is shared, the feeding is taken over.
// Fault: Unavailable (index_away) in a process without an index.
func (c *Catalogue) Reindex(ctx context.Context, progress func(done, total int)) error {
	if c.engine == nil {
		return fault.Of(fault.Unavailable, "index_away")
	}
	c.pass.Lock()
	defer c.pass.Unlock()
	if _, err := c.turn(ctx, true); err != nil {
		return err
	}
	if err := c.reindex(ctx, progress); err != nil {
		c.known = false
		return err
	}
	return c.catchUp(ctx)
}

func (c *Catalogue) reindex(ctx context.Context, progress func(done, total int)) error {
	generation, err := c.db.Generation(ctx)
	if err != nil {
		return err
	}
	counts, err := c.Counts(ctx)
	if err != nil {
		return err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	err = c.alone(ctx, func(ctx context.Context) error {
		return c.engine.Reindex(ctx, c.all(ctx, total, progress), generation)
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errIndex, err)
	}
	if err := failpoint.Hit(failpoint.IndexAfterSave); err != nil {
		return err
	}
	c.moved(generation)
	c.known, c.vouched = true, true
	return nil
}

// all yields every public document, a batch per transaction.
func (c *Catalogue) all(ctx context.Context, total int, progress func(done, total int)) iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		done := 0
		progress(done, total)
		for _, k := range c.kinds {
			for after := ""; ; {
				ids, docs, err := c.scan(ctx, k, after)
				if err != nil {
					yield(search.Document{}, err)
					return
				}
				for _, d := range docs {
					d.Kind = k.Name
					if !yield(d, nil) {
						return
					}
				}
				done += len(docs)
				progress(done, max(done, total))
				if len(ids) < scanBatch {
					break
				}
				after = ids[len(ids)-1]
			}
		}
	}
}

func (c *Catalogue) scan(ctx context.Context, k Kind, after string) (ids []string, docs []search.Document, err error) {
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		if ids, err = k.IDs(ctx, tx, after, scanBatch); err != nil || len(ids) == 0 {
			return err
		}
		docs, err = k.Documents(ctx, tx, ids)
		return err
	})
	return ids, docs, err
}
