package account

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// The keys under which a signed-in session holds its account's id (a string)
// and the epoch it began in (an int64). The store reads the first to know whose
// row it is.
const (
	SessionAccount = "account"
	SessionEpoch   = "epoch"
)

// AnonymousFor bounds the session of one who is not signed in.
const AnonymousFor = 2 * time.Hour

const maxSession = 16384

// session is one browser's state: one row. The cookie's token is not in it.
type session struct {
	bun.BaseModel `bun:"table:session"`

	TokenMAC  []byte    `bun:"token_mac,pk"`
	AccountID string    `bun:"account_id,nullzero"`
	Data      []byte    `bun:"data"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// Store keeps sessions in the database for scs. It needs scs's own codec, since
// it reads SessionAccount from what it stores.
type Store struct {
	accounts *Accounts
	codec    scs.GobCodec
}

var _ scs.CtxStore = (*Store)(nil)

// Sessions is the branch's session store.
func (a *Accounts) Sessions() *Store { return &Store{accounts: a} }

// FindCtx reads a session that has not expired.
func (s *Store) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	var row session
	none := fault.Of(fault.NotFound, "session_unknown")
	err = s.accounts.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&row).Column("data").
			Where("token_mac = ? AND expires_at > ?", s.accounts.mac(forSession, token), tx.Now), none)
	})
	if err == error(none) { //nolint:errorlint // our own value, unwrapped
		return nil, false, nil
	}
	return row.Data, err == nil, err
}

// CommitCtx stores a session. One without an account is kept for two hours at
// most. Faults: TooLarge session_too_large; Unauthenticated session_ended when
// its account was erased meanwhile.
func (s *Store) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	if len(data) > maxSession {
		return fault.Of(fault.TooLarge, "session_too_large")
	}
	_, values, err := s.codec.Decode(data)
	if err != nil {
		return err
	}
	row := session{TokenMAC: s.accounts.mac(forSession, token), Data: data, ExpiresAt: expiry.UTC().Truncate(time.Microsecond)}
	row.AccountID, _ = values[SessionAccount].(string)
	err = s.accounts.db.Write(ctx, func(tx *db.Tx) error {
		if latest := tx.Now.Add(AnonymousFor); row.AccountID == "" && row.ExpiresAt.After(latest) {
			row.ExpiresAt = latest
		}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (token_mac) DO UPDATE").
			Set("account_id = EXCLUDED.account_id, data = EXCLUDED.data, expires_at = EXCLUDED.expires_at").Exec(ctx)
		return err
	})
	if all := fault.All(err); len(all) == 1 && all[0].Code == "reference" {
		return errEnded
	}
	return err
}

// DeleteCtx removes a session; an unknown one is no error.
func (s *Store) DeleteCtx(ctx context.Context, token string) error {
	return s.accounts.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewDelete().Model((*session)(nil)).Where("token_mac = ?", s.accounts.mac(forSession, token)).Exec(ctx)
		return err
	})
}

// Find is FindCtx without a context, as scs's interface asks for.
func (s *Store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Store) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (s *Store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// SessionActor finds who a session stands for. Fault: Unauthenticated
// session_ended when the account signed out everywhere since, or is gone.
func (a *Accounts) SessionActor(ctx context.Context, accountID string, epoch int64) (by Actor, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model((*Account)(nil)).Column("id", "handle", "role").
			Where("id = ? AND session_epoch = ? AND state = ?", accountID, epoch, Active), errEnded, &by.ID, &by.Handle, &by.Role)
	})
	if err != nil {
		return Actor{}, err
	}
	return by, nil
}

// SignOutEverywhere ends all sessions of the actor in every process at once,
// the present one too, and with tokens all API tokens as well: else those stay,
// since programs hold them. Faults: Unauthenticated.
func (a *Accounts) SignOutEverywhere(ctx context.Context, by Actor, tokens bool) error {
	if err := own(by); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*Account)(nil)).Set("session_epoch = session_epoch + 1").
			Where("id = ? AND state = ?", by.ID, Active).Exec(ctx)
		if err := db.Must(res, err, errEnded); err != nil {
			return err
		}
		if tokens {
			if _, err := tx.NewDelete().Model((*APIToken)(nil)).Where("account_id = ?", by.ID).Exec(ctx); err != nil {
				return err
			}
		}
		return endSessions(ctx, tx, by.ID)
	})
}

func endSessions(ctx context.Context, tx *db.Tx, accountID string) error {
	_, err := tx.NewDelete().Model((*session)(nil)).Where("account_id = ?", accountID).Exec(ctx)
	return err
}

// Expire deletes what is over: sessions, invitations, tokens, stored answers.
// It changes nothing that can be seen, since what is over is never found; the
// database's sweep calls it.
func (a *Accounts) Expire(ctx context.Context) error {
	return a.db.Write(ctx, func(tx *db.Tx) error {
		for _, model := range []any{(*session)(nil), (*invitation)(nil), (*APIToken)(nil), (*stored)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("expires_at <= ?", tx.Now).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
