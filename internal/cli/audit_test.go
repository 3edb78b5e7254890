package cli_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
)

// spoil changes the first entry of the fund's books as only the owner of the
// file can, with the database's own guard taken away.
func spoil(t *testing.T, dir string) {
	t.Helper()
	d, err := db.Open(db.Config{Path: filepath.Join(dir, "oduvan.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, query := range []string{"DROP TRIGGER fund_entry_update", "UPDATE fund_entry SET amount = amount + 1 WHERE seq = 1"} {
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.NewRaw(query).Exec(context.Background())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The audit works beside a running serve, names what is broken and ends with 1.
func TestAuditBesideServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, dir)
	run := func(args ...string) string {
		t.Helper()
		out, err := oduvan(t, dir, args...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	run("fund", "record", "donation", "1500", "RUB")
	if out := run("audit"); !strings.Contains(out, "invariants hold") {
		t.Errorf("audit: %s", out)
	}
	spoil(t, dir)
	out, err := oduvan(t, dir, "audit")
	if err == nil || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("exit: %v, want 1", err)
	}
	for _, want := range []string{"fund_chain: ", "  - entry 1 says something else than its checksum", "oduvan: the audit found what must not be: 1 invariant\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	out, err = oduvan(t, dir, "audit", "--json")
	if err == nil || !strings.Contains(out, `"ok":false`) || !strings.Contains(out, `"name":"fund_chain"`) {
		t.Errorf("audit --json: %v\n%s", err, out)
	}
}
