package account

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// tokenPrefix tells people and secret scanners what the text is.
const tokenPrefix = "odt_"

// TokenFor is how long an API token is good: forgotten ones end by themselves.
const TokenFor = 365 * 24 * time.Hour

// The bounds of what one account may add.
const (
	MaxTokens   = 20
	MaxPasskeys = 20
	maxName     = 60
)

// APIToken is a bearer token of an account without the token itself: one row.
type APIToken struct {
	bun.BaseModel `bun:"table:api_token"`

	ID        string    `bun:"id,pk"`
	AccountID string    `bun:"account_id"`
	TokenMAC  []byte    `bun:"token_mac"`
	Name      string    `bun:"name"`     // the owner's word for it, up to 60 characters
	AddedOn   time.Time `bun:"added_on"` // the day only
	ExpiresAt time.Time `bun:"expires_at,nullzero"`
}

// NewToken makes an API token of the actor's, good for a year and shown once.
// It outlives sessions, so it is held like passkeys after a sign-in by code.
// Faults: Unauthenticated; Invalid name_form (field name); Conflict
// too_many_tokens from 20 on, passkeys_held.
func (a *Accounts) NewToken(ctx context.Context, by Actor, name string) (token string, row APIToken, err error) {
	if name, err = label(name, "API"); err != nil {
		return "", APIToken{}, err
	}
	token = secret.NewToken(tokenPrefix)
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockOwn(ctx, tx, by); err != nil {
			return err
		}
		acc, err := ByID(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		if err := notHeld(tx, acc); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*APIToken)(nil)).Where("account_id = ?", by.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n >= MaxTokens {
			return fault.Of(fault.Conflict, "too_many_tokens").With("Max", MaxTokens)
		}
		row, err = a.addToken(ctx, tx, by.ID, name, token)
		return err
	})
	if err != nil {
		return "", APIToken{}, err
	}
	return token, row, nil
}

func (a *Accounts) addToken(ctx context.Context, tx *db.Tx, accountID, name, token string) (APIToken, error) {
	row := APIToken{ID: tx.RandomID(), AccountID: accountID, TokenMAC: a.mac(forToken, token), Name: name,
		AddedOn: tx.Today(), ExpiresAt: tx.Today().Add(TokenFor)}
	_, err := tx.NewInsert().Model(&row).Exec(ctx)
	return row, err
}

// Tokens lists the actor's tokens, oldest first. Faults: Unauthenticated.
func (a *Accounts) Tokens(ctx context.Context, by Actor) (out []APIToken, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewSelect().Model(&out).Where("account_id = ?", by.ID).OrderExpr("added_on, id").Scan(ctx)
	})
	return out, err
}

// RemoveToken ends one of the actor's tokens at once. Faults: Unauthenticated;
// NotFound token_unknown.
func (a *Accounts) RemoveToken(ctx context.Context, by Actor, id string) error {
	if err := own(by); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*APIToken)(nil)).Where("id = ? AND account_id = ?", id, by.ID).Exec(ctx)
		return db.Must(res, err, fault.Of(fault.NotFound, "token_unknown"))
	})
}

// ActorByToken finds who a bearer token stands for. Fault: Unauthenticated
// token_unknown, for an unknown, removed or expired one alike.
func (a *Accounts) ActorByToken(ctx context.Context, token string) (by Actor, err error) {
	mac := a.mac(forToken, token)
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model((*Account)(nil)).ColumnExpr("account.id, account.handle, account.role").
			Join("JOIN api_token AS t ON t.account_id = account.id").
			Where("t.token_mac = ? AND account.state = ?", mac, Active).
			Where("t.expires_at IS NULL OR t.expires_at > ?", tx.Now),
			fault.Of(fault.Unauthenticated, "token_unknown"), &by.ID, &by.Handle, &by.Role)
	})
	if err != nil {
		return Actor{}, err
	}
	return by, nil
}

// lockOwn makes the acts of one account that count its rows follow one another.
func lockOwn(ctx context.Context, tx *db.Tx, by Actor) error {
	if err := own(by); err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model((*Account)(nil)).Set("id = id").Where("id = ? AND state = ?", by.ID, Active).Exec(ctx)
	return db.Must(res, err, errEnded)
}

// label is an owner's word for a token or a passkey, or the given one for none.
func label(name, none string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return none, nil
	}
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.Bad("name", "name_form").With("Max", maxName)
	}
	return name, nil
}
