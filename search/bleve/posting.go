package bleve

import (
	"sync"

	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// posting is a term's documents in one segment with the frequency in each,
// decoded once: an iterator of bleve costs many times as much at every search.
type posting struct {
	docs  []uint32
	freqs []uint8 // what is above ends at 255: saturation is reached long before
}

// postings keeps what was decoded. Segments never change, so nothing in it
// grows old; what belongs to merged segments goes with the rest when it is full.
type postings struct {
	mu   sync.RWMutex
	held map[postingKey]posting
	size int
}

type postingKey struct {
	seg  uint64
	term string
}

// mostPostings bounds the memory of postings: five bytes each. A term costs as
// much as postingCost of them beside its own, and many segments have none.
const (
	mostPostings = 4 << 20
	postingCost  = 64
)

func newPostings() *postings { return &postings{held: map[postingKey]posting{}} }

// of gives a term's documents in a segment, deleted ones among them.
func (p *postings) of(s segmentRows, term string) (posting, error) {
	key := postingKey{s.seg.Id(), term}
	p.mu.RLock()
	out, ok := p.held[key]
	p.mu.RUnlock()
	if ok {
		return out, nil
	}
	out, err := decode(s, term)
	if err != nil {
		return out, err
	}
	p.keep(key, out)
	return out, nil
}

// keep holds what was decoded; when there is too much, all else goes.
func (p *postings) keep(key postingKey, made posting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, twice := p.held[key]; twice {
		return
	}
	cost := postingCost + len(made.docs)
	if p.size += cost; p.size > mostPostings {
		p.held, p.size = map[postingKey]posting{}, cost
	}
	p.held[key] = made
}

func decode(s segmentRows, term string) (posting, error) {
	dict, err := s.seg.Segment().Dictionary(fieldText)
	if err != nil {
		return posting{}, err
	}
	list, err := dict.PostingsList([]byte(term), nil, nil)
	if err != nil {
		return posting{}, err
	}
	out := posting{docs: make([]uint32, 0, list.Count()), freqs: make([]uint8, 0, list.Count())}
	for it := list.Iterator(true, false, false, nil); ; {
		var p segment.Posting
		if p, err = it.Next(); err != nil || p == nil {
			return out, err
		}
		out.docs = append(out.docs, uint32(p.Number()))
		out.freqs = append(out.freqs, uint8(min(p.Frequency(), 255)))
	}
}
