package notice

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Tables are the tables that Notices answer for as an account.Holder.
func Tables() []string {
	return []string{"notice", "notice_setting", "push_subscription", "push_sent"}
}

// The export's own shape: people and scripts read it.
type (
	export struct {
		Notices  []exportedNotice  `json:"notices"`
		Off      []Kind            `json:"kinds_off"`
		Feed     bool              `json:"feed"`
		Browsers []exportedBrowser `json:"push"`
	}
	exportedNotice struct {
		ID        string            `json:"id"`
		Kind      Kind              `json:"kind"`
		Subject   string            `json:"subject"`
		Cause     string            `json:"cause,omitempty"`
		Path      string            `json:"path"`
		Handle    string            `json:"handle,omitempty"`
		Args      map[string]string `json:"args"`
		CreatedAt time.Time         `json:"created_at"`
		ReadAt    *time.Time        `json:"read_at"`
		Removed   bool              `json:"removed"`
		PushedTo  []string          `json:"pushed_to"`
	}
	exportedBrowser struct {
		ID      string `json:"id"`
		Service string `json:"service"`
		AddedOn string `json:"added_on"`
	}
)

// Export writes what the account was told and how, as one JSON value. The
// feed's address and the push keys are secrets and not in it. It implements
// account.Holder.
func (n *Notices) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	row, err := n.setting(ctx, tx, id)
	if err != nil {
		return err
	}
	s := n.settings(row)
	out := export{Notices: []exportedNotice{}, Off: s.Off, Feed: s.Feed, Browsers: []exportedBrowser{}}
	browsers, err := n.subscriptions(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		out.Browsers = append(out.Browsers, exportedBrowser{b.ID, b.Service, b.AddedOn.UTC().Format(time.DateOnly)})
	}
	var rows []Notice
	if err := tx.NewSelect().Model(&rows).Where("account_id = ?", id).OrderExpr("created_at, id").Scan(ctx); err != nil {
		return err
	}
	pushed, err := pushedTo(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, r := range rows {
		e := exportedNotice{ID: r.ID, Kind: r.Kind, Subject: r.Subject, Cause: r.Cause, Path: r.Path, Handle: r.Handle, Args: r.Args,
			CreatedAt: r.CreatedAt.UTC(), Removed: r.Removed, PushedTo: []string{}}
		if !r.ReadAt.IsZero() {
			at := r.ReadAt.UTC()
			e.ReadAt = &at
		}
		e.PushedTo = append(e.PushedTo, pushed[r.ID]...)
		out.Notices = append(out.Notices, e)
	}
	return json.NewEncoder(w).Encode(out)
}

// pushedTo lists, by notice, the subscriptions that took an account's pushes.
func pushedTo(ctx context.Context, tx *db.Tx, id string) (map[string][]string, error) {
	var rows []struct {
		NoticeID       string `bun:"notice_id"`
		SubscriptionID string `bun:"subscription_id"`
	}
	err := tx.NewSelect().TableExpr("push_sent AS x").Join("JOIN notice AS n ON n.id = x.notice_id").
		Column("x.notice_id", "x.subscription_id").Where("n.account_id = ?", id).OrderExpr("x.notice_id, x.subscription_id").Scan(ctx, &rows)
	out := map[string][]string{}
	for _, r := range rows {
		out[r.NoticeID] = append(out[r.NoticeID], r.SubscriptionID)
	}
	return out, err
}

// Erase removes what the account was told, and the account's handle from what
// others were told: their notices then speak of nobody. It implements
// account.Holder.
func (n *Notices) Erase(ctx context.Context, tx *db.Tx, id string) error {
	for _, model := range []any{(*Notice)(nil), (*setting)(nil), (*subscription)(nil)} {
		if _, err := tx.NewDelete().Model(model).Where("account_id = ?", id).Exec(ctx); err != nil {
			return err
		}
	}
	acc, err := account.ByID(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return nobody(ctx, tx, acc.Handle)
}

// nobody takes a handle out of all notices, and out of addresses that hold it:
// those pages are gone with it.
func nobody(ctx context.Context, tx *db.Tx, handle string) error {
	_, err := tx.NewUpdate().Model((*Notice)(nil)).
		Set("path = CASE WHEN REPLACE(path, ?, '') = path THEN path ELSE '/' END", handle).Set("handle = ''").
		Where("handle = ?", handle).Exec(ctx)
	return err
}
