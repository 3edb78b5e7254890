package licence

import (
	"time"

	"github.com/uptrace/bun"
)

// ClaimState is how far a claim is.
type ClaimState string

// The states of a claim. While it is open nothing of the work is sold.
const (
	ClaimOpen      ClaimState = "open"
	ClaimUpheld    ClaimState = "upheld"    // the work is suspended
	ClaimRejected  ClaimState = "rejected"  // sales go on
	ClaimWithdrawn ClaimState = "withdrawn" // by who made it
)

// Claim is one row: somebody says that a work is sold without their right.
type Claim struct {
	bun.BaseModel `bun:"table:rights_claim,alias:r"`

	ID         string     `bun:"id,pk"`
	WorkID     string     `bun:"work_id"`
	ClaimantID string     `bun:"claimant_id,nullzero"` // for moderators and the claimant only
	Text       string     `bun:"text"`                 // public
	Evidence   string     `bun:"evidence"`             // public address, may be empty
	State      ClaimState `bun:"state"`
	Decision   string     `bun:"decision"` // public reason of a moderator
	DeciderID  string     `bun:"decider_id,nullzero"`
	MadeOn     time.Time  `bun:"made_on"`
	DecidedOn  time.Time  `bun:"decided_on,nullzero"`
}
