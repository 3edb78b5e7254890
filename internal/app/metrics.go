package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tmoeg/oduvan/internal/fault/answer"
)

// metrics counts by route and status, never by person.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	refused  prometheus.Counter
}

func newMetrics(a *App) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "oduvan_http_seconds", Help: "Time to answer a request, by route and status class.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}}, []string{"route", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "oduvan_http_in_flight", Help: "Requests being answered."}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "oduvan_http_refused_total", Help: "Requests refused because the lane was full."})}
	m.registry.MustRegister(m.requests, m.inFlight, m.refused, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "oduvan_db_queries_total", Help: "Statements sent to the database."},
			func() float64 { return float64(a.DB.Queries()) }),
		a.gauge("oduvan_audit_broken", "Invariants that the last audit found broken; -1 before the first one. Anything but 0 wants a look: oduvan audit.", a.broken),
		a.gauge("oduvan_jobs_waiting", "Jobs that are not finished.", func(ctx context.Context) (int, error) { return a.DB.Waiting(ctx) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "oduvan_search_away", Help: "1 while the search server is away and the database answers; 0 with the embedded engine."}, a.searchAway),
		a.gauge("oduvan_index_behind", "Public changes the search index has not applied.", a.behind))
	return m
}

func (a *App) gauge(name, help string, read func(context.Context) (int, error)) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		n, err := read(ctx)
		if err != nil {
			return -1
		}
		return float64(n)
	})
}

func (a *App) searchAway() float64 {
	if a.shared != nil && a.shared.Away() {
		return 1
	}
	return 0
}

func (a *App) behind(ctx context.Context) (int, error) {
	n, err := a.DB.Generation(ctx)
	return int(n - a.Catalogue.Applied()), err
}

// route records one answered request.
func (m *metrics) route(c *gin.Context, took time.Duration) {
	name := c.FullPath()
	if name == "" {
		name = "none"
	}
	status := strconv.Itoa(c.Writer.Status()/100) + "xx"
	if c.Writer.Status() == answer.Gone {
		status = strconv.Itoa(answer.Gone)
	}
	m.requests.WithLabelValues(name, method(c.Request.Method), status).Observe(took.Seconds())
}

// method is one of a few words: a stranger's invention must not become a series.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
