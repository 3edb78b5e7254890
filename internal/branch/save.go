package branch

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// The bounds of the settings, in characters.
const (
	MaxName  = 60
	MaxRules = 20000
	MaxLink  = 300
	maxRates = 1500 // of their JSON text
	maxLinks = 3500 // of their JSON text
)

// languages are those the program speaks.
const languages = "ru en"

// Save checks and stores the settings in the caller's unit of work; whether the
// first run is over stays as it is. Faults: fault.Fields, each Invalid with the
// field's name and name_empty, too_long, text_form, languages_unknown, languages_empty,
// sign_up_unknown, link_form, rates_form or currency_unknown.
func Save(ctx context.Context, tx *db.Tx, s Settings) error {
	s.Name, s.Rules = strings.TrimSpace(s.Name), strings.TrimSpace(s.Rules)
	if err := Check(s); err != nil {
		return err
	}
	s.ID = 1
	if s.Languages == nil {
		s.Languages = []string{}
	}
	_, err := tx.NewInsert().Model(&s).ExcludeColumn("setup_mac", "setup_at").On("CONFLICT (id) DO UPDATE").
		Set("name = EXCLUDED.name, languages = EXCLUDED.languages, rules = EXCLUDED.rules, sign_up = EXCLUDED.sign_up").
		Set("approval = EXCLUDED.approval, links = EXCLUDED.links, rates = EXCLUDED.rates, currency = EXCLUDED.currency").
		Exec(ctx)
	if err != nil {
		return err
	}
	return tx.Changed(ctx, Kind, ID)
}

// Check says what Save would refuse, all of it at once.
func Check(s Settings) error {
	var bad fault.Fields
	if strings.TrimSpace(s.Name) == "" {
		bad.Add(fault.Bad("name", "name_empty"))
	}
	bad.Add(text("name", s.Name, MaxName, ""))
	bad.Add(text("rules", s.Rules, MaxRules, "\n\r\t"))
	bad.Add(checkLanguages(s.Languages))
	if !slices.Contains([]SignUp{Open, Invitation, Closed}, s.SignUp) {
		bad.Add(fault.Bad("sign_up", "sign_up_unknown"))
	}
	for _, l := range []struct{ field, address string }{
		{"discord", s.Links.Discord}, {"github", s.Links.GitHub}, {"youtube", s.Links.YouTube}, {"site", s.Links.Site},
	} {
		bad.Add(link(l.field, l.address))
	}
	if size(s.Links) > maxLinks {
		bad.Add(fault.Bad("links", "too_long").With("Max", MaxLink))
	}
	if s.Rates.Check() != nil || size(s.Rates) > maxRates {
		bad.Add(fault.Bad("rates", "rates_form"))
	}
	if !money.Known(s.Currency) {
		bad.Add(fault.Bad("currency", "currency_unknown"))
	}
	return bad.Err()
}

func checkLanguages(list []string) *fault.Error {
	known := strings.Fields(languages)
	seen := map[string]bool{}
	for _, l := range list {
		if !slices.Contains(known, l) || seen[l] {
			return fault.Bad("languages", "languages_unknown")
		}
		seen[l] = true
	}
	if len(list) == 0 {
		return fault.Bad("languages", "languages_empty")
	}
	return nil
}

// text bounds a text and refuses bytes that are no text; controls lists the
// control characters it may hold.
func text(field, s string, most int, controls string) *fault.Error {
	if utf8.RuneCountInString(s) > most {
		return fault.Bad(field, "too_long").With("Max", most)
	}
	odd := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(controls, r) }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, odd) {
		return fault.Bad(field, "text_form")
	}
	return nil
}

// link takes an empty address or a web address without a user in it.
func link(field, address string) *fault.Error {
	if address == "" {
		return nil
	}
	if bad := text(field, address, MaxLink, ""); bad != nil {
		return bad
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Contains(address, " ") {
		return fault.Bad(field, "link_form")
	}
	return nil
}

// size is how long a value becomes in its column.
func size(v any) int {
	b, err := json.Marshal(v)
	if err != nil {
		return 1 << 30
	}
	return utf8.RuneCount(b)
}
