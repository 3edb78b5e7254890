package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/secret"
)

// The levels of a finding of the doctor, the lightest first.
const (
	Fine = "ok"
	Warn = "warn"
	Bad  = "bad"
)

// Symptom is one thing that the doctor looked at.
type Symptom struct {
	Name  string `json:"name"`
	Level string `json:"level"`
	Says  string `json:"says"` // for the operator, in English, with what to do
}

// rotateAfter is how long a signing key should be in use.
const rotateAfter = 365 * 24 * time.Hour

// auditOld is when the last audit should have been followed by another.
const auditOld = 36 * time.Hour

// Doctor looks at what a running board cannot mend itself: the address, the
// database's settings, the signing keys, the last audit, and Stripe where there
// is a key. It changes nothing.
func (a *App) Doctor(ctx context.Context) ([]Symptom, error) {
	out := []Symptom{a.addressed()}
	found, err := a.database(ctx)
	if err != nil {
		return nil, err
	}
	out = append(out, found...)
	keys, err := a.signing()
	if err != nil {
		return nil, err
	}
	last, err := a.audited(ctx)
	return append(append(out, keys, last), a.cards(ctx)...), err
}

// cards says whether card payments work, where there are any: Stripe is asked.
func (a *App) cards(ctx context.Context) (out []Symptom) {
	if a.Stripe == nil {
		return nil
	}
	for _, c := range a.Stripe.Doctor(ctx) {
		s := Symptom{"stripe " + c.Name, Fine, c.Note}
		switch {
		case c.OK:
		case c.Name == "findings":
			s.Level, s.Says = Warn, c.Note+": oduvan stripe findings lists them"
		default:
			s.Level = Bad
		}
		out = append(out, s)
	}
	return out
}

// addressed says whether others can reach the branch; the settings refuse an
// address elsewhere that is not https.
func (a *App) addressed() Symptom {
	if strings.HasPrefix(a.Config.URL, "https://") {
		return Symptom{"address", Fine, a.Config.URL}
	}
	return Symptom{"address", Warn, a.Config.URL + " is for this machine only: set ODUVAN_URL to the board's https address"}
}

// database looks at the server. Literals stand in the text of our statements,
// so a server that logs statements keeps people's words.
func (a *App) database(ctx context.Context) ([]Symptom, error) {
	if a.DB.Engine() == db.SQLite {
		var found string
		err := a.DB.Read(ctx, func(tx *db.Tx) error { return tx.NewRaw("PRAGMA quick_check(1)").Scan(ctx, &found) })
		if err != nil || found == "ok" {
			return []Symptom{{"database", Fine, "SQLite, and its file is whole"}}, err
		}
		return []Symptom{{"database", Bad, "SQLite's file is damaged: " + found}}, nil
	}
	settings := map[string]string{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		var rows []struct{ Name, Setting string }
		err := tx.NewRaw("SELECT name, setting FROM pg_settings WHERE name IN ('log_statement', 'log_min_duration_statement', 'log_min_error_statement', 'server_version')").Scan(ctx, &rows)
		for _, r := range rows {
			settings[r.Name] = r.Setting
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := []Symptom{{"database", Fine, "PostgreSQL " + settings["server_version"]}, serverLog(settings)}
	role, err := a.Payments.Walled(ctx)
	if err != nil {
		return nil, err
	}
	if role {
		return append(out, Symptom{"role", Fine, "orders are written under " + payment.MarketRole + ", which cannot touch the fund"}), nil
	}
	return append(out, Symptom{"role", Warn, "there is no role " + payment.MarketRole + " that cannot touch the fund: oduvan doctor --role-sql prints how to make it"}), nil
}

func serverLog(settings map[string]string) Symptom {
	if s := settings["log_statement"]; s == "mod" || s == "all" {
		return Symptom{"server log", Bad, "log_statement = " + s + " writes what people type into the server's log: set it to none or ddl"}
	}
	if s := settings["log_min_duration_statement"]; s != "-1" && s != "" {
		return Symptom{"server log", Warn, "log_min_duration_statement = " + s + " writes slow statements with what people typed into the server's log: set it to -1"}
	}
	if s := settings["log_min_error_statement"]; s != "panic" && s != "fatal" {
		return Symptom{"server log", Warn, "log_min_error_statement = " + s + " writes failing statements with what people typed into the server's log: set it to panic"}
	}
	return Symptom{"server log", Fine, "the server's log keeps no statements"}
}

// signing says whether certificates can be signed, and by a key of an age.
func (a *App) signing() (Symptom, error) {
	keys, err := a.Keys.SigningKeys()
	if err != nil {
		return Symptom{}, err
	}
	now := a.DB.Now()
	for i, k := range keys {
		if !k.RevokedAt.IsZero() || !k.Holds(now) {
			continue
		}
		next := slices.ContainsFunc(keys[i+1:], func(n secret.SigningKey) bool { return n.RevokedAt.IsZero() && n.From.After(now) })
		if now.Sub(k.From) > rotateAfter && !next {
			return Symptom{"signing key", Warn, fmt.Sprintf("%s is in use since %s: oduvan keys rotate makes the next one", k.ID, db.Date(k.From))}, nil
		}
		return Symptom{"signing key", Fine, fmt.Sprintf("%s, in use since %s", k.ID, db.Date(k.From))}, nil
	}
	return Symptom{"signing key", Warn, "there is none yet: serve makes the first one"}, nil
}

func (a *App) audited(ctx context.Context) (Symptom, error) {
	run, err := a.Audit.Last(ctx)
	switch {
	case fault.Is(err, fault.NotFound):
		return Symptom{"audit", Warn, "none was run yet: serve runs one at once, oduvan audit does too"}, nil
	case err != nil:
		return Symptom{}, err
	case !run.OK:
		return Symptom{"audit", Bad, fmt.Sprintf("broken on %s: %s; oduvan audit lists what", run.At.Format(time.RFC3339), run.Names)}, nil
	case a.DB.Now().Sub(run.At) > auditOld:
		return Symptom{"audit", Warn, "the last one was on " + run.At.Format(time.RFC3339) + ": is serve running?"}, nil
	}
	return Symptom{"audit", Fine, fmt.Sprintf("%d invariants held on %s", run.Checked, run.At.Format(time.RFC3339))}, nil
}
