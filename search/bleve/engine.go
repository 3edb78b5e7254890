// Package bleve is the embedded search engine: text in a scorch index of
// bleve, everything else in memory columns. It promises that text, columns and
// cursor become visible together, that a crash at any moment leaves the index
// and its cursor at one earlier batch, and that damaged files are cleared away
// rather than served. It refuses to be opened by two processes at once.
package bleve

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/search/vocab"
)

// ErrClosed answers every call after Close.
var ErrClosed = errors.New("search engine is closed")

// Engine implements search.Engine. Make one with Open.
type Engine struct {
	dir      string
	tax      *taxonomy.Taxonomy
	norm     *norm.Normaliser
	complete *reading.Completer
	pool     sync.Pool // *scratch
	write    sync.Mutex
	sorting  sync.WaitGroup // of names, in the background
	live     *generation    // guarded by write

	mu    sync.RWMutex
	state *state // nil after Close
}

var _ search.Engine = (*Engine)(nil)

// generation is one index on disk with the columns and words that belong to it.
type generation struct {
	store    *store
	path     string // empty in memory
	table    *columns.Table
	words    *vocab.Vocab
	postings *postings
	names    names
	known    map[uint64][]uint32
	refs     atomic.Int64
	closed   chan struct{} // closed when the files are released
	err      error         // of closing, readable after closed
	drop     atomic.Bool   // remove the folder when released
}

// state is one moment that readers see: a snapshot of the text and the view of
// the columns that belongs to it.
type state struct {
	gen    *generation
	snap   *scorch.IndexSnapshot
	segs   []segmentRows
	view   *columns.View
	names  names
	cursor int64
	docs   int
	refs   atomic.Int64
}

func (g *generation) release() {
	if g.refs.Add(-1) > 0 {
		return
	}
	g.err = g.store.close()
	if g.drop.Load() {
		g.err = errors.Join(g.err, removeGeneration(g.path))
	}
	close(g.closed)
}

func (s *state) release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	_ = s.snap.Close()
	s.gen.release()
}

// acquire gives the present moment; the caller releases it.
func (e *Engine) acquire() (*state, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.state == nil {
		return nil, ErrClosed
	}
	e.state.refs.Add(1)
	return e.state, nil
}

// publish shows a new moment to readers.
func (e *Engine) publish(s *state) {
	e.mu.Lock()
	old := e.state
	e.state = s
	e.mu.Unlock()
	if old != nil {
		old.release()
	}
	if s != nil && !s.names.base.small && !s.names.base.ready.Load() {
		e.sorting.Go(s.names.base.sort)
	}
}

// Settle waits for what is still done in the background after the last Reindex
// or Apply. Searches need not wait for it; who measures them does.
func (e *Engine) Settle() {
	e.write.Lock()
	defer e.write.Unlock()
	e.sorting.Wait()
}

// moment takes the state of a generation as its store and columns stand.
func (g *generation) moment() (*state, error) {
	snap, err := g.store.snapshot()
	if err != nil {
		return nil, err
	}
	s := &state{gen: g, snap: snap, view: g.table.View(), names: g.names}
	if s.cursor, err = readCursor(snap); err == nil {
		s.segs, g.known, err = mapSegments(snap, g.known, g.table.Row)
	}
	if err != nil {
		_ = snap.Close()
		return nil, err
	}
	s.docs = liveCount(s.segs)
	s.refs.Store(1)
	g.refs.Add(1)
	return s, nil
}

// Apply implements search.Engine. It returns when the batch is on disk.
func (e *Engine) Apply(ctx context.Context, batch search.Batch) error {
	e.write.Lock()
	defer e.write.Unlock()
	if e.live == nil {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ops := lastWords(batch.Ops)
	if err := e.live.apply(e.norm, ops, batch.Cursor); err != nil {
		return err
	}
	s, err := e.live.moment()
	if err != nil {
		return err
	}
	e.publish(s)
	return nil
}

// apply writes operations to text and columns.
func (g *generation) apply(n *norm.Normaliser, ops []search.Op, cursor int64) error {
	if err := g.index(n, ops, cursor); err != nil {
		return err
	}
	view := g.table.Apply(ops)
	rows := make([]uint32, 0, len(ops))
	for _, op := range ops {
		if row, ok := g.table.Row(op.Ref); ok {
			rows = append(rows, row)
		}
	}
	g.names = g.names.with(view, rows)
	return nil
}

// index writes operations to the text.
func (g *generation) index(n *norm.Normaliser, ops []search.Op, cursor int64) error {
	m := maker{norm: n, words: g.words}
	docs := make([]*document.Document, 0, len(ops))
	var deletes []string
	for _, op := range ops {
		if op.Doc == nil {
			deletes = append(deletes, docID(op.Ref))
			continue
		}
		docs = append(docs, m.document(op.Doc))
	}
	return g.store.write(docs, deletes, cursor)
}

// lastWords keeps the last operation on each document, and gives every
// document the reference it is stored under.
func lastWords(ops []search.Op) []search.Op {
	at := make(map[search.Ref]int, len(ops))
	out := make([]search.Op, 0, len(ops))
	for _, op := range ops {
		if op.Doc != nil {
			doc := *op.Doc
			doc.Ref = op.Ref
			op.Doc = &doc
		}
		if i, twice := at[op.Ref]; twice {
			out[i] = op
			continue
		}
		at[op.Ref] = len(out)
		out = append(out, op)
	}
	return out
}

// Reindex implements search.Engine. Applies wait until it is done.
func (e *Engine) Reindex(ctx context.Context, docs iter.Seq2[search.Document, error], cursor int64) error {
	e.write.Lock()
	defer e.write.Unlock()
	if e.live == nil {
		return ErrClosed
	}
	g, err := e.build(ctx, docs, cursor)
	if err != nil {
		return err
	}
	s, err := g.moment()
	if err == nil {
		err = e.makeCurrent(g)
	}
	if err != nil {
		if s != nil {
			s.release()
		}
		g.drop.Store(true)
		g.release()
		return err
	}
	old := e.live
	e.live = g
	e.publish(s)
	old.drop.Store(old.path != "")
	old.release()
	return nil
}

// Stats implements search.Engine.
func (e *Engine) Stats(context.Context) (search.Stats, error) {
	s, err := e.acquire()
	if err != nil {
		return search.Stats{}, err
	}
	defer s.release()
	return search.Stats{Documents: s.docs, Cursor: s.cursor, Bytes: folderSize(s.gen.path)}, nil
}

// Close implements search.Engine. It waits for searches under way.
func (e *Engine) Close() error {
	e.write.Lock()
	defer e.write.Unlock()
	if e.live == nil {
		return nil
	}
	g := e.live
	e.live = nil
	e.publish(nil)
	e.sorting.Wait()
	g.release()
	<-g.closed
	return g.err
}
