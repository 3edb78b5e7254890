// Package rank is the one formula by which things are ordered, whatever engine
// found them. It promises that nothing but acts that everybody can do counts,
// that equal input gives an equal order, and that newcomers get a fair share of
// the first places. It refuses to know of payment, of an index and of who asks.
//
// A hit's score is
//
//	(Σ Term + Base) × Quality × Preferred × Foreign × Part
//
// where Σ Term is over the words of the text, the best of the terms that stand
// for a word; what only orders (soft words) counts Soft. Quality is
// 1 + 0.2 × weight + 0.15 × freshness: weight, from 0 to 1, is how much a
// profile tells to choose by and how its owner answers; freshness falls from 1
// on the day of the last public act to 0 after ninety days. Without a text all
// are alike and stand by quality: the whole of weight is worth thirty days.
//
// The figures were measured on the open half of the labelled set.
package rank

import "math"

// The parts of the formula.
const (
	Saturation   = 6.0  // of a term's frequency: half of its worth comes with so many
	Wider        = 0.4  // worth of a narrower skill beside the one that was asked for
	Maybe        = 0.5  // worth of the plain word of an ambiguous name
	Soft         = 0.5  // worth of words that only order
	Base         = 0.01 // keeps quality in the order of hits that hold no word of the text
	Preferred    = 2    // for the kinds that a text asks for
	Foreign      = 0.35 // for what is offered only in a language that the text is not in
	Near         = 0.3  // of a query's telling words, that a hit must hold which does not hold them all
	ConceptWorth = 2    // a skill's name tells this many times more than a word as rare
	Few          = 10   // hits, under which wider and nearer things are found too

	weightPart = 0.2
	freshPart  = 0.15
	freshDays  = 90
)

// Rarity is the worth of a term that n of all documents hold (the idf of BM25).
func Rarity(all, n float64) float64 { return math.Log(1 + (all-n+0.5)/(n+0.5)) }

// Term is what a term of a rarity adds that stands in a hit with a frequency.
func Term(rarity, frequency float64) float64 { return rarity * frequency / (frequency + Saturation) }

// Quality is what a listing's habits multiply its relevance by: of a weight from
// 0 to 1 and of the days since its last public act.
func Quality(weight float64, days int64) float64 {
	return 1 + weightPart*weight + freshness[min(max(days, 0), freshDays)]
}

// freshness is the part of Quality that comes from the days: worked out once,
// since it is asked for with every hit.
var freshness = func() (out [freshDays + 1]float64) {
	for days := range out {
		out[days] = freshPart * (1 - float64(days)/freshDays)
	}
	return out
}()

// The newcomers' share: in the first Within places of an order by best, every
// Every-th place goes to a newcomer when none of the places since the last such
// one did and one stands below with at least Share of the score of the place.
// Everyone else keeps their order.
const (
	Within = 24
	Every  = 4
	Share  = 0.5
)

// Deal moves newcomers up to their places. list is the order so far; waiting
// are the best Within newcomers, also those beyond the end of list. The outcome
// is as long as list and holds nothing twice; the same list with more at its
// end deals the same first places, so pages fit together.
func Deal[T any, K comparable](list, waiting []T, key func(T) K, isNew func(T) bool, score func(T) float64) []T {
	out := make([]T, 0, len(list))
	dealt := map[K]bool{}
	since := 0 // newcomers since the last place of theirs
	for next := 0; len(out) < len(list); {
		pick := list[next]
		if dealt[key(pick)] {
			next++
			continue
		}
		if place := len(out) + 1; place <= Within && place%Every == 0 && since == 0 && !isNew(pick) {
			for _, w := range waiting {
				if !dealt[key(w)] {
					if score(w) >= Share*score(pick) {
						pick = w
					}
					break
				}
			}
		}
		dealt[key(pick)] = true
		out = append(out, pick)
		if isNew(pick) {
			since++
		}
		if len(out)%Every == 0 {
			since = 0
		}
	}
	return out
}
