package payment_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/payment"
)

var update = flag.Bool("update", false, "write golden files")

// news are seven facts about an order of 1000.
func news() []payment.Facts {
	return []payment.Facts{
		{Checkout: true},
		{Expired: true},
		{Paid: true},
		{Fulfilled: true},
		{Refunded: 300},
		{Disputes: map[string]payment.Rank{"dp_1": payment.DisputeOpen}},
		{Disputes: map[string]payment.Rank{"dp_1": payment.DisputeWon}},
	}
}

// permute calls fn with every order of the numbers below n.
func permute(n int, fn func([]int)) {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	var from func(int)
	from = func(k int) {
		if k == n {
			fn(list)
			return
		}
		for i := k; i < n; i++ {
			list[k], list[i] = list[i], list[k]
			from(k + 1)
			list[k], list[i] = list[i], list[k]
		}
	}
	from(0)
}

// All 5,040 orders of seven facts end alike, and each step on the way is one of
// the machine.
func TestEveryOrderOfSevenFacts(t *testing.T) {
	t.Parallel()
	all, n := news(), 0
	var want payment.Facts
	for _, f := range all {
		want = want.Merge(f)
	}
	permute(len(all), func(order []int) {
		n++
		var got payment.Facts
		for _, i := range order {
			from := got.State(1000)
			got = got.Merge(all[i])
			if _, ok := payment.Route(from, got.State(1000)); !ok {
				t.Fatalf("%v: no way from %s to %s", order, from, got.State(1000))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%v (-want +got):\n%s", order, diff)
		}
	})
	if want.State(1000) != payment.Fulfilled || n != 5040 {
		t.Errorf("%d orders end in %s", n, want.State(1000))
	}
}

// history draws what may become known of an order.
func history(t *rapid.T) []payment.Facts {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) payment.Facts {
		f := payment.Facts{Checkout: rapid.Bool().Draw(t, "checkout")}
		switch rapid.IntRange(0, 6).Draw(t, "what") {
		case 0:
			f.Cancelled = true
		case 1:
			f.Expired = true
		case 2:
			f.Paid = true
		case 3:
			f.Fulfilled = true
		case 4:
			f.Refunded = rapid.Int64Range(0, 1000).Draw(t, "refunded")
		default:
			id := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "dispute")
			f.Disputes = map[string]payment.Rank{id: payment.Rank(rapid.IntRange(1, 3).Draw(t, "rank"))}
		}
		return f
	}), 1, 12).Draw(t, "history")
}

// 20,000 shuffled histories with doubles end as the plain one does.
func TestShuffledAndDoubledHistories(t *testing.T) {
	t.Parallel()
	const times = 20_000
	r, n := rand.New(rand.NewPCG(1, 2)), 0
	for n < times {
		rapid.Check(t, func(rt *rapid.T) {
			plain := history(rt)
			var want payment.Facts
			for _, f := range plain {
				want = want.Merge(f)
			}
			for range 10 {
				n++
				mixed := slices.Clone(plain)
				for range r.IntN(2 * len(plain)) {
					mixed = append(mixed, plain[r.IntN(len(plain))])
				}
				r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
				var got payment.Facts
				for _, f := range mixed {
					from := got.State(1000)
					got = got.Merge(f)
					if _, ok := payment.Route(from, got.State(1000)); !ok {
						rt.Fatalf("no way from %s to %s", from, got.State(1000))
					}
				}
				if diff := cmp.Diff(want, got); diff != "" || want.State(1000) != got.State(1000) {
					rt.Fatalf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	t.Logf("%d histories", n)
}

func TestFactsAreASemilattice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		one := func(label string) (out payment.Facts) {
			for _, f := range history(rt) {
				out = out.Merge(f)
			}
			return out
		}
		a, b, c := one("a"), one("b"), one("c")
		for name, pair := range map[string][2]payment.Facts{
			"idempotent": {a.Merge(a), a}, "commutative": {a.Merge(b), b.Merge(a)}, "associative": {a.Merge(b).Merge(c), a.Merge(b.Merge(c))},
		} {
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				rt.Fatalf("not %s:\n%s", name, diff)
			}
		}
		before := maps.Clone(a.Disputes)
		a.Merge(b)
		if diff := cmp.Diff(before, a.Disputes); diff != "" {
			rt.Fatalf("merging changed its operand:\n%s", diff)
		}
	})
}

func TestStateOfFacts(t *testing.T) {
	t.Parallel()
	dispute := func(r payment.Rank) map[string]payment.Rank { return map[string]payment.Rank{"d": r} }
	for _, c := range []struct {
		facts payment.Facts
		want  payment.State
	}{
		{payment.Facts{}, payment.Draft},
		{payment.Facts{Checkout: true, Expired: true, Cancelled: true}, payment.Cancelled},
		{payment.Facts{Cancelled: true, Paid: true}, payment.Paid},
		{payment.Facts{Expired: true, Fulfilled: true}, payment.Fulfilled},
		{payment.Facts{Refunded: 999}, payment.Paid},
		{payment.Facts{Refunded: 1000}, payment.Refunded},
		{payment.Facts{Refunded: 1000, Disputes: dispute(payment.DisputeOpen)}, payment.Refunded},
		{payment.Facts{Fulfilled: true, Disputes: dispute(payment.DisputeOpen)}, payment.Disputed},
		{payment.Facts{Disputes: dispute(payment.DisputeWon)}, payment.Paid},
		{payment.Facts{Fulfilled: true, Disputes: dispute(payment.DisputeWon)}, payment.Fulfilled},
		{payment.Facts{Disputes: dispute(payment.DisputeLost)}, payment.Refunded},
	} {
		if got := c.facts.State(1000); got != c.want {
			t.Errorf("%+v is %s, want %s", c.facts, got, c.want)
		}
	}
	if got := (payment.Facts{Paid: true}).State(0); got != payment.Paid {
		t.Errorf("a free order is %s", got)
	}
}

// The machine's tables and their diagrams, so that a reader of a change sees it.
func TestMachinesGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# State of an order\n\n```mermaid\nstateDiagram-v2\n\t[*] --> draft\n")
	for _, s := range payment.Steps() {
		fmt.Fprintf(&b, "\t%s --> %s\n", s.From, s.To)
	}
	b.WriteString("```\n\n# Direct settlement\n\n```mermaid\nstateDiagram-v2\n\t[*] --> none\n")
	for _, s := range payment.Sayings() {
		fmt.Fprintf(&b, "\t%s --> %s: %s %s\n", s.From, s.To, s.By, s.Act)
	}
	b.WriteString("```\n\n# Ways from state to state\n\n```\n")
	for _, from := range payment.States() {
		for _, to := range payment.States() {
			if route, ok := payment.Route(from, to); ok && len(route) > 0 {
				fmt.Fprintf(&b, "%-16s -> %-16s by %v\n", from, to, route)
			}
		}
	}
	b.WriteString("```\n")
	golden(t, "testdata/machines.md", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	same(t, string(want), got)
}

// The database's table of steps is the program's.
func TestTheDatabaseKnowsTheSameSteps(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		same(t, len(payment.Steps()), w.rows(t, "SELECT count(*) FROM order_step"))
		for _, s := range payment.Steps() {
			if n := w.rows(t, "SELECT count(*) FROM order_step WHERE from_state = ? AND to_state = ?", s.From, s.To); n != 1 {
				t.Errorf("%s to %s: %d rows", s.From, s.To, n)
			}
		}
	})
}

// Whatever becomes known in whatever order and how often, the row, the journal
// and the balances end the same.
func TestNewsInAnyOrderGiveTheSameBooks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.boxes.late = true // a provider's news; goods are handed over by nobody here
		rapid.Check(t, func(rt *rapid.T) {
			plain := history(rt)
			in := w.box()
			in.Price = rub(1000)
			ends := map[string]bool{}
			for range 3 {
				o := w.opens(t, in)
				mixed := slices.Concat(plain, plain[:rapid.IntRange(0, len(plain)).Draw(rt, "again")])
				for _, i := range rapid.Permutation(slices.Collect(numbers(len(mixed)))).Draw(rt, "order") {
					f := mixed[i]
					f.Fulfilled = false
					if _, err := w.Learn(w.ctx, o.ID, payment.News{Facts: f, Amount: rub(1000), Cause: "test:" + o.ID}); err != nil {
						rt.Fatal(err)
					}
				}
				o = w.reads(t, w.ben, o.ID)
				sum := 0
				for _, e := range w.entries(t, o.ID) {
					var kind string
					var n int
					if _, err := fmt.Sscan(e, &kind, &n); err != nil {
						rt.Fatal(err)
					}
					sum += n
				}
				ends[fmt.Sprintf("%s %+v seller has %d", o.State, o.Facts, sum)] = true
				if o.State == payment.AwaitingPayment { // they must not pile up
					w.does(t)(w.Cancel(w.ctx, w.ben, o.ID))
				}
			}
			if len(ends) != 1 {
				rt.Fatalf("%v", slices.Collect(maps.Keys(ends)))
			}
		})
		w.sound(t)
	})
}

func numbers(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}
