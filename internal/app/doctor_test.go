package app_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// TestTheDoctorSees looks at a board before and after what it advises.
func TestTheDoctorSees(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		look := func() map[string]string {
			list, err := b.Doctor(b.ctx)
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]string{}
			for _, s := range list {
				out[s.Name] = s.Level + " " + s.Says
			}
			return out
		}
		before := look()
		if got := before["audit"]; !strings.HasPrefix(got, app.Warn) {
			t.Errorf("before an audit: %q", got)
		}
		report, err := b.Audit.Run(b.ctx)
		if err == nil {
			err = b.Audit.Keep(b.ctx, report)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Keys.SigningAt(b.DB.Now()); err != nil {
			t.Fatal(err)
		}
		after := look()
		for _, name := range []string{"audit", "signing key", "database"} {
			if got := after[name]; !strings.HasPrefix(got, app.Fine) {
				t.Errorf("%s: %q", name, got)
			}
		}
		if b.DB.Engine() == db.SQLite {
			return
		}
		if got := after["role"]; !strings.HasPrefix(got, app.Warn) {
			t.Errorf("without a role: %q", got)
		}
		if err := b.raw(payment.RoleSQL); err != nil {
			t.Fatal(err)
		}
		if got := look()["role"]; !strings.HasPrefix(got, app.Fine) {
			t.Errorf("with a role: %q", got)
		}
		if err := b.raw("UPDATE audit_run SET ok = FALSE, findings = 1, names = 'journal_chain'"); err != nil {
			t.Fatal(err)
		}
		if got := look()["audit"]; !strings.HasPrefix(got, app.Bad) || !strings.Contains(got, "journal_chain") {
			t.Errorf("after a broken audit: %q", got)
		}
	})
}
