package app

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzhttp"

	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// The bounds of one request (reliability.md, Go practice).
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
	handlerDeadline   = 2 * time.Second
	uploadDeadline    = 20 * time.Second
	outsideDeadline   = 25 * time.Second // two calls outside, each with its own bound
	laneWidth         = 64
	outsideWidth      = 16 // of requests that wait for somebody outside: they hold nobody else up
	laneWait          = 50 * time.Millisecond
)

// Handler is the whole program as it answers the network.
func (a *App) Handler() http.Handler { return a.handler }

// Routes are all registered routes by path and method, for the test that holds
// each of them to its row of the access matrix.
func (a *App) Routes() gin.RoutesInfo {
	out := slices.Clone(a.routes)
	slices.SortFunc(out, func(x, y gin.RouteInfo) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
	})
	return out
}

// route sends the program's own addresses past what only pages need: sessions,
// language prefixes, the refusal of foreign forms.
func (a *App) route(router http.Handler) (http.Handler, error) {
	pages := a.Site.Wrap(router)
	split := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") || stripesOwn(r) {
			router.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	zip, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes([]string{"text/html", "application/json", "application/openapi+json",
		"application/problem+json", "application/atom+xml", "application/xml", "text/csv", "text/markdown"}))
	if err != nil {
		return nil, err
	}
	return a.limits.located(a.counted(a.healthy(router, a.bodies(a.lane(a.deadline(zip(split))))))), nil
}

// healthy answers whoever watches the program past everything that may be full.
func (a *App) healthy(router, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && (r.URL.Path == "/healthz" || r.URL.Path == "/readyz") {
			hangUpUnread(w, r)
			router.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *App) router() *gin.Engine {
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	_ = r.SetTrustedProxies(nil)
	r.Use(a.logged, a.recovered, a.readable)
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", a.ready)
	r.POST(stripe.WebhookPath, a.webhook)
	a.Site.Mount(r)
	a.API.Mount(r)
	r.NoRoute(a.missing(http.StatusNotFound))
	r.NoMethod(a.missing(http.StatusMethodNotAllowed))
	return r
}

func (a *App) missing(status int) gin.HandlerFunc {
	page, problem := a.Site.Missing(status), a.API.Missing(status)
	return func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") {
			problem(c)
			return
		}
		page(c)
	}
}

// ready tells a balancer whether to send people here.
func (a *App) ready(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), time.Second)
	defer cancel()
	switch {
	case a.stopping.Load():
		c.String(http.StatusServiceUnavailable, "stopping\n")
	case a.DB.Ping(ctx) != nil:
		c.String(http.StatusServiceUnavailable, "database away\n")
	case a.shared != nil && a.shared.Away():
		c.String(http.StatusOK, "ready\nsearch away: answering from the database\n")
	default:
		c.String(http.StatusOK, "ready\n")
	}
}

// recovered turns a panic into a page with an id. gin's own prints headers and
// addresses.
func (a *App) recovered(c *gin.Context) {
	defer func() {
		if v := recover(); v != nil {
			a.Log.Error("panic", "route", c.FullPath(), "stack", string(debug.Stack()))
			a.Site.Broken(c)
			c.Abort()
		}
	}()
	c.Next()
}

const slow = time.Second

// logged measures each request and logs it by its route: no address, no query.
// Failures and slow ones are told to the operator, the rest only in debug.
func (a *App) logged(c *gin.Context) {
	began := time.Now()
	c.Next()
	took, status := time.Since(began), c.Writer.Status()
	a.metrics.route(c, took)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError || took > slow {
		level = slog.LevelWarn
	}
	a.Log.Log(c.Request.Context(), level, "request", "route", c.FullPath(), "status", status, "took", took)
}

// counted counts what is being answered, and lets HEAD be asked wherever GET
// can be: the server itself leaves the body out (RFC 9110, 9.3.2).
func (a *App) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.Config.Secure() { // what browsers heard once they keep for a year
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		a.metrics.inFlight.Inc()
		defer a.metrics.inFlight.Dec()
		if r.Method == http.MethodHead {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// lane lets a bounded number of requests work at once; the others are told at
// once to come again, so that waiting never piles up.
func (a *App) lane(next http.Handler) http.Handler {
	own, outside := make(chan struct{}, laneWidth), make(chan struct{}, outsideWidth)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slots := own
		if a.callsOutside(r) {
			slots = outside
		}
		select {
		case slots <- struct{}{}:
		default:
			timer := time.NewTimer(laneWait)
			defer timer.Stop()
			select {
			case slots <- struct{}{}:
			case <-r.Context().Done():
				return
			case <-timer.C:
				a.busy(w, r)
				return
			}
		}
		defer func() { <-slots }()
		next.ServeHTTP(w, r)
	})
}

// deadline bounds the work on a request; its body has come before.
func (a *App) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := a.patience
		switch {
		case a.Site.Uploads(r):
			limit = max(limit, uploadDeadline)
		case a.callsOutside(r):
			limit = max(limit, outsideDeadline)
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)} // net/http's own texts hold addresses
}
