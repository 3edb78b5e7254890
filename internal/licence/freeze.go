package licence

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// freeze draws what is random and writes down what is agreed. The chain is the
// licence that is renewed, or none.
func (l *Licences) freeze(ctx context.Context, tx *db.Tx, in Purchase, s sale, prev Grant) (agreed, error) {
	list, idx, err := drawPlace(ctx, tx)
	if err != nil {
		return agreed{}, err
	}
	w, o := &s.Work, &s.Offer
	f := cert.Facts{ID: "L-" + letters(tx), Issuer: l.origin, Licensor: oneLine(o.Payee, 500), Licensee: "P-" + letters(tx),
		WorkID: w.ID, WorkTitle: oneLine(w.Title, 500), WorkVersion: oneLine(w.Current.Label, 500), WorkURL: w.URL, WorkSHA256: strings.ToLower(w.Current.SHA256),
		BaseLicence: w.BaseLicence, Uses: o.Uses, Channel: o.Channel, Territory: o.Territory, Learners: o.Learners,
		Attribution: oneLine(w.Attribution(), 1000), NameCommitment: in.NameCommitment, Price: s.price,
		TermsVersion: o.TermsVersion, TermsSHA256: s.terms, TermsURL: l.origin + "/terms/" + o.TermsVersion,
		KeepPublished: true, GraceDays: o.GraceDays, StatusList: list, StatusIndex: idx}
	if f.WorkURL == "" {
		f.WorkURL = l.origin + WorkPath(w.ID)
	}
	a := agreed{Version: o.Version, Days: in.Days, Offer: o.ID}
	if prev.ID != "" {
		f.Previous, f.Chain, a.Until = prev.ID, prev.ChainID, prev.ValidUntil
	} else {
		f.Chain = f.ID
	}
	a.Facts = f.Canonical()
	return a, probe(a)
}

// probe refuses to sell what no certificate could say: it would be paid and
// could not be issued.
func probe(a agreed) error {
	f := a.Facts
	f.OrderID, f.PaidAt = "order", time.Unix(1<<31, 0).UTC()
	f.ValidFrom, f.ValidUntil = f.PaidAt, end(f.PaidAt, a.Days)
	if err := f.Check(); err != nil {
		return fmt.Errorf("licence: an offer cannot be certified: %w", err)
	}
	return nil
}

// oneLine is a text as a certificate takes it: on one line, without what
// cannot be seen, cut to a number of characters.
func oneLine(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimSpace(string(runes[:most]))
	}
	return text
}

// crockford is Crockford's base32.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// letters draws ten characters of it: 50 bits.
func letters(tx *db.Tx) string {
	sum := sha256.Sum256([]byte(tx.RandomID()))
	out := make([]byte, 10)
	for i := range out {
		out[i] = crockford[sum[i]&31]
	}
	return string(out)
}

// listBits is how many licences share one pair of status lists.
const listBits = 131072

// drawPlace draws a free place in the newest pair of status lists. Where eight
// draws in a row hit taken places, the pair is about full and the next begins:
// places stay sparse, so that a place tells nothing of when it was drawn.
func drawPlace(ctx context.Context, tx *db.Tx) (list, idx int, err error) {
	if err := tx.NewRaw("SELECT COALESCE(max(list), 0) FROM status_entry").Scan(ctx, &list); err != nil {
		return 0, 0, err
	}
	for range 8 {
		sum := sha256.Sum256([]byte(tx.RandomID()))
		idx = int(binary.BigEndian.Uint32(sum[:4]) % listBits)
		taken, err := tx.NewSelect().TableExpr("status_entry").Where("list = ? AND idx = ?", list, idx).Exists(ctx)
		if err != nil || !taken {
			return list, idx, err
		}
	}
	return list + 1, idx, nil
}

// place takes the place that the facts name, for good.
func place(ctx context.Context, tx *db.Tx, f cert.Facts) error {
	_, err := tx.NewRaw("INSERT INTO status_entry (list, idx, grant_id) VALUES (?, ?, ?)", f.StatusList, f.StatusIndex, f.ID).Exec(ctx)
	return err
}

// renewing reads and locks the licence that a purchase continues, if any.
func (l *Licences) renewing(ctx context.Context, tx *db.Tx, by account.Actor, in Purchase) (g Grant, err error) {
	if in.Renews == "" {
		return g, nil
	}
	if g, err = l.lockGrant(ctx, tx, in.Renews); err != nil {
		return Grant{}, err
	}
	if g.BuyerID != by.ID {
		return Grant{}, errNoGrant
	}
	return g, l.renewable(ctx, tx, &g)
}

// renewable refuses a licence that cannot be continued now.
func (l *Licences) renewable(ctx context.Context, tx *db.Tx, g *Grant) error {
	switch {
	case g.State == Revoked:
		return fault.Of(fault.Conflict, "licence_revoked")
	case g.State == Suspended:
		return fault.Of(fault.Conflict, "licence_suspended")
	case tx.Now.Before(g.ValidUntil.Add(-RenewFrom)):
		return fault.Of(fault.Conflict, "renewal_early").With("From", db.Date(g.ValidUntil.Add(-RenewFrom)))
	}
	renewed, err := tx.NewSelect().Model((*Grant)(nil)).Where("previous_id = ?", g.ID).Exists(ctx)
	if err == nil && renewed {
		err = fault.Of(fault.Conflict, "licence_renewed")
	}
	return err
}

// lockGrant reads a licence and makes acts upon its chain follow each other:
// on PostgreSQL by the chain's first row, on SQLite there is one writer.
func (l *Licences) lockGrant(ctx context.Context, tx *db.Tx, id string) (g Grant, err error) {
	if l.db.Engine() != db.SQLite {
		var one []int
		if err := tx.NewRaw("SELECT 1 FROM licence_grant WHERE id = (SELECT chain_id FROM licence_grant WHERE id = ?) FOR UPDATE", id).Scan(ctx, &one); err != nil {
			return g, err
		}
	}
	return loadGrant(ctx, tx, "g.id = ?", id)
}

func loadGrant(ctx context.Context, tx *db.Tx, where string, args ...any) (g Grant, err error) {
	err = db.One(ctx, tx.NewSelect().Model(&g).Where(where, args...), errNoGrant)
	return g, err
}

// end is the first moment after a term that begins at an instant.
func end(from time.Time, days int) time.Time { return from.Add(time.Duration(days) * 24 * time.Hour) }

func itoa(n int) string { return strconv.Itoa(n) }

// number reads what itoa wrote; 0 for anything else.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
