package api

import (
	"context"
	"net/http"

	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// OfferFields are what a seller decides about an offer.
type OfferFields struct {
	Uses      []string     `json:"uses" nullable:"false" minItems:"1" maxItems:"4" enum:"reproduce,distribute,present,derive" doc:"What the licence allows for money; derive not for works under ND" example:"reproduce,present"`
	Channel   string       `json:"channel,omitempty" enum:"teaching,publishing,product" doc:"What the work is used in: lessons and groups, books and channels, a part of something sold. Absent: teaching" example:"teaching"`
	Territory []string     `json:"territory" required:"false" nullable:"false" maxItems:"60" maxLength:"2" doc:"ISO 3166-1 alpha-2, or WW alone. Absent: WW" example:"WW"`
	Learners  int          `json:"learners" required:"false" minimum:"0" maximum:"1000000" doc:"Most people taught with it; 0: no limit" example:"30"`
	Prices    []OfferPrice `json:"prices" nullable:"false" minItems:"1" maxItems:"20" doc:"Lengths with what they cost"`
	Payee     string       `json:"payee" required:"false" maxLength:"200" doc:"Who is paid, in words; empty: as the work says. Never the fund" example:"Ada L."`
	Ways      []OfferWay   `json:"ways" required:"false" nullable:"false" maxItems:"30" doc:"How one can pay. Absent: directly, from everywhere, in each currency of the prices"`
	Link      string       `json:"link" required:"false" maxLength:"500" doc:"Your own payment page, for method link; https, on a host that the board allows" example:"https://boosty.to/ada"`
	State     string       `json:"state,omitempty" enum:"open,paused,withdrawn" doc:"withdrawn: for good, by DELETE. Absent: as it is, open at first" example:"open"`
}

// OfferEdit is the body that makes or replaces an offer.
type OfferEdit struct {
	OfferFields
	RefundDays *int   `json:"refund_days,omitempty" minimum:"0" maximum:"365" doc:"Money back without a reason within so many days. Absent: 14" example:"14"`
	GraceDays  *int   `json:"grace_days,omitempty" minimum:"0" maximum:"365" doc:"Days after the end to finish copies that were begun. Absent: 30" example:"30"`
	Terms      string `json:"terms,omitempty" maxLength:"20" doc:"Version of the terms. Absent: the current one" example:"CL-1.0"`
	NotFund    *bool  `json:"not_fund,omitempty" doc:"You state that the payee is not the central fund. By sending an offer without it you state so; false is refused" example:"true"`
	Edit       int64  `json:"edit,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the offer you edited: another one there now is refused. Absent or 0: do not check" example:"1"`
}

// OfferPrice is one length of a licence and what it costs.
type OfferPrice struct {
	Days     int    `json:"days" minimum:"1" maximum:"1096" doc:"Length of the licence" example:"90"`
	Amount   int64  `json:"amount" minimum:"0" maximum:"1000000000000" doc:"Minor units by ISO 4217; 0 is free" example:"120000"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"ISO 4217" example:"RUB"`
}

// OfferWay is one way in which the payee can be paid.
type OfferWay struct {
	Country  string `json:"country" maxLength:"2" doc:"From where: ISO 3166-1 alpha-2, or WW" example:"WW"`
	Method   string `json:"method" enum:"direct,link,stripe" doc:"direct: by the seller's own details" example:"direct"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"ISO 4217" example:"RUB"`
}

// Offer are the terms under which a work may be used commercially.
type Offer struct {
	OfferFields
	ID          string `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000008"`
	WorkID      string `json:"work_id" doc:"Of which work" example:"0199b6a0-0000-7000-8000-000000000004"`
	Number      int    `json:"number" doc:"Of which version of it" example:"1"`
	RefundDays  int    `json:"refund_days" doc:"Money back without a reason within so many days" example:"14"`
	GraceDays   int    `json:"grace_days" doc:"Days after the end to finish copies that were begun" example:"30"`
	Terms       string `json:"terms" doc:"Version of the terms" example:"CL-1.0"`
	TermsSHA256 string `json:"terms_sha256" doc:"SHA-256 of their text in hex: what an order accepts" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	TermsURL    string `json:"terms_url" doc:"Where they are" example:"https://example.org/terms/CL-1.0"`
	CreatedOn   string `json:"created_on" doc:"Day (UTC)" example:"2026-11-22"`
	Edit        int64  `json:"edit" doc:"Grows with every change" example:"1"`
}

// Offers is a list of offers.
type Offers struct {
	Items []Offer `json:"items" nullable:"false" doc:"At most 20"`
}

type addOfferInput struct {
	Keyed
	WorkRef
	Body OfferEdit
}

// OfferRef names an offer by its address.
type OfferRef struct {
	ID string `path:"id" doc:"Of the offer" example:"0199b6a0-0000-7000-8000-000000000008"`
}

type editOfferInput struct {
	OfferRef
	Body OfferEdit
}

type offersOutput struct{ Body Offers }

type offerOutput struct{ Body Offer }

const offersPath = "/offers"

func (a *API) addOffers() {
	of, one := worksPath+"/{id}"+offersPath, offersPath+"/{id}"
	state := []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	add(a, operation{id: "offers", method: http.MethodGet, path: of, tag: tagWorks, summary: "List the offers of a work",
		text: "For others only those that can be had now.", statuses: []int{http.StatusNotFound}}, a.offers)
	add(a, operation{id: "add-offer", method: http.MethodPost, path: of, tag: tagWorks, own: true, summary: "Offer licences for a work",
		text:     "For the newest version. Refused while a part lacks a ground (409 ground_missing, part_blocks), a claim is open, or no licence is needed (409 base_licence_free).",
		statuses: state, answer: Offer{}}, a.addOffer)
	add(a, operation{id: "offer", method: http.MethodGet, path: one, tag: tagWorks, summary: "Read an offer",
		text: "409 offer_closed for one that cannot be had now.", statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.offer)
	add(a, operation{id: "edit-offer", method: http.MethodPut, path: one, tag: tagWorks, own: true, summary: "Replace an offer",
		text: "It replaces all fields and takes the newest version of the work. Orders keep what they froze.", statuses: state}, a.editOffer)
	add(a, operation{id: "withdraw-offer", method: http.MethodDelete, path: one, tag: tagWorks, own: true, summary: "Withdraw an offer for good",
		text: "What was sold holds.", statuses: []int{http.StatusNotFound}}, a.withdrawOffer)
}

func (a *API) offers(ctx context.Context, r *request, in *WorkRef) (*offersOutput, error) {
	v, err := a.Licences.Work(ctx, r.actor, in.ID)
	out := &offersOutput{Body: Offers{Items: make([]Offer, len(v.Offers))}}
	for i := range v.Offers {
		out.Body.Items[i] = a.offerOf(&v.Offers[i])
	}
	return out, err
}

func (a *API) addOffer(ctx context.Context, r *request, in *addOfferInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Licences.AddOffer(ctx, r.actor, in.ID, in.Body.input())
		if err != nil {
			return "", nil, err
		}
		return prefix + offersPath + "/" + row.ID, a.offerOf(&row), nil
	})
}

func (a *API) offer(ctx context.Context, r *request, in *OfferRef) (*offerOutput, error) {
	v, err := a.Licences.Offer(ctx, r.actor, in.ID)
	if err != nil {
		return nil, err
	}
	return &offerOutput{Body: a.offerOf(&v.Offer)}, nil
}

func (a *API) editOffer(ctx context.Context, r *request, in *editOfferInput) (*offerOutput, error) {
	row, err := a.Licences.EditOffer(ctx, r.actor, in.ID, in.Body.input())
	if err != nil {
		return nil, err
	}
	return &offerOutput{Body: a.offerOf(&row)}, nil
}

func (a *API) withdrawOffer(ctx context.Context, r *request, in *OfferRef) (*struct{}, error) {
	_, err := a.Licences.MoveOffer(ctx, r.actor, in.ID, licence.OfferWithdrawn)
	return &struct{}{}, err
}

// input is the body as the feature knows it.
func (e OfferEdit) input() licence.OfferInput {
	in := licence.OfferInput{Channel: e.Channel, Territory: e.Territory, Learners: e.Learners, RefundDays: licence.DefaultRefund, GraceDays: licence.DefaultGrace,
		Payee: e.Payee, NotFund: true, Link: e.Link, Terms: e.Terms, State: licence.OfferState(e.State), Edit: e.Edit}
	if in.Channel == "" {
		in.Channel = cert.Teaching
	}
	if e.RefundDays != nil {
		in.RefundDays = *e.RefundDays
	}
	if e.GraceDays != nil {
		in.GraceDays = *e.GraceDays
	}
	if e.NotFund != nil {
		in.NotFund = *e.NotFund
	}
	for _, u := range e.Uses {
		in.Uses = append(in.Uses, cert.Use(u))
	}
	for _, p := range e.Prices {
		in.Prices = append(in.Prices, licence.Price{Days: p.Days, Amount: p.Amount, Currency: p.Currency})
	}
	for _, w := range e.Ways {
		in.Ways = append(in.Ways, licence.Way{Country: w.Country, Method: payment.Method(w.Method), Currency: w.Currency})
	}
	return in
}

// offerOf is an offer as this API tells of it.
func (a *API) offerOf(row *licence.Offer) Offer {
	out := Offer{ID: row.ID, WorkID: row.WorkID, Number: row.Version, RefundDays: row.RefundDays, GraceDays: row.GraceDays,
		Terms: row.TermsVersion, TermsURL: a.URL + "/terms/" + row.TermsVersion, CreatedOn: day(row.CreatedOn), Edit: row.Edit}
	out.TermsSHA256, _ = web.TermsHash(row.TermsVersion)
	out.OfferFields = OfferFields{Uses: plain(row.Uses), Channel: row.Channel, Territory: list(row.Territory), Learners: row.Learners,
		Prices: make([]OfferPrice, len(row.Prices)), Payee: row.Payee, Ways: make([]OfferWay, len(row.Ways)), Link: row.Link, State: string(row.State)}
	for i, p := range row.Prices {
		out.Prices[i] = OfferPrice{Days: p.Days, Amount: p.Amount, Currency: p.Currency}
	}
	for i, w := range row.Ways {
		out.Ways[i] = OfferWay{Country: w.Country, Method: string(w.Method), Currency: w.Currency}
	}
	return out
}

// plain are words of any kind as plain ones; never nil.
func plain[W ~string](list []W) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
