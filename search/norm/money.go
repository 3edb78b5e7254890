package norm

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Money is what a query says about price, in whole units of a currency as
// people type them.
type Money struct {
	Min, Max int64  // whole units; 0: no bound
	Currency string // ISO 4217; empty if none is named
	Free     bool
}

// Any tells whether the query said anything about price.
func (m Money) Any() bool { return m != Money{} }

// moneyLimit bounds a typed price, so that its minor units fit every sum.
const moneyLimit = 1_000_000_000

type moneyPatterns struct {
	bound      *regexp.Regexp // bound word, amount, thousands, currency
	plain      *regexp.Regexp // amount with a named currency
	notMoney   *regexp.Regexp // what follows a number that is no price
	currencies map[string]*regexp.Regexp
	max        map[string]bool
}

func compileMoney(f languageFile) *moneyPatterns {
	currency := make([]string, 0, len(f.Currency))
	p := &moneyPatterns{currencies: map[string]*regexp.Regexp{}, max: map[string]bool{}}
	for _, code := range slices.Sorted(maps.Keys(f.Currency)) {
		words := alternatives(f.Currency[code])
		currency = append(currency, words)
		p.currencies[code] = regexp.MustCompile(`^(?:` + words + `)$`)
	}
	for _, w := range strings.Split(f.Max, ",") {
		p.max[strings.TrimSpace(w)] = true
	}
	money := `(?:` + strings.Join(currency, "|") + `)`
	number := `(\d{1,3}(?:[ .,]\d{3})+|\d{1,9})`
	thousand := `(?:\s?(` + alternatives(f.Thousand) + `))?`
	end := `(?:[\s.,!?]|$)`
	p.bound = regexp.MustCompile(`(?:^|\s)(` + quoted(f.Max) + `|` + quoted(f.Min) + `)\s*(` + money + `)?\s?` +
		number + thousand + `(?:\s?(` + money + `)\.?)?` + end)
	p.plain = regexp.MustCompile(`(?:^|\s)()` + `(` + money + `)?` + number + thousand + `(?:\s?(` + money + `)\.?)?` + end)
	p.notMoney = regexp.MustCompile(`^\s*(?:-?\p{L}{1,2}\s+)?(?:` + alternatives(f.NotMoney) + `)(?:[\s.,!?]|$)`)
	return p
}

func alternatives(list string) string {
	words := strings.Split(list, ", ")
	return strings.Join(words, "|")
}

// quoted lists words literally, the longest first so that "<=" wins over "<".
func quoted(list string) string {
	words := strings.Split(list, ", ")
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return strings.Join(words, "|")
}

// takeMoney cuts price phrases out of a folded query: the plan holds the rest
// of the text.
func (n *Normaliser) takeMoney(text string) (plan Plan) {
	rest, m := text, &plan.Money
	for range 3 {
		if !hasDigit(rest) {
			break
		}
		cut, phrase, ok := n.lang.money.one(rest, m)
		if !ok {
			break
		}
		rest = cut
		plan.Priced = append(plan.Priced, phrase)
	}
	words := strings.Fields(rest)
	kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		free := n.lang.freeWord[strings.Trim(w, ".,!?")]
		if free {
			plan.Freed = append(plan.Freed, w)
		}
		return free
	})
	m.Free, plan.Text = len(plan.Freed) > 0, strings.Join(kept, " ")
	return plan
}

// one finds the first price phrase, notes it and cuts it out.
func (p *moneyPatterns) one(text string, m *Money) (rest, phrase string, ok bool) {
	for _, pattern := range []*regexp.Regexp{p.bound, p.plain} {
		at := pattern.FindStringSubmatchIndex(text)
		if at == nil {
			continue
		}
		group := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return text[at[2*i]:at[2*i+1]]
		}
		currency := p.code(group(2))
		if currency == "" {
			currency = p.code(group(5))
		}
		amount := parseAmount(group(3), group(4) != "")
		plain := pattern == p.plain
		if amount == 0 || plain && currency == "" {
			continue
		}
		if currency == "" && (amount < 50 || p.notMoney.MatchString(text[at[1]-1:])) {
			continue
		}
		if !plain && !p.max[group(1)] {
			m.Min = amount
		} else {
			m.Max = amount
		}
		if currency != "" {
			m.Currency = currency
		}
		return strings.TrimSpace(text[:at[0]] + " " + strings.TrimLeft(text[at[1]:], " ")), strings.TrimSpace(text[at[0]:at[1]]), true
	}
	return text, "", false
}

func (p *moneyPatterns) code(word string) string {
	if word == "" {
		return ""
	}
	// The longer name wins: a Belarusian rouble is a rouble too.
	best := ""
	for code, pattern := range p.currencies {
		if pattern.MatchString(word) && (best == "" || code < best) {
			best = code
		}
	}
	return best
}

func parseAmount(digits string, thousand bool) int64 {
	digits = strings.NewReplacer(" ", "", ".", "", ",", "").Replace(digits)
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || v > moneyLimit {
		return 0
	}
	if thousand {
		v *= 1000
	}
	if v > moneyLimit {
		return 0
	}
	return v
}
