package profile

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// export is a profile as its owner takes it away.
type export struct {
	Roles       []string   `json:"roles"`
	Name        string     `json:"name"`
	Headline    string     `json:"headline"`
	About       string     `json:"about"`
	Skills      []string   `json:"skills"`
	Levels      []string   `json:"levels"`
	Languages   []string   `json:"languages"`
	Formats     []string   `json:"formats"`
	Timezone    string     `json:"timezone"`
	Links       []Link     `json:"links"`
	Picture     string     `json:"picture"`
	State       State      `json:"state"`
	PausedBy    Cause      `json:"paused_by"`
	PausedUntil *time.Time `json:"paused_until"`
	Approved    bool       `json:"approved"`
	RemindedOn  string     `json:"reminded_on"`
	PublishedOn string     `json:"published_on"`
	ActiveOn    string     `json:"active_on"`
	Version     int64      `json:"version"`
}

// Export writes the account's profile as one JSON value, null without one. It
// implements account.Holder.
func (p *Profiles) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	row, err := load(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		_, err = io.WriteString(w, "null")
		return err
	}
	if err != nil {
		return err
	}
	out := export{Roles: []string{}, Name: row.Name, Headline: row.Headline, About: row.About, Skills: row.Skills, Levels: row.Levels,
		Languages: row.Languages, Formats: row.Formats, Timezone: row.Timezone, Links: row.Links, Picture: row.Picture,
		State: row.State, PausedBy: row.PausedBy, Approved: row.Approved, RemindedOn: db.Date(row.RemindedOn),
		PublishedOn: db.Date(row.PublishedOn), ActiveOn: db.Date(row.ActiveOn), Version: row.Version}
	if row.Tutor {
		out.Roles = append(out.Roles, TutorKind)
	}
	if row.Creator {
		out.Roles = append(out.Roles, CreatorKind)
	}
	if !row.PausedUntil.IsZero() {
		out.PausedUntil = &row.PausedUntil
	}
	return json.NewEncoder(w).Encode(out)
}

// Erase removes the account's profile with its deadline, and its picture after
// the commit. It implements account.Holder.
func (p *Profiles) Erase(ctx context.Context, tx *db.Tx, id string) error {
	row, err := load(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*Profile)(nil)).Where("account_id = ?", id).Exec(ctx); err != nil {
		return err
	}
	if err := tx.NotDue(ctx, dueKind, id); err != nil {
		return err
	}
	if row.Picture != "" {
		if err := tx.Enqueue(ctx, DropPicture{row.Picture}); err != nil {
			return err
		}
	}
	if err := tx.Forget(ctx, id); err != nil {
		return err
	}
	return p.tell(ctx, tx, &row, &Profile{AccountID: id})
}
