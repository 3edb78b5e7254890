package licence

import (
	"time"

	"github.com/uptrace/bun"
)

// PartGround is why a contribution may be licensed. The program records it and
// creates no rights.
type PartGround string

// The grounds of contributions.
const (
	GroundOpen      PartGround = "open"      // none yet: nothing can be offered
	GroundOwn       PartGround = "own"       // of the owner of the work
	GroundPatch     PartGround = "patch"     // to a project whose owner holds the joint rights
	GroundAgreement PartGround = "agreement" // made under the contributor agreement, version Agreement
	GroundConsent   PartGround = "consent"   // the author said so, for this version and this payee
	GroundThird     PartGround = "third"     // of a third party, under a licence of its own
)

// PartGrounds lists the grounds in the order in which a form shows them.
func PartGrounds() []PartGround {
	return []PartGround{GroundOpen, GroundOwn, GroundPatch, GroundAgreement, GroundConsent, GroundThird}
}

// Contribution is one row: what somebody made of one version of a work.
type Contribution struct {
	bun.BaseModel `bun:"table:contribution,alias:c"`

	ID            string     `bun:"id,pk"`
	WorkID        string     `bun:"work_id"`
	Version       int        `bun:"version"`
	ContributorID string     `bun:"contributor_id,nullzero"` // account; empty: a third party, or erased
	Name          string     `bun:"name"`                    // of a third party
	Part          string     `bun:"part"`                    // what it is
	Source        string     `bun:"source"`                  // of a third party's part: where it is
	Ground        PartGround `bun:"ground"`
	Agreement     int        `bun:"agreement,nullzero"`     // version of the agreement
	AcceptanceID  string     `bun:"acceptance_id,nullzero"` // by which it was accepted
	ConsentID     string     `bun:"consent_id,nullzero"`
	Licence       string     `bun:"licence"` // of a third party's part
	MadeAt        time.Time  `bun:"made_at"`

	Handle   string `bun:"handle,scanonly"`    // of the account
	Shown    string `bun:"shown,scanonly"`     // name to show: display name, or handle, or Name
	Payee    string `bun:"payee,scanonly"`     // that a standing consent names
	HasGiven bool   `bun:"has_given,scanonly"` // a consent stands
}

// Consent is one row: what an author said for one version of a work. It names
// who is paid. Withdrawn it stops new sales, never what was sold.
type Consent struct {
	bun.BaseModel `bun:"table:consent,alias:k"`

	ID          string    `bun:"id,pk"`
	WorkID      string    `bun:"work_id"`
	Version     int       `bun:"version"`
	AccountID   string    `bun:"account_id,nullzero"`
	Payee       string    `bun:"payee"`
	GivenAt     time.Time `bun:"given_at"`
	WithdrawnOn time.Time `bun:"withdrawn_on,nullzero"`
}
