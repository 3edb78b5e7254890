package profile

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

// The words of the two kinds that profiles are in the catalogue.
const (
	TutorKind   = "tutor"
	CreatorKind = "creator"
)

// Path is the address of a person's page in one of the roles.
func Path(role, handle string) string {
	if role == CreatorKind {
		return "/creators/" + url.PathEscape(handle)
	}
	return "/tutors/" + url.PathEscape(handle)
}

// Path is where the profile is at home: the page of its first role.
func (p *Profile) Path() string { return Path(p.first(), p.Handle) }

// first is the role under which a person is known: who teaches is a tutor.
func (p *Profile) first() string {
	if p.Creator && !p.Tutor {
		return CreatorKind
	}
	return TutorKind
}

// Kinds are the catalogue's kinds of people: a profile with both roles stands
// in it twice, first of all as a tutor.
func (p *Profiles) Kinds() []catalogue.Kind {
	return []catalogue.Kind{p.kind(TutorKind), p.kind(CreatorKind)}
}

func (p *Profiles) kind(role string) catalogue.Kind {
	visible := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where(VisibleSQL).Where("p.?", bun.Ident(role))
	}
	ids := func(ctx context.Context, q *bun.SelectQuery, n int) (out []string, err error) {
		err = visible(q.Model((*Profile)(nil)).Column("p.account_id")).Limit(int64(n)).Scan(ctx, &out)
		return out, err
	}
	read := func(ctx context.Context, tx *db.Tx, from func(*db.Tx, any) *bun.SelectQuery, ids []string) (rows []Profile, offers map[string]Offer, err error) {
		if len(ids) == 0 {
			return nil, nil, nil
		}
		if err = visible(from(tx, &rows)).Where("p.account_id IN (?)", bun.In(ids)).Scan(ctx); err != nil || p.offers == nil {
			return rows, nil, err
		}
		offers, err = p.offers.Offers(ctx, tx, ids)
		return rows, offers, err
	}
	return catalogue.Kind{
		Name: role,
		Path: func(_, handle string) string { return Path(role, handle) },
		Documents: func(ctx context.Context, tx *db.Tx, ids []string) ([]search.Document, error) {
			rows, offers, err := read(ctx, tx, joined, ids)
			if err != nil {
				return nil, err
			}
			habits, err := p.habitsOf(ctx, tx, role, rows)
			out := make([]search.Document, len(rows))
			for i := range rows {
				id := rows[i].AccountID
				out[i] = rows[i].document(role, offers[id], habits[id])
			}
			return out, err
		},
		Listings: func(ctx context.Context, tx *db.Tx, ids []string) ([]catalogue.Listing, error) {
			rows, offers, err := read(ctx, tx, brief, ids)
			if err != nil {
				return nil, err
			}
			habits, err := p.habitsOf(ctx, tx, role, rows)
			out := make([]catalogue.Listing, len(rows))
			for i := range rows {
				out[i] = rows[i].listing(role, offers[rows[i].AccountID], tx.Now)
				habits[rows[i].AccountID].show(&out[i])
			}
			return out, err
		},
		IDs: func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
			return ids(ctx, tx.NewSelect().Where("p.account_id > ?", after).OrderExpr("p.account_id"), n)
		},
		Newest: func(ctx context.Context, tx *db.Tx, n int) ([]string, error) {
			return ids(ctx, tx.NewSelect().OrderExpr("p.published_on DESC, p.account_id"), n)
		},
		Count: func(ctx context.Context, tx *db.Tx) (int, error) {
			n, err := visible(tx.NewSelect().Model((*Profile)(nil))).Count(ctx)
			return int(n), err
		},
		Handles: func(ctx context.Context, tx *db.Tx, handles []string) (out []string, err error) {
			if len(handles) == 0 {
				return nil, nil
			}
			err = visible(tx.NewSelect().Model((*Profile)(nil)).ColumnExpr("a.handle")).
				Join("JOIN account AS a ON a.id = p.account_id").Where("a.handle IN (?)", bun.In(handles)).Scan(ctx, &out)
			return out, err
		},
	}
}

// document is what search knows of a profile in one role. What is offered
// belongs to the tutor.
func (p *Profile) document(role string, o Offer, h Habit) search.Document {
	d := search.Document{Ref: search.Ref{Kind: role, ID: p.AccountID}, Owner: p.Handle, Author: p.Shown() + " " + p.Handle,
		Title: p.Shown(), Lead: p.Headline, Body: markup.Plain(p.About), Skills: p.Skills, Levels: p.Levels, Langs: p.Languages,
		Formats: p.Formats, NewTo: p.NewcomerUntil(), Active: p.ActiveOn, Created: p.PublishedOn, Weight: p.weight(o, h),
		Second: p.second(role)}
	if role == TutorKind {
		d.Formats, d.Free = union(p.Formats, o.Formats), o.Free
		for _, a := range o.Prices {
			d.Prices = append(d.Prices, search.Price{Minor: a.Minor, Currency: a.Currency})
		}
	}
	return d
}

// second tells the entry under which a profile with both roles is found only
// when it is asked for.
func (p *Profile) second(role string) bool { return role == CreatorKind && p.Tutor }

// Card is the profile as the catalogue shows it, without what it offers, in
// the first of its roles. Whether it may be shown is the caller's to know.
func (p *Profile) Card(now time.Time) catalogue.Listing {
	l := p.listing(p.first(), Offer{}, now)
	l.URL = p.Path()
	return l
}

func (p *Profile) listing(role string, o Offer, now time.Time) catalogue.Listing {
	l := catalogue.Listing{Kind: role, ID: p.AccountID, Handle: p.Handle, Name: p.Shown(), Title: p.Shown(), OwnerName: p.Shown(), Lead: p.Headline,
		Skills: p.Skills, Levels: p.Levels, Langs: p.Languages, Formats: p.Formats, Newcomer: p.Newcomer(now), Since: p.PublishedOn,
		Seed: p.Seed, Picture: p.Picture, Second: p.second(role)}
	if role == TutorKind {
		l.Formats, l.Free, l.ByAgreement = union(p.Formats, o.Formats), o.Free, o.ByAgreement
		l.Price, l.PriceFrom = lowest(o.Prices)
	}
	return l
}

// lowest is the least price in the currency that most prices are in, and
// whether there are others: amounts of different currencies are not compared.
func lowest(prices []money.Amount) (*money.Amount, bool) {
	if len(prices) == 0 {
		return nil, false
	}
	n := map[string]int{}
	for _, a := range prices {
		n[a.Currency]++
	}
	least := slices.MinFunc(prices, func(a, b money.Amount) int {
		return cmp.Or(n[b.Currency]-n[a.Currency], strings.Compare(a.Currency, b.Currency), cmp.Compare(a.Minor, b.Minor))
	})
	return &least, slices.ContainsFunc(prices, func(a money.Amount) bool { return a != least })
}

// union adds formats to those of a profile, in the order of the list of all.
func union(a, b []string) []string {
	return slices.DeleteFunc(Formats(), func(f string) bool { return !slices.Contains(a, f) && !slices.Contains(b, f) })
}

// weight is a profile's part in the order, 0 to 1: six tenths how much there is
// to choose by, which everybody can write, and four tenths how its owner
// answers. It never counts payment or age on the board.
func (p *Profile) weight(o Offer, h Habit) float64 {
	const written, answered = 0.6, 0.4
	return written*p.written(o) + answered*h.worth()
}

// written is how much there is to choose by.
func (p *Profile) written(o Offer) float64 {
	w := 0.0
	for _, part := range []struct {
		has  bool
		part float64
	}{
		{p.Headline != "", 0.2}, {len([]rune(p.About)) >= 200, 0.25}, {len(p.Skills) >= 3, 0.15}, {len(p.Levels) > 0, 0.1},
		{len(p.Languages) > 0, 0.1}, {p.Timezone != "", 0.05}, {len(o.Prices) > 0 || o.Free || o.ByAgreement, 0.15},
	} {
		if part.has {
			w += part.part
		}
	}
	return w
}

// Weights tells the weight of profiles, by account, for what belongs to them:
// a service stands and falls with whoever gives it.
func (p *Profiles) Weights(ctx context.Context, tx *db.Tx, rows map[string]*Profile) (map[string]float64, error) {
	list := make([]Profile, 0, len(rows))
	for _, row := range rows {
		list = append(list, *row)
	}
	habits, err := p.habitsOf(ctx, tx, TutorKind, list)
	out := make(map[string]float64, len(rows))
	for id, row := range rows {
		out[id] = row.weight(Offer{ByAgreement: true}, habits[id])
	}
	return out, err
}
