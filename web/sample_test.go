package web_test

import (
	"strconv"
	"testing"

	"github.com/a-h/templ"
	"github.com/tmoeg/oduvan/web"
)

func open(t *testing.T) *web.Web {
	t.Helper()
	w, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// pageSample is a page with made-up people, in the shape the program fills.
type pageSample struct {
	name  string
	frame func(web.Frame) web.Frame
	page  func(web.Frame) templ.Component
}

func samples() []pageSample {
	return append([]pageSample{
		{"home", homeFrame, func(f web.Frame) templ.Component { return web.Home(f, sampleHome(f)) }},
		{"search", searchFrame, func(f web.Frame) templ.Component { return web.Search(f, sampleSearch(f)) }},
		{"nothing", searchFrame, func(f web.Frame) templ.Component { return web.Search(f, sampleNothing(f)) }},
		{"profile", profileFrame, func(f web.Frame) templ.Component { return web.Profile(f, sampleProfile(f)) }},
		{"own-profile", ownFrame, func(f web.Frame) templ.Component { return web.Profile(f, ownProfile(f)) }},
		{"long-search", searchFrame, func(f web.Frame) templ.Component { return web.Search(f, longSearch(f)) }},
		{"long-profile", ownFrame, func(f web.Frame) templ.Component { return web.Profile(f, longProfile(f)) }},
		{"service", profileFrame, func(f web.Frame) templ.Component { return web.Service(f, sampleService(f)) }},
		{"error", plainFrame, func(f web.Frame) templ.Component { return web.Fault(f, f.Error("internal", "", nil, "3f2a9c10")) }},
		{"not-found", plainFrame, func(f web.Frame) templ.Component { return web.Fault(f, f.Error("not_found", "", nil, "")) }},
		{"privacy", plainFrame, func(f web.Frame) templ.Component { return web.Legal(f, sampleLegal()) }},
		{"offline", plainFrame, web.Offline},
		{"forms", ownFrame, sampleForm},
	}, append(append(accountSamples(), messageSamples()...), append(append(licenceSamples(), workSamples()...), orderSamples()...)...)...)
}

func plainFrame(f web.Frame) web.Frame {
	f.Path, f.Title = "/page", "Страница / Page"
	f.Description = "Описание"
	f.Footer = []web.Link{{Label: "О доске", URL: "/about"}, {Label: "Приватность", URL: "/privacy"},
		{Label: "Правила", URL: "/rules"}, {Label: "API", URL: "/api/docs"}}
	f.SignUpURL = "/signup"
	return f
}

func homeFrame(f web.Frame) web.Frame {
	f = plainFrame(f)
	f.Path, f.Tab, f.Quiet, f.Title = "/", "home", true, f.T("home.title")
	f.Canonical = "https://oduvan.example/"
	f.Alternates = []web.Alternate{{"ru", "https://oduvan.example/ru/"}, {"en", "https://oduvan.example/en/"},
		{"x-default", "https://oduvan.example/"}}
	f.Feeds = []web.Feed{{f.T("search.feed_all"), "/feed.atom"}}
	return f
}

func searchFrame(f web.Frame) web.Frame {
	f = plainFrame(f)
	f.Path, f.Tab, f.Query = "/search?q=репититор", "search", "репититор по питону"
	f.Title = f.T("search.title_query", "query", f.Query)
	return f
}

func profileFrame(f web.Frame) web.Frame {
	f = plainFrame(f)
	f.Path = "/tutors/lesnoy-klyuch"
	f.Canonical, f.OG = "https://oduvan.example/tutors/lesnoy-klyuch", web.OpenGraph{Type: "profile"}
	f.JSONLD = []byte(`{"@type":"Person","name":"</script><b>"}`)
	return f
}

func ownFrame(f web.Frame) web.Frame {
	f = profileFrame(f)
	f.CSRF = "token"
	f.Viewer = &web.Viewer{Handle: "lesnoy-klyuch", Name: "Лесной ключ", Portrait: web.Portrait{Seed: 7},
		Links: []web.Link{{Label: "Inbox", URL: "/me/inbox", Count: 2, Icon: "inbox"}}}
	f.Flash = []web.Flash{{"ok", "Сохранено"}, {"warn", "Скоро пауза"}}
	return f
}

func people() []web.Card {
	return []web.Card{
		{Kind: web.KindTutor, URL: "/tutors/lesnoy-klyuch", Title: "Лесной ключ", Handle: "lesnoy-klyuch",
			Portrait: web.Portrait{Seed: 11}, Lead: "Python с нуля до первого проекта: разбираем твой код, а не слайды",
			Skills: []string{"Python", "Git", "SQL", "Linux"}, Reply: "обычно отвечает за 3 ч",
			Price: web.Price{Main: "1 500 ₽", Unit: "/ занятие"}, Meta: "Русский"},
		{Kind: web.KindTutor, URL: "/tutors/pixel-grass", Title: "Пиксель в траве", Handle: "pixel-grass",
			Portrait: web.Portrait{Seed: 22}, Lead: "Первая игра на Godot: от идеи до страницы, где в неё сыграют друзья",
			Skills: []string{"Godot", "GDScript", "Blender"}, Newcomer: true, Since: "на доске с 17 декабря",
			Price: web.Price{Main: "600 ₽", Unit: "/ занятие"}, Meta: "Русский, English"},
		{Kind: web.KindTutor, URL: "/tutors/stepnoy-veter", Title: "Степной ветер", Handle: "stepnoy-veter",
			Portrait: web.Portrait{Seed: 33}, Lead: "Данные и таблицы: от Excel к Python без боли, по-русски и на казахском",
			Skills: []string{"Python", "pandas", "Excel"}, Newcomer: true, Since: "на доске с 12 декабря",
			Price: web.Price{Main: "4 500 ₸", Unit: "/ занятие", Approx: "≈ 790 ₽"}, Meta: "Русский, Қазақша"},
		{Kind: web.KindTutor, URL: "/tutors/tikhaya-gavan", Title: "Тихая гавань", Handle: "tikhaya-gavan",
			Portrait: web.Portrait{Seed: 4}, Lead: "Помогу поставить Python и дойти до первой программы. Можно без микрофона",
			Skills: []string{"Python", "Linux", "Git"}, Since: "на доске с 3 марта", Price: web.Price{Main: "Бесплатно"}, Meta: "Русский"},
		{Kind: web.KindCreator, URL: "/creators/sova", Title: "Сова и граф", Handle: "sova-i-graf",
			Portrait: web.Portrait{Seed: 5}, Lead: "Рисую задачники по алгоритмам с проверкой в браузере",
			Skills: []string{"Алгоритмы", "Видео"}, Since: "на доске с 5 мая"},
	}
}

func offers() []web.Card {
	var out []web.Card
	for i, format := range []string{"call", "chat", "review", "group", "plan"} {
		out = append(out, web.Card{Kind: web.KindService, URL: "/services/" + strconv.Itoa(90+i), Format: format,
			Title: "Разбор твоего кода на Python: письменно, до 300 строк", By: "Зелёная ветка", Handle: "green-branch",
			Portrait: web.Portrait{Seed: uint64(i * 17)}, Lead: "Построчные заметки и три главных шага, что делать дальше",
			Skills: []string{"Python", "без микрофона"}, Price: web.Price{Main: "900 ₽", Unit: "/ разбор"}, Meta: "60 минут"})
	}
	return out
}

func sampleHome(f web.Frame) web.HomePage {
	return web.HomePage{
		Chips: []web.Chip{{f.T("home.chip_free"), "/search?free=1", "gift"}, {f.T("home.chip_quiet"), "/search?format=chat", "quiet"},
			{f.T("home.chip_new"), "/search?newcomer=1", "sprout"}, {"Python", "/search?skill=python", ""}},
		Doors:    []web.Door{{"tutor", "/search?kind=tutor"}, {"service", "/search?kind=service"}, {"creator", "/search?kind=creator"}},
		Tutors:   web.Shelf{Cards: people()[:4], AllURL: "/search?kind=tutor", Total: 2140},
		Services: web.Shelf{Cards: offers()[1:], AllURL: "/search?kind=service&sort=new", Total: 96},
		MoneyURL: "/about",
	}
}

func values(labels ...string) []web.FacetValue {
	var out []web.FacetValue
	for i, l := range labels {
		out = append(out, web.FacetValue{Value: l, Label: l, Count: 86 / (i + 1), Selected: l == "Русский"})
	}
	return out
}

func sampleSearch(f web.Frame) web.SearchPage {
	p := web.SearchPage{
		Query: "репититор по питону", Corrected: "репетитор по python", ExactURL: "/search?q=a&exact=1",
		Total: 86, Page: 2, PerPage: 24, PrevURL: "/search?q=a&page=1", NextURL: "/search?q=a&page=3",
		Last: 400, Pages: []web.PageLink{{1, "/search?q=a"}, {2, "/search?q=a&page=2"}, {3, "/search?q=a&page=3"}, {0, ""}, {400, "/search?q=a&page=400"}}, Reach: 9600, Partial: true,
		Facets: []web.Facet{
			{"kind", values(f.Texts.Kinds("tutor"), f.Texts.Kinds("service"), f.Texts.Kinds("creator"))},
			{"skill", values("Python", "SQL", "Алгоритмы", "pandas", "Django", "Git", "Linux", "Docker", "Go")},
			{"level", values(f.Texts.Level("hobby"), f.Texts.Level("zero"), f.Texts.Level("junior"), f.Texts.Level("work"))},
			{"language", values("Русский", "English")},
			{"format", values(f.Texts.Format("call"), f.Texts.Format("chat"), f.Texts.Format("review"))},
		},
		Money: web.MoneyFilter{Max: "2 000", Currencies: []web.Choice{
			{Value: "RUB", Label: f.Texts.CurrencySign("RUB"), Hint: f.Texts.Currency("RUB"), Selected: true},
			{Value: "KZT", Label: f.Texts.CurrencySign("KZT"), Hint: f.Texts.Currency("KZT")},
			{Value: "USD", Label: f.Texts.CurrencySign("USD"), Hint: f.Texts.Currency("USD")}},
			Note: f.T("search.rates", "date", "18 декабря")},
		Free: web.Toggle{Count: 12}, Newcomer: web.Toggle{Count: 16}, ResetURL: "/search?q=a",
		Chips: []web.Chip{{"до 2 000 ₽", "/search?q=a&language=ru", ""}, {"Русский", "/search?q=a", ""}},
		Sorts: []web.Choice{{Value: "", Label: f.T("search.sort_best"), Selected: true},
			{Value: "new", Label: f.T("search.sort_new")}, {Value: "price", Label: f.T("search.sort_price")}},
		FeedURL: "/search.atom?q=a",
	}
	for len(p.Cards) < 24 {
		p.Cards = append(append(p.Cards, people()...), offers()...)
	}
	p.Cards = p.Cards[:24]
	for i := range p.Cards {
		p.Cards[i].Portrait.Seed = uint64(i * 31)
	}
	return p
}

func sampleNothing(f web.Frame) web.SearchPage {
	p := sampleSearch(f)
	p.Cards, p.Total, p.Corrected, p.NextURL, p.PrevURL, p.Page, p.Behind = nil, 0, "", "", "", 1, true
	p.Money.Currencies = append(p.Money.Currencies, web.Choice{Value: "EUR", Label: "€"})
	p.Money.Error = "Напиши сумму числом"
	p.Nothing = web.Nothing{FreeURL: "/search?free=1", Help: []web.Link{{Label: "Discord", URL: "https://discord.example/x"}},
		Similar: []web.Link{{Label: "Python", URL: "/search?skill=python", Count: 3}},
		Wider: []web.Link{{Label: f.T("search.without", "filter", "Русский"), URL: "/search?q=a", Count: 12},
			{Label: f.T("search.everything"), URL: "/search"}}}
	return p
}

func sampleProfile(f web.Frame) web.ProfilePage {
	return web.ProfilePage{Handle: "lesnoy-klyuch", Name: "Лесной ключ", Roles: []string{"tutor", "creator"},
		Headline: "Python с нуля до первого проекта: разбираем твой код, а не слайды", Portrait: web.Portrait{Seed: 11},
		AboutHTML: "<p>Пишу на Python девять лет, из них три помогаю начинать.</p><h3>Как занимаемся</h3><ul><li>приносишь <code>main.py</code></li><li>смотрим вместе</li></ul><pre><code>print(\"привет\")</code></pre>",
		Skills:    []web.Link{{Label: "Python", URL: "/search?skill=python"}, {Label: "Git", URL: "/search?skill=git"}, {Label: "SQL", URL: "/search?skill=sql"}},
		Levels:    []string{f.Texts.Level("hobby"), f.Texts.Level("zero")}, Formats: []string{"call", "chat"},
		Languages: []web.Word{{"Русский", "ru"}, {"English", "en"}},
		Links:     []web.Link{{Label: "github.com/lesnoy", URL: "https://github.example/lesnoy"}},
		Zone:      "Москва, UTC+3", Active: f.T("site.active_week"), Since: f.T("site.since", "date", "12 декабря 2025"),
		Price: web.Price{Main: "1 500 ₽", Unit: "/ занятие"}, Services: offers()[:3], FeedURL: "/tutors/lesnoy-klyuch/feed.atom"}
}

func ownProfile(f web.Frame) web.ProfilePage {
	p := sampleProfile(f)
	p.Owner, p.EditURL, p.NewURL, p.OnPause, p.Paused = true, "/me/profile", "/me/services/new", true, "3 января 2026"
	p.Similar, p.Newcomer = people()[1:3], true
	return p
}

func sampleService(f web.Frame) web.ServicePage {
	return web.ServicePage{Title: "Разбор твоего кода на Python: письменно, до 300 строк", Format: "review", Length: f.Texts.N("price.minutes", 60),
		Price: web.Price{Main: "900 ₽", Unit: f.T("price.per_review")}, FreeTrial: true, BodyHTML: "<p>Построчные заметки.</p>",
		RulesHTML: "<p>Отмена за сутки.</p>", Skills: []web.Link{{Label: "Python", URL: "/search?skill=python"}},
		Languages: []web.Word{{"Русский", "ru"}}, By: people()[0], Others: offers()[:2],
		Links: []web.Link{{Label: "github.com/lesnoy", URL: "https://github.example/lesnoy"}}}
}

func sampleLegal() web.LegalPage {
	return web.LegalPage{Title: "Приватность", BodyHTML: "<p>Слова.</p><h2>Что мы храним</h2><p>Мало.</p>", Updated: "12 декабря 2025",
		Columns: []web.Column{{"account", "handle", "public", "имя в адресе", "пока есть аккаунт"},
			{"account", "recovery_hmac", "secret", "вход по коду", "пока есть аккаунт"}}}
}

// long is text as people type it who want to see a page break: no place to wrap.
const long = "Щ12345678901234567890123456789012345678901234567890123456789"

func longCards() []web.Card {
	list := append(people()[:3:3], offers()...)
	for i := range list {
		c := &list[i]
		c.Title, c.Handle, c.By, c.Lead, c.Meta = long, "a12345678901234567890123456789", long, long+long+"<script>", long
		c.Skills = []string{long, "<b>"}
		c.Price = web.Price{Main: "999 999 999 999 999 сум", Unit: "/ занятие", Approx: "≈ 999 999 999 ₽"}
	}
	return list
}

func longSearch(f web.Frame) web.SearchPage {
	p := sampleSearch(f)
	p.Cards, p.Query, p.Corrected = longCards(), long+long, long+long
	p.Chips = append(p.Chips, web.Chip{Label: long, URL: "/search"})
	p.Facets[1].Values = append(values(long, long+"2"), p.Facets[1].Values...)
	return p
}

func longProfile(f web.Frame) web.ProfilePage {
	p := ownProfile(f)
	p.Name, p.Headline, p.Handle = long, long+long, "a12345678901234567890123456789"
	p.AboutHTML = "<p>" + long + long + "</p><pre><code>" + long + long + long + "</code></pre><h2>" + long + "</h2>"
	p.Skills = append(p.Skills, web.Link{Label: long, URL: "/search"})
	p.Links = []web.Link{{Label: long + long, URL: "https://x.example/" + long}}
	p.Services, p.Similar = longCards()[3:], longCards()[:2]
	return p
}
