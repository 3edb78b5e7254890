// Package site is the board's HTML face: it reads forms, calls one verb of a
// feature, and shows a page. It promises that every page works without
// JavaScript, in both languages, and that no form is taken without its token.
// It refuses to decide who may do what: the features do.
package site

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/blob"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/media"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/internal/transparency"
	"github.com/tmoeg/oduvan/web"
)

// Skills is the list of known skills, for the profile's picker and the facets.
type Skills interface {
	Name(id, lang string) string     // a free word comes back as it is
	Find(text string) (string, bool) // the id behind any spelling
	Names(lang string) []SkillName   // all, by name
}

// SkillName is one known skill in a language.
type SkillName struct{ ID, Name, Group string }

// Limits count acts by neighbourhood of addresses and by account.
type Limits interface {
	Address(remote string) limit.Key
	Account(id string) limit.Key
	Allow(class string, key limit.Key) (ok bool, retryAfter time.Duration)
}

// Config is what the pages stand on.
type Config struct {
	URL         *url.URL // canonical address, without a path
	Web         *web.Web
	Accounts    *account.Accounts
	Branch      *branch.Branch
	Profiles    *profile.Profiles
	Market      *market.Market
	Messages    *message.Messages
	Notices     *notice.Notices
	Saved       *saved.Saved
	Licences    *licence.Licences
	Payments    *payment.Payments
	Stripe      Stripe   // nil: no card payments
	StripeHosts []string // origins of Stripe's pages, to which a form may lead
	// StripeKept tells whether anything of card payments is kept; nil: nothing.
	StripeKept   func(context.Context) (bool, error)
	Fund         *fund.Fund
	Transparency *transparency.Transparency
	Catalogue    *catalogue.Catalogue
	Skills       Skills
	Limits       Limits
	Pictures     blob.Store
	Keys         *secret.Keys // seals what a session must not show
	Sessions     scs.Store
	Now          func() time.Time
	Log          *slog.Logger
}

// Site serves the pages.
type Site struct {
	Config
	sessions *scs.SessionManager
	drafts   *scs.SessionManager // words that wait to be sent
	cache    *pageCache
	packers  sync.Pool   // of gzip writers, which are large
	lane     *media.Lane // uploaded pictures are decoded one at a time
	origin   *http.CrossOriginProtection
}

// Classes are the limits that Config.Limits must know: per account what costs
// the board a change or a whole file, the rest per neighbourhood of addresses,
// wide enough for a school behind one address.
func Classes() map[string]limit.Class {
	return map[string]limit.Class{
		"search":     {Every: 200 * time.Millisecond, Burst: 120},
		"suggest":    {Every: 100 * time.Millisecond, Burst: 120},
		classSignUp:  {Every: 20 * time.Second, Burst: 40},
		classLogin:   {Every: 10 * time.Second, Burst: 20},
		classUpload:  {Every: 10 * time.Second, Burst: 10},
		classPreview: {Every: time.Second, Burst: 60},
		classWrite:   {Every: time.Second, Burst: 60},
		classExport:  {Every: 6 * time.Minute, Burst: 10},
	}
}

const sessionLife = 30 * 24 * time.Hour

// New makes the pages; Mount and Wrap put them into a server.
func New(cfg Config) *Site {
	s := &Site{Config: cfg, sessions: scs.New(), drafts: newDrafts(cfg.Sessions), cache: newPageCache(cacheBytes), lane: media.NewLane(), origin: http.NewCrossOriginProtection()}
	s.packers.New = func() any { return gzip.NewWriter(io.Discard) }
	s.sessions.Store = cfg.Sessions
	s.sessions.Lifetime = sessionLife
	s.sessions.HashTokenInStore = false // the store keeps a keyed hash itself
	s.sessions.Cookie.Name = s.cookie("session")
	s.sessions.Cookie.Secure = s.secure()
	s.sessions.Cookie.HttpOnly = true
	s.sessions.Cookie.SameSite = http.SameSiteLaxMode
	s.sessions.Cookie.Path = "/"
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		if status, _ := answer.Of(err, r.Context().Err()); status == answer.Gone {
			return
		}
		cfg.Log.Error("session", "error", err)
		w.Header().Set("Retry-After", "2")
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	}
	return s
}

func (s *Site) secure() bool { return s.URL.Scheme == "https" }

// cookie is a cookie's name: bound to the host on https, plain on loopback.
func (s *Site) cookie(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return "oduvan-" + name
}

// Wrap puts what every page needs around the router: language prefixes,
// sessions, and the refusal of foreign forms.
func (s *Site) Wrap(next http.Handler) http.Handler {
	return s.localised(s.sessions.LoadAndSave(s.origin.Handler(next)))
}

// Mount registers the routes.
func (s *Site) Mount(r gin.IRouter) {
	r.GET("/static/*file", gin.WrapH(s.Web.Assets()))
	s.mountPreferences(r)
	s.mountHome(r)
	s.mountSearch(r)
	s.mountPerson(r)
	s.mountOffer(r)
	s.mountFeed(r)
	s.mountLegal(r)
	s.mountAccount(r)
	s.mountMessages(r)
	s.mountWorks(r)
	s.mountBuy(r)
	s.mountOrders(r)
	s.mountStripe(r)
	s.mountLicences(r)
	s.mountFund(r)
}

type handler = func(*gin.Context) error

// page turns a handler's error into a page: the one place where faults of the
// HTML face become statuses.
func (s *Site) page(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			s.fail(c, err)
		}
	}
}

// act is a page that changes something: the form's token is checked first, and
// that the account did not change too much of late.
func (s *Site) act(h handler) gin.HandlerFunc {
	return s.typed(func(c *gin.Context) error {
		if err := s.mayWrite(c); err != nil {
			return err
		}
		return h(c)
	})
}

// typed is act for a handler that asks mayWrite itself, so that what was typed
// comes back with a refusal, and for one that changes nothing.
func (s *Site) typed(h handler) gin.HandlerFunc {
	return s.page(func(c *gin.Context) error {
		if err := s.checkForm(c); err != nil {
			return err
		}
		return h(c)
	})
}

// limited lets only so many requests of an address through.
func (s *Site) limited(class string, h gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		ok, after := s.Limits.Allow(class, s.Limits.Address(c.Request.RemoteAddr))
		if !ok {
			s.fail(c, tooMany(c, after))
			return
		}
		h(c)
	}
}

// Missing is the page of an address that does not exist, or not in this way.
func (s *Site) Missing(status int) gin.HandlerFunc {
	return s.page(func(c *gin.Context) error {
		if status == http.StatusMethodNotAllowed {
			return fault.Of(fault.Method, "method")
		}
		return notFound()
	})
}

// Broken is the page after a panic: an internal error with an id.
func (s *Site) Broken(c *gin.Context) { s.fail(c, errPanicked) }

var errPanicked = errors.New("a handler panicked")
