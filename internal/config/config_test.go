package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/tmoeg/oduvan/internal/config"
)

// load parses a command line with the settings' flags and one of a command's own.
func load(t *testing.T, args, environ []string) (config.Config, error) {
	t.Helper()
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(fs)
	fs.Bool("json", false, "a flag of the command itself")
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(fs, environ)
}

func tomlFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "oduvan.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := config.Config{Listen: "127.0.0.1:8080", Data: "data", URL: "http://localhost:8080"}
	got, err := load(t, nil, []string{"HOME=/root", "PATH=/bin"})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := config.Load(nil, nil); err != nil || got != want {
		t.Errorf("without flags: %v, %v", got, err)
	}
	fromDefault := config.Default()
	fromDefault.Data = filepath.Clean(fromDefault.Data)
	if diff := cmp.Diff(want, fromDefault); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	path := tomlFile(t, `
listen = "127.0.0.1:1"
data = "/file"
meili_url = "http://meili:7700"
meili_key = "file-key"
demo = true
`)
	environ := []string{"ODUVAN_CONFIG=" + path, "ODUVAN_DATA=/env", "ODUVAN_LISTEN=127.0.0.1:2", "ODUVAN_MEILI_URL="}
	got, err := load(t, []string{"--listen", "127.0.0.1:3", "--json"}, environ)
	want := config.Config{
		Listen: "127.0.0.1:3", Data: "/env", URL: "http://localhost:3",
		MeiliURL: "http://meili:7700", MeiliKey: "file-key", Demo: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = load(t, []string{"--demo=false"}, environ)
	if err != nil || got.Demo {
		t.Errorf("a flag set to false gives way to the file: %v, %v", got, err)
	}
	other := tomlFile(t, `data = "/other"`)
	got, err = load(t, []string{"--config", other}, []string{"ODUVAN_CONFIG=" + path})
	if err != nil || got.Data != "/other" || got.MeiliKey != "" {
		t.Errorf("--config gives way to ODUVAN_CONFIG: %v, %v", got, err)
	}
}

// Every described setting can be set by its flag, variable and key.
func TestEverySettingEveryWay(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"listen": "127.0.0.1:99", "data": "/d", "url": "https://board.example", "database_url": "postgres://u:p@h/db",
		"meili_url": "http://m:7700", "meili_key": "k", "metrics_listen": "127.0.0.1:9", "secrets": "/s", "trusted_proxies": "10.0.0.1", "link_hosts": "pay.example", "demo": "true",
		"stripe_secret_key": "sk_test_12345678", "stripe_webhook_secrets": "whsec_12345678,whsec_87654321", "stripe_api_base": "http://127.0.0.1:12111",
	}
	for _, s := range config.Describe() {
		value, ok := values[s.Key]
		if !ok {
			t.Errorf("the test knows no value for %s", s.Key)
			continue
		}
		quoted := fmt.Sprintf("%q", value)
		if s.Key == "demo" {
			quoted = value
		}
		base := []string{}
		if s.Key == "meili_key" {
			base = []string{"ODUVAN_MEILI_URL=http://m:7700"}
		}
		if s.Key == "stripe_webhook_secrets" {
			base = []string{"ODUVAN_STRIPE_SECRET_KEY=sk_test_12345678"}
		}
		byFile, err1 := load(t, []string{"--config", tomlFile(t, s.Key+" = "+quoted)}, base)
		byEnv, err2 := load(t, nil, append(base, s.Env+"="+value))
		if err1 != nil || err2 != nil || byFile != byEnv || byEnv == config.Default() {
			t.Errorf("%s: file %v, %v; environment %v, %v", s.Key, byFile, err1, byEnv, err2)
		}
		if s.Flag != "" {
			if byFlag, err := load(t, []string{"--" + s.Flag + "=" + value}, base); err != nil || byFlag != byEnv {
				t.Errorf("%s: flag %v, %v", s.Key, byFlag, err)
			}
		}
		if s.Help == "" || strings.HasSuffix(s.Help, ".") || (s.Secret && s.Flag != "") {
			t.Errorf("%s is described badly: %+v", s.Key, s)
		}
	}
}

func TestFaultsNameTheSetting(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, environ []string
		file          string
		says          []string
	}{
		"unknown variable":  {environ: []string{"ODUVAN_LISTN=x"}, says: []string{"ODUVAN_LISTN"}},
		"dotted variable":   {environ: []string{"ODUVAN_A.B=x"}, says: []string{"ODUVAN_A.B"}},
		"unknown key":       {file: "lisen = \"x\"\n[smtp]\nhost = \"h\"", says: []string{`"lisen"`, `"smtp.host"`, "oduvan.toml"}},
		"wrong type":        {file: "listen = 8080\ndemo = \"yes\"", says: []string{`"listen"`, "text", `"demo"`, "true or false"}},
		"table for a value": {file: "[data]\nx = \"y\"", says: []string{`"data.x"`}},
		"broken file":       {file: "listen = \"a\"\nlisten", says: []string{"oduvan.toml:2:"}},
		"doubled key":       {file: "data = \"a\"\ndata = \"b\"", says: []string{"oduvan.toml", "data"}},
		"missing file":      {environ: []string{"ODUVAN_CONFIG=/nowhere/x.toml"}, says: []string{"/nowhere/x.toml"}},
		"switch":            {environ: []string{"ODUVAN_DEMO=maybe"}, says: []string{"ODUVAN_DEMO"}},
		"listen":            {args: []string{"--listen=8080"}, says: []string{"listen"}},
		"listen port":       {args: []string{"--listen=:99999"}, says: []string{"listen"}},
		"listen service":    {args: []string{"--listen=:http"}, says: []string{"listen"}},
		"listen empty":      {args: []string{"--listen="}, says: []string{"listen"}},
		"data empty":        {args: []string{"--data="}, says: []string{"data"}},
		"key alone":         {environ: []string{"ODUVAN_MEILI_KEY=s3cret"}, says: []string{"meili_key"}},
		"metrics":           {args: []string{"--metrics-listen=127.0.0.1:8080"}, says: []string{"metrics_listen"}},
		"meili":             {args: []string{"--meili-url=meili:7700"}, says: []string{"meili_url"}},
		"database":          {args: []string{"--database-url=mysql://u:s3cret@h"}, says: []string{"database_url"}},
		"database garbage":  {args: []string{"--database-url=postgres://u:s3cret@h:p/%"}, says: []string{"database_url"}},
		"several": {args: []string{"--listen=x", "--data=", "--url=ftp://x", "--meili-url=y"},
			says: []string{"listen:", "data:", "url:", "meili_url:"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.file != "" {
				c.args = append(c.args, "--config", tomlFile(t, c.file))
			}
			got, err := load(t, c.args, c.environ)
			if err == nil || got != (config.Config{}) {
				t.Fatalf("taken: %v", got)
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %s", err, word)
				}
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q tells a secret", err)
			}
		})
	}
}

func TestVariablesOfOthersPass(t *testing.T) {
	t.Parallel()
	if _, err := load(t, nil, []string{"ODUVAN_FAILPOINTS=x=kill", "ODUVAN_TEST_POSTGRES=y", "LISTEN=z", "broken"}); err != nil {
		t.Error(err)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"https://board.example", "https://board.example"},
		{"https://Board.Example:443/", "https://board.example"},
		{"https://board.example:8443", "https://board.example:8443"},
		{"https://xn--80abdva0bq1a.xn--p1ai", "https://xn--80abdva0bq1a.xn--p1ai"},
		{"http://localhost:8080", "http://localhost:8080"},
		{"http://a.localhost:80", "http://a.localhost"},
		{"http://127.0.0.1:9", "http://127.0.0.1:9"},
		{"http://[::1]:9", "http://[::1]:9"},
		{"http://[::1]", "http://[::1]"},
		{"http://board.example", ""},
		{"http://192.168.1.5:8080", ""},
		{"http://localhost.evil.example", ""},
		{"https://10.0.0.1", ""},
		{"https://[2001:db8::1]", ""},
		{"https://board.example/path", ""},
		{"https://board.example?x", ""},
		{"https://board.example?", ""},
		{"https://board.example#", ""},
		{"https://u:s3cret@board.example", ""},
		{"https://одуванчик.рф", ""},
		{"https://a b.example", ""},
		{"https://board.example:0", ""},
		{"https://board.example:99999", ""},
		{"https://", ""},
		{"board.example", ""},
		{"//board.example", ""},
		{"javascript:alert(1)", ""},
	} {
		got, err := load(t, []string{"--url", c.in}, nil)
		if got.URL != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.in, got.URL, err)
		}
	}
}

func TestDerived(t *testing.T) {
	t.Parallel()
	type derived struct {
		secure  bool
		host    string
		rpid    string
		passkey bool
	}
	for in, want := range map[string]derived{
		"https://board.example:8443": {true, "board.example", "board.example", true},
		"http://localhost:8080":      {false, "localhost", "localhost", true},
		"http://127.0.0.1:8080":      {false, "127.0.0.1", "127.0.0.1", false},
		"http://[::1]:8080":          {false, "::1", "::1", false},
	} {
		c := config.Config{URL: in}
		rpid, ok := c.RPID()
		got := derived{c.Secure(), c.Host(), rpid, ok}
		if got != want {
			t.Errorf("%s: %+v, want %+v", in, got, want)
		}
	}
	c := config.Config{Listen: ":1", Data: "/d"}
	if c.Addr() != ":1" || c.SecretsDir() != filepath.FromSlash("/d/secrets") {
		t.Errorf("%s, %s", c.Addr(), c.SecretsDir())
	}
	c.Secrets = "/run/secrets"
	if c.SecretsDir() != "/run/secrets" {
		t.Error(c.SecretsDir())
	}
}

func TestFreePort(t *testing.T) {
	t.Parallel()
	got, err := load(t, []string{"--listen=127.0.0.1:0"}, nil)
	if err != nil || got.URL != "" {
		t.Fatalf("%v, %v", got, err)
	}
	if bound := got.Bound(4711); bound.URL != "http://localhost:4711" {
		t.Errorf("bound: %s", bound.URL)
	}
	fixed := config.Config{URL: "https://board.example"}
	if fixed.Bound(4711) != fixed {
		t.Error("a given address was replaced")
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	c := config.Config{
		Listen: ":1", DatabaseURL: "postgres://ada:s3cret@db:5432/board?password=s3cret&sslmode=require",
		MeiliURL: "http://meili:7700", MeiliKey: "s3cret",
		StripeSecretKey: "s3cret", StripeWebhookSecrets: "s3cret,s3cret",
	}
	want := map[string]string{
		"listen": ":1", "data": "", "url": "", "metrics_listen": "", "secrets": "", "trusted_proxies": "", "link_hosts": "", "demo": "false",
		"stripe_secret_key": "(set)", "stripe_webhook_secrets": "(set)", "stripe_api_base": "",
		"database_url": "postgres://ada:xxxxx@db:5432/board?…", "meili_url": "http://meili:7700", "meili_key": "(set)",
	}
	if diff := cmp.Diff(want, c.Redacted()); diff != "" {
		t.Error(diff)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, c); strings.Contains(text, "s3cret") || !strings.Contains(text, "meili:7700") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	keys := []string{}
	for _, s := range config.Describe() {
		keys = append(keys, s.Key)
	}
	if !slices.Contains(keys, "meili_key") || len(keys) != len(want) {
		t.Errorf("described are %v", keys)
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "127.0.0.1": "127.0.0.1/32", " 10.1.2.3/8 , ::1,": "10.0.0.0/8 ::1/128",
		"::ffff:192.0.2.1": "192.0.2.1/32"} {
		cfg, err := config.Load(nil, []string{"ODUVAN_TRUSTED_PROXIES=" + text})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for _, p := range cfg.Proxies() {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q became %v", text, got)
		}
	}
	for _, text := range []string{"proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "127.0.0.1 10.0.0.1", "127.0.0.1:80"} {
		if _, err := config.Load(nil, []string{"ODUVAN_TRUSTED_PROXIES=" + text}); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLinkHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "Boosty.to, pay.example ,": "boosty.to pay.example"} {
		cfg, err := config.Load(nil, []string{"ODUVAN_LINK_HOSTS=" + text})
		if got := strings.Join(cfg.Links(), " "); err != nil || got != want {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"https://boosty.to", "127.0.0.1", "localhost", "boosty.to/x", ".to", "*.example.org", "\u0431.example"} {
		if _, err := config.Load(nil, []string{"ODUVAN_LINK_HOSTS=" + text}); err == nil || !strings.Contains(err.Error(), "link_hosts") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Keys in the wrong place are refused, and no error quotes one.
func TestStripeSettings(t *testing.T) {
	t.Parallel()
	for environ, want := range map[string]string{
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789":                                                             "",
		"ODUVAN_STRIPE_SECRET_KEY=rk_live_0123456789 ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_01234567,whsec_76543210": "",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789 ODUVAN_STRIPE_API_BASE=http://127.0.0.1:12111/":              "",
		"ODUVAN_STRIPE_SECRET_KEY=sk_live_0123456789 ODUVAN_STRIPE_API_BASE=https://api.stripe.com":               "",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_123 ODUVAN_STRIPE_API_BASE=http://127.0.0.1:12111":                      "",
		"ODUVAN_STRIPE_SECRET_KEY=rk_test_1":                                                                      "",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_":                                                                       "stripe_secret_key",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_" + strings.Repeat("x", 250):                                            "",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_" + strings.Repeat("x", 251):                                            "stripe_secret_key",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_123 ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_":                               "stripe_webhook_secrets",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_123 ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_" + strings.Repeat("x", 251):    "stripe_webhook_secrets",
		"ODUVAN_STRIPE_SECRET_KEY=pk_test_0123456789":                                                             "stripe_secret_key",
		"ODUVAN_STRIPE_SECRET_KEY=whsec_0123456789":                                                               "stripe_secret_key",
		"ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_0123456789":                                                          "stripe_webhook_secrets",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789 ODUVAN_STRIPE_WEBHOOK_SECRETS=sk_test_0123456789":            "stripe_webhook_secrets",
		"ODUVAN_STRIPE_SECRET_KEY=sk_live_0123456789 ODUVAN_STRIPE_API_BASE=http://127.0.0.1:12111":               "stripe_api_base",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789 ODUVAN_STRIPE_API_BASE=http://stripe.example":                "stripe_api_base",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789 ODUVAN_STRIPE_API_BASE=https://stripe.example/v1":            "stripe_api_base",
		"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789 ODUVAN_STRIPE_API_BASE=https://a:b@stripe.example":           "stripe_api_base",
	} {
		got, err := load(t, nil, strings.Fields(environ))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", environ, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789")):
			t.Errorf("%s: got %v", environ, err)
		case want == "" && strings.Contains(environ, "WEBHOOK"):
			if diff := cmp.Diff([]string{"whsec_01234567", "whsec_76543210"}, got.WebhookSecrets()); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// Stand-ins for Stripe are asked with keys and secrets of a few letters.
func TestShortStripeSecrets(t *testing.T) {
	t.Parallel()
	got, err := load(t, nil, []string{"ODUVAN_STRIPE_SECRET_KEY=sk_test_123", "ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_test,whsec_1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"whsec_test", "whsec_1"}, got.WebhookSecrets()); diff != "" {
		t.Error(diff)
	}
}
