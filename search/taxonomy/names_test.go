package taxonomy_test

import (
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// named is one spelling of a skill as the search compares it.
type named struct {
	skill, text string
	stems       []string
}

// spellings lists the spellings of all skills as stems; certain ones only, or
// the ambiguous ones too.
func spellings(n *norm.Normaliser, tax *taxonomy.Taxonomy, ambiguous bool) (out []named) {
	for _, s := range tax.All() {
		all := slices.Clone(s.Spellings())
		if ambiguous {
			all = append(all, s.Maybe...)
		}
		for _, a := range all {
			name := named{skill: s.ID, text: a}
			for _, t := range n.Tokens(a) {
				name.stems = append(name.stems, t.Stem)
			}
			out = append(out, name)
		}
	}
	return out
}

// swallowed tells which skills a longer spelling hides in a query: those whose
// certain names are words of it. Soft roles do not count, nor do umbrellas over
// the skill, nor what meant allows.
func swallowed(tax *taxonomy.Taxonomy, meant map[string]string) (faults []string) {
	n := norm.New(tax)
	owners := map[string][]string{}
	for _, name := range spellings(n, tax, false) {
		key := strings.Join(name.stems, " ")
		owners[key] = append(owners[key], name.skill)
	}
	for _, name := range spellings(n, tax, true) {
		for from := range name.stems {
			for to := from + 1; to <= len(name.stems); to++ {
				if to-from == len(name.stems) {
					continue
				}
				for _, inner := range owners[strings.Join(name.stems[from:to], " ")] {
					s, _ := tax.Skill(inner)
					allowed := slices.Contains(strings.Fields(meant[name.skill]), inner)
					if inner != name.skill && !s.Soft && !allowed && !covers(tax, inner, name.skill) {
						faults = append(faults, name.skill+": "+name.text+" hides "+inner)
					}
				}
			}
		}
	}
	return faults
}

// covers tells whether an umbrella has a skill under it, at any depth.
func covers(tax *taxonomy.Taxonomy, umbrella, skill string) bool {
	seen := map[string]bool{}
	var below func(id string) bool
	below = func(id string) bool {
		if seen[id] {
			return false
		}
		seen[id] = true
		s, _ := tax.Skill(id)
		return slices.Contains(s.Has, skill) || slices.ContainsFunc(s.Has, below)
	}
	return below(umbrella)
}
