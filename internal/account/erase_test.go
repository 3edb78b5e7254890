package account_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

// services is a feature that keeps rows about accounts, as small as one can be.
type services struct{ refuse error }

func (s *services) add(w *world, t *testing.T, accountID string) {
	t.Helper()
	must(t, w.Write(w.ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(w.ctx, `INSERT INTO service (id, account_id, title, summary, format, minutes, currency, by_agreement, rules, state, version)
			VALUES ('`+tx.NewID()+`', '`+accountID+`', 'Разбор кода', '', 'call', 60, '', TRUE, '', 'draft', 1)`)
		if err != nil {
			return err
		}
		return tx.Due(w.ctx, "services", accountID, tx.Now.Add(time.Hour))
	}))
}

func (s *services) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	titles := []string{}
	if err := tx.NewRaw("SELECT title FROM service WHERE account_id = ?", id).Scan(ctx, &titles); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(titles)
}

func (s *services) Erase(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := tx.NewRaw("DELETE FROM service WHERE account_id = ?", id).Exec(ctx); err != nil {
		return err
	}
	return errors.Join(tx.Forget(ctx, id), tx.Changed(ctx, "services", id), s.refuse)
}

// full makes an account with a row in every table, and others beside it.
func full(t *testing.T, w *world) person {
	t.Helper()
	p := w.officer(t, "ada", account.Moderator)
	w.officer(t, "boss", account.Operator)
	other := w.person(t, "ben")
	for _, who := range []person{p, other} {
		w.register(t, who.by, "телефон")
		must(t, w.Sessions().Commit("session of "+who.Handle, data(t, who.ID, 0), w.Clock.Now().Add(time.Hour)))
		_, err := w.once(who.by, "k", "{}", (&posts{}).do)
		must(t, err)
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			return account.PutImported(w.ctx, tx, account.Imported{SourceMAC: []byte(who.Handle), AccountID: who.ID, ContentMAC: []byte("c"), Format: "getmentor"})
		}))
	}
	_, err := w.Invite(w.ctx, p.by)
	must(t, err)
	_, _, err = w.NewToken(w.ctx, p.by, "бот")
	must(t, err)
	return p
}

func TestExportHoldsEveryRow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		s := &services{}
		w.Hold(account.Held{Name: "services", Tables: []string{"service"}, Holder: s})
		p := full(t, w)
		s.add(w, t, p.ID)
		var out bytes.Buffer
		must(t, w.Export(w.ctx, p.by, &out))
		var got struct {
			Account  map[string]any
			Services []string
		}
		must(t, json.Unmarshal(out.Bytes(), &got))
		if diff := cmp.Diff([]string{"Разбор кода"}, got.Services); diff != "" {
			t.Errorf("services (-want +got):\n%s", diff)
		}
		lengths := map[string]int{}
		for name, v := range got.Account {
			if list, ok := v.([]any); ok {
				lengths[name] = len(list)
			}
		}
		want := map[string]int{"passkeys": 1, "api_tokens": 2, "sessions": 1, "invitations": 1, "kept_answers": 1}
		if diff := cmp.Diff(want, lengths); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if got.Account["handle"] != "ada" || got.Account["imported"] == nil || strings.Contains(out.String(), "mac") || strings.Contains(out.String(), "ben") {
			t.Errorf("got %s", out.String())
		}
		var same bytes.Buffer
		must(t, w.Disclose(w.ctx, account.Console(), "ada", &same))
		if diff := cmp.Diff(out.String(), same.String()); diff != "" {
			t.Errorf("disclosed (-exported +disclosed):\n%s", diff)
		}
		wants(t, w.Disclose(w.ctx, p.by, "ada", io.Discard), fault.Forbidden, "not_allowed")
		wants(t, w.Export(w.ctx, account.Actor{}, io.Discard), fault.Unauthenticated, "sign_in_needed")
	})
}

func TestEraseLeavesNoRow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		s := &services{}
		w.Hold(account.Held{Name: "services", Tables: []string{"service"}, Holder: s})
		var told atomic.Int64
		w.OnErased(func(context.Context) error { told.Add(1); return nil })
		p := full(t, w)
		s.add(w, t, p.ID)
		before := w.tables(t, p.ID)
		want := append(slices.Clone(w.HeldTables()), "due")
		slices.Sort(want)
		if diff := cmp.Diff(want, before); diff != "" {
			t.Fatalf("tables that name the account before (-want +got):\n%s", diff)
		}

		wants(t, w.Erase(w.ctx, p.by, "ben"), fault.Invalid, "confirm_handle")
		wants(t, w.Erase(w.ctx, account.Actor{}, ""), fault.Unauthenticated, "sign_in_needed")
		s.refuse = fault.Of(fault.Conflict, "open_orders")
		wants(t, w.Erase(w.ctx, p.by, "ada"), fault.Conflict, "open_orders")
		if diff := cmp.Diff(before, w.tables(t, p.ID)); diff != "" {
			t.Errorf("a refused erasure changed something:\n%s", diff)
		}
		if stones, _, err := w.Keys.Tombstones(); err != nil || len(stones) != 0 {
			t.Errorf("tombstones of a refused erasure: %v, %v", stones, err)
		}

		s.refuse = nil
		must(t, w.Erase(w.ctx, p.by, "ada"))
		if diff := cmp.Diff([]string{"due", "search_change"}, w.tables(t, p.ID)); diff != "" {
			t.Errorf("tables that tell the indexes of the erasure (-want +got):\n%s", diff)
		}
		if n := w.rows(t, "SELECT count(*) FROM account"); n != 2 {
			t.Errorf("%d others left, want 2", n)
		}
		if stones, _, err := w.Keys.Tombstones(); err != nil || !slices.Equal(stones, []string{p.ID}) {
			t.Errorf("tombstones %v, %v", stones, err)
		}
		wants(t, w.Erase(w.ctx, p.by, "ada"), fault.Unauthenticated, "session_ended")
		_, err := w.SessionActor(w.ctx, p.ID, 0)
		wants(t, err, fault.Unauthenticated, "session_ended")
		_, _, err = w.SignInByCode(w.ctx, p.code)
		wants(t, err, fault.Unauthenticated, "code_unknown")
		wants(t, w.Sessions().Commit("late", data(t, p.ID, 0), w.Clock.Now().Add(time.Hour)), fault.Unauthenticated, "session_ended")
		w.works(t, func() bool { return told.Load() > 0 })
		w.person(t, "ada") // the handle is free again
		w.Clock.Advance(8 * 24 * time.Hour)
		if _, err := w.Sweep(w.ctx); err != nil {
			t.Error(err)
		}
		if got := w.tables(t, p.ID); len(got) != 0 {
			t.Errorf("after eight days the account's id is left in %v", got)
		}
	})
}

// tables lists, sorted, the tables in which some column holds the text.
func (w *world) tables(t *testing.T, text string) []string {
	t.Helper()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if w.Engine() == db.PostgreSQL {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	}
	var names, found []string
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		if err := tx.NewRaw(list).Scan(w.ctx, &names); err != nil {
			return err
		}
		for _, name := range names {
			named, err := w.names(tx, name, text)
			if err != nil {
				return err
			}
			if named {
				found = append(found, name)
			}
		}
		return nil
	}))
	slices.Sort(found)
	return found
}

// names tells whether some row of a table holds the text.
func (w *world) names(tx *db.Tx, table, text string) (found bool, err error) {
	rows, err := tx.QueryContext(w.ctx, "SELECT * FROM "+table)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return false, err
	}
	for rows.Next() {
		row := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return false, err
		}
		for _, v := range row {
			found = found || bytes.Contains(v, []byte(text))
		}
	}
	return found, rows.Err()
}

func TestRestoredAccountsAreErasedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.officer(t, "boss", account.Operator)
		w.person(t, "ben")
		must(t, w.Keys.AddTombstone(p.ID)) // as if erased after the backup
		must(t, w.Keys.AddTombstone("00000000-0000-4000-8000-000000000000"))
		for _, want := range []int{1, 0} {
			if n, err := w.EraseAgain(w.ctx); n != want || err != nil {
				t.Errorf("%d erased again, %v, want %d", n, err, want)
			}
		}
		if n := w.rows(t, "SELECT count(*) FROM account"); n != 1 {
			t.Errorf("%d accounts, want ben's", n)
		}
	})
}

func TestHoldRefusesDoubledNames(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t), origin)
	w.Hold(account.Held{Name: "services", Holder: &services{}})
	for _, name := range []string{"services", "account", ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", name)
				}
			}()
			w.Hold(account.Held{Name: name, Holder: &services{}})
		}()
	}
}

// No code or token can be found in the tables, nor in the files of the database
// in any usual form.
func TestSecretsAreNotInTheFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.officer(t, "ada", account.Moderator)
		secrets := []string{p.code, "session-token-of-ada-0123456789", "idempotency-key-0123456789"}
		note := func(code string, err error) {
			t.Helper()
			must(t, err)
			secrets = append(secrets, code)
		}
		token, _, err := w.NewToken(w.ctx, p.by, "")
		note(token, err)
		_, next, err := w.SignInByCode(w.ctx, p.code)
		note(next, err)
		note(w.NewCode(w.ctx, p.by))
		note(w.Invite(w.ctx, p.by))
		note(w.Branch.NewSetupCode(w.ctx))
		must(t, w.Sessions().Commit(secrets[1], data(t, p.ID, 1), w.Clock.Now().Add(time.Hour)))
		_, err = w.once(p.by, secrets[2], `{"body":"idempotency-key-0123456789"}`, (&posts{}).do)
		must(t, err)
		code, _ := w.imported(t, "gost")
		secrets = append(secrets, code, strings.ReplaceAll(p.code, "-", ""))
		planted := "planted-so-that-the-scan-is-known-to-see"
		must(t, w.Write(w.ctx, func(tx *db.Tx) error { return tx.Changed(w.ctx, "x", planted[:36]) }))

		if diff := cmp.Diff([]string{"search_change"}, w.tables(t, planted[:36])); diff != "" {
			t.Errorf("the scan of the tables (-want +got):\n%s", diff)
		}
		for _, secret := range secrets {
			if found := w.tables(t, secret); len(found) > 0 {
				t.Errorf("%.12s… stands in %v", secret, found)
			}
		}
		if w.Engine() == db.PostgreSQL {
			return // its files are the server's
		}
		for _, name := range []string{"oduvan.db", "oduvan.db-wal"} {
			content, err := os.ReadFile(filepath.Join(w.Dir, name))
			must(t, err)
			if name == "oduvan.db-wal" && !bytes.Contains(content, []byte(planted[:36])) {
				t.Error("the scan sees nothing")
			}
			for _, secret := range secrets {
				for _, form := range []string{secret, strings.ToLower(secret), hex.EncodeToString([]byte(secret))} {
					if bytes.Contains(content, []byte(form)) {
						t.Errorf("%.12s… stands in %s", form, name)
					}
				}
			}
		}
	})
}
