package world

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages.html
var pagesText string

// pages are the templates: pay, connect, note and dashboard.
func pages(name string) *template.Template {
	return template.Must(template.New("").Parse(pagesText)).Lookup(name)
}

// payPage is the buyer's page.
func (w *World) payPage(rw http.ResponseWriter, r *http.Request) {
	for _, s := range w.Sessions() {
		if s.ID != r.PathValue("id") {
			continue
		}
		if s.Status != "open" {
			draw(rw, pages("note"), http.StatusGone, "This page has been used or has run out. / Эта страница уже использована или истекла.")
			return
		}
		draw(rw, pages("pay"), http.StatusOK, map[string]any{"S": s, "Sum": display(s.Amount, s.Currency), "Declined": r.URL.Query().Has("declined")})
		return
	}
	draw(rw, pages("note"), http.StatusNotFound, "There is no such page. / Такой страницы нет.")
}

// display is an amount in Stripe's minor units for people.
func display(n int64, currency string) string {
	name := strings.ToUpper(currency)
	switch {
	case strings.Contains(" bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf ", " "+currency+" "):
		return fmt.Sprintf("%d %s", n, name)
	case strings.Contains(" bhd jod kwd omr tnd ", " "+currency+" "):
		return fmt.Sprintf("%d.%03d %s", n/1000, n%1000, name)
	}
	return fmt.Sprintf("%d.%02d %s", n/100, n%100, name)
}

// payForm is what the buyer pressed.
func (w *World) payForm(rw http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	w.mu.Lock()
	s := w.sessions[id]
	w.mu.Unlock()
	if s == nil {
		draw(rw, pages("note"), http.StatusNotFound, "There is no such page. / Такой страницы нет.")
		return
	}
	switch r.PostFormValue("do") { // success and cancel are never changed, so they need no lock
	case "pay":
		if _, err := w.Pay(id); err != nil {
			draw(rw, pages("note"), http.StatusConflict, "This page can no longer be paid. / По этой странице больше нельзя заплатить.")
			return
		}
		http.Redirect(rw, r, strings.ReplaceAll(s.success, "{CHECKOUT_SESSION_ID}", id), http.StatusSeeOther)
	case "decline":
		_ = w.Decline(id) // where it is not open any more the page says so
		http.Redirect(rw, r, "/pay/"+id+"?declined", http.StatusSeeOther)
	case "leave":
		to := s.cancel
		if to == "" {
			to = s.success
		}
		http.Redirect(rw, r, to, http.StatusSeeOther)
	default:
		http.Error(rw, "pay, decline or leave", http.StatusBadRequest)
	}
}

// connectPage is where a seller fills an account in: a link opens once.
func (w *World) connectPage(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	l := w.links[r.PathValue("token")]
	again := l != nil && (l.opened || w.now().After(l.expires))
	if l != nil && !again {
		l.opened = true
	}
	w.mu.Unlock()
	switch {
	case l == nil:
		draw(rw, pages("note"), http.StatusNotFound, "There is no such page. / Такой страницы нет.")
	case again:
		http.Redirect(rw, r, l.refresh, http.StatusSeeOther)
	default:
		draw(rw, pages("connect"), http.StatusOK, l.account)
	}
}

func (w *World) connectForm(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	l := w.links[r.PathValue("token")]
	w.mu.Unlock()
	if l == nil {
		draw(rw, pages("note"), http.StatusNotFound, "There is no such page. / Такой страницы нет.")
		return
	}
	var err error
	switch r.PostFormValue("do") {
	case "finish":
		err = w.Enable(l.account, true, true)
	case "review":
		err = w.Enable(l.account, true, false)
	}
	if err != nil {
		draw(rw, pages("note"), http.StatusConflict, "The account has left the platform. / Счёт отключён от площадки.")
		return
	}
	http.Redirect(rw, r, l.back, http.StatusSeeOther)
}

// dashboard shows what there is, with buttons for what sellers and banks do.
func (w *World) dashboard(rw http.ResponseWriter, _ *http.Request) {
	type row struct {
		Session
		Sum, Dispute string
	}
	var rows []row
	for _, s := range w.Sessions() {
		rows = append(rows, row{Session: s, Sum: display(s.Amount, s.Currency)})
	}
	w.mu.Lock()
	var accounts []object
	for _, id := range w.order {
		if a := w.accounts[id]; a != nil {
			accounts = append(accounts, object{"ID": a.id, "Charges": a.charges, "Gone": a.gone})
		}
		for i := range rows {
			if d := w.disputes[id]; d != nil && d.intent == rows[i].Payment && (d.status == "needs_response" || d.status == "under_review") {
				rows[i].Dispute = d.id
			}
		}
	}
	waiting := len(w.queue)
	w.mu.Unlock()
	draw(rw, pages("dashboard"), http.StatusOK, map[string]any{"Rows": rows, "Accounts": accounts, "Waiting": waiting, "Seed": w.cfg.Seed})
}
