package notice

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/outbound"
)

// MaxSubscriptions is how many browsers of one account may take pushes.
const MaxSubscriptions = 5

const maxEndpoint = 1000

// subscription is where one browser takes pushes: one row.
type subscription struct {
	bun.BaseModel `bun:"table:push_subscription"`

	ID          string    `bun:"id,pk"`
	AccountID   string    `bun:"account_id"`
	EndpointMAC []byte    `bun:"endpoint_mac"`
	Sealed      []byte    `bun:"sealed"`
	AddedOn     time.Time `bun:"added_on"`
}

// Browser is what a browser's push manager gives: the address of its push
// service and its keys in base64.
type Browser struct {
	Endpoint string
	P256DH   string
	Auth     string
}

// Subscription is a browser that takes pushes, as its owner sees it.
type Subscription struct {
	ID      string
	Service string    // the push service's host
	AddedOn time.Time // the day only
}

func (b Browser) check() (target, error) {
	var bad fault.Fields
	if len(b.Endpoint) > maxEndpoint || outbound.Check(b.Endpoint) != nil {
		bad.Add(fault.Bad("endpoint", "push_endpoint"))
	}
	point, err := unbase64(b.P256DH)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		bad.Add(fault.Bad("p256dh", "push_keys"))
	}
	secret, err := unbase64(b.Auth)
	if err != nil || len(secret) != 16 {
		bad.Add(fault.Bad("auth", "push_keys"))
	}
	return target{Endpoint: b.Endpoint, P256DH: base64.RawURLEncoding.EncodeToString(point),
		Auth: base64.RawURLEncoding.EncodeToString(secret)}, bad.Err()
}

// unbase64 reads either alphabet, padded or not, as browsers differ.
func unbase64(text string) ([]byte, error) {
	if len(text) > 200 {
		return nil, base64.CorruptInputError(0)
	}
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

// Subscribe lets a browser of the actor's take pushes and answers the
// subscription's id. The same browser again takes the place of what it was, also
// where it belonged to another account: one browser serves one person at a
// time. Faults: Unauthenticated; Unavailable push_off; Invalid push_endpoint
// (field endpoint), push_keys (fields p256dh, auth); Conflict
// too_many_subscriptions.
func (n *Notices) Subscribe(ctx context.Context, by account.Actor, b Browser) (id string, err error) {
	if err := own(by); err != nil {
		return "", err
	}
	if n.push == nil {
		return "", fault.Of(fault.Unavailable, "push_off")
	}
	to, err := b.check()
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(to)
	if err != nil {
		return "", err
	}
	err = n.db.Write(ctx, func(tx *db.Tx) error {
		if err := lock(ctx, tx, by.ID); err != nil {
			return err
		}
		row := subscription{ID: tx.RandomID(), AccountID: by.ID, EndpointMAC: n.mac(forEndpoint, to.Endpoint), AddedOn: tx.Today()}
		row.Sealed, id = n.keys.Seal(sealedAs(row.ID), plain), row.ID
		if err := forget(ctx, tx, "endpoint_mac = ?", row.EndpointMAC); err != nil {
			return err
		}
		count, err := tx.NewSelect().Model((*subscription)(nil)).Where("account_id = ?", by.ID).Count(ctx)
		if err != nil {
			return err
		}
		if count >= MaxSubscriptions {
			return fault.Of(fault.Conflict, "too_many_subscriptions").With("Max", MaxSubscriptions)
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func forget(ctx context.Context, tx *db.Tx, where string, args ...any) error {
	_, err := tx.NewDelete().Model((*subscription)(nil)).Where(where, args...).Exec(ctx)
	return err
}

// Subscriptions lists the actor's browsers, oldest first. Faults: Unauthenticated.
func (n *Notices) Subscriptions(ctx context.Context, by account.Actor) (out []Subscription, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		out, err = n.subscriptions(ctx, tx, by.ID)
		return err
	})
	return out, err
}

func (n *Notices) subscriptions(ctx context.Context, tx *db.Tx, accountID string) ([]Subscription, error) {
	var rows []subscription
	if err := tx.NewSelect().Model(&rows).Where("account_id = ?", accountID).OrderExpr("added_on, id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Subscription, len(rows))
	for i, row := range rows {
		to, _ := n.target(row)
		out[i] = Subscription{ID: row.ID, Service: to.host(), AddedOn: row.AddedOn}
	}
	return out, nil
}

// Unsubscribe ends a subscription of the actor's. Faults: Unauthenticated;
// NotFound subscription_unknown.
func (n *Notices) Unsubscribe(ctx context.Context, by account.Actor, id string) error {
	if !idForm.MatchString(id) {
		id = "" // none has it
	}
	return n.unsubscribe(ctx, by, "id = ?", id)
}

// UnsubscribeBrowser ends the subscription of the actor's browser with this
// endpoint, which is all that the browser itself knows. Faults: as Unsubscribe.
func (n *Notices) UnsubscribeBrowser(ctx context.Context, by account.Actor, endpoint string) error {
	return n.unsubscribe(ctx, by, "endpoint_mac = ?", n.mac(forEndpoint, endpoint))
}

func (n *Notices) unsubscribe(ctx context.Context, by account.Actor, where string, arg any) error {
	if err := own(by); err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*subscription)(nil)).Where("account_id = ?", by.ID).Where(where, arg).Exec(ctx)
		return db.Must(res, err, fault.Of(fault.NotFound, "subscription_unknown"))
	})
}
