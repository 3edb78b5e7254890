package licence

import (
	"time"

	"github.com/uptrace/bun"
)

// AgreementState is how far a version of the contributor agreement is.
type AgreementState string

// The states of an agreement. Nothing is adopted that was not discussed in the open.
const (
	AgreementDraft      AgreementState = "draft"
	AgreementDiscussion AgreementState = "discussion"
	AgreementAdopted    AgreementState = "adopted"
)

// Agreement is one row: a version of the contributor agreement. Its texts never
// change.
type Agreement struct {
	bun.BaseModel `bun:"table:agreement,alias:a"`

	N          int            `bun:"n,pk"` // from 1
	Ru         string         `bun:"text_ru"`
	En         string         `bun:"text_en"`
	SHA256     string         `bun:"sha256"` // of both texts, see AgreementHash
	State      AgreementState `bun:"state"`
	Discussion string         `bun:"discussion"` // public address
	From       time.Time      `bun:"discussed_from,nullzero"`
	Until      time.Time      `bun:"discussed_until,nullzero"`
	Decision   string         `bun:"decision"` // public address
	CreatedOn  time.Time      `bun:"created_on"`
	AdoptedAt  time.Time      `bun:"adopted_at,nullzero"`
}

// Acceptance is one row: somebody accepted an adopted version. It counts for
// what is made from then on, never for what was made before, and it survives
// the account under its random id.
type Acceptance struct {
	bun.BaseModel `bun:"table:agreement_acceptance,alias:x"`

	ID         string    `bun:"id,pk"`
	Agreement  int       `bun:"agreement"`
	AccountID  string    `bun:"account_id,nullzero"`
	AcceptedAt time.Time `bun:"accepted_at"`
}
