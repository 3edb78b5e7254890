package licence

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// feedRow is the secret address of one account's feed: one row.
type feedRow struct {
	bun.BaseModel `bun:"table:licence_feed"`

	AccountID string `bun:"account_id,pk"`
	Nonce     string `bun:"nonce"`
	MAC       []byte `bun:"mac"`
}

var errNoFeed = fault.Of(fault.NotFound, "feed_unknown")

// FeedURL is the secret address of the feed of the actor's licences, without
// its ending: ".atom" is the feed, ".ics" the calendar. Empty while it is off.
// Fault: Unauthenticated.
func (l *Licences) FeedURL(ctx context.Context, by account.Actor) (address string, err error) {
	if by.Anonymous() {
		return "", errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var row feedRow
		err := db.One(ctx, tx.NewSelect().Model(&row).Where("account_id = ?", by.ID), errNoFeed)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		address = l.feedURL(row)
		return err
	})
	return address, err
}

func (l *Licences) feedURL(row feedRow) string {
	return l.origin + "/feeds/licences/" + l.secretOf(forFeed, row.AccountID+"/"+row.Nonce)
}

// RenewFeed gives the feed of the actor's licences a new address and ends the
// one before; a feed that is off is switched on. Fault: Unauthenticated.
func (l *Licences) RenewFeed(ctx context.Context, by account.Actor) (address string, err error) {
	if by.Anonymous() {
		return "", errNobody
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockBuyer(ctx, tx, by.ID); err != nil {
			return err
		}
		row := feedRow{AccountID: by.ID, Nonce: tx.RandomID()}
		row.MAC = l.mac(forFeedFind, l.secretOf(forFeed, row.AccountID+"/"+row.Nonce))
		address = l.feedURL(row)
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").Set("nonce = EXCLUDED.nonce, mac = EXCLUDED.mac").Exec(ctx)
		return err
	})
	return address, err
}

// EndFeed ends the feed of the actor's licences and its address for good.
// Fault: Unauthenticated.
func (l *Licences) EndFeed(ctx context.Context, by account.Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewDelete().Model((*feedRow)(nil)).Where("account_id = ?", by.ID).Exec(ctx)
		return err
	})
}

// ByFeed reads the licences of the feed with this secret, the part of its
// address before the ending, and the language of their holder. Fault: NotFound
// feed_unknown.
func (l *Licences) ByFeed(ctx context.Context, secret string) (list []Grant, lang string, err error) {
	if len(secret) != secretLen {
		return nil, "", errNoFeed
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var id string
		q := tx.NewSelect().TableExpr("licence_feed AS f").Join("JOIN account AS a ON a.id = f.account_id").
			Column("a.id", "a.language").Where("f.mac = ?", l.mac(forFeedFind, secret))
		if err := db.One(ctx, q, errNoFeed, &id, &lang); err != nil {
			return err
		}
		list, err = l.bought(ctx, tx, id, GrantFilter{})
		return err
	})
	return list, lang, err
}

// Events are the ends of licences for a calendar: of those that stand and were
// not renewed. Words gives the summary and the text of each.
func (l *Licences) Events(list []Grant, words func(*Grant) (summary, text string)) []Event {
	_, host, _ := strings.Cut(l.origin, "://")
	out := make([]Event, 0, len(list))
	for i := range list {
		g := &list[i]
		if g.State == Revoked || g.RenewedBy != "" {
			continue
		}
		e := Event{UID: g.ID + "@" + host, At: g.ValidUntil, Stamp: g.PaidAt, URL: l.origin + GrantPath(g.ID)}
		e.Summary, e.Text = words(g)
		out = append(out, e)
	}
	return out
}
