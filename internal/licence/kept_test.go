package licence_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		s.buys(t, 7, "")
		list, err := s.Register(s.ctx, s.ada)
		ok(t, err)
		equal(t, "entries", 2, len(list))
		own, err := s.Register(s.ctx, s.ben)
		ok(t, err)
		equal(t, "the buyer sold nothing", 0, len(own))
		_, err = s.Register(s.ctx, account.Actor{})
		refused(t, "nobody", err, fault.Unauthenticated, "sign_in_needed")

		var text bytes.Buffer
		ok(t, licence.WriteRegisterCSV(&text, list))
		rows, err := csv.NewReader(&text).ReadAll()
		ok(t, err)
		equal(t, "rows", 3, len(rows))
		found := false
		for _, row := range rows[1:] {
			found = found || row[0] == g.ID && row[11] == "50000" && row[12] == "RUB" && row[17] == "valid"
		}
		equal(t, "the licence is in it", true, found)
		for _, secret := range []string{s.ben.ID, `"ben`} {
			var text bytes.Buffer
			ok(t, licence.WriteRegisterJSON(&text, list))
			if strings.Contains(text.String(), secret) {
				t.Errorf("the register names the buyer: %s", text.String())
			}
		}
	})
}

func TestRegisterCellsAreHarmless(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"=1+1", "+7", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x"} {
		var text bytes.Buffer
		ok(t, licence.WriteRegisterCSV(&text, []licence.Entry{{WorkTitle: cell, Licensee: "plain, \"quoted\""}}))
		rows, err := csv.NewReader(&text).ReadAll()
		ok(t, err)
		if got := rows[1][4]; !strings.HasPrefix(got, "'") {
			t.Errorf("%q is written as %q", cell, got)
		}
		equal(t, "a harmless cell", `plain, "quoted"`, rows[1][6])
	}
	var text bytes.Buffer
	ok(t, licence.WriteRegisterJSON(&text, nil))
	equal(t, "none", "[]\n", text.String())
}

// TestFiguresHideFew wants that no count below five can be read or computed.
func TestFiguresHideFew(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		for range 3 {
			s.buys(t, 30, "")
		}
		f, err := s.Figures(s.ctx)
		ok(t, err)
		equal(t, "all", "<5", f.Issued.String())
		equal(t, "by channel", []licence.Figure{{Name: "teaching", Count: -1}}, f.Channels)
		for range 6 {
			s.buys(t, 90, "")
		}
		s.buys(t, 7, "")
		f, err = s.Figures(s.ctx)
		ok(t, err)
		equal(t, "all", licence.Count(10), f.Issued)
		equal(t, "by length: the four could be computed from the six", []licence.Figure{{Name: "1-31", Count: -1}, {Name: "32-93", Count: -1}}, f.Terms)
		equal(t, "paid and free", []licence.Figure{{Name: "free", Count: -1}, {Name: "paid", Count: -1}}, f.Paid)
		equal(t, "months", []licence.Figure{{Name: "2026-11", Count: 10}}, f.Months)
		equal(t, "now", []licence.Figure{{Name: "valid", Count: 10}}, f.Current)
		text, err := json.Marshal(f)
		ok(t, err)
		if !strings.Contains(string(text), `"count":"\u003c5"`) || strings.Contains(string(text), ":-1") {
			t.Errorf("as JSON: %s", text)
		}
	})
}

func TestFeedAndCalendar(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		renewed := s.buys(t, 30, g.ID)
		address, err := s.FeedURL(s.ctx, s.ben)
		ok(t, err)
		equal(t, "at first", "", address)
		address, err = s.RenewFeed(s.ctx, s.ben)
		ok(t, err)
		secret := address[strings.LastIndex(address, "/")+1:]
		list, lang, err := s.ByFeed(s.ctx, secret)
		ok(t, err)
		equal(t, "licences and language", []any{2, "en"}, []any{len(list), lang})
		events := s.Events(list, func(*licence.Grant) (string, string) { return "Licence ends", "Renew it" })
		if len(events) != 1 || !events[0].At.Equal(renewed.ValidUntil) || !strings.HasPrefix(events[0].UID, renewed.ID+"@board") {
			t.Errorf("events: %+v", events)
		}
		fresh, err := s.RenewFeed(s.ctx, s.ben)
		ok(t, err)
		if fresh == address {
			t.Error("the address did not change")
		}
		for _, word := range []string{secret, "", strings.Repeat("A", 43), "\x00"} {
			_, _, err = s.ByFeed(s.ctx, word)
			refused(t, word, err, fault.NotFound, "feed_unknown")
		}
		ok(t, s.EndFeed(s.ctx, s.ben))
		_, _, err = s.ByFeed(s.ctx, fresh[strings.LastIndex(fresh, "/")+1:])
		refused(t, "ended", err, fault.NotFound, "feed_unknown")
	})
}

func TestCalendarLines(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 2, 28, 22, 0, 0, 0, time.UTC)
	text := string(licence.Calendar("Лицензии", []licence.Event{{UID: "L-1@x", At: at, Stamp: at, URL: "https://x.example/licences/L-1\r\nX-EVIL:1",
		Summary: strings.Repeat("Лицензия, ", 20) + "\r\nEND:VCALENDAR", Text: "a;b\\c"}}))
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		if !strings.HasSuffix(line, "\r\n") || len(line)-2 > 75 || !utf8.ValidString(line) {
			t.Errorf("line of %d octets: %q", len(line)-2, line)
		}
	}
	plain := strings.ReplaceAll(text, "\r\n ", "")
	for _, want := range []string{"DTSTART;VALUE=DATE:20270228\r\n", "DTEND;VALUE=DATE:20270301\r\n", `DESCRIPTION:a\;b\\c`, `Лицензия\, Лицензия\,`, `\nEND:VCALENDAR`, "TRIGGER:-P7D\r\n"} {
		if !strings.Contains(plain, want) {
			t.Errorf("no %q in\n%s", want, plain)
		}
	}
	equal(t, "ends once", 1, strings.Count(plain, "\r\nEND:VCALENDAR\r\n"))
	equal(t, "no line of a stranger's", false, strings.Contains(plain, "\nX-EVIL"))
}

func FuzzCalendar(f *testing.F) {
	f.Add("Licence", "text\n", "https://x")
	f.Fuzz(func(t *testing.T, name, text, url string) {
		out := string(licence.Calendar(name, []licence.Event{{UID: name, Summary: text, Text: name, URL: url}}))
		for _, line := range strings.SplitAfter(out, "\r\n") {
			if len(line) > 77 || !utf8.ValidString(line) || strings.ContainsAny(strings.TrimSuffix(line, "\r\n"), "\r\n\x00") {
				t.Fatalf("%q", line)
			}
		}
		if strings.Count(out, "\r\nEND:VCALENDAR\r\n") != 1 || strings.Count(out, "\r\nBEGIN:VEVENT\r\n") != 1 {
			t.Fatalf("%q", out)
		}
	})
}

func TestHeldAndUnlicensed(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		named := func(what, text string, want int) {
			t.Helper()
			list, err := s.Unlicensed(s.ctx, s.ben.ID, text)
			ok(t, err)
			equal(t, what, want, len(list))
		}
		named("by title", "Lessons by “Graphs  for Beginners”, 60 minutes", 1)
		named("by address", "We read https://ada.example.org/graphs together", 1)
		named("another address", "We read https://ada.example.org/graphs-2 together", 0)
		named("a part of the title", "Graphs for all", 0)
		named("nothing", " ", 0)
		list, err := s.Unlicensed(s.ctx, s.ada.ID, "Graphs for beginners")
		ok(t, err)
		equal(t, "one's own", 0, len(list))

		g := s.buys(t, 30, "")
		named("with a licence", "Graphs for beginners", 0)
		_, held, err := s.OnPage(s.ctx, s.ben.ID)
		ok(t, err)
		equal(t, "nothing is shown by itself", 0, len(held))
		ok(t, s.Show(s.ctx, s.ben, g.ID, true))
		_, held, err = s.OnPage(s.ctx, s.ben.ID)
		ok(t, err)
		equal(t, "shown", []licence.Held{{WorkID: s.work.ID, WorkTitle: "Graphs for beginners", WorkURL: "https://ada.example.org/graphs", BaseLicence: "CC-BY-NC-4.0",
			Until: g.ValidUntil.Truncate(oneDay)}}, held)
		s.passes(t, 30*oneDay)
		_, held, err = s.OnPage(s.ctx, s.ben.ID)
		ok(t, err)
		equal(t, "its end shows by itself", 0, len(held))
		named("after its end", "Graphs for beginners", 1)
	})
}

func TestAfterwards(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	codes := func(list []licence.Example) (out []string) {
		for _, e := range list {
			word := e.Code
			if e.Allowed {
				word += " yes"
			}
			if !e.Until.IsZero() {
				word += " " + e.Until.Format(time.DateOnly)
			}
			out = append(out, word)
		}
		return out
	}
	equal(t, "ended", []string{"published yes", "sold_copies yes", "begun_copies yes 2027-01-31", "paid_lesson", "new_copies", "proof yes", "free_use yes"},
		codes(licence.Afterwards(&licence.Grant{State: licence.Active, ValidUntil: at}, 30)))
	equal(t, "revoked", []string{"withdraw yes 2027-01-15", "paid_lesson", "new_copies", "free_use yes"},
		codes(licence.Afterwards(&licence.Grant{State: licence.Revoked, RevokedAt: at, ValidUntil: at.Add(oneDay)}, 30)))
}

func TestErasedPeopleLeaveValidLicences(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		s.holds()
		g := s.buys(t, 90, "")
		jwt := s.jwt(t, g.ID)
		link, err := s.RenewLink(s.ctx, s.ben, g.ID)
		ok(t, err)
		_, err = s.RenewFeed(s.ctx, s.ben)
		ok(t, err)
		_, err = s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why})
		ok(t, err)
		var text bytes.Buffer
		ok(t, s.Accounts.Export(s.ctx, s.ben, &text))
		if !strings.Contains(text.String(), g.ID) {
			t.Errorf("the export does not hold the licence: %s", text.String())
		}
		if _, key, _ := strings.Cut(link, "?key="); strings.Contains(text.String(), key) {
			t.Error("the export holds the secret address")
		}
		ok(t, s.Accounts.Erase(s.ctx, s.ben, "ben"))
		equal(t, "still valid", cert.Valid, s.word(t, jwt))
		_, key, _ := strings.Cut(link, "?key=")
		_, _, err = s.ByLink(s.ctx, g.ID, key)
		refused(t, "the secret address", err, fault.NotFound, "licence_unknown")
		equal(t, "feeds", 0, s.count(t, "licence_feed"))
		s.sound(t)
		ok(t, s.Accounts.Erase(s.ctx, s.ada, "ada"))
		s.passes(t, 20*oneDay)
		equal(t, "an erased seller revokes nothing", cert.Valid, s.word(t, jwt))
		s.passes(t, 300*oneDay)
		s.sound(t)
	})
}
