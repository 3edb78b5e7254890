package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// How often the program is killed while people pay by card, on each engine; by
// night ODUVAN_TEST_CARD_KILLS times on both together. A board is killed
// cardBoard times, then another takes its place.
const (
	cardKills   = 4
	cardBoard   = 20
	cardCrowd   = 8 // buyers in each run
	cardSellers = 4
)

// TestCardStorm builds the program and the stand-in for Stripe, lets people buy
// by card, lets money go back and banks take it, and kills the program by SIGKILL
// again and again: before a call to Stripe leaves, after it took effect and
// before its answer came, or around an act by the API. The stand-in is a process
// of its own that goes on: it repeats and loses events and answers, as it always
// does. After each kill the audit is clean. In the end every order is what was
// done to it at Stripe, and nothing is there twice.
func TestCardStorm(t *testing.T) {
	t.Parallel()
	kills := cardKills
	if given, err := strconv.Atoi(os.Getenv("ODUVAN_TEST_CARD_KILLS")); err == nil && given > 0 {
		kills = (given + 1) / 2
	}
	binary := filepath.Join(t.TempDir(), "oduvan")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/oduvan").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	try := func(t *testing.T, database func() string) {
		rnd := seeded(t)
		var all cardTally
		for left := kills; left > 0 && !t.Failed(); left -= cardBoard {
			all.add(newCardStorm(t, binary, database(), rnd, min(left, cardBoard)).run())
		}
		t.Logf("%s", all)
	}
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			try(t, func() string { return dbtest.Database(t) })
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		try(t, func() string { return "" })
	})
}

// cardTally is what a storm comes to.
type cardTally struct {
	kills, before, amid, around  int // and where they fell
	orders, refunds, disputes    int
	events, calls, audits        int
	again, cycles, lost, doubled int
	unheard                      int // acts without an answer
	minor                        int64
}

func (a *cardTally) add(b cardTally) {
	a.kills, a.before, a.amid, a.around = a.kills+b.kills, a.before+b.before, a.amid+b.amid, a.around+b.around
	a.orders, a.refunds, a.disputes = a.orders+b.orders, a.refunds+b.refunds, a.disputes+b.disputes
	a.events, a.calls, a.audits = a.events+b.events, a.calls+b.calls, a.audits+b.audits
	a.again, a.cycles, a.lost, a.doubled, a.unheard = a.again+b.again, a.cycles+b.cycles, a.lost+b.lost, a.doubled+b.doubled, a.unheard+b.unheard
}

// String is the line that is published.
func (a cardTally) String() string {
	return fmt.Sprintf("%d kills: %d before a call to Stripe, %d after it took effect and before its answer, %d around an act; %d acts without an answer, %d steps taken again; "+
		"%d orders, %d refunds, %d disputes, %d events, %d calls; %d audits clean, %d reconciliations; lost %d, doubled %d",
		a.kills, a.before, a.amid, a.around, a.unheard, a.again, a.orders, a.refunds, a.disputes, a.events, a.calls, a.audits, a.cycles, a.lost, a.doubled)
}

// cardStorm is a board whose program is killed while people pay by card.
type cardStorm struct {
	mortal
	shop    *shop
	sellers []cardSeller
	runs    int
	deals   []*cardDeal
	later   atomic.Int64 // how far the clock of reconciliations is ahead, in ns
	tally   cardTally
}

// cardSeller is somebody with an account of their own at Stripe.
type cardSeller struct {
	soul
	offers []string
}

// cardDeal is what one buyer does, step by step; a step without an answer is
// taken again in the next run.
type cardDeal struct {
	buyer   soul
	seller  *cardSeller
	n       int // its number
	step    int
	id      string // of the order
	page    string // of the payment, at Stripe
	payment string
	dispute string
}

func newCardStorm(t *testing.T, binary, database string, rnd *rand.Rand, runs int) *cardStorm {
	t.Helper()
	k := &cardStorm{runs: runs, mortal: mortal{t: t, binary: binary, dir: t.TempDir(), database: database, rnd: rnd, trigger: func() {},
		http: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}}}
	if database == "" {
		dbtest.Copy(t, k.dir)
	}
	s := apptest.NewStripeWorld(t, nil, "-every", "50ms", "-seed", fmt.Sprint(rnd.Uint64()))
	s.Do("manners", "manners", "calm")
	k.env = []string{"ODUVAN_STRIPE_SECRET_KEY=" + s.Key, "ODUVAN_STRIPE_WEBHOOK_SECRETS=" + s.Secret, "ODUVAN_STRIPE_API_BASE=" + s.Base}
	k.shop = &shop{stripe: s}
	a := k.opened()
	w := &apptest.World{App: a, T: t, Dir: k.dir, Logs: &apptest.Log{}}
	k.shop.World = w
	for i := range cardSellers {
		k.sellers = append(k.sellers, cardSeller{soul: newCustomer(w, fmt.Sprintf("seller%d", i), false).soul})
	}
	for i := range runs * cardCrowd {
		k.deals = append(k.deals, &cardDeal{n: i, buyer: newCustomer(w, fmt.Sprintf("buyer%d", i), false).soul, seller: &k.sellers[i/4%cardSellers]})
	}
	must(t, a.Close())
	k.launch()
	k.shop.URL = k.address
	for _, one := range k.sellers {
		k.shop.connects(t, one.soul)
	}
	k.die()
	a = k.opened()
	for i := range k.sellers {
		k.sellers[i].offers = offersByCard(t, a, k.sellers[i].soul)
	}
	must(t, a.Close())
	s.Do("manners", "manners", "hostile")
	return k
}

// opened is the board between two runs of the program, ahead of the clock by what
// reconciliations have waited.
func (k *cardStorm) opened() *app.App {
	k.t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL = k.dir, k.database
	k.shop.stripe.Settings(&cfg)
	a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true, NoLimits: true, Poll: 5 * time.Millisecond,
		Clock: func() time.Time { return time.Now().Add(time.Duration(k.later.Load())) }})
	must(k.t, err)
	return a
}

func (k *cardStorm) die() {
	_ = k.program.Process.Kill()
	_ = k.program.Wait()
	k.http.CloseIdleConnections()
}

// run kills the program so often, and then lets everybody come to an end.
func (k *cardStorm) run() cardTally {
	for run := range k.runs {
		k.once(run)
		if k.t.Failed() {
			return k.tally
		}
	}
	k.shop.stripe.Watch(nil)
	for range 20 {
		k.reconciled()
		if !slices.ContainsFunc(k.deals, func(d *cardDeal) bool { return d.step < len(cardSteps) }) {
			break
		}
		k.launch()
		k.shop.stripe.Hears(k.address)
		k.everybody(k.deals)
		k.die()
	}
	k.judge()
	return k.tally
}

// once lets people act and kills the program at a moment of chance.
func (k *cardStorm) once(run int) {
	k.t.Helper()
	k.launch()
	k.shop.stripe.Hears(k.address)
	var kill sync.Once
	dead := make(chan struct{})
	end := func(where *int) {
		kill.Do(func() {
			_ = k.program.Process.Kill()
			*where++
			close(dead)
		})
	}
	var calls, acts atomic.Int64
	kind, victim, delay := k.rnd.IntN(3), k.rnd.Int64N(cardCrowd*4), time.Duration(k.rnd.Int64N(int64(20*time.Millisecond)))
	k.shop.stripe.Watch(func(call string, done bool) {
		if !strings.Contains(call, " /v1/") {
			return
		}
		if !done && calls.Add(1)-1 == victim && kind == 0 {
			end(&k.tally.before)
		}
		if done && kind == 1 && calls.Load() > victim {
			end(&k.tally.amid)
		}
	})
	k.trigger = func() {
		if acts.Add(1)-1 == victim && kind == 2 {
			time.AfterFunc(delay, func() { end(&k.tally.around) })
		}
	}
	var mine []*cardDeal // those of this run, and who was left without an answer
	for _, d := range k.deals[:(run+1)*cardCrowd] {
		if d.step < len(cardSteps) {
			mine = append(mine, d)
		}
	}
	k.everybody(mine)
	end(&k.tally.around)
	<-dead
	_ = k.program.Wait()
	k.http.CloseIdleConnections()
	k.trigger = func() {}
	k.tally.kills++
	k.audited(fmt.Sprintf("run %d", run))
}

// everybody goes on with what they do, as far as answers come.
func (k *cardStorm) everybody(deals []*cardDeal) {
	var all sync.WaitGroup
	for _, d := range deals {
		all.Go(func() {
			for tries := 0; d.step < len(cardSteps) && tries < 12; {
				if cardSteps[d.step](k, d) {
					d.step++
					continue
				}
				tries++
				k.mu.Lock()
				k.tally.again++
				k.mu.Unlock()
				if status, _ := k.ask(http.MethodGet, "/orders", d.buyer, "", ""); status == 0 {
					return
				}
				time.Sleep(50 * time.Millisecond) // Stripe or the program had no time, or has not heard yet
			}
		})
	}
	all.Wait()
}

// fulfilled tells whether the program knows that a deal is paid.
func (k *cardStorm) fulfilled(d *cardDeal) bool {
	status, body := k.ask(http.MethodGet, "/orders/"+d.id, d.buyer, "", "")
	var said struct{ State string }
	return status == http.StatusOK && json.Unmarshal(body, &said) == nil && said.State != "awaiting_payment"
}

// cardSteps are what every buyer does: what comes after the payment differs by
// the number. Each tells whether it is done.
var cardSteps = []func(k *cardStorm, d *cardDeal) bool{
	func(k *cardStorm, d *cardDeal) bool { // order
		status, body := k.ask(http.MethodPost, "/orders", d.buyer, fmt.Sprintf(`{"offer_id":%q,"days":30,"currency":"RUB","method":"stripe","renews":null}`,
			d.seller.offers[d.n%shopOffers]), "")
		var said struct{ ID string }
		if status != http.StatusCreated || json.Unmarshal(body, &said) != nil {
			return k.busy("order", status, body)
		}
		d.id = said.ID
		return true
	},
	func(k *cardStorm, d *cardDeal) bool { // its page
		status, body := k.ask(http.MethodPost, "/orders/"+d.id+"/checkout", d.buyer, "", fmt.Sprint("checkout ", d.n))
		if code(body) == "idempotency_key_busy" { // the program was killed with it in hand
			status, body = k.ask(http.MethodPost, "/orders/"+d.id+"/checkout", d.buyer, "", "")
		}
		var said struct{ URL string }
		if status != http.StatusOK || json.Unmarshal(body, &said) != nil {
			return k.busy("checkout", status, body)
		}
		d.page = path.Base(said.URL)
		return true
	},
	func(k *cardStorm, d *cardDeal) bool { // the payment, at Stripe
		id, err := k.shop.stripe.Try("pay", "id", d.page)
		if err != nil {
			k.t.Errorf("deal %d: %v", d.n, err)
		}
		d.payment = id
		return true
	},
	func(k *cardStorm, d *cardDeal) bool { // what the seller and the bank do
		var err error
		switch d.n % 4 {
		case 0: // the seller gives all back, on this board
			if !k.fulfilled(d) {
				return false
			}
			status, body := k.ask(http.MethodPost, "/orders/"+d.id+"/refund", d.seller.soul, "", "")
			if code(body) == "amount_mismatch" { // nothing is left: it was done, and not heard
				return true
			}
			return status == http.StatusOK || k.busy("refund", status, body)
		case 1: // in Stripe's Dashboard, a part
			_, err = k.shop.stripe.Try("refund", "id", d.payment, "amount", "12300")
		case 2:
			if d.dispute, err = k.shop.stripe.Try("dispute", "id", d.payment); err == nil {
				_, err = k.shop.stripe.Try("move", "id", d.dispute, "status", []string{"under_review", "won", "lost"}[d.n/4%3])
			}
		}
		if err != nil {
			k.t.Errorf("deal %d: %v", d.n, err)
		}
		return true
	},
}

// wanted is what the books say in the end.
func (d *cardDeal) wanted() string {
	const paid = " extra 0 0 paid fulfilled"
	line := map[int]string{
		0: "order refunded 50000 RUB refunded 50000" + paid + " · payment 50000 RUB · refund -50000 RUB · licence revoked",
		1: "order fulfilled 50000 RUB refunded 12300" + paid + " · payment 50000 RUB · refund -12300 RUB · licence active",
		3: "order fulfilled 50000 RUB refunded 0" + paid + " · payment 50000 RUB · licence active",
	}[d.n%4]
	if d.n%4 == 2 {
		line = []string{"order disputed 50000 RUB refunded 0" + paid + " · payment 50000 RUB · licence suspended",
			"order fulfilled 50000 RUB refunded 0" + paid + " · payment 50000 RUB · licence active",
			"order refunded 50000 RUB refunded 0" + paid + " · dispute_return -50000 RUB · payment 50000 RUB · licence revoked"}[d.n/4%3]
	}
	return fmt.Sprint(d.n, " · ", line)
}

// busy notes an act that was not done; whatever is not for want of time or of
// what Stripe has not told yet is a fault.
func (k *cardStorm) busy(does string, status int, body []byte) bool {
	known := []string{"stripe_unavailable", "stripe_busy", "order_state", "idempotency_key_busy", "rate_limited"}
	switch {
	case status == 0:
		k.mu.Lock()
		k.tally.unheard++
		k.mu.Unlock()
	case status != http.StatusServiceUnavailable && !slices.Contains(known, code(body)):
		k.t.Errorf("%s: got %d %s", does, status, body)
	}
	return false
}

// ask calls the API; status 0 means that no whole answer came.
func (k *cardStorm) ask(method, at string, by soul, body, key string) (int, []byte) {
	header := http.Header{"Authorization": {"Bearer " + by.token}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	s := storm{mortal: mortal{t: k.t, address: k.address, http: k.http, trigger: k.trigger}}
	status, answer, _ := s.call(method, "/api/v1"+at, body, header)
	return status, answer
}

// audited asks every invariant of what the kill left.
func (k *cardStorm) audited(when string) {
	k.t.Helper()
	a := k.opened()
	defer a.Close()
	report, err := a.Audit.Run(context.Background())
	must(k.t, err)
	if !report.OK {
		k.t.Errorf("%s:\n%s\n%s", when, report, k.console)
		return
	}
	k.tally.audits++
}

// reconciled lets eleven minutes pass and does one cycle of what is due, by this
// process on the same data. Jobs that the killed program had in hand stay there:
// nothing waits for them.
func (k *cardStorm) reconciled() {
	k.t.Helper()
	k.later.Add(int64(11 * time.Minute))
	a := k.opened()
	defer a.Close()
	ctx, stop := context.WithCancel(context.Background())
	stuck := k.inHand(a)
	done := make(chan error, 1)
	go func() { done <- a.DB.Work(ctx) }()
	_, err := a.DB.Sweep(ctx)
	must(k.t, err)
	for quiet, ticks := 0, 0; quiet < 5; ticks++ {
		if ticks > 3000 {
			k.t.Error("the reconciliation did not end")
			break
		}
		time.Sleep(10 * time.Millisecond)
		n := 0
		must(k.t, a.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.NewRaw(`SELECT (SELECT count(*) FROM river_job WHERE state IN ('available', 'scheduled', 'retryable')) + (SELECT count(*) FROM payment_inbox WHERE done_at IS NULL)`).Scan(ctx, &n)
		}))
		for id := range k.inHand(a) {
			if !stuck[id] {
				n++
			}
		}
		if quiet++; n > 0 {
			quiet = 0
		}
		if ticks%20 == 19 { // jobs that failed wait for their next attempt
			k.later.Add(int64(5 * time.Second))
		}
	}
	stop()
	must(k.t, <-done)
	k.tally.cycles++
}

// inHand are the jobs that somebody does, or did when killed.
func (k *cardStorm) inHand(a *app.App) map[int64]bool {
	k.t.Helper()
	var ids []int64
	must(k.t, a.DB.Read(context.Background(), func(tx *db.Tx) error {
		ids = nil
		return tx.NewRaw("SELECT id FROM river_job WHERE state = 'running'").Scan(context.Background(), &ids)
	}))
	out := map[int64]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// judge holds the books to what was done at Stripe.
func (k *cardStorm) judge() {
	k.t.Helper()
	k.audited("in the end")
	a := k.opened()
	defer a.Close()
	k.shop.App, k.shop.T = a, k.t
	var want []string
	pages := map[string]int{}
	for _, s := range k.shop.stripe.Sessions() {
		pages[s.Reference]++
	}
	for _, d := range k.deals {
		k.shop.orders, want = append(k.shop.orders, d.id), append(want, d.wanted())
		if pages[d.id] != 1 {
			k.tally.doubled++
			k.t.Errorf("order %d has %d pages at Stripe", d.n, pages[d.id])
		}
	}
	got := k.shop.dump(k.t)
	if d := cmp.Diff(want, got); d != "" {
		k.tally.lost++
		k.t.Errorf("(-done at Stripe +known here):\n%s\n%s", d, k.console)
	}
	wanted := map[string]int{"charge.refunded": 0, "charge.dispute.created": 0, "checkout.session.completed": len(k.deals)}
	for _, d := range k.deals {
		switch d.n % 4 {
		case 0, 1:
			wanted["charge.refunded"]++
		case 2:
			wanted["charge.dispute.created"]++
		}
	}
	told := map[string]int{"charge.refunded": 0, "charge.dispute.created": 0, "checkout.session.completed": 0}
	events := k.shop.stripe.Events()
	for _, e := range events {
		if _, counted := told[e.Type]; counted {
			told[e.Type]++
		}
	}
	if d := cmp.Diff(wanted, told); d != "" {
		k.tally.doubled++
		k.t.Errorf("at Stripe (-asked +done):\n%s", d)
	}
	for query, want := range map[string]int{"SELECT count(*) FROM payment_order": len(k.deals), "SELECT count(*) FROM licence_grant": len(k.deals),
		"SELECT count(*) FROM stripe_attempt": len(k.deals), "SELECT count(*) FROM journal_entry WHERE kind = 'payment'": len(k.deals),
		"SELECT count(*) FROM payment_inbox WHERE done_at IS NULL": 0, "SELECT count(*) FROM stripe_refund WHERE state = 'failed'": 0} {
		if got := k.shop.count(k.t, query); got != want {
			k.tally.doubled++
			k.t.Errorf("%s: got %d, want %d", query, got, want)
		}
	}
	k.tally.orders, k.tally.refunds, k.tally.disputes = len(k.deals), told["charge.refunded"], told["charge.dispute.created"]
	k.tally.events, k.tally.calls = len(events), len(k.shop.stripe.Heard())
}
