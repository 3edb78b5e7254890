package fund_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fund"
)

// is asks in a unit of work of its own.
func (w *world) is(t testing.TB, text string) (is bool) {
	t.Helper()
	err := w.Read(w.ctx, func(tx *db.Tx) (err error) {
		is, err = fund.IsDestination(w.ctx, tx, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// The fund's own, as an operator publishes them.
var published = []string{"KZ86125KZT5004100100", "4276 1234 5678 9010", "40817810099910004312", "@tmoeg_fund", "https://boosty.to/tmoeg",
	"https://yoomoney.ru/to/4100111234567890", "https://pay.example.org/give?to=tmoeg&utm_source=site", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
	"https://доска.рф/дар"}

func TestDestinationsAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		if w.is(t, "40817810099910004312") {
			t.Error("found before anything is published")
		}
		for _, text := range published {
			w.publish(t, text)
		}
		for _, text := range []string{
			"KZ86125KZT5004100100", "kz86 125k zt50 0410 0100", "IBAN: KZ86-125K-ZT50-0410-0100, получатель …", "счёт 125KZT5004100100",
			"КZ86125КZТ5004100100", // Cyrillic capitals among them
			"4276123456789010", "карта 4276\u00a01234\u00a05678\u00a09010 (Сбер)", "4276-1234-5678-9010", "4276.1234.5678.9010", "4\u200b2761234\u00ad56789010",
			"４２７６ １２３４ ５６７８ ９０１０", "٤٢٧٦ ١٢٣٤ ٥٦٧٨ ٩٠١٠", "4276 1234\n5678 9010", "card4276x1234x5678x9010",
			"4276 1234 5678 9O1O", "4276 l234 5678 90I0", "427612З456789О10", "KZ86125KZT5OO41OO1OO",
			"р/с 40817810099910004312 в банке", "40817 810 0 9991 0004312", "ST00012|Name=X|PersonalAcc=40817810099910004312|BankName=Y",
			"@tmoeg_fund", "TMOEG_FUND", "tmoeg-fund", "tmoeg fund", "пиши на @Tmoeg_Fund!", "tmoegfund",
			"boosty.to/tmoeg", "http://www.boosty.to/tmoeg/", "https://BOOSTY.TO/Tmoeg?utm_source=x&utm_medium=y#about", "https://boosty.to/tmoeg/donate",
			"оплата тут: https://boosty.to/tmoeg.", "(boosty.to/tmoeg)", "boosty . to / tmoeg", "https://m.boosty.to//tmoeg", "https://user@boosty.to:443/./tmoeg",
			"https://boosty.to/%74moeg", `https:\\boosty.to\tmoeg`, "boosty.to/#/tmoeg", "boosty。to/tmoeg",
			"https://yoomoney.ru/to/4100111234567890?ref=1", "кошелёк 4100 1112 3456 7890", "https://yoomoney.ru/quickpay/confirm?receiver=4100111234567890",
			"https://pay.example.org/give?to=tmoeg", "https://pay.example.org/give?x=1&to=TMOEG&fbclid=2",
			"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=1",
			"https://доска.рф/дар", "ДОСКА.РФ/Дар", "https://доска.рф/%D0%B4%D0%B0%D1%80",
		} {
			if !w.is(t, text) {
				t.Errorf("not found: %q", text)
			}
		}
		for _, text := range []string{
			"", "KZ75125KZT2069100100", "4276 1234 5678 9011", "40817810099910004313", "408178100999", "fund", "tmoeg", "@tmoeg_funds", "mytmoegfund", "tmoeg и fund",
			"https://boosty.to/tmoeg2", "https://boosty.to/", "https://boosty.to/ada", "https://notboosty.to/tmoeg", "https://boosty.to.example.org/x",
			"https://yoomoney.ru/to/4100111234567891", "https://pay.example.org/give?to=ada", "https://pay.example.org/give", "https://pay.example.org/",
			"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdx", "https://доска.рф/дары", "Сбербанк, карта 5469 0000 1111 2222, Ада Л.",
			"Kaspi +7 700 000 00 00", "\xff\xfe", "%", "https://%zz/", strings.Repeat("4276 ", 5000),
		} {
			if w.is(t, text) {
				t.Errorf("found in %q", text)
			}
		}
		want(t, "audit", []string{}, w.audited(t))
	})
}

// Whatever is put between and around the signs of a number, it is found.
func TestANumberIsFoundInAnyDress(t *testing.T) {
	t.Parallel()
	w := newWorld(dbtest.New(t))
	for _, text := range published {
		w.publish(t, text)
	}
	twin := map[rune]rune{'K': 'К', 'T': 'Т', 'B': 'В', 'C': 'С', 'A': 'А', 'E': 'Е', 'X': 'Х'}
	err := w.Read(w.ctx, func(tx *db.Tx) error {
		rapid.Check(t, func(r *rapid.T) {
			number := rapid.SampledFrom([]string{"KZ86125KZT5004100100", "4276123456789010", "40817810099910004312"}).Draw(r, "number")
			var b strings.Builder
			b.WriteString(rapid.SampledFrom([]string{"", "Счёт: ", "IBAN ", "на карту №", "(", "pay to\n"}).Draw(r, "before"))
			for _, c := range number {
				if other, ok := twin[c]; ok && rapid.Bool().Draw(r, "twin") {
					c = other
				}
				if rapid.Bool().Draw(r, "small") {
					c = unicode.ToLower(c)
				}
				b.WriteRune(c)
				b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", " - ", "\u00a0", "\u200b", "\t", ".", "–", "\u00ad"}).Draw(r, "between"))
			}
			b.WriteString(rapid.SampledFrom([]string{"", ", банк", ")", " спасибо!"}).Draw(r, "after"))
			is, err := fund.IsDestination(w.ctx, tx, b.String())
			if err != nil || !is {
				r.Fatalf("%q: %v %v", b.String(), is, err)
			}
			// Another digit in the middle makes another number.
			other := []rune(number)
			other[9] = '0' + (other[9]-'0'+1)%10
			if is, err := fund.IsDestination(w.ctx, tx, string(other)); err != nil || is {
				r.Fatalf("%q is found: %v", string(other), err)
			}
		})
		return nil
	})
	want(t, "error", nil, err)
}

func TestPublishing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		forms := map[string]fund.Form{}
		for _, text := range published {
			forms[text] = w.publish(t, text).Kind
		}
		want(t, "forms", map[string]fund.Form{published[0]: fund.Number, published[1]: fund.Number, published[2]: fund.Number, published[3]: fund.Name,
			published[4]: fund.Link, published[5]: fund.Link, published[6]: fund.Link, published[7]: fund.Number, published[8]: fund.Link}, forms)
		for text, c := range map[string]string{"": "invalid:required:text", "  ": "invalid:required:text", "abc": "invalid:fund_destination_form:text",
			"1234567": "invalid:fund_destination_form:text", strings.Repeat("9", 301): "invalid:too_long:text", "…": "invalid:fund_destination_form:text",
			"https://boosty.to/x https://boosty.to/y": "invalid:fund_destination_form:text", "Счёт 40817810099910004399 в банке": "invalid:fund_destination_form:text",
			"4276123456789010": "conflict:fund_destination_known", "https://www.boosty.to/tmoeg/?utm_source=q": "conflict:fund_destination_known"} {
			_, err := w.Publish(w.ctx, w.op, fund.DestinationInput{Text: text})
			want(t, text, c, code(err))
		}
		_, err := w.Publish(w.ctx, w.op, fund.DestinationInput{Text: "4276123456780000", Label: strings.Repeat("x", 81)})
		want(t, "a long label", "invalid:too_long:label", code(err))
		_, err = w.Publish(w.ctx, w.op, fund.DestinationInput{Kind: "other", Text: "4276123456780000"})
		want(t, "no such form", "invalid:fund_destination_form:text", code(err))
	})
}

// What was withdrawn is still the fund's; only what never was is let go.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		d := w.publish(t, "@tmoeg_fund")
		want(t, "withdraw", "", code(w.Withdraw(w.ctx, w.op, d.ID, false)))
		want(t, "again", "conflict:fund_destination_state", code(w.Withdraw(w.ctx, w.op, d.ID, false)))
		want(t, "still the fund's", true, w.is(t, "tmoeg fund"))
		_, err := w.Publish(w.ctx, w.op, fund.DestinationInput{Text: "tmoeg-fund"})
		want(t, "known", "conflict:fund_destination_known", code(err))
		want(t, "a mistake", "", code(w.Withdraw(w.ctx, w.op, d.ID, true)))
		want(t, "not the fund's", false, w.is(t, "tmoeg fund"))
		want(t, "once", "conflict:fund_destination_state", code(w.Withdraw(w.ctx, w.op, d.ID, true)))
		want(t, "unknown", "not_found:fund_destination_unknown", code(w.Withdraw(w.ctx, w.op, "nothing", true)))
		w.publish(t, "tmoeg-fund")
		all, err := w.Destinations(w.ctx)
		want(t, "error", nil, err)
		want(t, "both are told", []string{fund.Published, fund.Mistaken}, []string{all[0].State, all[1].State})
	})
}

// FuzzIsDestination: a text of strangers breaks nothing, and a number within it
// is found whatever stands around.
func FuzzIsDestination(f *testing.F) {
	for _, text := range append([]string{"", "\xff", "%zz", "a.b/c?d=e#f", "\u202e4276", "//////", "http://[::1]/", "1.2.3.4"}, published...) {
		f.Add(text)
	}
	w := newWorld(dbtest.New(f))
	for _, text := range published {
		w.publish(f, text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w.is(t, text)
		if _, err := w.Publish(w.ctx, w.op, fund.DestinationInput{Text: text}); err == nil && !w.is(t, text) {
			t.Errorf("published and not found: %q", text)
		}
		if len(text) < 4000 && !w.is(t, text+" KZ86125KZT5004100100") {
			t.Errorf("hidden by %q", text)
		}
	})
}
