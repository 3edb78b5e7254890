// Package api is the board's JSON face: it reads a request, calls one verb of a
// feature and writes what came of it, described by an OpenAPI document that is
// made from the same structs. It promises that every error is a problem of RFC
// 9457 with a stable code, whether huma, this package or a feature found it;
// that a body with an unknown field or over a bound writes nothing; and that a
// field once answered keeps its name and meaning within /api/v1. It refuses
// cookies, so no browser can be made to act here for somebody signed in, and it
// refuses to decide who may do what: the features do.
package api

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/transparency"
)

// Where the API lives.
const (
	prefix       = "/api/v1"
	documentPath = "/api/openapi.json"
	docsPath     = "/api/docs"
)

// Config is what the API stands on. Words and Stripe may be nil; everything else is needed.
type Config struct {
	URL       string // the branch's origin without a slash at its end, such as https://example.org
	Accounts  *account.Accounts
	Branch    *branch.Branch
	Profiles  *profile.Profiles
	Market    *market.Market
	Messages  *message.Messages
	Notices   *notice.Notices
	Licences  *licence.Licences
	Payments  *payment.Payments
	Stripe    Stripe // nil: no card payments
	Fund      *fund.Fund
	Catalogue *catalogue.Catalogue
	Limits    Limits // must know the class of Classes
	Texts     Texts
	Skills    func(id, lang string) string           // a skill's name; a free word comes back as it is
	Words     func(facet, value, lang string) string // names of the other facets' values; nil: the value itself
	Asset     func(name string) string               // address of a static file by its plain name
	Now       func() time.Time
	Log       *slog.Logger

	Transparency *transparency.Transparency
}

// Limits count acts by neighbourhood of addresses and by account.
type Limits interface {
	Address(remote string) limit.Key
	Account(id string) limit.Key
	Allow(class string, key limit.Key) (ok bool, retryAfter time.Duration)
}

// API answers under /api. It is safe for concurrent use.
type API struct {
	Config
	huma     huma.API
	routes   []route
	wordings []wording
	matcher  language.Matcher
	document []byte
	docs     map[string][]byte // the readable page by language
	brands   map[string]string // the program's own name by language
	links    map[string][]byte // from a page to that of a language
}

// route is one operation as huma registered it.
type route struct {
	op      *huma.Operation
	handler func(huma.Context)
}

// New makes the API with its document and readable page.
func New(cfg Config) (*API, error) {
	cfg.URL = strings.TrimSuffix(cfg.URL, "/")
	if cfg.Words == nil {
		cfg.Words = func(_, value, _ string) string { return value }
	}
	a := &API{Config: cfg, wordings: wordings(), matcher: matcher()}
	a.huma = huma.NewAPI(a.describe(), (*recorder)(a))
	a.addSearch()
	a.addProfile()
	a.addServices()
	a.addWorks()
	a.addContributions()
	a.addOffers()
	a.addAgreements()
	a.addOrders()
	a.addStripe()
	a.addLicences()
	a.addRevocations()
	a.addMoney()
	a.addInquiries()
	a.addInbox()
	a.addNotices()
	a.addMe()
	return a, a.finish()
}

// recorder collects what huma registers, so that the document exists before a
// router does, and every route runs through one chain of ours.
type recorder API

// Handle keeps an operation until Mount.
func (r *recorder) Handle(op *huma.Operation, handler func(huma.Context)) {
	r.routes = append(r.routes, route{op: op, handler: handler})
}

// ServeHTTP is asked of every adapter; nothing calls it, the router serves.
func (r *recorder) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
}

// Mount registers the routes.
func (a *API) Mount(r gin.IRouter) {
	suffixed := map[string]route{}
	for _, route := range a.routes {
		if path, cut := strings.CutSuffix(route.op.Path, certificateSuffix); cut {
			suffixed[route.op.Method+path] = route
		}
	}
	for _, route := range a.routes {
		if strings.HasSuffix(route.op.Path, certificateSuffix) {
			continue // the router cannot tell it from its neighbour without the suffix
		}
		path := strings.NewReplacer("{", ":", "}", "").Replace(route.op.Path)
		handler := a.serve(route)
		if other, ok := suffixed[route.op.Method+route.op.Path]; ok {
			handler = split(handler, a.serve(other))
		}
		r.Handle(route.op.Method, prefix+path, handler)
	}
	r.GET(documentPath, a.outside(a.serveDocument))
	r.GET(docsPath, a.outside(a.serveDocs))
}

// split is one handler for two operations whose addresses differ by a suffix
// behind the last parameter.
func split(plain, suffixed gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if len(c.Params) > 0 {
			last := &c.Params[len(c.Params)-1]
			if id, cut := strings.CutSuffix(last.Value, certificateSuffix); cut {
				last.Value = id
				suffixed(c)
				return
			}
		}
		plain(c)
	}
}

// Missing answers an address under /api that does not exist (status 404), or
// that does not take the method (405): the router has one handler for each.
func (a *API) Missing(status int) gin.HandlerFunc {
	code := "route_unknown"
	if status == http.StatusMethodNotAllowed {
		code = "method_not_allowed"
	}
	return a.outside(func(*gin.Context, *request) error { return refusal{status: status, code: code} })
}

// context hands a request of the router to huma.
func (rt route) context(c *gin.Context) huma.Context { return humagin.NewContext(rt.op, c) }
