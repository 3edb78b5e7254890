package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// check validates all fields, fills what follows from others and brings the
// URL into its canonical form. Its errors name the settings by their keys.
func (c *Config) check() error {
	var faults []error
	add := func(key string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("config: %s: %w", key, err))
		}
	}
	port, err := checkListen(c.Listen)
	add("listen", err)
	if c.Data == "" {
		add("data", errors.New("is empty"))
	} else {
		c.Data = filepath.Clean(c.Data)
	}
	if c.URL == "" && err == nil && port != "0" {
		c.URL = localURL(port)
	} else if c.URL != "" {
		c.URL, err = canonicalURL(c.URL)
		add("url", err)
	}
	add("database_url", checkDatabase(c.DatabaseURL))
	add("meili_url", checkService(c.MeiliURL))
	if c.MeiliKey != "" && c.MeiliURL == "" {
		add("meili_key", errors.New("is set without meili_url"))
	}
	if c.MetricsListen != "" {
		port, err := checkListen(c.MetricsListen)
		add("metrics_listen", err)
		if err == nil && port != "0" && c.MetricsListen == c.Listen {
			add("metrics_listen", errors.New("is the same as listen"))
		}
	}
	_, err = parseProxies(c.TrustedProxies)
	add("trusted_proxies", err)
	_, err = parseHosts(c.LinkHosts)
	add("link_hosts", err)
	c.checkStripe(add)
	return errors.Join(faults...)
}

// checkStripe refuses keys of another kind: a publishable key in the place of a
// secret one, or a stand-in for Stripe that would hear a live key.
func (c *Config) checkStripe(add func(string, error)) {
	if c.StripeSecretKey != "" && !stripeKey.MatchString(c.StripeSecretKey) {
		add("stripe_secret_key", errors.New("must be a secret or restricted key: sk_test_…, sk_live_…, rk_test_… or rk_live_…"))
	}
	_, err := parseSecrets(c.StripeWebhookSecrets)
	add("stripe_webhook_secrets", err)
	if c.StripeSecretKey == "" && c.StripeWebhookSecrets != "" {
		add("stripe_webhook_secrets", errors.New("is set without stripe_secret_key"))
	}
	if c.StripeAPIBase == "" {
		return
	}
	u, err := webURL(c.StripeAPIBase)
	switch {
	case err != nil:
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		err = errors.New("must end after the host and port")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		err = errors.New("must be https unless it is this machine")
	case u.Hostname() != "api.stripe.com" && strings.Contains(c.StripeSecretKey, "_live_"):
		err = errors.New("is for tests: a live key goes to Stripe alone")
	default:
		c.StripeAPIBase = u.Scheme + "://" + u.Host
	}
	add("stripe_api_base", err)
}

// How long the part behind the prefix is, only Stripe knows; its stand-ins take
// keys as short as sk_test_123 and secrets such as whsec_test.
var (
	stripeKey    = regexp.MustCompile(`^[sr]k_(test|live)_[A-Za-z0-9_]{1,250}$`)
	stripeSecret = regexp.MustCompile(`^whsec_[A-Za-z0-9+/=_-]{1,250}$`)
)

func isLoopback(host string) bool {
	addr, notIP := netip.ParseAddr(host)
	return loopback(strings.ToLower(host), addr, notIP == nil)
}

// parseSecrets reads signing secrets with commas between them. Its errors never
// quote one.
func parseSecrets(text string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if !stripeSecret.MatchString(part) {
			return nil, errors.New("must be signing secrets such as whsec_…, with commas between them")
		}
		out = append(out, part)
	}
	return out, nil
}

// parseProxies reads addresses and networks with commas between them. The
// whole internet is refused: anybody's word would be believed then.
func parseProxies(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if addr, err := netip.ParseAddr(part); err == nil {
			addr = addr.Unmap().WithZone("")
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(part)
		if err != nil || network.Bits() == 0 {
			return nil, errors.New("must be IP addresses or networks such as 10.0.0.0/8, with commas between them")
		}
		out = append(out, network.Masked())
	}
	return out, nil
}

// parseHosts reads names of hosts with commas between them, in lower case.
func parseHosts(text string) ([]string, error) {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part == "" {
			continue
		}
		bad := strings.ContainsFunc(part, func(r rune) bool { return r != '.' && r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') })
		if _, err := netip.ParseAddr(part); bad || err == nil || !strings.Contains(part, ".") || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") {
			return nil, errors.New("must be names of hosts such as boosty.to, with commas between them")
		}
		out = append(out, part)
	}
	return out, nil
}

// checkListen gives the port of a host:port.
func checkListen(text string) (port string, err error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errors.New("must be host:port")
	}
	if strings.ContainsAny(host, " /@") {
		return "", errors.New("the host is malformed")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", errors.New("the port must be a number from 0 to 65535")
	}
	return port, nil
}

// canonicalURL checks the branch's own address: only scheme, host and port.
// Plain http is for this machine alone: elsewhere browsers keep passkeys off
// and anybody on the way could read the session.
func canonicalURL(text string) (string, error) {
	u, err := webURL(text)
	if err != nil {
		return text, err
	}
	if (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return text, errors.New("must end after the host and port")
	}
	host := strings.ToLower(u.Hostname())
	addr, notIP := netip.ParseAddr(host)
	switch {
	case u.Scheme == "https" && notIP == nil:
		return text, errors.New("an IP address cannot hold passkeys: use a host name")
	case u.Scheme == "http" && !loopback(host, addr, notIP == nil):
		return text, errors.New("must be https unless it is localhost")
	}
	return u.Scheme + "://" + hostPort(host, u), nil
}

func loopback(host string, addr netip.Addr, isIP bool) bool {
	if isIP {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// hostPort drops a port that the scheme means anyway, as browsers do in Origin.
func hostPort(host string, u *url.URL) string {
	port := u.Port()
	if (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
		port = ""
	}
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// webURL parses an http(s) address. It never wraps the parser's error, which
// quotes the text and with it a password.
func webURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("must start with http:// or https://")
	}
	if u.User != nil {
		return nil, errors.New("must not hold a user or password")
	}
	host := u.Hostname()
	if host == "" || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-:_") != "" {
		return nil, errors.New("the host is missing or malformed (write a national name in punycode)")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("the port must be a number from 1 to 65535")
		}
	}
	return u, nil
}

func checkService(text string) error {
	if text == "" {
		return nil
	}
	u, err := webURL(text)
	if err == nil && (u.RawQuery != "" || u.Fragment != "") {
		err = errors.New("must not hold a query or fragment")
	}
	return err
}

func checkDatabase(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return errors.New("must be a postgres:// address")
	}
	return nil
}
