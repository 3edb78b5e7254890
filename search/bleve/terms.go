package bleve

import (
	"strings"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/vocab"
)

// maker turns documents into what is indexed.
type maker struct {
	norm  *norm.Normaliser
	words *vocab.Vocab
}

// document makes the index document of a search document and teaches the
// vocabulary its words.
func (m *maker) document(d *search.Document) *document.Document {
	freq, word := reading.Weigh(m.norm, d, nil)
	out := document.NewDocument(docID(d.Ref))
	out.AddField(newTermField(fieldText, freq))
	if w := m.learn(word); len(w) > 0 {
		out.AddField(newTermField(fieldWords, w))
	}
	out.AddField(document.NewTextFieldCustom(fieldFacts, nil, encodeFacts(d), index.StoreField, nil))
	return out
}

// learn counts the terms of one document and returns the written forms that
// this document must carry.
func (m *maker) learn(word map[string]string) map[string]int {
	out := map[string]int{}
	for stem, w := range word {
		m.words.Add(stem, w, 1)
		if w != "" && m.words.Witness(stem) {
			out[stem+" "+w] = 1
		}
	}
	return out
}

func splitWord(term string) (stem, word string) {
	stem, word, _ = strings.Cut(term, " ")
	return stem, word
}

// termField is a field whose terms are already known: bleve analyses nothing.
type termField struct {
	name   string
	length int
	freqs  index.TokenFrequencies
}

func newTermField(name string, freq map[string]int) *termField {
	f := &termField{name: name, freqs: make(index.TokenFrequencies, len(freq))}
	for term, n := range freq {
		tf := &index.TokenFreq{Term: []byte(term)}
		tf.SetFrequency(n)
		f.freqs[term] = tf
		f.length += n
	}
	return f
}

// Name implements index.Field.
func (f *termField) Name() string { return f.name }

// Value implements index.Field.
func (f *termField) Value() []byte { return nil }

// ArrayPositions implements index.Field.
func (f *termField) ArrayPositions() []uint64 { return nil }

// EncodedFieldType implements index.Field: a text field.
func (f *termField) EncodedFieldType() byte { return 't' }

// Analyze implements index.Field.
func (f *termField) Analyze() {}

// Options implements index.Field.
func (f *termField) Options() index.FieldIndexingOptions {
	if f.name == fieldWords {
		return index.IndexField | index.SkipFreqNorm
	}
	return index.IndexField
}

// AnalyzedLength implements index.Field.
func (f *termField) AnalyzedLength() int { return f.length }

// AnalyzedTokenFrequencies implements index.Field.
func (f *termField) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.freqs }

// NumPlainTextBytes implements index.Field.
func (f *termField) NumPlainTextBytes() uint64 { return 0 }

// Size implements document.Field.
func (f *termField) Size() int { return 16 * len(f.freqs) }
