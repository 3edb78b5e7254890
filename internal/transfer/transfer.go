// Package transfer brings listings of people who teach or create into a branch
// and out of it: foreign lists of mentors, and our own export. It promises that
// an import happens whole or not at all, that the same entry read again is
// updated and never doubled, that nothing a person typed is lost without being
// counted in the report, and that every fault names the line, the column and
// the field. It refuses to publish anybody without being told that the people
// agreed, and it keeps no name, address or contact of a person in a draft: a
// made-up nickname stands in until the person claims it.
package transfer

import (
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// The formats Read knows.
const (
	GetMentor   = "getmentor"   // a JSON array of mentors, public or internal shape
	CodingCoach = "codingcoach" // a JSON array of mentors
	Oduvan      = "oduvan"      // our own export
)

// Formats lists the names of the formats, for help and messages.
func Formats() []string { return []string{GetMentor, CodingCoach, Oduvan} }

// Position is a place in a file, both numbers from 1; the column counts
// characters.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// String is "line:column".
func (p Position) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// broken makes the one kind of fault a file meets: Field is the path inside the
// file, the arguments "line" and "column" the place.
func broken(at Position, path, code string) *fault.Error {
	return fault.Bad(path, code).With("line", at.Line).With("column", at.Column).
		Wrap(fmt.Errorf("line %d, column %d", at.Line, at.Column))
}

// Config is what a Transfer is made of. Only Skill may be nil.
type Config struct {
	DB       *db.DB
	Keys     *secret.Keys
	Profiles *profile.Profiles
	Market   *market.Market
	URL      string                   // the branch's origin, such as https://example.org
	Skill    func(text string) string // brings a tag to a skill's id; "" leaves it as typed
}

// Transfer imports into and exports from one branch.
type Transfer struct {
	db       *db.DB
	keys     *secret.Keys
	profiles *profile.Profiles
	market   *market.Market
	url      string
	skill    func(string) string
}

// New makes a Transfer.
func New(cfg Config) *Transfer {
	t := &Transfer{db: cfg.DB, keys: cfg.Keys, profiles: cfg.Profiles, market: cfg.Market,
		url: strings.TrimRight(cfg.URL, "/"), skill: cfg.Skill}
	if t.skill == nil {
		t.skill = func(string) string { return "" }
	}
	return t
}

// seen remembers that an entry was here, without whose account it became.
type seen struct {
	bun.BaseModel `bun:"table:imported_seen"`

	SourceMAC []byte `bun:"source_mac,pk"`
}
