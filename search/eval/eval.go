// Package eval measures how well a search answers: labelled queries go in,
// nDCG@10 and success@5 per class come out. It promises that the figures follow
// from the labels and the order of hits alone, and that a label nobody can find
// is told and not forgiven. It refuses to know any engine: whoever measures
// brings the way to ask it.
package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// The bounds of what is looked at: gains count to Depth, success to First, and
// a hit of at least Good is a success.
const (
	Depth = 10
	First = 5
	Good  = 2
)

// maxGrade bounds a grade: its gain is a power of two.
const maxGrade = 10

// maxFile bounds a file of cases in bytes.
const maxFile = 64 << 20

// Case is one labelled query.
type Case struct {
	Class    string         `json:"class"`
	Q        string         `json:"q"`
	Relevant map[string]int `json:"relevant"` // grade by id or by name, folded; nothing else is relevant
}

// Found is one hit: its id and everything it may be called in a label.
type Found struct {
	ID    string   `json:"id"`
	Names []string `json:"names"` // the first that is labelled counts
}

// Load reads cases: a JSON array of {"class","q","relevant":{"<id or name>":grade}}.
// Grades are whole numbers from 0 to 10. An error names the entry, counted from 1.
func Load(r io.Reader) ([]Case, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("the file is longer than %d MiB", maxFile>>20)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("not an array of labelled queries: %w", err)
	}
	if len(entries) == 0 {
		return nil, errors.New("the file holds no labelled queries")
	}
	out := make([]Case, len(entries))
	for i, entry := range entries {
		if out[i], err = load(entry); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return out, nil
}

func load(entry json.RawMessage) (c Case, err error) {
	dec := json.NewDecoder(bytes.NewReader(entry))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, err
	}
	if c.Class == "" || strings.TrimSpace(c.Q) == "" {
		return c, errors.New("class and q must not be empty")
	}
	best, folded := 0, make(map[string]int, len(c.Relevant))
	for name, grade := range c.Relevant {
		key := fold(name)
		if _, twice := folded[key]; twice {
			return c, fmt.Errorf("%q is labelled twice", name)
		}
		if key == "" || grade < 0 || grade > maxGrade {
			return c, fmt.Errorf("%q has grade %d; grades are 0 to %d, names are not empty", name, grade, maxGrade)
		}
		folded[key] = grade
		best = max(best, grade)
	}
	if best == 0 {
		return c, errors.New("relevant is empty or holds no grade above 0")
	}
	c.Relevant = folded
	return c, nil
}

// fold is the form in which names are compared.
func fold(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// Score is the mean over some queries.
type Score struct {
	N        int     `json:"n"`
	NDCG10   float64 `json:"ndcg10"`
	Success5 float64 `json:"success5"`
}

// Outcome is what one query gave.
type Outcome struct {
	Case
	NDCG10  float64
	Success bool
	Place   int // of the first hit that is good, 0: none among what was found
}

// Report is the outcome of all queries.
type Report struct {
	All      Score            `json:"all"`
	Classes  map[string]Score `json:"classes"`
	Unknown  []string         `json:"unknown,omitempty"` // labelled names that the board does not have, if that was asked
	Outcomes []Outcome        `json:"-"`
}

// Measure asks every query and compares the answers with the labels. find gives
// hits in their order; more than Depth are welcome, since several hits of one
// labelled thing count once, at the first of them, and the later ones take no
// place.
func Measure(ctx context.Context, find func(ctx context.Context, q string) ([]Found, error), cases []Case) (Report, error) {
	r := Report{Classes: map[string]Score{}}
	for _, c := range cases {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		hits, err := find(ctx, c.Q)
		if err != nil {
			return Report{}, fmt.Errorf("%q: %w", c.Q, err)
		}
		o := c.judge(hits)
		r.Outcomes = append(r.Outcomes, o)
		r.All = r.All.with(o)
		r.Classes[c.Class] = r.Classes[c.Class].with(o)
	}
	r.All = r.All.mean()
	for class, s := range r.Classes {
		r.Classes[class] = s.mean()
	}
	return r, nil
}

func (s Score) with(o Outcome) Score {
	s.N++
	s.NDCG10 += o.NDCG10
	if o.Success {
		s.Success5++
	}
	return s
}

// mean turns sums into means.
func (s Score) mean() Score {
	if s.N > 0 {
		s.NDCG10 /= float64(s.N)
		s.Success5 /= float64(s.N)
	}
	return s
}

// judge compares one answer with its labels.
func (c Case) judge(hits []Found) Outcome {
	o := Outcome{Case: c}
	grades := c.grades(hits)
	o.NDCG10 = gain(grades) / gain(slices.SortedFunc(maps.Values(c.Relevant), func(a, b int) int { return b - a }))
	if at := slices.IndexFunc(grades, func(g int) bool { return g >= Good }); at >= 0 {
		o.Place = at + 1
		o.Success = at < First
	}
	return o
}

// grades are the grades of hits in their order, each labelled thing once.
func (c Case) grades(hits []Found) []int {
	out := make([]int, 0, len(hits))
	seen := map[string]bool{}
	for _, h := range hits {
		key, labelled := c.label(h)
		switch {
		case !labelled:
			out = append(out, 0)
		case !seen[key]:
			seen[key] = true
			out = append(out, c.Relevant[key])
		}
	}
	return out
}

// label is under which name a hit is labelled.
func (c Case) label(h Found) (string, bool) {
	for _, name := range append([]string{h.ID}, h.Names...) {
		key := fold(name)
		if _, ok := c.Relevant[key]; ok {
			return key, true
		}
	}
	return "", false
}

// Labels are all names that the cases label, each once, in order.
func Labels(cases []Case) []string {
	all := map[string]bool{}
	for _, c := range cases {
		for name := range c.Relevant {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Missing are the labels that none of the things is called by.
func Missing(labels []string, things func(yield func(Found) bool)) []string {
	there := map[string]bool{}
	for f := range things {
		there[fold(f.ID)] = true
		for _, name := range f.Names {
			there[fold(name)] = true
		}
	}
	out := []string{}
	for _, l := range labels {
		if !there[fold(l)] {
			out = append(out, l)
		}
	}
	return out
}
