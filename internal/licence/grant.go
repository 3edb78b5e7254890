package licence

import (
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/fault"
)

// GrantState is whether a grant stands.
type GrantState string

// The states of a grant. Its term is not one of them: an active grant may have
// ended, see Grant.Word.
const (
	Active    GrantState = "active"
	Suspended GrantState = "suspended" // a payment is disputed: the answer is not known yet
	Revoked   GrantState = "revoked"
)

// Grant is one licence that was bought: one row. What it says is Frozen; the
// columns beside it repeat what is looked up.
type Grant struct {
	bun.BaseModel `bun:"table:licence_grant,alias:g"`

	ID          string          `bun:"id,pk"` // "L-" and ten characters
	OrderID     string          `bun:"order_id"`
	OfferID     string          `bun:"offer_id"`
	WorkID      string          `bun:"work_id"`
	Version     int             `bun:"version"`
	BuyerID     string          `bun:"buyer_id,nullzero"`  // account; empty once erased
	SellerID    string          `bun:"seller_id,nullzero"` // account; empty once erased
	ChainID     string          `bun:"chain_id"`           // the first grant of its renewals
	PreviousID  string          `bun:"previous_id,nullzero"`
	Days        int             `bun:"days"`
	PaidAt      time.Time       `bun:"paid_at"`
	ValidFrom   time.Time       `bun:"valid_from"`
	ValidUntil  time.Time       `bun:"valid_until"` // the first moment after the term
	BaseLicence string          `bun:"base_licence"`
	Channel     string          `bun:"channel"`
	State       GrantState      `bun:"state"`
	Ground      Ground          `bun:"ground"` // of a revoked one
	RevokedAt   time.Time       `bun:"revoked_at,nullzero"`
	KeyID       string          `bun:"key_id"`
	CertHash    string          `bun:"cert_hash"`
	StatusList  int             `bun:"status_list"`
	StatusIndex int             `bun:"status_index"`
	Frozen      json.RawMessage `bun:"frozen,type:jsonb"` // cert.Facts
	Shown       bool            `bun:"shown"`             // on the buyer's profile
	LinkNonce   string          `bun:"link_nonce,nullzero"`
	LinkMAC     []byte          `bun:"link_mac"`

	RenewedBy string `bun:"renewed_by,scanonly"` // the grant that continues this one; only of what the buyer reads
}

// Ground is why a grant was revoked.
type Ground string

// The grounds. A refund and a lost dispute come from the order and hold at
// once; the others are a seller's, listed in the terms, and need a reason and
// a notice period.
const (
	Refunded      Ground = "refund"
	DisputeLost   Ground = "dispute_lost"
	OutOfScope    Ground = "out_of_scope"   // used beyond what was agreed
	NoAttribution Ground = "no_attribution" // the line was taken away
	Deceit        Ground = "deceit"         // got by deceit: the payment was taken back outside of the board, for instance
	ForeignRights Ground = "foreign_rights" // the rights turned out to be somebody else's
	LawDemands    Ground = "law_demands"    // a law or a court demands it; needs no notice period
)

// The faults that several verbs share.
var (
	errNoGrant    = fault.Of(fault.NotFound, "licence_unknown")
	errGrantState = fault.Of(fault.Conflict, "licence_state")
)
