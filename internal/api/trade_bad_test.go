package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// trading tells which operations need a shop to reach all of their statuses.
func trading(op *operation) bool {
	return slices.ContainsFunc(op.Tags, func(tag string) bool { return tag == "works" || tag == "orders" || tag == "licences" })
}

// filling puts things of the shop into the places of a path: a paid order with
// its licence, a work with its parts, an offer and a claim.
func (s *shopping) filling(other func(string) string) func(string) string {
	s.t.Helper()
	agreement := s.adopts()
	order, id := s.buys()
	waits := s.orders(90)
	claimed := s.did("POST", "/works", s.ada, alone)
	claim := s.did("POST", "/works/"+claimed+"/claims", s.ben, `{"text":"Chapter 2 is a copy of my article."}`)
	part := reads[api.Work](s.t, s.ask("GET", "/api/v1/works/"+s.work, s.ada, "")).Contributions[1].ID
	return func(path string) string {
		for _, p := range [][2]string{{"/works/", s.work}, {"/offers/", s.offer}, {"/contributions/", part}, {"/claims/", claim}, {"/licences/", id},
			{"/agreements/", agreement}} {
			if strings.Contains(path, p[0]+"{") {
				return strings.NewReplacer("{id}", p[1], "{n}", p[1]).Replace(path)
			}
		}
		if strings.Contains(path, "/orders/{") {
			if strings.Contains(path, "refund") || strings.Contains(path, "extra") {
				return strings.ReplaceAll(path, "{id}", order)
			}
			return strings.ReplaceAll(path, "{id}", waits)
		}
		return other(path)
	}
}

// adopts makes a version of the contributor agreement that can be accepted.
func (s *shopping) adopts() string {
	s.t.Helper()
	if s.adopted {
		return "1"
	}
	s.adopted = true
	ctx := context.Background()
	operator := account.Actor{ID: s.id(s.mod), Role: account.Operator}
	row, err := s.licences.DraftAgreement(ctx, operator, "Я разрешаю.", "I allow.")
	if err == nil {
		_, err = s.licences.Discuss(ctx, operator, row.N, "https://forum.example/agreement", s.Now().Add(8*24*time.Hour))
	}
	if err == nil {
		s.pass(9 * 24 * time.Hour)
		_, err = s.licences.Adopt(ctx, operator, row.N, "https://forum.example/decision")
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return "1"
}

func (w *world) id(token string) string {
	by, err := w.accounts.ActorByToken(context.Background(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return by.ID
}

// alone is a work without other authors.
var alone = strings.Replace(adasWork, `,"authors":["cat-code"]`, "", 1)

// goodTrade is a body that is taken, by the operation.
func goodTrade(s *shopping, operation string) string {
	const reason = `"reason":"Both say so, and the reports agree."`
	offer := `{"offer_id":"` + s.offer + `","days":90}`
	return map[string]string{"add-work": alone, "edit-work": `{"title":"Graphs","kind":"course","url":"https://ada.example/graphs"}`,
		"add-version": `{"version":"2.2"}`, "add-contribution": `{"name":"Open Glossary","ground":"third","licence":"CC-BY-4.0"}`,
		"edit-contribution": `{"handle":"x","part":"Chapter 2"}`, "consent": `{}`, "claim-rights": `{"text":"Chapter 2 is a copy of my article."}`,
		"decide-claim": `{"uphold":true,` + reason + `}`, "reinstate-work": `{` + reason + `}`, "add-offer": adasOffer, "edit-offer": adasOffer,
		"order-licence": offer, "set-order-details": `{"text":"Card 2200"}`, "confirm-payment": `{"amount":120000,"currency":"RUB"}`,
		"deny-payment": `{"reason":"Nothing came."}`, "arbitrate": `{"statement":"Sent."}`, "decide-order": `{"paid":true,` + reason + `}`,
		"send-refund": `{"amount":120000,"currency":"RUB"}`, "receive-refund": `{"amount":120000,"currency":"RUB"}`, "receive-extra": `{"amount":120000,"currency":"RUB"}`,
		"refund": `{"amount":100}`, "verify-licence": `{"jwt":"x"}`, "revoke-licence": `{"ground":"no_attribution",` + reason + `}`, "appeal": `{"text":"The line is on the cover."}`,
		"judge-appeal": `{"reverse":true,` + reason + `}`}[operation]
}

// call is one call of an operation: who sends what. The path's id is at; after
// is done once it was answered.
type call struct{ token, at, body string }

// calls reach what only this operation's own things can: its success, and
// states and sides that are wrong.
func (s *shopping) calls(operation string) []call {
	good := goodTrade(s, operation)
	all := func(at string, bodies ...string) []call {
		var out []call
		for _, body := range append(bodies, good, good) {
			out = append(out, call{s.ada, at, body}, call{s.ben, at, body}, call{s.cat, at, body}, call{s.mod, at, body})
		}
		return out
	}
	edit := strings.Replace(good, "{", `{"edit":77,`, 1)
	part := func(i int) string {
		return reads[api.Work](s.t, s.ask("GET", "/api/v1/works/"+s.work, s.ada, "")).Contributions[i].ID
	}
	switch operation {
	case "remove-work":
		draft := s.did("POST", "/works", s.ada, strings.Replace(alone, `"basis"`, `"state":"draft","basis"`, 1))
		return append(all(s.work), all(draft)...)
	case "edit-work", "edit-offer":
		at := map[string]string{"edit-work": s.work, "edit-offer": s.offer}[operation]
		out := all(at, edit)
		if operation == "edit-offer" { // of a community work only an operator sells
			work := s.community()
			s.becomes(account.Operator)
			offer := s.did("POST", "/works/"+work+"/offers", s.ada, adasOffer)
			s.becomes(account.Member)
			out = append(out, call{s.ada, offer, good})
		}
		return out
	case "prove-work":
		return []call{{s.ada, s.work, ""}}
	case "edit-contribution":
		at := part(1)
		s.did("POST", "/works/"+s.work+"/versions", s.ada, `{"version":"3"}`)
		return append(all(at), all(part(1), `{"handle":"cat-code","part":"x"}`)...)
	case "remove-contribution":
		past := part(1)
		s.did("POST", "/works/"+s.work+"/versions", s.ada, `{"version":"3"}`)
		return append(all(past), all(part(1))...)
	case "withdraw-claim", "decide-claim":
		return all(s.did("POST", "/works/"+s.work+"/claims", s.ben, `{"text":"Chapter 2 is a copy of my article."}`))
	case "reinstate-work":
		claim := s.did("POST", "/works/"+s.work+"/claims", s.ben, `{"text":"Chapter 2 is a copy of my article."}`)
		s.did("POST", "/claims/"+claim+"/decide", s.mod, goodTrade(s, "decide-claim"))
		return all(s.work)
	case "add-offer":
		return append(all(s.work), call{s.ada, s.community(), good})
	case "offer":
		s.did("POST", "/works/"+s.work+"/claims", s.ben, `{"text":"Chapter 2 is a copy of my article."}`)
		return all(s.offer)
	case "withdraw-offer":
		return all(s.offer)
	case "agreement", "accept-agreement":
		return all("1")
	case "order-licence":
		return all("")
	}
	switch {
	case strings.Contains(operation, "work") || strings.Contains(operation, "consent") || strings.Contains(operation, "claim-rights") || operation == "offers" ||
		operation == "add-version" || operation == "add-contribution":
		return all(s.work)
	}
	return s.callsOfOrders(operation, all)
}

// community is a community work of the seller's, all of whose parts have a
// ground.
func (s *shopping) community() string {
	s.t.Helper()
	s.adopts()
	id := s.did("POST", "/works", s.ada, strings.Replace(alone, `"owner"`, `"community"`, 1))
	s.did("POST", "/works/"+id+"/consents", s.ada, `{}`)
	return id
}

// becomes gives the seller another role.
func (s *shopping) becomes(role account.Role) {
	s.t.Helper()
	ctx := context.Background()
	err := s.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("UPDATE account SET role = ? WHERE id = ?", role, s.id(s.ada)).Exec(ctx)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shopping) callsOfOrders(operation string, all func(string, ...string) []call) []call {
	switch operation {
	case "checkout", "refund", "stripe-account", "connect-stripe":
		return s.callsByCard(operation, all)
	}
	paid, id := s.buys()
	at := "/licences/" + id
	switch operation {
	case "appeal", "judge-appeal", "withdraw-revocation":
		s.did("POST", at+"/revoke", s.ada, goodTrade(s, "revoke-licence"))
	}
	if operation == "judge-appeal" {
		s.did("POST", at+"/appeal", s.ben, goodTrade(s, "appeal"))
	}
	if operation == "withdraw-revocation" { // one that is in effect stands
		_, ended := s.buys()
		s.did("POST", "/licences/"+ended+"/revoke", s.ada, strings.Replace(goodTrade(s, "revoke-licence"), "no_attribution", "law_demands", 1))
		s.pass(25 * time.Hour)
		return append(all(id), all(ended)...)
	}
	if strings.Contains(operation, "licence") || strings.Contains(operation, "appeal") || operation == "withdraw-revocation" || operation == "certificate" ||
		operation == "register" {
		return all(id)
	}
	waits := s.orders(90)
	switch operation {
	case "receive-refund":
		out := all(paid)
		s.did("POST", "/orders/"+paid+"/refund-sent", s.ada, `{}`)
		return out
	case "cancel-order":
		argued := s.did("POST", "/orders", s.cat, goodTrade(s, "order-licence"))
		s.did("POST", "/orders/"+argued+"/claim", s.cat, "")
		s.did("POST", "/orders/"+argued+"/deny", s.ada, goodTrade(s, "deny-payment"))
		s.did("POST", "/orders/"+argued+"/arbitration", s.cat, goodTrade(s, "arbitrate"))
		return append(append(all(waits), all(paid)...), call{s.mod, argued, ""})
	case "set-order-details", "confirm-payment", "claim-payment", "order":
		return append(all(waits), all(paid)...)
	case "order-details":
		s.did("PUT", "/orders/"+waits+"/details", s.ada, `{"text":"Card 2200"}`)
		return all(waits)
	case "deny-payment", "arbitrate", "decide-order", "order-statements":
		s.did("POST", "/orders/"+waits+"/claim", s.ben, "")
		if operation != "deny-payment" {
			s.did("POST", "/orders/"+waits+"/deny", s.ada, goodTrade(s, "deny-payment"))
		}
		if operation == "decide-order" {
			s.did("POST", "/orders/"+waits+"/arbitration", s.ben, goodTrade(s, "arbitrate"))
		}
		return append(all(waits), all(paid)...)
	}
	return append(all(paid), all(waits)...)
}

// reachTrade sends an operation what is wrong as such, then everybody of a shop
// does it.
func (w *world) reachTrade(method, path string, op *operation) []int {
	w.t.Helper()
	suffix := "-" + op.OperationID
	s := w.shopOf(w.person("ada"+suffix, account.Member), suffix)
	if strings.Contains(path, "/agreements/") {
		s.adopts()
	}
	body := goodTrade(s, op.OperationID)
	zero := "/api/v1" + strings.NewReplacer("{handle}", "nobody-here", "{id}", strings.Repeat("0", 36), "{n}", "999").Replace(path)
	var got []int
	ask := func(token, at, body string, headers ...string) {
		got = append(got, w.ask(method, at, token, body, headers...).Code)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0)) // no time is left
	defer cancel()
	r := httptest.NewRequest(method, zero, strings.NewReader("{}")).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+s.ada)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	got = append(got, rec.Code)
	ask("odt_bad", zero, body)
	ask(s.ada, zero+"?surprise=1", body)
	ask(s.ada, zero+"?q=%ff", body)
	ask(s.ada, zero, "{}", "Content-Type: text/plain")
	ask(s.ada, zero, strings.Repeat(" ", 1<<20+1))
	ask(s.ada, zero, `{"surprise":1}`)
	for _, token := range []string{s.ada, s.mod} {
		ask(token, zero, body)
	}
	if op.OperationID == "order-licence" {
		ask(s.ben, zero, strings.Replace(body, s.offer, strings.Repeat("0", 36), 1))
	}
	if method == http.MethodPost {
		got = append(got, w.meanwhile(path, zero, s.ada, body))
	}
	if cards := w.api.Stripe; strings.Contains(path, "stripe") { // a board without it
		w.api.Stripe = nil
		ask(s.ada, zero, body)
		w.api.Stripe = cards
	}
	for _, c := range s.calls(op.OperationID) {
		if c.token == s.cat && op.OperationID == "connect-stripe" { // nobody else may meet it
			w.stand.Do("fault", "method", "POST", "path", "/v1/account_links", "status", "400")
		}
		if op.OperationID == "prove-work" {
			w.file = reads[api.Work](w.t, w.ask("GET", "/api/v1/works/"+s.work, s.ada, "")).Proof.Token
		}
		handle := "ada" + suffix
		ask(c.token, "/api/v1"+strings.NewReplacer("{id}", c.at, "{n}", c.at, "{handle}", handle).Replace(path), c.body)
		if op.OperationID == "receive-refund" && got[len(got)-1] == http.StatusConflict {
			w.ask("POST", "/api/v1/orders/"+c.at+"/refund-sent", s.ada, `{}`)
		}
	}
	return got
}

// TestTheDocumentSaysWordsOfTrade holds the lists in tags to those of the
// features.
func TestTheDocumentSaysWordsOfTrade(t *testing.T) {
	t.Parallel()
	shapes := open(t, dbtest.New(t), wide()).read().Components.Schemas
	for _, c := range []struct {
		shape, field string
		want         []string
	}{
		{"WorkNew", "kind", licence.WorkKinds()}, {"WorkNew", "base_licence", licence.BaseLicences()}, {"WorkNew", "basis", texted(licence.Bases())},
		{"Work", "state", texted(licence.WorkStates())}, {"Contribution", "ground", texted(licence.PartGrounds())},
		{"OfferEdit", "uses", texted(cert.Uses())}, {"OfferEdit", "channel", cert.Channels()}, {"Offer", "state", texted(licence.OfferStates())},
		{"Order", "state", texted(payment.States())}, {"Order", "settlement", texted(payment.Settlements())}, {"Order", "method", texted(payment.Methods())},
		{"RevocationNew", "ground", texted(licence.Grounds())}, {"LicenceVerdict", "result", texted(cert.Words())},
	} {
		p := shapes[c.shape].Properties[c.field]
		if p.is("array") {
			p = p.Items
		}
		var got []string
		for _, v := range p.Enum {
			got = append(got, v.(string))
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(c.want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s.%s (-owner +document): %s", c.shape, c.field, diff)
		}
	}
}

func texted[W ~string](list []W) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

// TestAllThatHindersAnOffer refuses an offer for several causes, none of which
// is a field's: each is told, and the first one's code is the answer's.
func TestAllThatHindersAnOffer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada := w.person("ada-lint", account.Member)
		w.person("cat-code", account.Member)
		id := w.did("POST", "/works", ada, strings.Replace(adasWork, `"owner"`, `"community"`, 1))
		tells := func(hinders ...string) {
			t.Helper()
			p := problem(t, w.ask("POST", "/api/v1/works/"+id+"/offers", ada, adasOffer))
			got := []string{fmt.Sprint(p.Status), p.Code}
			for _, e := range p.Errors {
				if e.Field != "" || !strings.Contains(e.Message, e.Code) {
					t.Errorf("got %+v", e)
				}
				got = append(got, e.Code)
			}
			if diff := cmp.Diff(append([]string{"409", hinders[0]}, hinders...), got); diff != "" {
				t.Error(diff)
			}
			var shown []string
			for _, e := range reads[api.Work](t, w.ask("GET", "/api/v1/works/"+id, ada, "")).Missing {
				shown = append(shown, e.Code)
			}
			if diff := cmp.Diff(hinders, shown); diff != "" {
				t.Errorf("the work itself tells otherwise: %s", diff)
			}
		}
		tells("ground_missing", "agreement_none")
		w.did("POST", "/works/"+id+"/claims", w.person("dan-disk", account.Member), `{"text":"Chapter 2 is a copy of my article."}`)
		tells("ground_missing", "claim_open", "agreement_none")
	})
}
