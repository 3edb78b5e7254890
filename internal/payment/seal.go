package payment

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// The kinds of sealed words, beside those named by a Side.
const (
	saidDenial  = "denial"
	saidDetails = "details"
)

// orderSecret is one row: without it nothing that was sealed can be read.
type orderSecret struct {
	bun.BaseModel `bun:"table:order_secret,alias:x"`

	OrderID   string `bun:"order_id,pk"`
	SealedKey []byte `bun:"sealed_key"`
	Details   []byte `bun:"details,nullzero"`
}

// statement is one row: sealed words of one side.
type statement struct {
	bun.BaseModel `bun:"table:order_statement,alias:m"`

	OrderID string    `bun:"order_id,pk"`
	Kind    string    `bun:"kind,pk"` // denial, buyer, seller
	Sealed  []byte    `bun:"sealed"`
	MadeOn  time.Time `bun:"made_on"`
}

// box seals and opens by an order's own key.
func (p *Payments) box(s *orderSecret) (cipher.AEAD, error) {
	key, err := p.cfg.Keys.Open("order/"+s.OrderID+"/key", s.SealedKey)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// secretOf finds an order's secret; none is an empty one.
func secretOf(ctx context.Context, tx *db.Tx, orderID string) (s orderSecret, there bool, err error) {
	var rows []orderSecret
	err = tx.NewSelect().Model(&rows).Where("x.order_id = ?", orderID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return orderSecret{}, false, err
	}
	return rows[0], true, nil
}

// seal keeps words about an order, making its key with the first of them.
func (p *Payments) seal(ctx context.Context, tx *db.Tx, orderID, kind string, plain []byte) error {
	s, there, err := secretOf(ctx, tx, orderID)
	if err != nil {
		return err
	}
	if !there {
		key := sha256.Sum256([]byte(tx.RandomID() + tx.RandomID() + tx.RandomID())) // 366 random bits
		s = orderSecret{OrderID: orderID, SealedKey: p.cfg.Keys.Seal("order/"+orderID+"/key", key[:])}
		if _, err := tx.NewInsert().Model(&s).Exec(ctx); err != nil {
			return err
		}
	}
	box, err := p.box(&s)
	if err != nil {
		return err
	}
	sealed := box.Seal(nil, nil, plain, []byte("order/"+orderID+"/"+kind))
	if kind == saidDetails {
		_, err = tx.NewUpdate().Model((*orderSecret)(nil)).Set("details = ?", sealed).Where("order_id = ?", orderID).Exec(ctx)
		return err
	}
	row := statement{OrderID: orderID, Kind: kind, Sealed: sealed, MadeOn: tx.Today()}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (order_id, kind) DO UPDATE").Set("sealed = EXCLUDED.sealed, made_on = EXCLUDED.made_on").Exec(ctx)
	return err
}

// unseal reads sealed words; false where they are shredded, or sealed by a key
// that was lost.
func (p *Payments) unseal(s *orderSecret, kind string, sealed []byte) ([]byte, bool, error) {
	if len(sealed) == 0 {
		return nil, false, nil
	}
	box, err := p.box(s)
	if errors.Is(err, secret.ErrSealed) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	plain, err := box.Open(nil, nil, sealed, []byte("order/"+s.OrderID+"/"+kind))
	return plain, err == nil, nil
}

// shred makes all that was sealed about an order unreadable for good.
func shred(ctx context.Context, tx *db.Tx, o *Order) error {
	o.HasDetails = false
	for _, model := range []any{(*statement)(nil), (*orderSecret)(nil)} {
		if _, err := tx.NewDelete().Model(model).Where("order_id = ?", o.ID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// SetDetails seals where to pay. Only the buyer of this order sees it, while the
// order waits for the payment; it is shredded ShredAfter the order is closed.
// Faults: as Claim; Invalid fund_destination and those of the fields.
func (p *Payments) SetDetails(ctx context.Context, by account.Actor, id string, in Details) (Order, error) {
	return p.act(ctx, by, id, ActDetails, func(tx *db.Tx, o *Order) error {
		way, ok := p.ways[o.Method].(Stated)
		if !ok {
			return errMethod
		}
		in.Text = clean(in.Text)
		in, err := way.Details(*o, in)
		if err != nil {
			return err
		}
		if err := p.forbidden(ctx, tx, "details", in.destinations()...); err != nil {
			return err
		}
		plain, err := json.Marshal(in)
		if err != nil {
			return err
		}
		first := !o.HasDetails
		o.HasDetails = true
		if err := p.seal(ctx, tx, o.ID, saidDetails, plain); err != nil || !first {
			return err
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldReady})
	})
}

// Paying is what the two see of the way to pay.
type Paying struct {
	Details Details
	QR      string // what a bank's QR code says; empty: none
}

// Paying reads where to pay: the seller at any time while it is kept, the buyer
// while the order waits. Nobody is led to what the fund has published since.
// Faults: Unauthenticated; NotFound order_unknown, details_unknown (none,
// shredded, or not the actor's to see now).
func (p *Payments) Paying(ctx context.Context, by account.Actor, id string) (out Paying, err error) {
	err = p.read(ctx, by, id, func(tx *db.Tx, o *Order) error {
		none := fault.Of(fault.NotFound, "details_unknown")
		if o.Viewer == Moderator || o.Viewer == Buyer && o.State != AwaitingPayment {
			return none
		}
		s, there, err := secretOf(ctx, tx, id)
		if err != nil {
			return err
		}
		plain, ok, err := p.unseal(&s, saidDetails, s.Details)
		if err != nil {
			return err
		}
		if !there || !ok {
			return none
		}
		if err := json.Unmarshal(plain, &out.Details); err != nil {
			return err
		}
		if o.Viewer == Buyer {
			err := p.forbidden(ctx, tx, "details", out.Details.destinations()...)
			if fault.Is(err, fault.Invalid) {
				out = Paying{}
				return none
			}
			if err != nil {
				return err
			}
		}
		if way, ok := p.ways[o.Method].(Stated); ok {
			out.QR = way.QR(*o, out.Details)
		}
		return nil
	})
	return out, err
}

// destinations are the texts of details that could lead to somebody.
func (d Details) destinations() []string {
	out := []string{d.Text, d.IBAN}
	if d.Bank != nil {
		out = append(out, d.Bank.Account, d.Bank.Name)
	}
	return out
}

// Statements are the sealed words about an order.
type Statements struct {
	Denial string // the seller's, to the buyer
	Buyer  string // to the moderator
	Seller string // to the moderator
}

// Statements reads what was said about an order: a party sees the denial and the
// own words, the moderator all. Faults: Unauthenticated; NotFound order_unknown.
func (p *Payments) Statements(ctx context.Context, by account.Actor, id string) (out Statements, err error) {
	err = p.read(ctx, by, id, func(tx *db.Tx, o *Order) error {
		all, err := p.statements(ctx, tx, id)
		if err != nil {
			return err
		}
		out = all
		if o.Viewer == Buyer {
			out.Seller = ""
		}
		if o.Viewer == Seller {
			out.Buyer = ""
		}
		return nil
	})
	return out, err
}

func (p *Payments) statements(ctx context.Context, tx *db.Tx, id string) (out Statements, err error) {
	s, there, err := secretOf(ctx, tx, id)
	if err != nil || !there {
		return out, err
	}
	var rows []statement
	if err := tx.NewSelect().Model(&rows).Where("m.order_id = ?", id).Scan(ctx); err != nil {
		return out, err
	}
	for _, row := range rows {
		plain, _, err := p.unseal(&s, row.Kind, row.Sealed)
		if err != nil {
			return out, err
		}
		switch row.Kind {
		case saidDenial:
			out.Denial = string(plain)
		case string(Buyer):
			out.Buyer = string(plain)
		case string(Seller):
			out.Seller = string(plain)
		}
	}
	return out, nil
}
