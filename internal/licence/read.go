package licence

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// Facts are what the certificate says.
func (g *Grant) Facts() (cert.Facts, error) {
	var f cert.Facts
	err := json.Unmarshal(g.Frozen, &f)
	return f, err
}

// GraceUntil is the first moment at which copies that were begun may no longer
// be finished: the end of a revoked grant has no grace.
func (g *Grant) GraceUntil(graceDays int) time.Time {
	if g.State == Revoked {
		return g.RevokedAt
	}
	return g.ValidUntil.AddDate(0, 0, graceDays)
}

// Word is what the grant is worth at an instant, in the words of certificates.
func (g *Grant) Word(now time.Time, graceDays int) cert.Word {
	switch {
	case g.State == Revoked:
		return cert.Revoked
	case g.State == Suspended:
		return cert.Suspended
	case now.Before(g.ValidFrom):
		return cert.NotYet
	case now.Before(g.ValidUntil):
		return cert.Valid
	case now.Before(g.GraceUntil(graceDays)):
		return cert.ExpiredInGrace
	}
	return cert.Expired
}

// Grant reads a licence for its buyer or its seller. Faults: Unauthenticated;
// NotFound licence_unknown, for everybody else too.
func (l *Licences) Grant(ctx context.Context, by account.Actor, id string) (g Grant, err error) {
	if by.Anonymous() {
		return g, errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		if g, err = loadGrant(ctx, tx, "g.id = ?", id); err == nil && g.BuyerID != by.ID && g.SellerID != by.ID {
			err = errNoGrant
		}
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	return g, nil
}

// GrantFilter says which of one's licences are asked for; the zero value is all.
type GrantFilter struct {
	WorkID string // empty: of any work
	Open   bool   // only those that have not ended
}

// grantsMost is how many licences one list holds.
const grantsMost = 1000

// Grants lists the actor's licences, those that end last first, with what
// renewed them. Faults: Unauthenticated.
func (l *Licences) Grants(ctx context.Context, by account.Actor, f GrantFilter) (out []Grant, err error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out, err = l.bought(ctx, tx, by.ID, f)
		return err
	})
	return out, err
}

func (l *Licences) bought(ctx context.Context, tx *db.Tx, accountID string, f GrantFilter) ([]Grant, error) {
	out := []Grant{}
	q := tx.NewSelect().Model(&out).ColumnExpr("g.*").ColumnExpr("COALESCE(n.id, '') AS renewed_by").
		Join("LEFT JOIN licence_grant AS n ON n.previous_id = g.id").Where("g.buyer_id = ?", accountID)
	if f.WorkID != "" {
		q.Where("g.work_id = ?", f.WorkID)
	}
	if f.Open {
		q.Where("g.valid_until > ?", tx.Now)
	}
	return out, q.OrderExpr("g.valid_until DESC, g.id").Limit(grantsMost).Scan(ctx)
}

// Certificate is the signed certificate of a licence, for its buyer. It is made
// anew from what was frozen, and is the same bytes each time. Faults:
// Unauthenticated; NotFound licence_unknown; Unavailable key_revoked
// where the key that signed it is no longer believed and none took its place.
func (l *Licences) Certificate(ctx context.Context, by account.Actor, id string) (jwt string, err error) {
	g, err := l.Grant(ctx, by, id)
	if err != nil {
		return "", err
	}
	if g.BuyerID != by.ID {
		return "", errNoGrant
	}
	return l.certificate(ctx, &g)
}

// certificate makes one, and signs it again first where its key was lost.
func (l *Licences) certificate(ctx context.Context, g *Grant) (string, error) {
	for range 2 {
		signers, err := l.signers()
		if err != nil {
			return "", err
		}
		jwt, err := rederive(g, signers)
		if !errors.Is(err, errRevokedKey) {
			return jwt, err
		}
		if _, err := l.Resign(ctx); err != nil {
			return "", err
		}
		if err := l.db.Read(ctx, func(tx *db.Tx) (err error) {
			*g, err = loadGrant(ctx, tx, "g.id = ?", g.ID)
			return err
		}); err != nil {
			return "", err
		}
	}
	return "", errRevokedKey
}

// The purposes keep the hashes of different secrets apart.
const (
	forLink     = "licence-link"        // makes the secret of a holder's link
	forLinkFind = "licence-link-lookup" // finds it
	forFeed     = "licence-feed"
	forFeedFind = "licence-feed-lookup"
)

// secretLen is the length of a secret in an address: 32 bytes in base64.
const secretLen = 43

func (l *Licences) secretOf(purpose, text string) string {
	sum := l.keys.MAC(purpose, []byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (l *Licences) mac(purpose, text string) []byte {
	sum := l.keys.MAC(purpose, []byte(text))
	return sum[:]
}

// HolderLink is the secret address of a licence for its buyer: whoever has it
// opens the certificate. Empty while there is none. Faults: Unauthenticated;
// NotFound licence_unknown.
func (l *Licences) HolderLink(ctx context.Context, by account.Actor, id string) (string, error) {
	g, err := l.Grant(ctx, by, id)
	if err != nil {
		return "", err
	}
	if g.BuyerID != by.ID {
		return "", errNoGrant
	}
	return l.linkOf(&g), nil
}

func (l *Licences) linkOf(g *Grant) string {
	if g.LinkNonce == "" {
		return ""
	}
	return l.origin + GrantPath(g.ID) + "?key=" + l.secretOf(forLink, g.ID+"/"+g.LinkNonce)
}

// RenewLink gives the actor's licence a new secret address and ends the one
// before. Faults: Unauthenticated; NotFound licence_unknown.
func (l *Licences) RenewLink(ctx context.Context, by account.Actor, id string) (address string, err error) {
	err = l.own(ctx, by, id, func(tx *db.Tx, g *Grant) error {
		g.LinkNonce = tx.RandomID()
		g.LinkMAC = l.mac(forLinkFind, l.secretOf(forLink, g.ID+"/"+g.LinkNonce))
		address = l.linkOf(g)
		return nil
	})
	return address, err
}

// EndLink ends the secret address of the actor's licence. Faults:
// Unauthenticated; NotFound licence_unknown.
func (l *Licences) EndLink(ctx context.Context, by account.Actor, id string) error {
	return l.own(ctx, by, id, func(_ *db.Tx, g *Grant) error {
		g.LinkNonce, g.LinkMAC = "", nil
		return nil
	})
}

// Show puts the actor's licence for teaching onto their profile, or takes it
// off: by itself nothing ties a licence to a handle. Faults: Unauthenticated;
// NotFound licence_unknown; Conflict licence_state, where it is not for
// teaching.
func (l *Licences) Show(ctx context.Context, by account.Actor, id string, shown bool) error {
	return l.own(ctx, by, id, func(tx *db.Tx, g *Grant) error {
		if shown && g.Channel != cert.Teaching {
			return errGrantState
		}
		if g.Shown == shown {
			return nil
		}
		g.Shown = shown
		return tx.Changed(ctx, WorkKind, g.WorkID) // pages that everybody was given are out of date
	})
}

// own changes what a holder decides alone about their licence.
func (l *Licences) own(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *Grant) error) error {
	if by.Anonymous() {
		return errNobody
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		g, err := l.lockGrant(ctx, tx, id)
		if err != nil {
			return err
		}
		if g.BuyerID != by.ID {
			return errNoGrant
		}
		if err := fn(tx, &g); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model(&g).Column("link_nonce", "link_mac", "shown").WherePK().Exec(ctx)
		return err
	})
}

// ByLink reads a licence and its certificate for who has its secret address.
// The secret is looked up by a keyed hash, so the time that takes tells nothing
// of it. Faults: NotFound licence_unknown; Unavailable key_revoked.
func (l *Licences) ByLink(ctx context.Context, id, secret string) (g Grant, jwt string, err error) {
	if len(secret) != secretLen {
		return g, "", errNoGrant
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		g, err = loadGrant(ctx, tx, "g.link_mac = ? AND g.id = ?", l.mac(forLinkFind, secret), id)
		return err
	})
	if err != nil {
		return Grant{}, "", err
	}
	jwt, err = l.certificate(ctx, &g)
	return g, jwt, err
}
