package licence

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Gate says what keeps licences for a work from being offered and sold now: nil,
// or every missing thing as fault.Fields of Conflicts: work_draft,
// work_withdrawn, work_suspended, base_licence_free (no licence is needed),
// ground_missing (a part without a ground; arguments Name of the first and
// Count), part_blocks (a third party's part under terms that forbid it;
// arguments Name and Licence), claim_open, agreement_none (a community work,
// and no agreement is adopted).
func Gate(ctx context.Context, tx *db.Tx, w *Work) error {
	rows, err := parts(ctx, tx, []string{w.ID}, 0)
	if err != nil {
		return err
	}
	all, err := gates(ctx, tx, []*Work{w}, rows)
	if err != nil {
		return err
	}
	return all[w.ID].Err()
}

// gates is Gate for several works with the parts of their newest versions, in a
// constant number of queries; a work that misses nothing has no entry.
func gates(ctx context.Context, tx *db.Tx, works []*Work, rows []Contribution) (map[string]fault.Fields, error) {
	out := map[string]fault.Fields{}
	if len(works) == 0 {
		return out, nil
	}
	ids := make([]string, len(works))
	community := false
	for i, w := range works {
		ids[i] = w.ID
		community = community || w.Basis == Community
	}
	claimed, err := claimed(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	adopted := false
	if community {
		if adopted, err = anyAdopted(ctx, tx); err != nil {
			return nil, err
		}
	}
	of := map[string][]Contribution{}
	for i := range rows {
		of[rows[i].WorkID] = append(of[rows[i].WorkID], rows[i])
	}
	for _, w := range works {
		missing := w.missing()
		missing = append(missing, partsMissing(of[w.ID])...)
		if claimed[w.ID] {
			missing.Add(conflict("claim_open"))
		}
		if w.Basis == Community && !adopted {
			missing.Add(conflict("agreement_none"))
		}
		if len(missing) > 0 {
			out[w.ID] = missing
		}
	}
	return out, nil
}

func conflict(code string) *fault.Error { return fault.Of(fault.Conflict, code) }

// missing is what the work itself lacks.
func (w *Work) missing() (out fault.Fields) {
	switch w.State {
	case WorkDraft:
		out.Add(conflict("work_draft"))
	case WorkWithdrawn:
		out.Add(conflict("work_withdrawn"))
	case WorkSuspended:
		out.Add(conflict("work_suspended"))
	}
	if !NonCommercial(w.BaseLicence) {
		out.Add(conflict("base_licence_free"))
	}
	if w.AccountID == "" && w.State != WorkWithdrawn {
		out.Add(conflict("work_withdrawn")) // nobody is left to sell
	}
	return out
}

// partsMissing is what parts of one version lack. A version without any part
// lacks its author.
func partsMissing(rows []Contribution) (out fault.Fields) {
	open, first := 0, ""
	for i := range rows {
		c := &rows[i]
		switch {
		case c.Ground == GroundOpen || c.Ground == GroundConsent && !c.HasGiven:
			if open++; open == 1 {
				first = c.Shown
			}
		case c.Ground == GroundThird && Blocks(c.Licence):
			out.Add(conflict("part_blocks").With("Name", c.Shown).With("Licence", c.Licence))
		}
	}
	if open > 0 || len(rows) == 0 {
		out.Add(conflict("ground_missing").With("Name", first).With("Count", max(open, 1)))
	}
	return out
}

// claimed tells which of these works have an open claim.
func claimed(ctx context.Context, tx *db.Tx, ids []string) (map[string]bool, error) {
	var found []string
	err := tx.NewSelect().Model((*Claim)(nil)).ColumnExpr("DISTINCT r.work_id").
		Where("r.state = ? AND r.work_id IN (?)", ClaimOpen, bun.In(ids)).Scan(ctx, &found)
	out := map[string]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, err
}

func anyAdopted(ctx context.Context, tx *db.Tx) (bool, error) {
	n, err := tx.NewSelect().Model((*Agreement)(nil)).Where("a.state = ?", AgreementAdopted).Count(ctx)
	return n > 0, err
}

// gateOffer is the gate with what depends on the offer: every consent names
// the offer's payee, or it is not for this sale.
func (l *Licences) gateOffer(ctx context.Context, tx *db.Tx, w *Work, o *Offer) (fault.Fields, error) {
	rows, err := parts(ctx, tx, []string{w.ID}, w.Version)
	if err != nil {
		return nil, err
	}
	all, err := gates(ctx, tx, []*Work{w}, rows)
	if err != nil {
		return nil, err
	}
	return append(all[w.ID], payeeMissing(rows, o.Payee)...), nil
}

// payeeMissing names the first author whose consent is for another payee.
func payeeMissing(rows []Contribution, payee string) (out fault.Fields) {
	for i := range rows {
		if c := &rows[i]; c.Ground == GroundConsent && c.HasGiven && c.Payee != payee {
			out.Add(conflict("consent_payee").With("Name", c.Shown))
			break
		}
	}
	return out
}

func (l *Licences) settings(ctx context.Context, tx *db.Tx) (branch.Settings, error) {
	return branch.Load(ctx, tx)
}
