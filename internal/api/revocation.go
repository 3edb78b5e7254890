package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/licence"
)

// RevocationNew is the body by which a seller announces a revocation.
type RevocationNew struct {
	Ground string `json:"ground" enum:"out_of_scope,no_attribution,deceit,foreign_rights,law_demands" doc:"As the terms list them" example:"no_attribution"`
	Reason string `json:"reason" minLength:"20" maxLength:"2000" doc:"Public" example:"The line was taken off every page of the workbook."`
	Days   int    `json:"days" required:"false" minimum:"0" maximum:"90" doc:"Of notice; 0: 14, or at once where a law demands it" example:"14"`
}

// Revocation is what a seller announced about a licence.
type Revocation struct {
	LicenceID      string     `json:"licence_id" doc:"Which licence" example:"L-0123456789"`
	Ground         string     `json:"ground" doc:"Why" example:"no_attribution"`
	Reason         string     `json:"reason" doc:"In the seller's words; public" example:"The line was taken off every page of the workbook."`
	State          string     `json:"state" enum:"announced,effective,withdrawn,reversed" doc:"announced: the notice period runs, or an appeal waits" example:"announced"`
	AnnouncedAt    time.Time  `json:"announced_at" doc:"When" example:"2026-12-01T09:00:00Z"`
	EffectiveAt    time.Time  `json:"effective_at" doc:"Not before; an appeal that waits puts it off" example:"2026-12-15T09:00:00Z"`
	Appeal         string     `json:"appeal" doc:"The buyer's words, for the two of you and the moderator" example:"The line is on the cover, as it was agreed."`
	AppealedAt     *time.Time `json:"appealed_at" doc:"null: not" example:"2026-12-02T09:00:00Z"`
	Decision       string     `json:"decision" enum:",upheld,reversed" doc:"Of a moderator; empty: none" example:"reversed"`
	DecisionReason string     `json:"decision_reason" doc:"Public" example:"The cover shows the line as the terms ask for it."`
	DecidedAt      *time.Time `json:"decided_at" doc:"null: not" example:"2026-12-05T09:00:00Z"`
}

// Appeals is a list of appeals that wait.
type Appeals struct {
	Items []Revocation `json:"items" nullable:"false" doc:"The oldest first"`
}

// AppealNew is the body of an appeal.
type AppealNew struct {
	Text string `json:"text" minLength:"20" maxLength:"2000" doc:"Why it is wrong" example:"The line is on the cover, as it was agreed."`
}

// AppealDecision is the body of a moderator's decision about an appeal.
type AppealDecision struct {
	Reverse bool   `json:"reverse" doc:"true: the licence stands; false: it is revoked when the notice period is over" example:"true"`
	Reason  string `json:"reason" minLength:"20" maxLength:"2000" doc:"Public" example:"The cover shows the line as the terms ask for it."`
}

type revokeInput struct {
	Keyed
	LicenceRef
	Body RevocationNew
}

type appealInput struct {
	Keyed
	LicenceRef
	Body AppealNew
}

type judgeInput struct {
	Keyed
	LicenceRef
	Body AppealDecision
}

type appealsOutput struct{ Body Appeals }

func (a *API) addRevocations() {
	one := licencesPath + "/{id}"
	state := []int{http.StatusNotFound, http.StatusConflict}
	add(a, operation{id: "revoke-licence", method: http.MethodPost, path: one + "/revoke", tag: tagLicences, own: true, summary: "Announce as the seller that a licence will be revoked",
		text: "For a ground that the terms list, with a public reason and at least 14 days of notice, none where a law demands it. The buyer may appeal.", statuses: state}, a.revoke)
	add(a, operation{id: "withdraw-revocation", method: http.MethodDelete, path: one + "/revoke", tag: tagLicences, own: true, summary: "Take an announced revocation back",
		statuses: state}, a.withdrawRevocation)
	add(a, operation{id: "appeal", method: http.MethodPost, path: one + "/appeal", tag: tagLicences, own: true, summary: "Ask a moderator about the revocation of your licence",
		text: "Once, until 30 days after its effect. While it waits, an announced revocation takes no effect.", statuses: state}, a.appeal)
	add(a, operation{id: "judge-appeal", method: http.MethodPost, path: one + "/judge", tag: tagLicences, own: true, summary: "Decide an appeal as a moderator",
		text: "Not about a licence that you bought or sold.", statuses: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}}, a.judge)
	add(a, operation{id: "appeals", method: http.MethodGet, path: "/appeals", tag: tagLicences, own: true, summary: "List the appeals that wait for a moderator",
		statuses: []int{http.StatusForbidden}}, a.appeals)
}

func (a *API) revoke(ctx context.Context, r *request, in *revokeInput) (*answered[Revocation], error) {
	return did(ctx, a, r, in.Key, func() (Revocation, error) {
		row, err := a.Licences.Revoke(ctx, r.actor, in.ID, licence.Revoking{Ground: licence.Ground(in.Body.Ground), Reason: in.Body.Reason, Days: in.Body.Days})
		return revocationOf(&row), err
	})
}

func (a *API) withdrawRevocation(ctx context.Context, r *request, in *LicenceRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.Withdraw(ctx, r.actor, in.ID)
}

// appeal does not keep the buyer's words beside the key.
func (a *API) appeal(ctx context.Context, r *request, in *appealInput) (*answered[Revocation], error) {
	return did(ctx, a, r, in.Key, func() (Revocation, error) {
		row, err := a.Licences.Appeal(ctx, r.actor, in.ID, in.Body.Text)
		row.Appeal = ""
		return revocationOf(&row), renamed(err, "appeal", "text")
	})
}

func (a *API) judge(ctx context.Context, r *request, in *judgeInput) (*answered[Revocation], error) {
	return did(ctx, a, r, in.Key, func() (Revocation, error) {
		row, err := a.Licences.Judge(ctx, r.actor, in.ID, licence.Judgement{Reverse: in.Body.Reverse, Reason: in.Body.Reason})
		row.Appeal = ""
		return revocationOf(&row), err
	})
}

func (a *API) appeals(ctx context.Context, r *request, _ *struct{}) (*appealsOutput, error) {
	rows, err := a.Licences.Appeals(ctx, r.actor)
	out := &appealsOutput{Body: Appeals{Items: make([]Revocation, len(rows))}}
	for i := range rows {
		out.Body.Items[i] = revocationOf(&rows[i].Revocation)
	}
	return out, err
}

func revocationOf(row *licence.Revocation) Revocation {
	return Revocation{LicenceID: row.GrantID, Ground: string(row.Ground), Reason: row.Reason, State: string(row.State), AnnouncedAt: row.AnnouncedAt.UTC(),
		EffectiveAt: row.EffectiveAt.UTC(), Appeal: row.Appeal, AppealedAt: instant(row.AppealedAt), Decision: row.Decision,
		DecisionReason: row.DecisionReason, DecidedAt: instant(row.DecidedAt)}
}
