package licence

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
)

// statusFresh is for how long one signed list is handed out while its content
// stays: half of what the list says of itself, so that nobody is handed one
// that is about to be too old.
const statusFresh = cert.StatusTTL / 2

// statusCache keeps the signed lists by their numbers.
type statusCache struct {
	mu    sync.Mutex
	lists map[int]signedList
}

type signedList struct {
	content [sha256.Size]byte
	keyID   string
	at      time.Time
	jwt     string
}

// StatusList is the signed list of a number: odd ones say what is revoked, even
// ones what is suspended. It is built from the licences' rows each time and
// signed anew only when its content changed or it is getting old. Fault:
// NotFound status_unknown.
func (l *Licences) StatusList(ctx context.Context, n int) (jwt string, err error) {
	if n < 1 {
		return "", errNoStatus
	}
	var bits *cert.StatusList
	var now time.Time
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		now = tx.Now.Truncate(time.Second)
		var last int
		if err := tx.NewRaw("SELECT COALESCE(max(list), 0) FROM status_entry").Scan(ctx, &last); err != nil {
			return err
		}
		if (n-1)/2 > last {
			return errNoStatus
		}
		bits, err = statusBits(ctx, tx, n)
		return err
	})
	if err != nil {
		return "", err
	}
	return l.signList(n, bits, now)
}

var errNoStatus = fault.Of(fault.NotFound, "status_unknown")

// statusBits builds a list from the rows.
func statusBits(ctx context.Context, tx *db.Tx, n int) (*cert.StatusList, error) {
	state := Revoked
	if cert.PurposeOf(n) == cert.Suspension {
		state = Suspended
	}
	var set []int
	err := tx.NewSelect().Model((*Grant)(nil)).Column("status_index").Where("status_list = ? AND state = ?", (n-1)/2, state).Scan(ctx, &set)
	bits := &cert.StatusList{}
	for _, i := range set {
		bits.Set(i, true)
	}
	return bits, err
}

func (l *Licences) signList(n int, bits *cert.StatusList, now time.Time) (string, error) {
	signer, err := l.signer(now)
	if err != nil {
		return "", err
	}
	encoded, err := bits.Encode()
	if err != nil {
		return "", err
	}
	fresh := signedList{content: sha256.Sum256([]byte(encoded)), keyID: signer.Key().ID, at: now}
	l.lists.mu.Lock()
	defer l.lists.mu.Unlock()
	old, ok := l.lists.lists[n]
	if ok && old.content == fresh.content && old.keyID == fresh.keyID && !now.Before(old.at) && now.Sub(old.at) < statusFresh {
		return old.jwt, nil
	}
	if fresh.jwt, err = cert.IssueStatus(cert.StatusFacts{Issuer: l.origin, List: n, Bits: bits, At: now}, signer); err != nil {
		return "", err
	}
	if l.lists.lists == nil {
		l.lists.lists = map[int]signedList{}
	}
	l.lists.lists[n] = fresh
	return fresh.jwt, nil
}

// Verify tells what a certificate of this branch is worth now: signature,
// window, dates, the licence's state here and the terms' text. It takes
// whatever text a stranger sends. The error is the database's only.
func (l *Licences) Verify(ctx context.Context, jwt []byte) (res cert.Result, err error) {
	keys, err := l.PublicKeys()
	if err != nil {
		return res, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var failed error
		res = cert.Verify(jwt, cert.Options{Keys: keys, Issuer: l.origin, Now: tx.Now, Terms: l.terms,
			Status: func(list, index int) (bool, error) {
				set, err := statusBit(ctx, tx, list, index)
				failed = err
				return set, err
			}})
		return failed
	})
	return res, err
}

func statusBit(ctx context.Context, tx *db.Tx, list, index int) (bool, error) {
	state := Revoked
	if cert.PurposeOf(list) == cert.Suspension {
		state = Suspended
	}
	return tx.NewSelect().Model((*Grant)(nil)).Where("status_list = ? AND status_index = ? AND state = ?", (list-1)/2, index, state).Exists(ctx)
}

// Public is what everybody may know of a licence: never its licensee.
type Public struct {
	ID         string
	Facts      cert.Facts // without licensee, name, order, price and day of payment
	Version    int
	Word       cert.Word
	State      GrantState
	Ground     Ground       // of a revoked one
	RevokedAt  time.Time    // of a revoked one
	Short      string       // of the certificate's hash: what the QR code on paper says behind "#"
	RenewedBy  string       // the licence that continues it
	KeyID      string       // of the key that signed its certificate
	Checks     []cert.Check // what was checked of its certificate just now
	Revocation *Revocation  // the newest that its seller announced, without the appeal's words; nil: none
}

// Public reads a licence for everybody: its certificate is made and checked as
// a stranger would. Faults: NotFound licence_unknown; Unavailable key_revoked.
func (l *Licences) Public(ctx context.Context, id string) (p Public, err error) {
	if !cert.IsID(id) {
		return p, errNoGrant
	}
	var g Grant
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		if g, err = loadGrant(ctx, tx, "g.id = ?", id); err == nil {
			p, err = l.public(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return Public{}, err
	}
	jwt, err := l.certificate(ctx, &g)
	if err != nil {
		return Public{}, err
	}
	res, err := l.Verify(ctx, []byte(jwt))
	p.KeyID, p.Checks = res.KeyID, res.Checks
	return p, err
}

func (l *Licences) public(ctx context.Context, tx *db.Tx, id string) (p Public, err error) {
	g, err := loadGrant(ctx, tx, "g.id = ?", id)
	if err != nil {
		return p, err
	}
	f, err := g.Facts()
	if err != nil {
		return p, err
	}
	p = Public{ID: g.ID, Version: g.Version, Word: g.Word(tx.Now, f.GraceDays), State: g.State, Ground: g.Ground, RevokedAt: g.RevokedAt,
		Short: short(g.CertHash)}
	f.Licensee, f.NameCommitment, f.OrderID, f.Price, f.PaidAt = "", "", "", money.Amount{}, time.Time{}
	p.Facts = f
	var r Revocation
	q := tx.NewSelect().Model(&r).Where("r.grant_id = ?", id).OrderExpr("r.announced_at DESC, r.id")
	switch err := db.One(ctx, q, errNoRevocation); {
	case err == nil:
		r.Appeal = ""
		p.Revocation = &r
	case !fault.Is(err, fault.NotFound):
		return p, err
	}
	var next []string
	if err := tx.NewSelect().Model((*Grant)(nil)).Column("id").Where("previous_id = ?", id).Scan(ctx, &next); err != nil {
		return p, err
	}
	if len(next) > 0 {
		p.RenewedBy = next[0]
	}
	return p, nil
}

// cases reads what a list of revocations is about.
func (l *Licences) cases(ctx context.Context, tx *db.Tx, where string, args ...any) ([]Case, error) {
	var rows []Revocation
	if err := tx.NewSelect().Model(&rows).Where(where, args...).OrderExpr("COALESCE(r.decided_at, r.appealed_at) DESC, r.id").Limit(100).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Case, 0, len(rows))
	for _, r := range rows {
		p, err := l.public(ctx, tx, r.GrantID)
		if err != nil {
			return nil, err
		}
		out = append(out, Case{Revocation: r, Public: p})
	}
	return out, nil
}

// short is the part of a certificate's hash that its QR code says, as
// cert.Short makes it.
func short(hash string) string {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) < 16 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
