package licence

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

// WorkKind is the word of works in the catalogue.
const WorkKind = "work"

// shownSQL holds for the works that everybody finds: published ones of people
// whose profile, if they have one, is neither waiting for approval nor closed
// by a moderator.
const shownSQL = `w.state = 'published' AND w.account_id IS NOT NULL AND NOT EXISTS (
	SELECT 1 FROM profile AS p WHERE p.account_id = w.account_id AND (NOT p.approved OR p.state = 'paused' AND p.paused_by = 'operator'))`

// Kind is the catalogue's kind of works.
func (l *Licences) Kind() catalogue.Kind {
	return catalogue.Kind{
		Name: WorkKind,
		Path: func(id, _ string) string { return WorkPath(id) },
		Documents: func(ctx context.Context, tx *db.Tx, ids []string) ([]search.Document, error) {
			rows, err := l.found(ctx, tx, ids)
			out := make([]search.Document, len(rows))
			for i := range rows {
				out[i] = rows[i].document()
			}
			return out, err
		},
		Listings: func(ctx context.Context, tx *db.Tx, ids []string) ([]catalogue.Listing, error) {
			rows, err := l.found(ctx, tx, ids)
			out := make([]catalogue.Listing, len(rows))
			for i := range rows {
				out[i] = rows[i].Card()
			}
			return out, err
		},
		IDs: func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
			return pickWorks(ctx, tx.NewSelect().Where("w.id > ?", after).OrderExpr("w.id"), n)
		},
		Newest: func(ctx context.Context, tx *db.Tx, n int) ([]string, error) {
			return pickWorks(ctx, tx.NewSelect().OrderExpr("w.published_on DESC, w.id"), n)
		},
		Count: func(ctx context.Context, tx *db.Tx) (int, error) {
			n, err := tx.NewSelect().Model((*Work)(nil)).Where(shownSQL).Count(ctx)
			return int(n), err
		},
	}
}

func pickWorks(ctx context.Context, q *bun.SelectQuery, n int) (ids []string, err error) {
	err = q.Model((*Work)(nil)).Column("w.id").Where(shownSQL).Limit(int64(n)).Scan(ctx, &ids)
	return ids, err
}

// found reads the works of these ids that everybody finds, as a stranger.
func (l *Licences) found(ctx context.Context, tx *db.Tx, ids []string) ([]WorkView, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []Work
	err := tx.NewSelect().Model(&rows).Where("w.id IN (?)", bun.In(ids)).Where(shownSQL).Scan(ctx)
	if err != nil {
		return nil, err
	}
	return l.views(ctx, tx, account.Actor{}, rows)
}

// document is what search knows of a work: its words and authors, and what a
// licence costs at least.
func (v *WorkView) document() search.Document {
	author := v.Name + " " + v.Handle
	for i := range v.Contributions {
		if c := &v.Contributions[i]; c.ContributorID != v.AccountID {
			author += " " + c.Shown + " " + c.Handle
		}
	}
	d := search.Document{Ref: search.Ref{Kind: WorkKind, ID: v.ID}, Owner: v.Handle, Author: author, Title: v.Title, Body: markup.Plain(v.Summary),
		Skills: v.Skills, Langs: v.Languages, Formats: []string{v.Work.Kind}, Licences: []string{v.BaseLicence},
		Active: v.PublishedOn, Created: v.PublishedOn, Weight: v.weight()}
	if at := v.Current.AddedOn; at.After(d.Active) {
		d.Active = at
	}
	for _, p := range v.prices() {
		if p.Minor == 0 {
			d.Free = true
			continue
		}
		d.Prices = append(d.Prices, search.Price{Minor: p.Minor, Currency: p.Currency})
	}
	return d
}

// weight is a small part of the order: what can be checked and had stands
// before what cannot.
func (v *WorkView) weight() float64 {
	w := 0.4
	if !v.ProvedOn.IsZero() {
		w += 0.3
	}
	if v.Current.SHA256 != "" {
		w += 0.1
	}
	if len(v.Offers) > 0 || !NonCommercial(v.BaseLicence) {
		w += 0.2
	}
	return w
}

// prices are those of the offers that can be had.
func (v *WorkView) prices() (out []money.Amount) {
	for i := range v.Offers {
		if !v.had(&v.Offers[i]) {
			continue
		}
		for _, p := range v.Offers[i].Prices {
			out = append(out, p.Money())
		}
	}
	return out
}

// summaryLead is how much of a summary a card shows, in characters.
const summaryLead = 300

// Card is the work as the catalogue shows it.
func (v *WorkView) Card() catalogue.Listing {
	out := catalogue.Listing{Kind: WorkKind, ID: v.ID, Handle: v.Handle, Name: v.Name, OwnerName: v.Name, Title: v.Title,
		Lead: clip(markup.Plain(v.Summary), summaryLead), Skills: v.Skills, Langs: v.Languages, Format: v.Work.Kind, Formats: []string{v.Work.Kind},
		Licences: []string{v.BaseLicence}, Since: v.PublishedOn, Seed: v.Seed, Picture: v.Picture, URL: WorkPath(v.ID)}
	paid := []money.Amount{}
	for _, p := range v.prices() {
		if p.Minor == 0 {
			out.Free = true
			continue
		}
		paid = append(paid, p)
	}
	out.Price, out.PriceFrom = profile.Lowest(paid)
	return out
}

// ProfileChanged puts the account's public works into the change log, and
// those with a part of theirs, whose names it shows. It implements
// profile.Follower.
func (l *Licences) ProfileChanged(ctx context.Context, tx *db.Tx, accountID string) error {
	var ids []string
	err := tx.NewRaw(`SELECT w.id FROM work AS w WHERE w.published_on IS NOT NULL AND (w.account_id = ? OR EXISTS (
		SELECT 1 FROM contribution AS c WHERE c.work_id = w.id AND c.version = w.version AND c.contributor_id = ?)) ORDER BY w.id`,
		accountID, accountID).Scan(ctx, &ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Changed(ctx, WorkKind, id); err != nil {
			return err
		}
	}
	return nil
}
