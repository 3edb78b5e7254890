package licence

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
)

// Tables lists the tables that this package answers for.
func Tables() []string {
	return append([]string{"work", "work_version", "work_holder", "contribution", "consent", "agreement", "agreement_acceptance",
		"rights_claim", "offer", "offer_price"}, grantTables()...)
}

// export is what one account takes away.
type export struct {
	Works         []exportWork       `json:"works"`
	Contributions []exportPart       `json:"contributions"`
	Consents      []exportConsent    `json:"consents"`
	Acceptances   []exportAcceptance `json:"acceptances"`
	Claims        []exportClaim      `json:"claims"`
	Decided       []exportDecision   `json:"claims_decided"`
	Licences      any                `json:"licences"`
}

type exportWork struct {
	ID          string          `json:"id"`
	Kind        string          `json:"kind"`
	Title       string          `json:"title"`
	Summary     string          `json:"summary"`
	URL         string          `json:"url"`
	BaseLicence string          `json:"base_licence"`
	Basis       Basis           `json:"basis"`
	Skills      []string        `json:"skills"`
	Languages   []string        `json:"languages"`
	Payee       string          `json:"payee"`
	State       WorkState       `json:"state"`
	Reason      string          `json:"reason"`
	ProofToken  string          `json:"proof_token"`
	ProvedOn    string          `json:"proved_on"`
	PublishedOn string          `json:"published_on"`
	Versions    []exportVersion `json:"versions"`
	Offers      []exportOffer   `json:"offers"`
}

type exportVersion struct {
	N       int    `json:"n"`
	Label   string `json:"label"`
	SHA256  string `json:"sha256"`
	AddedOn string `json:"added_on"`
}

type exportOffer struct {
	ID         string     `json:"id"`
	Version    int        `json:"version"`
	Uses       any        `json:"uses"`
	Channel    string     `json:"channel"`
	Territory  []string   `json:"territory"`
	Learners   int        `json:"learners"`
	Prices     []Price    `json:"prices"`
	RefundDays int        `json:"refund_days"`
	GraceDays  int        `json:"grace_days"`
	Payee      string     `json:"payee"`
	NotFund    bool       `json:"not_fund"`
	Ways       []Way      `json:"ways"`
	Link       string     `json:"link"`
	Terms      string     `json:"terms_version"`
	State      OfferState `json:"state"`
	CreatedOn  string     `json:"created_on"`
}

type exportPart struct {
	WorkID    string     `json:"work_id"`
	Version   int        `json:"version"`
	Part      string     `json:"part"`
	Ground    PartGround `json:"ground"`
	Agreement int        `json:"agreement"`
	MadeAt    time.Time  `json:"made_at"`
}

type exportConsent struct {
	ID          string    `json:"id"`
	WorkID      string    `json:"work_id"`
	Version     int       `json:"version"`
	Payee       string    `json:"payee"`
	GivenAt     time.Time `json:"given_at"`
	WithdrawnOn string    `json:"withdrawn_on"`
}

type exportAcceptance struct {
	ID         string    `json:"id"`
	Agreement  int       `json:"agreement"`
	AcceptedAt time.Time `json:"accepted_at"`
}

type exportClaim struct {
	ID        string     `json:"id"`
	WorkID    string     `json:"work_id"`
	Text      string     `json:"text"`
	Evidence  string     `json:"evidence"`
	State     ClaimState `json:"state"`
	Decision  string     `json:"decision"`
	MadeOn    string     `json:"made_on"`
	DecidedOn string     `json:"decided_on"`
}

type exportDecision struct {
	ID       string `json:"id"`
	WorkID   string `json:"work_id"`
	Decision string `json:"decision"`
}

// Export writes the account's works, parts, consents, acceptances, claims and
// licences as one JSON value. It implements account.Holder.
func (l *Licences) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	var out export
	var err error
	if out.Works, err = l.exportWorks(ctx, tx, id); err != nil {
		return err
	}
	if err := out.said(ctx, tx, id); err != nil {
		return err
	}
	if err := out.claimed(ctx, tx, id); err != nil {
		return err
	}
	if out.Licences, err = l.exportGrants(ctx, tx, id); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}

func (l *Licences) exportWorks(ctx context.Context, tx *db.Tx, id string) ([]exportWork, error) {
	var rows []Work
	if err := tx.NewSelect().Model(&rows).Where("w.account_id = ?", id).OrderExpr("w.id").Scan(ctx); err != nil {
		return nil, err
	}
	views, err := l.views(ctx, tx, account.Actor{ID: id}, rows)
	out := make([]exportWork, len(views))
	for i := range views {
		v := &views[i]
		out[i] = exportWork{ID: v.ID, Kind: v.Work.Kind, Title: v.Title, Summary: v.Summary, URL: v.URL, BaseLicence: v.BaseLicence, Basis: v.Basis,
			Skills: v.Skills, Languages: v.Languages, Payee: v.Work.Payee, State: v.State, Reason: v.Reason, ProofToken: v.ProofToken,
			ProvedOn: db.Date(v.ProvedOn), PublishedOn: db.Date(v.PublishedOn), Versions: []exportVersion{}, Offers: []exportOffer{}}
		for _, ver := range v.Versions {
			out[i].Versions = append(out[i].Versions, exportVersion{ver.N, ver.Label, ver.SHA256, db.Date(ver.AddedOn)})
		}
		for _, o := range v.Offers {
			out[i].Offers = append(out[i].Offers, exportOffer{ID: o.ID, Version: o.Version, Uses: o.Uses, Channel: o.Channel, Territory: o.Territory,
				Learners: o.Learners, Prices: o.Prices, RefundDays: o.RefundDays, GraceDays: o.GraceDays, Payee: o.Payee, NotFund: o.NotFund,
				Ways: o.Ways, Link: o.Link, Terms: o.TermsVersion, State: o.State, CreatedOn: db.Date(o.CreatedOn)})
		}
	}
	return out, err
}

// said collects what the account said about parts of works.
func (e *export) said(ctx context.Context, tx *db.Tx, id string) error {
	var parts []Contribution
	if err := tx.NewSelect().Model(&parts).Where("c.contributor_id = ?", id).OrderExpr("c.work_id, c.version").Scan(ctx); err != nil {
		return err
	}
	e.Contributions = make([]exportPart, len(parts))
	for i, c := range parts {
		e.Contributions[i] = exportPart{c.WorkID, c.Version, c.Part, c.Ground, c.Agreement, c.MadeAt}
	}
	var consents []Consent
	if err := tx.NewSelect().Model(&consents).Where("k.account_id = ?", id).OrderExpr("k.given_at, k.id").Scan(ctx); err != nil {
		return err
	}
	e.Consents = make([]exportConsent, len(consents))
	for i, k := range consents {
		e.Consents[i] = exportConsent{k.ID, k.WorkID, k.Version, k.Payee, k.GivenAt, db.Date(k.WithdrawnOn)}
	}
	var accepted []Acceptance
	err := tx.NewSelect().Model(&accepted).Where("x.account_id = ?", id).OrderExpr("x.agreement").Scan(ctx)
	e.Acceptances = make([]exportAcceptance, len(accepted))
	for i, x := range accepted {
		e.Acceptances[i] = exportAcceptance{x.ID, x.Agreement, x.AcceptedAt}
	}
	return err
}

// claimed collects claims that the account made or decided.
func (e *export) claimed(ctx context.Context, tx *db.Tx, id string) error {
	e.Claims, e.Decided = []exportClaim{}, []exportDecision{}
	var rows []Claim
	err := tx.NewSelect().Model(&rows).Where("r.claimant_id = ? OR r.decider_id = ?", id, id).OrderExpr("r.made_on, r.id").Scan(ctx)
	for _, c := range rows {
		if c.DeciderID == id {
			e.Decided = append(e.Decided, exportDecision{c.ID, c.WorkID, c.Decision})
			continue
		}
		e.Claims = append(e.Claims, exportClaim{c.ID, c.WorkID, c.Text, c.Evidence, c.State, c.Decision, db.Date(c.MadeOn), db.Date(c.DecidedOn)})
	}
	return err
}

// Erase withdraws the account's works and takes every name and word of its
// owner out of them; what never left a draft goes whole. Consents end, so that
// nothing new is sold on the word of nobody, and acceptances of the agreement
// stay under their random ids. Licences that were sold hold. It implements
// account.Holder.
func (l *Licences) Erase(ctx context.Context, tx *db.Tx, id string) error {
	if err := l.eraseGrants(ctx, tx, id); err != nil {
		return err
	}
	if err := l.ProfileChanged(ctx, tx, id); err != nil {
		return err
	}
	if err := l.closeOffers(ctx, tx, id, OfferWithdrawn); err != nil {
		return err
	}
	for _, step := range []string{
		"DELETE FROM work WHERE account_id = ?0 AND published_on IS NULL",
		"UPDATE consent SET withdrawn_on = ?1 WHERE account_id = ?0 AND withdrawn_on IS NULL",
		"UPDATE contribution SET ground = 'open', consent_id = NULL WHERE contributor_id = ?0 AND ground = 'consent'",
		"UPDATE contribution SET contributor_id = NULL, part = '' WHERE contributor_id = ?0",
		"UPDATE consent SET account_id = NULL WHERE account_id = ?0",
		"UPDATE agreement_acceptance SET account_id = NULL WHERE account_id = ?0",
		"UPDATE rights_claim SET state = 'withdrawn', decided_on = ?1 WHERE claimant_id = ?0 AND state = 'open'",
		"UPDATE rights_claim SET claimant_id = NULL, text = '', evidence = '' WHERE claimant_id = ?0",
		"UPDATE rights_claim SET decider_id = NULL WHERE decider_id = ?0",
		"UPDATE offer SET account_id = NULL, payee = '', link = '', ways = '[]' WHERE account_id = ?0",
		`UPDATE work SET state = CASE WHEN state = 'suspended' THEN state ELSE 'withdrawn' END, account_id = NULL, summary = '', payee = '', skills = '[]',
			languages = '[]', proof_token = '', proved_on = NULL, edit = edit + 1,
			url = CASE WHEN EXISTS (SELECT 1 FROM licence_grant AS g WHERE g.work_id = work.id) THEN url ELSE '' END WHERE account_id = ?0`,
	} {
		if _, err := tx.NewRaw(step, id, tx.Today()).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
