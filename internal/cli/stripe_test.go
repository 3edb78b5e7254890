package cli_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/cli"
	"github.com/tmoeg/oduvan/internal/config"
)

// shop is a data folder with the settings of a stand-in for Stripe.
type shop struct {
	t   *testing.T
	dir string
	env []string
}

// run is one command: its exit code and all that it said.
func (s *shop) run(args ...string) (code int, said string) {
	s.t.Helper()
	var b bytes.Buffer
	code = cli.Run(append(args, "--data", s.dir), cli.Streams{In: strings.NewReader(""), Out: &b, Err: &b}, s.env)
	return code, b.String()
}

// says runs a command that must end with a code and say each of some words.
func (s *shop) says(want int, words []string, args ...string) string {
	s.t.Helper()
	code, said := s.run(args...)
	if code != want {
		s.t.Errorf("%v: exit %d, want %d\n%s", args, code, want, said)
	}
	for _, w := range words {
		if !regexp.MustCompile(w).MatchString(said) {
			s.t.Errorf("%v: no %q in\n%s", args, w, said)
		}
	}
	return said
}

const secretOfTheTest = "whsec_0123456789abcdef"

// hears hands an event to the board as Stripe would.
func (s *shop) hears(base, key, event string) {
	s.t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.StripeSecretKey, cfg.StripeWebhookSecrets, cfg.StripeAPIBase = s.dir, key, secretOfTheTest, base
	a, err := app.New(context.Background(), cfg, app.Options{NoIndex: true, NoSync: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	at := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(secretOfTheTest))
	mac.Write([]byte(at + "." + event))
	if err := a.Stripe.Webhook(context.Background(), []byte(event), "t="+at+",v1="+hex.EncodeToString(mac.Sum(nil))); err != nil {
		s.t.Fatal(err)
	}
}

// An operator sets card payments up, is told what is wrong, and takes what was
// looked at off the list.
func TestStripeCommands(t *testing.T) {
	t.Parallel()
	w := apptest.NewStripeWorld(t, nil)
	s := &shop{t: t, dir: t.TempDir()}
	for _, args := range [][]string{{"stripe", "doctor"}, {"stripe", "findings"}, {"stripe", "webhook", "create"}, {"stripe", "settle", "x", "--reason", "y"}} {
		s.says(2, []string{"set ODUVAN_STRIPE_SECRET_KEY first"}, args...)
	}
	if said := s.says(0, nil, "doctor"); strings.Contains(strings.ToLower(said), "stripe") {
		t.Errorf("without a key the doctor speaks of Stripe:\n%s", said)
	}
	s.env = []string{"ODUVAN_STRIPE_SECRET_KEY=sk_test_0123456789"}
	s.says(2, []string{"an https address only"}, "stripe", "webhook", "create")

	s.env = []string{"ODUVAN_STRIPE_SECRET_KEY=" + w.Key, "ODUVAN_STRIPE_API_BASE=" + w.Base}
	s.says(1, []string{`(?m)^ok +key +Stripe answers$`, `(?m)^ok +mode +test: no real money moves$`, `(?m)^bad +secrets +0 signing secrets$`,
		`(?m)^bad +endpoint +Stripe does not know http://localhost:8080/webhooks/stripe: oduvan stripe webhook create$`, "the doctor found 2 things bad"}, "stripe", "doctor")
	said := s.says(0, []string{"Stripe will send events to http://localhost:8080/webhooks/stripe\n", `ODUVAN_STRIPE_WEBHOOK_SECRETS=whsec_\S+\n`}, "stripe", "webhook", "create")
	secret := regexp.MustCompile(`whsec_\S+`).FindString(said)
	s.env = append(s.env, "ODUVAN_STRIPE_WEBHOOK_SECRETS="+secret)
	said = s.says(0, []string{`(?m)^ok +endpoint +http://localhost:8080/webhooks/stripe$`, `(?m)^ok +secrets +1 signing secrets$`, `(?m)^ok +accounts +0 of 0 `, `(?m)^ok +inbox +0 `, `(?m)^ok +findings +0 `}, "stripe", "doctor")
	if strings.Contains(said, secret) || strings.Contains(said, w.Key) {
		t.Errorf("the doctor prints a secret:\n%s", said)
	}
	s.says(0, []string{`(?m)^ok +stripe endpoint +http://localhost:8080/webhooks/stripe$`}, "doctor")
	s.says(0, []string{"ODUVAN_STRIPE_WEBHOOK_SECRETS=" + regexp.QuoteMeta(secret) + ",whsec_"}, "stripe", "webhook", "create")

	if said := s.says(0, nil, "stripe", "findings"); said != "" {
		t.Errorf("findings before any: %q", said)
	}
	if said := s.says(0, nil, "stripe", "findings", "--json"); said != "[]\n" {
		t.Errorf("findings before any: %q", said)
	}
	s.hears(w.Base, w.Key, `{"id":"evt_1","object":"event","type":"payout.paid","livemode":false,"data":{"object":{"id":"po_1"}}}`)
	said = s.says(1, []string{`"kind":"unknown_type","subject":"payout.paid"`}, "stripe", "findings", "--json")
	var list []struct{ ID string }
	if err := json.Unmarshal([]byte(said[:strings.Index(said, "\n")]), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v %s", err, said)
	}
	s.says(1, []string{`(?m)^\S+Z +` + list[0].ID + ` +unknown_type +payout.paid`, "1 finding to look at"}, "stripe", "findings")
	s.says(1, []string{`(?m)^bad +findings +1 `}, "stripe", "doctor")
	s.says(0, []string{`(?m)^warn +stripe findings +1 .*oduvan stripe findings lists them$`}, "doctor")
	s.says(2, []string{"reason: "}, "stripe", "settle", list[0].ID)
	s.says(2, nil, "stripe", "settle", "nothing", "--reason", "looked at")
	s.says(0, []string{"settled"}, "stripe", "settle", list[0].ID, "--reason", "an endpoint of another program")
	s.says(2, nil, "stripe", "settle", list[0].ID, "--reason", "again")
	s.says(0, nil, "stripe", "findings")

	w.Instead(away{})
	s.says(1, []string{`(?m)^bad +key +unavailable: Stripe does not answer this key$`, `(?m)^bad +endpoint +not known$`}, "stripe", "doctor", "--json=false")
	s.says(2, []string{"Stripe does not answer now"}, "stripe", "webhook", "create")
}

// away is a Stripe that is broken.
type away struct{}

// ServeHTTP fails.
func (away) ServeHTTP(rw http.ResponseWriter, _ *http.Request) {
	rw.WriteHeader(http.StatusInternalServerError)
}
