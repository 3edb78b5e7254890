package bleve

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/tmoeg/oduvan/search"
)

// encodeFacts writes a document without its prose in a compact form of our own:
// a hundred thousand of them are read at every start.
func encodeFacts(d *search.Document) []byte {
	b := make([]byte, 0, 160)
	for _, s := range []string{d.Kind, d.ID, d.Owner, d.Author, d.Title} {
		b = putString(b, s)
	}
	for _, list := range [][]string{d.Skills, d.Levels, d.Langs, d.Formats, d.Licences} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, s := range list {
			b = putString(b, s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(d.Prices)))
	for _, p := range d.Prices {
		b = putString(binary.AppendVarint(b, p.Minor), p.Currency)
	}
	flags := byte(0)
	if d.Free {
		flags |= factFree
	}
	if d.Second {
		flags |= factSecond
	}
	b = append(b, flags)
	for _, t := range []time.Time{d.NewTo, d.Active, d.Created, d.Opens} {
		b = putTime(b, t)
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(d.Weight))
}

// The bits of a document's yes-or-no facts.
const (
	factFree byte = 1 << iota
	factSecond
)

func putString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// putTime keeps microseconds; the zero time is told apart from 1970.
func putTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), t.UnixMicro())
}

var errFacts = errors.New("stored facts are damaged")

// decodeFacts reads what encodeFacts wrote; damage is an error, never a panic.
func decodeFacts(b []byte) (*search.Document, error) {
	r := factReader{b: b}
	d := &search.Document{}
	d.Kind, d.ID, d.Owner, d.Author, d.Title = r.text(), r.text(), r.text(), r.text(), r.text()
	d.Skills, d.Levels, d.Langs, d.Formats, d.Licences = r.texts(), r.texts(), r.texts(), r.texts(), r.texts()
	for range r.count() {
		minor := r.varint()
		d.Prices = append(d.Prices, search.Price{Minor: minor, Currency: r.text()})
	}
	flags := r.take(1)[0]
	d.Free, d.Second = flags&factFree != 0, flags&factSecond != 0
	d.NewTo, d.Active, d.Created, d.Opens = r.time(), r.time(), r.time(), r.time()
	d.Weight = math.Float64frombits(binary.LittleEndian.Uint64(r.take(8)))
	if r.bad || len(r.b) > 0 {
		return nil, errFacts
	}
	return d, nil
}

// factReader reads on after damage, giving zeros, and remembers it.
type factReader struct {
	b   []byte
	bad bool
}

func (r *factReader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return make([]byte, min(max(n, 0), 8))
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *factReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *factReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a length that cannot exceed what is left.
func (r *factReader) count() int {
	v := r.uvarint()
	if v > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(v)
}

func (r *factReader) text() string {
	n := r.count()
	if r.bad {
		return ""
	}
	return string(r.take(n))
}

func (r *factReader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for range n {
		out = append(out, r.text())
	}
	return out
}

func (r *factReader) time() time.Time {
	if r.take(1)[0] == 0 {
		return time.Time{}
	}
	return time.UnixMicro(r.varint()).UTC()
}
