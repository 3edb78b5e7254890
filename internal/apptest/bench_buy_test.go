package apptest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// buyingBuyers are how many buy at once, of eight sellers.
const buyingBuyers = 32

// BenchmarkBuying lets 32 buyers buy licences at once from the whole program as
// it is served, through loopback HTTP: order, details, claim, confirmation with
// the licence issued, certificate. On SQLite the disk is waited for; the tests'
// own PostgreSQL does not wait for it, one named by ODUVAN_TEST_POSTGRES does as
// it is set up. It reports percentiles of each step by what a client sees,
// client and server sharing the machine, and the CPU of both for one purchase.
// The goal is a p99 of 300 ms of each step.
func BenchmarkBuying(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchBuying(b, served(b, "")) })
	if dbtest.PostgreSQL(b) {
		b.Run("postgresql", func(b *testing.B) { benchBuying(b, served(b, dbtest.Database(b))) })
	}
}

func benchBuying(b *testing.B, w *apptest.World) {
	var sellers []keeper
	for i := range buyingBuyers / 4 {
		sellers = append(sellers, opens(w, newCustomer(w, fmt.Sprintf("seller%d", i), false)))
	}
	t := &till{b: b, w: w, kept: &http.Transport{MaxIdleConnsPerHost: buyingBuyers}, took: map[string][]time.Duration{}}
	b.Cleanup(t.kept.CloseIdleConnections)
	var buyers []customer
	for i := range buyingBuyers {
		buyers = append(buyers, newCustomer(w, fmt.Sprintf("buyer%d", i), false))
	}
	load, err := os.ReadFile("/proc/loadavg")
	must(b, err)
	busy, bought := cpu(b), 0
	for b.Loop() {
		var all sync.WaitGroup
		for i, buyer := range buyers {
			all.Go(func() { t.buy(buyer, sellers[i%len(sellers)]) })
		}
		all.Wait()
		bought += len(buyers)
	}
	b.ReportMetric(float64((cpu(b)-busy).Microseconds())/float64(bought), "cpu-µs/bought")
	b.ReportMetric(float64(bought), "bought")
	for step, took := range t.took {
		slices.Sort(took)
		for name, part := range map[string]int{"p50-ms": 500, "p99-ms": 990} {
			b.ReportMetric(float64(took[len(took)*part/1000].Microseconds())/1000, step+"-"+name)
		}
	}
	b.Logf("load before: %s", strings.TrimSpace(string(load)))
}

// till takes the time of every step.
type till struct {
	b    *testing.B
	w    *apptest.World
	kept *http.Transport

	mu   sync.Mutex
	took map[string][]time.Duration
}

// buy is one purchase.
func (t *till) buy(buyer customer, seller keeper) {
	var order struct {
		ID      string
		Licence string `json:"licence_id"`
	}
	t.step("order", buyer, http.MethodPost, "/orders", fmt.Sprintf(`{"offer_id":%q,"days":%d,"currency":"RUB","renews":null}`, seller.paid, stormDays), &order)
	at := "/orders/" + order.ID
	t.step("details", seller.customer, http.MethodPut, at+"/details", `{"text":"Card 2200 0000 0000 0004"}`, nil)
	t.step("claim", buyer, http.MethodPost, at+"/claim", "", nil)
	t.step("confirm", seller.customer, http.MethodPost, at+"/confirm", sum(stormPrice), &order)
	t.step("certificate", buyer, http.MethodGet, "/licences/"+order.Licence+".jwt", "", nil)
}

func (t *till) step(name string, by customer, method, path, body string, out any) {
	req, err := http.NewRequest(method, t.w.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.b.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+by.token)
	req.Header.Set("Content-Type", "application/json")
	begin := time.Now()
	status, answer := sent(t.b, t.kept, req)
	one := time.Since(begin)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.took[name] = append(t.took[name], one); status/100 != 2 {
		t.b.Errorf("%s: got %d %s", name, status, answer)
		return
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		t.b.Error(err)
	}
}
