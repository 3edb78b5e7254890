package api

import (
	"bytes"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type meOutput struct{ Body Me }

// Me is the account that a token stands for.
type Me struct {
	ID     string `json:"id" doc:"Stable, and told to nobody else" example:"1c7e3f0e-6f0a-4c7e-9a53-0d3b2f1c9e11"`
	Handle string `json:"handle" pattern:"^[a-z][a-z0-9_-]{2,29}$" doc:"The public name" example:"ada-lint"`
	Role   string `json:"role" enum:"member,moderator,operator" doc:"What the account may do here" example:"member"`
}

type exportOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Disposition string `header:"Content-Disposition" doc:"A name for the file" example:"attachment; filename=\"ada-lint.json\""`
	Body        []byte
}

func (a *API) addMe() {
	add(a, operation{id: "me", method: http.MethodGet, path: "/me", tag: tagOwn, own: true, summary: "Whose token this is"}, a.me)
	add(a, operation{id: "export", method: http.MethodGet, path: "/me/export", tag: tagOwn, own: true,
		summary: "All that the board holds about you", text: "One JSON object with a member for each part of the board."}, a.export)
	add(a, operation{id: "erase", method: http.MethodDelete, path: "/me", tag: tagOwn, own: true, summary: "Erase your account for good",
		text:     "At once and without a way back: account, profile, services, works and tokens. Licences that were sold stay valid. 409 tells what stands against it: last_operator, or open_orders with the ids of orders in which something is open between two people.",
		statuses: []int{http.StatusConflict}}, a.erase)
	object := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "A member for each part of the board, account first"}
	a.huma.OpenAPI().Paths["/me/export"].Get.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: object}}
}

func (a *API) me(_ context.Context, r *request, _ *struct{}) (*meOutput, error) {
	return &meOutput{Body: Me{ID: r.actor.ID, Handle: r.actor.Handle, Role: string(r.actor.Role)}}, nil
}

func (a *API) export(ctx context.Context, r *request, _ *struct{}) (*exportOutput, error) {
	var out bytes.Buffer
	if err := a.Accounts.Export(ctx, r.actor, &out); err != nil {
		return nil, err
	}
	return &exportOutput{ContentType: "application/json", Body: out.Bytes(),
		Disposition: `attachment; filename="` + r.actor.Handle + `.json"`}, nil
}

// erase takes the token itself for the confirmation: a script has no second look.
func (a *API) erase(ctx context.Context, r *request, _ *struct{}) (*struct{}, error) {
	err := a.Accounts.Erase(ctx, r.actor, r.actor.Handle)
	if !stands(err) {
		return &struct{}{}, err
	}
	p := a.problem(r, err)
	if p.Orders, err = a.openOrders(ctx, r); err != nil {
		return nil, err
	}
	return nil, p
}
