package licence

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// fewest is the least count that is told: smaller ones could point at people.
const fewest = 5

// Count is how many there are. A count below five is not known to anybody:
// it is negative, and reads "<5".
type Count int64

// Hidden tells that there are some, fewer than may be told or kept back so
// that others cannot be computed.
func (c Count) Hidden() bool { return c < 0 }

// String is the number or "<5".
func (c Count) String() string {
	if c.Hidden() {
		return "<" + strconv.Itoa(fewest)
	}
	return strconv.FormatInt(int64(c), 10)
}

// MarshalJSON writes a number, or "<5" as a text.
func (c Count) MarshalJSON() ([]byte, error) {
	if c.Hidden() {
		return []byte(`"<` + strconv.Itoa(fewest) + `"`), nil
	}
	return strconv.AppendInt(nil, int64(c), 10), nil
}

// Figure is one row of a breakdown. A hidden count stands for few, and a few
// rows may be hidden only so that nobody can subtract.
type Figure struct {
	Name  string `json:"name"`
	Count Count  `json:"count"`
}

// Figures are what the branch tells openly of its licences.
type Figures struct {
	Day      time.Time `json:"day"` // as of which
	Issued   Count     `json:"issued"`
	Current  []Figure  `json:"current"`  // by word: valid, expired, revoked …
	Licences []Figure  `json:"licences"` // by base licence
	Channels []Figure  `json:"channels"` // by purpose
	Terms    []Figure  `json:"terms"`    // by length in days: 1-31 …
	Months   []Figure  `json:"months"`   // by month of payment
	Paid     []Figure  `json:"paid"`     // paid and free
	Renewals Count     `json:"renewals"`
	Grounds  []Figure  `json:"grounds"` // of revoked ones
}

// terms are the bounds of the classes of length, in days.
var terms = [...]int{31, 93, 186, 366, 1096}

// termClass names the class of a length.
func termClass(days int) string {
	from := 1
	for _, to := range terms {
		if days <= to {
			return strconv.Itoa(from) + "-" + strconv.Itoa(to)
		}
		from = to + 1
	}
	return ""
}

// total hides a count of few.
func total(n int64) Count {
	if n > 0 && n < fewest {
		return -1
	}
	return Count(n)
}

// breakdown makes the rows of one, by name. Rows of few are hidden, and where
// the hidden ones together are still few, the next smallest too: the total
// minus the rest would tell them.
func breakdown(counts map[string]int64) []Figure {
	type row struct {
		name string
		n    int64
	}
	var rows []row
	for name, n := range counts {
		if n > 0 {
			rows = append(rows, row{name, n})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.name, b.name)) })
	var hidden int64
	out := make([]Figure, 0, len(rows))
	for _, r := range rows {
		f := Figure{r.name, Count(r.n)}
		if r.n < fewest || hidden > 0 && hidden < fewest {
			f.Count = -1
			hidden += r.n
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Figure) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
