package direct_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
)

func codes(err error) (out []string) {
	for _, f := range fault.All(err) {
		out = append(out, f.Field+":"+f.Code)
	}
	return out
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func account() payment.BankAccount {
	return payment.BankAccount{Name: "Ada L.", Account: "40817810938160925982", BankName: "PAO Sberbank", BIC: "044525225", Corresp: "30101810400000000225"}
}

func TestLinksLeadToAllowedHosts(t *testing.T) {
	t.Parallel()
	w := direct.New([]string{"pay.example"})
	for link, want := range map[string][]string{
		"https://pay.example/ada?x=1":                     nil,
		"https://pay.example:443/":                        nil,
		"https://PAY.example/ada":                         nil,
		"https://pay.example.evil.example/":               {"link:link_host"},
		"https://evil.example/pay.example":                {"link:link_host"},
		"https://pay.example@evil.example/":               {"link:link_form"},
		"https://pay.example:8443/":                       {"link:link_form"},
		"http://pay.example/":                             {"link:link_form"},
		"javascript:alert(1)":                             {"link:link_form"},
		"//pay.example/":                                  {"link:link_form"},
		"https:pay.example":                               {"link:link_form"},
		"https://127.0.0.1/":                              {"link:link_form"},
		"https://[::1]/":                                  {"link:link_form"},
		"https://pay.example/\u202egro":                   {"link:link_form"},
		"https://pay.example\\@evil.example/":             {"link:link_form"},
		"https://pay.example/ a":                          {"link:link_form"},
		"":                                                {"link:link_form"},
		"https://pay.example/" + strings.Repeat("x", 500): {"link:link_form"},
	} {
		if diff := cmp.Diff(want, codes(w.CheckLink(link))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", link, diff)
		}
	}
	for _, host := range direct.Hosts() {
		if err := direct.New(nil).CheckLink("https://" + host + "/x"); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	err := w.Begin(context.Background(), nil, &payment.Order{Method: payment.Link, Link: "https://evil.example/"})
	same(t, []string{"link:link_host"}, codes(err))
}

func TestDetailsSayAllThatIsWrong(t *testing.T) {
	t.Parallel()
	w, rub := direct.New(nil), payment.Order{Currency: "RUB", Code: "7K2QM0XV9", Amount: 150050}
	got, err := w.Details(rub, payment.Details{IBAN: "gb82 west-1234 5698 7654 32", Bank: &payment.BankAccount{Name: " Ada  L. ", Account: "4081 7810 9381 6092 5982",
		BankName: "PAO Sberbank", BIC: "044525225", Corresp: "3010-1810-4000-0000-0225", INN: "500100732259"}})
	same(t, []string(nil), codes(err))
	bank := account()
	bank.INN = "500100732259"
	same(t, payment.Details{IBAN: "GB82WEST12345698765432", Bank: &bank}, got)
	same(t, "ST00012|Name=Ada L.|PersonalAcc=40817810938160925982|BankName=PAO Sberbank|BIC=044525225|CorrespAcc=30101810400000000225|Purpose=7K2QM0XV9|Sum=150050|PayeeINN=500100732259",
		w.QR(rub, got))
	same(t, "", w.QR(payment.Order{Currency: "USD"}, got))
	same(t, "", w.QR(rub, payment.Details{Text: "card"}))

	_, err = w.Details(rub, payment.Details{IBAN: "GB82WEST12345698765433", Bank: &payment.BankAccount{Name: "a|b", Account: "40817810938160925983", BIC: "044525225", Corresp: "1", INN: "123"}})
	same(t, []string{"iban:iban_form", "name:text_form", "bank_name:required", "account:account_key", "corresp:corresp_form", "inn:inn_form"}, codes(err))
	_, err = w.Details(rub, payment.Details{Bank: &payment.BankAccount{}})
	same(t, []string{"details:required"}, codes(err))
	dollar := account()
	_, err = w.Details(payment.Order{Currency: "USD"}, payment.Details{Bank: &dollar})
	same(t, []string{"account:currency_rub"}, codes(err))
	_, err = w.Details(rub, payment.Details{Text: strings.Repeat("x", payment.MaxDetails+1)})
	same(t, []string{"text:too_long"}, codes(err))
	_, err = w.Details(rub, payment.Details{Text: "a\x00b"})
	same(t, []string{"text:text_form"}, codes(err))
}

// Numbers that the keys were published with, and their neighbours.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		got  bool
		want bool
	}{
		{"account", direct.AccountKey("044525225", "40817810938160925982"), true},
		{"account of another bank", direct.AccountKey("044525974", "40817810938160925982"), false},
		{"correspondent account", direct.CorrespKey("044525225", "30101810400000000225"), true},
		{"correspondent account of another region", direct.CorrespKey("040173604", "30101810400000000225"), false},
		{"INN of an organisation", direct.INN("7707083893"), true},
		{"INN of an organisation, one off", direct.INN("7707083894"), false},
		{"INN of a person", direct.INN("500100732259"), true},
		{"INN of a person, first check digit", direct.INN("500100732269"), false},
		{"INN of eleven digits", direct.INN("50010073225"), false},
		{"BIC", direct.BIC("044525225"), true},
		{"BIC of another land", direct.BIC("144525225"), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v", c.name, c.got)
		}
	}
	for text, want := range map[string]bool{"DE89 3704 0044 0532 0130 00": true, "KZ86125KZT5004100100": true, "NO9386011117947": true, "GB82WEST12345698765432": true,
		"DE89 3704 0044 0532 0130 01": false, "DE98370400440532013000": false, "": false, "DE89": false, "8937040044053201300": false, "DEXX370400440532013000": false} {
		if _, ok := direct.IBAN(text); ok != want {
			t.Errorf("%q: got %v", text, ok)
		}
	}
}

// Every single wrong digit is found by the account's key, but for weights that
// lose it: 7, 1 and 3 have no common divisor with 10, so none is lost.
func TestASingleWrongDigitIsFound(t *testing.T) {
	t.Parallel()
	a := account()
	for name, c := range map[string]struct {
		number string
		good   func(string) bool
	}{
		"account": {a.Account, func(s string) bool { return direct.AccountKey(a.BIC, s) }},
		"corresp": {a.Corresp, func(s string) bool { return direct.CorrespKey(a.BIC, s) }},
		"iban":    {"DE89370400440532013000", func(s string) bool { _, ok := direct.IBAN(s); return ok }},
	} {
		for i := range c.number {
			for d := '0'; d <= '9'; d++ {
				if wrong := c.number[:i] + string(d) + c.number[i+1:]; wrong != c.number && c.good(wrong) {
					t.Errorf("%s: %s passes for %s", name, wrong, c.number)
				}
			}
		}
	}
}

// A QR code's text reads back whatever the names are.
func TestGOSTReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := account()
		a.Name = rapid.String().Draw(rt, "name")
		a.BankName = rapid.String().Draw(rt, "bank")
		sum := rapid.Int64Range(1, 1e12).Draw(rt, "sum")
		parts := strings.Split(direct.GOST(a, "7K2QM0XV9", sum), "|")
		want := []string{"ST00012", "Name=" + strings.ReplaceAll(a.Name, "|", " "), "PersonalAcc=" + a.Account, "BankName=" + strings.ReplaceAll(a.BankName, "|", " "), "BIC=" + a.BIC,
			"CorrespAcc=" + a.Corresp, "Purpose=7K2QM0XV9", fmt.Sprintf("Sum=%d", sum)}
		if diff := cmp.Diff(want, parts); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func FuzzDetails(f *testing.F) {
	f.Add("card", "DE89370400440532013000", "Ada", "40817810938160925982", "044525225", "0", "")
	f.Fuzz(func(t *testing.T, text, iban, name, acc, bic, corresp, inn string) {
		w, o := direct.New(nil), payment.Order{Currency: "RUB", Code: "7K2QM0XV9", Amount: 1}
		got, err := w.Details(o, payment.Details{Text: text, IBAN: iban, Bank: &payment.BankAccount{Name: name, Account: acc, BankName: name, BIC: bic, Corresp: corresp, INN: inn}})
		if err != nil {
			return
		}
		again, err := w.Details(o, got)
		if err != nil {
			t.Fatalf("taken once and not twice: %v", err)
		}
		same(t, got, again)
		if qr := w.QR(o, got); got.Bank != nil && strings.Count(qr, "|") > 8 {
			t.Errorf("%q has a field too many", qr)
		}
	})
}

func FuzzLink(f *testing.F) {
	f.Add("https://boosty.to/a")
	f.Fuzz(func(t *testing.T, link string) {
		if direct.New(nil).CheckLink(link) == nil && !strings.HasPrefix(strings.ToLower(link), "https://") {
			t.Errorf("%q is taken", link)
		}
	})
}
