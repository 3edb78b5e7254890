package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// certificateSuffix stands behind a licence's id in the address of its
// certificate.
const certificateSuffix = ".jwt"

// certificateType is the media type of W3C Verifiable Credentials as JWS.
const certificateType = "application/vc+jwt"

// LicenceFacts are what a certificate says.
type LicenceFacts struct {
	Licensor    string    `json:"licensor" doc:"In the party's own words" example:"Ada L."`
	WorkID      string    `json:"work_id" doc:"Of which work" example:"0199b6a0-0000-7000-8000-000000000004"`
	WorkTitle   string    `json:"work_title" doc:"As it was" example:"Graphs for beginners"`
	WorkVersion string    `json:"work_version" doc:"As its authors call it" example:"2.1"`
	WorkURL     string    `json:"work_url" doc:"Where it was" example:"https://ada.example/graphs"`
	WorkSHA256  string    `json:"work_sha256" doc:"Of its content, hex; empty: unknown" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	BaseLicence string    `json:"base_licence" doc:"Stays whatever happens to this licence (SPDX)" example:"CC-BY-NC-4.0"`
	Uses        []string  `json:"uses" nullable:"false" doc:"What it allows for money: reproduce, distribute, present, derive" example:"reproduce,present"`
	Channel     string    `json:"channel" doc:"What the work is used in: teaching, publishing, product" example:"teaching"`
	Territory   []string  `json:"territory" nullable:"false" doc:"ISO 3166-1 alpha-2, or WW" example:"WW"`
	Learners    int       `json:"learners" doc:"Most people taught with it; 0: no limit" example:"30"`
	Attribution string    `json:"attribution" doc:"The line that stays beside every copy" example:"Graphs for beginners by Ada, CC BY-NC 4.0, https://ada.example/graphs"`
	ValidFrom   time.Time `json:"valid_from" doc:"First moment of the term" example:"2026-11-24T09:00:00Z"`
	ValidUntil  time.Time `json:"valid_until" doc:"First moment after the term" example:"2027-02-22T09:00:00Z"`
	GraceDays   int       `json:"grace_days" doc:"Days after the term to finish copies that were begun" example:"30"`
	Terms       string    `json:"terms" doc:"Version of the terms" example:"CL-1.0"`
	TermsSHA256 string    `json:"terms_sha256" doc:"Of their text, hex" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	TermsURL    string    `json:"terms_url" doc:"Where they are" example:"https://example.org/terms/CL-1.0"`
	Previous    string    `json:"previous" doc:"The licence that this one renews; empty: none" example:"L-0123456789"`
}

// Licence is a licence as its buyer or seller reads it.
type Licence struct {
	LicenceFacts
	ID        string     `json:"id" doc:"Stable" example:"L-0123456789"`
	State     string     `json:"state" enum:"active,suspended,revoked" doc:"Whether it stands; its term is told apart, see word" example:"active"`
	Word      string     `json:"word" enum:"valid,not_yet,expired,expired_in_grace,revoked,suspended" doc:"What it is worth now" example:"valid"`
	OrderID   string     `json:"order_id" doc:"By which order" example:"0199b6a0-0000-7000-8000-000000000009"`
	Role      string     `json:"role" enum:"buyer,seller" doc:"Your side" example:"buyer"`
	URL       string     `json:"url" doc:"Where anybody sees what it is worth" example:"https://example.org/v/L-0123456789"`
	Licensee  string     `json:"licensee" doc:"Pseudonym of the buyer, made for this licence alone" example:"licensee 4f7a-91c2"`
	OfferID   string     `json:"offer_id" doc:"By which offer" example:"0199b6a0-0000-7000-8000-000000000008"`
	Amount    int64      `json:"amount" doc:"Price in minor units" example:"120000"`
	Currency  string     `json:"currency" doc:"ISO 4217" example:"RUB"`
	PaidAt    time.Time  `json:"paid_at" doc:"When it was paid and issued" example:"2026-11-24T09:00:00Z"`
	Ground    string     `json:"ground" enum:",refund,dispute_lost,out_of_scope,no_attribution,deceit,foreign_rights,law_demands" doc:"Of a revoked one" example:"refund"`
	RevokedAt *time.Time `json:"revoked_at" doc:"Of a revoked one" example:"2026-12-01T09:00:00Z"`
	RenewFrom *time.Time `json:"renew_from" doc:"From when the buyer may renew it; null: it cannot be" example:"2027-01-23T09:00:00Z"`
	RenewedBy string     `json:"renewed_by" doc:"The licence that continues it; told in the buyer's list" example:"L-9876543210"`
	KeyID     string     `json:"key_id" doc:"Of the key that signed its certificate" example:"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"`
	CertHash  string     `json:"certificate_sha256" doc:"Of its certificate's text, hex" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

// LicenceList is a page of licences.
type LicenceList struct {
	Items []Licence `json:"items" nullable:"false" doc:"Those that end last first"`
	Total int       `json:"total" doc:"How many there are on all pages" example:"2"`
	Page  int       `json:"page" doc:"This page, from 1; a page after the last one is the last one" example:"1"`
	Pages int       `json:"pages" doc:"How many pages there are" example:"1"`
}

// LicenceAsked is the body of a verification.
type LicenceAsked struct {
	JWT string `json:"jwt" maxLength:"1048576" doc:"The certificate's text" example:"eyJhbGciOiJFZERTQSJ9.e30.c2ln"`
}

// LicenceCheck is one step of a verification.
type LicenceCheck struct {
	Name string `json:"name" doc:"form, header, key, window, signature, content, dates, status, terms, work" example:"signature"`
	OK   bool   `json:"ok" doc:"It went well" example:"true"`
	Note string `json:"note" doc:"In English, for a person; may be empty" example:""`
}

// LicenceVerdict is what a certificate is worth.
type LicenceVerdict struct {
	Result  string         `json:"result" enum:"valid,not_yet,expired,expired_in_grace,revoked,suspended,unknown_key,bad_signature,status_unknown" doc:"bad_signature is also whatever is no certificate of ours" example:"valid"`
	OK      bool           `json:"ok" doc:"Every check went well: stricter than result, also about the text of the terms" example:"true"`
	Checks  []LicenceCheck `json:"checks" nullable:"false" doc:"Those that were done, in their order"`
	KeyID   string         `json:"key_id" doc:"As the certificate says" example:"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"`
	ID      string         `json:"id" doc:"Of the licence; empty: nothing is proved" example:"L-0123456789"`
	Licence *LicenceFacts  `json:"licence,omitempty" doc:"What it says; absent: nothing is proved"`
}

// LicenceLink is the secret address of a licence.
type LicenceLink struct {
	URL string `json:"url" doc:"Whoever has it opens the licence and its certificate; empty: there is none" example:"https://example.org/licences/L-0123456789?key=…"`
}

// RegisterEntry is one licence in a seller's register.
type RegisterEntry struct {
	ID          string     `json:"id" doc:"Of the licence" example:"L-0123456789"`
	OrderID     string     `json:"order_id" doc:"By which order" example:"0199b6a0-0000-7000-8000-000000000009"`
	Previous    string     `json:"previous" doc:"The licence that it renews; empty: none" example:"L-9876543210"`
	WorkID      string     `json:"work_id" doc:"Of which work" example:"0199b6a0-0000-7000-8000-000000000004"`
	WorkTitle   string     `json:"work_title" doc:"As it was" example:"Graphs for beginners"`
	WorkVersion string     `json:"work_version" doc:"As its authors call it" example:"2.1"`
	Licensee    string     `json:"licensee" doc:"Pseudonym made for this licence alone" example:"licensee 4f7a-91c2"`
	Uses        []string   `json:"uses" nullable:"false" doc:"What it allows for money" example:"reproduce,present"`
	Channel     string     `json:"channel" doc:"What the work is used in" example:"teaching"`
	Territory   []string   `json:"territory" nullable:"false" doc:"ISO 3166-1 alpha-2, or WW" example:"WW"`
	Learners    int        `json:"learners" doc:"0: no limit" example:"30"`
	Amount      int64      `json:"amount" doc:"Minor units" example:"120000"`
	Currency    string     `json:"currency" doc:"ISO 4217" example:"RUB"`
	PaidAt      time.Time  `json:"paid_at" doc:"When it was paid" example:"2026-11-24T09:00:00Z"`
	ValidFrom   time.Time  `json:"valid_from" doc:"First moment of the term" example:"2026-11-24T09:00:00Z"`
	ValidUntil  time.Time  `json:"valid_until" doc:"First moment after the term" example:"2027-02-22T09:00:00Z"`
	State       string     `json:"state" enum:"active,suspended,revoked" doc:"Whether it stands" example:"active"`
	Word        string     `json:"word" doc:"What it is worth now" example:"valid"`
	Ground      string     `json:"ground" doc:"Of a revoked one" example:"refund"`
	RevokedAt   *time.Time `json:"revoked_at" doc:"Of a revoked one" example:"2026-12-01T09:00:00Z"`
}

// Register is a seller's register of licences.
type Register struct {
	Items []RegisterEntry `json:"items" nullable:"false" doc:"The newest first"`
}

// LicenceRef names a licence by its address.
type LicenceRef struct {
	ID string `path:"id" doc:"Of the licence" example:"L-0123456789"`
}

type licenceActInput struct {
	Keyed
	LicenceRef
	Body *Nothing
}

type certificateInput struct {
	LicenceRef
	Link string `query:"key" maxLength:"100" doc:"The secret of the holder's link, instead of the buyer's token" example:"4f7a91c2"`
}

type certificateOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Cache       string `header:"Cache-Control" hidden:"true"`
	Disposition string `header:"Content-Disposition" doc:"A name for the file" example:"attachment; filename=\"L-0123456789.jwt\""`
	Body        []byte
}

type licencesInput struct {
	Work string `query:"work_id" maxLength:"60" doc:"Only of this work" example:"0199b6a0-0000-7000-8000-000000000004"`
	Open bool   `query:"open" doc:"Only those that have not ended" example:"true"`
	Paging
}

type verifyInput struct {
	Keyed
	Body LicenceAsked
}

type licenceOutput struct{ Body Licence }

type licencesOutput struct{ Body LicenceList }

type verdictOutput struct{ Body LicenceVerdict }

type linkOutput struct{ Body LicenceLink }

type registerOutput struct{ Body Register }

const licencesPath = "/licences"

func (a *API) addLicences() {
	one := licencesPath + "/{id}"
	missing := []int{http.StatusNotFound}
	add(a, operation{id: "licences", method: http.MethodGet, path: licencesPath, tag: tagLicences, own: true, summary: "List the licences that you bought"}, a.licences)
	add(a, operation{id: "licence", method: http.MethodGet, path: one, tag: tagLicences, own: true, summary: "Read a licence that you bought or sold", statuses: missing}, a.licence)
	add(a, operation{id: "certificate", method: http.MethodGet, path: one + certificateSuffix, tag: tagLicences, secret: true,
		summary: "Read the certificate of a licence", text: "A W3C Verifiable Credential as compact JWS, the same bytes each time. For its buyer's token, or the secret of the holder's link as key.",
		statuses: missing}, a.certificate)
	add(a, operation{id: "verify-licence", method: http.MethodPost, path: licencesPath + "/verify", tag: tagLicences, any: true, summary: "Tell what a certificate is worth",
		text: "Always 200 with one of nine words, whatever was sent as jwt. Nothing is kept of it.", statuses: []int{http.StatusConflict}}, a.verifyLicence)
	add(a, operation{id: "licence-link", method: http.MethodPost, path: one + "/link", tag: tagLicences, own: true, summary: "Give your licence a new secret address",
		text: "The one before ends at once.", statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.renewLink)
	add(a, operation{id: "end-licence-link", method: http.MethodDelete, path: one + "/link", tag: tagLicences, own: true, summary: "End the secret address of your licence",
		statuses: missing}, a.endLink)
	add(a, operation{id: "register", method: http.MethodGet, path: "/me/register", tag: tagLicences, own: true, summary: "Read the register of licences that you granted",
		text: "Each licensee is known by the pseudonym of that licence only."}, a.register)
	text := &huma.Schema{Type: huma.TypeString, Description: "A compact JWS"}
	a.huma.OpenAPI().Paths[one+certificateSuffix].Get.Responses["200"].Content = map[string]*huma.MediaType{certificateType: {Schema: text}}
}

func (a *API) licences(ctx context.Context, r *request, in *licencesInput) (*licencesOutput, error) {
	rows, err := a.Licences.Grants(ctx, r.actor, licence.GrantFilter{WorkID: in.Work, Open: in.Open})
	if err != nil {
		return nil, err
	}
	pages := max(1, (len(rows)+in.Limit-1)/in.Limit)
	page := min(in.Page, pages)
	out := LicenceList{Items: []Licence{}, Total: len(rows), Page: page, Pages: pages}
	for i := (page - 1) * in.Limit; i < min(page*in.Limit, len(rows)); i++ {
		one, err := a.licenceOf(r, &rows[i])
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, one)
	}
	return &licencesOutput{Body: out}, nil
}

func (a *API) licence(ctx context.Context, r *request, in *LicenceRef) (*licenceOutput, error) {
	g, err := a.Licences.Grant(ctx, r.actor, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.licenceOf(r, &g)
	return &licenceOutput{Body: out}, err
}

// certificate is told to the buyer, or to who has the holder's link; what a
// stranger reads by it is kept nowhere on the way.
func (a *API) certificate(ctx context.Context, r *request, in *certificateInput) (*certificateOutput, error) {
	var jwt string
	var err error
	switch {
	case in.Link != "":
		_, jwt, err = a.Licences.ByLink(ctx, in.ID, in.Link)
	case r.actor.Anonymous():
		err = fault.Of(fault.Unauthenticated, "token_needed")
	default:
		jwt, err = a.Licences.Certificate(ctx, r.actor, in.ID)
	}
	if err != nil {
		return nil, err
	}
	return &certificateOutput{ContentType: certificateType, Cache: "no-store", Disposition: `attachment; filename="` + in.ID + certificateSuffix + `"`,
		Body: []byte(jwt)}, nil
}

// verifyLicence does nothing, so a key only holds its caller to one question.
func (a *API) verifyLicence(ctx context.Context, r *request, in *verifyInput) (*verdictOutput, error) {
	if !r.actor.Anonymous() {
		if err := a.acts(ctx, r, in.Key, func() error { return nil }); err != nil {
			return nil, err
		}
	}
	res, err := a.Licences.Verify(ctx, []byte(in.Body.JWT))
	if err != nil {
		return nil, err
	}
	out := LicenceVerdict{Result: string(res.Word), OK: res.OK(), Checks: make([]LicenceCheck, len(res.Checks)), KeyID: cut(res.KeyID, maxEcho), ID: res.Facts.ID}
	for i, c := range res.Checks {
		out.Checks[i] = LicenceCheck{Name: c.Name, OK: c.OK, Note: c.Note}
	}
	if res.Facts.ID != "" {
		facts := factsOf(&res.Facts)
		out.Licence = &facts
	}
	return &verdictOutput{Body: out}, nil
}

func (a *API) renewLink(ctx context.Context, r *request, in *licenceActInput) (*linkOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Licences.RenewLink(ctx, r.actor, in.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	address, err := a.Licences.HolderLink(ctx, r.actor, in.ID)
	return &linkOutput{Body: LicenceLink{URL: address}}, err
}

func (a *API) endLink(ctx context.Context, r *request, in *LicenceRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.EndLink(ctx, r.actor, in.ID)
}

func (a *API) register(ctx context.Context, r *request, _ *struct{}) (*registerOutput, error) {
	rows, err := a.Licences.Register(ctx, r.actor)
	out := &registerOutput{Body: Register{Items: make([]RegisterEntry, len(rows))}}
	for i, e := range rows {
		out.Body.Items[i] = RegisterEntry{ID: e.ID, OrderID: e.OrderID, Previous: e.Previous, WorkID: e.WorkID, WorkTitle: e.WorkTitle, WorkVersion: e.WorkVersion,
			Licensee: e.Licensee, Uses: list(e.Uses), Channel: e.Channel, Territory: list(e.Territory), Learners: e.Learners, Amount: e.Amount, Currency: e.Currency,
			PaidAt: e.PaidAt.UTC(), ValidFrom: e.ValidFrom.UTC(), ValidUntil: e.ValidUntil.UTC(), State: string(e.State), Word: e.Word, Ground: string(e.Ground),
			RevokedAt: e.RevokedAt}
	}
	return out, err
}

func factsOf(f *cert.Facts) LicenceFacts {
	return LicenceFacts{Licensor: f.Licensor, WorkID: f.WorkID, WorkTitle: f.WorkTitle, WorkVersion: f.WorkVersion, WorkURL: f.WorkURL, WorkSHA256: f.WorkSHA256,
		BaseLicence: f.BaseLicence, Uses: plain(f.Uses), Channel: f.Channel, Territory: list(f.Territory), Learners: f.Learners, Attribution: f.Attribution,
		ValidFrom: f.ValidFrom.UTC(), ValidUntil: f.ValidUntil.UTC(), GraceDays: f.GraceDays, Terms: f.TermsVersion, TermsSHA256: f.TermsSHA256,
		TermsURL: f.TermsURL, Previous: f.Previous}
}

// licenceOf is a licence as this API tells of it to one of its parties.
func (a *API) licenceOf(r *request, g *licence.Grant) (Licence, error) {
	f, err := g.Facts()
	if err != nil {
		return Licence{}, err
	}
	out := Licence{LicenceFacts: factsOf(&f), ID: g.ID, State: string(g.State), Word: string(g.Word(a.Now(), f.GraceDays)), OrderID: g.OrderID, Role: "seller",
		URL: a.URL + licence.CheckPath(g.ID), Licensee: f.Licensee, OfferID: g.OfferID, Amount: f.Price.Minor, Currency: f.Price.Currency, PaidAt: g.PaidAt.UTC(),
		Ground: string(g.Ground), RevokedAt: instant(g.RevokedAt), RenewedBy: g.RenewedBy, KeyID: g.KeyID, CertHash: g.CertHash}
	if g.BuyerID == r.actor.ID {
		out.Role = "buyer"
	}
	if g.State == licence.Active && g.RenewedBy == "" {
		out.RenewFrom = instant(g.ValidUntil.Add(-licence.RenewFrom))
	}
	return out, nil
}
