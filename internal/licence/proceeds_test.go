package licence_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// cell is how many orders were paid by a method for community works, or for
// others, and of how many of them money went back.
type cell struct {
	method           payment.Method
	community        bool
	orders, returned int
}

// truth is what nobody may compute where it is of few: the sums of one cell.
type truth struct {
	cell
	paid, refunded int64
}

// till is a shop into which paid orders are put by hand.
type till struct {
	*shop
	offer map[bool]string // whether of a community work: offer
	rng   *rand.Rand
	n     int
}

func openTill(t testing.TB, s *shop) *till {
	t.Helper()
	x := &till{shop: s, offer: map[bool]string{true: s.offer.ID}, rng: rand.New(rand.NewPCG(1, 2))}
	if s.Engine() == db.PostgreSQL {
		for _, table := range []string{"work", "payment_order"} {
			ok(t, s.raw("ALTER TABLE "+table+" DISABLE TRIGGER USER"))
		}
	} else {
		for _, name := range []string{"work_fixed", "payment_order_begins", "payment_order_stays"} {
			ok(t, s.raw("DROP TRIGGER "+name))
		}
	}
	ok(t, s.raw("UPDATE work SET basis = ? WHERE id = ?", licence.Community, s.work.ID))
	var err error
	s.work, err = s.AddWork(s.ctx, s.ada, licence.WorkInput{Title: "Another", Kind: "course", Summary: "x", URL: "https://ada.example.org/other", Label: "1",
		SHA256: fmt.Sprintf("%064x", 8), BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner, Languages: []string{"en"}, Payee: "Ada L.", State: licence.WorkPublished})
	ok(t, err)
	x.offer[false] = s.offers(t, licence.Price{Days: 30, Amount: 50_000, Currency: "RUB"}).ID
	return x
}

// holds has exactly these orders, each of another amount.
func (x *till) holds(t testing.TB, cells ...cell) (out []truth) {
	t.Helper()
	const one = "(?, ?, ?, ?, ?, ?, '', 'licence', ?, 'T', 'P', '', ?, ?, 'RUB', ?, ?, 14, TRUE, FALSE, FALSE, TRUE, FALSE, ?, '{}', 'paid', 'none', '', FALSE, 0, 0, 0, ?, ?)"
	var rows []string
	var args []any
	for _, c := range cells {
		sum := truth{cell: c}
		for i := range c.orders {
			x.n++
			amount, back, link := 500_000_000+x.rng.Int64N(500_000_000), int64(0), ""
			if i < c.returned {
				back = 1 + x.rng.Int64N(amount)
			}
			if c.method == payment.Link {
				link = "https://pay.example.org"
			}
			id := func(kind string) string { return fmt.Sprintf("%s%08d", kind, x.n) }
			rows = append(rows, one)
			args = append(args, id("o"), id("")+"X", x.ben.ID, x.ada.ID, id("b"), id("s"), x.offer[c.community], link, amount, c.method, []byte("{}"), back, x.Clock.Now(), x.Clock.Now())
			sum.paid, sum.refunded = sum.paid+amount, sum.refunded+back
		}
		out = append(out, sum)
	}
	ok(t, x.raw("DELETE FROM payment_order"))
	if len(rows) > 0 {
		ok(t, x.raw(`INSERT INTO payment_order (id, code, buyer_id, seller_id, buyer_party, seller_party, once, kind, subject, title, payee, country, link, amount, currency, method,
			terms, refund_days, checkout, cancelled, expired, paid, fulfilled, refunded, disputes, state, settlement, question, has_details, refund_sent, extra, extra_returned,
			created_at, paid_at) VALUES `+strings.Join(rows, ", "), args...))
	}
	return out
}

// tells are the sums that everybody reads: by method, and of community works last.
func (x *till) tells(t testing.TB) (paid, refunded []int64, row licence.Proceeds) {
	t.Helper()
	f, err := x.Pay.Figures(x.ctx)
	ok(t, err)
	for _, s := range f.Sums {
		if s.Orders.Hidden() {
			continue
		}
		if paid = append(paid, s.Paid); s.Refunded >= 0 {
			refunded = append(refunded, s.Refunded)
		}
	}
	list, err := x.Proceeds(x.ctx)
	ok(t, err)
	if len(list) == 0 {
		return paid, refunded, row
	}
	if row = list[0]; !row.Orders.Hidden() {
		if paid = append(paid, row.Paid); row.Refunded >= 0 {
			refunded = append(refunded, row.Refunded)
		}
	}
	return paid, refunded, row
}

// differences are all sums and differences of public ones.
func differences(public []int64) map[int64]bool {
	out := map[int64]bool{0: true}
	for _, v := range public {
		next := map[int64]bool{}
		for sum := range out {
			next[sum], next[sum+v], next[sum-v] = true, true, true
		}
		out = next
	}
	return out
}

// leaks names what of few orders can be computed: of any cells together.
func leaks(all []truth, paid, refunded []int64) (out []string) {
	paidBy, backBy := differences(paid), differences(refunded)
	for set := range 1 << len(all) {
		var sum truth
		for i, c := range all {
			if set&(1<<i) != 0 && c.orders > 0 {
				sum.orders, sum.returned, sum.paid, sum.refunded = sum.orders+c.orders, sum.returned+c.returned, sum.paid+c.paid, sum.refunded+c.refunded
			}
		}
		if payment.Count(sum.orders).Hidden() && paidBy[sum.paid] {
			out = append(out, fmt.Sprintf("%b: what %d paid", set, sum.orders))
		}
		if payment.Count(sum.returned).Hidden() && backBy[sum.refunded] {
			out = append(out, fmt.Sprintf("%b: what %d got back", set, sum.returned))
		}
	}
	return out
}

// TestProceedsAndSumsTellOfNoFew takes differences of what is told of community
// works and of what is told by method.
func TestProceedsAndSumsTellOfNoFew(t *testing.T) {
	t.Parallel()
	const all, back, none = "all", "without refunds", "nothing"
	cases := map[string]struct {
		cells []cell
		want  string
	}{
		"nobody got money back":                   {[]cell{{payment.Direct, true, 20, 0}, {payment.Link, true, 8, 0}}, all},
		"one of a method got money back":          {[]cell{{payment.Direct, true, 20, 6}, {payment.Link, true, 8, 1}}, back},
		"five of each did":                        {[]cell{{payment.Direct, true, 20, 5}, {payment.Link, true, 8, 5}}, all},
		"few paid by a method":                    {[]cell{{payment.Direct, true, 20, 0}, {payment.Link, true, 3, 0}}, none},
		"few others paid by a method":             {[]cell{{payment.Direct, true, 20, 0}, {payment.Link, false, 3, 0}}, none},
		"few community ones of one method":        {[]cell{{payment.Direct, true, 20, 0}, {payment.Link, true, 3, 0}, {payment.Link, false, 9, 0}}, none},
		"few others of one method":                {[]cell{{payment.Direct, true, 20, 0}, {payment.Direct, false, 4, 0}, {payment.Link, false, 9, 0}}, none},
		"few of either of two methods":            {[]cell{{payment.Direct, true, 20, 0}, {payment.Direct, false, 3, 0}, {payment.Link, true, 3, 0}, {payment.Link, false, 3, 0}}, all},
		"enough of both":                          {[]cell{{payment.Direct, true, 20, 5}, {payment.Direct, false, 9, 5}}, all},
		"1 of 5 others got money back, 0 of ours": {[]cell{{payment.Direct, true, 9, 0}, {payment.Direct, false, 5, 1}}, back},
		"1 of 5 others and 1 of ours":             {[]cell{{payment.Direct, true, 9, 1}, {payment.Direct, false, 5, 1}}, back},
		"1 of 5 others and 5 of ours":             {[]cell{{payment.Direct, true, 9, 5}, {payment.Direct, false, 5, 1}}, back},
		"5 of 5 others and 1 of ours":             {[]cell{{payment.Direct, true, 9, 1}, {payment.Direct, false, 5, 5}}, back},
		"5 of ours and none of others":            {[]cell{{payment.Direct, true, 9, 5}, {payment.Direct, false, 5, 0}}, all},
		"few back by one method, of both":         {[]cell{{payment.Direct, true, 9, 5}, {payment.Link, true, 9, 2}, {payment.Link, false, 9, 3}}, back},
	}
	eachShop(t, func(t *testing.T, s *shop) {
		x := openTill(t, s)
		for name, c := range cases {
			truths := x.holds(t, c.cells...)
			paid, refunded, got := x.tells(t)
			want := licence.Proceeds{Currency: "RUB"}
			for _, one := range truths {
				if one.community {
					want.Orders, want.Paid, want.Refunded = want.Orders+licence.Count(one.orders), want.Paid+one.paid, want.Refunded+one.refunded
				}
			}
			switch c.want {
			case back:
				want.Refunded = -1
			case none:
				want.Orders, want.Paid, want.Refunded = -1, 0, 0
			}
			equal(t, name, want, got)
			for _, leak := range leaks(truths, paid, refunded) {
				t.Errorf("%s: %s can be computed", name, leak)
			}
		}
		x.holds(t, cell{payment.Direct, false, 9, 0})
		none, err := s.Proceeds(s.ctx)
		ok(t, err)
		equal(t, "of no community work", []licence.Proceeds{}, none)
	})
}

// Whatever was paid, no sum of few is a difference of public ones; and where no
// cell is of few everything is told.
func TestNoDifferenceTellsOfFew(t *testing.T) {
	t.Parallel()
	x := openTill(t, openShop(t, dbtest.New(t)))
	rapid.Check(t, func(r *rapid.T) {
		var cells []cell
		few, backs, ours := false, false, 0
		for _, m := range []payment.Method{payment.Direct, payment.Link, payment.Stripe} {
			for _, community := range []bool{true, false} {
				n := rapid.SampledFrom([]int{0, 0, 1, 3, 5, 8}).Draw(r, "orders")
				back := min(n, rapid.SampledFrom([]int{0, 0, 1, 2, 5}).Draw(r, "returned"))
				cells = append(cells, cell{m, community, n, back})
				few, backs = few || payment.Count(n).Hidden(), backs || payment.Count(back).Hidden()
				if community {
					ours += n
				}
			}
		}
		truths := x.holds(t, cells...)
		paid, refunded, row := x.tells(t)
		for _, leak := range leaks(truths, paid, refunded) {
			r.Errorf("%+v: %s can be computed", cells, leak)
		}
		if !few && (row.Orders.Hidden() || int(row.Orders) != ours || !backs && row.Refunded < 0) {
			r.Errorf("%+v: nothing is of few, and %+v is told", cells, row)
		}
	})
}
