package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// openIndex opens the search. The index holds nothing of its own, so a board
// whose index cannot be opened starts all the same and answers from SQL.
func (a *App) openIndex(ctx context.Context, skills *taxonomy.Taxonomy, opt Options) error {
	cfg := catalogue.Config{DB: a.DB, Log: a.Log, Timeout: opt.Patience}
	switch {
	case opt.NoIndex:
	case a.Config.MeiliURL != "":
		holder, err := a.processNumber(ctx)
		if err != nil {
			return err
		}
		engine := meili.Open(meili.Config{URL: a.Config.MeiliURL, Taxonomy: skills, Now: time.Now, Log: a.Log,
			Keys: func() (meili.Keys, error) { return MeiliKeys(a.Config) }})
		a.index, a.shared, cfg.Engine, cfg.Lease = engine, engine, engine, feeding{a.DB, holder}
	default:
		engine, err := bleve.Open(filepath.Join(a.Config.Data, "index"), skills)
		if err != nil {
			a.Log.Error("search index not opened: answering from the database", "error", err)
			break
		}
		a.index, cfg.Engine = engine, engine
	}
	a.Catalogue = catalogue.New(cfg, a.kinds()...)
	return nil
}

// processNumber is a random number that tells this process from others.
func (a *App) processNumber(ctx context.Context) (id string, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		id = tx.RandomID()
		return nil
	})
	return id, err
}

// feeding is the lease of whoever feeds the shared search index.
type feeding struct {
	db     *db.DB
	holder string
}

// feedingLease is the lease's name in the database.
const feedingLease = "search index"

// Hold implements catalogue.Lease.
func (f feeding) Hold(ctx context.Context, span time.Duration, take bool) (bool, error) {
	return f.db.Hold(ctx, db.Lease{Name: feedingLease, Holder: f.holder}, span, take)
}

// Yield implements catalogue.Lease.
func (f feeding) Yield(ctx context.Context) error { return f.db.Yield(ctx, feedingLease, f.holder) }

// meiliFile holds the two keys that were made by "oduvan keys search".
const meiliFile = "meili.json"

// MeiliKeys gives the keys for Meilisearch: the one of the configuration for
// everything, else those of the secrets folder.
func MeiliKeys(cfg config.Config) (meili.Keys, error) {
	if cfg.MeiliKey != "" {
		return meili.Keys{Search: cfg.MeiliKey, Admin: cfg.MeiliKey}, nil
	}
	raw, err := os.ReadFile(filepath.Join(cfg.SecretsDir(), meiliFile))
	if errors.Is(err, fs.ErrNotExist) {
		return meili.Keys{}, nil // a server without a master key asks for none
	}
	if err != nil {
		return meili.Keys{}, err
	}
	var keys meili.Keys
	if json.Unmarshal(raw, &keys) != nil || !keys.Whole() {
		return meili.Keys{}, fmt.Errorf("%s: does not hold two keys", meiliFile) // the text of a JSON error may quote them
	}
	return keys, nil
}

// SaveMeiliKeys replaces the keys in the secrets folder, which exists.
func SaveMeiliKeys(cfg config.Config, keys meili.Keys) error {
	raw, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(cfg.SecretsDir(), meiliFile+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(cfg.SecretsDir(), meiliFile))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
