// Package profile is the public face of an account that teaches (tutor), makes
// content (creator) or both. It promises that a draft is its owner's alone,
// that no field breaks its bound, that a second browser tab cannot overwrite
// what it has not seen, and that a profile whose owner stays silent is asked,
// then paused and told why. It refuses to keep an instant of anything a person
// did: acts are remembered by their day.
package profile

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// State is who may see a profile.
type State string

// The states.
const (
	Draft  State = "draft"  // its owner alone
	Open   State = "open"   // everybody, once approved; found by search
	Paused State = "paused" // its page says so; not found by search
)

// Cause is why a profile is paused; empty when it is not.
type Cause string

// The causes.
const (
	ByOwner   Cause = "owner"
	BySilence Cause = "silence" // no act of the owner for a long time
)

// Link is a place elsewhere that the owner chose to show.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Profile is one row, with the handle, avatar seed and state of its account.
type Profile struct {
	bun.BaseModel `bun:"table:profile,alias:p"`

	AccountID   string    `bun:"account_id,pk"`
	Tutor       bool      `bun:"tutor"`
	Creator     bool      `bun:"creator"`
	Name        string    `bun:"name"` // display name; may be empty, see Shown
	Headline    string    `bun:"headline"`
	About       string    `bun:"about"` // Markdown
	Skills      []string  `bun:"skills,type:jsonb"`
	Levels      []string  `bun:"levels,type:jsonb"`
	Languages   []string  `bun:"languages,type:jsonb"`
	Formats     []string  `bun:"formats,type:jsonb"`
	Links       []Link    `bun:"links,type:jsonb"`
	Timezone    string    `bun:"timezone"` // IANA name; may be empty
	Picture     string    `bun:"picture"`  // blob name; empty: the drawn avatar
	State       State     `bun:"state"`
	PausedBy    Cause     `bun:"paused_by"`
	PausedUntil time.Time `bun:"paused_until,nullzero"` // opens by itself then
	Approved    bool      `bun:"approved"`
	RemindedOn  time.Time `bun:"reminded_on,nullzero"`  // day on which the owner was asked for a sign
	PublishedOn time.Time `bun:"published_on,nullzero"` // day of the first publication
	ActiveOn    time.Time `bun:"active_on"`             // day of the owner's last act
	Version     int64     `bun:"version"`               // grows with every change but that of ActiveOn

	Handle       string        `bun:"handle,scanonly"`
	Seed         string        `bun:"seed,scanonly"`
	AccountState account.State `bun:"account_state,scanonly"`
}

// Shown is the display name, or the handle where none was given.
func (p *Profile) Shown() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Handle
}

// Visible tells whether everybody can find the profile. VisibleSQL is the same in SQL.
func (p *Profile) Visible() bool {
	return p.State == Open && p.Approved && (p.Tutor || p.Creator)
}

// VisibleSQL is Visible over the alias p.
const VisibleSQL = "p.state = 'open' AND p.approved AND (p.tutor OR p.creator)"

// Readable tells whether everybody can open the profile's page: it is visible,
// or paused after it was.
func (p *Profile) Readable() bool {
	paused := p.State == Paused && p.Approved && !p.PublishedOn.IsZero() && (p.Tutor || p.Creator)
	return paused || p.Visible()
}

// newcomerDays is how long somebody counts as a newcomer after the first publication.
const newcomerDays = 30

// NewcomerUntil is the end of the time as a newcomer, zero before the first publication.
func (p *Profile) NewcomerUntil() time.Time {
	if p.PublishedOn.IsZero() {
		return time.Time{}
	}
	return p.PublishedOn.AddDate(0, 0, newcomerDays)
}

// Newcomer tells whether the owner is new here at an instant.
func (p *Profile) Newcomer(now time.Time) bool { return now.Before(p.NewcomerUntil()) }

// Asked tells whether the owner is asked for a sign of life: the page /me shows it.
func (p *Profile) Asked() bool { return p.State == Open && !p.RemindedOn.IsZero() }

// Waits tells whether the profile waits for a moderator's approval.
func (p *Profile) Waits() bool { return p.State != Draft && !p.Approved }

// Follower hears of every change of a profile that the public sees, in the
// same unit of work: what it shows elsewhere changes too.
type Follower interface {
	ProfileChanged(ctx context.Context, tx *db.Tx, accountID string) error
}

// Offer is what a person offers in sum, as the catalogue needs it.
type Offer struct {
	Prices      []money.Amount // of everything that has one, free things excluded
	Free        bool           // something costs nothing
	ByAgreement bool
	Formats     []string
}

// Offers knows what people offer. One call takes a constant number of queries.
type Offers interface {
	Offers(ctx context.Context, tx *db.Tx, accountIDs []string) (map[string]Offer, error)
}

// Telling tells an owner, in the caller's unit of work, that the own profile
// will be paused in some days because of silence, or was paused now (0 days).
type Telling interface {
	Ageing(ctx context.Context, tx *db.Tx, accountID string, days int) error
}

// Profiles are the branch's profiles. They are safe for concurrent use once wired.
type Profiles struct {
	db        *db.DB
	branch    *branch.Branch
	skill     func(text string) string
	followers []Follower
	offers    Offers
	habits    Habits
	telling   Telling
}

// New wires profiles and their deadlines, so call it once a database and
// before its Work. skill turns a typed skill into its stable id, or returns ""
// for one that has none; nil: every skill stays as typed.
func New(d *db.DB, br *branch.Branch, skill func(text string) string) *Profiles {
	p := &Profiles{db: d, branch: br, skill: skill}
	d.OnDue(dueKind, p.age)
	return p
}

// Follow adds somebody who hears of changes, once. Call it while wiring.
func (p *Profiles) Follow(f Follower) {
	if !slices.Contains(p.followers, f) {
		p.followers = append(p.followers, f)
	}
}

// Selling says who knows what people offer. Call it while wiring.
func (p *Profiles) Selling(o Offers) { p.offers = o }

// Tells says who tells owners how their profiles age. Call it while wiring;
// without it only the own page shows it.
func (p *Profiles) Tells(t Telling) { p.telling = t }

// The faults that several verbs share.
var (
	errNobody  = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errRefused = fault.Of(fault.Forbidden, "not_allowed")
	errUnknown = fault.Of(fault.NotFound, "profile_unknown")
	errNone    = fault.Of(fault.NotFound, "profile_none")
	errChanged = fault.Of(fault.Conflict, "changed_meanwhile")
)

// joined selects profiles with what their accounts add.
func joined(tx *db.Tx, model any) *bun.SelectQuery { return selected(tx, model).ColumnExpr("p.*") }

// brief is joined with no more of the profile than a card shows.
func brief(tx *db.Tx, model any) *bun.SelectQuery {
	return selected(tx, model).Column("p.account_id", "p.tutor", "p.creator", "p.name", "p.headline", "p.skills", "p.levels",
		"p.languages", "p.formats", "p.picture", "p.state", "p.approved", "p.published_on")
}

func selected(tx *db.Tx, model any) *bun.SelectQuery {
	return tx.NewSelect().Model(model).
		ColumnExpr("a.handle AS handle, a.avatar_seed AS seed, a.state AS account_state").
		Join("JOIN account AS a ON a.id = p.account_id")
}

// Profile reads a profile by its account's handle. Everybody reads what is
// readable; the owner reads the own one in every state; a moderator reads what
// somebody published or paused and that waits for approval. All else is
// NotFound (profile_unknown), as is a handle that does not exist.
func (p *Profiles) Profile(ctx context.Context, by account.Actor, handle string) (out Profile, err error) {
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		out = Profile{}
		if err := db.One(ctx, joined(tx, &out).Where("a.handle = ?", handle), errUnknown); err != nil {
			return err
		}
		if !out.ReadableBy(by) {
			out = Profile{}
			return errUnknown
		}
		return nil
	})
	return out, err
}

// ReadableBy tells whether an actor may open the profile's page.
func (p *Profile) ReadableBy(by account.Actor) bool {
	own := !by.Anonymous() && by.ID == p.AccountID
	moderated := by.Is(account.Moderator) && p.State != Draft && p.AccountState == account.Active
	return p.Readable() || own || moderated
}

// Mine reads the actor's own profile. Faults: Unauthenticated (sign_in_needed);
// NotFound (profile_none) before the first Save.
func (p *Profiles) Mine(ctx context.Context, by account.Actor) (out Profile, err error) {
	if by.Anonymous() {
		return Profile{}, errNobody
	}
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		out, err = load(ctx, tx, by.ID)
		return err
	})
	return out, err
}

// load reads one profile in the caller's unit of work; absent: profile_none.
func load(ctx context.Context, tx *db.Tx, accountID string) (out Profile, err error) {
	err = db.One(ctx, joined(tx, &out).Where("p.account_id = ?", accountID), errNone)
	return out, err
}

// ByIDs reads profiles, hidden ones too, in the caller's unit of work and in
// one query. Whoever shows them asks Visible or Readable.
func ByIDs(ctx context.Context, tx *db.Tx, accountIDs []string) (map[string]*Profile, error) {
	out := make(map[string]*Profile, len(accountIDs))
	if len(accountIDs) == 0 {
		return out, nil
	}
	var rows []Profile
	err := joined(tx, &rows).Where("p.account_id IN (?)", bun.In(accountIDs)).Scan(ctx)
	for i := range rows {
		out[rows[i].AccountID] = &rows[i]
	}
	return out, err
}

// ByID reads one profile as ByIDs does. Fault: NotFound (profile_none).
func ByID(ctx context.Context, tx *db.Tx, accountID string) (Profile, error) {
	return load(ctx, tx, accountID)
}

// tell puts a change that the public sees into the change log: nothing while
// the profile was and is hidden.
func (p *Profiles) tell(ctx context.Context, tx *db.Tx, before, after *Profile) error {
	was, is := before.Readable(), after.Readable()
	if !was && !is {
		return nil
	}
	if err := p.log(ctx, tx, was && before.Tutor || is && after.Tutor, was && before.Creator || is && after.Creator, after.AccountID); err != nil {
		return err
	}
	for _, f := range p.followers {
		if err := f.ProfileChanged(ctx, tx, after.AccountID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Profiles) log(ctx context.Context, tx *db.Tx, tutor, creator bool, accountID string) error {
	if tutor {
		if err := tx.Changed(ctx, TutorKind, accountID); err != nil {
			return err
		}
	}
	if creator {
		return tx.Changed(ctx, CreatorKind, accountID)
	}
	return nil
}

// Touch says that something the profile shows of its account is another, such
// as its handle after a claim or how it answers. It joins the caller's unit of work and is
// silent where there is no profile.
func (p *Profiles) Touch(ctx context.Context, tx *db.Tx, accountID string) error {
	row, err := load(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.tell(ctx, tx, &row, &row)
}

// OfferChanged says that what a person offers is another: the profile's entry
// in the catalogue follows. It joins the caller's unit of work.
func (p *Profiles) OfferChanged(ctx context.Context, tx *db.Tx, accountID string) error {
	row, err := load(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && !row.Readable() {
		return nil
	}
	if err != nil {
		return err
	}
	return p.log(ctx, tx, row.Tutor, row.Creator, accountID)
}

// Waiting lists up to 100 profiles that wait for approval, by handle. Faults:
// Unauthenticated, Forbidden (not_allowed) for anybody but a moderator.
func (p *Profiles) Waiting(ctx context.Context, by account.Actor) (out []Profile, err error) {
	if err := moderator(by); err != nil {
		return nil, err
	}
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return joined(tx, &out).Where("NOT p.approved AND p.state <> ? AND a.state = ?", Draft, account.Active).
			OrderExpr("a.handle").Limit(100).Scan(ctx)
	})
	return out, err
}

func moderator(by account.Actor) error {
	switch {
	case by.Is(account.Moderator):
		return nil
	case by.Anonymous():
		return errNobody
	}
	return errRefused
}

// clone keeps the before of a change apart from its after.
func (p *Profile) clone() *Profile {
	out := *p
	out.Skills, out.Levels = slices.Clone(p.Skills), slices.Clone(p.Levels)
	out.Languages, out.Formats = slices.Clone(p.Languages), slices.Clone(p.Formats)
	out.Links = slices.Clone(p.Links)
	return &out
}
