package apptest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// How many orders live in a storm of events, and how many storms there are on
// each engine; by night ODUVAN_TEST_ORDERS says how many orders.
const (
	eventStorms = 2
	eventOrders = 26
	manyOrders  = 200
	perOrder    = 5 // events, in the middle
)

// shopLife is what happens to an order outside, step by step, and what the books
// say in the end whatever order they heard of it in.
type shopLife struct {
	end   string
	steps []func(p *shop, n int)
}

// shopLives are all that can happen.
func shopLives() []shopLife {
	pay := func(p *shop, n int) { p.stripe.Do("pay", "id", p.page(n)) }
	decline := func(p *shop, n int) { p.stripe.Do("decline", "id", p.page(n)) }
	later := func(p *shop, n int) { p.stripe.Do("pay-later", "id", p.page(n)) }
	clears := func(p *shop, n int) { p.stripe.Do("clear", "id", p.page(n)) }
	back := func(amount string) func(p *shop, n int) {
		return func(p *shop, n int) { p.stripe.Do("refund", "id", p.payment(n), "amount", amount) }
	}
	dispute := func(p *shop, n int) { p.dispute(n, "false") }
	inquiry := func(p *shop, n int) { p.dispute(n, "true") }
	move := func(to string) func(p *shop, n int) {
		return func(p *shop, n int) { p.stripe.Do("move", "id", p.disputes[n], "status", to) }
	}
	expire := func(p *shop, n int) { p.stripe.Do("expire", "id", p.page(n)) }
	late := func(p *shop, n int) { p.stripe.Do("pay-late", "id", p.page(n)) }
	const nobody, paid = "order awaiting_payment 50000 RUB refunded 0 extra 0 0", "order fulfilled 50000 RUB refunded 0 extra 0 0 paid fulfilled · payment 50000 RUB"
	type steps = []func(p *shop, n int)
	return []shopLife{
		{paid + " · licence active", steps{pay}},
		{paid + " · licence active", steps{decline, decline, pay}},
		{paid + " · licence active", steps{later, clears}},
		{"order fulfilled 50000 RUB refunded 9000 extra 0 0 paid fulfilled · payment 50000 RUB · refund -9000 RUB · licence active", steps{pay, back("2000"), back("3000"), back("1000"), back("1000"), back("500"), back("1500")}},
		{"order refunded 50000 RUB refunded 50000 extra 0 0 paid fulfilled · payment 50000 RUB · refund -50000 RUB · licence revoked", steps{pay, back("20000"), back("")}},
		{"order disputed 50000 RUB refunded 0 extra 0 0 paid fulfilled · payment 50000 RUB · licence suspended", steps{pay, dispute, move("under_review"), move("under_review")}},
		{"order fulfilled 50000 RUB refunded 1000 extra 0 0 paid fulfilled · payment 50000 RUB · refund -1000 RUB · licence active", steps{pay, back("1000"), dispute, move("under_review"), move("under_review"), move("won")}},
		{"order refunded 50000 RUB refunded 0 extra 0 0 paid fulfilled · dispute_return -50000 RUB · payment 50000 RUB · licence revoked", steps{pay, dispute, move("under_review"), move("under_review"), move("lost")}},
		{paid + " · licence active", steps{pay, inquiry, move("warning_closed")}},
		{strings.Replace(nobody, "awaiting_payment", "expired", 1) + " expired", steps{expire}},
		{paid + " expired · licence active", steps{decline, expire, late}},
		{nobody, steps{decline, decline}},
		{nobody, nil},
	}
}

// dispute lets a buyer's bank ask, and notes the number of what it asked.
func (p *shop) dispute(n int, inquiry string) {
	if p.disputes == nil {
		p.disputes = map[int]string{}
	}
	p.disputes[n] = p.stripe.Do("dispute", "id", p.payment(n), "inquiry", inquiry)
}

// lives begins n orders and lets all of them live to their ends, in an order of
// chance; between two steps something may be done.
func (p *shop) lives(t *testing.T, rnd *rand.Rand, n int, between func()) (want []string) {
	t.Helper()
	all := shopLives()
	var left [][]func(p *shop, n int)
	for i := range n {
		p.order(t)
		life := all[i%len(all)]
		end := life.end
		if strings.Contains(end, "paid fulfilled expired") || strings.HasPrefix(end, "order fulfilled") && strings.Contains(end, " expired ·") {
			end = strings.Replace(strings.Replace(end, " expired ·", " ·", 1), "paid fulfilled", "paid fulfilled expired", 1)
		}
		want, left = append(want, fmt.Sprint(i, " · ", end)), append(left, life.steps)
	}
	for open := true; open; {
		open = false
		for _, i := range rnd.Perm(n) {
			if len(left[i]) > 0 && rnd.IntN(2) == 0 {
				left[i][0](p, i)
				left[i] = left[i][1:]
			}
			open = open || len(left[i]) > 0
		}
		between()
	}
	return want
}

// forgetful is a dump without what depends on when it was heard: that a page
// ended before it was paid late may never become known, and is no matter then.
func forgetful(lines []string) []string {
	out := slices.Clone(lines)
	for i, line := range out {
		if strings.Contains(line, " paid ") {
			out[i] = strings.Replace(strings.Replace(line, " fulfilled expired", " fulfilled", 1), " paid expired", " paid", 1)
		}
	}
	return out
}

// TestEventsInAnyOrderAtTheDoor lets orders live and sends each event one to five
// times, shuffled and late, and one in ten never, while one call in a hundred to
// Stripe fails. After one reconciliation the
// orders, the journal and the licences are the same, whatever the chance was.
func TestEventsInAnyOrderAtTheDoor(t *testing.T) {
	t.Parallel()
	orders := eventOrders
	if given, err := strconv.Atoi(os.Getenv("ODUVAN_TEST_ORDERS")); err == nil && given > 0 {
		orders = given
	}
	type ended struct{ name, hash string }
	results := make(chan ended, 2*eventStorms)
	seeds := seeded(t)
	t.Run("storms", func(t *testing.T) {
		for storm := range eventStorms {
			seed := seeds.Uint64()>>16 + uint64(storm)
			t.Run(fmt.Sprint(storm), func(t *testing.T) {
				t.Parallel()
				apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
					results <- ended{t.Name(), eventStorm(t, newShop(t, w, s), seed, orders)}
				}, "-calm", "-still", "-seed", fmt.Sprint(seed))
			})
		}
	})
	close(results)
	hash, n := "", len(results)
	for one := range results {
		if hash == "" {
			hash = one.hash
		}
		if one.hash != hash {
			t.Errorf("%s ends as %s, another storm as %s", one.name, one.hash, hash)
		}
	}
	t.Logf("%d storms of %d orders end as %s", n, orders, hash)
}

func eventStorm(t *testing.T, p *shop, seed uint64, orders int) string {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 11))
	before := len(p.stripe.Events())
	want := p.lives(t, rnd, orders, func() {
		p.stripe.Do("manners", "manners", `{"Trouble":0.01,"Repeat":0.6,"Delay":0.4,"Drop":0.1,"Ordered":false}`)
		p.stripe.Do("deliver", "rounds", fmt.Sprint(1+rnd.IntN(3)))
		if rnd.IntN(2) == 0 {
			p.Drain()
		}
	})
	p.stripe.Deliver()
	p.Drain()
	missed := 0
	for _, e := range p.stripe.Events()[before:] {
		if e.Waiting > 0 {
			missed++
		}
	}
	events := len(p.stripe.Events()) - before
	halfway := hashed(forgetful(p.dump(t)))
	p.Clock.Advance(11 * time.Minute)
	p.cycle(t)
	got := forgetful(p.dump(t))
	if d := cmp.Diff(forgetful(want), got); d != "" {
		t.Errorf("seed %d (-want +got):\n%s", seed, d)
	}
	p.clean(t)
	t.Logf("seed %d: %d orders, %d events told, %d of them never sent, each other 1 to 5 times; before the reconciliation %s, after it %s", seed, orders, events, missed, halfway, hashed(got))
	if orders >= manyOrders && events < manyOrders*perOrder {
		t.Errorf("only %d events", events)
	}
	return hashed(got)
}

// The endpoint is down for a week, in which orders are paid, given back and
// disputed: one cycle of reconciliation is enough.
func TestAWeekWithoutTheEndpoint(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		s.Hears("")
		rnd := seeded(t)
		orders := len(shopLives())
		want := p.lives(t, rnd, orders, func() { s.Do("deliver") })
		for range 7 {
			w.Clock.Advance(24 * time.Hour)
			s.Do("deliver")
		}
		if got := p.count(t, "SELECT count(*) FROM payment_inbox"); got != 0 {
			t.Fatalf("%d events came", got)
		}
		p.cycle(t)
		for i := range want { // what nobody paid has run out meanwhile
			if strings.Contains(want[i], "awaiting_payment") {
				want[i] = strings.Replace(want[i], "awaiting_payment", "expired", 1) + " expired"
			}
		}
		if d := cmp.Diff(forgetful(want), forgetful(p.dump(t))); d != "" {
			t.Errorf("(-want +got):\n%s\n%s", d, w.Logs)
		}
		p.clean(t)
		t.Logf("%d orders, %d events that nobody heard of for 7 days; one cycle later all is known", orders, len(s.Events()))
	})
}

// A second tab, a doubled event, the return page and the sweep at once, over and
// over: one payment, one licence.
func TestEverythingAtOnceAtTheDoor(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		for n := range 3 {
			p.order(t)
			s.Do("pay", "id", p.page(n))
			events := s.Events()
			last := []byte(events[len(events)-1].Payload)
			signature := sign(last, w.Clock.Now(), s.Secret)
			ends := make(chan string, 64)
			acts := []func() string{
				func() string { return fmt.Sprint("webhook ", p.post(t, last, signature)) },
				func() string {
					_, err := p.Stripe.Returned(t.Context(), p.orders[n])
					return fmt.Sprint("return ", err)
				},
				func() string {
					status, _ := apiCall(t, p.URL, p.buyerOf(n).token, http.MethodPost, "/orders/"+p.orders[n]+"/checkout", "")
					return fmt.Sprint("tab ", status)
				},
				func() string {
					_, err := p.DB.Sweep(t.Context())
					return fmt.Sprint("sweep ", err)
				},
			}
			for i := range 16 {
				go func() { ends <- acts[i%len(acts)]() }()
			}
			for range 16 {
				if got := <-ends; !slices.Contains([]string{"webhook 200", "return <nil>", "tab 200", "tab 409", "sweep <nil>"}, got) {
					t.Error(got)
				}
			}
			s.Deliver()
			p.Drain()
		}
		for _, line := range p.dump(t) {
			if !strings.HasSuffix(line, "order fulfilled 50000 RUB refunded 0 extra 0 0 paid fulfilled · payment 50000 RUB · licence active") {
				t.Error(line)
			}
		}
		p.clean(t)
	})
}
