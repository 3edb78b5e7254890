package licence

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// OfferState is whether an offer can be had.
type OfferState string

// The states of an offer.
const (
	OfferOpen      OfferState = "open"
	OfferPaused    OfferState = "paused"
	OfferWithdrawn OfferState = "withdrawn" // for good
)

// OfferStates lists the states of offers in their order.
func OfferStates() []OfferState { return []OfferState{OfferOpen, OfferPaused, OfferWithdrawn} }

// Price is one length of a licence and what it costs.
type Price struct {
	Days     int    `json:"days"`
	Amount   int64  `json:"amount"` // minor units; 0: free
	Currency string `json:"currency"`
}

// Money is the price as an amount.
func (p Price) Money() money.Amount { return money.Amount{Minor: p.Amount, Currency: p.Currency} }

// Way is one way in which the payee can be paid.
type Way struct {
	Country  string         `json:"country"` // from where: ISO 3166-1 alpha-2, or WW
	Method   payment.Method `json:"method"`  // direct, link or stripe
	Currency string         `json:"currency"`
}

// Offer is one row: the terms under which a work may be used commercially.
type Offer struct {
	bun.BaseModel `bun:"table:offer,alias:o"`

	ID           string     `bun:"id,pk"`
	WorkID       string     `bun:"work_id"`
	Version      int        `bun:"version"`             // of the work
	AccountID    string     `bun:"account_id,nullzero"` // the seller; empty once erased
	Uses         []cert.Use `bun:"uses,type:jsonb"`
	Channel      string     `bun:"channel"`
	Territory    []string   `bun:"territory,type:jsonb"`
	Learners     int        `bun:"learners"`    // 0: no limit
	RefundDays   int        `bun:"refund_days"` // money back without a reason within so many days
	GraceDays    int        `bun:"grace_days"`  // after the end, for copies that were begun
	Payee        string     `bun:"payee"`       // in words
	NotFund      bool       `bun:"not_fund"`    // the payee is not the fund: always stated
	Ways         []Way      `bun:"ways,type:jsonb"`
	Link         string     `bun:"link"` // for method link
	TermsVersion string     `bun:"terms_version"`
	State        OfferState `bun:"state"`
	CreatedOn    time.Time  `bun:"created_on"`
	Edit         int64      `bun:"edit"`

	Prices []Price `bun:"-"` // shortest first, then by currency
}

// Price finds the price of a length in a currency; with "" the first.
func (o *Offer) Price(days int, currency string) (Price, bool) {
	for _, p := range o.Prices {
		if p.Days == days && (currency == "" || p.Currency == currency) {
			return p, true
		}
	}
	return Price{}, false
}

// OfferInput is what a seller types. Editing replaces all of it; a State ""
// keeps the state there is, open at first.
type OfferInput struct {
	Uses       []cert.Use
	Channel    string
	Territory  []string // empty: WW
	Learners   int
	Prices     []Price
	RefundDays int
	GraceDays  int
	Payee      string // empty: the work's
	NotFund    bool
	Ways       []Way // empty: directly, from everywhere, in each currency of the prices
	Link       string
	Terms      string // version; empty: the current
	State      OfferState
	Edit       int64 // of the offer that was edited; 0: whatever is there
}

// The bounds of offers.
const (
	MaxOffers      = 20 // of one work
	MaxPrices      = 20 // of one offer
	MaxTerritories = 60
	MaxWays        = 30
	MaxLearners    = 1_000_000
	MaxRefund      = 365 // days
	MaxGrace       = 365 // days
	MaxOfferLink   = 500
	DefaultGrace   = 30 // days: what a form begins with
	DefaultRefund  = 14 // days
)

// AddOffer makes an offer for the newest version of a work that the actor may
// license: the owner of the work, of a community work an operator of this
// branch, which is its only seller. Faults: Unauthenticated; NotFound
// (work_unknown); those of Gate, and consent_payee (argument Name) where a
// consent is for another payee; Forbidden (holder_needed); Conflict
// (too_many_offers); Invalid as fault.Fields with the field's name, see
// OfferInput: required, value_unknown, use_no_derivatives, territory_unknown,
// territory_mixed, number_range, price_days, price_twice, money_negative,
// money_too_large, currency_unknown, not_fund_needed, fund_destination,
// way_method, way_off, way_price, way_country, way_missing (argument Currency), link_form,
// link_host, terms_unknown, state_unknown, too_many, too_long, text_form.
func (l *Licences) AddOffer(ctx context.Context, by account.Actor, workID string, in OfferInput) (out Offer, err error) {
	err = l.writeWork(ctx, by, workID, func(tx *db.Tx, w *Work) error {
		row := Offer{ID: tx.RandomID(), WorkID: w.ID, AccountID: by.ID, State: OfferOpen, CreatedOn: tx.Today(), Edit: 1}
		if err := l.fillOffer(ctx, tx, w, &row, in); err != nil {
			return err
		}
		if in.State != "" {
			row.State = in.State
		}
		if err := l.mayOffer(ctx, tx, by, w, &row); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*Offer)(nil)).Where("o.work_id = ? AND o.state <> ?", w.ID, OfferWithdrawn).Count(ctx)
		if err != nil {
			return err
		}
		if n >= MaxOffers {
			return conflict("too_many_offers").With("Max", MaxOffers)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		out = row
		if err := savePrices(ctx, tx, &row); err != nil {
			return err
		}
		return l.changed(ctx, tx, w)
	})
	if err != nil {
		return Offer{}, err
	}
	return out, nil
}

// mayOffer asks the gate, and of a community work the actor's role.
func (l *Licences) mayOffer(ctx context.Context, tx *db.Tx, by account.Actor, w *Work, o *Offer) error {
	missing, err := l.gateOffer(ctx, tx, w, o)
	if err != nil {
		return err
	}
	if err := missing.Err(); err != nil {
		return err
	}
	if by.ID == "" || w.Basis == Community && !by.Is(account.Operator) {
		return fault.Of(fault.Forbidden, "holder_needed")
	}
	return nil
}

// EditOffer replaces an offer of the actor and brings it to the newest version
// of the work; orders that were made keep what they froze. Faults: those of
// AddOffer; NotFound (offer_unknown) for another's; Conflict (changed_meanwhile,
// offer_state for a withdrawn one).
func (l *Licences) EditOffer(ctx context.Context, by account.Actor, id string, in OfferInput) (Offer, error) {
	return l.writeOffer(ctx, by, id, func(tx *db.Tx, w *Work, o *Offer) error {
		switch {
		case in.Edit > 0 && in.Edit != o.Edit:
			return errChanged
		case o.State == OfferWithdrawn:
			return conflict("offer_state")
		}
		from := o.State
		if err := l.fillOffer(ctx, tx, w, o, in); err != nil {
			return err
		}
		if in.State != "" {
			if err := o.step(from, in.State); err != nil {
				return err
			}
		}
		if o.State == OfferOpen {
			if err := l.mayOffer(ctx, tx, by, w, o); err != nil {
				return err
			}
		}
		return savePrices(ctx, tx, o)
	})
}

// MoveOffer opens, pauses or withdraws an offer of the actor. Opening asks the
// gate and takes the newest version of the work. Faults: those of EditOffer.
func (l *Licences) MoveOffer(ctx context.Context, by account.Actor, id string, to OfferState) (Offer, error) {
	return l.writeOffer(ctx, by, id, func(tx *db.Tx, w *Work, o *Offer) error {
		if err := o.step(o.State, to); err != nil {
			return err
		}
		if to != OfferOpen {
			return nil
		}
		o.Version = w.Version
		return l.mayOffer(ctx, tx, by, w, o)
	})
}

// step goes one way of the machine; staying is no step. Fault: Conflict (offer_state).
func (o *Offer) step(from, to OfferState) error {
	if !slices.Contains(OfferStates(), to) {
		return fault.Bad("state", "state_unknown")
	}
	if from != to && !slices.Contains(OfferSteps(), OfferStep{from, to}) {
		return conflict("offer_state")
	}
	o.State = to
	return nil
}

// writeOffer runs fn on an offer of the actor, under its work's lock, and
// writes it. Of a community work every operator looks after the offers.
func (l *Licences) writeOffer(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *Work, *Offer) error) (out Offer, err error) {
	if by.Anonymous() {
		return Offer{}, errNobody
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		o, w, err := l.lockOffer(ctx, tx, id)
		if err != nil {
			return err
		}
		if o.AccountID != by.ID && !(w.Basis == Community && by.Is(account.Operator)) {
			return errNoOffer
		}
		if err := fn(tx, &w, &o); err != nil {
			return err
		}
		if err := saveOffer(ctx, tx, &o); err != nil {
			return err
		}
		out = o
		return l.changed(ctx, tx, &w)
	})
	if err != nil {
		return Offer{}, err
	}
	return out, nil
}

// lockOffer reads an offer with its prices and its work, under the work's
// lock: whatever closes the gate waits for the sale, or the sale for it.
func (l *Licences) lockOffer(ctx context.Context, tx *db.Tx, id string) (Offer, Work, error) {
	if !formed(id) {
		return Offer{}, Work{}, errNoOffer
	}
	var workID []string
	if err := tx.NewRaw("SELECT work_id FROM offer WHERE id = ?", id).Scan(ctx, &workID); err != nil {
		return Offer{}, Work{}, err
	}
	if len(workID) == 0 {
		return Offer{}, Work{}, errNoOffer
	}
	if err := l.lockWork(ctx, tx, workID[0]); err != nil {
		return Offer{}, Work{}, err
	}
	var rows []Offer
	if err := tx.NewSelect().Model(&rows).Where("o.id = ?", id).Scan(ctx); err != nil {
		return Offer{}, Work{}, err
	}
	if len(rows) == 0 {
		return Offer{}, Work{}, errNoOffer
	}
	if err := withPrices(ctx, tx, rows); err != nil {
		return Offer{}, Work{}, err
	}
	w, err := findWork(ctx, tx, rows[0].WorkID)
	return rows[0], w, err
}

// saveOffer writes a changed offer under the edit it was read with.
func saveOffer(ctx context.Context, tx *db.Tx, o *Offer) error {
	read := o.Edit
	o.Edit++
	res, err := tx.NewUpdate().Model(o).WherePK().Where("edit = ?", read).Exec(ctx)
	return db.Must(res, err, errChanged)
}

// offerPrice is one row of a price.
type offerPrice struct {
	bun.BaseModel `bun:"table:offer_price,alias:op"`

	OfferID  string `bun:"offer_id,pk"`
	Days     int    `bun:"days,pk"`
	Currency string `bun:"currency,pk"`
	Amount   int64  `bun:"amount"`
}

// savePrices replaces the prices of an offer.
func savePrices(ctx context.Context, tx *db.Tx, o *Offer) error {
	if _, err := tx.NewDelete().Model((*offerPrice)(nil)).Where("offer_id = ?", o.ID).Exec(ctx); err != nil {
		return err
	}
	rows := make([]offerPrice, len(o.Prices))
	for i, p := range o.Prices {
		rows[i] = offerPrice{OfferID: o.ID, Days: p.Days, Currency: p.Currency, Amount: p.Amount}
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// offersOf reads the offers for works with their prices: of one state, or with
// "" of all, oldest first.
func offersOf(ctx context.Context, tx *db.Tx, workIDs []string, state OfferState) (rows []Offer, err error) {
	if len(workIDs) == 0 {
		return nil, nil
	}
	q := tx.NewSelect().Model(&rows).Where("o.work_id IN (?)", bun.In(workIDs))
	if state != "" {
		q = q.Where("o.state = ?", state)
	}
	if err := q.OrderExpr("o.created_on, o.id").Scan(ctx); err != nil {
		return nil, err
	}
	return rows, withPrices(ctx, tx, rows)
}

// withPrices fills the prices of offers.
func withPrices(ctx context.Context, tx *db.Tx, offers []Offer) error {
	if len(offers) == 0 {
		return nil
	}
	at := make(map[string]int, len(offers))
	ids := make([]string, len(offers))
	for i := range offers {
		at[offers[i].ID], ids[i] = i, offers[i].ID
	}
	var rows []offerPrice
	err := tx.NewSelect().Model(&rows).Where("op.offer_id IN (?)", bun.In(ids)).OrderExpr("op.offer_id, op.days, op.currency").Scan(ctx)
	for _, p := range rows {
		o := &offers[at[p.OfferID]]
		o.Prices = append(o.Prices, Price{Days: p.Days, Amount: p.Amount, Currency: p.Currency})
	}
	return err
}

// selling reads an open offer that can be sold at this moment, with its work
// and version, under the work's lock. Faults: NotFound (offer_unknown);
// Conflict (offer_closed), or those of the gate as fault.Fields.
func (l *Licences) selling(ctx context.Context, tx *db.Tx, id string) (Offer, WorkView, error) {
	o, w, err := l.lockOffer(ctx, tx, id)
	if err != nil {
		return Offer{}, WorkView{}, err
	}
	if !w.Public() {
		return Offer{}, WorkView{}, errNoOffer
	}
	all, err := l.views(ctx, tx, account.Actor{}, []Work{w})
	if err != nil {
		return Offer{}, WorkView{}, err
	}
	view := all[0]
	if err := append(view.Missing, payeeMissing(view.Contributions, o.Payee)...).Err(); err != nil {
		return Offer{}, WorkView{}, err
	}
	if o.State != OfferOpen || o.AccountID == "" || o.Version != w.Version {
		return Offer{}, WorkView{}, conflict("offer_closed")
	}
	return o, view, nil
}

// SellerSilent pauses the open offers of a seller who left a payment that was
// claimed without an answer. It implements payment.Pausing.
func (l *Licences) SellerSilent(ctx context.Context, tx *db.Tx, o *payment.Order) error {
	return l.closeOffers(ctx, tx, o.SellerID, OfferPaused)
}

// closeOffers brings all open offers of a seller, or with OfferWithdrawn the
// paused ones too, into a state, in the caller's unit of work.
func (l *Licences) closeOffers(ctx context.Context, tx *db.Tx, sellerID string, to OfferState) error {
	if sellerID == "" {
		return nil
	}
	var works []string
	err := tx.NewRaw("SELECT DISTINCT work_id FROM offer WHERE account_id = ? AND state <> ?", sellerID, OfferWithdrawn).Scan(ctx, &works)
	if err != nil {
		return err
	}
	q := tx.NewUpdate().Model((*Offer)(nil)).Set("state = ?", to).Set("edit = edit + 1").Where("account_id = ?", sellerID)
	if to == OfferPaused {
		q = q.Where("state = ?", OfferOpen)
	} else {
		q = q.Where("state <> ?", OfferWithdrawn)
	}
	if _, err := q.Exec(ctx); err != nil {
		return err
	}
	for _, id := range works {
		if err := tx.Changed(ctx, WorkKind, id); err != nil {
			return err
		}
	}
	return nil
}
