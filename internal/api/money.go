package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
)

// Few is a count, or "<5" where it would be about people.
type Few licence.Count

// MarshalJSON writes a number, or "<5" as a text.
func (f Few) MarshalJSON() ([]byte, error) { return licence.Count(f).MarshalJSON() }

// Schema describes both.
func (Few) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: `How many; "<5" where it would be about people`, Examples: []any{12},
		OneOf: []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Enum: []any{"<5"}}}}
}

// Transparency is what the board tells everybody of money.
type Transparency struct {
	At                         time.Time      `json:"at" doc:"As of when" example:"2026-11-22T09:00:00Z"`
	FundBalanceFromMarketplace int64          `json:"fund_balance_from_marketplace" doc:"What the journal has of the central fund: 0, or the wall between the two is broken" example:"0"`
	PlatformFeePercent         int            `json:"platform_fee_percent" doc:"There is none" example:"0"`
	Orders                     []OrderFigures `json:"orders" nullable:"false" doc:"Paid ones by currency and method"`
	Journal                    JournalFigures `json:"journal" doc:"The last entry of the journal"`
	JournalHead                string         `json:"journal_head" doc:"Its checksum; empty: there is none" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	LastAudit                  *AuditFigures  `json:"last_audit" doc:"null before the first"`
	StripeCalls                []string       `json:"stripe_calls" nullable:"false" doc:"Calls that the program may make at Stripe; none: it is off" example:"POST /v1/checkout/sessions"`
	DatabaseRole               bool           `json:"database_role" doc:"Orders are written under a role of the database that cannot touch the fund" example:"true"`
	Licences                   LicenceFigures `json:"licences" doc:"Of the licences of this branch"`
	Proceeds                   []Proceeds     `json:"community_proceeds" nullable:"false" doc:"What was paid to the holders of community works; no part of the fund"`
	Fund                       FundHead       `json:"fund" doc:"The last entry of the fund's books"`
	FundBalances               []FundBalance  `json:"fund_balances" nullable:"false" doc:"What the fund has"`
	Licence                    string         `json:"licence" doc:"Of these figures (SPDX)" example:"CC-BY-4.0"`
	LicenceURL                 string         `json:"licence_url" doc:"Its text" example:"https://creativecommons.org/licenses/by/4.0/"`
}

// OrderFigures are the orders that were paid in one currency by one method.
type OrderFigures struct {
	Currency string `json:"currency" doc:"ISO 4217" example:"RUB"`
	Method   string `json:"method" doc:"direct, link, stripe, free" example:"direct"`
	Count    Few    `json:"count"`
	Paid     int64  `json:"paid" doc:"Minor units; 0 where the count is hidden" example:"1200000"`
	Refunded int64  `json:"refunded" doc:"Minor units; 0 where nobody got money back or the count is hidden; -1 where it is not told: 1 to 4 orders got money back" example:"120000"`
}

// JournalFigures are the last entry of the journal.
type JournalFigures struct {
	Entries int64  `json:"entries" doc:"How many there are" example:"12"`
	Head    string `json:"head" doc:"Checksum of the last in hex; empty: there is none" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

// AuditFigures are what the last audit found.
type AuditFigures struct {
	At       time.Time `json:"at" doc:"When" example:"2026-11-22T03:00:00Z"`
	OK       bool      `json:"ok" doc:"Nothing is broken" example:"true"`
	Checked  int       `json:"checked" doc:"How many invariants were asked" example:"30"`
	Findings int       `json:"findings" doc:"How many are broken" example:"0"`
	Names    string    `json:"names" doc:"Of the broken ones, with spaces between" example:""`
}

// LicenceFigures count the licences of this branch.
type LicenceFigures struct {
	Day      time.Time `json:"day" doc:"As of which" example:"2026-11-22T00:00:00Z"`
	Issued   Few       `json:"issued"`
	Current  []Figure  `json:"current" nullable:"false" doc:"By what they are worth"`
	Licences []Figure  `json:"licences" nullable:"false" doc:"By base licence"`
	Channels []Figure  `json:"channels" nullable:"false" doc:"By purpose"`
	Terms    []Figure  `json:"terms" nullable:"false" doc:"By length in days"`
	Months   []Figure  `json:"months" nullable:"false" doc:"By month of payment"`
	Paid     []Figure  `json:"paid" nullable:"false" doc:"Paid and free ones"`
	Renewals Few       `json:"renewals"`
	Grounds  []Figure  `json:"grounds" nullable:"false" doc:"Of revoked ones"`
}

// Figure is one row of a breakdown.
type Figure struct {
	Name  string `json:"name" doc:"Of the row" example:"valid"`
	Count Few    `json:"count"`
}

// Proceeds are what was paid to holders of community works in one currency.
type Proceeds struct {
	Currency string `json:"currency" doc:"ISO 4217" example:"RUB"`
	Orders   Few    `json:"orders"`
	Paid     int64  `json:"paid" doc:"Minor units; 0 where the count is hidden" example:"0"`
	Refunded int64  `json:"refunded" doc:"Minor units; 0 where nobody got money back or the count is hidden; -1 where it is not told: 1 to 4 orders got money back, or it would tell of so few others" example:"0"`
}

// FundHead is the last entry of the fund's books: who keeps it can tell whether
// what was before has been changed.
type FundHead struct {
	Seq  int64  `json:"seq" doc:"Its number; 0: there is none" example:"12"`
	Hash string `json:"hash" doc:"Its checksum in hex" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

// FundBalance is what the fund has in one currency.
type FundBalance struct {
	Currency string `json:"currency" doc:"ISO 4217" example:"RUB"`
	Income   int64  `json:"income" doc:"Minor units, without what was reversed" example:"500000"`
	Expenses int64  `json:"expenses" doc:"Minor units, without what was reversed" example:"120000"`
	Balance  int64  `json:"balance" doc:"Minor units" example:"380000"`
}

// Fund is the central fund's books: gifts, goals and expenses. Nothing of the
// market is in it.
type Fund struct {
	Licence      string            `json:"licence" doc:"Of these data (SPDX)" example:"CC-BY-4.0"`
	LicenceURL   string            `json:"licence_url" doc:"Its text" example:"https://creativecommons.org/licenses/by/4.0/"`
	Head         FundHead          `json:"head" doc:"The last entry"`
	Balances     []FundBalance     `json:"balances" nullable:"false" doc:"What it has, by currency"`
	Goals        []FundGoal        `json:"goals" nullable:"false" doc:"Open ones first, then the newest"`
	Destinations []FundDestination `json:"destinations" nullable:"false" doc:"Where it takes gifts, or took them"`
	Entries      []FundEntry       `json:"entries" nullable:"false" doc:"The newest first; before leads to older ones"`
}

// FundGoal is something that money is collected for.
type FundGoal struct {
	ID       string `json:"id" doc:"A short word" example:"server"`
	Title    string `json:"title" doc:"What for" example:"A server for a year"`
	About    string `json:"about" doc:"In more words" example:"One machine with two disks."`
	Amount   int64  `json:"amount" doc:"What is needed, minor units" example:"1000000"`
	Raised   int64  `json:"raised" doc:"What is there, minor units" example:"380000"`
	Gifts    int    `json:"gifts" doc:"By so many gifts" example:"17"`
	Currency string `json:"currency" doc:"ISO 4217" example:"RUB"`
	State    string `json:"state" enum:"open,closed" doc:"Whether it is still collected for" example:"open"`
	OpenedOn string `json:"opened_on" doc:"Day" example:"2026-11-01"`
	EndsOn   string `json:"ends_on" doc:"Day; empty: none" example:"2027-01-01"`
	ClosedOn string `json:"closed_on" doc:"Day; empty: not" example:""`
}

// FundDestination is one place where the fund takes gifts, or took them.
type FundDestination struct {
	ID          string `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-00000000000a"`
	Kind        string `json:"kind" enum:"number,name,link" doc:"How it is written" example:"link"`
	Text        string `json:"text" doc:"The place; nobody else can be paid there by an order" example:"https://fund.example/give"`
	Label       string `json:"label" doc:"What it is" example:"Gifts page"`
	State       string `json:"state" enum:"published,withdrawn,mistaken" doc:"mistaken: it never was the fund's" example:"published"`
	PublishedOn string `json:"published_on" doc:"Day" example:"2026-11-01"`
	EndedOn     string `json:"ended_on" doc:"Day; empty: it stands" example:""`
}

// FundEntry is one line of the books; it never changes.
type FundEntry struct {
	Seq          int64  `json:"seq" doc:"Its number" example:"12"`
	Day          string `json:"day" doc:"Of the payment" example:"2026-11-20"`
	Kind         string `json:"kind" enum:"donation,crowdfunding,subsidy,expense" doc:"What it is; givers of donations are not named" example:"donation"`
	Amount       int64  `json:"amount" doc:"Minor units; what left the fund is negative" example:"50000"`
	Currency     string `json:"currency" doc:"ISO 4217" example:"RUB"`
	Channel      string `json:"channel" doc:"How it came or went" example:"bank"`
	Goal         string `json:"goal" doc:"Of crowdfunding" example:"server"`
	Giver        string `json:"giver" doc:"Of a subsidy: the organisation" example:""`
	Category     string `json:"category" doc:"Of an expense" example:""`
	Purpose      string `json:"purpose" doc:"Of an expense" example:""`
	GiverIsPayee bool   `json:"giver_is_payee" doc:"The giver also sells on the board" example:"false"`
	Reverses     int64  `json:"reverses" doc:"The entry that was a mistake; 0: none" example:"0"`
	ReversedBy   int64  `json:"reversed_by" doc:"The entry that undid this one; 0: none" example:"0"`
	Reason       string `json:"reason" doc:"Why the reversed entry was a mistake" example:""`
	RecordedOn   string `json:"recorded_on" doc:"Day" example:"2026-11-20"`
	PrevHash     string `json:"prev_hash" doc:"Checksum of the entry before" example:"0000000000000000000000000000000000000000000000000000000000000000"`
	Hash         string `json:"hash" doc:"Checksum of this one" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

type fundInput struct {
	Kinds    []string `query:"kind,explode" nullable:"false" maxItems:"4" enum:"donation,crowdfunding,subsidy,expense" doc:"Only entries of this kind; repeat the key for several" example:"expense"`
	Currency string   `query:"currency" pattern:"^[A-Z]{3}$" doc:"Only entries in this currency" example:"RUB"`
	Goal     string   `query:"goal" maxLength:"60" doc:"Only gifts for this goal" example:"server"`
	Before   int64    `query:"before" minimum:"0" maximum:"9007199254740991" doc:"Only entries before this number; 0 or absent: the newest" example:"13"`
	Limit    int      `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"Entries at most" example:"25"`
}

type transparencyOutput struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

type fundOutput struct{ Body Fund }

func (a *API) addMoney() {
	const figures = "/transparency"
	add(a, operation{id: "transparency", method: http.MethodGet, path: figures, tag: tagMoney, summary: "Read what the board tells everybody of money",
		text: "Counts under 5 are told as \"<5\"."}, a.figures)
	a.huma.OpenAPI().Paths[figures].Get.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: a.schema(Transparency{})}}
	last := a.huma.OpenAPI().Components.Schemas.Map()["Transparency"].Properties["last_audit"]
	*last = huma.Schema{Description: "What the last audit found; null before the first", Examples: []any{map[string]any{"at": "2026-11-22T03:00:00Z", "ok": true}},
		OneOf: []*huma.Schema{{Ref: last.Ref}, {Type: "null"}}} // huma cannot say "or null" of a reference
	add(a, operation{id: "fund", method: http.MethodGet, path: "/fund", tag: tagMoney, summary: "Read the books of the central fund"}, a.fund)
}

// figures answers with the very figures of /transparency.json; Transparency
// describes them, and a test holds the two together.
func (a *API) figures(ctx context.Context, _ *request, _ *struct{}) (*transparencyOutput, error) {
	found, err := a.Transparency.Figures(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(found)
	return &transparencyOutput{ContentType: "application/json", Body: append(body, '\n')}, err
}

func (a *API) fund(ctx context.Context, _ *request, in *fundInput) (*fundOutput, error) {
	out := Fund{Licence: fund.Licence, LicenceURL: fund.LicenceURL, Balances: []FundBalance{}, Goals: []FundGoal{}, Destinations: []FundDestination{}, Entries: []FundEntry{}}
	head, err := a.Fund.Head(ctx)
	if err != nil {
		return nil, err
	}
	out.Head = FundHead{Seq: head.Seq, Hash: head.Hash}
	for _, read := range []func(context.Context, *Fund) error{a.fundMoney, a.fundPlaces} {
		if err := read(ctx, &out); err != nil {
			return nil, err
		}
	}
	entries, err := a.Fund.Entries(ctx, fund.Filter{Kinds: typed[fund.Kind](in.Kinds), Currency: in.Currency, Goal: in.Goal, Before: in.Before, Limit: in.Limit})
	for i := range entries {
		e := &entries[i]
		out.Entries = append(out.Entries, FundEntry{Seq: e.Seq, Day: day(e.Day), Kind: string(e.Kind), Amount: e.Amount, Currency: e.Currency, Channel: e.Channel,
			Goal: e.GoalID, Giver: e.Giver, Category: e.Category, Purpose: e.Purpose, GiverIsPayee: e.GiverIsPayee, Reverses: e.Reverses,
			ReversedBy: e.ReversedBy, Reason: e.Reason, RecordedOn: day(e.RecordedOn), PrevHash: e.PrevHash, Hash: e.Hash})
	}
	return &fundOutput{Body: out}, err
}

func (a *API) fundMoney(ctx context.Context, out *Fund) error {
	balances, err := a.Fund.Balances(ctx)
	for _, b := range balances {
		out.Balances = append(out.Balances, FundBalance{Currency: b.Currency, Income: b.Income, Expenses: b.Expenses, Balance: b.Balance})
	}
	return err
}

func (a *API) fundPlaces(ctx context.Context, out *Fund) error {
	goals, err := a.Fund.Goals(ctx)
	if err != nil {
		return err
	}
	for _, g := range goals {
		out.Goals = append(out.Goals, FundGoal{ID: g.ID, Title: g.Title, About: g.About, Amount: g.Amount, Raised: g.Raised, Gifts: g.Gifts, Currency: g.Currency,
			State: g.State, OpenedOn: day(g.OpenedOn), EndsOn: day(g.EndsOn), ClosedOn: day(g.ClosedOn)})
	}
	places, err := a.Fund.Destinations(ctx)
	for _, d := range places {
		out.Destinations = append(out.Destinations, FundDestination{ID: d.ID, Kind: string(d.Kind), Text: d.Text, Label: d.Label, State: d.State,
			PublishedOn: day(d.PublishedOn), EndedOn: day(d.EndedOn)})
	}
	return err
}
