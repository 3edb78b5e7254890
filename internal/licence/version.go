package licence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// HashContent reads a work's content to its end, keeps nothing of it and gives
// its SHA-256 in hex. An error is the reader's.
func HashContent(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// VersionInput is what the steward types of a new version.
type VersionInput struct {
	Label  string // such as 2.1
	SHA256 string // of the content, hex; empty: not told
	Edit   int64  // of the work as it was read; 0: whatever is there
}

func cleanVersion(in VersionInput) (VersionInput, fault.Fields) {
	var bad fault.Fields
	in.Label = profile.Line(in.Label)
	if in.Label == "" {
		bad.Add(fault.Bad("label", "required"))
	}
	bad.Add(profile.Bounded("label", in.Label, MaxLabel))
	sum, wrong := digest(in.SHA256)
	in.SHA256 = sum
	bad.Add(wrong)
	return in, bad
}

// AddVersion adds a version to a work that the actor looks after. Its parts
// come over from the version before with their grounds, but for consents: each
// was given for one version, so those parts are open again and their authors
// are asked. Offers go over where nothing is missing, else they pause. What was
// sold stays as it was. Faults: Unauthenticated; NotFound (work_unknown);
// Conflict (changed_meanwhile, work_state for a withdrawn work,
// too_many_versions); Invalid label (required, too_long, text_form), sha256
// (sha256_form).
func (l *Licences) AddVersion(ctx context.Context, by account.Actor, id string, in VersionInput) (out WorkVersion, err error) {
	in, bad := cleanVersion(in)
	err = l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		switch {
		case in.Edit > 0 && in.Edit != w.Edit:
			return errChanged
		case w.State == WorkWithdrawn:
			return errWorkState
		case w.Version >= MaxVersions:
			return fault.Of(fault.Conflict, "too_many_versions").With("Max", MaxVersions)
		}
		if err := bad.Err(); err != nil {
			return err
		}
		before := w.Version
		w.Version++
		out = WorkVersion{WorkID: w.ID, N: w.Version, Label: in.Label, SHA256: in.SHA256, AddedOn: tx.Today()}
		if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
			return err
		}
		if err := l.updateWork(ctx, tx, w); err != nil {
			return err
		}
		if err := l.carryParts(ctx, tx, w, before, by); err != nil {
			return err
		}
		return l.carryOffers(ctx, tx, w)
	})
	if err != nil {
		return WorkVersion{}, err
	}
	return out, nil
}

// carryParts copies the parts of the version before.
func (l *Licences) carryParts(ctx context.Context, tx *db.Tx, w *Work, before int, by account.Actor) error {
	rows, err := parts(ctx, tx, []string{w.ID}, before)
	if err != nil {
		return err
	}
	for _, c := range rows {
		asked := c.Ground == GroundConsent
		c.ID, c.Version, c.ConsentID = tx.RandomID(), w.Version, ""
		if asked {
			c.Ground = GroundOpen
		}
		if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
			return err
		}
		if !asked {
			continue
		}
		if err := l.ask(ctx, tx, w, c.ContributorID, by); err != nil {
			return err
		}
	}
	return nil
}

// carryOffers moves the open offers of a work to its newest version, or pauses
// them where that one may not be sold.
func (l *Licences) carryOffers(ctx context.Context, tx *db.Tx, w *Work) error {
	rows, err := offersOf(ctx, tx, []string{w.ID}, OfferOpen)
	if err != nil {
		return err
	}
	for i := range rows {
		o := &rows[i]
		o.Version = w.Version
		missing, err := l.gateOffer(ctx, tx, w, o)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			o.State = OfferPaused
		}
		if err := saveOffer(ctx, tx, o); err != nil {
			return err
		}
	}
	return nil
}
