package account

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
)

// exportName is this package's own part of an export.
const exportName = "account"

// HeldTables lists every table that some holder answers for, this package's
// own first: a test compares it with the schema.
func (a *Accounts) HeldTables() []string {
	out := strings.Fields(ownTables)
	for _, h := range a.held {
		out = append(out, h.Tables...)
	}
	return out
}

// Export writes all that the branch holds about the actor as one JSON object:
// "account", then one member for each holder. Codes and tokens are not in it:
// the branch does not have them. Nothing is written when a part fails. Faults:
// Unauthenticated.
func (a *Accounts) Export(ctx context.Context, by Actor, w io.Writer) error {
	var out bytes.Buffer
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out.Reset()
		acc, err := owner(ctx, tx, by)
		if err != nil {
			return err
		}
		return a.export(ctx, tx, acc, &out)
	})
	if err != nil {
		return err
	}
	_, err = out.WriteTo(w)
	return err
}

// Disclose is Export for any account, by handle, for the operator's duty to
// tell. Faults: Unauthenticated, Forbidden; NotFound account_unknown.
func (a *Accounts) Disclose(ctx context.Context, by Actor, handle string, w io.Writer) error {
	if err := need(by, Operator); err != nil {
		return err
	}
	var out bytes.Buffer
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		out.Reset()
		acc, err := ByHandle(ctx, tx, handle)
		if err != nil {
			return err
		}
		return a.export(ctx, tx, acc, &out)
	})
	if err != nil {
		return err
	}
	_, err = out.WriteTo(w)
	return err
}

func (a *Accounts) export(ctx context.Context, tx *db.Tx, acc Account, out *bytes.Buffer) error {
	part, err := a.exportOwn(ctx, tx, acc)
	if err != nil {
		return err
	}
	out.WriteString(`{"` + exportName + `":`)
	out.Write(part)
	for _, h := range a.held {
		var b bytes.Buffer
		if err := h.Export(ctx, tx, acc.ID, &b); err != nil {
			return err
		}
		name, err := json.Marshal(h.Name)
		if err != nil {
			return err
		}
		out.WriteByte(',')
		out.Write(name)
		out.WriteByte(':')
		if err := json.Compact(out, b.Bytes()); err != nil {
			return fmt.Errorf("export of %s is no JSON: %w", h.Name, err)
		}
	}
	out.WriteString("}\n")
	return nil
}

// The export's own shape: people and scripts read it, so it does not follow the columns.
type (
	exported struct {
		ID          string            `json:"id"`
		Handle      string            `json:"handle"`
		Role        Role              `json:"role"`
		State       State             `json:"state"`
		AvatarSeed  string            `json:"avatar_seed"`
		Language    string            `json:"language"`
		JoinedOn    string            `json:"joined_on"`
		HeldUntil   *time.Time        `json:"passkeys_held_until,omitempty"`
		HasCode     bool              `json:"recovery_code_set"`
		Epoch       int64             `json:"session_epoch"`
		Passkeys    []exportedPasskey `json:"passkeys"`
		Tokens      []exportedToken   `json:"api_tokens"`
		Sessions    []exportedEnd     `json:"sessions"`
		Invitations []exportedEnd     `json:"invitations"`
		Answers     []exportedAnswer  `json:"kept_answers"`
		Imported    *exportedImport   `json:"imported,omitempty"`
	}
	exportedPasskey struct {
		Name      string `json:"name"`
		SignCount uint32 `json:"sign_count"`
		AddedOn   string `json:"added_on"`
		UsedOn    string `json:"used_on,omitempty"`
	}
	exportedToken struct {
		Name    string    `json:"name"`
		AddedOn string    `json:"added_on"`
		Until   time.Time `json:"expires_at"`
	}
	exportedEnd struct {
		Until time.Time `json:"expires_at"`
	}
	exportedAnswer struct {
		Route string    `json:"route"`
		Until time.Time `json:"expires_at"`
	}
	exportedImport struct {
		Format  string `json:"format"`
		AddedOn string `json:"added_on"`
	}
)

// rowsOf are the account's rows in this package's other tables.
type rowsOf struct {
	passkeys    []Passkey
	tokens      []APIToken
	sessions    []session
	invitations []invitation
	answers     []stored
	imported    []Imported
}

func (a *Accounts) exportOwn(ctx context.Context, tx *db.Tx, acc Account) ([]byte, error) {
	var rows rowsOf
	for _, q := range []struct {
		model any
		order string
	}{{&rows.passkeys, "added_on, id"}, {&rows.tokens, "added_on, id"}, {&rows.sessions, "expires_at"},
		{&rows.invitations, "expires_at"}, {&rows.answers, "route, expires_at"}, {&rows.imported, "added_on"}} {
		if err := tx.NewSelect().Model(q.model).Where("account_id = ?", acc.ID).OrderExpr(q.order).Scan(ctx); err != nil {
			return nil, err
		}
	}
	return json.Marshal(rows.shape(acc))
}

func (r rowsOf) shape(acc Account) exported {
	e := exported{ID: acc.ID, Handle: acc.Handle, Role: acc.Role, State: acc.State, AvatarSeed: acc.AvatarSeed, Language: acc.Language,
		JoinedOn: db.Date(acc.JoinedOn), HasCode: acc.RecoveryMAC != nil, Epoch: acc.SessionEpoch, Passkeys: []exportedPasskey{},
		Tokens: []exportedToken{}, Sessions: []exportedEnd{}, Invitations: []exportedEnd{}, Answers: []exportedAnswer{}}
	if !acc.HeldUntil.IsZero() {
		until := acc.HeldUntil.UTC()
		e.HeldUntil = &until
	}
	for _, p := range r.passkeys {
		e.Passkeys = append(e.Passkeys, exportedPasskey{p.Name, p.Key.SignCount, db.Date(p.AddedOn), db.Date(p.UsedOn)})
	}
	for _, t := range r.tokens {
		e.Tokens = append(e.Tokens, exportedToken{t.Name, db.Date(t.AddedOn), t.ExpiresAt.UTC()})
	}
	for _, s := range r.sessions {
		e.Sessions = append(e.Sessions, exportedEnd{s.ExpiresAt.UTC()})
	}
	for _, i := range r.invitations {
		e.Invitations = append(e.Invitations, exportedEnd{i.ExpiresAt.UTC()})
	}
	for _, k := range r.answers {
		e.Answers = append(e.Answers, exportedAnswer{k.Route, k.ExpiresAt.UTC()})
	}
	for _, i := range r.imported {
		e.Imported = &exportedImport{i.Format, db.Date(i.AddedOn)}
	}
	return e
}
