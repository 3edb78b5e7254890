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

	"github.com/tmoeg/oduvan/internal/fault"
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

// Transfer imports into and exports from one branch.
type Transfer struct {
	keys  *secret.Keys
	skill func(string) string
}
