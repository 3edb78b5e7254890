package apptest_test

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
)

// licencesRoute tells whether a route's parameters name a licence that was
// issued, what is published of all of them, or something of the fund.
func licencesRoute(pattern string) bool {
	for _, prefix := range []string{"/v/:id", "/licences/", "/terms/:version", "/admin/appeals/:id", "/feeds/licences/:secret", "/admin/fund/"} {
		if strings.HasPrefix(pattern, prefix) {
			return true
		}
	}
	return false
}

// fillLicences puts a licence that the owner has sold, or one thing of the
// fund, into a route's pattern.
func (s *stage) fillLicences(pattern string) string {
	switch {
	case strings.HasPrefix(pattern, "/feeds/licences/"):
		page := s.owner.Get("/me/licences").Send(`form[action$="/me/licences/feed"]`, nil)
		return strings.TrimPrefix(page.Text("#feed-atom"), s.URL)
	case strings.HasPrefix(pattern, "/admin/fund/"):
		return s.fillFund(pattern)
	}
	id := ""
	if strings.Contains(pattern, ":id") {
		id = s.sold()
	}
	if strings.HasSuffix(pattern, "/revoke/withdraw") || strings.HasPrefix(pattern, "/admin/appeals/") {
		s.owner.Get("/licences/"+id+"/revoke").Send(`form[action$="/revoke"]`, apptest.Fill{"ground": {"out_of_scope"}, "reason": {"Продаёт копии дальше, чем договорились"}})
	}
	return strings.NewReplacer(":id", id, ":n", "1", ":version", "CL-1.0").Replace(pattern)
}

// fillFund puts an entry, a goal or a destination of the fund into a pattern.
func (s *stage) fillFund(pattern string) string {
	s.T.Helper()
	ctx, by := context.Background(), account.Console()
	s.asked++
	word := "goal-" + strconv.Itoa(s.asked)
	sum := money.Amount{Minor: 100_000, Currency: "RUB"}
	id, seq := word, ""
	var err error
	switch {
	case strings.Contains(pattern, "/goals/"):
		_, err = s.Fund.OpenGoal(ctx, by, fund.GoalInput{ID: word, Title: "Сервер " + word, Amount: sum, EndsOn: s.DB.Now().Add(90 * 24 * time.Hour)})
	case strings.Contains(pattern, "/destinations/"):
		var d fund.Destination
		d, err = s.Fund.Publish(ctx, by, fund.DestinationInput{Text: "4081781000000000" + strconv.Itoa(1000+s.asked), Label: "Банк"})
		id = d.ID
	default:
		var e fund.Entry
		e, err = s.Fund.Record(ctx, by, fund.Input{Kind: fund.Donation, Amount: sum, Channel: "bank"})
		seq = strconv.FormatInt(e.Seq, 10)
	}
	if err != nil {
		s.T.Fatal(err)
	}
	return strings.NewReplacer(":id", id, ":seq", seq).Replace(pattern)
}
