package licence

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// Work reads a work with all that its page shows. Everybody reads what was
// published, also once it is suspended or withdrawn; a draft is for who looks
// after it. All else is NotFound (work_unknown).
func (l *Licences) Work(ctx context.Context, by account.Actor, id string) (out WorkView, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		w, err := findWork(ctx, tx, id)
		if err != nil {
			return err
		}
		out, err = l.view(ctx, tx, by, w)
		return err
	})
	if err != nil {
		return WorkView{}, err
	}
	return out, nil
}

// view is one work with its claims, for who may read it.
func (l *Licences) view(ctx context.Context, tx *db.Tx, by account.Actor, w Work) (WorkView, error) {
	if !w.Public() && !steward(by, &w) {
		return WorkView{}, errNoWork
	}
	all, err := l.views(ctx, tx, by, []Work{w})
	if err != nil {
		return WorkView{}, err
	}
	all[0].Claims, err = claimsOf(ctx, tx, by, w.ID)
	return all[0], err
}

// OfferView is an offer with its work.
type OfferView struct {
	Offer
	Of WorkView
}

// Offer reads an offer with its work: everybody an open one that can be had,
// its seller any. Faults: NotFound (offer_unknown); Conflict (offer_closed) for
// one that others had and that cannot be had now.
func (l *Licences) Offer(ctx context.Context, by account.Actor, id string) (out OfferView, err error) {
	if !formed(id) {
		return OfferView{}, errNoOffer
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = OfferView{}
		var rows []Offer
		if err := tx.NewSelect().Model(&rows).Where("o.id = ?", id).Scan(ctx); err != nil {
			return err
		}
		if len(rows) == 0 {
			return errNoOffer
		}
		if err := withPrices(ctx, tx, rows); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, rows[0].WorkID)
		if err != nil {
			return err
		}
		view, err := l.view(ctx, tx, by, w)
		if fault.Is(err, fault.NotFound) {
			return errNoOffer
		}
		if err != nil {
			return err
		}
		if !view.Mine && !view.had(&rows[0]) {
			return conflict("offer_closed")
		}
		out = OfferView{Offer: rows[0], Of: view}
		return nil
	})
	if err != nil {
		return OfferView{}, err
	}
	return out, nil
}

// had tells whether an offer can be had now.
func (v *WorkView) had(o *Offer) bool {
	return len(v.Missing) == 0 && o.State == OfferOpen && o.AccountID != "" && o.Version == v.Version &&
		len(payeeMissing(v.Contributions, o.Payee)) == 0
}

// Works lists the public works of an account, newest first; the account itself
// sees all of its own. Fault: NotFound (profile_unknown) for a handle that
// nobody has.
func (l *Licences) Works(ctx context.Context, by account.Actor, handle string) (out []WorkView, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		id, err := accountOf(ctx, tx, strings.TrimPrefix(handle, "@"))
		if err != nil {
			return err
		}
		if id == "" {
			return fault.Of(fault.NotFound, "profile_unknown")
		}
		q := tx.NewSelect().Where("w.account_id = ?", id)
		if id != by.ID {
			q = q.Where("w.state = ?", WorkPublished)
		}
		out, err = l.list(ctx, tx, by, q)
		return err
	})
	return out, err
}

// Mine lists the works that the actor registered, newest first. Fault:
// Unauthenticated.
func (l *Licences) Mine(ctx context.Context, by account.Actor) (out []WorkView, err error) {
	if by.Anonymous() || by.ID == "" {
		return nil, errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = l.list(ctx, tx, by, tx.NewSelect().Where("w.account_id = ?", by.ID))
		return err
	})
	return out, err
}

// CommunityWorks lists the community works that the branch's operators look
// after, newest first. Faults: Unauthenticated, Forbidden (not_allowed).
func (l *Licences) CommunityWorks(ctx context.Context, by account.Actor) (out []WorkView, err error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	if !by.Is(account.Operator) {
		return nil, errNotAllowed
	}
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = l.list(ctx, tx, by, tx.NewSelect().Where("w.basis = ?", Community))
		return err
	})
	return out, err
}

// Asked lists the works of others with a part of the actor that needs, or has,
// their consent: those that wait first. Fault: Unauthenticated.
func (l *Licences) Asked(ctx context.Context, by account.Actor) (out []WorkView, err error) {
	if by.Anonymous() || by.ID == "" {
		return nil, errNobody
	}
	err = l.db.Read(ctx, func(tx *db.Tx) (err error) {
		q := tx.NewSelect().Join("JOIN contribution AS c ON c.work_id = w.id AND c.version = w.version").
			Where("c.contributor_id = ? AND c.ground IN (?) AND w.state IN (?)", by.ID,
				bun.In([]PartGround{GroundOpen, GroundConsent}), bun.In([]WorkState{WorkPublished, WorkSuspended})).
			OrderExpr("c.ground <> ?", GroundOpen)
		out, err = l.list(ctx, tx, by, q)
		return err
	})
	return out, err
}

// list reads works as their pages show them, in a constant number of queries.
func (l *Licences) list(ctx context.Context, tx *db.Tx, by account.Actor, q *bun.SelectQuery) ([]WorkView, error) {
	var rows []Work
	if err := q.Model(&rows).ColumnExpr("w.*").OrderExpr("w.published_on DESC, w.id").Limit(500).Scan(ctx); err != nil {
		return nil, err
	}
	return l.views(ctx, tx, by, rows)
}

// views fills works with what a reader may see of them, without claims.
func (l *Licences) views(ctx context.Context, tx *db.Tx, by account.Actor, rows []Work) ([]WorkView, error) {
	out := make([]WorkView, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	ids, accounts, works := make([]string, len(rows)), []string{}, make([]*Work, len(rows))
	at := map[string]*WorkView{}
	for i := range rows {
		ids[i], works[i], out[i].Work = rows[i].ID, &rows[i], rows[i]
		out[i].Mine = steward(by, &rows[i])
		at[rows[i].ID] = &out[i]
		if rows[i].AccountID != "" {
			accounts = append(accounts, rows[i].AccountID)
		}
	}
	if err := fillParts(ctx, tx, works, at); err != nil {
		return nil, err
	}
	for _, fill := range []func(context.Context, *db.Tx, []string, map[string]*WorkView) error{fillVersions, fillHolders} {
		if err := fill(ctx, tx, ids, at); err != nil {
			return nil, err
		}
	}
	if err := l.fillPeople(ctx, tx, accounts, out); err != nil {
		return nil, err
	}
	if err := fillOffers(ctx, tx, ids, at); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].mark(by)
	}
	return out, nil
}

// mark finds the reader's own part, and hides from others by whom else a
// consent or an acceptance was given.
func (v *WorkView) mark(by account.Actor) {
	for i := range v.Contributions {
		c := &v.Contributions[i]
		if by.ID != "" && c.ContributorID == by.ID {
			own := *c
			v.Asked = &own
		}
		if !v.Mine {
			c.AcceptanceID, c.ConsentID = "", ""
		}
	}
	if !v.Mine {
		v.ProofToken = ""
	}
}

func fillVersions(ctx context.Context, tx *db.Tx, ids []string, at map[string]*WorkView) error {
	var rows []WorkVersion
	err := tx.NewSelect().Model(&rows).Where("v.work_id IN (?)", bun.In(ids)).OrderExpr("v.work_id, v.n DESC").Scan(ctx)
	for _, row := range rows {
		v := at[row.WorkID]
		v.Versions = append(v.Versions, row)
		if row.N == v.Version {
			v.Current = row
		}
	}
	return err
}

// fillParts puts in the parts of the newest versions, and what they and the
// works lack.
func fillParts(ctx context.Context, tx *db.Tx, works []*Work, at map[string]*WorkView) error {
	ids := make([]string, len(works))
	for i, w := range works {
		ids[i] = w.ID
	}
	rows, err := parts(ctx, tx, ids, 0)
	if err != nil {
		return err
	}
	for i := range rows {
		v := at[rows[i].WorkID]
		v.Contributions = append(v.Contributions, rows[i])
	}
	missing, err := gates(ctx, tx, works, rows)
	for id, v := range at {
		v.Missing = missing[id]
	}
	return err
}

// fillHolders puts in who holds the rights in community works.
func fillHolders(ctx context.Context, tx *db.Tx, ids []string, at map[string]*WorkView) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return at[id].Basis != Community })
	if len(ids) == 0 {
		return nil
	}
	var rows []WorkHolder
	err := tx.NewSelect().Model(&rows).Where("h.work_id IN (?)", bun.In(ids)).OrderExpr("h.work_id, h.n").Scan(ctx)
	for i := range rows {
		at[rows[i].WorkID].Holder = &rows[i]
	}
	return err
}

// fillOffers puts offers in: all for who looks after the work, for others
// those that can be had.
func fillOffers(ctx context.Context, tx *db.Tx, ids []string, at map[string]*WorkView) error {
	rows, err := offersOf(ctx, tx, ids, "")
	for i := range rows {
		v := at[rows[i].WorkID]
		if v.Mine || v.had(&rows[i]) {
			v.Offers = append(v.Offers, rows[i])
		}
	}
	return err
}

// fillPeople puts in who registered the works and who is paid.
func (l *Licences) fillPeople(ctx context.Context, tx *db.Tx, accounts []string, out []WorkView) error {
	profiles, err := profile.ByIDs(ctx, tx, accounts)
	if err != nil {
		return err
	}
	people := map[string]account.Account{}
	if len(accounts) > 0 {
		var rows []account.Account
		if err := tx.NewSelect().Model(&rows).Where("id IN (?)", bun.In(accounts)).Scan(ctx); err != nil {
			return err
		}
		for _, row := range rows {
			people[row.ID] = row
		}
	}
	var settings branch.Settings
	if slices.ContainsFunc(out, func(v WorkView) bool { return v.Holder != nil && v.Holder.Name == "" && v.Work.Payee == "" }) {
		if settings, err = l.settings(ctx, tx); err != nil {
			return err
		}
	}
	for i := range out {
		v := &out[i]
		a, ok := people[v.AccountID]
		if !ok {
			continue
		}
		v.Handle, v.Name, v.Seed, v.Paid = a.Handle, a.Handle, a.AvatarSeed, a.Handle
		if p := profiles[a.ID]; p != nil && p.Readable() {
			v.Name, v.Picture, v.Profile = p.Shown(), p.Picture, true
		}
		if v.Holder != nil {
			v.Paid = cmp.Or(v.Holder.Name, settings.Name)
		}
		v.Paid = cmp.Or(v.Work.Payee, v.Paid)
	}
	return nil
}
