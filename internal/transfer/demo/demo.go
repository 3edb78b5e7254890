// Package demo fills an empty branch with made-up people, so that a first look
// shows a living board. It promises that a branch with a single profile of its
// own is never touched and that nobody in it exists. It refuses to be a second
// way in: the people come through the same import as anybody's list.
package demo

import (
	"bytes"
	"context"
	_ "embed" // the people
	"encoding/json"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/transfer"
)

//go:embed demo.json
var file []byte

// Load imports the made-up people into a branch without profiles and returns
// how many there are now; 0 means that the branch is not empty and was left as
// it is. Their first days on the board lie within the last two hundred, some of
// them newcomers. Faults: those of transfer.Import.
func Load(ctx context.Context, d *db.DB, t *transfer.Transfer) (int, error) {
	empty := false
	err := d.Read(ctx, func(tx *db.Tx) error {
		some, err := tx.NewSelect().Model((*profile.Profile)(nil)).Exists(ctx)
		empty = !some
		return err
	})
	if err != nil || !empty {
		return 0, err
	}
	dated, err := Dated(d.Now())
	if err != nil {
		return 0, err
	}
	report, err := t.Import(ctx, transfer.Input{Format: transfer.Oduvan, Reader: bytes.NewReader(dated), Publish: true})
	return report.Created, err
}

// The days since first publication go through the span in steps that share no
// divisor with it, so neighbours in the file stand far apart and no day repeats
// soon. Today itself is left to whoever comes really new.
const (
	span = 200
	step = 37
)

// Dated is the file in our own format with each person's first day set before
// an instant.
func Dated(now time.Time) ([]byte, error) {
	var list struct {
		Format   string                       `json:"format"`
		Version  int                          `json:"version"`
		Branch   string                       `json:"branch"`
		URL      string                       `json:"url"`
		Profiles []map[string]json.RawMessage `json:"profiles"`
	}
	if err := json.Unmarshal(file, &list); err != nil {
		return nil, err
	}
	for i, p := range list.Profiles {
		day := db.Day(now).AddDate(0, 0, -(1 + i*step%span))
		p["since"] = json.RawMessage(`"` + day.Format(time.DateOnly) + `"`)
	}
	return json.Marshal(list)
}
