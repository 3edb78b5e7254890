package web_test

import (
	"github.com/a-h/templ"

	"github.com/tmoeg/oduvan/web"
)

// orderSamples are the pages of buyers and of orders.
func orderSamples() []pageSample {
	out := []pageSample{
		{"buy", plainFrame, func(f web.Frame) templ.Component { return web.Buy(f, sampleBuy(f)) }},
		{"buy-free", ownFrame, func(f web.Frame) templ.Component {
			p := sampleBuy(f)
			p.Chosen.Free, p.Chosen.Total, p.Chosen.Stranger = true, f.T("buy.free"), false
			return web.Buy(f, p)
		}},
		{"buy-renew", ownFrame, func(f web.Frame) templ.Component {
			p := sampleBuy(f)
			p.Renewal = &web.Renewing{ID: "L-7Q2M4K9X3T", URL: "/licences/L-7Q2M4K9X3T", Ends: "20 февраля 2027"}
			p.Troubles = []web.Trouble{{Field: "f-accept", Text: f.Texts.Fault("invalid", "terms_changed", nil)}}
			p.Chosen.Accept.Error = f.Texts.Fault("invalid", "terms_changed", nil)
			return web.Buy(f, p)
		}},
		{"buy-nothing", plainFrame, func(f web.Frame) templ.Component {
			p := sampleBuy(f)
			p.Offers, p.Chosen, p.Why, p.Kept = nil, nil, []string{f.T("work.none_offer")}, true
			p.Answer = &web.NeedAnswer{Title: f.T("buy.a_free"), Text: f.T("buy.a_free_text", "licence", "CC BY-NC 4.0"),
				Rules: []string{f.T("buy.rule_names")}, Examples: []string{f.T("buy.ex_free_1")}}
			return web.Buy(f, p)
		}},
		{"buy-open", plainFrame, func(f web.Frame) templ.Component {
			p := sampleBuy(f)
			p.Base.ForAll, p.Base.Name = true, "CC BY 4.0"
			return web.Buy(f, p)
		}},
		{"orders", ownFrame, func(f web.Frame) templ.Component { return web.Orders(f, sampleOrders(f)) }},
		{"orders-none", ownFrame, func(f web.Frame) templ.Component {
			p := sampleOrders(f)
			p.Rows = nil
			return web.Orders(f, p)
		}},
		{"order-buyer", ownFrame, func(f web.Frame) templ.Component { return web.Order(f, sampleBought(f)) }},
		{"order-seller", ownFrame, func(f web.Frame) templ.Component { return web.Order(f, sampleSold(f)) }},
		{"order-done", ownFrame, func(f web.Frame) templ.Component {
			p := sampleBought(f)
			p.State, p.Word, p.Pay, p.Claim, p.Cancel, p.Silence = "fulfilled", f.T("order.is_fulfilled"), nil, nil, nil, ""
			p.Turn = web.OrderTurn{Tone: "done", Title: f.T("order.turn_nobody"), Text: f.T("order.say_fulfilled_buyer")}
			p.Licence = web.Link{Label: f.T("order.to_licence"), URL: "/licences/L-7Q2M4K9X3T"}
			p.Ruling = &web.RulingView{Date: "12 ноября 2026", About: f.T("order.about_payment"), Result: f.T("order.ruled_payment_yes"), Reason: "Даты, сумма и номер сошлись."}
			return web.Order(f, p)
		}},
		{"admin-orders", ownFrame, func(f web.Frame) templ.Component {
			return web.AdminOrders(f, web.AdminOrdersPage{Tabs: []web.TabLink{{Label: "A", URL: "/admin"}, {Label: "B", URL: "/admin/orders", Current: true}}, Rows: sampleOrders(f).Rows})
		}},
		{"admin-orders-none", ownFrame, func(f web.Frame) templ.Component { return web.AdminOrders(f, web.AdminOrdersPage{}) }},
		{"admin-order", ownFrame, func(f web.Frame) templ.Component { return web.AdminOrder(f, sampleArbitration(f)) }},
		{"decisions", plainFrame, func(f web.Frame) templ.Component {
			return web.Decisions(f, web.DecisionsPage{List: []web.RulingView{*sampleArbitration(f).Preview}, NextURL: "/transparency/decisions?page=2", Where: "1/2"})
		}},
		{"decisions-none", plainFrame, func(f web.Frame) templ.Component { return web.Decisions(f, web.DecisionsPage{}) }},
	}
	return out
}

func sampleBuy(f web.Frame) web.BuyPage {
	ask := func(name string) web.Question {
		return web.Question{Field: web.Field{Name: name, Label: f.T("buy.q_" + name), Hint: f.T("buy.q_" + name + "_hint")},
			Choices: []web.Choice{{Value: "yes", Label: f.T("buy.yes"), Selected: true}, {Value: "no", Label: f.T("buy.no")}}}
	}
	spans := func(chosen bool) []web.BuySpan {
		return []web.BuySpan{{URL: "/works/x/licence?offer=1&days=30", Days: "30 дней", Price: "600 ₽"},
			{URL: "/works/x/licence?offer=1&days=90", Days: "90 дней", Price: "1 500 ₽", Approx: "≈ 8 400 ₸", Chosen: chosen},
			{URL: "/works/x/licence?offer=1&days=365", Days: "365 дней", Price: "4 800 ₽"}}
	}
	ways := []web.PayWay{{Country: "Россия", Method: f.Texts.Method("direct"), Currency: "₽"}, {Country: "Казахстан", Method: f.Texts.Method("link"), Currency: "₽"}}
	return web.BuyPage{Title: "120 задач по Python с автопроверкой", WorkURL: "/works/x", URL: "/works/x/licence", Base: web.BaseLicence{Name: "CC BY-NC 4.0"},
		Questions: []web.Question{ask("paid"), ask("public"), ask("changed")},
		Answer: &web.NeedAnswer{Need: true, Title: f.T("buy.a_need"), Text: f.T("buy.a_need_text", "licence", "CC BY-NC 4.0"),
			Rules:    []string{f.T("buy.rule_names"), f.T("buy.rule_copies"), f.T("buy.rule_derive")},
			Examples: []string{f.T("buy.ex_paid_1"), f.T("buy.ex_paid_2"), f.T("buy.ex_paid_3")}},
		Filter: web.PayFilter{Set: true, ClearURL: "/works/x/licence", Countries: []web.Choice{{Value: "RU", Label: "Россия", Selected: true}},
			Methods: []web.Choice{{Label: f.T("buy.any")}}, Currencies: []web.Choice{{Label: f.T("buy.any")}}, Note: f.T("buy.filtered", "fit", 1, "all", 2)},
		Offers: []web.BuyOffer{
			{ID: "1", Channel: f.Texts.Channel("teaching"), Uses: []string{f.Texts.Use("reproduce"), f.Texts.Use("distribute"), f.Texts.Use("derive")},
				Where: f.Texts.Country("WW"), Crowd: f.N("work.learners", 30), Ways: ways, Spans: spans(true)},
			{ID: "2", Channel: f.Texts.Channel("publishing"), Uses: []string{f.Texts.Use("present")}, Where: "Россия, Казахстан, Беларусь", Crowd: f.T("work.no_learners"),
				Unfit: f.T("buy.unfit_use", "use", f.Texts.Use("derive")), Ways: ways, Spans: spans(false)}},
		Chosen: &web.Checkout{Action: "/works/x/licence", Total: "1 500 ₽", Approx: "≈ 8 400 ₸", From: "22 ноября 2026", Until: "20 февраля 2027",
			Rows: []web.FactRow{{Label: f.T("buy.version"), Text: "2.1"}, {Label: f.T("buy.uses"), Text: "копировать, раздавать, менять"},
				{Label: f.T("buy.learners"), Text: "до 30 учеников"}, {Label: f.T("buy.refund_rule"), Text: f.N("buy.refund", 14)}},
			After: []string{f.T("buy.after_published"), f.T("buy.after_base", "licence", "CC BY-NC 4.0")},
			Terms: web.Link{Label: f.T("buy.terms_link", "version", "CL-1.0"), URL: "/terms/CL-1.0"}, TermsSum: "9c41aa3e5f0b7d2c9c41aa3e5f0b7d2c9c41aa3e5f0b7d2c9c41aa3e5f0be07b", Payee: "Сова и граф",
			Hidden: []web.Pair{{"offer", "1"}, {"days", "90"}}, Ways: web.Field{Name: "way", Label: f.T("buy.way")},
			WayList: []web.Choice{{Value: "RU/direct", Label: f.T("buy.way_line", "country", "Россия", "method", f.Texts.Method("direct")), Selected: true},
				{Value: "KZ/link", Label: f.T("buy.way_line", "country", "Казахстан", "method", f.Texts.Method("link"))}},
			Accept: web.Field{Name: "accept", Label: f.T("buy.accept", "version", "CL-1.0"), Required: true}, Stranger: true,
			Name: web.Field{Name: "name", Label: f.T("buy.name"), Hint: f.T("buy.name_hint")}}}
}

func sampleOrders(f web.Frame) web.OrdersPage {
	return web.OrdersPage{Tabs: []web.TabLink{{Label: f.T("orders.tab_all"), URL: "/orders", Current: true}, {Label: f.T("orders.tab_buyer"), URL: "/orders?side=buyer"}},
		States: []web.Choice{{Label: f.T("orders.state_all"), Selected: true}}, NextURL: "/orders?page=2", Where: "1/2",
		Empty: web.Empty{Title: f.T("orders.none"), Text: f.T("orders.none_text"), Action: web.Link{Label: f.T("orders.find"), URL: "/search?kind=work"}},
		Rows: []web.OrderRow{
			{URL: "/orders/1", Title: "120 задач по Python с автопроверкой", Side: f.T("orders.side_buyer"), Code: "7Q2M4K9XA", When: "22 ноября", Price: "1 500 ₽",
				State: "awaiting_payment", Word: f.T("order.is_awaiting_payment"), Turn: f.T("order.turn_you"), Mine: true},
			{URL: "/orders/2", Title: "Рисуем космос: двадцать уроков Blender для тех, кто боится вершин и рёбер", Side: f.T("orders.side_seller"), Code: "0Q2M4K9XB", When: "3 ноября",
				Price: "12 000 ₸", State: "fulfilled", Word: f.T("order.is_fulfilled"), Turn: f.T("order.turn_nobody")},
			{URL: "/orders/3", Title: "Конспекты", Side: f.T("orders.side_buyer"), Code: "ZQ2M4K9XC", When: "1 ноября", Price: "600 ₽", State: "arbitration",
				Word: f.T("order.is_arbitration"), Turn: f.T("order.turn_moderator")}}}
}

func sampleBought(f web.Frame) web.OrderPage {
	return web.OrderPage{URL: "/orders/1", Title: "120 задач по Python с автопроверкой", Code: "7Q2M4K9XA", State: "awaiting_payment", Word: f.T("order.is_awaiting_payment"),
		Side: f.T("order.with_buyer"), Other: "sova-i-graf", OtherURL: "/creators/sova-i-graf", When: "22 ноября, 14:05", Price: "1 500 ₽",
		Turn:    web.OrderTurn{Tone: "you", Title: f.T("order.turn_you"), Text: f.T("order.say_pay_buyer", "price", "1 500 ₽"), Until: f.T("order.until", "date", "29 ноября, 14:05")},
		Silence: f.T("order.quiet_pay", "date", "29 ноября"),
		Steps: []web.OrderStep{{State: "done", Label: f.T("order.step_ordered"), When: "22 ноября, 14:05"}, {State: "done", Label: f.T("order.step_details")},
			{State: "now", Label: f.T("order.step_sent_todo")}, {State: "later", Label: f.T("order.step_paid_todo")}, {State: "later", Label: f.T("order.step_issued_todo")}},
		Agreed: []web.FactRow{{Label: f.T("order.f_price"), Text: "1 500 ₽"}, {Label: f.T("order.f_fee"), Text: f.T("order.fee_none")}, {Label: f.T("order.f_code"), Text: "7Q2M4K9XA", Code: true}},
		Terms:  web.Link{Label: f.T("order.to_terms", "version", "CL-1.0"), URL: "/terms/CL-1.0"},
		Pay: &web.PayBox{Price: "1 500 ₽", Code: "7Q2M4K9XA", Link: "https://boosty.to/sova", Host: "boosty.to", Text: "Перевод по СБП\nна +7 900 000-00-00", IBAN: "KZ86 125K ZT50 0410 0100",
			Bank: []web.FactRow{{Label: f.T("order.bank_name_of"), Text: "Иванова А. А."}, {Label: f.T("order.bank_account"), Text: "40817810099910004312", Code: true}},
			QR:   `<svg viewBox="0 0 41 41" role="img" aria-label="QR" shape-rendering="crispEdges"><path fill="#14303f" d="M4 4h7v1h-7zM4 10h7v1h-7zM20 20h9v9h-9z"/></svg>`, QRNote: f.T("order.qr_note")},
		Claim:  &web.ActForm{ID: "claim", Action: "/orders/1/claim", Title: f.T("order.claim"), Text: f.T("order.claim_text", "price", "1 500 ₽"), Button: f.T("order.claim_do"), Main: true},
		Cancel: &web.ActForm{ID: "cancel", Action: "/orders/1/cancel", Title: f.T("order.cancel"), Text: f.T("order.cancel_buyer"), Button: f.T("order.cancel_do"), Danger: true}}
}

func sampleSold(f web.Frame) web.OrderPage {
	field := func(name, label string) web.Field { return web.Field{Name: name, Label: f.T(label)} }
	amount := web.Field{Name: "amount", ID: "f-confirm-amount", Label: f.T("order.amount_came", "sign", "₽"), Value: "150", Error: f.Texts.Fault("invalid", "amount_mismatch", nil), Required: true}
	return web.OrderPage{URL: "/orders/1", Title: "120 задач по Python с автопроверкой", Code: "7Q2M4K9XA", State: "awaiting_payment", Word: f.T("order.is_awaiting_payment"),
		Side: f.T("order.with_seller"), Other: f.T("order.gone"), When: "22 ноября, 14:05", Price: "1 500 ₽", Seller: true, Moved: true, Kept: true,
		Turn:   web.OrderTurn{Tone: "you", Title: f.T("order.turn_you"), Text: f.T("order.say_claimed_seller", "price", "1 500 ₽")},
		Steps:  []web.OrderStep{{State: "done", Label: f.T("order.step_ordered")}, {State: "stop", Label: f.T("order.step_denied")}},
		Denial: "Переводов с этим кодом нет.", Own: "Жду третий день.", ArbFrom: "29 ноября",
		Details: &web.DetailsForm{Action: "/orders/1/details", Saved: true, Open: true, Refused: true, Text: web.Field{Name: "text", Label: f.T("order.d_text"), Max: 1000},
			IBAN: field("iban", "order.d_iban"), Bank: []web.Field{field("name", "order.d_name"), field("account", "order.d_account")}},
		Confirm: &web.ActForm{ID: "confirm", Action: "/orders/1/confirm", Title: f.T("order.confirm"), Text: f.T("order.confirm_text", "price", "1 500 ₽"),
			Button: f.T("order.confirm_do"), Inputs: []web.Field{amount}, Main: true},
		Deny: &web.ActForm{ID: "deny", Action: "/orders/1/deny", Title: f.T("order.deny"), Text: f.T("order.deny_text"), Button: f.T("order.deny_do"),
			Area: &web.Field{Name: "reason", ID: "f-deny-reason", Label: f.T("order.deny_reason"), Max: 500, Rows: 3}},
		Arbiter: &web.ActForm{ID: "ask", Action: "/orders/1/arbitrate", Title: f.T("order.ask"), Text: f.T("order.ask_text"), Button: f.T("order.ask_do"), Open: true,
			Area: &web.Field{Name: "statement", Label: f.T("order.statement"), Max: 2000}}}
}

func sampleArbitration(f web.Frame) web.AdminOrderPage {
	return web.AdminOrderPage{Action: "/admin/orders/1", Title: "120 задач по Python", Code: "7Q2M4K9XA", Question: f.T("order.about_payment"),
		Facts: []web.FactRow{{Label: f.T("order.f_price"), Text: "1 500 ₽"}}, Steps: sampleBought(f).Steps, Denial: "Нет такого перевода.",
		Buyer: "Отправлено 3 ноября, 1 500 ₽, номер 4415.", Verdict: web.Field{Name: "verdict", Label: f.T("arbiter.verdict"), Error: "?"},
		Verdicts: []web.Choice{{Value: "yes", Label: f.T("arbiter.verdict_payment_yes"), Hint: f.T("arbiter.verdict_payment_yes_hint")}},
		Reason:   web.Field{Name: "reason", Label: f.T("arbiter.reason"), Hint: f.T("arbiter.reason_hint"), Max: 2000},
		Preview:  &web.RulingView{Date: "22 ноября 2026", About: f.T("order.about_payment"), Result: f.T("order.ruled_payment_yes"), Reason: "Покупатель назвал дату, сумму и номер, и они сошлись."}}
}
