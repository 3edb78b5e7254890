package stripe

import (
	"context"
	"strconv"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// WebhookPath is where the branch takes events.
const WebhookPath = "/webhooks/stripe"

// Check is one thing that the doctor looked at.
type Check struct {
	Name string `json:"name"` // key, mode, endpoint, secrets, version, accounts, inbox, findings
	OK   bool   `json:"ok"`
	Note string `json:"note"` // one English sentence or a number; no key and no name
}

// Doctor looks at the key, the mode, the endpoint and the version at Stripe, the
// sellers' accounts, the inbox and the findings.
func (s *Stripe) Doctor(ctx context.Context) []Check {
	mode := "test: no real money moves"
	if s.live {
		mode = "live"
	}
	out := []Check{{"mode", !s.live || strings.HasPrefix(s.url, "https://"), mode},
		{"secrets", len(s.cfg.Secrets) > 0, strconv.Itoa(len(s.cfg.Secrets)) + " signing secrets"},
		{"version", sdk.APIVersion == apiVersion, apiVersion}}
	out = append(out, s.endpoint(ctx)...)
	return append(out, s.counts(ctx)...)
}

// endpoint asks whether Stripe knows where to tell us.
func (s *Stripe) endpoint(ctx context.Context) []Check {
	p := &sdk.WebhookEndpointListParams{}
	p.Context, p.Limit, p.Single = ctx, sdk.Int64(100), true
	all := s.api.WebhookEndpoints.List(p)
	ok, note, same := false, "", 0
	for all.Next() {
		w := all.WebhookEndpoint()
		if w.URL != s.url+WebhookPath {
			continue
		}
		if fine, said := judged(w); fine && !ok || note == "" {
			ok, note = fine, said
		}
		same++
	}
	switch {
	case same == 0:
		note = "Stripe does not know " + s.url + WebhookPath + ": oduvan stripe webhook create"
	case same > 1:
		note += "; " + strconv.Itoa(same) + " endpoints have the address: take out the old one once its secret is not needed"
	}
	if err := told(all.Err()); err != nil {
		return []Check{{"key", false, fault.KindOf(err).String() + ": Stripe does not answer this key"}, {"endpoint", false, "not known"}}
	}
	return []Check{{"key", true, "Stripe answers"}, {"endpoint", ok, note}}
}

// judged tells whether an endpoint of ours hears all that it must, and what to say
// of it.
func judged(w *sdk.WebhookEndpoint) (ok bool, note string) {
	if w.Status != "enabled" {
		return false, "the endpoint " + w.URL + " is disabled at Stripe"
	}
	for _, t := range types() {
		if !has(w.EnabledEvents, t) {
			return false, "the endpoint does not hear of " + t
		}
	}
	if w.APIVersion != "" && w.APIVersion != apiVersion {
		return true, w.URL + ", of another version, which does not matter"
	}
	return true, w.URL
}

func has(list []string, want string) bool {
	for _, one := range list {
		if one == want || one == "*" {
			return true
		}
	}
	return false
}

// counts looks at our own rows.
func (s *Stripe) counts(ctx context.Context) []Check {
	var ready, all, waiting, open int
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		for query, n := range map[string]*int{
			"SELECT count(*) FROM stripe_account WHERE state = 'ready'":     &ready,
			"SELECT count(*) FROM stripe_account":                           &all,
			"SELECT count(*) FROM payment_inbox WHERE done_at IS NULL":      &waiting,
			"SELECT count(*) FROM payment_finding WHERE settled_at IS NULL": &open,
		} {
			if err := tx.NewRaw(query).Scan(ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
	return []Check{{"accounts", err == nil, strconv.Itoa(ready) + " of " + strconv.Itoa(all) + " connected accounts can be paid"},
		{"inbox", err == nil && waiting < 1000, strconv.Itoa(waiting) + " events wait"},
		{"findings", err == nil && open == 0, strconv.Itoa(open) + " findings have to be looked at"}}
}

// CreateWebhook tells Stripe where to send events and gives the signing secret,
// which Stripe says only this once. Faults: Unavailable; Conflict stripe_refused.
func (s *Stripe) CreateWebhook(ctx context.Context) (secret string, err error) {
	got, err := s.api.WebhookEndpoints.New(&sdk.WebhookEndpointParams{Params: sdk.Params{Context: ctx}, URL: sdk.String(s.url + WebhookPath), Connect: sdk.Bool(true),
		APIVersion: sdk.String(apiVersion), EnabledEvents: sdk.StringSlice(types())})
	if err != nil {
		return "", told(err)
	}
	return got.Secret, nil
}
