package licence

import (
	"context"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Consent gives the actor's explicit consent to selling temporary licences for
// the newest version of a work with a part of theirs. It names who is paid: the
// words that the page showed, or "" for those that stand there now. A consent
// for the same version and payee that stands is given back. Faults:
// Unauthenticated; NotFound (work_unknown; contribution_none where the actor
// has no part in it); Conflict (changed_meanwhile when another payee is named
// by now, consent_needless for a part that needs none, work_state).
func (l *Licences) Consent(ctx context.Context, by account.Actor, workID, payee string) (out Consent, err error) {
	err = l.author(ctx, by, workID, func(tx *db.Tx, w *Work, c *Contribution) error {
		paid, err := l.paid(ctx, tx, w)
		if err != nil {
			return err
		}
		switch {
		case w.State == WorkWithdrawn || paid == "":
			return errWorkState
		case payee != "" && payee != paid:
			return errChanged
		case c.Ground != GroundOpen && c.Ground != GroundConsent:
			return conflict("consent_needless")
		case c.HasGiven && c.Payee == paid:
			return db.One(ctx, tx.NewSelect().Model(&out).Where("k.id = ?", c.ConsentID), errNoPart)
		}
		if err := l.endConsent(ctx, tx, w, by.ID); err != nil {
			return err
		}
		out = Consent{ID: tx.RandomID(), WorkID: w.ID, Version: w.Version, AccountID: by.ID, Payee: paid, GivenAt: tx.Now}
		if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
			return err
		}
		c.Ground, c.ConsentID = GroundConsent, out.ID
		if _, err := tx.NewUpdate().Model(c).WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.consented(ctx, tx, w, by, "given", out.ID)
	})
	if err != nil {
		return Consent{}, err
	}
	return out, nil
}

// WithdrawConsent takes the actor's consent to the newest version of a work
// back. From then on nothing new is sold; what was sold holds until its end.
// Faults: Unauthenticated; NotFound (work_unknown, contribution_none); Conflict
// (consent_none) where none stands.
func (l *Licences) WithdrawConsent(ctx context.Context, by account.Actor, workID string) error {
	return l.author(ctx, by, workID, func(tx *db.Tx, w *Work, c *Contribution) error {
		if c.Ground != GroundConsent || !c.HasGiven {
			return conflict("consent_none")
		}
		if err := l.endConsent(ctx, tx, w, by.ID); err != nil {
			return err
		}
		cause := c.ConsentID
		c.Ground, c.ConsentID = GroundOpen, ""
		if _, err := tx.NewUpdate().Model(c).WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.consented(ctx, tx, w, by, "withdrawn", cause)
	})
}

// endConsent ends the standing consent of an account to a work's newest version.
func (l *Licences) endConsent(ctx context.Context, tx *db.Tx, w *Work, accountID string) error {
	_, err := tx.NewUpdate().Model((*Consent)(nil)).Set("withdrawn_on = ?", tx.Today()).
		Where("work_id = ? AND version = ? AND account_id = ? AND withdrawn_on IS NULL", w.ID, w.Version, accountID).Exec(ctx)
	return err
}

// consented tells the steward and puts the work into the change log.
func (l *Licences) consented(ctx context.Context, tx *db.Tx, w *Work, by account.Actor, word, consentID string) error {
	if w.AccountID != by.ID {
		told := Note{Kind: ToldConsent, Subject: w.ID, Cause: word + ":" + consentID, Path: "/me/works/" + w.ID,
			Args: map[string]string{"reason": word, "handle": by.Handle}}
		if err := l.tell(ctx, tx, w.AccountID, told); err != nil {
			return err
		}
	}
	if err := l.profiles.Acted(ctx, tx, by.ID); err != nil {
		return err
	}
	if w.PublishedOn.IsZero() {
		return nil
	}
	return tx.Changed(ctx, WorkKind, w.ID)
}

// author runs fn on a work and the actor's own part of its newest version.
func (l *Licences) author(ctx context.Context, by account.Actor, workID string, fn func(*db.Tx, *Work, *Contribution) error) error {
	if by.Anonymous() || by.ID == "" {
		return errNobody
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockWork(ctx, tx, workID); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, workID)
		if err != nil {
			return err
		}
		if !w.Public() && w.AccountID != by.ID {
			return errNoWork
		}
		var c Contribution
		none := fault.Of(fault.NotFound, "contribution_none")
		err = db.One(ctx, joinedParts(tx, &c).Where("c.work_id = ? AND c.version = ? AND c.contributor_id = ?", w.ID, w.Version, by.ID), none)
		if err != nil {
			return err
		}
		return fn(tx, &w, &c)
	})
}

// paid is who gets the money for licences of a work, in words: the payee that
// its steward named, else who holds the rights. Empty once nobody is left.
func (l *Licences) paid(ctx context.Context, tx *db.Tx, w *Work) (string, error) {
	if w.Payee != "" || w.AccountID == "" {
		return w.Payee, nil
	}
	if w.Basis == Owner {
		var handles []string
		err := tx.NewRaw("SELECT handle FROM account WHERE id = ?", w.AccountID).Scan(ctx, &handles)
		if err != nil || len(handles) == 0 {
			return "", err
		}
		return handles[0], nil
	}
	holder, err := holderOf(ctx, tx, w.ID)
	if err != nil || holder == nil {
		return "", err
	}
	return l.holderName(ctx, tx, holder)
}

// holderName is how a holder is called: by its own name, else by the branch's.
func (l *Licences) holderName(ctx context.Context, tx *db.Tx, h *WorkHolder) (string, error) {
	if h.Name != "" {
		return h.Name, nil
	}
	settings, err := l.settings(ctx, tx)
	return settings.Name, err
}

// holderOf is who holds the rights in a community work now; nil for none.
func holderOf(ctx context.Context, tx *db.Tx, workID string) (*WorkHolder, error) {
	var rows []WorkHolder
	err := tx.NewSelect().Model(&rows).Where("h.work_id = ?", workID).OrderExpr("h.n DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}
