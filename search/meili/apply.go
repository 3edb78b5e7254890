package meili

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
)

// The sizes of what is sent at once.
const (
	sendBytes = 10 << 20
	sendDocs  = 5000
	sendAhead = 4 // tasks that wait in the server's queue while a reindex goes on
)

// Apply implements search.Engine. The batch and its cursor are one task, and
// it returns when that is done. A deleted document is first replaced by a mark
// that no question meets, then purged; a crash between the two leaves marks
// that the next deletion or reindex takes away. Faults: ErrAway, ErrRefused, ErrTask.
func (e *Engine) Apply(ctx context.Context, b search.Batch) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	e.write.Lock()
	defer e.write.Unlock()
	if err := e.usable(ctx); err != nil {
		return err
	}
	if err := e.prepare(ctx); err != nil {
		return err
	}
	l, err := e.known(ctx)
	if err != nil {
		return err
	}
	own, err := e.facts(ctx)
	if err != nil {
		return err
	}
	if before := (stamp{own.Cursor, own.Build}); l.at != before { // somebody else fed it until now
		if l, err = e.newest(ctx, before); err != nil {
			return err
		}
	}
	own.ID, own.Meta, own.Cursor = metaID, true, b.Cursor
	m := maker{norm: e.norm, words: l.words}
	var docs []any
	var came []*search.Document
	deletes := false
	for _, op := range lastWords(b.Ops) {
		if op.Doc == nil {
			deletes = true
			docs = append(docs, tombstone{docID(op.Ref), true})
			continue
		}
		came = append(came, op.Doc)
		docs = append(docs, m.document(op.Doc, b.Cursor))
	}
	if err := e.put(ctx, e.live(), append(docs, own)); err != nil {
		e.prepared = e.prepared && !errors.Is(err, errMissing)
		return err
	}
	e.lexicon.Store(l.with(came, e.norm, stamp{own.Cursor, own.Build}))
	if deletes {
		e.purge(ctx)
	}
	return nil
}

// purge removes the marks of deleted documents. Nothing waits for it: a mark
// is met by no question.
func (e *Engine) purge(ctx context.Context) {
	_, err := e.client.begin(ctx, "purge", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.Index(e.live()).DeleteDocumentsByFilterWithContext(ctx, "gone = true", nil)
	})
	if err != nil {
		e.log.Warn("search index keeps marks of deleted documents", "error", err)
	}
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

// Reindex implements search.Engine. Applies of this process wait until it is
// done; a failed task ends it before the swap. Faults: ErrAway, ErrRefused,
// ErrTask, and whatever docs yields.
func (e *Engine) Reindex(ctx context.Context, docs iter.Seq2[search.Document, error], cursor int64) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	e.write.Lock()
	defer e.write.Unlock()
	if err := e.usable(ctx); err != nil {
		return err
	}
	if err := e.prepare(ctx); err != nil {
		return err
	}
	if err := e.drop(ctx); err != nil {
		return err
	}
	defer func() {
		const patience = 10 * time.Second
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if left := e.drop(clean); left != nil {
			e.log.Warn("search index leaves what it was built from", "error", left)
		}
	}()
	if err := e.setUp(ctx, e.next()); err != nil {
		return err
	}
	old, err := e.facts(ctx)
	if err != nil {
		return err
	}
	own := meta{ID: metaID, Meta: true, Cursor: cursor, Build: old.Build + 1, Print: e.print}
	l := e.newLexicon(stamp{own.Cursor, own.Build})
	s := &sender{engine: e, lexicon: l, maker: maker{norm: e.norm, words: l.words}, seq: cursor}
	if err := s.all(ctx, docs, own); err != nil {
		return err
	}
	if err := e.swap(ctx); err != nil {
		return err
	}
	e.lexicon.Store(s.lexicon)
	return nil
}

// swap shows the built index in place of the old one.
func (e *Engine) swap(ctx context.Context) error {
	return e.client.write(ctx, "swap", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.SwapIndexesWithContext(ctx, []*meilisearch.SwapIndexesParams{{Indexes: []string{e.live(), e.next()}}})
	})
}

// drop deletes the index that is built in, if it is there.
func (e *Engine) drop(ctx context.Context) error {
	err := e.client.write(ctx, "delete index", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.DeleteIndexWithContext(ctx, e.next())
	})
	if errors.Is(err, errMissing) {
		return nil
	}
	return err
}

// sender fills the index that is built.
type sender struct {
	engine  *Engine
	lexicon *lexicon
	maker   maker
	seq     int64
	lines   []byte
	docs    []*search.Document // since the last send, without their texts
	tasks   []int64            // not yet waited for
}

// all sends every document and then the index's own facts, and waits for all tasks.
func (s *sender) all(ctx context.Context, docs iter.Seq2[search.Document, error], own meta) error {
	for d, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := s.add(ctx, &d); err != nil {
			return err
		}
	}
	line, err := json.Marshal(own)
	if err != nil {
		return err
	}
	s.lines = append(append(s.lines, line...), '\n')
	if err := s.send(ctx); err != nil {
		return err
	}
	return s.wait(ctx, 0)
}

func (s *sender) add(ctx context.Context, d *search.Document) error {
	line, err := json.Marshal(s.maker.document(d, s.seq))
	if err != nil {
		return err
	}
	s.lines = append(append(s.lines, line...), '\n')
	s.docs = append(s.docs, &search.Document{Skills: d.Skills, Prices: d.Prices})
	if len(s.lines) < sendBytes && len(s.docs) < sendDocs {
		return nil
	}
	if err := s.send(ctx); err != nil {
		return err
	}
	return s.wait(ctx, sendAhead)
}

func (s *sender) send(ctx context.Context) error {
	e := s.engine
	uid, err := e.client.begin(ctx, "documents", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.Index(e.next()).AddDocumentsNdjsonWithContext(ctx, s.lines, nil)
	})
	if err != nil {
		return err
	}
	s.lexicon = s.lexicon.with(s.docs, e.norm, s.lexicon.at)
	s.tasks, s.lines, s.docs = append(s.tasks, uid), nil, nil
	return nil
}

// wait finishes the oldest tasks until only so many are left.
func (s *sender) wait(ctx context.Context, left int) error {
	for len(s.tasks) > left {
		if err := s.engine.client.finish(ctx, "documents", s.tasks[0]); err != nil {
			return err
		}
		s.tasks = s.tasks[1:]
	}
	return nil
}

// Stats implements search.Engine. An index of another format stands at cursor
// 0, so that whoever feeds it builds it anew. Bytes is 0: the server's disk is
// not ours.
func (e *Engine) Stats(ctx context.Context) (search.Stats, error) {
	if err := e.usable(ctx); err != nil {
		return search.Stats{}, err
	}
	answers, err := e.client.ask(ctx, []*meilisearch.SearchRequest{e.metaQuery(), e.countQuery(listed)})
	if errors.Is(err, errMissing) {
		return search.Stats{}, nil
	}
	if err != nil {
		return search.Stats{}, err
	}
	m, err := readMeta(answers[0])
	if err != nil {
		return search.Stats{}, err
	}
	out := search.Stats{Documents: int(answers[1].TotalHits)}
	if m.Print == e.print {
		out.Cursor = m.Cursor
	}
	return out, nil
}
