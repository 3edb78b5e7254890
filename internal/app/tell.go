package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/outbound"
	"github.com/tmoeg/oduvan/web"
)

// openTelling makes the ways in which people hear of each other.
func (a *App) openTelling(pages *web.Web) error {
	cfg := notice.Config{DB: a.DB, Keys: a.Keys, URL: a.Config.URL, Log: a.Log,
		Words: func(lang string) string { return pages.Texts(a.spoken(lang)).T("notice.push") }}
	vapid, err := notice.OpenVAPID(a.Config.SecretsDir())
	switch {
	case err == nil:
		cfg.Push = notice.NewPush(vapid, outbound.New(outbound.Config{}), a.Config.URL)
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("web push key: %w", err)
	}
	a.Notices = notice.New(cfg)
	a.Profiles.Tells(ageing{a.Notices})
	a.Messages = message.New(message.Config{DB: a.DB, Profiles: a.Profiles, Teller: teller{a.Notices}, Services: a.askable})
	return nil
}

// spoken is the language in which somebody is told: their own, while the branch
// speaks it. Without a database the last known settings decide.
func (a *App) spoken(lang string) string {
	settings, _, _ := a.Branch.At(context.Background())
	return settings.Spoken(lang)
}

// teller lets messages tell people by notices.
type teller struct{ *notice.Notices }

// Tell hands a note on.
func (t teller) Tell(ctx context.Context, tx *db.Tx, to string, what message.Note) error {
	return t.Notices.Tell(ctx, tx, to, notice.Told{Kind: notice.Kind(what.Kind), Subject: what.Subject, Cause: what.Cause,
		Path: what.Path, Args: what.Args})
}

// ageing lets profiles tell their owners by notices.
type ageing struct{ *notice.Notices }

// Ageing tells of a pause that comes or has come: once a day at most.
func (g ageing) Ageing(ctx context.Context, tx *db.Tx, accountID string, days int) error {
	told := notice.Told{Kind: notice.ProfileSlept, Subject: accountID, Cause: db.Date(tx.Now), Path: "/me"}
	if days > 0 {
		told.Kind, told.Args = notice.ProfileReminder, map[string]string{"days": strconv.Itoa(days)}
	}
	return g.Tell(ctx, tx, accountID, told)
}

// tellFound tells the owner of a saved search that it found something, once a day.
func (a *App) tellFound(ctx context.Context, tx *db.Tx, to, searchID string, count int) error {
	return a.Notices.Tell(ctx, tx, to, notice.Told{Kind: notice.SavedFound, Subject: searchID, Cause: db.Date(tx.Now),
		Path: "/me/searches/" + searchID, Args: map[string]string{"count": strconv.Itoa(count)}})
}

// askable reads what an inquiry keeps of a service.
func (a *App) askable(ctx context.Context, by account.Actor, id string) (message.Service, error) {
	s, err := a.Market.Service(ctx, by, id)
	return message.Service{AccountID: s.AccountID, Title: s.Title, Open: s.State == market.Published && s.Visible}, err
}
