package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/licence"
)

// AgreementHead is a version of the contributor agreement without its texts.
type AgreementHead struct {
	N              int        `json:"n" doc:"Version, from 1" example:"1"`
	State          string     `json:"state" enum:"draft,discussion,adopted" doc:"Nothing is adopted that was not discussed in the open" example:"adopted"`
	SHA256         string     `json:"sha256" doc:"Of the Russian text, a zero byte and the English text, in hex" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Discussion     string     `json:"discussion" doc:"Public address; empty: none yet" example:"https://forum.example/agreement"`
	DiscussedFrom  *time.Time `json:"discussed_from" doc:"When the discussion began" example:"2026-10-01T00:00:00Z"`
	DiscussedUntil *time.Time `json:"discussed_until" doc:"When it ends, or ended" example:"2026-11-01T00:00:00Z"`
	Decision       string     `json:"decision" doc:"Public address of the decision; empty: none" example:"https://forum.example/agreement/decision"`
	CreatedOn      string     `json:"created_on" doc:"Day (UTC)" example:"2026-09-20"`
	AdoptedAt      *time.Time `json:"adopted_at" doc:"null: not" example:"2026-11-02T00:00:00Z"`
}

// Agreement is a version of the contributor agreement.
type Agreement struct {
	AgreementHead
	TextRu     string     `json:"text_ru" doc:"Markdown in Russian" example:"Ya razreshayu…"`
	TextEn     string     `json:"text_en" doc:"Markdown in English" example:"I allow…"`
	AcceptedAt *time.Time `json:"accepted_at" doc:"When you accepted it: it counts for what you make from then on; null: not" example:"2026-11-22T09:00:00Z"`
}

// Agreements is a list of versions.
type Agreements struct {
	Items []AgreementHead `json:"items" nullable:"false" doc:"The newest first"`
}

// AgreementRef names a version of the agreement by its address.
type AgreementRef struct {
	N int `path:"n" minimum:"1" maximum:"1000000" doc:"Version" example:"1"`
}

type acceptInput struct {
	Keyed
	AgreementRef
	Body *Nothing
}

type agreementsOutput struct{ Body Agreements }

type agreementOutput struct{ Body Agreement }

const agreementsPath = "/agreements"

func (a *API) addAgreements() {
	one := agreementsPath + "/{n}"
	add(a, operation{id: "agreements", method: http.MethodGet, path: agreementsPath, tag: tagWorks, summary: "List the versions of the contributor agreement",
		text: "Drafts are for operators only."}, a.agreements)
	add(a, operation{id: "agreement", method: http.MethodGet, path: one, tag: tagWorks, summary: "Read a version of the contributor agreement",
		statuses: []int{http.StatusNotFound}}, a.agreement)
	add(a, operation{id: "accept-agreement", method: http.MethodPost, path: one + "/accept", tag: tagWorks, own: true, summary: "Accept an adopted version",
		text: "For what you make from now on; what you made before needs your explicit consent. Accepting again changes nothing.", statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.acceptAgreement)
}

func (a *API) agreements(ctx context.Context, r *request, _ *struct{}) (*agreementsOutput, error) {
	rows, err := a.Licences.Agreements(ctx, r.actor)
	out := &agreementsOutput{Body: Agreements{Items: make([]AgreementHead, len(rows))}}
	for i := range rows {
		out.Body.Items[i] = agreementOf(&rows[i])
	}
	return out, err
}

func (a *API) agreement(ctx context.Context, r *request, in *AgreementRef) (*agreementOutput, error) {
	v, err := a.Licences.Agreement(ctx, r.actor, in.N)
	if err != nil {
		return nil, err
	}
	return &agreementOutput{Body: Agreement{AgreementHead: agreementOf(&v.Agreement), TextRu: v.Ru, TextEn: v.En, AcceptedAt: instant(v.Accepted)}}, nil
}

func (a *API) acceptAgreement(ctx context.Context, r *request, in *acceptInput) (*agreementOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Licences.Accept(ctx, r.actor, in.N)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.agreement(ctx, r, &in.AgreementRef)
}

func agreementOf(row *licence.Agreement) AgreementHead {
	return AgreementHead{N: row.N, State: string(row.State), SHA256: row.SHA256, Discussion: row.Discussion, DiscussedFrom: instant(row.From),
		DiscussedUntil: instant(row.Until), Decision: row.Decision, CreatedOn: day(row.CreatedOn), AdoptedAt: instant(row.AdoptedAt)}
}
