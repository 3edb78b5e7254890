package licence

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Goods is the kind under which orders of licences are opened.
const Goods = "licence"

// RenewFrom is how long before its end a licence can be renewed.
const RenewFrom = 30 * 24 * time.Hour

// Purchase is what a buyer asks for.
type Purchase struct {
	OfferID        string
	Days           int
	Currency       string         // one of the offer's; empty: the first for that term
	Method         payment.Method // empty: the first of the offer's ways that fits
	Country        string         // from where the buyer pays, one of the offer's; may be empty
	Renews         string         // id of one's licence that this one continues; empty: none
	AcceptedTerms  string         // SHA-256 of the terms that the buyer has read and accepts, hex
	AsNamed        bool           // accepts the terms that the offer names now; AcceptedTerms is not read
	NameCommitment string         // base64url of sha256(salt ‖ name), both kept by the buyer; empty: none
}

// agreed is what an order freezes: all that the certificate will say but when
// it was paid and for which order. What is random in it was drawn once, here.
type agreed struct {
	Facts   cert.Facts `json:"facts"`
	Version int        `json:"version"` // of the work
	Days    int        `json:"days"`
	Offer   string     `json:"offer"`
	Until   time.Time  `json:"previous_until,omitzero"` // end of the licence that it renews
}

// errDrawn says that what was drawn at random is somebody's already.
var errDrawn = fault.Of(fault.Unavailable, "database_busy")

// Buy orders a licence: everything agreed and everything random is frozen on
// the order, and nothing of it changes any more. Asked again while such an
// order of the buyer waits, or for a free licence that still runs, it gives
// that one. Faults: Unauthenticated; NotFound offer_unknown, licence_unknown
// (what Renews names); Conflict offer_closed, licence_self, licence_revoked,
// licence_suspended, licence_renewed, renewal_early, renewal_waits,
// renewal_other; Invalid term_unknown (days), terms_changed (terms),
// method_unknown (method), country_unknown (country), commitment (name), and
// what opening an order refuses.
func (l *Licences) Buy(ctx context.Context, by account.Actor, in Purchase) (o payment.Order, err error) {
	if by.Anonymous() {
		return o, errNobody
	}
	if in.NameCommitment != "" {
		if sum, err := base64.RawURLEncoding.Strict().DecodeString(in.NameCommitment); err != nil || len(sum) != sha256.Size {
			return o, fault.Bad("name", "commitment")
		}
	}
	for range 3 { // two buyers at once may draw the same place
		err = l.db.Write(ctx, func(tx *db.Tx) (err error) {
			o, err = l.buy(ctx, tx, by, in)
			return err
		})
		if !drawnTwice(err) {
			return o, err
		}
	}
	return o, errDrawn
}

func (l *Licences) buy(ctx context.Context, tx *db.Tx, by account.Actor, in Purchase) (o payment.Order, err error) {
	if err := l.lockBuyer(ctx, tx, by.ID); err != nil {
		return o, err
	}
	if in.Renews != "" { // after the first click the licence is renewed already
		if o, err := l.freeAlready(ctx, tx, by, in); err != nil || o.ID != "" {
			return o, err
		}
	}
	chain, err := l.renewing(ctx, tx, by, in)
	if err != nil {
		return o, err
	}
	s := sale{}
	if s.Offer, s.Work, err = l.selling(ctx, tx, in.OfferID); err != nil {
		return o, err
	}
	if err := l.checkPurchase(by, &in, &s); err != nil {
		return o, err
	}
	if chain.ID != "" && chain.WorkID != s.Work.ID {
		return o, fault.Of(fault.Conflict, "renewal_other")
	}
	if s.price.Minor == 0 && chain.ID == "" {
		if o, err := l.freeAlready(ctx, tx, by, in); err != nil || o.ID != "" {
			return o, err
		}
	}
	a, err := l.freeze(ctx, tx, in, s, chain)
	if err != nil {
		return o, err
	}
	a.Facts.Price = s.price
	return l.open(ctx, tx, by, in, s, a)
}

// open opens the order, and gives the licence its place in the status lists
// unless the order was there already.
func (l *Licences) open(ctx context.Context, tx *db.Tx, by account.Actor, in Purchase, s sale, a agreed) (o payment.Order, err error) {
	terms, err := json.Marshal(a)
	if err != nil {
		return o, err
	}
	// A free order is fulfilled while it is opened, and the grant needs its place.
	if s.price.Minor == 0 {
		if err := place(ctx, tx, a.Facts); err != nil {
			return o, err
		}
	}
	o, err = payment.Open(ctx, tx, l.payments, payment.Opening{Buyer: by, SellerID: s.Offer.AccountID, Kind: Goods, Subject: s.Offer.ID,
		Title: s.Work.Title, Price: a.Facts.Price, Method: in.Method, Link: s.Offer.Link, Payee: s.Offer.Payee, Country: in.Country,
		Terms: terms, RefundDays: s.Offer.RefundDays, Once: once(in)})
	if err != nil {
		return o, err
	}
	if o.Existing {
		return o, sameRenewal(o, in)
	}
	if s.price.Minor == 0 {
		return o, nil
	}
	return o, place(ctx, tx, a.Facts)
}

// once is what makes two clicks one order: the offer and its term, or the
// licence that is renewed, whatever by.
func once(in Purchase) string {
	if in.Renews != "" {
		return "renews/" + in.Renews
	}
	return in.OfferID + "/" + itoa(in.Days) + "/" + in.Currency
}

// freeAlready finds the order of a free licence of the same offer and term, or
// of the same renewal, that the buyer has and that has not ended: nothing is
// drawn twice for two clicks.
func (l *Licences) freeAlready(ctx context.Context, tx *db.Tx, by account.Actor, in Purchase) (o payment.Order, err error) {
	g, err := loadGrant(ctx, tx, "g.buyer_id = ? AND g.offer_id = ? AND g.days = ? AND (? = '' OR g.previous_id = ?) AND g.state <> ? AND g.valid_until > ? AND EXISTS "+
		"(SELECT 1 FROM payment_order AS o WHERE o.id = g.order_id AND o.amount = 0)", by.ID, in.OfferID, in.Days, in.Renews, in.Renews, Revoked, tx.Now)
	if err != nil {
		return o, silent(err)
	}
	if o, err = payment.Load(ctx, tx, g.OrderID); err != nil {
		return payment.Order{}, err
	}
	o.Viewer, o.Existing = payment.Buyer, true
	return o, nil
}

// sameRenewal refuses a second renewal of one licence by other terms while the
// first waits: it would answer with an order that was not asked for.
func sameRenewal(o payment.Order, in Purchase) error {
	a, err := thaw(o.Terms)
	if err != nil {
		return err
	}
	if in.Renews != "" && (a.Days != in.Days || a.Offer != in.OfferID || in.Currency != "" && o.Currency != in.Currency) {
		return fault.Of(fault.Conflict, "renewal_waits").With("Order", o.ID)
	}
	return nil
}

func thaw(terms []byte) (a agreed, err error) {
	err = json.Unmarshal(terms, &a)
	return a, err
}

// lockBuyer makes the purchases of one account follow each other. A session
// whose account was erased meanwhile has ended.
func (l *Licences) lockBuyer(ctx context.Context, tx *db.Tx, id string) error {
	q := tx.NewSelect().TableExpr("account").ColumnExpr("1").Where("id = ? AND state = ?", id, account.Active)
	if l.db.Engine() != db.SQLite {
		q = q.For("NO KEY UPDATE") // a licence that is issued meanwhile may refer to the account
	}
	var one int
	return db.One(ctx, q, fault.Of(fault.Unauthenticated, "session_ended"), &one)
}

// sale is what a purchase is about, once it was checked.
type sale struct {
	Offer Offer
	Work  WorkView

	price money.Amount
	terms string // SHA-256 of the terms' text
}

// checkPurchase refuses what the offer does not offer, and completes what was
// left to it: the method.
func (l *Licences) checkPurchase(by account.Actor, in *Purchase, s *sale) error {
	if s.Offer.AccountID == by.ID {
		return fault.Of(fault.Conflict, "licence_self")
	}
	p, ok := s.Offer.Price(in.Days, in.Currency)
	if !ok {
		return fault.Bad("days", "term_unknown")
	}
	hash, ok := l.terms(s.Offer.TermsVersion)
	if !ok {
		return fmt.Errorf("licence: the terms %s of an offer are not there", s.Offer.TermsVersion)
	}
	if !in.AsNamed && in.AcceptedTerms != hash {
		return fault.Bad("terms", "terms_changed")
	}
	s.price, s.terms, in.Currency = p.Money(), hash, p.Currency
	if p.Amount == 0 {
		return nil
	}
	return s.way(in)
}

// way finds a way of the offer's to pay that fits the purchase.
func (s *sale) way(in *Purchase) error {
	if in.Country == cert.Worldwide {
		in.Country = ""
	}
	fits := func(country bool) bool {
		i := slices.IndexFunc(s.Offer.Ways, func(w Way) bool {
			return w.Currency == s.price.Currency && (in.Method == "" || w.Method == in.Method) &&
				(!country || in.Country == "" || w.Country == in.Country || w.Country == cert.Worldwide)
		})
		if i >= 0 && in.Method == "" && country {
			in.Method = s.Offer.Ways[i].Method
		}
		return i >= 0
	}
	switch {
	case !fits(false):
		return fault.Bad("method", "method_unknown")
	case !fits(true):
		return fault.Bad("country", "country_unknown")
	}
	return nil
}

// drawnTwice tells that a place or an id that was drawn is taken: a duplicate
// on PostgreSQL; on SQLite, with its one writer, drawPlace has seen it before.
func drawnTwice(err error) bool { return db.Duplicate(err, "status_entry", "") }
