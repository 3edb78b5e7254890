// Package market is the exchange between people: what a tutor offers. It
// promises that a service is found exactly while it is published and its
// tutor's profile is open, that every one says what it costs (an amount,
// nothing, or "by agreement"), and that another person's drafts do not exist.
// It refuses to know how money moves.
package market

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
)

// State is who may see a service.
type State string

// The states.
const (
	Draft     State = "draft"     // its owner alone
	Published State = "published" // everybody, while the profile is open
	Paused    State = "paused"    // its page says so; not listed and not found
)

// Format is how people work together, one of profile.Formats.
type Format = string

// Service is one row: a thing that a tutor offers.
type Service struct {
	bun.BaseModel `bun:"table:service,alias:s"`

	ID          string    `bun:"id,pk"`
	AccountID   string    `bun:"account_id"`
	Title       string    `bun:"title"`
	Summary     string    `bun:"summary"`
	Format      Format    `bun:"format"`
	Minutes     int       `bun:"minutes"`  // 0: not by the clock
	Price       *int64    `bun:"price"`    // minor units; nil: by agreement; 0: free
	Currency    string    `bun:"currency"` // may be empty when free or by agreement
	ByAgreement bool      `bun:"by_agreement"`
	FreeTrial   bool      `bun:"free_trial"`
	Rules       string    `bun:"rules"` // Markdown
	State       State     `bun:"state"`
	PublishedOn time.Time `bun:"published_on,nullzero"` // day of the first publication
	Version     int64     `bun:"version"`
}

// Amount is the price, nil when it is by agreement.
func (s *Service) Amount() *money.Amount {
	if s.Price == nil {
		return nil
	}
	return &money.Amount{Minor: *s.Price, Currency: s.Currency}
}

// Free tells whether the service costs nothing.
func (s *Service) Free() bool { return s.Price != nil && *s.Price == 0 }

// readable tells whether everybody may open the service's page, if they may
// open its tutor's.
func (s *Service) readable() bool {
	return s.State == Published || s.State == Paused && !s.PublishedOn.IsZero()
}

// Listing is a service with what it shows of its tutor.
type Listing struct {
	Service
	Handle  string
	Name    string // display name of the tutor
	Seed    string
	Picture string
	Visible bool // everybody finds it by search

	card catalogue.Listing
}

// Card is the service as the catalogue shows it.
func (l *Listing) Card() catalogue.Listing { return l.card }

// Market is the branch's exchange. It is safe for concurrent use once wired.
type Market struct {
	db       *db.DB
	profiles *profile.Profiles
}

// New wires the exchange to the profiles: it follows their changes and tells
// them what is offered.
func New(d *db.DB, p *profile.Profiles) *Market {
	m := &Market{db: d, profiles: p}
	p.Follow(m)
	p.Selling(m)
	return m
}

// The faults that several verbs share.
var (
	errNobody  = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errUnknown = fault.Of(fault.NotFound, "service_unknown")
	errChanged = fault.Of(fault.Conflict, "changed_meanwhile")
)

// Services lists what an account offers, cheapest first: everybody sees what
// is published, its owner all. A profile that the actor may not read is
// NotFound (profile_unknown).
func (m *Market) Services(ctx context.Context, by account.Actor, handle string) ([]Service, error) {
	_, rows, err := m.services(ctx, by, handle)
	return rows, err
}

// Cards is Services as the catalogue shows them.
func (m *Market) Cards(ctx context.Context, by account.Actor, handle string) ([]catalogue.Listing, error) {
	owner, rows, err := m.services(ctx, by, handle)
	out := make([]catalogue.Listing, len(rows))
	for i := range rows {
		out[i] = card(&rows[i], &owner, m.db.Now())
	}
	return out, err
}

func (m *Market) services(ctx context.Context, by account.Actor, handle string) (owner profile.Profile, rows []Service, err error) {
	if owner, err = m.profiles.Profile(ctx, by, handle); err != nil {
		return profile.Profile{}, nil, err
	}
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		q := tx.NewSelect().Model(&rows).Where("s.account_id = ?", owner.AccountID)
		if by.ID != owner.AccountID {
			q = q.Where("s.state = ?", Published)
		}
		return q.OrderExpr("s.by_agreement, s.price, s.title, s.id").Scan(ctx)
	})
	return owner, rows, err
}

// Mine lists the actor's own services, cheapest first, also before there is a
// profile. Fault: Unauthenticated.
func (m *Market) Mine(ctx context.Context, by account.Actor) (rows []Service, err error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.NewSelect().Model(&rows).Where("s.account_id = ?", by.ID).
			OrderExpr("s.by_agreement, s.price, s.title, s.id").Scan(ctx)
	})
	return rows, err
}

// Service reads one service with its tutor. Everybody reads what is published,
// or paused after it was, of a profile that they may read; the owner reads
// everything. All else is NotFound (service_unknown).
func (m *Market) Service(ctx context.Context, by account.Actor, id string) (out Listing, err error) {
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		row, err := find(ctx, tx, id)
		if err != nil {
			return err
		}
		owner, err := profile.ByID(ctx, tx, row.AccountID)
		if fault.Is(err, fault.NotFound) {
			return errUnknown
		}
		if err != nil {
			return err
		}
		own := !by.Anonymous() && by.ID == row.AccountID
		if !own && !(row.readable() && owner.ReadableBy(by)) {
			return errUnknown
		}
		out = Listing{Service: row, Handle: owner.Handle, Name: owner.Shown(), Seed: owner.Seed, Picture: owner.Picture,
			Visible: row.State == Published && owner.Visible(), card: card(&row, &owner, tx.Now)}
		return nil
	})
	if err != nil {
		return Listing{}, err
	}
	return out, nil
}

// find reads one service; any text may be asked for.
func find(ctx context.Context, tx *db.Tx, id string) (row Service, err error) {
	if len(id) != 36 {
		return Service{}, errUnknown
	}
	err = db.One(ctx, tx.NewSelect().Model(&row).Where("s.id = ?", id), errUnknown)
	return row, err
}

// card is a service as the catalogue shows it.
func card(s *Service, owner *profile.Profile, now time.Time) catalogue.Listing {
	return catalogue.Listing{Kind: ServiceKind, ID: s.ID, Handle: owner.Handle, Name: owner.Shown(), OwnerName: owner.Shown(),
		Title: s.Title, Lead: s.Summary, Skills: owner.Skills, Levels: owner.Levels, Langs: owner.Languages, Formats: []string{s.Format},
		Price: s.Amount(), Minutes: s.Minutes, Format: s.Format, Free: s.Free(), ByAgreement: s.ByAgreement,
		Newcomer: owner.Newcomer(now), Since: s.PublishedOn, Seed: owner.Seed, Picture: owner.Picture, URL: servicePath(s.ID, "")}
}

// ProfileChanged puts the account's services that may be shown into the change
// log. It implements profile.Follower.
func (m *Market) ProfileChanged(ctx context.Context, tx *db.Tx, accountID string) error {
	var ids []string
	err := tx.NewSelect().Model((*Service)(nil)).Column("s.id").
		Where("s.account_id = ? AND s.state <> ?", accountID, Draft).OrderExpr("s.id").Scan(ctx, &ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Changed(ctx, ServiceKind, id); err != nil {
			return err
		}
	}
	return nil
}

// Offers sums up what accounts offer now, in one query. It implements
// profile.Offers.
func (m *Market) Offers(ctx context.Context, tx *db.Tx, accountIDs []string) (map[string]profile.Offer, error) {
	out := map[string]profile.Offer{}
	if len(accountIDs) == 0 {
		return out, nil
	}
	var rows []Service
	err := tx.NewSelect().Model(&rows).Column("account_id", "format", "price", "currency", "by_agreement").
		Where("s.state = ? AND s.account_id IN (?)", Published, bun.In(accountIDs)).
		OrderExpr("s.account_id, s.id").Scan(ctx)
	for i := range rows {
		s, o := &rows[i], out[rows[i].AccountID]
		switch {
		case s.Free():
			o.Free = true
		case s.ByAgreement:
			o.ByAgreement = true
		default:
			o.Prices = append(o.Prices, *s.Amount())
		}
		if !slices.Contains(o.Formats, s.Format) {
			o.Formats = append(o.Formats, s.Format)
		}
		out[s.AccountID] = o
	}
	return out, err
}
