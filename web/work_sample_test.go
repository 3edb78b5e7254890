package web_test

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/tmoeg/oduvan/web"
)

func workSamples() []pageSample {
	return []pageSample{
		{"work", workFrame, func(f web.Frame) templ.Component { return web.Work(f, sampleWork(f)) }},
		{"work-none", workFrame, func(f web.Frame) templ.Component { return web.Work(f, sampleStopped(f)) }},
		{"work-open", workFrame, func(f web.Frame) templ.Component { return web.Work(f, sampleOpenWork(f)) }},
		{"work-long", workFrame, func(f web.Frame) templ.Component { return web.Work(f, longWork(f)) }},
		{"work-claim", ownFrame, func(f web.Frame) templ.Component { return web.WorkClaim(f, sampleWorkClaim(f)) }},
		{"consent", ownFrame, func(f web.Frame) templ.Component { return web.Consent(f, sampleConsent(f)) }},
		{"own-works", ownFrame, func(f web.Frame) templ.Component { return web.OwnWorks(f, sampleOwnWorks(f)) }},
		{"own-works-none", ownFrame, func(f web.Frame) templ.Component { return web.OwnWorks(f, web.OwnWorksPage{Full: true}) }},
		{"work-form", ownFrame, func(f web.Frame) templ.Component { return web.WorkEditor(f, sampleWorkForm(f)) }},
		{"workshop", ownFrame, func(f web.Frame) templ.Component { return web.MakeReady(f, sampleWorkshop(f)) }},
		{"workshop-ready", ownFrame, func(f web.Frame) templ.Component { return web.MakeReady(f, readyWorkshop(f)) }},
		{"licence-offer", ownFrame, func(f web.Frame) templ.Component { return web.LicenceOffer(f, sampleLicenceOffer(f)) }},
		{"agreements", plainFrame, func(f web.Frame) templ.Component { return web.Agreements(f, sampleAgreements(f)) }},
		{"agreement", ownFrame, func(f web.Frame) templ.Component { return web.Agreement(f, sampleAgreement(f)) }},
		{"agreements-admin", ownFrame, func(f web.Frame) templ.Component { return web.AdminAgreements(f, sampleAgreementsAdmin(f)) }},
		{"claims", ownFrame, func(f web.Frame) templ.Component { return web.Claims(f, sampleClaims(f)) }},
		{"works-shelf", homeFrame, func(f web.Frame) templ.Component {
			p := sampleHome(f)
			p.Works = web.Shelf{Cards: workCards(), AllURL: "/search?kind=work", Total: 31}
			return web.Home(f, p)
		}},
		{"works-of", profileFrame, func(f web.Frame) templ.Component {
			p := sampleProfile(f)
			p.Works = workCards()
			return web.Profile(f, p)
		}},
	}
}

func workFrame(f web.Frame) web.Frame {
	f = plainFrame(f)
	f.Path, f.Canonical, f.Title = "/works/w1", "https://oduvan.example/ru/works/w1", "120 задач по Python с автопроверкой"
	f.JSONLD = []byte(`{"@type":"CreativeWork","name":"</script><b>"}`)
	return f
}

const digest = "9c41a0b7d2e35f6688c19d04e7a2b5c3f0d1928374655aa1b2c3d4e5f607e07b"

func workCards() []web.Card {
	var out []web.Card
	for i, kind := range []string{"tasks", "course", "slides", "article"} {
		out = append(out, web.Card{Kind: web.KindWork, URL: "/works/w" + kind, Title: "120 задач по Python с автопроверкой", Format: kind,
			By: "Сова и граф", Handle: "sova-i-graf", Portrait: web.Portrait{Seed: uint64(i * 7)}, Licence: "CC BY-NC 4.0",
			Lead: "Задачи от переменных до графов, каждая проверяет себя сама"})
	}
	out[0].Price, out[1].Price = web.Price{Main: "500 ₽", Approx: "≈ 2 900 ₸"}, web.Price{Main: "0 ₽"}
	out[2].Licence, out[2].Meta, out[3].Newcomer = "CC BY 4.0", "можно и для бизнеса", true
	return out
}

func sampleBox(f web.Frame) web.SaleBox {
	return web.SaleBox{HelperURL: "/works/w1/licence", Payee: "Сова и граф",
		Offers: []web.SaleOffer{
			{Channel: f.Texts.Channel("teaching"), Uses: "копировать, раздавать, показывать", Where: "Любая страна · до 30 учеников",
				Price: web.Price{Main: "от 500 ₽"}, Spans: []string{"30 дней — 500 ₽", "90 дней — 1 200 ₽", "365 дней — 4 000 ₽"}, URL: "/works/w1/licence?channel=teaching"},
			{Channel: f.Texts.Channel("publishing"), Uses: "копировать, раздавать и выкладывать", Where: "Россия, Казахстан",
				Price: web.Price{Main: "Бесплатно"}, Spans: []string{"90 дней — бесплатно"}, URL: "/works/w1/licence?channel=publishing"}},
		Ways: []web.PayWay{{f.Texts.Country("RU"), f.Texts.Method("direct"), "RUB"}, {f.Texts.Country("WW"), f.Texts.Method("link"), "USD"}}}
}

func sampleWork(f web.Frame) web.WorkPage {
	return web.WorkPage{Title: "120 задач по Python с автопроверкой", Kind: "tasks", Version: "2.1", Canonical: f.Canonical,
		SummaryHTML: "<p>Задачи от переменных до графов. Каждая <strong>проверяет себя сама</strong>.</p>", URL: "https://sova.example/tasks",
		Host: "sova.example/tasks", Proved: "3 ноября 2026", SHA256: digest, By: web.WorkSeller{Name: "Сова и граф", URL: "/creators/sova", Portrait: web.Portrait{Seed: 5}},
		Base: web.BaseLicence{Name: web.BaseName("CC-BY-NC-4.0"), URL: web.BaseURL("CC-BY-NC-4.0"), Text: f.Texts.BaseText("CC-BY-NC-4.0")},
		Authors: []web.WorkAuthor{{Name: "Сова и граф", URL: "/creators/sova", Part: "задачи", Ground: f.T("ground.own")},
			{Name: "Тихий омут", Part: "картинки", Ground: f.T("ground.consent")}},
		Versions: []web.WorkEdition{{Label: "2.1", Date: "3 ноября 2026", SHA: "9c41…e07b", Full: digest, Now: true}, {Label: "2.0", Date: "1 мая 2026"}},
		Cite:     "«120 задач по Python с автопроверкой», версия 2.1. Авторы: Сова и граф, Тихий омут. CC BY-NC 4.0: oduvan.example/works/w1",
		Box:      sampleBox(f), ClaimURL: "/works/w1/claim"}
}

func sampleStopped(f web.Frame) web.WorkPage {
	p := sampleWork(f)
	p.Proved, p.SHA256, p.Owner, p.Draft, p.EditURL = "", "", true, true, "/me/works/w1"
	p.Stopped = f.T("work.stopped_claim")
	p.Box = web.SaleBox{Why: []string{f.T("work.none_offer"), "Нет согласия автора Тихий омут."}}
	p.Authors[1].Missing, p.Authors[1].Ground = true, f.T("ground.open")
	p.Open = []web.OpenClaim{{Date: "4 ноября 2026", Text: "Главы 3–5 — мои, вот исходник."},
		{Date: "1 ноября 2026", Text: "Картинка моя.", Answer: "Картинка под CC0, автор указан верно."}}
	return p
}

func sampleOpenWork(f web.Frame) web.WorkPage {
	p := sampleWork(f)
	p.Base = web.BaseLicence{Name: web.BaseName("CC0-1.0"), URL: web.BaseURL("CC0-1.0"), Text: f.Texts.BaseText("CC0-1.0"), ForAll: true}
	p.Withdrawn, p.Kind, p.Authors, p.Lang = true, "other", nil, "kk"
	return p
}

func longWork(f web.Frame) web.WorkPage {
	p := sampleWork(f)
	p.Title, p.Host, p.Version, p.Cite = long+long, long+long, long, strings.Repeat(long, 5)
	p.By.Name, p.Authors[1].Name, p.Authors[1].Part = long, long, long+long
	p.Box.Payee, p.Box.Offers[0].Spans = long, []string{long, long}
	p.Versions[0].Label = long
	return p
}

func sampleWorkClaim(f web.Frame) web.WorkClaimPage {
	return web.WorkClaimPage{Title: "120 задач", URL: "/works/w1", Action: "/works/w1/claim", Troubles: []web.Trouble{{Field: "f-text", Text: "Напиши, что случилось"}},
		Text:     web.Field{Name: "text", Label: f.T("claim_rights.text"), Hint: f.T("claim_rights.text_hint"), Error: "Напиши, что случилось", Max: 2000, Required: true},
		Evidence: web.Field{Name: "evidence", Label: f.T("claim_rights.evidence"), Type: "url", Hint: f.T("claim_rights.evidence_hint")}}
}

func sampleConsent(f web.Frame) web.ConsentPage {
	sure := func(id string) web.Field {
		return web.Field{Name: "sure", ID: "f-sure-" + id, Label: f.T("consent.confirm"), Required: true}
	}
	return web.ConsentPage{Title: "120 задач", WorkURL: "/works/w1", Action: "/works/w1/consent", Asker: "Сова и граф", List: []web.ConsentAsked{
		{ID: "1", Part: "картинки", Version: "2.1", State: "asked", StateTxt: f.T("consent.state_asked"), Payee: "Сова и граф", Uses: f.T("consent.uses_text"),
			CanGive: true, Confirm: sure("1")},
		{ID: "2", Part: "озвучка", Version: "2.0", State: "given", StateTxt: f.T("consent.state_given"), Since: "3 мая", Payee: "Сова и граф",
			Uses: f.T("consent.uses_text"), CanEnd: true, Confirm: sure("2")}}}
}

func sampleOwnWorks(f web.Frame) web.OwnWorksPage {
	p := web.OwnWorksPage{Asked: []web.AskedWork{{Title: "Граф с нуля", URL: "/works/w2/consent", State: "asked", StateWord: f.T("consent.state_asked"), Turn: true},
		{Title: long, URL: "/works/w3/consent", State: "given", StateWord: f.T("consent.state_given")}}}
	for _, state := range []string{"draft", "published", "suspended", "withdrawn"} {
		p.List = append(p.List, web.OwnWork{Title: "120 задач по Python", URL: "/me/works/" + state, LookURL: "/works/" + state, State: state,
			StateWord: f.T("mywork.state_" + state), Meta: "Задачник · 2.1 · CC BY-NC 4.0", Offers: f.N("mywork.open_offers", 2), Next: f.T("mywork.step_grounds")})
	}
	return p
}

func sampleWorkForm(f web.Frame) web.WorkForm {
	choice := func(v, label, hint string) web.Choice { return web.Choice{Value: v, Label: label, Hint: hint} }
	return web.WorkForm{Action: "/me/works/new", Back: "/me/works", BackText: f.T("mywork.list"),
		Troubles: []web.Trouble{{Field: "f-title", Text: "Назови её"}},
		Name:     web.Field{Name: "title", Label: f.T("mywork.title"), Error: "Назови её", Required: true, Max: 120},
		Kinds:    []web.Choice{choice("course", f.Texts.WorkKind("course"), ""), choice("other", f.Texts.WorkKind("other"), "")},
		Summary:  web.Field{Name: "summary", Label: f.T("mywork.summary"), Hint: f.T("mywork.summary_hint"), Max: 2000},
		URL:      web.Field{Name: "url", Label: f.T("mywork.url"), Hint: f.T("mywork.url_hint"), Type: "url"},
		Bases:    []web.Choice{choice("CC-BY-NC-4.0", "CC BY-NC 4.0", f.T("mywork.base_sale")), choice("CC-BY-4.0", "CC BY 4.0", f.T("mywork.base_no_sale"))},
		Regimes:  []web.Choice{choice("owner", f.T("mywork.basis_owner"), f.T("mywork.basis_owner_hint")), choice("community", f.T("mywork.basis_community"), f.T("mywork.basis_community_hint"))},
		Label:    web.Field{Name: "label", Label: f.T("mywork.label"), Hint: f.T("mywork.label_hint")},
		Digest:   web.Field{Name: "sha256", Label: f.T("mywork.digest"), Hint: f.T("mywork.digest_hint"), Max: 64},
		Authors:  web.Field{Name: "authors", Label: f.T("mywork.authors_list"), Hint: f.T("mywork.authors_list_hint")},
		Skills:   web.Field{Name: "skills", Label: f.T("mywork.skills"), Hint: f.T("mywork.skills_hint")},
		Langs:    []web.Choice{{Value: "ru", Label: "Русский", Selected: true}, {Value: "en", Label: "English", Lang: "en"}},
		Payee:    web.Field{Name: "payee", Label: f.T("mywork.payee"), Hint: f.T("mywork.payee_hint")}}
}

func sampleWorkshop(f web.Frame) web.Workshop {
	p := web.Workshop{ID: "w1", Title: "120 задач по Python с автопроверкой", State: "draft", StateWord: f.T("mywork.state_draft"), StateText: f.T("mywork.text_draft"),
		LookURL: "/works/w1", EditURL: "/me/works/w1/edit", StateURL: "/me/works/w1/state", RemoveURL: "/me/works/w1/delete",
		Can: []web.Choice{{Value: "published", Label: f.T("mywork.do_published"), Selected: true}},
		Gate: []web.GateStep{{OK: true, Must: true, Text: f.T("mywork.step_base")}, {Must: true, Text: f.T("mywork.step_grounds"), URL: "#authors"},
			{Text: f.T("mywork.step_proof"), URL: "#proof"}},
		Meta: [][2]string{{f.T("mywork.meta_kind"), "Задачник"}, {f.T("mywork.meta_base"), "CC BY-NC 4.0"}},
		Authors: web.WorkshopAuthors{Action: "/me/works/w1/authors",
			List: []web.Contributor{{ID: "1", Name: "Сова и граф", URL: "/creators/sova", Version: "с версии 1.0", Ground: f.T("ground.own"), OK: true},
				{ID: "2", Name: long, Part: "картинки", Ground: f.T("ground.open"), Wait: f.T("mywork.wait_consent"), RemoveURL: "/x", ChangeURL: "/y",
					Grounds: []web.Choice{{Value: "consent", Label: f.T("mywork.ground_patch")}}}},
			Who:     web.Field{Name: "who", Label: f.T("mywork.who"), Hint: f.T("mywork.who_hint")},
			Part:    web.Field{Name: "part", Label: f.T("mywork.part")},
			MadeOn:  web.Field{Name: "made_on", Label: f.T("mywork.made_on"), Hint: f.T("mywork.made_on_hint"), Type: "date"},
			Source:  web.Field{Name: "source", Label: f.T("mywork.source"), Hint: f.T("mywork.source_hint"), Type: "url"},
			Grounds: []web.Choice{{Value: "own", Label: f.T("mywork.ground_open"), Hint: f.T("mywork.ground_open_hint")}, {Value: "third", Label: f.T("mywork.ground_third")}},
			Licence: web.Field{Name: "licence", Label: f.T("mywork.third"), Hint: f.T("mywork.third_hint")}, Licences: []web.Choice{{Label: f.T("mywork.third_none")}}},
		Proof: web.WorkshopProof{URL: "https://sova.example/.well-known/oduvan-abc.txt", Token: "oduvan-work=abcdef", Action: "/me/works/w1/proof", Bad: "Файл не открылся: 404."},
		Edition: web.WorkshopEdition{Action: "/me/works/w1/versions", Upload: "/me/works/w1/upload", MaxFile: "8 МБ",
			List:      []web.WorkEdition{{Label: "2.1", Date: "3 ноября", SHA: "9c41…e07b", Full: digest, Now: true}, {Label: "2.0", Date: "1 мая"}},
			Label:     web.Field{Name: "label", Label: f.T("mywork.label")},
			Digest:    web.Field{Name: "sha256", Label: f.T("mywork.digest"), Hint: f.T("mywork.digest_hint")},
			FileLabel: web.Field{Name: "label", ID: "f-file-label", Label: f.T("mywork.label")},
			File:      web.Field{Name: "file", Label: f.T("mywork.upload_file"), Hint: f.T("mywork.upload_hint")}},
		NoOffer: f.T("mywork.offer_blocked")}
	p.Edition.Troubles = []web.Trouble{{Field: "f-label", Text: "Такая версия уже есть"}}
	return p
}

func readyWorkshop(f web.Frame) web.Workshop {
	p := sampleWorkshop(f)
	p.State, p.StateWord, p.StateText, p.Ready = "published", f.T("mywork.state_published"), f.T("mywork.text_published"), true
	p.Gate, p.NewURL, p.NoOffer = p.Gate[:1], "/me/works/w1/offers/new", ""
	p.Proof, p.Edition.Troubles = web.WorkshopProof{Done: "3 ноября 2026"}, nil
	p.Offers = []web.OwnOffer{{ID: "o1", Title: f.Texts.Channel("teaching"), Meta: "копировать, показывать · Любая страна", Spans: []string{"30 дней — 500 ₽", long},
		State: "open", StateWord: f.T("offering.state_open"), EditURL: "/me/works/w1/offers/o1", StateURL: "/me/works/w1/offers/o1/state",
		Can: []web.Choice{{Value: "paused", Label: f.T("offering.as_paused")}, {Value: "withdrawn", Label: f.T("offering.as_withdrawn")}}}}
	p.Claims = []web.OpenClaim{{Date: "1 ноября", Text: "Картинка моя.", Answer: "Картинка под CC0."}}
	return p
}

func sampleLicenceOffer(f web.Frame) web.LicenceOfferPage {
	choice := func(v, label string) web.Choice { return web.Choice{Value: v, Label: label} }
	p := web.LicenceOfferPage{Action: "/me/works/w1/offers/new", BackURL: "/me/works/w1", Work: "120 задач", SpansBad: "Назови хотя бы один срок",
		Uses:      []web.Choice{{Value: "reproduce", Label: f.Texts.Use("reproduce"), Hint: f.T("use_hint.reproduce"), Selected: true}, {Value: "derive", Label: f.Texts.Use("derive"), Disabled: true}},
		Channels:  []web.Choice{{Value: "teaching", Label: f.Texts.Channel("teaching"), Hint: f.T("channel_hint.teaching"), Selected: true}},
		Territory: web.Field{Name: "territory", Label: f.T("offering.territory"), Hint: f.T("offering.territory_hint"), Value: "WW"},
		Learners:  web.Field{Name: "learners", Label: f.T("offering.learners"), Hint: f.T("offering.learners_hint"), Value: "30"},
		Free:      web.Field{Name: "free", Label: f.T("offering.free")},
		Refund:    web.Field{Name: "refund", Label: f.T("offering.refund"), Hint: f.T("offering.refund_hint"), Value: "14"},
		Grace:     web.Field{Name: "grace", Label: f.T("offering.grace"), Hint: f.T("offering.grace_hint"), Value: "30"},
		Payee:     web.Field{Name: "payee", Label: f.T("offering.payee"), Hint: f.T("offering.payee_hint"), Required: true},
		NotFund:   web.Field{Name: "not_fund", Label: f.T("offering.not_fund"), Required: true},
		Link:      web.Field{Name: "link", Label: f.T("offering.link"), Hint: f.T("offering.link_hint"), Type: "url"},
		Terms:     web.Link{Label: f.T("offering.terms", "version", "CL-1.0"), URL: "/terms/CL-1.0"}}
	for _, i := range []string{"1", "2", "3"} {
		p.Spans = append(p.Spans, web.SpanField{Days: web.Field{Name: "days", ID: "f-days" + i, Label: f.T("offering.days")}, Price: web.Field{Name: "price", ID: "f-price" + i, Label: f.T("offering.price")}, Currency: web.Field{Name: "price_currency", ID: "f-pc" + i, Label: f.T("form.currency")}, Currencies: []web.Choice{choice("RUB", "RUB")}})
		p.Ways = append(p.Ways, web.WayField{Label: f.T("offering.way", "n", i), Country: web.Field{Name: "country", ID: "f-c" + i, Label: f.T("offering.country")},
			Countries: []web.Choice{choice("WW", f.Texts.Country("WW"))}, Method: web.Field{Name: "method", ID: "f-m" + i, Label: f.T("offering.method")},
			Methods: []web.Choice{choice("direct", f.Texts.Method("direct"))}, Currency: web.Field{Name: "pay_currency", ID: "f-p" + i, Label: f.T("form.currency")}, Currencies: []web.Choice{choice("RUB", "RUB")}})
	}
	return p
}

func agreementRow(f web.Frame, state string) web.AgreementRow {
	return web.AgreementRow{Number: f.T("agreement.number", "n", "1"), URL: "/agreements/1", State: state, StateWord: f.T("agreement.state_" + state), Meta: "3 ноября 2026"}
}

func sampleAgreements(f web.Frame) web.AgreementsPage {
	return web.AgreementsPage{Admin: true, List: []web.AgreementRow{agreementRow(f, "draft"), agreementRow(f, "discussion"), agreementRow(f, "adopted")}}
}

func sampleAgreement(f web.Frame) web.AgreementPage {
	return web.AgreementPage{Number: f.T("agreement.number", "n", "1"), State: "adopted", StateWord: f.T("agreement.state_adopted"), StateText: f.T("agreement.text_adopted"),
		BodyHTML: "<h3>1</h3><p>Права остаются твоими.</p>", SHA256: digest, Talk: "https://talk.example/1", TalkWhen: "с 1 по 14 ноября", Decision: "https://talk.example/2",
		Adopted: "15 ноября 2026", Accept: "/agreements/1/accept", Confirm: web.Field{Name: "sure", Label: f.T("agreement.accept_confirm"), Required: true}}
}

func sampleAgreementsAdmin(f web.Frame) web.AgreementsAdmin {
	return web.AgreementsAdmin{Tabs: []web.TabLink{{Label: f.T("agreement.tab"), URL: "/admin/agreements", Current: true}}, Action: "/admin/agreements",
		Ru: web.Field{Name: "text_ru", Label: f.T("agreement.body_ru"), Hint: f.T("agreement.body_hint"), Rows: 12}, En: web.Field{Name: "text_en", Label: f.T("agreement.body_en")},
		List: []web.AgreementAct{{Row: agreementRow(f, "draft"), Open: "/admin/agreements/2/open", Talk: web.Field{Name: "talk", ID: "f-talk2", Label: f.T("agreement.talk_url")},
			Until: web.Field{Name: "until", ID: "f-until2", Label: f.T("agreement.until"), Type: "date"}},
			{Row: agreementRow(f, "discussion"), Adopt: "/admin/agreements/1/adopt", Ends: f.T("agreement.ends", "date", "14 ноября"),
				Decide: web.Field{Name: "decision", ID: "f-decision1", Label: f.T("agreement.decide")}}}}
}

func sampleClaims(f web.Frame) web.ClaimsPage {
	return web.ClaimsPage{Tabs: []web.TabLink{{Label: f.T("claims.tab"), URL: "/admin/claims", Current: true}}, List: []web.ClaimRow{
		{ID: "1", Work: "120 задач", WorkURL: "/works/w1", Date: "3 ноября", Text: "Моё!\n" + long, Evidence: "https://x.example/" + long,
			Action: "/admin/claims/1", Reason: web.Field{Name: "reason", ID: "f-reason1", Label: f.T("claims.reason"), Hint: f.T("claims.reason_hint"), Max: 1000}},
		{ID: "2", Work: "Граф", WorkURL: "/works/w2", Date: "3 ноября", Text: "Моё", Own: true}}, Stopped: []web.StoppedRow{
		{ID: "w3", Work: "Деревья " + long, WorkURL: "/works/w3", Since: f.T("claims.stopped_since", "date", "3 ноября"), Why: long, Action: "/admin/claims/works/w3",
			Reason: web.Field{Name: "reason", ID: "f-lift-w3", Label: f.T("claims.reinstate_reason"), Hint: f.T("claims.reason_hint"), Max: 1000}},
		{ID: "w4", Work: "Поиск", WorkURL: "/works/w4", Why: "Чужое", Own: true}}}
}
