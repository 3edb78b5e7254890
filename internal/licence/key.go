package licence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/secret"
)

// errRevokedKey says that a certificate is signed by a key that is no longer
// believed, and waits for being signed again.
var errRevokedKey = fault.Of(fault.Unavailable, "key_revoked")

// PublicKeys are the public halves of every key ever used, with their windows:
// what /.well-known/jwks.json serves. A branch that has none yet makes its first.
func (l *Licences) PublicKeys() ([]cert.Key, error) {
	all, err := l.keys.SigningKeys()
	if err == nil && len(all) == 0 {
		if _, err = l.keys.SigningAt(l.db.Now()); err == nil {
			all, err = l.keys.SigningKeys()
		}
	}
	if err != nil {
		return nil, err
	}
	out := make([]cert.Key, 0, len(all))
	for _, k := range all {
		out = append(out, publicHalf(k))
	}
	return out, nil
}

func publicHalf(k secret.SigningKey) cert.Key {
	return cert.Key{ID: k.ID, Public: k.Public, From: k.From, Until: k.Until, RevokedAt: k.RevokedAt}
}

// signer is the key for what is dated at an instant.
func (l *Licences) signer(at time.Time) (*cert.Signer, error) {
	k, err := l.keys.SigningAt(at)
	if err != nil {
		return nil, err
	}
	return cert.NewSigner(publicHalf(k), k.Private())
}

// signers are the keys by name that may still sign.
func (l *Licences) signers() (map[string]*cert.Signer, error) {
	all, err := l.keys.SigningKeys()
	if err != nil {
		return nil, err
	}
	out := map[string]*cert.Signer{}
	for _, k := range all {
		if !k.RevokedAt.IsZero() {
			continue
		}
		if out[k.ID], err = cert.NewSigner(publicHalf(k), k.Private()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// errBytes says that a certificate does not come out as it was issued.
var errBytes = errors.New("licence: a certificate does not re-derive to the bytes whose hash is kept")

// rederive makes a certificate from its row and compares it with the hash kept.
// Fault: Unavailable key_revoked.
func rederive(g *Grant, signers map[string]*cert.Signer) (string, error) {
	f, err := g.Facts()
	if err != nil {
		return "", fmt.Errorf("licence: frozen facts: %w", err)
	}
	signer := signers[g.KeyID]
	if signer == nil {
		return "", errRevokedKey
	}
	jwt, err := cert.Issue(f, signer)
	if err != nil {
		return "", err
	}
	if cert.Hash(jwt) != g.CertHash {
		return "", errBytes
	}
	return jwt, nil
}

// resignBatch is how many certificates one unit of work signs again.
const resignBatch = 100

// Resign signs again whatever a revoked key has signed: the same facts with the
// same dates, by the key that took over the window. It runs by itself from time
// to time and tells how many it signed.
func (l *Licences) Resign(ctx context.Context) (done int, err error) {
	all, err := l.keys.SigningKeys()
	if err != nil {
		return 0, err
	}
	var lost []string
	for _, k := range all {
		if !k.RevokedAt.IsZero() {
			lost = append(lost, k.ID)
		}
	}
	for len(lost) > 0 && ctx.Err() == nil {
		n := 0
		err := l.db.Write(ctx, func(tx *db.Tx) error {
			n, err = l.resign(ctx, tx, lost)
			return err
		})
		done += n
		if err != nil || n == 0 {
			return done, err
		}
	}
	return done, nil
}

func (l *Licences) resign(ctx context.Context, tx *db.Tx, lost []string) (int, error) {
	var rows []Grant
	if err := tx.NewSelect().Model(&rows).Where("key_id IN (?)", bun.In(lost)).OrderExpr("id").Limit(resignBatch).Scan(ctx); err != nil {
		return 0, err
	}
	for i := range rows {
		f, err := rows[i].Facts()
		if err != nil {
			return 0, err
		}
		again, err := l.certify(f)
		if err != nil {
			return 0, err
		}
		if _, err := tx.NewUpdate().Model((*Grant)(nil)).Set("key_id = ?", again.KeyID).Set("cert_hash = ?", again.CertHash).
			Where("id = ? AND key_id = ?", rows[i].ID, rows[i].KeyID).Exec(ctx); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
