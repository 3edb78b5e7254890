package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// The bounds of what a report says of one invariant.
const (
	MaxItems = 20  // lines
	MaxItem  = 200 // characters of a line
)

// Finding is one broken invariant.
type Finding struct {
	Name  string   `json:"name"`
	Says  string   `json:"says"`
	Items []string `json:"items"` // at most MaxItems
	More  int      `json:"more"`  // how many are not listed
}

// Report is what one run found. Findings is empty, never nil, when all holds.
type Report struct {
	At       time.Time `json:"at"`
	OK       bool      `json:"ok"`
	Checked  int       `json:"checked"` // invariants
	Findings []Finding `json:"findings"`
}

// Names lists what is broken.
func (r Report) Names() []string {
	names := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		names[i] = f.Name
	}
	return names
}

// Run is one kept line about a run: what pages may tell.
type Run struct {
	bun.BaseModel `bun:"table:audit_run"`

	ID       string    `bun:"id,pk"`
	At       time.Time `bun:"at"`
	OK       bool      `bun:"ok"`
	Checked  int       `bun:"checked"`
	Findings int       `bun:"findings"` // broken invariants
	Names    string    `bun:"names"`    // of these, with spaces between
}

// Audit asks the program's invariants. It is safe for concurrent use.
type Audit struct {
	db         *db.DB
	log        *slog.Logger
	invariants []Invariant
}

// New makes the audit over all lists. log may be nil.
func New(d *db.DB, log *slog.Logger, lists ...[]Invariant) *Audit {
	a := &Audit{db: d, log: log}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	for _, list := range lists {
		a.invariants = append(a.invariants, list...)
	}
	return a
}

// Invariants lists what is asked, in order. The slice is the caller's own.
func (a *Audit) Invariants() []Invariant { return append([]Invariant(nil), a.invariants...) }

// Run asks every invariant, each on one consistent view of its own, and changes
// nothing. A question that fails is a finding of its own, since what cannot be
// asked is not known to hold; only an ended ctx and Unavailable (the database
// is away) are errors.
func (a *Audit) Run(ctx context.Context) (Report, error) {
	out := Report{At: a.db.Now(), Findings: []Finding{}}
	for _, inv := range a.invariants {
		items, err := a.ask(ctx, inv)
		if ctx.Err() != nil {
			return Report{}, ctx.Err()
		}
		if fault.Is(err, fault.Unavailable) {
			return Report{}, fmt.Errorf("audit %s: %w", inv.Name, err)
		}
		if err != nil {
			items = append(items, "it could not be asked: "+err.Error())
		}
		if len(items) > 0 {
			out.Findings = append(out.Findings, finding(inv, items))
		}
		out.Checked++
	}
	out.OK = len(out.Findings) == 0
	return out, nil
}

// ask reads one invariant. Rows that an attacker or a broken disk left may
// break the code that reads them: that is an answer too.
func (a *Audit) ask(ctx context.Context, inv Invariant) (items []string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = errors.New("the rows cannot be read")
			a.log.Error("an audit question panicked", "reason", inv.Name)
		}
	}()
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		items, err = inv.Broken(ctx, tx)
		return err
	})
	return items, err
}

func finding(inv Invariant, items []string) Finding {
	f := Finding{Name: inv.Name, Says: inv.Says, More: max(len(items)-MaxItems, 0)}
	for _, item := range items[:len(items)-f.More] {
		f.Items = append(f.Items, line(item))
	}
	return f
}

// line makes an item fit for a terminal: one line, nothing unseen, bounded.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > MaxItem {
		return string(runes[:MaxItem-1]) + "…"
	}
	return text
}

// String is the report for a person at a terminal.
func (r Report) String() string {
	var b strings.Builder
	if r.OK {
		fmt.Fprintf(&b, "all %d invariants hold\n", r.Checked)
		return b.String()
	}
	fmt.Fprintf(&b, "%d of %d invariants are broken\n", len(r.Findings), r.Checked)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s: %s\n", f.Name, f.Says)
		for _, item := range f.Items {
			fmt.Fprintf(&b, "  - %s\n", item)
		}
		if f.More > 0 {
			fmt.Fprintf(&b, "  … and %d more\n", f.More)
		}
	}
	return b.String()
}
