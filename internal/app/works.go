package app

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/outbound"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/web"
)

// openWorks makes works, their offers and licences. Orders stand before it.
func (a *App) openWorks(skills *taxonomy.Taxonomy) {
	a.Licences = licence.New(licence.Config{DB: a.DB, Keys: a.Keys, Branch: a.Branch, Profiles: a.Profiles, Payments: a.Payments, URL: a.Config.URL,
		Terms: web.TermsHash, CurrentTerms: web.CurrentTerms, Skill: normalise(skills), Fetch: fetch(outbound.New(outbound.Config{})),
		Forbidden: fund.IsDestination, Tell: a.tellWork, Log: a.Log})
}

// tellWork hands a note about a work or a licence on.
func (a *App) tellWork(ctx context.Context, tx *db.Tx, to string, what licence.Note) error {
	return a.Notices.Tell(ctx, tx, to, notice.Told{Kind: notice.Kind(what.Kind), Subject: what.Subject, Cause: what.Cause, Path: what.Path, Args: what.Args})
}

var errNoFile = errors.New("app: no such file at that address")

// fetch reads one small public file.
func fetch(client *outbound.Client) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, address string) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return nil, outbound.ErrRefused
		}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			return nil, errNoFile
		}
		return body, nil
	}
}
