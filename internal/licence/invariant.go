package licence

import (
	"context"
	"errors"
	"fmt"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Invariants are what must always hold of licences.
func (l *Licences) Invariants() []audit.Invariant {
	return []audit.Invariant{
		{Name: "grant_has_paid_order", Says: "An active licence belongs to a fulfilled order, a suspended one to a disputed order.", Broken: l.unpaid},
		{Name: "paid_order_has_grant", Says: "Every paid order of a licence has issued it, unless it was to renew a licence that was revoked.", Broken: l.ungranted},
		{Name: "refund_revokes", Says: "The licence of a refunded order is revoked, and the published list says so.", Broken: l.unrevoked},
		{Name: "chain_is_a_line", Says: "Licences that renew each other follow without overlap.", Broken: l.overlapping},
		{Name: "certificate_kept", Says: "Every certificate has a place and a key of its own on record and comes out as the same bytes.", Broken: l.uncertain},
	}
}

func lines(ctx context.Context, tx *db.Tx, query string, args ...any) (out []string, err error) {
	err = tx.NewRaw(query, args...).Scan(ctx, &out)
	return out, err
}

func (l *Licences) unpaid(ctx context.Context, tx *db.Tx) ([]string, error) {
	return lines(ctx, tx, `SELECT 'licence ' || g.id || ' is ' || g.state || ', its order ' || o.id || ' ' || o.state
		FROM licence_grant AS g JOIN payment_order AS o ON o.id = g.order_id
		WHERE (g.state = 'active' AND o.state <> 'fulfilled') OR (g.state = 'suspended' AND o.state <> 'disputed') ORDER BY g.id LIMIT 100`)
}

// ungranted finds money for which nobody got anything. Only a renewal whose
// licence was revoked before it was paid is left so: its money goes back.
func (l *Licences) ungranted(ctx context.Context, tx *db.Tx) (out []string, err error) {
	var rows []payment.Order
	if err := tx.NewSelect().Model(&rows).Column("o.id", "o.state", "o.fulfilled", "o.terms").Where("o.kind = ? AND o.paid", Goods).
		Where("NOT EXISTS (SELECT 1 FROM licence_grant AS g WHERE g.order_id = o.id)").OrderExpr("o.id").Limit(1000).Scan(ctx); err != nil {
		return nil, err
	}
	for i := range rows {
		o := &rows[i]
		a, err := thaw(o.Terms)
		if err != nil || o.Fulfilled || a.Facts.Previous == "" {
			out = append(out, "order "+o.ID+" is "+string(o.State)+" without a licence")
			continue
		}
		revoked, err := tx.NewSelect().Model((*Grant)(nil)).Where("g.chain_id = ? AND (g.state = ? OR EXISTS (SELECT 1 FROM revocation AS r WHERE r.grant_id = g.id AND r.state = ?))",
			a.Facts.Chain, Revoked, Reversed).Exists(ctx)
		if err != nil {
			return nil, err
		}
		if !revoked {
			out = append(out, "order "+o.ID+" is "+string(o.State)+", renews a licence that stands, and has issued none")
		}
	}
	return out, nil
}

// unrevoked compares orders, rows and the lists that are published.
func (l *Licences) unrevoked(ctx context.Context, tx *db.Tx) ([]string, error) {
	out, err := lines(ctx, tx, `SELECT 'licence ' || g.id || ' is ' || g.state || ', its order ' || o.id || ' refunded'
		FROM licence_grant AS g JOIN payment_order AS o ON o.id = g.order_id WHERE o.state = 'refunded' AND g.state <> 'revoked' ORDER BY g.id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	var last int
	if err := tx.NewRaw("SELECT COALESCE(max(list), 0) FROM status_entry").Scan(ctx, &last); err != nil {
		return nil, err
	}
	for pair := range last + 1 {
		published, err := statusBits(ctx, tx, cert.RevocationList(pair))
		if err != nil {
			return nil, err
		}
		var refunded []int
		if err := tx.NewRaw(`SELECT e.idx FROM status_entry AS e JOIN licence_grant AS g ON g.id = e.grant_id JOIN payment_order AS o ON o.id = g.order_id
			WHERE e.list = ? AND o.state = 'refunded'`, pair).Scan(ctx, &refunded); err != nil {
			return nil, err
		}
		for _, i := range refunded {
			if !published.Get(i) {
				out = append(out, fmt.Sprintf("list %d does not say that entry %d is revoked, its order is refunded", cert.RevocationList(pair), i))
			}
		}
	}
	return out, nil
}

func (l *Licences) overlapping(ctx context.Context, tx *db.Tx) ([]string, error) {
	return lines(ctx, tx, `SELECT 'licences ' || a.id || ' and ' || b.id || ' of one chain overlap' FROM licence_grant AS a
		JOIN licence_grant AS b ON b.chain_id = a.chain_id AND a.id < b.id AND a.valid_from < b.valid_until AND b.valid_from < a.valid_until
		UNION ALL
		SELECT 'licence ' || n.id || ' begins before the end of ' || p.id || ', which it renews' FROM licence_grant AS n
		JOIN licence_grant AS p ON p.id = n.previous_id WHERE n.valid_from < p.valid_until OR n.chain_id <> p.chain_id
		UNION ALL
		SELECT 'licence ' || g.id || ' has a term of another length than it says, or none' FROM licence_grant AS g
		WHERE g.days NOT BETWEEN 1 AND 1096 OR g.valid_until <= g.valid_from LIMIT 100`)
}

// uncertainPage is how many certificates are made at a time.
const uncertainPage = 500

// uncertain makes every certificate anew.
func (l *Licences) uncertain(ctx context.Context, tx *db.Tx) (out []string, err error) {
	signers, err := l.signers()
	if err != nil {
		return nil, err
	}
	for after := ""; len(out) < 100; {
		var rows []Grant
		if err := tx.NewSelect().Model(&rows).Where("id > ?", after).OrderExpr("id").Limit(uncertainPage).Scan(ctx); err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		for i := range rows {
			if why := doubtful(&rows[i], signers); why != "" {
				out = append(out, "licence "+rows[i].ID+" "+why)
			}
		}
		after = rows[len(rows)-1].ID
	}
	doubled, err := lines(ctx, tx, `SELECT 'entry ' || idx || ' of the pair ' || list || ' is of several licences' FROM
		(SELECT status_list AS list, status_index AS idx, count(*) AS n FROM licence_grant GROUP BY status_list, status_index) AS t WHERE n > 1
		UNION ALL
		SELECT 'licence ' || g.id || ' has a place that is not its own' FROM licence_grant AS g LEFT JOIN status_entry AS e
		ON e.list = g.status_list AND e.idx = g.status_index AND e.grant_id = g.id WHERE e.grant_id IS NULL
		UNION ALL
		SELECT 'several licences have the certificate ' || cert_hash FROM licence_grant GROUP BY cert_hash HAVING count(*) > 1 LIMIT 100`)
	return append(out, doubled...), err
}

// doubtful says what is wrong with a certificate, or nothing.
func doubtful(g *Grant, signers map[string]*cert.Signer) string {
	f, err := g.Facts()
	switch {
	case err != nil:
		return "has frozen facts that cannot be read"
	case f.ID != g.ID || f.OrderID != g.OrderID || f.WorkID != g.WorkID || f.Previous != g.PreviousID || f.Chain != g.ChainID ||
		!f.ValidFrom.Equal(g.ValidFrom) || !f.ValidUntil.Equal(g.ValidUntil) || !f.PaidAt.Equal(g.PaidAt) ||
		f.StatusList != g.StatusList || f.StatusIndex != g.StatusIndex:
		return "says something else than its certificate"
	}
	switch _, err := rederive(g, signers); {
	case err == nil:
		return ""
	case errors.Is(err, errRevokedKey):
		return "is signed by a key that is revoked or gone"
	case errors.Is(err, errBytes):
		return "does not come out as the certificate whose hash is kept"
	}
	return "cannot be certified"
}
