package profile

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Save makes or replaces the actor's own profile and tells whether it was
// made. A new profile is a draft unless the input says otherwise; where the
// branch asks for approval, an open one waits for it. Faults: Unauthenticated
// (sign_in_needed); Conflict (changed_meanwhile) when another tab saved since
// Version; Invalid as fault.Fields with the field's name: too_long, text_form,
// too_many, value_unknown, language_unknown, link_form (with N, which one),
// timezone_unknown, state_unknown, until_range, version_form, and for an open
// profile role_needed (roles) and profile_empty (headline).
func (p *Profiles) Save(ctx context.Context, by account.Actor, in Input) (out Profile, created bool, err error) {
	if by.Anonymous() {
		return Profile{}, false, errNobody
	}
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		settings, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		trusted := !settings.Approval || by.Is(account.Moderator)
		out, created, err = p.save(ctx, tx, by.ID, saving{in, trusted})
		return err
	})
	if db.Duplicate(err, "profile", "account_id") || db.Duplicate(err, "profile", "pkey") {
		err = errChanged // two first saves at once
	}
	if err != nil {
		return Profile{}, false, err
	}
	return out, created, nil
}

// Put is Save for an import: it joins the caller's unit of work, needs no
// approval and takes any version.
func (p *Profiles) Put(ctx context.Context, tx *db.Tx, accountID string, in Input) error {
	in.Version = 0
	_, _, err := p.save(ctx, tx, accountID, saving{in, true})
	return err
}

// saving is an input with whether it needs no approval.
type saving struct {
	Input
	trusted bool
}

func (p *Profiles) save(ctx context.Context, tx *db.Tx, accountID string, s saving) (Profile, bool, error) {
	row, created, err := loadOrNew(ctx, tx, accountID)
	if err != nil {
		return Profile{}, false, err
	}
	if s.Version > 0 && s.Version != row.Version {
		return Profile{}, false, errChanged
	}
	before := row.clone()
	in, bad := p.clean(s.Input, tx.Now)
	row.fill(in)
	if act, ok := actFor(in.State); ok {
		if err := row.move(act); err != nil {
			return Profile{}, false, err
		}
		row.PausedUntil = in.PausedUntil
	}
	row.checkOpen(&bad)
	if err := bad.Err(); err != nil {
		return Profile{}, false, err
	}
	row.acted(tx, s.trusted)
	if err := p.store(ctx, tx, before, &row); err != nil {
		return Profile{}, false, err
	}
	return row, created, nil
}

// loadOrNew reads a profile, or makes the empty draft that it begins as.
func loadOrNew(ctx context.Context, tx *db.Tx, accountID string) (row Profile, created bool, err error) {
	if row, err = load(ctx, tx, accountID); !fault.Is(err, fault.NotFound) {
		return row, false, err
	}
	acc, err := account.ByID(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) {
		return Profile{}, false, errNobody // erased meanwhile
	}
	return Profile{AccountID: accountID, State: Draft, Handle: acc.Handle, Seed: acc.AvatarSeed, AccountState: acc.State}, true, err
}

// fill takes everything from a clean input but the state.
func (p *Profile) fill(in Input) {
	p.Tutor, p.Creator, p.Name, p.Headline, p.About = in.Tutor, in.Creator, in.Name, in.Headline, in.About
	p.Skills, p.Levels, p.Languages, p.Formats = in.Skills, in.Levels, in.Languages, in.Formats
	p.Links, p.Timezone = in.Links, in.Timezone
}

// checkOpen says what an open profile lacks: whom it is for, and anything to read.
func (p *Profile) checkOpen(bad *fault.Fields) {
	if p.State != Open {
		return
	}
	if !p.Tutor && !p.Creator {
		bad.Add(fault.Bad("roles", "role_needed"))
	}
	if p.Headline == "" && p.About == "" && len(p.Skills) == 0 {
		bad.Add(fault.Bad("headline", "profile_empty"))
	}
}

// acted notes an act of the owner; somebody trusted needs no approval.
func (p *Profile) acted(tx *db.Tx, trusted bool) {
	p.ActiveOn, p.RemindedOn = tx.Today(), time.Time{}
	if p.State != Draft && trusted {
		p.Approved = true
	}
}

// store writes a changed row under the version it was read with, sets its next
// deadline and tells the change log.
func (p *Profiles) store(ctx context.Context, tx *db.Tx, before, row *Profile) error {
	if row.Visible() && row.PublishedOn.IsZero() {
		row.PublishedOn = tx.Today()
	}
	row.Version++
	var err error
	if before.Version == 0 {
		_, err = tx.NewInsert().Model(row).Exec(ctx)
	} else {
		res, failed := tx.NewUpdate().Model(row).WherePK().Where("version = ?", before.Version).Exec(ctx)
		err = db.Must(res, failed, errChanged)
	}
	if err != nil {
		return err
	}
	if err := schedule(ctx, tx, row); err != nil {
		return err
	}
	return p.tell(ctx, tx, before, row)
}

// DropPicture is the job that removes a picture which no profile may show any
// more; whoever handles it asks PictureUsed first.
type DropPicture struct {
	Name string `json:"name"` // the blob's, a hash
}

// Kind is the job's word.
func (DropPicture) Kind() string { return "profile_drop_picture" }

const maxPicture = 80

// SetPicture shows an uploaded picture, by its blob's name, instead of the
// drawn avatar. The picture that was there is dropped. Faults: Unauthenticated;
// NotFound (profile_none); Invalid (picture_broken) for a name that is none.
func (p *Profiles) SetPicture(ctx context.Context, by account.Actor, name string) error {
	if name == "" || len(name) > maxPicture || Bounded("picture", name, maxPicture) != nil {
		return fault.Bad("picture", "picture_broken")
	}
	return p.setPicture(ctx, by, name)
}

// RemovePicture goes back to the drawn avatar. Faults: Unauthenticated;
// NotFound (profile_none).
func (p *Profiles) RemovePicture(ctx context.Context, by account.Actor) error {
	return p.setPicture(ctx, by, "")
}

func (p *Profiles) setPicture(ctx context.Context, by account.Actor, name string) error {
	return p.act(ctx, by, func(tx *db.Tx, row *Profile) error {
		old := row.Picture
		row.Picture = name
		if old == "" || old == name {
			return nil
		}
		return tx.Enqueue(ctx, DropPicture{old})
	})
}

// PictureUsed tells whether some profile shows the picture.
func (p *Profiles) PictureUsed(ctx context.Context, name string) (used bool, err error) {
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*Profile)(nil)).Where("p.picture = ?", name).Count(ctx)
		used = n > 0
		return err
	})
	return used, err
}

// act changes the actor's own profile by fn, as an act of the owner.
func (p *Profiles) act(ctx context.Context, by account.Actor, fn func(*db.Tx, *Profile) error) error {
	if by.Anonymous() {
		return errNobody
	}
	return p.db.Write(ctx, func(tx *db.Tx) error { return p.actIn(ctx, tx, by, fn) })
}

// actIn is act inside the caller's unit of work.
func (p *Profiles) actIn(ctx context.Context, tx *db.Tx, by account.Actor, fn func(*db.Tx, *Profile) error) error {
	if by.Anonymous() {
		return errNobody
	}
	row, err := load(ctx, tx, by.ID)
	if err != nil {
		return err
	}
	settings, err := branch.Load(ctx, tx)
	if err != nil {
		return err
	}
	before := row.clone()
	if err := fn(tx, &row); err != nil {
		return err
	}
	row.acted(tx, !settings.Approval || by.Is(account.Moderator))
	return p.store(ctx, tx, before, &row)
}

// Face is how somebody appears in the frame of a page.
type Face struct {
	Name    string // may be empty
	Seed    string
	Picture string // blob name; empty: the drawn avatar
}

// Face reads how the actor appears, also before there is a profile; nobody has
// an empty face.
func (p *Profiles) Face(ctx context.Context, by account.Actor) (out Face, err error) {
	if by.Anonymous() {
		return Face{}, nil
	}
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		q := tx.NewSelect().TableExpr("account AS a").Join("LEFT JOIN profile AS p ON p.account_id = a.id").
			ColumnExpr("coalesce(p.name, ''), a.avatar_seed, coalesce(p.picture, '')").Where("a.id = ?", by.ID)
		return db.One(ctx, q, errNobody, &out.Name, &out.Seed, &out.Picture)
	})
	return out, err
}
