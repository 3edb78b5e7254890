package config

import (
	"strconv"

	"github.com/spf13/pflag"
)

const (
	defaultListen = "127.0.0.1:8080"
	defaultData   = "./data"

	envPrefix  = "ODUVAN_"
	configFlag = "config"
	configEnv  = envPrefix + "CONFIG"
)

// Setting describes one setting for the documentation, `config check` and
// shell completion.
type Setting struct {
	Key     string // in the TOML file
	Flag    string // without dashes; empty where a flag would show a secret in the process list
	Env     string
	Default string // as text; empty: none or computed, as Help tells
	Help    string // one English sentence without a full stop
	Secret  bool   // never shown
}

// setting ties a description to the field it fills.
type setting struct {
	setting Setting
	text    func(*Config) *string // exactly one of text and flag
	flag    func(*Config) *bool
}

// settings is the one table of all settings, in the order they are shown.
var settings = []setting{
	{text: func(c *Config) *string { return &c.Listen }, setting: Setting{
		Key: "listen", Flag: "listen", Default: defaultListen, Help: "address and port to serve on"}},
	{text: func(c *Config) *string { return &c.Data }, setting: Setting{
		Key: "data", Flag: "data", Default: defaultData, Help: "folder of everything the branch keeps"}},
	{text: func(c *Config) *string { return &c.URL }, setting: Setting{
		Key: "url", Flag: "url", Help: "address people open, https unless it is this machine; by default http://localhost with the port"}},
	{text: func(c *Config) *string { return &c.DatabaseURL }, setting: Setting{
		Key: "database_url", Flag: "database-url", Help: "postgres:// address; by default SQLite in the data folder"}},
	{text: func(c *Config) *string { return &c.MeiliURL }, setting: Setting{
		Key: "meili_url", Flag: "meili-url", Help: "address of a Meilisearch server; by default the embedded engine"}},
	{text: func(c *Config) *string { return &c.MeiliKey }, setting: Setting{
		Key: "meili_key", Secret: true, Help: "API key of the Meilisearch server"}},
	{text: func(c *Config) *string { return &c.MetricsListen }, setting: Setting{
		Key: "metrics_listen", Flag: "metrics-listen", Help: "address and port of Prometheus metrics; off by default"}},
	{text: func(c *Config) *string { return &c.Secrets }, setting: Setting{
		Key: "secrets", Flag: "secrets", Help: "folder of the keys; by default secrets in the data folder"}},
	{text: func(c *Config) *string { return &c.TrustedProxies }, setting: Setting{
		Key: "trusted_proxies", Flag: "trusted-proxies",
		Help: "addresses or networks, by commas, of proxies whose X-Forwarded-For is believed; none by default"}},
	{text: func(c *Config) *string { return &c.LinkHosts }, setting: Setting{
		Key: "link_hosts", Flag: "link-hosts",
		Help: "hosts, by commas, of payment pages that sellers may link to; by default a list of usual ones"}},
	{text: func(c *Config) *string { return &c.StripeSecretKey }, setting: Setting{
		Key: "stripe_secret_key", Secret: true, Help: "secret key of a Stripe account for card payments straight to sellers; without it there is no word of Stripe"}},
	{text: func(c *Config) *string { return &c.StripeWebhookSecrets }, setting: Setting{
		Key: "stripe_webhook_secrets", Secret: true, Help: "signing secrets of Stripe's webhook endpoint, by commas while they change"}},
	{text: func(c *Config) *string { return &c.StripeAPIBase }, setting: Setting{
		Key: "stripe_api_base", Flag: "stripe-api-base", Help: "address of a stand-in for Stripe, for tests; by default Stripe itself"}},
	{flag: func(c *Config) *bool { return &c.Demo }, setting: Setting{
		Key: "demo", Flag: "demo", Default: "false", Help: "fill an empty branch with made-up people"}},
}

// show is the current value as text.
func (s setting) show(c *Config) string {
	if s.flag != nil {
		return strconv.FormatBool(*s.flag(c))
	}
	return *s.text(c)
}

// Describe lists every setting in a stable order.
func Describe() []Setting {
	out := make([]Setting, len(settings))
	for i, s := range settings {
		out[i] = s.setting
		out[i].Env = envName(s.setting.Key)
	}
	return out
}

// Flags adds the settings' flags and --config to a command.
func Flags(fs *pflag.FlagSet) {
	fs.String(configFlag, "", "TOML file of settings")
	for _, s := range settings {
		switch {
		case s.setting.Flag == "":
		case s.flag != nil:
			fs.Bool(s.setting.Flag, false, s.setting.Help)
		default:
			fs.String(s.setting.Flag, s.setting.Default, s.setting.Help)
		}
	}
}

func byKey(key string) (setting, bool) {
	for _, s := range settings {
		if s.setting.Key == key {
			return s, true
		}
	}
	return setting{}, false
}
