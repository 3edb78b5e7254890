package world

import (
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP answers the API, the pages and the controls.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		w.api(rw, r)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pay/{id}", w.payPage)
	mux.HandleFunc("POST /pay/{id}", w.payForm)
	mux.HandleFunc("GET /connect/{token}", w.connectPage)
	mux.HandleFunc("POST /connect/{token}", w.connectForm)
	mux.HandleFunc("GET /_world/state", w.stateJSON)
	mux.HandleFunc("POST /_world/{verb}", w.control)
	mux.HandleFunc("GET /{$}", w.dashboard)
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	http.NewCrossOriginProtection().Handler(mux).ServeHTTP(rw, r)
}

// control does one verb of the controls by a form's fields.
func (w *World) control(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(rw, "unreadable form", http.StatusBadRequest)
		return
	}
	id, err := w.verb(r)
	if back := r.Form.Get("back"); err == nil && back == "/" {
		http.Redirect(rw, r, back, http.StatusSeeOther)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	out := map[string]any{"result": id}
	if err != nil {
		out = map[string]any{"error": err.Error()}
		status := http.StatusBadRequest
		if errors.Is(err, ErrUnknown) {
			status = http.StatusNotFound
		} else if errors.Is(err, ErrState) {
			status = http.StatusConflict
		}
		rw.WriteHeader(status)
	}
	_, _ = rw.Write(encode(out))
}

// verb is the table of the controls; README.md lists it.
func (w *World) verb(r *http.Request) (any, error) {
	f, id := r.Form.Get, r.Form.Get("id")
	yes := func(name string) bool { v, _ := strconv.ParseBool(f(name)); return v }
	num := func(name string) int64 { v, _ := strconv.ParseInt(f(name), 10, 64); return v }
	switch r.PathValue("verb") {
	case "open":
		return w.Open(), nil
	case "clock":
		if w.cfg.Move == nil {
			return nil, ErrUnknown
		}
		w.cfg.Move(time.Unix(num("at"), 0))
		return nil, nil
	case "move-endpoint":
		return nil, w.Readdress(id, f("url"))
	case "listen":
		return w.Listen(f("url"), f("secret"), r.Form["type"]...), nil
	case "roll":
		return nil, w.Roll(id, f("secret"), yes("both"))
	case "enable":
		return nil, w.Enable(id, !yes("unfilled"), !yes("closed"))
	case "deauthorise":
		return nil, w.Deauthorise(id)
	case "pay":
		return w.Pay(id)
	case "pay-late":
		return w.PayLate(id)
	case "pay-twice":
		return w.PayTwice(f("order"))
	case "decline":
		return nil, w.Decline(id)
	case "pay-later":
		return nil, w.PayLater(id)
	case "clear":
		return nil, w.Clear(id, !yes("failed"))
	case "expire":
		return nil, w.Expire(id)
	case "refund":
		return w.Refund(id, num("amount"))
	case "fail-refund":
		return nil, w.FailRefund(id)
	case "dispute":
		return w.Dispute(id, yes("inquiry"))
	case "move":
		return nil, w.Move(id, f("status"))
	case "tamper":
		return nil, w.Tamper(id, Lie{num("amount"), f("currency"), f("reference"), f("order"), f("attempt"), yes("live"), num("fee")})
	case "fault":
		w.Plant(Fault{f("method"), f("path"), int(num("status")), yes("after"), yes("sticky"), int(num("skip")), int(num("times")), time.Duration(num("hold")) * time.Millisecond})
		return nil, nil
	case "release":
		w.Release()
		return nil, nil
	case "manners":
		return nil, w.behave(f("manners"))
	case "resend":
		return nil, w.Resend(id)
	case "deliver":
		return w.DeliverAll(r.Context(), max(1, int(num("rounds")))), nil
	case "sign":
		return Sign([]byte(f("payload")), time.Unix(num("at"), 0), r.Form["secret"]...), nil
	}
	return nil, ErrUnknown
}

// behave reads manners: calm, hostile, or the numbers as JSON.
func (w *World) behave(text string) error {
	m := Hostile()
	switch text {
	case "hostile":
	case "calm":
		m = Calm()
	default:
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return err
		}
	}
	w.Behave(m)
	return nil
}

func (w *World) stateJSON(rw http.ResponseWriter, _ *http.Request) {
	type told struct {
		ID, Account, Type string
		Waiting           int
		Payload           string
	}
	events := []told{}
	for _, e := range w.Events() {
		events = append(events, told{e.ID, e.Account, e.Type, e.Waiting, string(e.Payload)})
	}
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(encode(map[string]any{"seed": strconv.FormatUint(w.cfg.Seed, 10), "sessions": w.Sessions(), "events": events, "calls": w.Calls()}))
}

func draw(rw http.ResponseWriter, t *template.Template, status int, data any) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_ = t.Execute(rw, data)
}
