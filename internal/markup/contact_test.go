package markup_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/markup"
)

// found writes contacts as "kind:words" for comparing.
func found(text string) []string {
	out := []string{}
	for _, c := range markup.Contacts(text) {
		out = append(out, string(c.Kind)+":"+text[c.Start:c.End])
	}
	return out
}

func TestContactsFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"звони +7 (999) 123-45-67!":        {"phone:+7 (999) 123-45-67"},
		"8 999 123 45 67":                  {"phone:8 999 123 45 67"},
		"тел.89991234567, вечером":         nil, // a dot without a space: rare, and a version looks the same
		"тел. 89991234567, вечером":        {"phone:89991234567"},
		"8-800-555-35-35":                  {"phone:8-800-555-35-35"},
		"8(495)123-45-67":                  {"phone:8(495)123-45-67"},
		"+375 29 123-45-67":                {"phone:+375 29 123-45-67"},
		"375291234567":                     {"phone:375291234567"},
		"998 90 123 45 67":                 {"phone:998 90 123 45 67"},
		"+996 555 123456 или +77011234567": {"phone:+996 555 123456", "phone:+77011234567"},
		"374 91 123456":                    {"phone:374 91 123456"},
		"+44 20 7946 0958":                 {"phone:+44 20 7946 0958"},
		"(999) 123-45-67":                  {"phone:(999) 123-45-67"},
		"999-123-45-67":                    {"phone:999-123-45-67"},
		"час 1500, номер 8 916 123-45-67 после 18":            {"phone:8 916 123-45-67"},
		"пиши на ada.l+go@mail.example.ru.":                   {"email:ada.l+go@mail.example.ru"},
		"ада@почта.рф":                                        {"email:ада@почта.рф"},
		"ada (at) mail (dot) ru":                              {"email:ada (at) mail (dot) ru"},
		"ada[at]mail.ru":                                      {"email:ada[at]mail.ru"},
		"мой тг @ada_lovelace":                                {"messenger:@ada_lovelace"},
		"t.me/ada_lovelace":                                   {"messenger:t.me/ada_lovelace"},
		"https://t.me/+AbCdEf123":                             {"messenger:https://t.me/+AbCdEf123"},
		"wa.me/79991234567":                                   {"messenger:wa.me/79991234567"},
		"tg://resolve?domain=ada":                             {"messenger:tg://resolve?domain=ada"},
		"Телеграм: ada_l":                                     {"messenger:Телеграм: ada_l"},
		"дискорд - ada1815":                                   {"messenger:дискорд - ada1815"},
		"Карта 4111 1111 1111 1111":                           {"card:4111 1111 1111 1111"},
		"2200700000000006":                                    nil, // the check digit is wrong
		"5555555555554444":                                    {"card:5555555555554444"},
		"378282246310005":                                     {"card:378282246310005"},
		"a@b.ru, +79991234567, @someone, 4111-1111-1111-1111": {"email:a@b.ru", "phone:+79991234567", "messenger:@someone", "card:4111-1111-1111-1111"},
	} {
		if want == nil {
			want = []string{}
		}
		if diff := cmp.Diff(want, found(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestNotContacts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1 500 ₽ за час, 12 000 ₽ за месяц",
		"8 500 000 000 ₽",
		"79 990 000 000 сум",
		"998 000 000 000",
		"Python 3.11.2, C# 10, .NET 8.0.100, Go 1.26",
		"2024-05-06 10:20, 06.05.2024, 2019-2024",
		"с 2015 по 2024 год, 8 лет опыта, 900 учеников",
		"IPv4 192.168.100.100, порт 8080",
		"8 (восемь) недель по 3 часа",
		"@Override и @Autowired в Java, @media в CSS, @dataclass",
		"npm i @angular/core @types/node",
		"`@some_user` в коде",
		"C++ 11, C++ 17, +7 баллов, +100500",
		"телеграм-боты на aiogram, Telegram bots, discord.py",
		"Telegram: пишем ботов", "VK api_v5, discord bot_2",
		"1234 5678 9012 3456",
		"UUID 550e8400-e29b-41d4-a716-446655440000",
		"https://example.org/id/79991234567",
		"order=89991234567",
		"3.14159265358979",
		"0000 0000 0000 0000",
		"100000000000000000000000",
		"user@host", "foo@bar", "a @ b.c",
		"10:00-12:00 / 14:00-16:00",
		"8.312.1.4",
		"",
	} {
		if got := found(text); len(got) != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestContactsAreBounded(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("a@b.ru +79991234567 ", 5000)
	if n := len(markup.Contacts(many)); n == 0 || n > 100 {
		t.Errorf("%d contacts", n)
	}
}

func FuzzContacts(f *testing.F) {
	f.Add("звони +7 (999) 123-45-67, a@b.ru, t.me/x_1234, 4111 1111 1111 1111")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, c := range markup.Contacts(text) {
			if c.Start < last || c.End <= c.Start || c.End > len(text) {
				t.Fatalf("%+v after %d of %d", c, last, len(text))
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[c.Start:c.End]) {
				t.Fatalf("%+v cuts a character", c)
			}
			last = c.End
		}
	})
}
