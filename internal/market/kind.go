package market

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

// ServiceKind is the word of services in the catalogue.
const ServiceKind = "service"

func servicePath(id, _ string) string { return "/services/" + id }

// Kind is the catalogue's kind of services.
func (m *Market) Kind() catalogue.Kind {
	return catalogue.Kind{
		Name: ServiceKind,
		Path: servicePath,
		Documents: func(ctx context.Context, tx *db.Tx, ids []string) ([]search.Document, error) {
			rows, owners, err := visible(ctx, tx, ids)
			if err != nil {
				return nil, err
			}
			weights, err := m.profiles.Weights(ctx, tx, owners)
			out := make([]search.Document, 0, len(rows))
			for i := range rows {
				if owner := owners[rows[i].AccountID]; owner != nil && owner.Visible() {
					out = append(out, document(&rows[i], owner, weights[owner.AccountID]))
				}
			}
			return out, err
		},
		Listings: func(ctx context.Context, tx *db.Tx, ids []string) ([]catalogue.Listing, error) {
			rows, owners, err := visible(ctx, tx, ids)
			out := make([]catalogue.Listing, 0, len(rows))
			for i := range rows {
				if owner := owners[rows[i].AccountID]; owner != nil && owner.Visible() {
					out = append(out, card(&rows[i], owner, tx.Now))
				}
			}
			return out, err
		},
		IDs: func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
			return pick(ctx, tx.NewSelect().Where("s.id > ?", after).OrderExpr("s.id"), n)
		},
		Newest: func(ctx context.Context, tx *db.Tx, n int) ([]string, error) {
			return pick(ctx, tx.NewSelect().OrderExpr("s.published_on DESC, s.id"), n)
		},
		Count: func(ctx context.Context, tx *db.Tx) (int, error) {
			n, err := shown(tx.NewSelect()).Count(ctx)
			return int(n), err
		},
	}
}

// shown selects the services that everybody finds.
func shown(q *bun.SelectQuery) *bun.SelectQuery {
	return q.Model((*Service)(nil)).Join("JOIN profile AS p ON p.account_id = s.account_id").
		Where("s.state = ?", Published).Where(profile.VisibleSQL)
}

func pick(ctx context.Context, q *bun.SelectQuery, n int) (ids []string, err error) {
	err = shown(q).Column("s.id").Limit(int64(n)).Scan(ctx, &ids)
	return ids, err
}

// visible reads published services and their tutors, in two queries.
func visible(ctx context.Context, tx *db.Tx, ids []string) (rows []Service, owners map[string]*profile.Profile, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	err = tx.NewSelect().Model(&rows).Where("s.state = ? AND s.id IN (?)", Published, bun.In(ids)).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, nil, err
	}
	accounts := make([]string, len(rows))
	for i := range rows {
		accounts[i] = rows[i].AccountID
	}
	owners, err = profile.ByIDs(ctx, tx, accounts)
	return rows, owners, err
}

// document is what search knows of a service: its own words, and its tutor's
// skills, levels and languages.
func document(s *Service, owner *profile.Profile, weight float64) search.Document {
	d := search.Document{Ref: search.Ref{Kind: ServiceKind, ID: s.ID}, Owner: owner.Handle, Author: owner.Shown() + " " + owner.Handle,
		Title: s.Title, Lead: s.Summary, Skills: owner.Skills, Levels: owner.Levels, Langs: owner.Languages,
		Formats: []string{s.Format}, Free: s.Free(), NewTo: owner.NewcomerUntil(), Active: owner.ActiveOn, Created: s.PublishedOn, Weight: weight}
	if a := s.Amount(); a != nil && !s.Free() {
		d.Prices = []search.Price{{Minor: a.Minor, Currency: a.Currency}}
	}
	return d
}

// export is a service as its owner takes it away.
type export struct {
	ID          string  `json:"id"`
	Title       string  `json:"title"`
	Summary     string  `json:"summary"`
	Format      Format  `json:"format"`
	Minutes     int     `json:"minutes"`
	Price       *amount `json:"price"`
	ByAgreement bool    `json:"by_agreement"`
	FreeTrial   bool    `json:"free_trial"`
	Rules       string  `json:"rules"`
	State       State   `json:"state"`
	PublishedOn string  `json:"published_on"`
	Version     int64   `json:"version"`
}

type amount struct {
	Amount   int64  `json:"amount"` // minor units
	Currency string `json:"currency"`
}

func amountOf(a *money.Amount) *amount {
	if a == nil {
		return nil
	}
	return &amount{a.Minor, a.Currency}
}

// Export writes the account's services as one JSON array. It implements account.Holder.
func (m *Market) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	var rows []Service
	if err := tx.NewSelect().Model(&rows).Where("s.account_id = ?", id).OrderExpr("s.id").Scan(ctx); err != nil {
		return err
	}
	out := make([]export, len(rows))
	for i := range rows {
		s := &rows[i]
		out[i] = export{ID: s.ID, Title: s.Title, Summary: s.Summary, Format: s.Format, Minutes: s.Minutes, Price: amountOf(s.Amount()),
			ByAgreement: s.ByAgreement, FreeTrial: s.FreeTrial, Rules: s.Rules, State: s.State, Version: s.Version}
		if !s.PublishedOn.IsZero() {
			out[i].PublishedOn = s.PublishedOn.UTC().Format(time.DateOnly)
		}
	}
	return json.NewEncoder(w).Encode(out)
}

// Erase removes the account's services. It implements account.Holder.
func (m *Market) Erase(ctx context.Context, tx *db.Tx, id string) error {
	if err := m.ProfileChanged(ctx, tx, id); err != nil {
		return err
	}
	var gone []string
	if _, err := tx.NewDelete().Model((*Service)(nil)).Where("account_id = ?", id).Returning("id").Exec(ctx, &gone); err != nil {
		return err
	}
	for _, service := range gone {
		if err := tx.Forget(ctx, service); err != nil {
			return err
		}
	}
	return nil
}
