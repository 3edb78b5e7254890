// Package app puts the program together: from a Config it makes the one running
// board. It promises that everything is named once, in New, top to bottom, and
// that nothing runs before Run. It refuses to hold rules of its own.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/blob"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/internal/site"
	"github.com/tmoeg/oduvan/internal/transfer"
	"github.com/tmoeg/oduvan/internal/transparency"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/web"
)

// Options are what tests replace; the zero value is the real world.
type Options struct {
	Log      *slog.Logger
	Clock    func() time.Time
	Random   io.Reader     // of ids
	Poll     time.Duration // of jobs
	NoSync   bool
	NoLimits bool
	NoIndex  bool          // commands beside a running serve never open the search index
	Patience time.Duration // how long a request may take; 0: 2 s, and a second of it for the index. A busy machine that tests something else needs more
}

// App is one running board.
type App struct {
	Config    config.Config
	Log       *slog.Logger
	DB        *db.DB
	Keys      *secret.Keys
	Branch    *branch.Branch
	Accounts  *account.Accounts
	Profiles  *profile.Profiles
	Market    *market.Market
	Licences  *licence.Licences
	Catalogue *catalogue.Catalogue
	Notices   *notice.Notices
	Messages  *message.Messages
	Saved     *saved.Saved
	Transfer  *transfer.Transfer
	Payments  *payment.Payments
	Stripe    *stripe.Stripe // nil without a key
	Fund      *fund.Fund
	Audit     *audit.Audit
	Pictures  blob.Store
	Site      *site.Site
	API       *api.API

	Transparency *transparency.Transparency

	index    io.Closer
	shared   *meili.Engine // nil with the embedded engine
	pictures io.Closer
	metrics  *metrics
	limits   *gate
	handler  http.Handler
	routes   gin.RoutesInfo
	stopping atomic.Bool
	patience time.Duration
}

// New makes the board of a configuration: folders and keys, the migrated
// database, features, index and faces. Close it.
func New(ctx context.Context, cfg config.Config, opt Options) (a *App, err error) {
	a = &App{Config: cfg, Log: opt.Log, patience: cmp.Or(opt.Patience, handlerDeadline)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
			a = nil
		}
	}()
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	address, err := url.Parse(cfg.URL)
	if err != nil {
		return a, fmt.Errorf("url: %w", err)
	}
	if err := a.openStores(ctx, opt); err != nil {
		return a, err
	}
	a.Branch = branch.New(a.DB, a.Keys)
	a.Accounts = account.New(account.Config{DB: a.DB, Keys: a.Keys, Branch: a.Branch, URL: cfg.URL, Log: a.Log})
	skills := taxonomy.New()
	a.Profiles = profile.New(a.DB, a.Branch, normalise(skills))
	a.Market = market.New(a.DB, a.Profiles)
	a.Transfer = transfer.New(transfer.Config{DB: a.DB, Keys: a.Keys, Profiles: a.Profiles, Market: a.Market,
		URL: cfg.URL, Skill: knownSkill(skills)})
	a.openPayments()
	if err := a.openStripe(); err != nil {
		return a, err
	}
	a.openWorks(skills)
	if err := a.openIndex(ctx, skills, opt); err != nil {
		return a, err
	}
	pages, err := web.New()
	if err != nil {
		return a, err
	}
	if err := a.openTelling(pages); err != nil {
		return a, err
	}
	a.Saved = saved.New(saved.Config{DB: a.DB, Keys: a.Keys, Branch: a.Branch, Catalogue: a.Catalogue, Tell: a.tellFound, URL: cfg.URL, Log: a.Log})
	a.openFund()
	a.hold()
	a.limits, err = newGate(opt, cfg.Proxies(), a.DB.Now)
	if err != nil {
		return a, err
	}
	a.Site = site.New(site.Config{URL: address, Web: pages, Accounts: a.Accounts, Branch: a.Branch, Profiles: a.Profiles, Market: a.Market,
		Messages: a.Messages, Notices: a.Notices, Saved: a.Saved, Payments: a.Payments, Licences: a.Licences, Fund: a.Fund, Transparency: a.Transparency, Catalogue: a.Catalogue, Skills: skillList{skills}, Limits: a.limits, Pictures: a.Pictures, Keys: a.Keys, Sessions: a.Accounts.Sessions(),
		Stripe: a.sitesStripe(), StripeHosts: a.stripeHosts(), StripeKept: a.stripeKept, Now: a.DB.Now, Log: a.Log})
	a.API, err = api.New(api.Config{Accounts: a.Accounts, Branch: a.Branch, Profiles: a.Profiles, Market: a.Market, Messages: a.Messages, Notices: a.Notices, Catalogue: a.Catalogue,
		Licences: a.Licences, Payments: a.Payments, Stripe: a.apisStripe(), Fund: a.Fund, Transparency: a.Transparency, Limits: a.limits, Texts: wording{pages}, Skills: skills.Name, Words: wording{pages}.Word, URL: cfg.URL, Now: a.DB.Now, Log: a.Log, Asset: pages.Asset})
	if err != nil {
		return a, err
	}
	a.metrics = newMetrics(a)
	gin.SetMode(gin.ReleaseMode)
	router := a.router()
	a.routes = router.Routes()
	a.handler, err = a.route(router)
	return a, err
}

// openStores makes the data folder and opens what is kept in it.
func (a *App) openStores(ctx context.Context, opt Options) (err error) {
	if err = ownFolder(a.Config.Data); err != nil {
		return err
	}
	if a.Keys, err = secret.Open(a.Config.SecretsDir()); err != nil {
		return err
	}
	now := time.Now
	if opt.Clock != nil {
		now = opt.Clock
	}
	pictures, err := blob.OpenFolder(filepath.Join(a.Config.Data, "pictures"), now())
	if err != nil {
		return err
	}
	a.Pictures, a.pictures = pictures, pictures
	a.DB, err = db.Open(db.Config{URL: a.Config.DatabaseURL, Path: filepath.Join(a.Config.Data, "oduvan.db"), Clock: opt.Clock,
		Random: opt.Random, Log: a.Log, Poll: opt.Poll, NoSync: opt.NoSync})
	if err != nil {
		return err
	}
	if err := a.DB.Migrate(ctx); err != nil {
		return err
	}
	return keysMatch(ctx, a.DB, a.Keys)
}

// Close lets go of files and connections. Run must have ended.
func (a *App) Close() error {
	var errs []error
	if a.shared != nil && a.Catalogue != nil {
		a.Catalogue.Release(context.Background())
	}
	if a.index != nil {
		errs = append(errs, a.index.Close())
	}
	if a.pictures != nil {
		errs = append(errs, a.pictures.Close())
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	return errors.Join(errs...)
}

const shutdownWait = 8 * time.Second

// Run serves until ctx ends: then it says "not ready", lets requests finish,
// and only then stops the jobs and the index, which requests need.
func (a *App) Run(ctx context.Context, listener, metrics net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.serve(ctx, a.server(a.handler), listener) })
	if metrics != nil {
		group.Go(func() error { return a.serve(ctx, a.server(a.metrics.handler()), metrics) })
	}
	group.Go(func() error {
		a.answerTools(ctx)
		return nil
	})
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var behind errgroup.Group
	for _, run := range []func(context.Context) error{a.DB.Work, a.Catalogue.Run} {
		failed := make(chan error, 1)
		behind.Go(func() error {
			err := run(work)
			failed <- err
			return err
		})
		group.Go(func() error {
			select {
			case err := <-failed: // serving does not go on without it
				return err
			case <-ctx.Done():
				return nil
			}
		})
	}
	err := group.Wait()
	stop()
	return errors.Join(err, behind.Wait())
}

func (a *App) serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.stopping.Store(true)
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	return srv.Shutdown(wait)
}
