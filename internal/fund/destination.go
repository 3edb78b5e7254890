package fund

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Form says how a destination is written and compared.
type Form string

// The forms of destinations.
const (
	Number Form = "number" // IBAN, card, account, wallet's number or address
	Name   Form = "name"   // name of a wallet or an e-wallet's user
	Link   Form = "link"   // address of a page where one pays
)

// The states of a destination.
const (
	Published = "published"
	Withdrawn = "withdrawn" // gifts are not taken there any more; it is still the fund's
	Mistaken  = "mistaken"  // it never was the fund's: it is not compared any more
)

// The bounds of a destination, in characters.
const (
	MaxDestination = 300
	MaxLabel       = 80
)

// Destination is one place where the fund takes gifts: one row.
type Destination struct {
	bun.BaseModel `bun:"table:fund_destination,alias:d"`

	ID          string    `bun:"id,pk"`
	Kind        Form      `bun:"kind"`
	Text        string    `bun:"text"`     // as it is shown
	Compared    string    `bun:"compared"` // as it is compared
	Label       string    `bun:"label"`    // what it is: a bank's or a service's name
	State       string    `bun:"state"`
	PublishedOn time.Time `bun:"published_on"`
	EndedOn     time.Time `bun:"ended_on,nullzero"`
}

// DestinationInput is what an operator publishes. An empty Kind is found out.
type DestinationInput struct {
	Kind  Form
	Text  string
	Label string
}

// Publish shows where the fund takes gifts. From then on nobody can be paid
// there on the market. It needs an operator. Faults: Unauthenticated,
// Forbidden; Invalid by field: required, too_long (text, label),
// fund_destination_form (text) for what is too short or cannot be compared;
// Conflict fund_destination_known.
func (f *Fund) Publish(ctx context.Context, by account.Actor, in DestinationInput) (out Destination, err error) {
	if err := need(by); err != nil {
		return Destination{}, err
	}
	row := Destination{Kind: in.Kind, Text: tidy(in.Text), Label: tidy(in.Label), State: Published}
	if row.Kind == "" {
		row.Kind = formOf(row.Text)
	}
	var ok bool
	row.Compared, ok = compared(row.Kind, row.Text)
	switch {
	case row.Text == "":
		return Destination{}, fault.Bad("text", "required")
	case len([]rune(row.Text)) > MaxDestination:
		return Destination{}, fault.Bad("text", "too_long").With("Max", MaxDestination)
	case len([]rune(row.Label)) > MaxLabel:
		return Destination{}, fault.Bad("label", "too_long").With("Max", MaxLabel)
	case !ok:
		return Destination{}, fault.Bad("text", "fund_destination_form")
	}
	err = f.db.Write(ctx, func(tx *db.Tx) error {
		out = row
		n, err := tx.NewSelect().Model((*Destination)(nil)).Where("kind = ? AND compared = ? AND state <> ?", row.Kind, row.Compared, Mistaken).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.Of(fault.Conflict, "fund_destination_known")
		}
		out.ID, out.PublishedOn = tx.RandomID(), tx.Today()
		_, err = tx.NewInsert().Model(&out).Exec(ctx)
		return err
	})
	if err != nil {
		return Destination{}, err
	}
	return out, nil
}

// Withdraw ends a destination. It stays known as the fund's, unless it was
// published by mistake and never was. It needs an operator. Faults:
// Unauthenticated, Forbidden; NotFound fund_destination_unknown; Conflict
// fund_destination_state when that is so already.
func (f *Fund) Withdraw(ctx context.Context, by account.Actor, id string, mistaken bool) error {
	if err := need(by); err != nil {
		return err
	}
	to, from := Withdrawn, []string{Published}
	if mistaken {
		to, from = Mistaken, []string{Published, Withdrawn}
	}
	return f.db.Write(ctx, func(tx *db.Tx) error {
		none := fault.Of(fault.NotFound, "fund_destination_unknown")
		if err := db.One(ctx, tx.NewSelect().Model((*Destination)(nil)).Column("id").Where("id = ?", id), none, new(string)); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*Destination)(nil)).Set("state = ?, ended_on = ?", to, tx.Today()).
			Where("id = ? AND state IN (?)", id, bun.In(from)).Exec(ctx)
		return db.Must(res, err, fault.Of(fault.Conflict, "fund_destination_state"))
	})
}

// Destinations lists all that were ever published, those in use first.
func (f *Fund) Destinations(ctx context.Context) (out []Destination, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		out, err = destinations(ctx, tx)
		return err
	})
	return out, err
}

func destinations(ctx context.Context, tx *db.Tx) ([]Destination, error) {
	out := []Destination{}
	err := tx.NewSelect().Model(&out).OrderExpr("CASE state WHEN 'published' THEN 0 ELSE 1 END, published_on, id").Scan(ctx)
	return out, err
}

// IsDestination tells whether a text names a destination that the fund
// published, alone or among other words: case, spaces, signs, letters that look
// alike and what follows the tracking of a link do not matter. It runs in the
// caller's unit of work.
func IsDestination(ctx context.Context, tx *db.Tx, text string) (bool, error) {
	var all []Destination
	if err := tx.NewSelect().Model(&all).Column("kind", "compared").Where("state <> ?", Mistaken).Scan(ctx); err != nil {
		return false, err
	}
	if len(all) == 0 {
		return false, nil
	}
	typed := read(text)
	for _, d := range all {
		if typed.names(d) {
			return true, nil
		}
	}
	return false, nil
}
