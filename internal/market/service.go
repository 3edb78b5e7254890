package market

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
)

// The bounds of services, texts in characters.
const (
	MaxServices = 20 // of one account
	MaxTitle    = 100
	MaxSummary  = 300
	MaxRules    = 2000
	MaxMinutes  = 100_000
)

// ServiceInput is what the owner types. Editing replaces all of it; State ""
// keeps the state there is, a draft at first.
type ServiceInput struct {
	Title       string
	Summary     string
	Format      Format
	Minutes     int           // 0: not by the clock
	Price       *money.Amount // nil with ByAgreement; zero amount: free, then the currency may be empty
	ByAgreement bool
	FreeTrial   bool
	Rules       string // Markdown
	State       State
	Version     int64 // of the service that was edited; 0: whatever is there
}

// clean brings an input into its stored form and says all that is wrong.
func clean(in ServiceInput) (ServiceInput, fault.Fields) {
	var bad fault.Fields
	in.Title, in.Summary, in.Rules = profile.Line(in.Title), profile.Text(in.Summary), profile.Text(in.Rules)
	if in.Title == "" {
		bad.Add(fault.Bad("title", "required"))
	}
	bad.Add(profile.Bounded("title", in.Title, MaxTitle))
	bad.Add(profile.Bounded("summary", in.Summary, MaxSummary))
	bad.Add(profile.Bounded("rules", in.Rules, MaxRules))
	switch {
	case in.Format == "":
		bad.Add(fault.Bad("format", "format_needed"))
	case !slices.Contains(profile.Formats(), in.Format):
		bad.Add(fault.Bad("format", "value_unknown"))
	}
	if in.Minutes < 0 || in.Minutes > MaxMinutes {
		bad.Add(fault.Bad("minutes", "minutes_range").With("Max", MaxMinutes))
	}
	bad.Add(checkPrice(in))
	if in.State != "" && !slices.Contains([]State{Draft, Published, Paused}, in.State) {
		bad.Add(fault.Bad("state", "state_unknown"))
	}
	if in.Version < 0 {
		bad.Add(fault.Bad("version", "version_form"))
	}
	return in, bad
}

// checkPrice wants exactly one of an amount and "by agreement".
func checkPrice(in ServiceInput) *fault.Error {
	switch {
	case in.Price == nil && !in.ByAgreement:
		return fault.Bad("price", "price_needed")
	case in.Price == nil:
		return nil
	case in.ByAgreement:
		return fault.Bad("by_agreement", "price_and_agreement")
	case *in.Price == money.Amount{}:
		return nil // free in no currency
	}
	_, err := money.New(in.Price.Minor, in.Price.Currency)
	var wrong *fault.Error
	switch {
	case errors.As(err, &wrong):
		named := *wrong
		named.Field = "price"
		return &named
	case !money.Offered(in.Price.Currency):
		return fault.Bad("price", "currency_unknown")
	}
	return nil
}

// fill takes everything from a clean input but the state.
func (s *Service) fill(in ServiceInput) {
	s.Title, s.Summary, s.Format, s.Minutes, s.Rules = in.Title, in.Summary, in.Format, in.Minutes, in.Rules
	s.ByAgreement, s.FreeTrial, s.Price, s.Currency = in.ByAgreement, in.FreeTrial, nil, ""
	if in.Price != nil {
		minor := in.Price.Minor
		s.Price, s.Currency = &minor, in.Price.Currency
	}
}

// Transition is one way a service may go by an act of its owner.
type Transition struct{ From, To State }

// Transitions is the whole machine: what is not in it is refused. A service is
// never forced: it hides with its profile.
func Transitions() []Transition {
	return []Transition{{Draft, Draft}, {Draft, Published}, {Draft, Paused}, {Published, Draft}, {Published, Published},
		{Published, Paused}, {Paused, Draft}, {Paused, Published}, {Paused, Paused}}
}

// move goes one way of the machine. Fault: Conflict (service_state).
func (s *Service) move(to State) error {
	if !slices.Contains(Transitions(), Transition{s.State, to}) {
		return fault.Of(fault.Conflict, "service_state")
	}
	s.State = to
	return nil
}

// change is one step of an edit: what came in, and the service it becomes.
func (s *Service) change(in ServiceInput) error {
	in, bad := clean(in)
	if err := bad.Err(); err != nil {
		return err
	}
	s.fill(in)
	if in.State == "" {
		return nil
	}
	return s.move(in.State)
}

// AddService adds a service of the actor. Faults: Unauthenticated; NotFound
// (profile_none) without a profile; Conflict (too_many_services, argument Max); Invalid as fault.Fields with the
// field's name: required, too_long, text_form, format_needed, value_unknown, minutes_range,
// price_needed, price_and_agreement, currency_unknown, money_negative,
// money_too_large, state_unknown, version_form.
func (m *Market) AddService(ctx context.Context, by account.Actor, in ServiceInput) (out Service, err error) {
	if by.Anonymous() {
		return Service{}, errNobody
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if err := m.lock(ctx, tx, by.ID); err != nil {
			return err
		}
		owner, err := profile.ByID(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*Service)(nil)).Where("s.account_id = ?", by.ID).Count(ctx)
		if err != nil {
			return err
		}
		row := Service{AccountID: by.ID, State: Draft}
		if err := row.change(in); err != nil {
			return err
		}
		if n >= MaxServices {
			return errFull()
		}
		if err := m.insert(ctx, tx, &row); err != nil {
			return err
		}
		out = row
		return m.tell(ctx, tx, &owner, &Service{}, &row)
	})
	if err != nil {
		return Service{}, err
	}
	return out, nil
}

func errFull() *fault.Error {
	return fault.Of(fault.Conflict, "too_many_services").With("Max", MaxServices)
}

// lock makes the acts of one account upon its services follow each other, so
// that two tabs cannot pass the bound together. SQLite has one writer anyway.
func (m *Market) lock(ctx context.Context, tx *db.Tx, accountID string) error {
	if m.db.Engine() == db.SQLite {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM account WHERE id = ? FOR UPDATE", accountID).Scan(ctx, &one)
}

// insert writes a new service. Its id is random: one that is ordered by time
// would tell the instant of an act.
func (m *Market) insert(ctx context.Context, tx *db.Tx, row *Service) error {
	row.ID, row.Version = tx.RandomID(), 1
	row.published(tx)
	_, err := tx.NewInsert().Model(row).Exec(ctx)
	return err
}

func (s *Service) published(tx *db.Tx) {
	if s.State == Published && s.PublishedOn.IsZero() {
		s.PublishedOn = tx.Today()
	}
}

// update writes a changed service under the version it was read with.
func (m *Market) update(ctx context.Context, tx *db.Tx, row *Service) error {
	read := row.Version
	row.Version++
	row.published(tx)
	res, err := tx.NewUpdate().Model(row).WherePK().Where("version = ?", read).Exec(ctx)
	return db.Must(res, err, errChanged)
}

// tell notes the owner's act and puts what the public sees into the change log.
func (m *Market) tell(ctx context.Context, tx *db.Tx, owner *profile.Profile, before, after *Service) error {
	if err := m.profiles.Acted(ctx, tx, owner.AccountID); err != nil {
		return err
	}
	return m.log(ctx, tx, owner, before, after)
}

func (m *Market) log(ctx context.Context, tx *db.Tx, owner *profile.Profile, before, after *Service) error {
	if !owner.Readable() || !before.readable() && !after.readable() {
		return nil
	}
	id := after.ID
	if id == "" {
		id = before.ID
	}
	if err := tx.Changed(ctx, ServiceKind, id); err != nil {
		return err
	}
	return m.profiles.OfferChanged(ctx, tx, owner.AccountID)
}

// EditService replaces a service of the actor. Faults: those of AddService but
// the bound; NotFound (service_unknown) for another's; Conflict
// (changed_meanwhile) when another tab saved since Version.
func (m *Market) EditService(ctx context.Context, by account.Actor, id string, in ServiceInput) (out Service, err error) {
	err = m.own(ctx, by, id, func(tx *db.Tx, owner *profile.Profile, row Service) error {
		if in.Version > 0 && in.Version != row.Version {
			return errChanged
		}
		before := row
		if err := row.change(in); err != nil {
			return err
		}
		if err := m.update(ctx, tx, &row); err != nil {
			return err
		}
		out = row
		return m.tell(ctx, tx, owner, &before, &row)
	})
	if err != nil {
		return Service{}, err
	}
	return out, nil
}

// RemoveService removes a service of the actor for good. Faults:
// Unauthenticated; NotFound (service_unknown), also the second time.
func (m *Market) RemoveService(ctx context.Context, by account.Actor, id string) error {
	return m.own(ctx, by, id, func(tx *db.Tx, owner *profile.Profile, row Service) error {
		if err := remove(ctx, tx, row.ID); err != nil {
			return err
		}
		if err := tx.Forget(ctx, row.ID); err != nil {
			return err
		}
		return m.tell(ctx, tx, owner, &row, &Service{})
	})
}

func remove(ctx context.Context, tx *db.Tx, id string) error {
	res, err := tx.NewDelete().Model((*Service)(nil)).Where("id = ?", id).Exec(ctx)
	return db.Must(res, err, errUnknown)
}

// own runs fn on a service of the actor.
func (m *Market) own(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *profile.Profile, Service) error) error {
	if by.Anonymous() {
		return errNobody
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		row, err := find(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.AccountID != by.ID {
			return errUnknown
		}
		owner, err := profile.ByID(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		return fn(tx, &owner, row)
	})
}

// PutServices replaces all services of an account by an import, in the
// caller's unit of work. A service is known again by its title, so its address
// stays; one that did not change is not touched. Faults: those of AddService,
// each with the argument N, which one.
func (m *Market) PutServices(ctx context.Context, tx *db.Tx, accountID string, list []ServiceInput) error {
	if len(list) > MaxServices {
		return errFull()
	}
	if err := m.lock(ctx, tx, accountID); err != nil {
		return err
	}
	owner, err := profile.ByID(ctx, tx, accountID)
	if err != nil {
		return err
	}
	var rows []Service
	if err := tx.NewSelect().Model(&rows).Where("s.account_id = ?", accountID).OrderExpr("s.id").Scan(ctx); err != nil {
		return err
	}
	for i, in := range list {
		before := Service{AccountID: accountID, State: Draft}
		if at := known(rows, in); at >= 0 {
			before = rows[at]
			rows = slices.Delete(rows, at, at+1)
		}
		if err := m.put(ctx, tx, &owner, before, in); err != nil {
			return numbered(err, i+1)
		}
	}
	for i := range rows {
		if err := remove(ctx, tx, rows[i].ID); err != nil {
			return err
		}
		if err := m.log(ctx, tx, &owner, &rows[i], &Service{}); err != nil {
			return err
		}
	}
	return nil
}

// known finds the service that an imported one is: of several with its title
// the one that would not change, else the first.
func known(rows []Service, in ServiceInput) int {
	at := -1
	for i, row := range rows {
		if !strings.EqualFold(row.Title, profile.Line(in.Title)) {
			continue
		}
		if after := row; after.change(in) == nil && same(&row, &after) {
			return i
		}
		if at < 0 {
			at = i
		}
	}
	return at
}

// put writes one imported service over the one that is there, if any.
func (m *Market) put(ctx context.Context, tx *db.Tx, owner *profile.Profile, before Service, in ServiceInput) error {
	in.Version = 0
	row := before
	if err := row.change(in); err != nil {
		return err
	}
	switch {
	case before.ID == "":
		if err := m.insert(ctx, tx, &row); err != nil {
			return err
		}
	case same(&before, &row):
		return nil
	default:
		if err := m.update(ctx, tx, &row); err != nil {
			return err
		}
	}
	return m.log(ctx, tx, owner, &before, &row)
}

func same(a, b *Service) bool {
	x, y := *a, *b
	equal := (x.Price == nil) == (y.Price == nil) && (x.Price == nil || *x.Price == *y.Price)
	x.Price, y.Price = nil, nil
	return equal && x == y
}

// numbered says which of several services a fault is about.
func numbered(err error, n int) error {
	all := fault.All(err)
	if len(all) == 0 {
		return err
	}
	var out fault.Fields
	for _, e := range all {
		out.Add(e.With("N", n))
	}
	return out
}
