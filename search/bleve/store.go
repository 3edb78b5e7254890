package bleve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/tmoeg/oduvan/search"
)

// The fields of an index.
const (
	fieldText  = "t" // every term with its weighted frequency
	fieldWords = "w" // "stem word": written forms for corrections
	fieldFacts = "f" // stored: the document without its prose
)

var keyCursor = []byte("cursor")

// store is one scorch index in one folder.
type store struct {
	index *scorch.Scorch // nil after a fault
	queue *index.AnalysisQueue
}

// openStore opens or makes an index; dir "" keeps it in memory. fast gives up
// waiting for the disk after each batch, for building aside.
func openStore(dir string, fast bool) (s *store, err error) {
	const workers = 2
	queue := index.NewAnalysisQueue(workers)
	defer func() {
		if err = recovered(recover(), err); err != nil {
			queue.Close()
		}
	}()
	idx, err := newScorch(dir, fast, queue)
	if err != nil {
		return nil, err
	}
	return &store{index: idx, queue: queue}, nil
}

func newScorch(dir string, fast bool, queue *index.AnalysisQueue) (*scorch.Scorch, error) {
	idx, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path": dir, "unsafe_batch": fast, "bolt_timeout": "2s", "numSnapshotsToKeep": 1,
	}, queue)
	if err != nil {
		return nil, err
	}
	if err := idx.Open(); err != nil {
		return nil, err
	}
	s, ok := idx.(*scorch.Scorch)
	if !ok {
		return nil, errors.New("scorch gave an index of another kind")
	}
	return s, nil
}

// wait returns when everything written is on disk. A store that was opened
// fast tells of a full disk nowhere but in its counters.
func (s *store) wait(ctx context.Context) error {
	const look = 50 * time.Millisecond
	done := make(chan struct{})
	b := index.NewBatch()
	b.SetPersistedCallback(func(error) { close(done) })
	before := s.faults()
	if err := s.batch(b); err != nil {
		return err
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if s.faults() > before {
				return errors.New("index cannot be written to disk")
			}
		}
	}
}

// reopen closes the index and opens its folder for batches that wait for the
// disk. After a fault the store can only be closed.
func (s *store) reopen(dir string) error {
	err := s.index.Close()
	s.index = nil
	if err != nil {
		return err
	}
	s.index, err = newScorch(dir, false, s.queue)
	return err
}

func (s *store) close() error {
	var err error
	if s.index != nil {
		err = s.index.Close()
	}
	s.queue.Close()
	return err
}

// snapshot is the index at this moment. The caller closes it.
func (s *store) snapshot() (*scorch.IndexSnapshot, error) {
	if s.index == nil {
		return nil, errDamaged
	}
	r, err := s.index.Reader()
	if err != nil {
		return nil, err
	}
	snap, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, errors.New("scorch gave a reader of another kind")
	}
	return snap, nil
}

func readCursor(snap *scorch.IndexSnapshot) (int64, error) {
	raw, err := snap.GetInternal(keyCursor)
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	v, n := binary.Varint(raw)
	if n <= 0 {
		return 0, errors.New("cursor is damaged")
	}
	return v, nil
}

// write puts a batch into the index with its cursor.
func (s *store) write(docs []*document.Document, deletes []string, cursor int64) error {
	b := index.NewBatch()
	for _, id := range deletes {
		b.Delete(id)
	}
	for _, d := range docs {
		b.Update(d)
	}
	b.SetInternal(keyCursor, binary.AppendVarint(nil, cursor))
	return s.batch(b)
}

// batch waits for a batch, but not for ever: when the writer behind scorch has
// died, it never answers. After a fault snapshots can be read and the store can
// be closed, nothing else: scorch has let go of the segment it could not write,
// as on a full disk, and panics when a batch meets it again.
func (s *store) batch(b *index.Batch) error {
	const look = time.Second
	if s.index == nil {
		return errDamaged
	}
	before, idx := s.faults(), s.index
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- recovered(recover(), err) }()
		err = idx.Batch(b)
	}()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				s.give()
			}
			return err
		case <-tick.C:
			if s.faults() > before {
				s.give()
				return errDamaged
			}
		}
	}
}

// give gives the index up: its writer would try again without a pause.
func (s *store) give() {
	_ = s.index.Close() // what led here is told
	s.index = nil
}

// faults counts what went wrong behind scorch's back.
func (s *store) faults() uint64 {
	n, _ := s.index.StatsMap()["TotOnErrors"].(uint64)
	return n
}

// docID is the id of a document inside the index. Kind words hold no NUL.
func docID(ref search.Ref) string { return ref.Kind + "\x00" + ref.ID }

func parseDocID(id string) (search.Ref, bool) {
	kind, rest, ok := strings.Cut(id, "\x00")
	return search.Ref{Kind: kind, ID: rest}, ok
}

// each visits the stored facts of every live document.
func each(ctx context.Context, snap *scorch.IndexSnapshot, visit func(*search.Document) error) error {
	for _, seg := range snap.Segments() {
		for it := seg.DocNumbersLive().Iterator(); it.HasNext(); {
			if err := ctx.Err(); err != nil {
				return err
			}
			doc, err := readFacts(seg, it.Next())
			if err != nil {
				return err
			}
			if err := visit(doc); err != nil {
				return err
			}
		}
	}
	return nil
}

func readFacts(seg *scorch.SegmentSnapshot, num uint32) (*search.Document, error) {
	var doc *search.Document
	var bad error
	err := seg.VisitDocument(uint64(num), func(field string, _ byte, value []byte, _ []uint64) bool {
		if field == fieldFacts {
			doc, bad = decodeFacts(value)
		}
		return true
	})
	if err == nil {
		err = bad
	}
	if err == nil && doc == nil {
		err = errors.New("document without facts")
	}
	return doc, err
}

// segmentRows maps the documents of a segment to rows of the columns.
type segmentRows struct {
	seg  *scorch.SegmentSnapshot
	rows []uint32 // by document number; noRow for what is deleted
}

const noRow = math.MaxUint32

// mapSegments finds the row of every document, reusing what is known of
// segments that an earlier snapshot held.
func mapSegments(snap *scorch.IndexSnapshot, known map[uint64][]uint32, row func(search.Ref) (uint32, bool)) ([]segmentRows, map[uint64][]uint32, error) {
	var out []segmentRows
	next := map[uint64][]uint32{}
	for _, seg := range snap.Segments() {
		rows, ok := known[seg.Id()]
		if !ok || len(rows) != int(seg.FullSize()) {
			var err error
			if rows, err = mapSegment(seg, row); err != nil {
				return nil, nil, err
			}
		}
		next[seg.Id()] = rows
		out = append(out, segmentRows{seg, rows})
	}
	return out, next, nil
}

func mapSegment(seg *scorch.SegmentSnapshot, row func(search.Ref) (uint32, bool)) ([]uint32, error) {
	rows := make([]uint32, seg.FullSize())
	live := seg.DocNumbersLive()
	for i := range rows {
		rows[i] = noRow
		if !live.Contains(uint32(i)) {
			continue
		}
		id, err := seg.DocID(uint64(i))
		if err != nil {
			return nil, err
		}
		ref, ok := parseDocID(string(id))
		if !ok {
			return nil, fmt.Errorf("document %d has a broken id", i)
		}
		if rows[i], ok = row(ref); !ok {
			return nil, fmt.Errorf("document %d is in the text and not in the columns", i)
		}
	}
	return rows, nil
}

// liveCount is how many documents a snapshot holds.
func liveCount(segs []segmentRows) (n int) {
	for _, s := range segs {
		n += int(s.seg.Count())
	}
	return n
}

// docs is the set of a segment's documents that stand in rows.
func (s segmentRows) docs(rows *roaring.Bitmap) *roaring.Bitmap {
	out := roaring.New()
	for num, row := range s.rows {
		if row != noRow && rows.Contains(row) {
			out.Add(uint32(num))
		}
	}
	if gone := s.deleted(); gone != nil {
		out.AndNot(gone)
	}
	return out
}

// deleted is the set of a segment's deleted documents, nil for none.
func (s segmentRows) deleted() *roaring.Bitmap { return s.seg.Deleted() }
