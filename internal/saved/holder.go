package saved

import (
	"context"
	"encoding/json"
	"io"

	"github.com/tmoeg/oduvan/internal/db"
)

// Tables are the tables that Saved answers for as an account.Holder.
func Tables() []string { return []string{"saved_search", "saved_find"} }

// The export's own shape: people and scripts read it.
type (
	exported struct {
		ID        string          `json:"id"`
		Name      string          `json:"name"`
		Query     string          `json:"query"`
		State     State           `json:"state"`
		SavedOn   string          `json:"saved_on"`
		CheckedOn string          `json:"checked_on"`
		Finds     []exportedFinds `json:"finds"`
	}
	exportedFinds struct {
		FoundOn string `json:"found_on"`
		Seen    bool   `json:"seen"`
		GoneOn  string `json:"gone_on,omitempty"`
	}
)

// Export writes the account's searches as one JSON value: what they look for,
// and on which days something was found. The feeds' addresses are secrets, and
// the marks of finds say nothing, so neither is in it. It implements
// account.Holder.
func (s *Saved) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	var rows []Search
	if err := tx.NewSelect().Model(&rows).Where("account_id = ?", id).OrderExpr("saved_on, id").Scan(ctx); err != nil {
		return err
	}
	var finds []find
	err := tx.NewSelect().Model(&finds).Where("search_id IN (?)", tx.NewSelect().Model((*Search)(nil)).Column("id").Where("account_id = ?", id)).
		Where("found_on IS NOT NULL").OrderExpr("found_on, thing_mac").Scan(ctx)
	if err != nil {
		return err
	}
	bySearch := map[string][]exportedFinds{}
	for _, f := range finds {
		bySearch[f.SearchID] = append(bySearch[f.SearchID], exportedFinds{db.Date(f.FoundOn), f.Seen, db.Date(f.GoneOn)})
	}
	out := make([]exported, 0, len(rows))
	for _, r := range rows {
		out = append(out, exported{ID: r.ID, Name: r.Name, Query: r.Query, State: r.State, SavedOn: db.Date(r.SavedOn),
			CheckedOn: db.Date(r.CheckedOn), Finds: append([]exportedFinds{}, bySearch[r.ID]...)})
	}
	return json.NewEncoder(w).Encode(out)
}

// Erase removes the account's searches and what they would do next. Where the
// account itself was found there is only a hash that fits nothing any more. It
// implements account.Holder.
func (s *Saved) Erase(ctx context.Context, tx *db.Tx, id string) error {
	var ids []string
	if err := tx.NewDelete().Model((*Search)(nil)).Where("account_id = ?", id).Returning("id").Scan(ctx, &ids); err != nil {
		return err
	}
	for _, one := range ids {
		if err := tx.NotDue(ctx, due, one); err != nil {
			return err
		}
	}
	return nil
}
