package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// OrderNew is the body that orders a licence.
type OrderNew struct {
	OfferID        string  `json:"offer_id" minLength:"1" maxLength:"60" doc:"Which offer" example:"0199b6a0-0000-7000-8000-000000000008"`
	Days           int     `json:"days" minimum:"1" maximum:"1096" doc:"One of the offer's lengths" example:"90"`
	Currency       string  `json:"currency,omitempty" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"One of the offer's for that length. Absent: the first" example:"RUB"`
	Method         string  `json:"method,omitempty" enum:"direct,link,stripe" doc:"One of the offer's ways. Absent: direct" example:"direct"`
	Country        string  `json:"country,omitempty" maxLength:"2" doc:"From where you pay, one of the offer's. Absent: not told" example:"KZ"`
	Renews         *string `json:"renews" required:"false" maxLength:"20" doc:"Your licence that this one continues, from 30 days before its end; null: none" example:"L-0123456789"`
	TermsSHA256    string  `json:"terms_sha256,omitempty" maxLength:"64" doc:"Digest of the terms that you have read and accept: others there now are refused. By ordering without it you accept those that the offer names" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	NameCommitment string  `json:"name_commitment,omitempty" maxLength:"43" doc:"base64url of sha256(salt and name), both kept by you: lets you show later that the licence is yours. Absent: none" example:"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"`
}

// OrderState is how far an order is: what a program watches.
type OrderState struct {
	ID         string  `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000009"`
	URL        string  `json:"url" doc:"Its page, for the two of you" example:"https://example.org/orders/0199b6a0-0000-7000-8000-000000000009"`
	Code       string  `json:"code" doc:"All that a transfer's purpose may say" example:"7K3M-9QXT-C"`
	State      string  `json:"state" enum:"draft,awaiting_payment,cancelled,expired,paid,fulfilled,disputed,refunded" doc:"Derived from what is known of the money" example:"awaiting_payment"`
	Settlement string  `json:"settlement" enum:"none,claimed_by_buyer,confirmed_by_seller,denied_by_seller,arbitration" doc:"How far the two are who pay each other directly" example:"none"`
	Turn       string  `json:"turn" enum:"buyer,seller,moderator,nobody" doc:"Who has to act next" example:"seller"`
	Amount     int64   `json:"amount" doc:"What was agreed, in minor units; it never changes" example:"120000"`
	Currency   string  `json:"currency" doc:"ISO 4217" example:"RUB"`
	Refunded   int64   `json:"refunded" doc:"All that went back, in minor units" example:"0"`
	LicenceID  *string `json:"licence_id" doc:"The licence that came of it; null until it is fulfilled" example:"L-0123456789"`
}

// Order is one purchase between two people.
type Order struct {
	OrderState
	Role          string     `json:"role" enum:"buyer,seller,moderator" doc:"Your side; a moderator sees orders in arbitration only" example:"buyer"`
	Buyer         string     `json:"buyer" doc:"Handle; empty once erased" example:"ben-byte"`
	Seller        string     `json:"seller" doc:"Handle; empty once erased" example:"ada-lint"`
	Title         string     `json:"title" doc:"What was bought, as it was called" example:"Graphs for beginners"`
	OfferID       string     `json:"offer_id" doc:"By which offer" example:"0199b6a0-0000-7000-8000-000000000008"`
	Method        string     `json:"method" enum:"direct,link,stripe,free" doc:"How it is settled; free: there is nothing to pay" example:"direct"`
	Payee         string     `json:"payee" doc:"Whom the buyer pays, in the seller's words" example:"Ada L."`
	Country       string     `json:"country" doc:"From where the buyer pays; may be empty" example:"KZ"`
	Link          string     `json:"link" doc:"The seller's payment page, with method link" example:"https://boosty.to/ada"`
	HasDetails    bool       `json:"has_details" doc:"The seller has said where to pay" example:"false"`
	Question      string     `json:"question" enum:",payment,refund" doc:"What an open arbitration decides" example:"payment"`
	RefundSent    int64      `json:"refund_sent" doc:"What the seller says is on its way back, not confirmed yet" example:"0"`
	Returnable    int64      `json:"returnable" doc:"What may still go back, in minor units" example:"120000"`
	Extra         int64      `json:"extra" doc:"What came beside the one payment, when it was paid twice" example:"0"`
	ExtraReturned int64      `json:"extra_returned" doc:"How much of that went back" example:"0"`
	Acts          []string   `json:"acts" nullable:"false" doc:"What you may do now: the last words of the addresses, with a dash for an underscore" example:"claim,cancel"`
	CreatedAt     time.Time  `json:"created_at" doc:"When it was ordered" example:"2026-11-22T09:00:00Z"`
	DeadlineAt    *time.Time `json:"deadline_at" doc:"When it ends by itself; null: it does not" example:"2026-11-29T09:00:00Z"`
	ArbiterFrom   *time.Time `json:"arbiter_from" doc:"From when you may ask a moderator; null: there is nothing to ask" example:"2026-11-30T09:00:00Z"`
	ClaimedAt     *time.Time `json:"claimed_at" doc:"When the buyer said that the money is sent" example:"2026-11-23T09:00:00Z"`
	PaidAt        *time.Time `json:"paid_at" doc:"When it became a fact" example:"2026-11-24T09:00:00Z"`
	FulfilledAt   *time.Time `json:"fulfilled_at" doc:"When the licence was there" example:"2026-11-24T09:00:00Z"`
	ClosedAt      *time.Time `json:"closed_at" doc:"Since when nothing is open between the two" example:"2026-11-24T09:00:00Z"`
}

// Orders is a page of orders.
type Orders struct {
	Items []Order `json:"items" nullable:"false" doc:"The newest first"`
	Total int     `json:"total" doc:"How many there are on all pages" example:"2"`
	Page  int     `json:"page" doc:"This page, from 1; a page after the last one is the last one" example:"1"`
	Pages int     `json:"pages" doc:"How many pages there are" example:"1"`
}

type addOrderInput struct {
	Keyed
	Body OrderNew
}

type ordersInput struct {
	Role   string   `query:"role" enum:"buyer,seller" doc:"Only where you are on this side" example:"buyer"`
	States []string `query:"state,explode" nullable:"false" maxItems:"8" enum:"draft,awaiting_payment,cancelled,expired,paid,fulfilled,disputed,refunded" doc:"Only in this state; repeat the key for several" example:"awaiting_payment"`
	Offer  string   `query:"offer_id" maxLength:"60" doc:"Only by this offer" example:"0199b6a0-0000-7000-8000-000000000008"`
	Paging
}

// Paging asks for a page of a list.
type Paging struct {
	Page  int `query:"page" minimum:"1" maximum:"10000" default:"1" doc:"Page, from 1" example:"1"`
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"Things on a page" example:"25"`
}

// OrderRef names an order by its address.
type OrderRef struct {
	ID string `path:"id" doc:"Of the order" example:"0199b6a0-0000-7000-8000-000000000009"`
}

type ordersOutput struct{ Body Orders }

type orderOutput struct{ Body Order }

const ordersPath = "/orders"

func (a *API) addOrders() {
	one := ordersPath + "/{id}"
	missing := []int{http.StatusNotFound}
	add(a, operation{id: "order-licence", method: http.MethodPost, path: ordersPath, tag: tagOrders, own: true, summary: "Order a licence",
		text: "Everything is frozen as it is now. The same while such an order of yours waits is that order (201 with its id); a free licence is there at once. " +
			"You pay a person directly: the board does not see, hold, guarantee or return money.",
		statuses: []int{http.StatusNotFound, http.StatusConflict}, answer: OrderState{}}, a.order)
	add(a, operation{id: "orders", method: http.MethodGet, path: ordersPath, tag: tagOrders, own: true, summary: "List your orders on both sides"}, a.orders)
	add(a, operation{id: "order", method: http.MethodGet, path: one, tag: tagOrders, own: true, summary: "Read an order", statuses: missing}, a.readOrder)
	add(a, operation{id: "arbitrations", method: http.MethodGet, path: "/arbitrations", tag: tagOrders, own: true,
		summary: "List the orders in which a moderator has to decide", statuses: []int{http.StatusForbidden}}, a.arbitrations)
	a.addOrderActs(one)
}

func (a *API) order(ctx context.Context, r *request, in *addOrderInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Licences.Buy(ctx, r.actor, purchase(in.Body))
		if err != nil {
			return "", nil, renamed(renamed(err, "terms", "terms_sha256"), "name", "name_commitment")
		}
		out, err := a.ordersOf(ctx, r, []payment.Order{row})
		if err != nil {
			return "", nil, err
		}
		return prefix + ordersPath + "/" + row.ID, out[0].OrderState, nil
	})
}

// purchase is the body as the feature knows it: without a digest of terms it
// accepts those that the offer names now.
func purchase(b OrderNew) licence.Purchase {
	want := licence.Purchase{OfferID: b.OfferID, Days: b.Days, Currency: b.Currency, Method: payment.Method(b.Method), Country: b.Country,
		AcceptedTerms: b.TermsSHA256, AsNamed: b.TermsSHA256 == "", NameCommitment: b.NameCommitment}
	if want.Method == "" {
		want.Method = payment.Direct
	}
	if b.Renews != nil {
		want.Renews = *b.Renews
	}
	return want
}

func (a *API) orders(ctx context.Context, r *request, in *ordersInput) (*ordersOutput, error) {
	found, err := a.Payments.Orders(ctx, r.actor, payment.Filter{Side: payment.Side(in.Role), States: typed[payment.State](in.States), Subject: in.Offer,
		Page: in.Page, Limit: in.Limit})
	return a.orderPage(ctx, r, found, err)
}

func (a *API) arbitrations(ctx context.Context, r *request, in *Paging) (*ordersOutput, error) {
	found, err := a.Payments.Arbitrations(ctx, r.actor, payment.Filter{Page: in.Page, Limit: in.Limit})
	return a.orderPage(ctx, r, found, err)
}

func (a *API) orderPage(ctx context.Context, r *request, found payment.List, err error) (*ordersOutput, error) {
	if err != nil {
		return nil, err
	}
	items, err := a.ordersOf(ctx, r, found.Items)
	return &ordersOutput{Body: Orders{Items: items, Total: found.Total, Page: found.Page, Pages: found.Pages}}, err
}

func (a *API) readOrder(ctx context.Context, r *request, in *OrderRef) (*orderOutput, error) {
	row, err := a.Payments.Order(ctx, r.actor, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.ordersOf(ctx, r, []payment.Order{row})
	if err != nil {
		return nil, err
	}
	return &orderOutput{Body: out[0]}, nil
}

// ordersOf are orders as this API tells of them, each with the licence that
// came of it.
func (a *API) ordersOf(ctx context.Context, r *request, rows []payment.Order) ([]Order, error) {
	ids := make([]string, 0, len(rows))
	for i := range rows {
		if rows[i].Kind == licence.Goods && rows[i].Fulfilled {
			ids = append(ids, rows[i].ID)
		}
	}
	licences, err := a.Licences.OfOrders(ctx, r.actor, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Order, len(rows))
	for i := range rows {
		out[i] = a.orderOf(&rows[i])
		if id, ok := licences[rows[i].ID]; ok {
			out[i].LicenceID = &id
		}
	}
	return out, nil
}

func (a *API) orderOf(o *payment.Order) Order {
	return Order{OrderState: OrderState{ID: o.ID, URL: a.URL + payment.Path(o.ID), Code: o.Code, State: string(o.State), Settlement: string(o.Settlement),
		Turn: string(o.Turn()), Amount: o.Amount, Currency: o.Currency, Refunded: o.Refunded},
		Role: string(o.Viewer), Buyer: o.BuyerHandle, Seller: o.SellerHandle, Title: o.Title, OfferID: o.Subject, Method: string(o.Method), Payee: o.Payee,
		Country: o.Country, Link: o.Link, HasDetails: o.HasDetails, Question: string(o.Question), RefundSent: o.RefundSent, Returnable: o.Returnable(),
		Extra: o.Extra, ExtraReturned: o.ExtraReturned, Acts: a.actsOf(o), CreatedAt: o.CreatedAt.UTC(), DeadlineAt: instant(o.DeadlineAt),
		ArbiterFrom: instant(o.ArbiterFrom()), ClaimedAt: instant(o.ClaimedAt), PaidAt: instant(o.PaidAt), FulfilledAt: instant(o.FulfilledAt),
		ClosedAt: instant(o.ClosedAt)}
}

// openOrders are the ids of the actor's orders in which something stands
// between two people: what keeps an account from being erased.
func (a *API) openOrders(ctx context.Context, r *request) ([]string, error) {
	out := []string{}
	for page := 1; ; page++ {
		found, err := a.Payments.Orders(ctx, r.actor, payment.Filter{Page: page, Limit: payment.MaxPage})
		if err != nil {
			return nil, err
		}
		for i := range found.Items {
			if found.Items[i].Open() {
				out = append(out, found.Items[i].ID)
			}
		}
		if page >= found.Pages {
			return out, nil
		}
	}
}

// stands tells that an erasure was refused for orders that are open.
func stands(err error) bool {
	all := fault.All(err)
	return len(all) > 0 && all[0].Code == "open_orders"
}
