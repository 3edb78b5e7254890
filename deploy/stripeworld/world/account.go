package world

import (
	"net/url"
	"time"
)

// account is a seller's standard account.
type account struct {
	id, country                 string
	submitted, charges, payouts bool
	gone                        bool // it took the platform's access away
	created                     time.Time
	metadata                    map[string]string
}

// link is where a seller fills an account in: it opens once, within minutes.
type link struct {
	account, refresh, back string
	expires                time.Time
	opened                 bool
}

func (a *account) show(p Person) object {
	due := []string{}
	var why any
	if !a.submitted {
		due, why = []string{"business_profile.url", "external_account", "tos_acceptance.date"}, "requirements.past_due"
	}
	return object{"id": a.id, "object": "account", "type": "standard", "country": a.country, "charges_enabled": a.charges, "payouts_enabled": a.payouts,
		"details_submitted": a.submitted, "default_currency": "usd", "created": a.created.Unix(), "metadata": a.metadata, "email": "seller-of-" + p.Email,
		"business_profile": object{"name": p.Name, "support_phone": p.Phone, "url": nil},
		"requirements":     object{"currently_due": due, "eventually_due": due, "past_due": due, "pending_verification": []string{}, "disabled_reason": why, "errors": []string{}, "current_deadline": nil}}
}

func (w *World) newAccount(c *call) (object, *refusal) {
	if c.get("type") != "standard" {
		return nil, unsimulated("accounts other than standard")
	}
	meta, e := c.metadata("metadata")
	if e != nil {
		return nil, e
	}
	country := c.get("country")
	if country == "" {
		country = "US"
	}
	a := &account{id: w.id("acct_1", 15), country: country, created: w.now(), metadata: meta}
	w.accounts[a.id] = a
	w.order = append(w.order, a.id)
	return a.show(w.cfg.Person), nil
}

func (w *World) getAccount(c *call) (object, *refusal) {
	a, e := w.reach(c.id)
	if e != nil {
		return nil, e
	}
	return a.show(w.cfg.Person), nil
}

func (w *World) newLink(c *call) (object, *refusal) {
	a, e := w.reach(c.get("account"))
	if e != nil {
		return nil, e
	}
	if c.get("type") != "account_onboarding" {
		return nil, unsimulated("account links other than account_onboarding")
	}
	for _, f := range []string{"refresh_url", "return_url"} {
		if e := webAddress(c, f); e != nil {
			return nil, e
		}
	}
	l := &link{account: a.id, refresh: c.get("refresh_url"), back: c.get("return_url"), expires: w.now().Add(5 * time.Minute)}
	token := w.id("", 24)
	w.links[token] = l
	return object{"object": "account_link", "created": w.now().Unix(), "expires_at": l.expires.Unix(), "url": w.cfg.Base + "/connect/" + token}, nil
}

// webAddress refuses what is missing or no address of a page.
func webAddress(c *call, field string) *refusal {
	s := c.get(field)
	if s == "" {
		return bad(field, "parameter_missing", "Missing required param: %s.", field)
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(s) > 5000 {
		return bad(field, "url_invalid", "Not a valid URL")
	}
	return nil
}
