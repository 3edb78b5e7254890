package licence

import (
	"context"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// WorkStep is one way a work may go.
type WorkStep struct {
	From, To WorkState
	Who      string // steward or moderator
}

// WorkSteps is the whole machine of works: what is not in it is refused. A
// published work never becomes a draft again: its base licence was given to
// everybody and stays.
func WorkSteps() []WorkStep {
	return []WorkStep{
		{WorkDraft, WorkPublished, "steward"},
		{WorkPublished, WorkWithdrawn, "steward"},
		{WorkWithdrawn, WorkPublished, "steward"},
		{WorkPublished, WorkSuspended, "moderator"},
		{WorkWithdrawn, WorkSuspended, "moderator"},
		{WorkSuspended, WorkPublished, "moderator"},
	}
}

// step goes one way of the machine. Fault: Conflict (work_state).
func (w *Work) step(to WorkState, who string) error {
	for _, s := range WorkSteps() {
		if s.From == w.State && s.To == to && s.Who == who {
			w.State = to
			return nil
		}
	}
	return errWorkState
}

// move is a step of the steward. What is published where profiles wait for
// approval needs an approved one; a claim upheld on a withdrawn work keeps it
// from coming back. Faults: Conflict (work_state, profile_needed).
func (l *Licences) move(ctx context.Context, tx *db.Tx, w *Work, to WorkState) error {
	if w.State == to {
		return nil
	}
	if err := w.step(to, "steward"); err != nil {
		return err
	}
	if to == WorkPublished {
		if err := l.approved(ctx, tx, w.AccountID); err != nil {
			return err
		}
		if w.PublishedOn.IsZero() {
			w.PublishedOn = tx.Today()
		}
	}
	return nil
}

// moved is a step of the steward with what follows: who reads a work for the
// first time and has an open part in it is asked.
func (l *Licences) moved(ctx context.Context, tx *db.Tx, by account.Actor, w *Work, to WorkState) error {
	first := w.PublishedOn.IsZero()
	if err := l.move(ctx, tx, w, to); err != nil || !first {
		return err
	}
	rows, err := parts(ctx, tx, []string{w.ID}, w.Version)
	for i := range rows {
		if err == nil && rows[i].Ground == GroundOpen {
			err = l.ask(ctx, tx, w, rows[i].ContributorID, by)
		}
	}
	return err
}

// approved asks for a profile where this branch looks at people before they
// are shown: a work would otherwise be a way around it.
func (l *Licences) approved(ctx context.Context, tx *db.Tx, accountID string) error {
	settings, err := l.settings(ctx, tx)
	if err != nil || !settings.Approval {
		return err
	}
	p, err := profile.ByID(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && !p.Approved {
		return fault.Of(fault.Conflict, "profile_needed")
	}
	return err
}

// OfferStep is one way an offer may go by an act of its seller.
type OfferStep struct{ From, To OfferState }

// OfferSteps is the whole machine of offers.
func OfferSteps() []OfferStep {
	return []OfferStep{{OfferOpen, OfferPaused}, {OfferPaused, OfferOpen}, {OfferOpen, OfferWithdrawn}, {OfferPaused, OfferWithdrawn}}
}

// AgreementSteps is the whole machine of the agreement's versions.
func AgreementSteps() [][2]AgreementState {
	return [][2]AgreementState{{AgreementDraft, AgreementDiscussion}, {AgreementDiscussion, AgreementAdopted}}
}

// ClaimSteps is the whole machine of claims.
func ClaimSteps() [][2]ClaimState {
	return [][2]ClaimState{{ClaimOpen, ClaimUpheld}, {ClaimOpen, ClaimRejected}, {ClaimOpen, ClaimWithdrawn}}
}
