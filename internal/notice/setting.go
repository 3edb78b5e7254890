package notice

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Settings are what an account wants to be told. The zero value is everybody's
// at first: every kind is on, the feed is off.
type Settings struct {
	Off  []Kind // kinds that tell nothing
	Feed bool   // the feed at a secret address is on

	FeedURL string // that address, while it is on; SaveSettings does not look at it
}

// setting is one row.
type setting struct {
	bun.BaseModel `bun:"table:notice_setting"`

	AccountID string `bun:"account_id,pk"`
	Muted     string `bun:"muted"` // kinds, parted by spaces
	FeedNonce string `bun:"feed_nonce,nullzero"`
	FeedMAC   []byte `bun:"feed_mac"`
}

// The purposes keep the hashes of different secrets apart.
const (
	forFeed     = "notice-feed"        // makes the secret of a feed
	forFinding  = "notice-feed-lookup" // finds it
	forEndpoint = "push-endpoint"
	forTopic    = "push-topic"
	forTag      = "push-tag"
)

// FeedSize is how many notices the feed shows.
const FeedSize = 50

func (n *Notices) setting(ctx context.Context, tx *db.Tx, id string) (setting, error) {
	row := setting{AccountID: id}
	err := db.One(ctx, tx.NewSelect().Model(&row).Where("account_id = ?", id), errUnknown)
	if fault.Is(err, fault.NotFound) {
		return setting{AccountID: id}, nil
	}
	return row, err
}

func (n *Notices) settings(s setting) Settings {
	out := Settings{Off: []Kind{}, Feed: s.FeedNonce != ""}
	if out.Feed {
		out.FeedURL = n.feedURL(s)
	}
	muted := strings.Fields(s.Muted)
	for _, k := range Kinds() {
		if slices.Contains(muted, string(k)) {
			out.Off = append(out.Off, k)
		}
	}
	return out
}

// Settings reads the actor's. Faults: Unauthenticated.
func (n *Notices) Settings(ctx context.Context, by account.Actor) (out Settings, err error) {
	if err := own(by); err != nil {
		return Settings{}, err
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		row, err := n.setting(ctx, tx, by.ID)
		out = n.settings(row)
		return err
	})
	return out, err
}

// SaveSettings replaces the actor's. A kind that is switched off tells nothing
// from now on; what was told stays. Switching the feed off ends its address for
// good. Faults: Unauthenticated; Invalid kind_unknown (field off).
func (n *Notices) SaveSettings(ctx context.Context, by account.Actor, s Settings) error {
	var off []string
	for _, k := range s.Off {
		if !slices.Contains(Kinds(), k) {
			return fault.Bad("off", "kind_unknown")
		}
		if !slices.Contains(off, string(k)) {
			off = append(off, string(k))
		}
	}
	_, err := n.change(ctx, by, func(tx *db.Tx, row *setting) {
		row.Muted = strings.Join(off, " ")
		switch {
		case !s.Feed:
			row.FeedNonce, row.FeedMAC = "", nil
		case row.FeedNonce == "":
			n.renew(tx, row)
		}
	})
	return err
}

// change rewrites the actor's row, which the account's own row guards.
func (n *Notices) change(ctx context.Context, by account.Actor, fn func(*db.Tx, *setting)) (row setting, err error) {
	if err := own(by); err != nil {
		return setting{}, err
	}
	err = n.db.Write(ctx, func(tx *db.Tx) error {
		if err := lock(ctx, tx, by.ID); err != nil {
			return err
		}
		if row, err = n.setting(ctx, tx, by.ID); err != nil {
			return err
		}
		fn(tx, &row)
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").
			Set("muted = EXCLUDED.muted, feed_nonce = EXCLUDED.feed_nonce, feed_mac = EXCLUDED.feed_mac").Exec(ctx)
		return err
	})
	return row, err
}

// lock makes acts of one account upon its settings wait for each other. A
// session whose account was erased meanwhile has ended.
func lock(ctx context.Context, tx *db.Tx, id string) error {
	res, err := tx.NewUpdate().TableExpr("account").Set("id = id").
		Where("id = ? AND state = ?", id, account.Active).Exec(ctx)
	return db.Must(res, err, fault.Of(fault.Unauthenticated, "session_ended"))
}

// renew gives the feed another secret. The secret itself is kept nowhere: it is
// made from the nonce by a key outside the database, so that its owner can be
// shown it again and a stolen database does not hold it.
func (n *Notices) renew(tx *db.Tx, row *setting) {
	row.FeedNonce = tx.RandomID()
	row.FeedMAC = n.mac(forFinding, n.feedSecret(*row))
}

func (n *Notices) feedSecret(row setting) string {
	sum := n.keys.MAC(forFeed, []byte(row.AccountID+"/"+row.FeedNonce))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (n *Notices) mac(purpose, text string) []byte {
	sum := n.keys.MAC(purpose, []byte(text))
	return sum[:]
}

// FeedURL is the secret address of the actor's feed. Whoever has it reads the
// feed. Faults: Unauthenticated; NotFound feed_off.
func (n *Notices) FeedURL(ctx context.Context, by account.Actor) (address string, err error) {
	if err := own(by); err != nil {
		return "", err
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		row, err := n.setting(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		if row.FeedNonce == "" {
			return fault.Of(fault.NotFound, "feed_off")
		}
		address = n.feedURL(row)
		return nil
	})
	return address, err
}

func (n *Notices) feedURL(row setting) string {
	return n.origin + "/feeds/" + n.feedSecret(row) + ".atom"
}

// RotateFeed gives the actor's feed a new address and ends the old one at once.
// A feed that is off is switched on. Faults: Unauthenticated.
func (n *Notices) RotateFeed(ctx context.Context, by account.Actor) (address string, err error) {
	row, err := n.change(ctx, by, n.renew)
	if err != nil {
		return "", err
	}
	return n.feedURL(row), nil
}

// feedSecretLen is the length of a feed's secret: 32 bytes in base64.
const feedSecretLen = 43

// ByFeed reads the newest notices of the feed with this secret, the part of its
// address before ".atom", and the language of their reader. It is found by a
// keyed hash, so the time that takes tells nothing of the secret. Fault:
// NotFound feed_unknown.
func (n *Notices) ByFeed(ctx context.Context, secret string) (list []Notice, lang string, err error) {
	none := fault.Of(fault.NotFound, "feed_unknown")
	if len(secret) != feedSecretLen {
		return nil, "", none
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		var id string
		q := tx.NewSelect().TableExpr("notice_setting AS s").Join("JOIN account AS a ON a.id = s.account_id").
			Column("a.id", "a.language").Where("s.feed_mac = ?", n.mac(forFinding, secret))
		if err := db.One(ctx, q, none, &id, &lang); err != nil {
			return err
		}
		list = []Notice{}
		return mine(tx.NewSelect().Model(&list), id).OrderExpr("created_at DESC, id").Limit(FeedSize).Scan(ctx)
	})
	return list, lang, err
}
