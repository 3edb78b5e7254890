package account

import (
	"context"
	"crypto/hmac"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

const (
	answerFor = 24 * time.Hour
	// leaseFor is how long a request may be under way. A process that died
	// within one leaves its key free again after this time: the request is then
	// tried anew, rather than refused for a day.
	leaseFor   = 2 * time.Minute
	maxKey     = 200
	maxAnswer  = 65536
	maxRoute   = 100
	maxAddress = 200
)

// stored is the answer kept for a key: one row. Status 0: under way.
type stored struct {
	bun.BaseModel `bun:"table:idempotency"`

	AccountID string    `bun:"account_id,pk"`
	Route     string    `bun:"route,pk"`
	KeyMAC    []byte    `bun:"key_mac,pk"`
	BodyMAC   []byte    `bun:"body_mac"`
	Status    int       `bun:"status"`
	Location  string    `bun:"location"`
	Answer    []byte    `bun:"answer"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// Once does a POST at most once for its Idempotency-Key: an equal request
// within 24 hours gets the same status, Location and answer without being done
// again. An empty key just does it. What fails, by an error or a status from
// 400 on, is not kept, so it may be tried again under the same key. An answer
// over 64 KiB is kept without its body: a repeat does nothing again and gets
// the status and the Location, where the thing can be read.
//
// It is no transaction with the act. When the process is killed after the act
// was committed and before its answer was kept, the key is busy for two
// minutes and then free: an equal request does the act a second time. A caller
// who got no answer and for whom that matters looks first.
//
// Faults, beside those of do: Unauthenticated; Invalid idempotency_key_form
// (field Idempotency-Key: 1 to 200 printable characters);
// Invalid idempotency_key_reused when the key came with another body before;
// Conflict idempotency_key_busy while the first request is under way.
func (a *Accounts) Once(ctx context.Context, by Actor, route, key string, body []byte,
	do func() (status int, location string, answer []byte, err error),
) (status int, location string, answer []byte, err error) {
	if key == "" {
		return do()
	}
	if err := own(by); err != nil {
		return 0, "", nil, err
	}
	if len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return 0, "", nil, fault.Bad("Idempotency-Key", "idempotency_key_form")
	}
	row := stored{AccountID: by.ID, Route: route[:min(len(route), maxRoute)], KeyMAC: a.mac(forKey, key),
		BodyMAC: a.mac(forBody, string(body)), Answer: []byte{}}
	kept, err := a.reserve(ctx, &row)
	if err != nil || kept {
		return row.Status, row.Location, row.Answer, err
	}
	settled := false
	defer func() {
		if !settled { // a panic, too, frees the key
			a.release(ctx, row)
		}
	}()
	status, location, answer, err = do()
	if err != nil || status >= 400 {
		return status, location, answer, err
	}
	settled = true
	if err := a.settle(ctx, row, status, location, answer); err != nil {
		// The act is done, and the one who asked must hear so: told of a failure
		// they would ask again.
		a.log.Warn("idempotent answer not kept", "error", err)
	}
	return status, location, answer, nil
}

// reserve takes the key for this request, or finds the kept answer.
func (a *Accounts) reserve(ctx context.Context, row *stored) (kept bool, err error) {
	var was stored
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		kept, was = false, stored{}
		_, err := tx.NewDelete().Model((*stored)(nil)).Where("account_id = ? AND expires_at <= ?", row.AccountID, tx.Now).Exec(ctx)
		if err != nil {
			return err
		}
		row.ExpiresAt = tx.Now.Add(leaseFor)
		res, err := tx.NewInsert().Model(row).On("CONFLICT (account_id, route, key_mac) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		err = tx.NewSelect().Model(&was).Where("account_id = ? AND route = ? AND key_mac = ?", row.AccountID, row.Route, row.KeyMAC).Scan(ctx)
		switch {
		case err != nil:
			return err
		case !hmac.Equal(was.BodyMAC, row.BodyMAC):
			return fault.Bad("Idempotency-Key", "idempotency_key_reused")
		case was.Status == 0:
			return fault.Of(fault.Conflict, "idempotency_key_busy")
		}
		kept = true
		return nil
	})
	if kept && err == nil {
		*row = was
	}
	return kept, err
}

// settle keeps the answer. The act is done: a caller who has gone away since
// must not make it be done twice.
func (a *Accounts) settle(ctx context.Context, row stored, status int, location string, answer []byte) error {
	lease := row.ExpiresAt
	row.Status, row.Answer = status, answer
	if row.Answer == nil || len(answer) > maxAnswer {
		row.Answer = []byte{}
	}
	if u, err := url.Parse(location); err == nil && len(location) <= maxAddress {
		row.Location = u.String()
	}
	ctx = context.WithoutCancel(ctx)
	return a.db.Write(ctx, func(tx *db.Tx) error {
		row.ExpiresAt = tx.Now.Add(answerFor)
		_, err := tx.NewUpdate().Model(&row).Column("status", "location", "answer", "expires_at").WherePK().
			Where("status = 0 AND expires_at = ?", lease).Exec(ctx)
		return err
	})
}

func (a *Accounts) release(ctx context.Context, row stored) {
	ctx = context.WithoutCancel(ctx)
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewDelete().Model(&row).WherePK().Where("status = 0 AND expires_at = ?", row.ExpiresAt).Exec(ctx)
		return err
	})
	if err != nil {
		a.log.Warn("idempotency key not freed", "error", err)
	}
}
