package web_test

import (
	"github.com/a-h/templ"

	"github.com/tmoeg/oduvan/web"
)

func licenceSamples() []pageSample {
	out := []pageSample{
		{"check-file", plainFrame, func(f web.Frame) templ.Component {
			return web.CheckFile(f, web.CheckFilePage{Action: "/verify", Command: "oduvan licence verify L-7Q2M4K9X3T.jwt --jwks jwks.json"})
		}},
		{"checked-file", plainFrame, func(f web.Frame) templ.Component {
			return web.CheckFile(f, web.CheckFilePage{Action: "/verify", Result: "bad_signature", Title: "Подделка или порча", Text: "Подпись не сошлась.",
				Checks:  []web.CheckRow{{OK: true, Text: "Похоже на лицензию"}, {Text: "Подпись не сошлась"}},
				Facts:   [][2]string{{"Работа", "120 задач по Python"}},
				Command: "oduvan licence verify L-7Q2M4K9X3T.jwt --jwks jwks.json"})
		}},
	}
	out = append(out, pageSample{"fund", plainFrame, func(f web.Frame) templ.Component { return web.Fund(f, sampleFund(f)) }},
		pageSample{"fund-empty", plainFrame, func(f web.Frame) templ.Component { return web.Fund(f, web.FundPage{Empty: true}) }},
		pageSample{"judged", plainFrame, func(f web.Frame) templ.Component { return web.Judged(f, sampleJudged()) }},
		pageSample{"judged-none", plainFrame, func(f web.Frame) templ.Component { return web.Judged(f, web.JudgedPage{}) }},
		pageSample{"transparency", plainFrame, func(f web.Frame) templ.Component { return web.Transparency(f, sampleTransparency(f)) }})
	for _, state := range []string{web.LicenceValid, web.LicenceNotYet, web.LicenceGrace, web.LicenceExpired, web.LicenceRevoked, web.LicenceSuspended} {
		out = append(out, pageSample{"licence-" + state, plainFrame, func(f web.Frame) templ.Component { return web.Licence(f, sampleLicence(state)) }})
	}
	return out
}

func sampleLicence(state string) web.LicencePage {
	p := web.LicencePage{ID: "L-7Q2M4K9X3T", State: state, About: "Коммерческая лицензия на «120 задач по Python с автопроверкой», версия 2.1",
		Term: web.Term{Percent: 30, Today: "сегодня, 19 декабря", From: "с 22 ноября 2026", Until: "до 20 февраля 2027", UntilISO: "2027-02-20T00:00Z",
			Left: "63 дня осталось", Said: "Прошло 27 дней из 90, осталось 63"},
		QR:   `<svg viewBox="0 0 41 41" shape-rendering="crispEdges"><path fill="#14303f" d="M4 4h7v1h-7zM4 10h7v1h-7zM20 20h9v9h-9z"/></svg>`,
		Host: "oduvan.example", Path: "/v/L-7Q2M4K9X3T",
		Work: web.LicencedWork{Title: "120 задач по Python с автопроверкой", URL: "/works/x", Version: "2.1", Authors: "Сова и граф, Тихий омут", Base: "CC BY-NC 4.0",
			BaseURL: "https://creativecommons.org/licenses/by-nc/4.0/", Source: "адрес подтверждён 3 ноября 2026", Print: "sha256 9c41…e07b"},
		Cite:    "«120 задач по Python с автопроверкой», версия 2.1. Авторы: Сова и граф, Тихий омут. CC BY-NC 4.0, коммерческая лицензия L-7Q2M4K9X3T: oduvan.example/v/L-7Q2M4K9X3T",
		Can:     []string{"Вести платные занятия и группы — до 30 учеников", "Показывать на экране и раздавать копии ученикам", "Менять и дополнять под свою программу", "В любой стране"},
		Cannot:  []string{"Передать или перепродать лицензию", "Убрать имена авторов", "Запретить это другим: лицензия не исключительная", "Делать новые копии после 22 марта 2027 — через 30 дней после срока"},
		Ever:    []string{"Некоммерческое использование по CC BY-NC 4.0: его нельзя отозвать", "Уже опубликованные копии, с именами авторов", "Права авторов: они никому не переданы"},
		Checks:  []web.CheckRow{{OK: true, Text: "Подпись проверена ключом", Code: "k3VdR8…x0Zt9fQ"}, {OK: true, Text: "Не отозвана и не приостановлена"}, {OK: true, Text: "Условия: отпечаток совпал", Code: "CL-1.0", URL: "/terms/CL-1.0"}},
		Command: "oduvan licence verify L-7Q2M4K9X3T.jwt --jwks jwks.json", CheckTo: "/verify"}
	if state == web.LicenceValid {
		p.Acts = []web.Link{{Label: "Скачать", URL: "/licences/L-7Q2M4K9X3T.jwt", Icon: "down"}, {Label: "Печать", URL: "/licences/L-7Q2M4K9X3T.pdf", Icon: "copy"}}
		p.Holder = &web.HolderBox{Licensee: "тихая-сойка-41", ShareURL: "https://oduvan.example/l/8f2…", RenewURL: "/works/x/licence?renews=L-7Q2M4K9X3T", OrderURL: "/orders/x"}
	}
	if state == web.LicenceExpired {
		p.After = []web.AfterRow{{OK: true, Text: "Проданные копии остаются у людей."}, {Text: "Новое платное занятие."}}
	}
	if state == web.LicenceRevoked {
		p.Why = "деньги возвращены по заказу 8 января 2027"
	}
	return p
}

func sampleFund(f web.Frame) web.FundPage {
	p := web.FundPage{Currency: "RUB", Head: "9c41…e07b",
		Balances: []web.Amounts{{Currency: "RUB", Balance: "42 300 ₽", In: "61 000 ₽", Out: "18 700 ₽"}, {Currency: "KZT", Balance: "15 000 ₸", In: "15 000 ₸", Out: "0 ₸"}},
		Goals: []web.GoalRow{{Title: "Сервер на год", Text: "Одна машина и резервные копии.", Got: "9 000 ₽", Target: "12 000 ₽", Left: "3 000 ₽", Until: "1 марта 2027", Percent: 75},
			{Title: "Домен", Got: "1 000 ₽", Target: "1 000 ₽", Percent: 100, Reached: true}},
		Entries: web.Grid{Caption: f.T("fund.entries"), Heads: []string{"№", "День", "Что", "Сумма"}, Rows: [][]string{{"3", "12 ноября 2026", "Расход: сервер", "−18 700 ₽"}, {"2", "3 ноября 2026", "Пожертвование", "61 000 ₽"}}, Cards: true},
		Givers:  []string{"40817810000000000001"}, Files: []web.Link{{Label: "CSV", URL: "/fund.csv"}, {Label: "JSON", URL: "/fund.json"}},
		Rules: []string{"Доход: пожертвования, сборы и безусловные гранты.", "Реклама расходом быть не может."}}
	for i, m := range []string{"июл", "авг", "сен", "окт", "ноя"} {
		p.Chart = append(p.Chart, web.MonthBars{Label: m, In: "1 000 ₽", Out: "500 ₽", InHeight: 20 * (i + 1), OutHeight: 10 * i})
	}
	web.PlaceBars(p.Chart)
	return p
}

func sampleJudged() web.JudgedPage {
	row := web.JudgedRow{Title: "Лицензия L-7Q2M4K9X3T", URL: "/v/L-7Q2M4K9X3T", About: "120 задач по Python", Date: "8 января 2027",
		Said: "использование вне условий. Продаёт копии в третьей стране", Result: "Отзыв отменён", Reason: "Магазин чужой: это видно по владельцу"}
	return web.JudgedPage{Appeals: []web.JudgedRow{row}, Claims: []web.JudgedRow{row}}
}

func sampleTransparency(f web.Frame) web.TransparencyPage {
	return web.TransparencyPage{
		Zeros:     []web.ZeroRow{{Number: "0", Label: "денег с доски в фонде", Why: "Ни тип, ни база данных такой записи не примут."}, {Number: "0 %", Label: "комиссия доски", Why: "Её нет ни в одном способе расчёта."}},
		Orders:    web.Grid{Caption: f.T("open.orders"), Heads: []string{"Способ", "Валюта", "Заказов", "Сумма"}, Rows: [][]string{{"Напрямую", "RUB", "12", "18 000 ₽"}, {"Напрямую", "KZT", "<5", "—"}}},
		NoSteward: true, Head: "9c41aa…e07b", HeadAt: "19 декабря 2026, 14:00", Audit: web.AuditBox{At: "19 декабря 2026, 03:00 UTC", OK: true, Checked: 17},
		Files: []web.Link{{Label: "JSON", URL: "/transparency.json"}}, Decisions: web.Link{Label: "Решения по спорам", URL: "/transparency/decisions"}, Fund: web.Link{Label: "Фонд", URL: "/fund"},
		Judged: web.Link{Label: "Решения о лицензиях", URL: "/transparency/licences"}}
}
