package licence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// AgreementState is how far a version of the contributor agreement is.
type AgreementState string

// The states of an agreement. Nothing is adopted that was not discussed in the open.
const (
	AgreementDraft      AgreementState = "draft"
	AgreementDiscussion AgreementState = "discussion"
	AgreementAdopted    AgreementState = "adopted"
)

// Agreement is one row: a version of the contributor agreement. Its texts never
// change.
type Agreement struct {
	bun.BaseModel `bun:"table:agreement,alias:a"`

	N          int            `bun:"n,pk"` // from 1
	Ru         string         `bun:"text_ru"`
	En         string         `bun:"text_en"`
	SHA256     string         `bun:"sha256"` // of both texts, see AgreementHash
	State      AgreementState `bun:"state"`
	Discussion string         `bun:"discussion"` // public address
	From       time.Time      `bun:"discussed_from,nullzero"`
	Until      time.Time      `bun:"discussed_until,nullzero"`
	Decision   string         `bun:"decision"` // public address
	CreatedOn  time.Time      `bun:"created_on"`
	AdoptedAt  time.Time      `bun:"adopted_at,nullzero"`
}

// Acceptance is one row: somebody accepted an adopted version. It counts for
// what is made from then on, never for what was made before, and it survives
// the account under its random id.
type Acceptance struct {
	bun.BaseModel `bun:"table:agreement_acceptance,alias:x"`

	ID         string    `bun:"id,pk"`
	Agreement  int       `bun:"agreement"`
	AccountID  string    `bun:"account_id,nullzero"`
	AcceptedAt time.Time `bun:"accepted_at"`
}

// The bounds of agreements, texts in characters.
const (
	MaxAgreement  = 40_000
	MaxAgreements = 1000
	MinDiscussion = 7 * 24 * time.Hour   // at least so long a version is discussed
	MaxDiscussion = 366 * 24 * time.Hour // and at most
)

// AgreementHash is the digest of both texts of a version: SHA-256 of the
// Russian one, a zero byte and the English one, in hex.
func AgreementHash(ru, en string) string {
	sum := sha256.Sum256([]byte(ru + "\x00" + en))
	return hex.EncodeToString(sum[:])
}

// AgreementView is a version of the agreement as somebody reads it.
type AgreementView struct {
	Agreement
	Accepted time.Time // when the reader accepted it; zero: not
	CanAdopt bool      // the discussion is over
}

var errNoAgreement = fault.Of(fault.NotFound, "agreement_unknown")

// Agreements lists the versions of the contributor agreement, newest first,
// without their texts. Drafts are for operators only.
func (l *Licences) Agreements(ctx context.Context, by account.Actor) (rows []Agreement, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		q := tx.NewSelect().Model(&rows).ExcludeColumn("text_ru", "text_en").OrderExpr("a.n DESC")
		if !by.Is(account.Operator) {
			q = q.Where("a.state <> ?", AgreementDraft)
		}
		return q.Scan(ctx)
	})
	return rows, err
}

// Agreement reads one version. Fault: NotFound (agreement_unknown), also for a
// draft that is not the reader's to see.
func (l *Licences) Agreement(ctx context.Context, by account.Actor, n int) (out AgreementView, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = AgreementView{}
		if err := db.One(ctx, tx.NewSelect().Model(&out.Agreement).Where("a.n = ?", n), errNoAgreement); err != nil {
			return err
		}
		if out.State == AgreementDraft && !by.Is(account.Operator) {
			return errNoAgreement
		}
		out.CanAdopt = out.State == AgreementDiscussion && !tx.Now.Before(out.Until)
		if by.ID == "" {
			return nil
		}
		var rows []Acceptance
		if err := tx.NewSelect().Model(&rows).Where("x.agreement = ? AND x.account_id = ?", n, by.ID).Scan(ctx); err != nil {
			return err
		}
		for _, x := range rows {
			out.Accepted = x.AcceptedAt
		}
		return nil
	})
	if err != nil {
		return AgreementView{}, err
	}
	return out, nil
}

// DraftAgreement writes a new version of the agreement; its texts never change
// again. Faults: Unauthenticated; Forbidden (not_allowed) for who is no
// operator; Invalid text_ru, text_en (required, too_long, text_form); Conflict
// (too_many_agreements).
func (l *Licences) DraftAgreement(ctx context.Context, by account.Actor, ru, en string) (out Agreement, err error) {
	var bad fault.Fields
	ru, en = profile.Text(ru), profile.Text(en)
	for field, text := range map[string]string{"text_ru": ru, "text_en": en} {
		if text == "" {
			bad.Add(fault.Bad(field, "required"))
		}
		bad.Add(profile.Bounded(field, text, MaxAgreement))
	}
	err = l.operate(ctx, by, func(tx *db.Tx) error {
		if err := bad.Err(); err != nil {
			return err
		}
		var last []int
		if err := tx.NewRaw("SELECT coalesce(max(n), 0) FROM agreement").Scan(ctx, &last); err != nil {
			return err
		}
		if last[0] >= MaxAgreements {
			return conflict("too_many_agreements")
		}
		out = Agreement{N: last[0] + 1, Ru: ru, En: en, SHA256: AgreementHash(ru, en), State: AgreementDraft, CreatedOn: tx.Today()}
		_, err := tx.NewInsert().Model(&out).Exec(ctx)
		return err
	})
	if err != nil {
		return Agreement{}, err
	}
	return out, nil
}

// Discuss opens the discussion of a draft at a public address until a day, at
// least MinDiscussion from now. Faults: Unauthenticated; Forbidden; NotFound
// (agreement_unknown); Conflict (agreement_state); Invalid discussion
// (required, link_form, too_long), until (discussion_short, discussion_long).
func (l *Licences) Discuss(ctx context.Context, by account.Actor, n int, address string, until time.Time) (Agreement, error) {
	return l.agreementStep(ctx, by, n, func(tx *db.Tx, a *Agreement) error {
		var bad fault.Fields
		a.Discussion, a.From, a.Until = public("discussion", address, &bad), tx.Now, instant(until)
		switch long := a.Until.Sub(a.From); {
		case long < MinDiscussion:
			bad.Add(fault.Bad("until", "discussion_short").With("Days", int(MinDiscussion.Hours()/24)))
		case long > MaxDiscussion:
			bad.Add(fault.Bad("until", "discussion_long").With("Days", int(MaxDiscussion.Hours()/24)))
		}
		if err := bad.Err(); err != nil {
			return err
		}
		return a.step(AgreementDiscussion)
	})
}

// Adopt makes a version that was discussed to its day the agreement by which
// contributions can be licensed; the decision has a public address. Faults:
// Unauthenticated; Forbidden; NotFound (agreement_unknown); Conflict
// (agreement_state for one that was never discussed, discussion_runs); Invalid
// decision (required, link_form, too_long).
func (l *Licences) Adopt(ctx context.Context, by account.Actor, n int, decision string) (Agreement, error) {
	return l.agreementStep(ctx, by, n, func(tx *db.Tx, a *Agreement) error {
		var bad fault.Fields
		a.Decision, a.AdoptedAt = public("decision", decision, &bad), tx.Now
		if err := a.step(AgreementAdopted); err != nil {
			return err
		}
		if tx.Now.Before(a.Until) {
			return conflict("discussion_runs")
		}
		return bad.Err()
	})
}

// public takes the address of a page that everybody can open.
func public(field, text string, bad *fault.Fields) string {
	text = strings.TrimSpace(text)
	if text == "" {
		bad.Add(fault.Bad(field, "required"))
	}
	bad.Add(address(field, text, MaxWorkURL))
	return text
}

// step goes one way of the machine. Fault: Conflict (agreement_state).
func (a *Agreement) step(to AgreementState) error {
	for _, s := range AgreementSteps() {
		if s[0] == a.State && s[1] == to {
			a.State = to
			return nil
		}
	}
	return conflict("agreement_state")
}

// agreementStep runs one step of an operator on a version.
func (l *Licences) agreementStep(ctx context.Context, by account.Actor, n int, fn func(*db.Tx, *Agreement) error) (out Agreement, err error) {
	err = l.operate(ctx, by, func(tx *db.Tx) error {
		var a Agreement
		if err := db.One(ctx, tx.NewSelect().Model(&a).Where("a.n = ?", n), errNoAgreement); err != nil {
			return err
		}
		from := a.State
		if err := fn(tx, &a); err != nil {
			return err
		}
		out = a
		res, err := tx.NewUpdate().Model(&a).WherePK().Where("state = ?", from).Exec(ctx)
		return db.Must(res, err, conflict("agreement_state"))
	})
	if err != nil {
		return Agreement{}, err
	}
	return out, nil
}

// operate runs an act of an operator; operators' acts follow each other.
func (l *Licences) operate(ctx context.Context, by account.Actor, fn func(*db.Tx) error) error {
	if by.Anonymous() {
		return errNobody
	}
	if !by.Is(account.Operator) {
		return errNotAllowed
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		if l.db.Engine() == db.PostgreSQL {
			if _, err := tx.NewRaw("LOCK TABLE agreement IN SHARE ROW EXCLUSIVE MODE").Exec(ctx); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// Accept accepts an adopted version for what the actor makes from now on;
// earlier contributions need an explicit consent. Accepting again changes
// nothing. Faults: Unauthenticated; NotFound (agreement_unknown); Conflict
// (agreement_state) for a version that is not adopted.
func (l *Licences) Accept(ctx context.Context, by account.Actor, n int) (out Acceptance, err error) {
	if by.Anonymous() || by.ID == "" {
		return Acceptance{}, errNobody
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockAccount(ctx, tx, by.ID); err != nil {
			return err
		}
		var a Agreement
		if err := db.One(ctx, tx.NewSelect().Model(&a).Where("a.n = ?", n), errNoAgreement); err != nil {
			return err
		}
		switch {
		case a.State == AgreementDraft && !by.Is(account.Operator):
			return errNoAgreement
		case a.State != AgreementAdopted:
			return conflict("agreement_state")
		}
		var rows []Acceptance
		if err := tx.NewSelect().Model(&rows).Where("x.agreement = ? AND x.account_id = ?", n, by.ID).Scan(ctx); err != nil {
			return err
		}
		if len(rows) > 0 {
			out = rows[0]
			return nil
		}
		out = Acceptance{ID: tx.RandomID(), Agreement: n, AccountID: by.ID, AcceptedAt: tx.Now}
		_, err := tx.NewInsert().Model(&out).Exec(ctx)
		return err
	})
	if err != nil {
		return Acceptance{}, err
	}
	return out, nil
}

// HandOver passes the rights in a community work from the branch's main
// organiser to its collective: the only step there is, once and for good.
// Faults: Unauthenticated; Forbidden (not_allowed) for who is no operator;
// NotFound (work_unknown); Conflict (holder_state: no community work, or the
// collective holds it already); Invalid name (required, too_long, text_form).
func (l *Licences) HandOver(ctx context.Context, by account.Actor, workID, name string) (out WorkHolder, err error) {
	var bad fault.Fields
	if name = profile.Line(name); name == "" {
		bad.Add(fault.Bad("name", "required"))
	}
	bad.Add(profile.Bounded("name", name, MaxPayee))
	err = l.operate(ctx, by, func(tx *db.Tx) error {
		if err := l.lockWork(ctx, tx, workID); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, workID)
		if err != nil {
			return err
		}
		holder, err := holderOf(ctx, tx, w.ID)
		if err != nil {
			return err
		}
		if holder == nil || holder.Kind != Organiser || holder.Branch != l.origin {
			return conflict("holder_state")
		}
		if err := bad.Err(); err != nil {
			return err
		}
		out = WorkHolder{WorkID: w.ID, N: holder.N + 1, Kind: Collective, Name: name, Branch: l.origin, SinceOn: tx.Today()}
		if _, err := tx.NewInsert().Model(&out).Exec(ctx); err != nil {
			return err
		}
		return l.changed(ctx, tx, &w)
	})
	if err != nil {
		return WorkHolder{}, err
	}
	return out, nil
}
