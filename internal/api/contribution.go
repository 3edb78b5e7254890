package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
)

// ContributionEdit is what who looks after a work says of a part.
type ContributionEdit struct {
	Handle  string     `json:"handle" required:"false" maxLength:"30" doc:"Of its author's account; or name. Whose a part is never changes" example:"ben-byte"`
	Name    string     `json:"name" required:"false" maxLength:"100" doc:"Of a third party without an account" example:"Open Glossary"`
	Part    string     `json:"part" required:"false" maxLength:"300" doc:"What it is" example:"Chapter 2"`
	Source  string     `json:"source" required:"false" maxLength:"300" doc:"Where a third party's part is" example:"https://glossary.example/graphs"`
	Ground  string     `json:"ground" required:"false" enum:"open,own,patch,agreement,consent,third" doc:"Why it may be licensed; open: no ground yet, and nothing can be offered. A consent is given by its author alone" example:"patch"`
	Licence string     `json:"licence" required:"false" maxLength:"40" doc:"Of a third party's part" example:"CC-BY-4.0"`
	MadeAt  *time.Time `json:"made_at" required:"false" doc:"When it was made: an agreement counts for what was made after it was accepted; null: now" example:"2026-11-22T09:00:00Z"`
}

// Contribution is a part of one version of a work.
type Contribution struct {
	ID        string     `json:"id" doc:"Stable within its version" example:"0199b6a0-0000-7000-8000-000000000005"`
	Handle    string     `json:"handle" doc:"Of its author's account; empty: a third party, or erased" example:"ben-byte"`
	Name      string     `json:"name" doc:"Of its author, to show" example:"Ben"`
	Part      string     `json:"part" doc:"What it is" example:"Chapter 2"`
	Source    string     `json:"source" doc:"Where a third party's part is" example:"https://glossary.example/graphs"`
	Ground    string     `json:"ground" enum:"open,own,patch,agreement,consent,third" doc:"Why it may be licensed; open: no ground yet, and nothing is sold" example:"consent"`
	Agreement int        `json:"agreement" doc:"Version of the contributor agreement; 0: none" example:"0"`
	Licence   string     `json:"licence" doc:"Of a third party's part" example:"CC-BY-4.0"`
	Consented bool       `json:"consented" doc:"Its author's consent stands" example:"true"`
	Payee     string     `json:"payee" doc:"Whom that consent names" example:"Ada L."`
	MadeAt    *time.Time `json:"made_at" doc:"When it was made" example:"2026-11-22T09:00:00Z"`
}

// ConsentGiven is the body of a consent.
type ConsentGiven struct {
	Payee string `json:"payee" required:"false" maxLength:"200" doc:"Who is paid, as you read it: another one there now is refused. Absent: whoever is named now" example:"Ada L."`
}

// Consent is what an author said for one version of a work.
type Consent struct {
	ID      string    `json:"id" doc:"Of the consent" example:"0199b6a0-0000-7000-8000-000000000006"`
	WorkID  string    `json:"work_id" doc:"For which work" example:"0199b6a0-0000-7000-8000-000000000004"`
	Number  int       `json:"number" doc:"For which of its versions" example:"1"`
	Payee   string    `json:"payee" doc:"Who is paid: a consent to nobody else" example:"Ada L."`
	GivenAt time.Time `json:"given_at" doc:"When" example:"2026-11-22T09:00:00Z"`
}

// ClaimNew is the body of a claim to rights.
type ClaimNew struct {
	Text     string `json:"text" minLength:"20" maxLength:"2000" doc:"What is yours and why; everybody can read it" example:"Chapter 2 is a copy of my article of 2024."`
	Evidence string `json:"evidence" required:"false" maxLength:"300" doc:"Public address that shows it" example:"https://eve.example/article"`
}

// Claim says that a work is sold without somebody's right.
type Claim struct {
	ID        string `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000007"`
	WorkID    string `json:"work_id" doc:"About which work" example:"0199b6a0-0000-7000-8000-000000000004"`
	Text      string `json:"text" doc:"In the words of who made it" example:"Chapter 2 is a copy of my article of 2024."`
	Evidence  string `json:"evidence" doc:"Public address; may be empty" example:"https://eve.example/article"`
	State     string `json:"state" enum:"open,upheld,rejected,withdrawn" doc:"open: nothing of the work is sold until a moderator decides" example:"open"`
	Decision  string `json:"decision" doc:"Public reason of a moderator" example:"The article is older, and the text is the same."`
	MadeOn    string `json:"made_on" doc:"Day (UTC)" example:"2026-11-22"`
	DecidedOn string `json:"decided_on" doc:"Day (UTC); empty: not yet" example:"2026-11-25"`
	Mine      bool   `json:"mine" doc:"You made it" example:"false"`
}

// Claims is a list of claims.
type Claims struct {
	Items []Claim `json:"items" nullable:"false" doc:"The oldest first"`
}

// ClaimDecision is the body of a moderator's decision.
type ClaimDecision struct {
	Uphold bool   `json:"uphold" doc:"true: the work is suspended; false: sales go on" example:"true"`
	Reason string `json:"reason" minLength:"20" maxLength:"2000" doc:"Public" example:"The article is older, and the text is the same."`
}

// ModeratorReason is the body of a moderator's act that needs nothing but its
// public reason.
type ModeratorReason struct {
	Reason string `json:"reason" minLength:"20" maxLength:"2000" doc:"Public" example:"The second chapter was taken out of the work."`
}

type addContributionInput struct {
	Keyed
	WorkRef
	Body ContributionEdit
}

type editContributionInput struct {
	ContributionRef
	Body ContributionEdit
}

// ContributionRef names a part by its address.
type ContributionRef struct {
	ID string `path:"id" doc:"Of the part" example:"0199b6a0-0000-7000-8000-000000000005"`
}

type consentInput struct {
	Keyed
	WorkRef
	Body *ConsentGiven
}

type addClaimInput struct {
	Keyed
	WorkRef
	Body ClaimNew
}

// ClaimRef names a claim by its address.
type ClaimRef struct {
	ID string `path:"id" doc:"Of the claim" example:"0199b6a0-0000-7000-8000-000000000007"`
}

type decideClaimInput struct {
	Keyed
	ClaimRef
	Body ClaimDecision
}

type reinstateInput struct {
	Keyed
	WorkRef
	Body ModeratorReason
}

type contributionOutput struct{ Body Contribution }

type claimsOutput struct{ Body Claims }

const (
	contributionsPath = "/contributions"
	claimsPath        = "/claims"
)

func (a *API) addContributions() {
	one := worksPath + "/{id}"
	state := []int{http.StatusNotFound, http.StatusConflict}
	add(a, operation{id: "add-contribution", method: http.MethodPost, path: one + "/contributions", tag: tagWorks, own: true,
		summary: "Name one more part of the newest version", text: "An account whose part has no ground is asked for its consent, which nobody else can give.",
		statuses: state, answer: Contribution{}}, a.addContribution)
	add(a, operation{id: "edit-contribution", method: http.MethodPut, path: contributionsPath + "/{id}", tag: tagWorks, own: true,
		summary: "Replace what is said of a part", text: "Only of the newest version (409 version_past).", statuses: state}, a.editContribution)
	add(a, operation{id: "remove-contribution", method: http.MethodDelete, path: contributionsPath + "/{id}", tag: tagWorks, own: true,
		summary: "Take a part out of the newest version", text: "Its author always may, who looks after the work while its author has said nothing of this version.",
		statuses: state}, a.removeContribution)
	add(a, operation{id: "consent", method: http.MethodPost, path: one + "/consents", tag: tagWorks, own: true,
		summary: "Consent to selling licences for the newest version", text: "It is yours, explicit, for this version and this payee. The same once more gives the consent that stands.",
		statuses: state, answer: Consent{}}, a.consent)
	add(a, operation{id: "withdraw-consent", method: http.MethodDelete, path: one + "/consents", tag: tagWorks, own: true,
		summary: "Take your consent back", text: "Nothing new is sold from then on; what was sold holds until its end.", statuses: state}, a.withdrawConsent)
	add(a, operation{id: "claim-rights", method: http.MethodPost, path: one + "/claims", tag: tagWorks, own: true, summary: "Say that a work is sold without your right",
		text: "From then on nothing of it is sold until a moderator decides. Once for each work, at most 5 open ones.", statuses: state, answer: Claim{}}, a.claimRights)
	add(a, operation{id: "withdraw-claim", method: http.MethodDelete, path: claimsPath + "/{id}", tag: tagWorks, own: true,
		summary: "Take your open claim back", statuses: state}, a.withdrawClaim)
	add(a, operation{id: "claims", method: http.MethodGet, path: claimsPath, tag: tagWorks, own: true, summary: "List the claims that wait for a moderator",
		statuses: []int{http.StatusForbidden}}, a.claims)
	judged := []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	add(a, operation{id: "decide-claim", method: http.MethodPost, path: claimsPath + "/{id}/decide", tag: tagWorks, own: true,
		summary: "Decide a claim as a moderator", text: "Not a claim to a work of yours, nor your own (403 own_case).", statuses: judged}, a.decideClaim)
	add(a, operation{id: "reinstate-work", method: http.MethodPost, path: one + "/reinstate", tag: tagWorks, own: true,
		summary: "End the suspension of a work as a moderator", statuses: judged}, a.reinstateWork)
}

func (a *API) addContribution(ctx context.Context, r *request, in *addContributionInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Licences.AddContribution(ctx, r.actor, in.ID, in.Body.input())
		if err != nil {
			return "", nil, renamed(err, "made_on", "made_at")
		}
		out, err := a.contribution(ctx, r, row.WorkID, row.ID)
		return prefix + worksPath + "/" + row.WorkID, out, err
	})
}

// contribution reads a part as it is shown with its work.
func (a *API) contribution(ctx context.Context, r *request, workID, id string) (Contribution, error) {
	v, err := a.Licences.Work(ctx, r.actor, workID)
	if err != nil {
		return Contribution{}, err
	}
	for i := range v.Contributions {
		if v.Contributions[i].ID == id {
			return contributionOf(&v.Contributions[i]), nil
		}
	}
	return Contribution{}, fault.Of(fault.NotFound, "contribution_unknown")
}

func (a *API) editContribution(ctx context.Context, r *request, in *editContributionInput) (*contributionOutput, error) {
	row, err := a.Licences.EditContribution(ctx, r.actor, in.ID, in.Body.input())
	if err != nil {
		return nil, renamed(err, "made_on", "made_at")
	}
	out, err := a.contribution(ctx, r, row.WorkID, row.ID)
	return &contributionOutput{Body: out}, err
}

func (a *API) removeContribution(ctx context.Context, r *request, in *ContributionRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.RemoveContribution(ctx, r.actor, in.ID)
}

func (a *API) consent(ctx context.Context, r *request, in *consentInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		payee := ""
		if in.Body != nil {
			payee = in.Body.Payee
		}
		row, err := a.Licences.Consent(ctx, r.actor, in.ID, payee)
		if err != nil {
			return "", nil, err
		}
		return prefix + worksPath + "/" + in.ID, Consent{ID: row.ID, WorkID: row.WorkID, Number: row.Version, Payee: row.Payee, GivenAt: row.GivenAt.UTC()}, nil
	})
}

func (a *API) withdrawConsent(ctx context.Context, r *request, in *WorkRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.WithdrawConsent(ctx, r.actor, in.ID)
}

func (a *API) claimRights(ctx context.Context, r *request, in *addClaimInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Licences.Claim(ctx, r.actor, in.ID, in.Body.Text, in.Body.Evidence)
		if err != nil {
			return "", nil, err
		}
		row.Mine = true
		return prefix + worksPath + "/" + in.ID, claimOf(&row), nil
	})
}

func (a *API) withdrawClaim(ctx context.Context, r *request, in *ClaimRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.WithdrawClaim(ctx, r.actor, in.ID)
}

func (a *API) claims(ctx context.Context, r *request, _ *struct{}) (*claimsOutput, error) {
	rows, err := a.Licences.OpenClaims(ctx, r.actor)
	out := &claimsOutput{Body: Claims{Items: make([]Claim, len(rows))}}
	for i := range rows {
		out.Body.Items[i] = claimOf(&rows[i])
	}
	return out, err
}

func (a *API) decideClaim(ctx context.Context, r *request, in *decideClaimInput) (*answered[Claim], error) {
	return did(ctx, a, r, in.Key, func() (Claim, error) {
		row, err := a.Licences.DecideClaim(ctx, r.actor, in.ID, in.Body.Uphold, in.Body.Reason)
		return claimOf(&row), err
	})
}

func (a *API) reinstateWork(ctx context.Context, r *request, in *reinstateInput) (*workOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Licences.Reinstate(ctx, r.actor, in.ID, in.Body.Reason)
		return err
	})
	return a.workAfter(ctx, r, in.ID, err)
}

func (e ContributionEdit) input() licence.PartInput {
	in := licence.PartInput{Handle: e.Handle, Name: e.Name, Part: e.Part, Source: e.Source, Ground: licence.PartGround(e.Ground), Licence: e.Licence}
	if e.MadeAt != nil {
		in.MadeOn = e.MadeAt.UTC()
	}
	return in
}

func contributionOf(row *licence.Contribution) Contribution {
	return Contribution{ID: row.ID, Handle: row.Handle, Name: row.Shown, Part: row.Part, Source: row.Source, Ground: string(row.Ground),
		Agreement: row.Agreement, Licence: row.Licence, Consented: row.HasGiven, Payee: row.Payee, MadeAt: instant(row.MadeAt)}
}

func claimOf(row *licence.Claim) Claim {
	return Claim{ID: row.ID, WorkID: row.WorkID, Text: row.Text, Evidence: row.Evidence, State: string(row.State), Decision: row.Decision,
		MadeOn: day(row.MadeOn), DecidedOn: day(row.DecidedOn), Mine: row.Mine}
}
