package world

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is something that happened on an account, as it was then.
type event struct {
	id, on, kind string
	at           time.Time
	payload      []byte
	waiting      int // endpoints that have not taken it
}

// endpoint is where the platform hears of events.
type endpoint struct {
	id, url string
	connect bool
	types   []string
	secrets []string // the newest first; an older one signs too while it is rolled
	off     bool
}

// takes tells whether an endpoint asked for a type.
func (p *endpoint) takes(kind string) bool {
	return p.connect && !p.off && (slices.Contains(p.types, "*") || slices.Contains(p.types, kind))
}

// tell makes an event and puts it before all endpoints that asked for it.
func (w *World) tell(on, kind string, about object) *event {
	e := &event{id: w.id("evt_1", 23), on: on, kind: kind, at: w.now()}
	for _, p := range w.endpoints {
		if p.takes(kind) {
			e.waiting++
		}
	}
	e.payload = encode(object{"id": e.id, "object": "event", "account": on, "api_version": APIVersion, "created": e.at.Unix(), "livemode": false, "type": kind,
		"data": object{"object": about}, "pending_webhooks": e.waiting, "request": object{"id": nil, "idempotency_key": nil}})
	w.events = append(w.events, e)
	for _, p := range w.endpoints {
		if p.takes(kind) {
			w.post(e, p)
		}
	}
	return e
}

// drawEvent is an event as the API shows it.
func (w *World) drawEvent(e *event) object {
	o := decode(e.payload)
	o["pending_webhooks"] = e.waiting
	return o
}

func (w *World) showEvent(id, on string) object {
	for _, e := range w.events {
		if e.id == id && e.on == on && w.kept(e) {
			return w.drawEvent(e)
		}
	}
	return nil
}

// kept tells that Stripe still lists an event: for 30 days.
func (w *World) kept(e *event) bool { return w.now().Sub(e.at) <= 30*24*time.Hour }

func (w *World) listEvents(c *call) (object, *refusal) {
	var types []string
	for name, all := range c.form {
		if name == "type" || strings.HasPrefix(name, "types[") {
			types = append(types, all...)
		}
	}
	for _, name := range []string{"created[gt]", "created[gte]", "created[lt]", "created[lte]"} {
		if _, e := c.number(name, 0); e != nil {
			return nil, e
		}
	}
	done, asked := c.get("delivery_success") == "true", c.get("delivery_success") != ""
	var all []object
	for _, e := range slices.Backward(w.events) {
		if e.on != c.on.id || !w.kept(e) || len(types) > 0 && !slices.Contains(types, e.kind) || asked && done != (e.waiting == 0) || !c.since(e.at.Unix()) {
			continue
		}
		all = append(all, w.drawEvent(e))
	}
	return w.page(c, all, "/v1/events")
}

// since tells whether a time is within created[…].
func (c *call) since(at int64) bool {
	n := func(name string) (int64, bool) {
		v, err := strconv.ParseInt(c.get("created["+name+"]"), 10, 64)
		return v, err == nil
	}
	gt, a := n("gt")
	gte, b := n("gte")
	lt, d := n("lt")
	lte, f := n("lte")
	return (!a || at > gt) && (!b || at >= gte) && (!d || at < lt) && (!f || at <= lte)
}

func (w *World) newEndpoint(c *call) (object, *refusal) {
	if e := webAddress(c, "url"); e != nil {
		return nil, e
	}
	if v := c.get("api_version"); v != "" && v != APIVersion {
		return nil, unsimulated("the version " + v)
	}
	var types []string
	for name, all := range c.form {
		if strings.HasPrefix(name, "enabled_events[") {
			types = append(types, all...)
		}
	}
	if len(types) == 0 {
		return nil, bad("enabled_events", "parameter_missing", "Missing required param: enabled_events.")
	}
	if len(w.endpoints) == 16 {
		return nil, &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", message: "You have reached the maximum of 16 test webhook endpoints."}
	}
	slices.Sort(types)
	p := w.listen(c.get("url"), w.id("whsec_", 32), types)
	p.connect = c.get("connect") == "true"
	o := p.show()
	o["secret"] = p.secrets[0]
	return o, nil
}

func (w *World) listen(url, secret string, types []string) *endpoint {
	p := &endpoint{id: w.id("we_1", 23), url: url, connect: true, types: types, secrets: []string{secret}}
	w.endpoints = append(w.endpoints, p)
	return p
}

func (p *endpoint) show() object {
	status := "enabled"
	if p.off {
		status = "disabled"
	}
	return object{"id": p.id, "object": "webhook_endpoint", "url": p.url, "status": status, "enabled_events": p.types, "api_version": APIVersion, "livemode": false, "metadata": object{}, "application": nil, "created": 0}
}

func (w *World) listEndpoints(c *call) (object, *refusal) {
	var all []object
	for _, p := range slices.Backward(w.endpoints) {
		all = append(all, p.show())
	}
	return w.page(c, all, "/v1/webhook_endpoints")
}
