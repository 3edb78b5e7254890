package fund_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
)

func TestTheBooks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.goal(t, "server-2027", rub(1000000))
		w.record(t, gift())
		w.record(t, gift(func(in *fund.Input) {
			in.Kind, in.Goal, in.GiverIsPayee = fund.Crowdfunding, "server-2027", true
		}))
		w.record(t, fund.Input{Kind: fund.Subsidy, Amount: money.Amount{Minor: 100000, Currency: "EUR"}, Channel: "bank", Giver: "Open Source Fund"})
		w.Clock.Advance(days(40))
		w.record(t, expense())
		wrong := w.record(t, expense(func(in *fund.Input) { in.Amount = rub(5000000) }))
		undone, err := w.Reverse(w.ctx, w.op, wrong.Seq, "typed two zeros too many")
		want(t, "error", nil, err)
		want(t, "the reversal", []int64{6, 5, 5000000}, []int64{undone.Seq, undone.Reverses, undone.Amount})

		got, err := w.Balances(w.ctx)
		want(t, "error", nil, err)
		want(t, "balances", []fund.Balance{{Currency: "EUR", Income: 100000, Balance: 100000},
			{Currency: "RUB", Income: 300000, Expenses: 50000, Balance: 250000}}, got)
		months, err := w.Months(w.ctx, "RUB")
		want(t, "error", nil, err)
		want(t, "months", []fund.Month{{Month: "2026-11", Income: 300000, Balance: 300000}, {Month: "2026-12", Balance: 300000},
			{Month: "2027-01", Expenses: 50000, Balance: 250000}}, months)
		none, err := w.Months(w.ctx, "USD")
		want(t, "error", nil, err)
		want(t, "months of nothing", []fund.Month{}, none)

		list, err := w.Entries(w.ctx, fund.Filter{Currency: "RUB", Limit: 3})
		want(t, "error", nil, err)
		seqs := [][]int64{}
		for _, e := range list {
			seqs = append(seqs, []int64{e.Seq, e.Reverses, e.ReversedBy})
		}
		want(t, "the newest", [][]int64{{6, 5, 0}, {5, 0, 6}, {4, 0, 0}}, seqs)
		both, err := w.Entries(w.ctx, fund.Filter{Kinds: []fund.Kind{fund.Crowdfunding, fund.Expense}})
		want(t, "error", nil, err)
		seen := map[fund.Kind]bool{}
		for _, e := range both {
			seen[e.Kind] = true
		}
		want(t, "two kinds", map[fund.Kind]bool{fund.Crowdfunding: true, fund.Expense: true}, seen)
		list, err = w.Entries(w.ctx, fund.Filter{Goal: "server-2027", Kinds: []fund.Kind{fund.Crowdfunding}, Before: 4})
		want(t, "error", nil, err)
		want(t, "of the goal", 1, len(list))

		one, err := w.Entry(w.ctx, 2)
		want(t, "error", nil, err)
		want(t, "giver is a payee", true, one.GiverIsPayee)
		want(t, "the day", today, one.Day.UTC())
		_, err = w.Entry(w.ctx, 99)
		want(t, "no such entry", "not_found:fund_entry_unknown", code(err))
		head, err := w.Head(w.ctx)
		want(t, "error", nil, err)
		want(t, "head", fund.Head{Seq: 6, Hash: undone.Hash}, head)
		want(t, "audit", []string{}, w.audited(t))
	})
}

func TestGoals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.goal(t, "server", rub(300000))
		give := gift(func(in *fund.Input) { in.Kind, in.Goal = fund.Crowdfunding, "server" })
		for range 3 {
			w.record(t, give)
		}
		_, err := w.Reverse(w.ctx, w.op, 2, "given twice")
		want(t, "error", nil, err)
		g, err := w.Goal(w.ctx, "server")
		want(t, "error", nil, err)
		want(t, "raised", []int64{300000, 2, 100}, []int64{g.Raised, int64(g.Gifts), int64(g.Percent())})

		_, err = w.Record(w.ctx, w.op, gift(func(in *fund.Input) {
			in.Kind, in.Goal, in.Amount.Currency = fund.Crowdfunding, "server", "EUR"
		}))
		want(t, "another currency", "invalid:fund_goal_currency:amount", code(err))
		_, err = w.Record(w.ctx, w.op, gift(func(in *fund.Input) { in.Kind, in.Goal = fund.Crowdfunding, "nowhere" }))
		want(t, "no such goal", "not_found:fund_goal_unknown", code(err))
		want(t, "close", nil, w.CloseGoal(w.ctx, w.op, "server"))
		want(t, "close again", "conflict:fund_goal_closed", code(w.CloseGoal(w.ctx, w.op, "server")))
		want(t, "close nothing", "not_found:fund_goal_unknown", code(w.CloseGoal(w.ctx, w.op, "nowhere")))
		_, err = w.Record(w.ctx, w.op, give)
		want(t, "closed", "conflict:fund_goal_closed", code(err))
		_, err = w.OpenGoal(w.ctx, w.op, fund.GoalInput{ID: "server", Title: "Again", Amount: rub(1)})
		want(t, "the same word", "conflict:fund_goal_exists", code(err))
		_, err = w.OpenGoal(w.ctx, w.op, fund.GoalInput{ID: "Not a word", Title: "Реклама курса", Amount: rub(0)})
		want(t, "all at once", "invalid:fund_goal_word:id invalid:fund_advertising:title invalid:required:amount", code(err))
		_, err = w.OpenGoal(w.ctx, w.op, fund.GoalInput{ID: "late", Title: "Late", Amount: rub(1), EndsOn: today})
		want(t, "over before it begins", "invalid:fund_goal_end:ends_on", code(err))
		all, err := w.Goals(w.ctx)
		want(t, "error", nil, err)
		want(t, "goals", 1, len(all))
		want(t, "percent of nothing", 0, fund.Goal{}.Percent())
		want(t, "percent at most", 999, fund.Goal{Amount: 1, Raised: 5000}.Percent())
	})
}

// Each rule of the fund refuses by its own word.
func TestRefused(t *testing.T) {
	t.Parallel()
	subsidy := fund.Input{Kind: fund.Subsidy, Amount: rub(1), Channel: "bank", Giver: "Open Source Fund"}
	for name, c := range map[string]struct {
		in   fund.Input
		want string
	}{
		"a subsidy with conditions": {with(subsidy, func(in *fund.Input) { in.Conditions = "our logo on every page" }), "invalid:fund_subsidy_conditional:conditions"},
		"a subsidy of nobody":       {with(subsidy, func(in *fund.Input) { in.Giver = " \u200b " }), "invalid:required:giver"},
		"a named gift":              {gift(func(in *fund.Input) { in.Giver = "Ivan Petrov" }), "invalid:fund_names_nobody:giver"},
		"advertising by category":   {expense(func(in *fund.Input) { in.Category = "advertising" }), "invalid:fund_advertising:category"},
		"advertising by purpose":    {expense(func(in *fund.Input) { in.Purpose = "Оплата РЕКЛАМЫ в канале" }), "invalid:fund_advertising:purpose"},
		"advertising in English":    {expense(func(in *fund.Input) { in.Purpose = "google-ads, January" }), "invalid:fund_advertising:purpose"},
		"an order's number": {expense(func(in *fund.Input) { in.Purpose = "for 7b1c0000-1111-4222-8333-444455556666" }),
			"invalid:fund_order_reference:purpose"},
		"an order's code":          {expense(func(in *fund.Input) { in.Purpose = "for order 4KZ9-QW7M-3" }), "invalid:fund_order_reference:purpose"},
		"a licence":                {expense(func(in *fund.Input) { in.Purpose = "back for L-4KZ9QW7M3A" }), "invalid:fund_order_reference:purpose"},
		"a contact":                {expense(func(in *fund.Input) { in.Purpose = "to ivan@example.org" }), "invalid:fund_contact:purpose"},
		"no purpose":               {expense(func(in *fund.Input) { in.Purpose = "" }), "invalid:required:purpose"},
		"a long purpose":           {expense(func(in *fund.Input) { in.Purpose = strings.Repeat("ж", 301) }), "invalid:too_long:purpose"},
		"an unknown category":      {expense(func(in *fund.Input) { in.Category = "beer" }), "invalid:fund_category:category"},
		"an expense to a payee":    {expense(func(in *fund.Input) { in.GiverIsPayee = true }), "invalid:fund_gift_only:payee"},
		"a gift with words":        {gift(func(in *fund.Input) { in.Purpose, in.Category = "thanks", "hosting" }), "invalid:fund_expense_only:category invalid:fund_expense_only:purpose"},
		"a collection for nothing": {gift(func(in *fund.Input) { in.Kind = fund.Crowdfunding }), "invalid:required:goal"},
		"a gift for a goal":        {gift(func(in *fund.Input) { in.Goal = "server" }), "invalid:fund_goal_without_collection:goal"},
		"nothing":                  {gift(func(in *fund.Input) { in.Amount.Minor = 0 }), "invalid:required:amount"},
		"less than nothing":        {gift(func(in *fund.Input) { in.Amount.Minor = -1 }), "invalid:money_negative:amount"},
		"too much":                 {gift(func(in *fund.Input) { in.Amount.Minor = money.MaxMinor + 1 }), "invalid:money_too_large:amount"},
		"no such currency":         {gift(func(in *fund.Input) { in.Amount.Currency = "ZZZ" }), "invalid:currency_unknown:amount"},
		"the day after tomorrow":   {gift(func(in *fund.Input) { in.Day = today.AddDate(0, 0, 2) }), "invalid:fund_day:day"},
		"long ago":                 {gift(func(in *fund.Input) { in.Day = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) }), "invalid:fund_day:day"},
		"all that is wrong":        {fund.Input{}, "invalid:fund_kind:kind invalid:currency_unknown:amount invalid:fund_channel:channel"},
		"a head that went on":      {gift(func(in *fund.Input) { in.Head = strings.Repeat("1", 64) }), "conflict:fund_moved"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				_, err := w.Record(w.ctx, w.op, c.in)
				want(t, "refused", c.want, code(err))
				head, err := w.Head(w.ctx)
				want(t, "error", nil, err)
				want(t, "nothing is written", fund.Head{Hash: fund.Genesis}, head)
			})
		})
	}
}

func with(in fund.Input, change func(*fund.Input)) fund.Input {
	change(&in)
	return in
}

// Honest purposes that look a little like what is refused.
func TestNotRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, purpose := range []string{"Сервер в Hetzner, декабрь", "Домен example.org на 2 года", "Видеокарта RTX 4090", "Призы за 2026 год: 12 книг",
			"Счёт 123456789 за октябрь", "Роутер Keenetic", "Address of the office lease", "equipment"} {
			_, err := w.Record(w.ctx, w.op, expense(func(in *fund.Input) { in.Purpose = purpose }))
			want(t, purpose, "", code(err))
		}
		want(t, "audit", []string{}, w.audited(t))
	})
}

func TestOnlyAnOperatorWrites(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.record(t, gift())
		for actor, who := range map[account.Actor]string{{}: "unauthenticated:sign_in_needed",
			{ID: "m", Role: account.Member}: "forbidden:not_allowed", {ID: "k", Role: account.Moderator}: "forbidden:not_allowed"} {
			_, err := w.Record(w.ctx, actor, gift())
			want(t, "record", who, code(err))
			_, err = w.Reverse(w.ctx, actor, 1, "why")
			want(t, "reverse", who, code(err))
			_, err = w.OpenGoal(w.ctx, actor, fund.GoalInput{})
			want(t, "goal", who, code(err))
			want(t, "close", who, code(w.CloseGoal(w.ctx, actor, "x")))
			_, err = w.Publish(w.ctx, actor, fund.DestinationInput{})
			want(t, "publish", who, code(err))
			want(t, "withdraw", who, code(w.Withdraw(w.ctx, actor, "x", false)))
		}
	})
}

func TestReversal(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.record(t, gift())
		_, err := w.Reverse(w.ctx, w.op, 1, " ")
		want(t, "no reason", "invalid:required:reason", code(err))
		_, err = w.Reverse(w.ctx, w.op, 1, "see L-4KZ9QW7M3A")
		want(t, "a licence in it", "invalid:fund_order_reference:reason", code(err))
		_, err = w.Reverse(w.ctx, w.op, 2, "why")
		want(t, "no such entry", "not_found:fund_entry_unknown", code(err))
		_, err = w.Reverse(w.ctx, w.op, 1, "written twice")
		want(t, "reversed", "", code(err))
		_, err = w.Reverse(w.ctx, w.op, 1, "once more")
		want(t, "twice", "conflict:fund_reversed", code(err))
		_, err = w.Reverse(w.ctx, w.op, 2, "back again")
		want(t, "a reversal", "conflict:fund_reversed", code(err))
		got, err := w.Balances(w.ctx)
		want(t, "error", nil, err)
		want(t, "nothing is left", []fund.Balance{{Currency: "RUB"}}, got)
	})
}

// A form that is sent twice, and two operators at once: the books go on by one.
func TestOneFormOneEntry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		head, err := w.Head(w.ctx)
		want(t, "error", nil, err)
		in := gift(func(in *fund.Input) { in.Head = head.Hash })
		const clicks = 20
		codes := make(chan string, clicks)
		for range clicks {
			go func() {
				_, err := w.Record(w.ctx, w.op, in)
				codes <- code(err)
			}()
		}
		counts := map[string]int{}
		for range clicks {
			counts[<-codes]++
		}
		want(t, "answers", map[string]int{"": 1, "conflict:fund_moved": clicks - 1}, counts)
		want(t, "audit", []string{}, w.audited(t))
	})
}

// Many write at once without a head: all succeed and the chain holds.
func TestWritersFollowEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const writers = 16
		codes := make(chan string, writers)
		for range writers {
			go func() {
				_, err := w.Record(w.ctx, w.op, gift())
				codes <- code(err)
			}()
		}
		for range writers {
			want(t, "written", "", <-codes)
		}
		head, err := w.Head(w.ctx)
		want(t, "error", nil, err)
		want(t, "entries", int64(writers), head.Seq)
		want(t, "audit", []string{}, w.audited(t))
	})
}

// Whatever is recorded and reversed in whatever order: balances are the sums of
// what stands, months add up to them, and the audit is clean.
func TestSumsHold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.goal(t, "eur", money.Amount{Minor: 100, Currency: "EUR"})
		sums, standing := map[string]int64{}, map[int64]fund.Entry{}
		rapid.Check(t, func(r *rapid.T) {
			in := fund.Input{Kind: rapid.SampledFrom(fund.Kinds()).Draw(r, "kind"), Channel: rapid.SampledFrom(fund.Channels()).Draw(r, "channel"),
				Amount: money.Amount{Minor: rapid.Int64Range(1, 1e9).Draw(r, "amount"), Currency: rapid.SampledFrom([]string{"RUB", "EUR", "KZT"}).Draw(r, "currency")},
				Day:    today.AddDate(0, 0, -rapid.IntRange(0, 900).Draw(r, "day"))}
			switch in.Kind {
			case fund.Crowdfunding:
				in.Goal, in.Amount.Currency = "eur", "EUR"
			case fund.Subsidy:
				in.Giver = "Фонд «Открытый код»"
			case fund.Expense:
				in.Category, in.Purpose = rapid.SampledFrom(fund.Categories()).Draw(r, "category"), "что-то нужное"
			}
			e := w.record(t, in)
			sums[e.Currency] += e.Amount
			standing[e.Seq] = e
			if rapid.Bool().Draw(r, "reverse") {
				undone := rapid.SampledFrom(slices.Sorted(maps.Keys(standing))).Draw(r, "which")
				if _, err := w.Reverse(w.ctx, w.op, undone, "ошибка"); err != nil {
					r.Fatal(err)
				}
				sums[standing[undone].Currency] -= standing[undone].Amount
				delete(standing, undone)
			}
		})
		got, err := w.Balances(w.ctx)
		want(t, "error", nil, err)
		balances := map[string]int64{}
		for _, b := range got {
			balances[b.Currency] = b.Balance
			want(t, "income without expenses", b.Balance, b.Income-b.Expenses)
			months, err := w.Months(w.ctx, b.Currency)
			want(t, "error", nil, err)
			want(t, "the last month", b.Balance, months[len(months)-1].Balance)
		}
		want(t, "balances", sums, balances)
		want(t, "audit", []string{}, w.audited(t))
	})
}

func TestADayAheadIsTodaySomewhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		e := w.record(t, gift(func(in *fund.Input) { in.Day = today.AddDate(0, 0, 1).Add(5 * time.Hour) }))
		want(t, "a day", "2026-11-23", db.Date(e.Day))
		want(t, "written down", "2026-11-22", db.Date(e.RecordedOn))
	})
}
