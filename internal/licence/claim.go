package licence

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
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

	Mine      bool   `bun:"-"`                   // the reader made it
	Own       bool   `bun:"-"`                   // for moderators: the reader has a part in the case
	WorkTitle string `bun:"work_title,scanonly"` // for moderators
}

// The bounds of claims, texts in characters.
const (
	MinClaim      = 20
	MaxClaim      = 2000
	MaxOpenClaims = 5 // of one account
)

var errNoClaim = fault.Of(fault.NotFound, "claim_unknown")

// Claim says that a work is sold without the actor's right, with a reason that
// everybody can read. From then on nothing of it is sold until a moderator
// decides. An account claims a work once: a second try needs the moderator's
// decision to be wrong, not another claim. Faults: Unauthenticated; NotFound
// (work_unknown); Conflict (claim_own, claim_already, too_many_claims); Invalid
// text (reason_short, too_long, text_form), evidence (link_form, too_long).
func (l *Licences) Claim(ctx context.Context, by account.Actor, workID, text, evidence string) (out Claim, err error) {
	if by.Anonymous() || by.ID == "" {
		return Claim{}, errNobody
	}
	var bad fault.Fields
	text, evidence = profile.Text(text), strings.TrimSpace(evidence)
	if len([]rune(text)) < MinClaim {
		bad.Add(fault.Bad("text", "reason_short").With("Min", MinClaim))
	}
	bad.Add(profile.Bounded("text", text, MaxClaim))
	bad.Add(address("evidence", evidence, MaxWorkURL))
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockAccount(ctx, tx, by.ID); err != nil {
			return err
		}
		w, err := l.claimable(ctx, tx, by, workID)
		if err != nil {
			return err
		}
		if err := bad.Err(); err != nil {
			return err
		}
		out = Claim{ID: tx.RandomID(), WorkID: w.ID, ClaimantID: by.ID, Text: text, Evidence: evidence, State: ClaimOpen, MadeOn: tx.Today(), Mine: true}
		if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
			return err
		}
		if err := l.tell(ctx, tx, w.AccountID, claimNote(&out, "opened")); err != nil {
			return err
		}
		return tx.Changed(ctx, WorkKind, w.ID)
	})
	if err != nil {
		return Claim{}, err
	}
	return out, nil
}

// claimable reads a work that the actor may claim: once, and again where a
// suspension that an earlier claim of theirs brought about was lifted.
func (l *Licences) claimable(ctx context.Context, tx *db.Tx, by account.Actor, workID string) (Work, error) {
	if err := l.lockWork(ctx, tx, workID); err != nil {
		return Work{}, err
	}
	w, err := findWork(ctx, tx, workID)
	if err != nil {
		return Work{}, err
	}
	if !w.Public() {
		return Work{}, errNoWork
	}
	if w.AccountID == by.ID {
		return Work{}, conflict("claim_own")
	}
	var mine []Claim
	if err := tx.NewSelect().Model(&mine).Where("r.claimant_id = ?", by.ID).Scan(ctx); err != nil {
		return Work{}, err
	}
	open := 0
	for i := range mine {
		lifted := mine[i].State == ClaimUpheld && w.State != WorkSuspended
		if mine[i].WorkID == w.ID && mine[i].State != ClaimWithdrawn && !lifted {
			return Work{}, conflict("claim_already")
		}
		if mine[i].State == ClaimOpen {
			open++
		}
	}
	if open >= MaxOpenClaims {
		return Work{}, conflict("too_many_claims").With("Max", MaxOpenClaims)
	}
	return w, nil
}

// WithdrawClaim takes the actor's own open claim back. Faults:
// Unauthenticated; NotFound (claim_unknown); Conflict (claim_state).
func (l *Licences) WithdrawClaim(ctx context.Context, by account.Actor, id string) error {
	if by.Anonymous() || by.ID == "" {
		return errNobody
	}
	_, err := l.endClaim(ctx, id, func(tx *db.Tx, w *Work, c *Claim) error {
		if c.ClaimantID != by.ID {
			return errNoClaim
		}
		return c.step(ClaimWithdrawn)
	})
	return err
}

// OpenClaims lists what waits for a moderator, oldest first. Faults:
// Unauthenticated, Forbidden (not_allowed).
func (l *Licences) OpenClaims(ctx context.Context, by account.Actor) (rows []Claim, err error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	if !by.Is(account.Moderator) {
		return nil, errNotAllowed
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		err := tx.NewSelect().Model(&rows).ColumnExpr("r.*").ColumnExpr("w.title AS work_title").Join("JOIN work AS w ON w.id = r.work_id").
			Where("r.state = ?", ClaimOpen).OrderExpr("r.made_on, r.id").Limit(500).Scan(ctx)
		if err != nil {
			return err
		}
		works := make([]string, len(rows))
		for i := range rows {
			works[i] = rows[i].WorkID
		}
		parties, err := partyTo(ctx, tx, by, works)
		for i := range rows {
			rows[i].Mine = by.ID != "" && rows[i].ClaimantID == by.ID
			rows[i].Own = parties[rows[i].WorkID]
		}
		return err
	})
	return rows, err
}

// DecideClaim decides an open claim with a public reason: upheld, the work is
// suspended and the orders of it for which nobody says to have paid are
// cancelled; rejected, sales go on. Both sides are told. A moderator who looks
// after the work, sells it, claimed it or has a part in it may not. Faults:
// Unauthenticated; Forbidden (not_allowed, own_case); NotFound (claim_unknown);
// Conflict (claim_state); Invalid reason (reason_short, too_long, text_form).
func (l *Licences) DecideClaim(ctx context.Context, by account.Actor, id string, uphold bool, reason string) (Claim, error) {
	if err := moderating(by); err != nil {
		return Claim{}, err
	}
	reason, wrong := reasoned("reason", reason)
	return l.endClaim(ctx, id, func(tx *db.Tx, w *Work, c *Claim) error {
		if err := impartial(ctx, tx, by, w.ID); err != nil {
			return err
		}
		if wrong != nil {
			return fault.Fields{wrong}
		}
		to := ClaimRejected
		if uphold {
			to = ClaimUpheld
		}
		if err := c.step(to); err != nil {
			return err
		}
		c.Decision, c.DeciderID = reason, by.ID
		if !uphold || w.State == WorkSuspended {
			return nil
		}
		w.Reason = reason
		if err := w.step(WorkSuspended, "moderator"); err != nil {
			return err
		}
		return l.updateWork(ctx, tx, w)
	})
}

func moderating(by account.Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	if !by.Is(account.Moderator) {
		return errNotAllowed
	}
	return nil
}

// impartial refuses who has a part in the case.
func impartial(ctx context.Context, tx *db.Tx, by account.Actor, workID string) error {
	parties, err := partyTo(ctx, tx, by, []string{workID})
	if err == nil && parties[workID] {
		return fault.Of(fault.Forbidden, "own_case")
	}
	return err
}

// Reinstate ends a suspension with a public reason, when what was claimed was
// put right; who looks after the work and whose claims to it were upheld are
// told. A work that nobody looks after any more stays suspended: nobody could
// answer for its sale. Faults: those of DecideClaim; NotFound (work_unknown);
// Conflict (work_state).
func (l *Licences) Reinstate(ctx context.Context, by account.Actor, workID, reason string) (out Work, err error) {
	if err := moderating(by); err != nil {
		return Work{}, err
	}
	reason, wrong := reasoned("reason", reason)
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockWork(ctx, tx, workID); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, workID)
		if err != nil {
			return err
		}
		if !w.Public() {
			return errNoWork
		}
		if err := impartial(ctx, tx, by, w.ID); err != nil {
			return err
		}
		if wrong != nil {
			return fault.Fields{wrong}
		}
		if w.AccountID == "" {
			return errWorkState
		}
		if err := w.step(WorkPublished, "moderator"); err != nil {
			return err
		}
		w.Reason = reason
		out = w
		if err := l.updateWork(ctx, tx, &w); err != nil {
			return err
		}
		return l.tellLifted(ctx, tx, &w)
	})
	if err != nil {
		return Work{}, err
	}
	return out, nil
}

// tellLifted tells of the end of a suspension whom it concerns.
func (l *Licences) tellLifted(ctx context.Context, tx *db.Tx, w *Work) error {
	var claimants []string
	if err := tx.NewRaw("SELECT DISTINCT claimant_id FROM rights_claim WHERE work_id = ? AND state = ? AND claimant_id IS NOT NULL ORDER BY claimant_id",
		w.ID, ClaimUpheld).Scan(ctx, &claimants); err != nil {
		return err
	}
	n := Note{Kind: ToldClaim, Subject: w.ID, Cause: "reinstated:" + itoa(int(w.Edit)), Path: WorkPath(w.ID), Args: map[string]string{"reason": "reinstated"}}
	for _, id := range append([]string{w.AccountID}, claimants...) {
		if err := l.tell(ctx, tx, id, n); err != nil {
			return err
		}
	}
	return nil
}

// endClaim runs what ends an open claim, and tells both sides.
func (l *Licences) endClaim(ctx context.Context, id string, fn func(*db.Tx, *Work, *Claim) error) (out Claim, err error) {
	if !formed(id) {
		return Claim{}, errNoClaim
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		var workID []string
		if err := tx.NewRaw("SELECT work_id FROM rights_claim WHERE id = ?", id).Scan(ctx, &workID); err != nil {
			return err
		}
		if len(workID) == 0 {
			return errNoClaim
		}
		if err := l.lockWork(ctx, tx, workID[0]); err != nil {
			return err
		}
		var c Claim
		if err := db.One(ctx, tx.NewSelect().Model(&c).Where("r.id = ?", id), errNoClaim); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, c.WorkID)
		if err != nil {
			return err
		}
		if err := fn(tx, &w, &c); err != nil {
			return err
		}
		c.DecidedOn = tx.Today()
		out = c
		res, err := tx.NewUpdate().Model(&c).WherePK().Where("state = ?", ClaimOpen).Exec(ctx)
		if err := db.Must(res, err, conflict("claim_state")); err != nil {
			return err
		}
		if err := l.claimEnded(ctx, tx, &w, &c); err != nil || c.State != ClaimUpheld {
			return err
		}
		return l.callOff(ctx, tx, w.ID)
	})
	if err != nil {
		return Claim{}, err
	}
	return out, nil
}

func claimNote(c *Claim, word string) Note {
	return Note{Kind: ToldClaim, Subject: c.WorkID, Cause: word + ":" + c.ID, Path: WorkPath(c.WorkID), Args: map[string]string{"reason": word}}
}

func (l *Licences) claimEnded(ctx context.Context, tx *db.Tx, w *Work, c *Claim) error {
	told := claimNote(c, string(c.State))
	if err := l.tell(ctx, tx, w.AccountID, told); err != nil {
		return err
	}
	if c.State != ClaimWithdrawn {
		if err := l.tell(ctx, tx, c.ClaimantID, told); err != nil {
			return err
		}
	}
	return tx.Changed(ctx, WorkKind, w.ID)
}

// step goes one way of the machine. Fault: Conflict (claim_state).
func (c *Claim) step(to ClaimState) error {
	for _, s := range ClaimSteps() {
		if s[0] == c.State && s[1] == to {
			c.State = to
			return nil
		}
	}
	return conflict("claim_state")
}

// claimsOf reads the claims to a work, newest first, as the reader may know
// them: withdrawn ones are for nobody else.
func claimsOf(ctx context.Context, tx *db.Tx, by account.Actor, workID string) ([]Claim, error) {
	var rows, out []Claim
	err := tx.NewSelect().Model(&rows).Where("r.work_id = ?", workID).OrderExpr("r.made_on DESC, r.id").Scan(ctx)
	for _, c := range rows {
		c.Mine = by.ID != "" && c.ClaimantID == by.ID
		if c.State == ClaimWithdrawn && !c.Mine {
			continue
		}
		if !c.Mine && !by.Is(account.Moderator) {
			c.ClaimantID = ""
		}
		c.DeciderID = ""
		out = append(out, c)
	}
	return out, err
}
