package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/tmoeg/oduvan/web"
)

// What is bought: a licence of thirty days, which can be renewed at once.
const (
	stormDays  = 30
	stormPrice = 50000 // kopecks
	stormPairs = 6     // each with a script of its own
	stormCrowd = 2     // how many do each
)

// scripts are what the pairs do at once in each run, until an answer fails to come.
var scripts = [stormPairs]func(s *storm, buyer customer, seller, other keeper){
	(*storm).buysAndRenews, (*storm).paysAndTakesBack, (*storm).takesFreeAndCancels, (*storm).disagrees, (*storm).races, (*storm).fillsForms,
}

// stormStep is an act of a script.
type stormStep struct {
	by         customer
	does, path string
	body       string
}

// walk takes steps one after another; false when an answer failed to come.
func (s *storm) walk(d *deal, steps ...stormStep) bool {
	for _, x := range steps {
		method := http.MethodPost
		if x.path == "/details" {
			method = http.MethodPut
		}
		if !s.do(&deed{deal: d, by: x.by, does: x.does, method: method, path: x.path, body: x.body}) {
			return false
		}
	}
	return true
}

// order asks for a licence.
func (s *storm) order(d *deal) bool {
	renews := "null"
	if d.renews != "" {
		renews = fmt.Sprintf("%q", d.renews)
	}
	return s.do(&deed{deal: d, by: d.buyer, does: "order", method: http.MethodPost,
		body: fmt.Sprintf(`{"offer_id":%q,"days":%d,"currency":"RUB","renews":%s}`, d.offer, stormDays, renews)})
}

func sum(minor int64) string { return fmt.Sprintf(`{"amount":%d,"currency":"RUB"}`, minor) }

// pay is the way from the order to the licence.
func (s *storm) pay(d *deal) bool {
	return s.order(d) && s.walk(d,
		stormStep{d.seller.customer, "details", "/details", `{"text":"Карта 2200 0000 0000 0004"}`},
		stormStep{d.buyer, "claim", "/claim", ""},
		stormStep{d.seller.customer, "confirm", "/confirm", sum(d.amount)})
}

func (s *storm) sold(buyer customer, seller keeper) *deal {
	return &deal{buyer: buyer, seller: seller, offer: seller.paid, amount: stormPrice}
}

func (s *storm) buysAndRenews(buyer customer, seller, _ keeper) {
	first := s.sold(buyer, seller)
	if !s.pay(first) || first.licence == "" {
		return
	}
	second := s.sold(buyer, seller)
	second.renews = first.licence
	s.pay(second)
}

func (s *storm) paysAndTakesBack(buyer customer, seller, _ keeper) {
	d := s.sold(buyer, seller)
	_ = s.pay(d) && s.walk(d,
		stormStep{seller.customer, "sends back", "/refund-sent", sum(stormPrice / 5)},
		stormStep{buyer, "has back", "/refund-received", sum(stormPrice / 5)},
		stormStep{seller.customer, "sends back", "/refund-sent", ""},
		stormStep{buyer, "has back", "/refund-received", sum(stormPrice - stormPrice/5)})
}

func (s *storm) takesFreeAndCancels(buyer customer, seller, other keeper) {
	free := &deal{buyer: buyer, seller: seller, offer: seller.free}
	first, second := s.sold(buyer, seller), s.sold(buyer, other)
	_ = s.order(free) && s.order(first) && s.walk(first, stormStep{buyer, "cancel", "/cancel", ""}) &&
		s.order(second) && s.walk(second, stormStep{other.customer, "cancel", "/cancel", ""})
}

func (s *storm) disagrees(buyer customer, seller, _ keeper) {
	d := s.sold(buyer, seller)
	_ = s.order(d) && s.walk(d,
		stormStep{seller.customer, "details", "/details", `{"text":"Карта 2200 0000 0000 0004"}`},
		stormStep{buyer, "claim", "/claim", ""},
		stormStep{seller.customer, "deny", "/deny", `{"reason":"Ничего не пришло."}`},
		stormStep{buyer, "ask", "/arbitration", `{"statement":"Отправлено вчера."}`},
		stormStep{customer{soul: s.moderator}, "decide", "/decide", `{"paid":true,"reason":"Both reports name the same transfer."}`})
}

// races lets the two act at once: a confirmation wins over a cancellation, in
// whatever order they come.
func (s *storm) races(buyer customer, seller, _ keeper) {
	d := s.sold(buyer, seller)
	if !s.order(d) || !s.walk(d, stormStep{buyer, "claim", "/claim", ""}) {
		return
	}
	var both sync.WaitGroup
	ok := false
	both.Go(func() { ok = s.walk(d, stormStep{seller.customer, "confirm", "/confirm", sum(stormPrice)}) })
	both.Go(func() {
		s.do(&deed{deal: d, by: buyer, does: "cancel", method: http.MethodPost, path: "/cancel", race: true})
	})
	both.Wait()
	_ = ok && s.walk(d,
		stormStep{seller.customer, "extra", "/extra-received", sum(stormPrice)},
		stormStep{seller.customer, "sends back", "/refund-sent", sum(stormPrice)},
		stormStep{buyer, "has back", "/refund-received", sum(stormPrice)})
}

// fillsForms is the whole way by the forms of the pages.
func (s *storm) fillsForms(buyer customer, seller, _ keeper) {
	d := s.sold(buyer, seller)
	terms, _ := web.TermsHash(web.CurrentTerms)
	query := url.Values{"offer": {d.offer}, "days": {fmt.Sprint(stormDays)}, "currency": {"RUB"}}
	form := func(by customer, does, path string, values url.Values) bool {
		values.Set("csrf", by.csrf)
		return s.do(&deed{deal: d, by: by, does: does, method: http.MethodPost, path: path, body: values.Encode(), form: true})
	}
	_ = form(buyer, "order", "/works/"+seller.work+"/licence?"+query.Encode(), url.Values{"accept": {"1"}, "terms": {terms}, "way": {"WW/direct"}}) &&
		form(seller.customer, "details", "/details", url.Values{"text": {"Карта 2200 0000 0000 0004"}}) &&
		form(buyer, "claim", "/claim", url.Values{}) &&
		form(seller.customer, "confirm", "/confirm", url.Values{"amount": {"500"}}) &&
		form(seller.customer, "sends back", "/refund-sent", url.Values{"amount": {"500"}}) &&
		form(buyer, "has back", "/refund-received", url.Values{"amount": {"500"}})
}

// do sends an act; false when it got no answer. Three of four by the API carry a
// key, whose answer is kept in a transaction of its own: that makes the time
// between commit and answer longer.
func (s *storm) do(d *deed) bool {
	s.mu.Lock()
	if d.does == "order" {
		s.deals = append(s.deals, d.deal)
	}
	s.deeds = append(s.deeds, d)
	if len(s.deeds)%4 != 0 && !d.form {
		d.key = fmt.Sprint("act ", len(s.deeds))
	}
	s.mu.Unlock()
	begin := time.Now()
	status, body, location := s.send(d, d.key)
	if status == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if busy(status) {
		s.tally.busy++
		return false
	}
	switch {
	case d.race && status == http.StatusConflict:
		d.refused = true
		return true
	case status/100 != 2 && status != http.StatusSeeOther:
		s.t.Errorf("%s of %s: got %d %s", d.does, d.name(), status, body)
		return false
	}
	s.took = append(s.took, time.Since(begin))
	s.learn(d, body, location)
	return true
}

// learn takes down what an answer says.
func (s *storm) learn(d *deed, body []byte, location string) {
	d.heard = true
	if d.form {
		if d.does == "order" {
			d.id = path.Base(location)
		}
		return
	}
	var said struct {
		ID      string
		Licence string `json:"licence_id"`
	}
	if err := json.Unmarshal(body, &said); err != nil || said.ID == "" || d.id != "" && d.id != said.ID {
		s.t.Errorf("%s of %s: answered %s", d.does, d.id, body)
		return
	}
	d.id = said.ID
	if said.Licence != "" {
		d.licence = said.Licence
	}
}

// busy tells that the program had no time, as on a machine that does much else:
// an honest answer that promises nothing, and one asks again.
func busy(status int) bool { return status == http.StatusServiceUnavailable }

// patient sends an act again until the program has time for it.
func (s *storm) patient(d *deed, key string) (status int, body []byte, location string) {
	for range 30 {
		if status, body, location = s.send(d, key); !busy(status) {
			break
		}
	}
	return status, body, location
}

// send makes the call; status 0 means that no whole answer came.
func (s *storm) send(d *deed, key string) (status int, body []byte, location string) {
	header := http.Header{"Content-Type": {"application/json"}}
	at := "/api/v1/orders"
	switch {
	case d.form && d.does == "order":
		at = d.path
	case d.form:
		at = "/orders/" + d.id + d.path
	case d.does != "order":
		at += "/" + d.id + d.path
	}
	if d.form {
		header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {d.by.cookies}}
	} else {
		header.Set("Authorization", "Bearer "+d.by.token)
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return s.call(d.method, at, d.body, header)
}

func (s *storm) call(method, at, body string, header http.Header) (status int, answer []byte, location string) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { s.trigger() }})
	req, err := http.NewRequestWithContext(ctx, method, s.address+at, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0, nil, ""
	}
	req.Header = header
	res, err := s.http.Do(req)
	if err != nil {
		return 0, nil, ""
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		return 0, nil, ""
	}
	return res.StatusCode, answer, res.Header.Get("Location")
}

// certificate reads the certificate of a deal by the API.
func (s *storm) certificate(d *deal) string {
	s.t.Helper()
	status, body := http.StatusServiceUnavailable, []byte(nil)
	for tries := 0; busy(status) && tries < 30; tries++ {
		status, body, _ = s.call(http.MethodGet, "/api/v1/licences/"+d.licence+".jwt", "", http.Header{"Authorization": {"Bearer " + d.buyer.token}})
	}
	if status != http.StatusOK {
		s.t.Errorf("certificate of %s: got %d %s", d.licence, status, body)
	}
	return string(body)
}

// code is the code of a problem.
func code(body []byte) string {
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p)
	return p.Code
}
