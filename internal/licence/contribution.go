package licence

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
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

// The bounds of contributions, in characters.
const (
	MaxPart       = 300
	MaxPartName   = 100
	MaxPartSource = 300
)

// PartLicences lists the licences that a part of a third party can be under,
// those that let it be sold with a work first.
func PartLicences() []string { return append(free(), bound()...) }

// free are licences whose works may be sold within others, attribution kept.
func free() []string {
	return []string{"CC0-1.0", "CC-BY-4.0", "CC-BY-3.0", "public-domain", "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Unlicense", "OFL-1.1"}
}

// bound are licences whose terms a licence of ours would break: not for money,
// only under the same licence, or unchanged.
func bound() []string {
	return []string{"CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "CC-BY-SA-4.0", "CC-BY-SA-3.0", "CC-BY-ND-4.0", "GFDL-1.3",
		"GPL-2.0", "GPL-3.0", "LGPL-3.0", "AGPL-3.0", "MPL-2.0", "other"}
}

// Blocks tells whether a third party's part under this licence keeps a work
// from being sold.
func Blocks(licence string) bool { return !slices.Contains(free(), licence) }

// PartInput is what the steward types of a contribution. Handle or Name says
// whose it is: an account, or somebody who has none here.
type PartInput struct {
	Handle  string
	Name    string
	Part    string
	Source  string // address of a third party's part
	Ground  PartGround
	Licence string    // of a third party's part, one of PartLicences
	MadeOn  time.Time // day on which it was made; zero: now
}

// clean brings an input into its stored form and says all that is wrong.
func (in PartInput) clean(now time.Time) (PartInput, fault.Fields) {
	var bad fault.Fields
	in.Handle, in.Name, in.Part = strings.TrimPrefix(strings.TrimSpace(in.Handle), "@"), profile.Line(in.Name), profile.Line(in.Part)
	in.Source = strings.TrimSpace(in.Source)
	in.Ground = cmp.Or(in.Ground, GroundOpen)
	if (in.Handle == "") == (in.Name == "") {
		bad.Add(fault.Bad("handle", "handle_or_name"))
	}
	bad.Add(profile.Bounded("name", in.Name, MaxPartName))
	bad.Add(profile.Bounded("part", in.Part, MaxPart))
	bad.Add(address("source", in.Source, MaxPartSource))
	if !slices.Contains(PartGrounds(), in.Ground) {
		bad.Add(fault.Bad("ground", "value_unknown"))
	}
	if in.Ground == GroundThird {
		bad.Add(oneOf("licence", in.Licence, PartLicences()))
		if in.Handle != "" {
			bad.Add(fault.Bad("ground", "ground_third_name"))
		}
	} else {
		in.Licence = ""
	}
	if in.MadeOn.After(now) {
		bad.Add(fault.Bad("made_on", "day_future"))
	}
	return in, bad
}

// AddContribution names one more part of the newest version of a work that the
// actor looks after. An account whose part has no ground is asked for its
// consent, which nobody but itself can give. Faults: Unauthenticated; NotFound
// (work_unknown); Conflict (too_many_authors, contribution_exists,
// ground_owner, ground_community, ground_consent, ground_retroactive,
// consent_withdrawn: the ground does not cover this part); Invalid with the
// field's name: handle_or_name, handle_unknown, too_long, text_form, link_form,
// value_unknown, required, ground_third_name, day_future.
func (l *Licences) AddContribution(ctx context.Context, by account.Actor, workID string, in PartInput) (out Contribution, err error) {
	in, bad := in.clean(l.db.Now())
	err = l.writeWork(ctx, by, workID, func(tx *db.Tx, w *Work) error {
		row := Contribution{ID: tx.RandomID(), WorkID: w.ID, Version: w.Version, Name: in.Name, MadeAt: tx.Now}
		all := slices.Clone(bad)
		if in.Handle != "" {
			var err error
			if row.ContributorID, err = accountOf(ctx, tx, in.Handle); err != nil {
				return err
			}
			if row.ContributorID == "" {
				all.Add(fault.Bad("handle", "handle_unknown").With("Handle", clip(in.Handle, 30)))
			}
		}
		if err := all.Err(); err != nil {
			return err
		}
		if err := l.room(ctx, tx, &row); err != nil {
			return err
		}
		if err := l.cover(ctx, tx, w, &row, in); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		out = row
		return l.partChanged(ctx, tx, w, &row, by)
	})
	if err != nil {
		return Contribution{}, err
	}
	return out, nil
}

// room refuses a second part of one account and too many of all.
func (l *Licences) room(ctx context.Context, tx *db.Tx, c *Contribution) error {
	rows, err := parts(ctx, tx, []string{c.WorkID}, c.Version)
	if err != nil {
		return err
	}
	if len(rows) >= MaxAuthors {
		return fault.Of(fault.Conflict, "too_many_authors").With("Max", MaxAuthors)
	}
	for i := range rows {
		if c.ContributorID != "" && rows[i].ContributorID == c.ContributorID {
			return fault.Of(fault.Conflict, "contribution_exists")
		}
	}
	return nil
}

// cover takes a ground for a part, if it covers it.
func (l *Licences) cover(ctx context.Context, tx *db.Tx, w *Work, c *Contribution, in PartInput) error {
	c.Part, c.Source, c.Licence = in.Part, in.Source, in.Licence
	if !in.MadeOn.IsZero() && in.MadeOn.Before(c.MadeAt) {
		c.MadeAt = db.Day(in.MadeOn)
	}
	if in.Ground == c.Ground && in.Ground != GroundAgreement {
		return nil
	}
	owner := c.ContributorID != "" && c.ContributorID == w.AccountID
	c.Agreement, c.AcceptanceID, c.ConsentID = 0, "", ""
	switch in.Ground {
	case GroundOwn:
		if w.Basis != Owner || !owner {
			return fault.Of(fault.Conflict, "ground_owner")
		}
	case GroundPatch:
		if w.Basis != Owner || owner {
			return fault.Of(fault.Conflict, "ground_owner")
		}
		if err := tookBack(ctx, tx, c); err != nil {
			return err
		}
	case GroundAgreement:
		if err := l.agreed(ctx, tx, w, c); err != nil {
			return err
		}
	case GroundConsent:
		return fault.Of(fault.Conflict, "ground_consent") // only its author says so
	}
	c.Ground = in.Ground
	return nil
}

// tookBack refuses to declare a part a patch whose author took a consent back:
// that would be selling against a word that was said.
func tookBack(ctx context.Context, tx *db.Tx, c *Contribution) error {
	if c.ContributorID == "" {
		return nil
	}
	n, err := tx.NewSelect().Model((*Consent)(nil)).
		Where("k.work_id = ? AND k.account_id = ? AND k.withdrawn_on IS NOT NULL", c.WorkID, c.ContributorID).Count(ctx)
	if err == nil && n > 0 {
		return fault.Of(fault.Conflict, "consent_withdrawn")
	}
	return err
}

// agreed finds the acceptance that covers a part: of an adopted agreement, and
// not later than the part.
func (l *Licences) agreed(ctx context.Context, tx *db.Tx, w *Work, c *Contribution) error {
	if w.Basis != Community {
		return fault.Of(fault.Conflict, "ground_community")
	}
	var x Acceptance
	none := fault.Of(fault.Conflict, "ground_retroactive")
	if c.ContributorID == "" {
		return none
	}
	err := db.One(ctx, tx.NewSelect().Model(&x).Where("x.account_id = ? AND x.accepted_at <= ?", c.ContributorID, c.MadeAt).
		OrderExpr("x.agreement DESC"), none)
	c.Agreement, c.AcceptanceID = x.Agreement, x.ID
	return err
}

// EditContribution replaces what the steward typed of a part of the newest
// version: its words and its ground. Whose it is stays. Faults: those of
// AddContribution; NotFound (contribution_unknown); Conflict (version_past) for
// one of an earlier version.
func (l *Licences) EditContribution(ctx context.Context, by account.Actor, id string, in PartInput) (out Contribution, err error) {
	err = l.part(ctx, by, id, func(tx *db.Tx, w *Work, row *Contribution) error {
		if !steward(by, w) {
			return errNoPart
		}
		in.Handle, in.Name = row.Handle, row.Name
		if row.Handle == "" && row.Name == "" {
			in.Name = row.ID // of an erased account; the row keeps no name
		}
		in, bad := in.clean(tx.Now)
		if err := bad.Err(); err != nil {
			return err
		}
		if in.Ground == GroundThird && row.Name == "" {
			return fault.Bad("ground", "ground_third_name")
		}
		if err := l.cover(ctx, tx, w, row, in); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
			return err
		}
		out = *row
		return l.partChanged(ctx, tx, w, row, by)
	})
	if err != nil {
		return Contribution{}, err
	}
	return out, nil
}

// RemoveContribution takes a part out of the newest version: its steward may
// while its author has said nothing about this version, the author always.
// Faults: Unauthenticated; NotFound (contribution_unknown); Conflict
// (version_past, contribution_said).
func (l *Licences) RemoveContribution(ctx context.Context, by account.Actor, id string) error {
	return l.part(ctx, by, id, func(tx *db.Tx, w *Work, row *Contribution) error {
		if row.ContributorID != by.ID {
			said, err := tx.NewSelect().Model((*Consent)(nil)).
				Where("k.work_id = ? AND k.version = ? AND k.account_id = ?", w.ID, w.Version, row.ContributorID).Count(ctx)
			if err != nil {
				return err
			}
			if said > 0 {
				return fault.Of(fault.Conflict, "contribution_said")
			}
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.changed(ctx, tx, w)
	})
}

var errNoPart = fault.Of(fault.NotFound, "contribution_unknown")

// part runs fn on a part of the newest version of a work that the actor looks
// after or made.
func (l *Licences) part(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *Work, *Contribution) error) error {
	if by.Anonymous() {
		return errNobody
	}
	if !formed(id) {
		return errNoPart
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		var workID []string
		if err := tx.NewRaw("SELECT work_id FROM contribution WHERE id = ?", id).Scan(ctx, &workID); err != nil {
			return err
		}
		if len(workID) == 0 {
			return errNoPart
		}
		if err := l.lockWork(ctx, tx, workID[0]); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, workID[0])
		if err != nil {
			return err
		}
		var row Contribution
		if err := db.One(ctx, joinedParts(tx, &row).Where("c.id = ?", id), errNoPart); err != nil {
			return err
		}
		author := by.ID != "" && by.ID == row.ContributorID
		switch {
		case !steward(by, &w) && !(author && w.Public()):
			return errNoPart
		case row.Version != w.Version:
			return fault.Of(fault.Conflict, "version_past")
		}
		return fn(tx, &w, &row)
	})
}

// partChanged asks the author of a part without a ground, and puts the work
// into the change log.
func (l *Licences) partChanged(ctx context.Context, tx *db.Tx, w *Work, c *Contribution, by account.Actor) error {
	if c.Ground == GroundOpen {
		if err := l.ask(ctx, tx, w, c.ContributorID, by); err != nil {
			return err
		}
	}
	return l.changed(ctx, tx, w)
}

// ask tells an author that a work waits for a consent: once a version, and not
// before everybody can see the work.
func (l *Licences) ask(ctx context.Context, tx *db.Tx, w *Work, accountID string, by account.Actor) error {
	if accountID == by.ID || !w.Public() {
		return nil
	}
	return l.tell(ctx, tx, accountID, Note{Kind: ToldConsent, Subject: w.ID, Cause: "asked:" + strconv.Itoa(w.Version),
		Path: WorkPath(w.ID) + "/consent", Args: map[string]string{"reason": "asked", "handle": by.Handle}})
}

// joinedParts selects contributions with the names that may be shown.
func joinedParts(tx *db.Tx, rows any) *bun.SelectQuery {
	return tx.NewSelect().Model(rows).ColumnExpr("c.*").
		ColumnExpr("coalesce(a.handle, '') AS handle").
		ColumnExpr("coalesce(CASE WHEN p.approved AND (p.tutor OR p.creator) AND (p.state = 'open' OR p.state = 'paused' AND p.published_on IS NOT NULL) THEN nullif(p.name, '') END, a.handle, c.name) AS shown").
		ColumnExpr("coalesce(k.payee, '') AS payee").ColumnExpr("k.id IS NOT NULL AS has_given").
		Join("LEFT JOIN account AS a ON a.id = c.contributor_id").
		Join("LEFT JOIN profile AS p ON p.account_id = c.contributor_id").
		Join("LEFT JOIN consent AS k ON k.id = c.consent_id AND k.withdrawn_on IS NULL")
}

// parts reads the contributions to works, in the order in which they were
// named: of one version, or with 0 of the newest of each.
func parts(ctx context.Context, tx *db.Tx, workIDs []string, version int) (rows []Contribution, err error) {
	if len(workIDs) == 0 {
		return nil, nil
	}
	q := joinedParts(tx, &rows).Where("c.work_id IN (?)", bun.In(workIDs))
	if version > 0 {
		q = q.Where("c.version = ?", version)
	} else {
		q = q.Join("JOIN work AS w ON w.id = c.work_id AND w.version = c.version")
	}
	err = q.OrderExpr("c.work_id, c.ground <> 'own', c.made_at, c.id").Scan(ctx)
	return rows, err
}
