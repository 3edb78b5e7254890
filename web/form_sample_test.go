package web_test

import (
	"context"
	"io"

	"github.com/a-h/templ"
	"github.com/tmoeg/oduvan/web"
)

// sampleForm shows every part of a form at once, with and without errors.
func sampleForm(f web.Frame) templ.Component {
	choices := []web.Choice{{Value: "call", Label: f.Texts.Format("call"), Hint: "Голос или видео", Selected: true},
		{Value: "chat", Label: f.Texts.Format("chat")}, {Value: "kk", Label: "Қазақша", Lang: "kk", Disabled: true}}
	money := []web.Choice{{Value: "RUB", Label: "₽", Selected: true}, {Value: "KZT", Label: "₸"}}
	parts := []templ.Component{
		templ.Raw(`<h1>Forms</h1>`),
		web.Tabs(f, "Views", []web.TabLink{{Label: "Profile", URL: "/me", Current: true}, {Label: "Services", URL: "/me/services", Count: 3}}),
		web.ErrorSummary(f, []web.Trouble{{Field: "f-title", Text: "Напиши название"}, {Text: "Форма устарела"}}),
		templ.Raw(`<form method="post" action="/me/profile">`), web.CSRF(f),
		web.Input(web.Field{Name: "title", Label: "Название", Hint: "До 80 знаков", Error: "Напиши название", Max: 80, Required: true, Mode: "text", Pattern: ".+", Holder: "Python с нуля"}),
		web.TextArea(f, web.Field{Name: "about", Label: "О себе", Hint: "Markdown", Max: 4000, Value: "</textarea><b>", Preview: "/me/preview"}),
		web.Select(web.Field{Name: "zone", Label: "Пояс", Hint: "Чьё время"}, choices),
		web.Checks(web.Field{Name: "formats", Label: "Форматы", Error: "Выбери хоть один"}, choices),
		web.Radios(web.Field{Name: "state", Label: "Состояние"}, choices),
		web.Check(web.Field{Name: "trial", Label: "Первый раз бесплатно"}, true),
		web.MoneyInput(f, web.MoneyField{Label: "Цена", Hint: "За одно занятие", Error: "Сумма числом",
			Amount: web.Field{Name: "price", Mode: "decimal", Value: "1500"}, Currency: "currency", Currencies: money}),
		web.Submit("Сохранить", "act", "save"),
		templ.Raw(`</form>`), web.Copy(f, "code", "abcd-efgh"),
		web.Table(web.Grid{Caption: "Ключи", Heads: []string{"Имя", "Когда"}, Rows: [][]string{{"телефон", "12 декабря"}}}),
		web.EmptyState(f, web.Empty{Title: "Услуг пока нет", Text: "Добавь первую.", Action: web.Link{Label: "Добавить", URL: "/me/services/new"}}),
	}
	body := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, `<main id="main" class="wrap page narrow">`)
		for _, p := range parts {
			if err := p.Render(ctx, w); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, `</main>`)
		return err
	})
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return web.Layout(f).Render(templ.WithChildren(ctx, body), w)
	})
}
