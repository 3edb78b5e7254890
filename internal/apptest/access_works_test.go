package apptest_test

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
)

// worksRoute tells whether a route's parameters name works, their parts, their
// offers, claims to them or the contributor agreement.
func worksRoute(pattern string) bool {
	for _, prefix := range []string{"/works/:id", "/me/works/:id", "/agreements/:n", "/admin/agreements/:n", "/admin/claims/:id", "/admin/claims/works/:id"} {
		if strings.HasPrefix(pattern, prefix) {
			return true
		}
	}
	return false
}

// fillWorks puts the owner's own work, a part of somebody else in it, an offer
// for it and a claim to it into a route's pattern.
func (s *stage) fillWorks(pattern string) string {
	switch {
	case strings.Contains(pattern, "/agreements/:n"):
		return strings.Replace(pattern, ":n", s.agreement(), 1)
	case strings.HasPrefix(pattern, "/admin/claims/works/:id"):
		return strings.Replace(pattern, ":id", s.suspended(), 1)
	case strings.HasPrefix(pattern, "/admin/claims/:id"):
		_, claim := s.claim(s.work())
		return strings.Replace(pattern, ":id", claim, 1)
	}
	id := s.work()
	out := strings.Replace(pattern, ":id", id, 1)
	if strings.Contains(out, ":claim") {
		_, claim := s.claim(id)
		out = strings.Replace(out, ":claim", claim, 1)
	}
	if strings.Contains(out, ":offer") {
		out = strings.Replace(out, ":offer", s.offer(id), 1)
	}
	if strings.Contains(out, ":part") {
		out = strings.Replace(out, ":part", s.part(id), 1)
	}
	return out
}

// work is a published work that the owner has just registered.
func (s *stage) work() string {
	page := s.owner.Get("/me/works/new").Send(`form[action="/me/works/new"]`, apptest.Fill{"title": {"Задачник"}, "kind": {"tasks"},
		"url": {"https://tasks.example.org/"}, "base_licence": {"CC-BY-NC-4.0"}, "basis": {"owner"}, "label": {"1"}}).Is(http.StatusOK)
	page.Send(`form:has(button[value=published])`, apptest.Fill{"state": {"published"}}).Is(http.StatusOK)
	return path.Base(page.Path)
}

// offer is an open offer for a work of the owner.
func (s *stage) offer(work string) string {
	page := s.owner.Get("/me/works/"+work+"/offers/new").Send(`form[action$="/offers/new"]`, apptest.Fill{"days": {"30", "", "", ""}, "price": {"500", "", "", ""},
		"not_fund": {"1"}}).Is(http.StatusOK)
	return path.Base(page.Attr(`.sale-one a[href*="/offers/"]`, "href"))
}

// part is the part of a third party in a work of the owner.
func (s *stage) part(work string) string {
	page := s.owner.Get("/me/works/"+work).Send(`form[action$="/authors"]`, apptest.Fill{"who": {"Олег"}, "ground": {"third"}, "licence": {"CC0-1.0"}}).Is(http.StatusOK)
	action := page.Attr(`a[href*="/authors/"][href$="/remove"]`, "href")
	return path.Base(strings.TrimSuffix(action, "/remove"))
}

// claim is what somebody else has just claimed.
func (s *stage) claim(work string) (by *apptest.Person, id string) {
	s.asked++
	by = s.Person(fmt.Sprintf("kid%d", s.asked))
	by.Get("/works/"+work+"/claim").Send(`form[action$="/claim"]`, apptest.Fill{"text": {"Главы с третьей по пятую написаны мной"}}).Is(http.StatusOK)
	action := by.Get("/works/"+work+"/claim").Attr(`form[action$="/withdraw"]`, "action")
	return by, path.Base(strings.TrimSuffix(action, "/withdraw"))
}

// suspended is a work of the owner to which a claim was upheld.
func (s *stage) suspended() string {
	s.T.Helper()
	work := s.work()
	_, claim := s.claim(work)
	s.judge.Get("/admin/claims").Send(`form[action="/admin/claims/`+claim+`"]`, apptest.Fill{"decision": {"upheld"},
		"reason": {"Черновик старше этой работы."}}).Is(http.StatusOK)
	return work
}

// agreement is a version that is discussed.
func (s *stage) agreement() string {
	s.T.Helper()
	ctx, by := context.Background(), account.Actor{ID: "operator", Role: account.Operator}
	a, err := s.Licences.DraftAgreement(ctx, by, "Права остаются твоими.", "Rights stay yours.")
	if err == nil {
		_, err = s.Licences.Discuss(ctx, by, a.N, "https://talk.example.org/1", s.DB.Now().Add(10*24*time.Hour))
	}
	if err != nil {
		s.T.Fatal(err)
	}
	return strconv.Itoa(a.N)
}
