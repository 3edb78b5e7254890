// Package config turns flags, environment and a TOML file into one struct,
// once, at the start. It promises one precedence (flags, then environment,
// then file, then defaults), that a key nobody knows is an error with its name
// and source, and that all faults are told at once. It refuses to print secret
// values: what leaves it for a screen or a log goes through Redacted.
package config

import (
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Config is everything an operator can set. Load gives a checked one; Default
// is right as it is.
type Config struct {
	Listen         string // host:port to serve on; port 0 takes a free one
	Data           string // folder of everything the branch keeps
	URL            string // canonical address without a path; empty only while the port is not known, see Bound
	DatabaseURL    string // postgres://…; empty: SQLite in the data folder
	MeiliURL       string // Meilisearch; empty: the embedded engine
	MeiliKey       string // its API key
	MetricsListen  string // host:port of /metrics; empty: off
	Secrets        string // folder of the keys; empty: <Data>/secrets
	TrustedProxies string // addresses and networks, by commas, whose X-Forwarded-For is believed; empty: nobody's
	LinkHosts      string // hosts, by commas, of payment pages that sellers may link to; empty: the program's own list

	StripeSecretKey      string // sk_… or rk_…; empty: no Stripe
	StripeWebhookSecrets string // whsec_…, by commas
	StripeAPIBase        string // a stand-in for Stripe's API; empty: Stripe itself

	Demo bool // fill an empty branch with made-up people
}

// Default is what Load gives when nothing is set.
func Default() Config {
	return Config{Listen: defaultListen, Data: defaultData, URL: localURL("8080")}
}

// Proxies are the networks of the trusted proxies.
func (c Config) Proxies() []netip.Prefix {
	list, _ := parseProxies(c.TrustedProxies) // checked by Load
	return list
}

// Links are the hosts of payment pages that sellers may link to; none: the
// program's own list.
func (c Config) Links() []string {
	list, _ := parseHosts(c.LinkHosts) // checked by Load
	return list
}

// WebhookSecrets are the signing secrets of Stripe's webhook endpoint, all of
// which hold.
func (c Config) WebhookSecrets() []string {
	list, _ := parseSecrets(c.StripeWebhookSecrets) // checked by Load
	return list
}

// Addr is the address to listen on.
func (c Config) Addr() string { return c.Listen }

// SecretsDir is the folder of the keys.
func (c Config) SecretsDir() string {
	if c.Secrets != "" {
		return c.Secrets
	}
	return filepath.Join(c.Data, "secrets")
}

// Secure tells that people reach the branch by https, so that cookies get the
// __Host- prefix and HSTS is right.
func (c Config) Secure() bool { return strings.HasPrefix(c.URL, "https://") }

// Host is the canonical host without a port.
func (c Config) Host() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// RPID is the passkeys' relying party id, and false where the host is an IP
// address, which cannot be one: passkeys are off then.
func (c Config) RPID() (string, bool) {
	host := c.Host()
	_, err := netip.ParseAddr(host)
	return host, host != "" && err != nil
}

// Bound is the configuration after the program got its port: it fills the URL
// that could not be known before.
func (c Config) Bound(port int) Config {
	if c.URL == "" {
		c.URL = localURL(strconv.Itoa(port))
	}
	return c
}

// Redacted gives every setting by key as text that may be shown: passwords in
// addresses are masked, keys are only told to be set.
func (c Config) Redacted() map[string]string {
	out := map[string]string{}
	for _, s := range settings {
		value := s.show(&c)
		switch {
		case value == "":
		case s.setting.Secret:
			value = "(set)"
		case strings.Contains(value, "://"):
			value = redactURL(value)
		}
		out[s.setting.Key] = value
	}
	return out
}

// String lists the settings without secrets, so that no log can print one.
func (c Config) String() string {
	shown := c.Redacted()
	var b strings.Builder
	for i, s := range settings {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.setting.Key + "=" + strconv.Quote(shown[s.setting.Key]))
	}
	return b.String()
}

// GoString is String, for %#v.
func (c Config) GoString() string { return c.String() }

// redactURL masks the password and drops the query, where drivers take
// passwords too.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not an address)"
	}
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.Redacted()
}

func localURL(port string) string {
	if port == "80" {
		return "http://localhost"
	}
	return "http://" + net.JoinHostPort("localhost", port)
}
