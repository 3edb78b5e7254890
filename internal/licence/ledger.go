package licence

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
)

// registerMost is how many licences one register holds.
const registerMost = 100_000

// Register lists the licences that the actor granted, the newest first. Fault:
// Unauthenticated.
func (l *Licences) Register(ctx context.Context, by account.Actor) (out []Entry, err error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var rows []Grant
		err := tx.NewSelect().Model(&rows).Where("seller_id = ?", by.ID).OrderExpr("paid_at DESC, id").Limit(registerMost).Scan(ctx)
		out = make([]Entry, 0, len(rows))
		for i := range rows {
			e, err := entry(tx, &rows[i])
			if err != nil {
				return err
			}
			out = append(out, e)
		}
		return err
	})
	return out, err
}

func entry(tx *db.Tx, g *Grant) (Entry, error) {
	f, err := g.Facts()
	if err != nil {
		return Entry{}, err
	}
	e := Entry{ID: g.ID, OrderID: g.OrderID, Previous: g.PreviousID, WorkID: g.WorkID, WorkTitle: f.WorkTitle, WorkVersion: f.WorkVersion,
		Licensee: f.Licensee, Channel: f.Channel, Territory: f.Territory, Learners: f.Learners, Amount: f.Price.Minor, Currency: f.Price.Currency,
		PaidAt: g.PaidAt.UTC(), ValidFrom: g.ValidFrom.UTC(), ValidUntil: g.ValidUntil.UTC(), State: g.State, Word: string(g.Word(tx.Now, f.GraceDays)), Ground: g.Ground}
	for _, u := range f.Uses {
		e.Uses = append(e.Uses, string(u))
	}
	if !g.RevokedAt.IsZero() {
		at := g.RevokedAt.UTC()
		e.RevokedAt = &at
	}
	return e, nil
}

// Figures counts the licences of the branch, for everybody.
func (l *Licences) Figures(ctx context.Context) (out Figures, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out, err = figures(ctx, tx)
		return err
	})
	return out, err
}

func figures(ctx context.Context, tx *db.Tx) (Figures, error) {
	f := Figures{Day: tx.Today()}
	word := bun.SafeQuery(`CASE WHEN g.state <> 'active' THEN g.state WHEN g.valid_from > ? THEN 'not_yet' WHEN g.valid_until > ? THEN 'valid' ELSE 'expired' END`, tx.Now, tx.Now)
	for _, part := range []struct {
		into *[]Figure
		by   any
		only string
	}{
		{&f.Current, word, "1 = 1"},
		{&f.Licences, bun.Safe("g.base_licence"), "1 = 1"},
		{&f.Channels, bun.Safe("g.channel"), "1 = 1"},
		{&f.Months, bun.Safe("substr(CAST(g.paid_at AS TEXT), 1, 7)"), "1 = 1"},
		{&f.Grounds, bun.Safe("g.ground"), "g.state = 'revoked'"},
		{&f.Paid, bun.Safe("CASE WHEN o.amount > 0 THEN 'paid' ELSE 'free' END"), "1 = 1"},
	} {
		counts, err := tally(ctx, tx, part.by, part.only)
		if err != nil {
			return f, err
		}
		*part.into = breakdown(counts)
	}
	lengths, err := tally(ctx, tx, bun.Safe("CAST(g.days AS TEXT)"), "1 = 1")
	if err != nil {
		return f, err
	}
	classes := map[string]int64{}
	var all int64
	for days, n := range lengths {
		classes[termClass(number(days))] += n
		all += n
	}
	f.Terms, f.Issued = breakdown(classes), total(all)
	renewals, err := tx.NewSelect().Model((*Grant)(nil)).Where("previous_id IS NOT NULL").Count(ctx)
	f.Renewals = total(int64(renewals))
	return f, err
}

// tally counts licences by an expression.
func tally(ctx context.Context, tx *db.Tx, by any, only string) (map[string]int64, error) {
	var rows []struct {
		Name string
		N    int64
	}
	err := tx.NewRaw("SELECT t.name, count(*) AS n FROM (SELECT ? AS name FROM licence_grant AS g JOIN payment_order AS o ON o.id = g.order_id WHERE ?) AS t GROUP BY t.name",
		by, bun.Safe(only)).Scan(ctx, &rows)
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Name] += r.N
	}
	return out, err
}
