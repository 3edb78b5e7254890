package licence

import (
	"context"
	"strconv"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// The kinds of notices about licences, as Tell hears them.
const (
	ToldIssued  = "licence_issued"  // to the buyer
	ToldEnding  = "licence_ending"  // to the buyer; argument days, none once it has ended
	ToldChanged = "licence_changed" // to the buyer, some to the seller; argument reason
)

// The reasons of ToldChanged beside the grounds of a revocation.
const (
	reasonRevoking  = "revoking"  // announced, to the buyer; argument days
	reasonWithdrawn = "withdrawn" // the announcement is, to the buyer
	reasonSuspended = "suspended" // to the buyer
	reasonRestored  = "restored"  // to the buyer
	reasonAppealed  = "appealed"  // to the seller
	reasonUpheld    = "upheld"    // by a moderator, to both
	reasonReversed  = "reversed"  // by a moderator, to both
	reasonStuck     = "stuck"     // a renewal was paid whose licence is revoked, to both
)

// The deadlines of a licence.
const (
	dueEnd    = "licence_end"    // its holder is told that it ends
	dueForget = "licence_forget" // it forgets whose it was
	dueRevoke = "licence_revoke" // an announced revocation takes effect
)

// ForgetAfter is how long after its end a licence still knows its buyer's
// account, and how long after its decision an appeal keeps its words.
const ForgetAfter = 180 * 24 * time.Hour

// warnings are the days before the end at which the holder is told; 0 is the end.
var warnings = [...]int{30, 7, 1, 0}

// wireGrants registers deadlines, goods and the signing again of what a lost
// key has signed; New calls it once.
func (l *Licences) wireGrants() {
	l.db.OnDue(dueEnd, l.ageGrant)
	l.db.OnDue(dueForget, l.forget)
	l.db.OnDue(dueRevoke, l.takeEffect)
	if l.payments != nil {
		l.payments.Sell(Goods, l)
	}
	if l.keys != nil {
		l.db.OnSweep(func(ctx context.Context) error {
			_, err := l.Resign(ctx)
			return err
		})
	}
}

// watch sets the next deadline of a licence's term.
func (l *Licences) watch(ctx context.Context, tx *db.Tx, g *Grant) error {
	for _, days := range warnings {
		if at := g.ValidUntil.AddDate(0, 0, -days); at.After(tx.Now) {
			return tx.Due(ctx, dueEnd, g.ID, at)
		}
	}
	return tx.Due(ctx, dueForget, g.ID, g.ValidUntil.Add(ForgetAfter))
}

// ageGrant tells the holder that a licence ends or has ended, once for each
// warning that has come: a board that stood still tells only the last of them.
// Who has renewed it need not be told, unless the renewal was taken back.
func (l *Licences) ageGrant(ctx context.Context, tx *db.Tx, id string) error {
	g, err := loadGrant(ctx, tx, "g.id = ?", id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := l.watch(ctx, tx, &g); err != nil || g.State == Revoked {
		return err
	}
	renewed, err := tx.NewSelect().Model((*Grant)(nil)).Where("previous_id = ? AND state <> ?", g.ID, Revoked).Exists(ctx)
	if err != nil || renewed {
		return err
	}
	last := -1
	for _, days := range warnings {
		if !tx.Now.Before(g.ValidUntil.AddDate(0, 0, -days)) {
			last = days
		}
	}
	switch {
	case last < 0: // the deadline came too early
		return nil
	case last == 0:
		return l.tellGrant(ctx, tx, &g, g.BuyerID, Note{Kind: ToldEnding, Cause: "0"})
	}
	left := int((g.ValidUntil.Sub(tx.Now) + 24*time.Hour - 1) / (24 * time.Hour))
	return l.tellGrant(ctx, tx, &g, g.BuyerID, Note{Kind: ToldEnding, Cause: strconv.Itoa(last), Args: map[string]string{"days": strconv.Itoa(left)}})
}

// forget takes the buyer's account off a licence that ended long ago, and the
// words off an appeal that was decided long ago. The certificate stays what it
// is: it never named the account.
func (l *Licences) forget(ctx context.Context, tx *db.Tx, id string) error {
	if !cert.IsID(id) {
		_, err := tx.NewRaw("UPDATE revocation SET appeal = '' WHERE id = ?", id).Exec(ctx)
		return err
	}
	_, err := tx.NewRaw(`UPDATE licence_grant SET buyer_id = NULL, link_nonce = NULL, link_mac = NULL, shown = ? WHERE id = ?`, false, id).Exec(ctx)
	return err
}

// tellGrant tells somebody of a licence: a note that says nothing yet of which.
func (l *Licences) tellGrant(ctx context.Context, tx *db.Tx, g *Grant, to string, n Note) error {
	n.Subject, n.Path = g.ID, GrantPath(g.ID)
	return l.tell(ctx, tx, to, n)
}

// tellChange tells somebody that something became of a licence. The cause tells
// two times of the same apart.
func (l *Licences) tellChange(ctx context.Context, tx *db.Tx, g *Grant, to, reason string) error {
	return l.tellGrant(ctx, tx, g, to, Note{Kind: ToldChanged, Cause: reason + "-" + tx.Now.Format(causeForm), Args: map[string]string{"reason": reason}})
}

// causeForm tells two times of one thing apart in a notice.
const causeForm = "20060102T150405.000000"

// GrantPath is where the page of a licence stands for its holder.
func GrantPath(id string) string { return "/licences/" + id }

// CheckPath is where anybody sees what a licence is worth.
func CheckPath(id string) string { return "/v/" + id }
