package api

import (
	"context"
	"net/http"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
)

// ServiceFields are what an owner decides about a service.
type ServiceFields struct {
	Title       string `json:"title" maxLength:"100" minLength:"1" doc:"What it is" example:"Code review with comments"`
	Summary     string `json:"summary" required:"false" maxLength:"300" doc:"What one gets, plain text" example:"You send a repository, I answer in writing."`
	Format      string `json:"format" enum:"call,chat,review,group,plan" doc:"How it happens; chat, review and plan need no microphone" example:"review"`
	Minutes     int    `json:"minutes" required:"false" minimum:"0" maximum:"100000" doc:"Length; 0: not by the clock" example:"60"`
	Price       *Money `json:"price" required:"false"`
	ByAgreement bool   `json:"by_agreement" required:"false" doc:"The price is agreed on; then price is null" example:"false"`
	FreeTrial   bool   `json:"free_trial" required:"false" doc:"The first time is free" example:"true"`
	Rules       string `json:"rules" required:"false" maxLength:"2000" doc:"Cancelling, preparation and so on; Markdown" example:"Cancel a day ahead."`
	State       string `json:"state,omitempty" enum:"draft,published,paused" doc:"Shown when published and the profile is open. Absent: as it is, draft at first" example:"published"`
}

// ServiceEdit is the body that makes or replaces a service.
type ServiceEdit struct {
	ServiceFields
	Version int64 `json:"version,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the service you edited: another one there now is refused. Absent or 0: do not check" example:"2"`
}

// Service is what a tutor offers.
type Service struct {
	ServiceFields
	ID      string `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000001"`
	URL     string `json:"url" doc:"Its page" example:"https://example.org/services/0199b6a0-0000-7000-8000-000000000001"`
	Version int64  `json:"version" doc:"Grows with every change" example:"2"`
}

// Services is a list of services.
type Services struct {
	Items []Service `json:"items" nullable:"false" doc:"At most 20"`
}

type idInput struct {
	ID string `path:"id" doc:"Of the service" example:"0199b6a0-0000-7000-8000-000000000001"`
}

type addServiceInput struct {
	Keyed
	Body ServiceEdit
}

type editServiceInput struct {
	ID   string `path:"id" doc:"Of the service" example:"0199b6a0-0000-7000-8000-000000000001"`
	Body ServiceEdit
}

type serviceOutput struct{ Body Service }

type servicesOutput struct{ Body Services }

const servicesPath = "/me/services"

func (a *API) addServices() {
	missing := []int{http.StatusNotFound}
	add(a, operation{id: "my-services", method: http.MethodGet, path: servicesPath, tag: tagOwn, own: true,
		summary: "List your services"}, a.myServices)
	add(a, operation{id: "add-service", method: http.MethodPost, path: servicesPath, tag: tagOwn, own: true, summary: "Add a service",
		text: "At most 20. Needs a profile.", statuses: []int{http.StatusConflict, http.StatusNotFound}, answer: Service{}}, a.addService)
	add(a, operation{id: "my-service", method: http.MethodGet, path: servicesPath + "/{id}", tag: tagOwn, own: true,
		summary: "Read one of your services", statuses: missing}, a.myService)
	add(a, operation{id: "edit-service", method: http.MethodPut, path: servicesPath + "/{id}", tag: tagOwn, own: true,
		summary: "Replace a service", text: "It replaces all fields: an absent one is emptied.",
		statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.editService)
	add(a, operation{id: "remove-service", method: http.MethodDelete, path: servicesPath + "/{id}", tag: tagOwn, own: true,
		summary: "Remove a service for good", statuses: missing}, a.removeService)
}

func (a *API) myServices(ctx context.Context, r *request, _ *struct{}) (*servicesOutput, error) {
	rows, err := a.Market.Mine(ctx, r.actor)
	return &servicesOutput{Body: Services{Items: a.servicesOf(rows)}}, err
}

func (a *API) addService(ctx context.Context, r *request, in *addServiceInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Market.AddService(ctx, r.actor, in.Body.input())
		if err != nil {
			return "", nil, err
		}
		return prefix + servicesPath + "/" + row.ID, a.serviceOf(row), nil
	})
}

func (a *API) editService(ctx context.Context, r *request, in *editServiceInput) (*serviceOutput, error) {
	row, err := a.Market.EditService(ctx, r.actor, in.ID, in.Body.input())
	if err != nil {
		return nil, err
	}
	return &serviceOutput{Body: a.serviceOf(row)}, nil
}

func (a *API) removeService(ctx context.Context, r *request, in *idInput) (*struct{}, error) {
	return &struct{}{}, a.Market.RemoveService(ctx, r.actor, in.ID)
}

// input is the body as the feature knows it.
func (e ServiceEdit) input() market.ServiceInput {
	return market.ServiceInput{Title: e.Title, Summary: e.Summary, Format: e.Format, Minutes: e.Minutes, Price: e.Price.amount(),
		ByAgreement: e.ByAgreement, FreeTrial: e.FreeTrial, Rules: e.Rules, State: market.State(e.State), Version: e.Version}
}

func (a *API) myService(ctx context.Context, r *request, in *idInput) (*serviceOutput, error) {
	row, err := a.Market.Service(ctx, r.actor, in.ID)
	if err != nil {
		return nil, err
	}
	if row.AccountID != r.actor.ID {
		return nil, fault.Of(fault.NotFound, "service_unknown")
	}
	return &serviceOutput{Body: a.serviceOf(row.Service)}, nil
}

// serviceOf is a service as this API tells of it.
func (a *API) serviceOf(row market.Service) Service {
	out := Service{ID: row.ID, URL: a.URL + "/services/" + row.ID, Version: row.Version}
	out.ServiceFields = ServiceFields{Title: row.Title, Summary: row.Summary, Format: row.Format, Minutes: row.Minutes,
		ByAgreement: row.ByAgreement, FreeTrial: row.FreeTrial, Rules: row.Rules, State: string(row.State)}
	out.Price = moneyOf(row.Amount())
	return out
}

func (a *API) servicesOf(rows []market.Service) []Service {
	out := make([]Service, len(rows))
	for i, row := range rows {
		out[i] = a.serviceOf(row)
	}
	return out
}
