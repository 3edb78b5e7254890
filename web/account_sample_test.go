package web_test

import (
	"github.com/a-h/templ"

	"github.com/tmoeg/oduvan/web"
)

// accountSamples are the pages of one who signs in, in the shape the program fills.
func accountSamples() []pageSample {
	return []pageSample{
		{"signup", strangerFrame, sampleSignUp},
		{"signup-closed", strangerFrame, func(f web.Frame) templ.Component { return web.SignUp(f, web.SignUpPage{Closed: true}) }},
		{"code", signedFrame, sampleCode},
		{"welcome", signedFrame, func(f web.Frame) templ.Component {
			return web.Welcome(f, web.WelcomePage{Next: "/me", Passkey: web.Ceremony{Kind: "create", Begin: "/b", End: "/e"}})
		}},
		{"login", strangerFrame, sampleLogin},
		{"claim", strangerFrame, sampleClaim},
		{"me", signedFrame, sampleMe},
		{"editor", signedFrame, sampleEditor},
		{"editor-conflict", signedFrame, sampleConflict},
		{"picture", signedFrame, func(f web.Frame) templ.Component {
			return web.Picture(f, web.PicturePage{Portrait: web.Portrait{Seed: 7}, Error: "JPEG, PNG, WebP"})
		}},
		{"own-services", signedFrame, sampleOwnServices},
		{"own-services-none", signedFrame, func(f web.Frame) templ.Component { return web.OwnServices(f, web.OwnServicesPage{}) }},
		{"offer", signedFrame, sampleOffer},
		{"erase", signedFrame, sampleErase},
		{"settings", signedFrame, sampleSettings},
		{"setup", strangerFrame, sampleSetup},
		{"admin", signedFrame, sampleAdmin},
		{"waiting", signedFrame, sampleWaiting},
		{"waiting-none", signedFrame, func(f web.Frame) templ.Component { return web.Waiting(f, web.WaitingPage{Tabs: adminSampleTabs(1)}) }},
		{"invitations", signedFrame, func(f web.Frame) templ.Component {
			return web.Invitations(f, web.InvitationsPage{Tabs: adminSampleTabs(2), Code: "7K2QM-0XV9R-AAAAA-BBBBB-CCCCCC", Days: 14})
		}},
		{"accounts", signedFrame, sampleAccounts},
	}
}

func strangerFrame(f web.Frame) web.Frame {
	f = plainFrame(f)
	f.CSRF, f.NoIndex = "token", true
	return f
}

func signedFrame(f web.Frame) web.Frame {
	f = strangerFrame(f)
	f.Path, f.Tab = "/me", "me"
	f.Viewer = &web.Viewer{Handle: "lesnoy-klyuch", Name: "Лесной ключ", Portrait: web.Portrait{Seed: 7},
		Links: []web.Link{{Label: "Мои услуги", URL: "/me/services", Icon: "services"}}}
	return f
}

func handles() []web.Choice {
	return []web.Choice{{Value: "tikhiy-drozd", Label: "tikhiy-drozd", Selected: true}, {Value: "yarkiy-bobr", Label: "yarkiy-bobr"},
		{Value: "severny-kit71", Label: "severny-kit71"}}
}

func sampleSignUp(f web.Frame) templ.Component {
	return web.SignUp(f, web.SignUpPage{Picks: handles(), Invited: true, RulesURL: "/rules",
		Troubles:   []web.Trouble{{Field: "f-handle", Text: "Этот ник занят"}},
		Own:        web.Field{Name: "handle", Label: f.T("signup.own"), Hint: f.T("signup.own_hint"), Error: "Этот ник занят", Value: "kit"},
		Invitation: web.Field{Name: "invitation", Label: f.T("signup.invitation"), Hint: f.T("signup.invitation_hint")}})
}

func sampleCode(f web.Frame) templ.Component {
	return web.Code(f, web.CodePage{Code: "7K2QM-0XV9R-4ND8T-ZZ6WB-PCH1E3", Handle: "lesnoy-klyuch", Fresh: true,
		Saved: web.Field{Name: "saved", Label: f.T("code.saved"), Required: true}})
}

func sampleLogin(f web.Frame) templ.Component {
	return web.Login(f.With("passkey.js"), web.LoginPage{Next: "/me",
		Code:    web.Field{Name: "code", Label: f.T("login.code_label"), Hint: f.T("login.code_hint"), Type: "password", Complete: "current-password"},
		Passkey: web.Ceremony{Kind: "get", Begin: "/login/passkey/begin", End: "/login/passkey/finish"}})
}

func sampleClaim(f web.Frame) templ.Component {
	return web.Claim(f, web.ClaimPage{Draft: &web.ClaimDraft{Name: "Лесной ёж", Headline: "Go", AboutHTML: "<p>x</p>", Skills: []string{"Go"}, Services: []string{"Разбор"}, Lang: "ru"}, Picks: handles(), Code: web.Field{Name: "code", Label: f.T("claim.code"), Hint: f.T("claim.code_hint")},
		Handle: web.Field{Name: "handle", Label: f.T("signup.own"), Hint: f.T("signup.own_hint")}})
}

func sampleMe(f web.Frame) templ.Component {
	return web.Me(f, web.MePage{Name: "Лесной ключ", Handle: "lesnoy-klyuch", Portrait: web.Portrait{Seed: 7},
		Banners: []web.Banner{
			{Kind: "warn", Title: f.T("me.code_title"), Text: f.T("me.code_text"), Action: web.Link{Label: f.T("me.code_do"), URL: "/code"}},
			{Kind: "warn", Title: f.T("me.silence_title"), Text: f.T("me.silence_text"), Post: true, Action: web.Link{Label: f.T("me.silence_do"), URL: "/me/open"}},
			{Kind: "info", Title: f.T("me.waiting_title"), Text: f.T("me.waiting_text")}},
		Tiles: []web.Tile{{Icon: "person", Label: f.T("me.profile"), URL: "/me/profile", Text: f.T("me.profile_open")},
			{Icon: "services", Label: f.T("me.services"), URL: "/me/services", Text: f.T("me.services_text")},
			{Icon: "key", Label: f.T("me.settings"), URL: "/me/settings", Text: f.T("me.settings_text")},
			{Icon: "admin", Label: f.T("me.admin"), URL: "/admin", Text: f.T("me.admin_text"), Count: 3}}})
}

func editorPage(f web.Frame) web.EditorPage {
	field := func(name, value string) web.Field {
		return web.Field{Name: name, Label: f.T("editor." + name), Hint: f.T("editor." + name + "_hint"), Value: value, Max: 160}
	}
	p := web.EditorPage{PublicURL: "/tutors/lesnoy-klyuch", Portrait: web.Portrait{Seed: 7}, Version: "3",
		Roles: []web.Choice{{Value: "tutor", Label: f.T("editor.role_tutor"), Hint: f.T("editor.role_tutor_hint"), Selected: true},
			{Value: "creator", Label: f.T("editor.role_creator"), Hint: f.T("editor.role_creator_hint")}},
		Name: field("name", "Лесной ключ"), Headline: field("headline", "Python с нуля"), About: field("about", "Привет"),
		AboutHTML: "<p>Привет</p>", Skills: []string{"Python", "Git", "", ""}, Known: []string{"Python", "Go"},
		Zone: web.Field{Name: "timezone", Label: f.T("editor.zone"), Hint: f.T("editor.zone_hint")}, Zones: []web.Choice{{Value: "UTC", Label: "UTC"}},
		Links:   []web.LinkRow{{Title: "GitHub", URL: "https://github.example"}, {}},
		Until:   web.Field{Name: "paused_until", Label: f.T("editor.until"), Hint: f.T("editor.until_hint"), Type: "date"},
		Confirm: web.Field{Name: "confirm", Label: f.T("editor.contacts_confirm")}}
	p.About.Preview = "/me/preview"
	for _, l := range []string{"hobby", "zero", "junior", "work"} {
		p.Levels = append(p.Levels, web.Choice{Value: l, Label: f.Texts.Level(l), Selected: l == "zero"})
	}
	for _, l := range []string{"call", "chat", "review", "group", "plan"} {
		p.Formats = append(p.Formats, web.Choice{Value: l, Label: f.Texts.Format(l), Selected: l == "chat"})
	}
	for _, l := range []string{"ru", "en", "kk", "be", "uk", "uz", "ky", "tg", "tk", "az", "hy", "ka"} {
		p.Languages = append(p.Languages, web.Choice{Value: l, Label: f.Texts.Language(l), Selected: l == "ru"})
	}
	for _, l := range []string{"draft", "open", "paused"} {
		p.States = append(p.States, web.Choice{Value: l, Label: f.T("editor.state_" + l), Hint: f.T("editor.state_" + l + "_hint"), Selected: l == "open"})
	}
	return p
}

func sampleEditor(f web.Frame) templ.Component { return web.Editor(f.With("editor.js"), editorPage(f)) }

func sampleConflict(f web.Frame) templ.Component {
	p := editorPage(f)
	p.Troubles = []web.Trouble{{Text: "Пока ты писал, это изменили"}, {Field: "f-skills", Text: "Слишком много"}}
	p.SkillsBad, p.LinksBad = "Слишком много", "Ссылка должна начинаться с https://"
	p.Theirs = []web.Compare{{Label: f.T("editor.about"), Text: "Другой текст\nв две строки"}}
	p.Warnings = []string{f.T("editor.contact_in", "field", f.T("editor.about"), "what", f.T("editor.contact_phone"))}
	return web.Editor(f, p)
}

func sampleOwnServices(f web.Frame) templ.Component {
	service := func(title, format, state string, can ...string) web.OwnService {
		o := web.OwnService{Title: title, Format: format, Meta: f.Texts.Format(format), State: state, StateWord: f.T("offer.word_" + state),
			EditURL: "/me/services/1", LookURL: "/services/1", StateURL: "/me/services/1/state", RemoveURL: "/me/services/1/delete",
			Price: web.Price{Main: "1 500 ₽", Unit: f.T("price.per_" + format)}}
		for _, c := range can {
			o.Can = append(o.Can, web.Choice{Value: c, Label: f.T("offer.do_" + c)})
		}
		return o
	}
	return web.OwnServices(f, web.OwnServicesPage{Note: f.T("offer.hidden"), List: []web.OwnService{
		service("Разбор твоего кода на Python", "review", "published", "paused", "draft"), service("Первая игра на Godot", "group", "draft", "published"),
		service("Переписка про карьеру", "chat", "paused", "published", "draft")}})
}

func sampleOffer(f web.Frame) templ.Component {
	field := func(name string) web.Field {
		return web.Field{Name: name, Label: f.T("offer." + name), Hint: f.T("offer." + name + "_hint"), Max: 100}
	}
	p := web.OfferPage{ID: "1", Action: "/me/services/1", LookURL: "/services/1", RemoveURL: "/me/services/1/delete", Version: "1",
		Name: field("name"), Summary: field("summary"), Minutes: field("minutes"), Rules: field("rules"),
		Price: web.MoneyField{Label: f.T("offer.price"), Hint: f.T("offer.price_hint"), Error: "Сумма числом", Currency: "currency",
			Amount: web.Field{Name: "price", Value: "много"}, Currencies: []web.Choice{{Value: "RUB", Label: "RUB"}}},
		Trial: web.Field{Name: "free_trial", Label: f.T("offer.trial")}, HasTrial: true}
	for _, w := range []string{"amount", "free", "agreement"} {
		p.Pricing = append(p.Pricing, web.Choice{Value: w, Label: f.T("offer.pricing_" + w), Selected: w == "amount"})
	}
	for _, w := range []string{"call", "chat", "review"} {
		p.Formats = append(p.Formats, web.Choice{Value: w, Label: f.Texts.Format(w), Selected: w == "call"})
	}
	for _, w := range []string{"draft", "published", "paused"} {
		p.States = append(p.States, web.Choice{Value: w, Label: f.T("offer.state_" + w), Hint: f.T("offer.state_" + w + "_hint")})
	}
	return web.Offer(f, p)
}

func sampleErase(f web.Frame) templ.Component {
	return web.Confirm(f, web.ConfirmPage{Title: f.T("settings.erase_title"), Text: f.T("settings.erase_text"),
		List: []string{f.T("settings.erase_profile"), f.T("settings.erase_services")}, Action: "/me/erase", Label: f.T("settings.erase_do"),
		Back: "/me/settings", Type: web.Field{Name: "handle", Label: f.T("settings.erase_type"), Hint: f.T("settings.erase_export")}})
}

func sampleSettings(f web.Frame) templ.Component {
	key := func(id, name string) web.KeyRow {
		return web.KeyRow{ID: id, Name: name, Added: "12 декабря 2025", Used: "14 декабря 2025"}
	}
	return web.Settings(f.With("passkey.js"), web.SettingsPage{Handle: "lesnoy-klyuch", Passkeys: []web.KeyRow{key("1", "ноутбук"), key("2", "телефон")},
		Tokens: []web.KeyRow{{ID: "3", Name: "бот", Added: "1 декабря 2025", Ends: "1 декабря 2026"}}, Secret: "odt_3f2a9c10",
		Token: web.Field{Name: "token", Label: f.T("settings.token_name"), Max: 60},
		Add:   web.Ceremony{Kind: "create", Begin: "/b", End: "/e", Next: "/me/settings", Name: true}})
}

func branchSample(f web.Frame) web.BranchForm {
	field := func(name string) web.Field { return web.Field{Name: name, Label: f.T("setup." + name)} }
	p := web.BranchForm{Name: field("name"), Approval: field("approval"), Currency: field("currency"),
		Languages: []web.Choice{{Value: "ru", Label: "Русский", Selected: true}, {Value: "en", Label: "English"}},
		Address:   "https://oduvan.example", Main: field("main_language"), Mains: []web.Choice{{Value: "ru", Label: "Русский", Selected: true}, {Value: "en", Label: "English"}},
		Coins: []web.Choice{{Value: "RUB", Label: "RUB"}}, Links: []web.Field{field("discord"), field("github")},
		Rules: web.Field{Name: "rules", Label: f.T("setup.rules_label"), Hint: f.T("setup.rules_hint"), Value: f.T("setup.rules_text"), Preview: "/me/preview", Max: 20000}}
	for _, w := range []string{"open", "invitation", "closed"} {
		p.SignUps = append(p.SignUps, web.Choice{Value: w, Label: f.T("setup.sign_up_" + w), Hint: f.T("setup.sign_up_" + w + "_hint"), Selected: w == "open"})
	}
	return p
}

func sampleSetup(f web.Frame) templ.Component {
	return web.Setup(f, web.SetupPage{Branch: branchSample(f), Code: web.Field{Name: "code", Label: f.T("setup.code"), Hint: f.T("setup.code_hint")},
		Handle: web.Field{Name: "handle", Label: f.T("setup.handle"), Hint: f.T("setup.handle_hint")}})
}

func adminSampleTabs(current int) []web.TabLink {
	tabs := []web.TabLink{{Label: "Доска", URL: "/admin"}, {Label: "Очередь", URL: "/admin/waiting", Count: 2},
		{Label: "Приглашения", URL: "/admin/invitations"}, {Label: "Аккаунты", URL: "/admin/accounts"}}
	tabs[current].Current = true
	return tabs
}

func sampleAdmin(f web.Frame) templ.Component {
	return web.Admin(f, web.AdminPage{Tabs: adminSampleTabs(0), Branch: branchSample(f), RatesBad: "Курсы записаны не по форме",
		RateDate: web.Field{Name: "rate_date", Label: f.T("admin.rates_date"), Type: "date"}, RateBase: web.Field{Name: "rate_base", Label: f.T("admin.rates_base")},
		Bases: []web.Choice{{Value: "RUB", Label: "RUB"}},
		Rates: []web.Field{{Name: "rate_KZT", Label: f.T("admin.rate", "currency", "KZT")}, {Name: "rate_USD", Label: f.T("admin.rate", "currency", "USD")}}})
}

func sampleWaiting(f web.Frame) templ.Component {
	row := func(name string) web.WaitingRow {
		return web.WaitingRow{Name: name, Handle: "novichok", URL: "/tutors/novichok", Portrait: web.Portrait{Seed: 9}, Headline: "Учу основам",
			AboutHTML: "<p>О себе</p>", Links: []web.Link{{Label: "Сайт", URL: "https://example.org"}}, Action: "/admin/waiting/1"}
	}
	return web.Waiting(f, web.WaitingPage{Tabs: adminSampleTabs(1), List: []web.WaitingRow{row("Новичок"), row("Второй")}})
}

func sampleAccounts(f web.Frame) templ.Component {
	row := func(handle string, claimed bool) web.AccountRow {
		return web.AccountRow{Handle: handle, Since: "12 декабря 2025", Portrait: web.Portrait{Seed: 4}, Claimed: claimed, Action: "/admin/accounts/" + handle,
			Roles: []web.Choice{{Value: "member", Label: f.T("admin.role_member")}, {Value: "operator", Label: f.T("admin.role_operator")}}}
	}
	return web.Accounts(f, web.AccountsPage{Tabs: adminSampleTabs(3), Prefix: web.Field{Name: "handle", ID: "f-prefix", Label: f.T("admin.prefix")},
		Rows: []web.AccountRow{row("lesnoy-klyuch", true), row("perenesyonny", false)}, NextURL: "/admin/accounts?after=x"})
}
