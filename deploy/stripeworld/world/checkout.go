package world

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// session is one page on which a buyer pays.
type session struct {
	id, on, currency, reference, text string
	success, cancel                   string
	amount                            int64
	created, expires                  time.Time
	status, paid                      string // open complete expired; unpaid paid
	metadata, about                   map[string]string
	intent                            string
	live                              bool // only a lie makes it so
}

const (
	leastLife = 30 * time.Minute
	mostLife  = 24 * time.Hour
	mostMinor = 99_999_999
)

// currencies are those that a charge may be in.
const currencies = " aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd " +
	"egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk " +
	"mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs tnd " +
	"top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw "

var currencyForm = regexp.MustCompile(`^[a-z]{3}$`)

// sum checks a price as Stripe does, which stripe-mock does not.
func sum(c *call) (int64, string, *refusal) {
	const at = "line_items[0][price_data]"
	currency := c.get(at + "[currency]")
	if !currencyForm.MatchString(currency) || !strings.Contains(currencies, " "+currency+" ") {
		return 0, "", bad(at+"[currency]", "", "Invalid currency: %s", currency)
	}
	unit, e := c.number(at+"[unit_amount]", 0)
	if e != nil {
		return 0, "", e
	}
	quantity, e := c.number("line_items[0][quantity]", 0)
	switch {
	case e != nil:
		return 0, "", e
	case quantity < 1 || quantity > 999_999:
		return 0, "", bad("line_items[0][quantity]", "parameter_invalid_integer", "Invalid quantity")
	case unit < 1:
		return 0, "", bad(at+"[unit_amount]", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case unit > math.MaxInt64/quantity || unit*quantity > mostMinor:
		return 0, "", bad(at+"[unit_amount]", "amount_too_large", "Amount must be no more than 999,999.99")
	case strings.Contains(" bhd jod kwd omr tnd ", " "+currency+" ") && unit%10 != 0:
		return 0, "", bad(at+"[unit_amount]", "", "The last digit of amounts in this currency must be 0")
	}
	return unit * quantity, currency, nil
}

func (w *World) newSession(c *call) (object, *refusal) {
	s, e := w.sessionOf(c)
	if e != nil {
		return nil, e
	}
	if !c.on.charges {
		return nil, &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", message: "Your account cannot currently make charges."}
	}
	s.id = w.id("cs_test_a1", 56)
	w.sessions[s.id] = s
	w.order = append(w.order, s.id)
	return w.drawSession(s), nil
}

// sessionOf reads a session out of a call and refuses what Stripe would.
func (w *World) sessionOf(c *call) (*session, *refusal) {
	if c.get("mode") != "payment" {
		return nil, unsimulated("modes of Checkout other than payment")
	}
	for name := range c.form {
		if strings.HasPrefix(name, "line_items[") && !strings.HasPrefix(name, "line_items[0]") {
			return nil, unsimulated("more than one line")
		}
		if strings.HasPrefix(name, "payment_method_types[") && c.get(name) != "card" {
			return nil, unsimulated("ways to pay other than card")
		}
	}
	amount, currency, e := sum(c)
	if e != nil {
		return nil, e
	}
	if c.get("line_items[0][price_data][product_data][name]") == "" {
		return nil, bad("line_items[0][price_data][product_data][name]", "parameter_missing", "A name is needed")
	}
	if e := webAddress(c, "success_url"); e != nil {
		return nil, e
	}
	if c.get("cancel_url") != "" {
		if e := webAddress(c, "cancel_url"); e != nil {
			return nil, e
		}
	}
	if len(c.get("client_reference_id")) > 200 {
		return nil, bad("client_reference_id", "", "client_reference_id has up to 200 characters")
	}
	expires, e := c.number("expires_at", w.now().Add(mostLife).Unix())
	if e != nil {
		return nil, e
	}
	life := time.Unix(expires, 0).Sub(w.now())
	if life < leastLife || life > mostLife {
		return nil, bad("expires_at", "", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	meta, e := c.metadata("metadata")
	if e != nil {
		return nil, e
	}
	about, e := c.metadata("payment_intent_data[metadata]")
	if e != nil {
		return nil, e
	}
	return &session{on: c.on.id, currency: currency, amount: amount, reference: c.get("client_reference_id"), text: c.get("line_items[0][price_data][product_data][name]"),
		success: c.get("success_url"), cancel: c.get("cancel_url"), created: w.now(), expires: time.Unix(expires, 0), status: "open", paid: "unpaid", metadata: meta, about: about}, nil
}

func (w *World) drawSession(s *session) object {
	out := object{"id": s.id, "object": "checkout.session", "mode": "payment", "status": s.status, "payment_status": s.paid, "amount_total": s.amount, "amount_subtotal": s.amount,
		"currency": s.currency, "client_reference_id": orNull(s.reference), "metadata": s.metadata, "payment_intent": orNull(s.intent), "livemode": s.live, "created": s.created.Unix(),
		"expires_at": s.expires.Unix(), "success_url": s.success, "cancel_url": orNull(s.cancel), "url": nil, "customer": nil, "customer_creation": "if_required", "customer_email": nil,
		"customer_details": nil, "payment_method_types": []string{"card"}, "ui_mode": "hosted"}
	if s.status == "open" {
		out["url"] = w.cfg.Base + "/pay/" + s.id
	}
	if s.status == "complete" {
		p := w.cfg.Person
		out["customer_details"] = object{"email": p.Email, "name": p.Name, "phone": p.Phone, "address": nil, "tax_exempt": "none", "tax_ids": []string{}}
	}
	return out
}

func (w *World) showSession(id, on string) object {
	if s := w.sessions[id]; s != nil && s.on == on {
		return w.drawSession(s)
	}
	return nil
}

func (w *World) expireSession(c *call) (object, *refusal) {
	s := w.sessions[c.id]
	if s == nil || s.on != c.on.id {
		return nil, missing("checkout.session", c.id)
	}
	if s.status != "open" {
		return nil, &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", message: "Only Checkout Sessions with a status in [\"open\"] can be expired. This Session has a status of `" + s.status + "`."}
	}
	w.expire(s)
	return w.drawSession(s), nil
}

func (w *World) expire(s *session) {
	s.status = "expired"
	w.tell(s.on, "checkout.session.expired", w.drawSession(s))
}

// getter answers a call for one object of the account it is made on.
func (w *World) getter(show func(id, on string) object, kind string) handler {
	return func(c *call) (object, *refusal) {
		if o := show(c.id, c.on.id); o != nil {
			return o, nil
		}
		return nil, missing(kind, c.id)
	}
}

// expanded puts objects into the places of ids that a call asks for.
func (w *World) expanded(c *call, o object) (object, *refusal) {
	for name := range c.form {
		if !strings.HasPrefix(name, "expand") {
			continue
		}
		for _, path := range c.form[name] {
			if !w.expand(o, strings.Split(path, "."), c.on.id) {
				e := bad("expand", "", "This property cannot be expanded (%s).", path)
				return nil, e
			}
		}
	}
	return o, nil
}

func (w *World) expand(o object, path []string, on string) bool {
	if len(path) == 0 {
		return true
	}
	if path[0] == "refunds" && o["object"] == "charge" {
		id := o["id"].(string)
		o["refunds"] = w.list(w.refundsWhere(func(r *refund) bool { return r.charge == id }), "/v1/charges/"+id+"/refunds", 10)
		return true
	}
	switch v := o[path[0]].(type) {
	case []object:
		return !slices.ContainsFunc(v, func(o object) bool { return !w.expand(o, path[1:], on) })
	case object:
		return w.expand(v, path[1:], on)
	case string:
		in := w.any(v, on)
		if in == nil {
			return false
		}
		o[path[0]] = in
		return w.expand(in, path[1:], on)
	case nil:
		_, known := o[path[0]]
		return known
	}
	return false
}

// any is the object of an id that may stand for one.
func (w *World) any(id, on string) object {
	for prefix, show := range map[string]func(string, string) object{"pi_": w.showIntent, "ch_": w.showCharge, "re_": w.showRefund} {
		if strings.HasPrefix(id, prefix) {
			return show(id, on)
		}
	}
	return nil
}

func (w *World) list(all []object, path string, limit int64) object {
	more := int64(len(all)) > limit
	if more {
		all = all[:limit]
	}
	if all == nil {
		all = []object{}
	}
	return object{"object": "list", "url": path, "has_more": more, "data": all}
}

// page cuts a list, the newest first, as the call's limit and cursors say.
func (w *World) page(c *call, all []object, path string) (object, *refusal) {
	limit, e := c.number("limit", 10)
	if e != nil {
		return nil, e
	}
	if limit < 1 || limit > 100 {
		return nil, bad("limit", "parameter_invalid_integer", "limit is from 1 to 100")
	}
	at := func(name string) (int, *refusal) {
		i := slices.IndexFunc(all, func(o object) bool { return o["id"] == c.get(name) })
		if i < 0 {
			return 0, bad(name, "resource_missing", "No such object: '%s'", c.get(name))
		}
		return i, nil
	}
	if c.get("starting_after") != "" {
		i, e := at("starting_after")
		if e != nil {
			return nil, e
		}
		all = all[i+1:]
	}
	if c.get("ending_before") != "" {
		i, e := at("ending_before")
		if e != nil {
			return nil, e
		}
		all = all[max(0, i-int(limit)):i]
	}
	return w.list(all, path, limit), nil
}
