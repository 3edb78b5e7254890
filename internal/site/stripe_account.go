package site

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/web"
)

// Where a seller's account at Stripe is looked after, and what an order's page
// does there.
const (
	stripePath     = "/me/stripe"
	checkoutPath   = "/checkout"      // behind an order's address
	cardRefundPath = "/stripe-refund" // the same
)

// mountStripe registers what only a branch with card payments has.
func (s *Site) mountStripe(r gin.IRouter) {
	if s.Stripe == nil {
		return
	}
	r.GET(stripePath, s.page(s.stripe(false)))
	r.GET(stripePath+"/again", s.page(s.stripe(true)))
	r.POST(stripePath, s.page(s.connectStripe))
	r.GET(stripePath+"/disconnect", s.page(s.askDisconnect))
	r.POST(stripePath+"/disconnect", s.act(s.disconnectStripe))
	r.POST("/orders/:id"+checkoutPath, s.page(s.checkout))
}

// CallsOutside tells whether a request waits for an answer of Stripe's, which
// takes longer than a page may.
func (s *Site) CallsOutside(r *http.Request) bool {
	if s.Stripe == nil {
		return false
	}
	_, rest := s.named(r.URL.Path)
	if rest == "" {
		rest = r.URL.Path
	}
	switch {
	case rest == stripePath || rest == stripePath+"/again":
		return true
	case !strings.HasPrefix(rest, "/orders/"):
		return false
	case r.Method == http.MethodPost:
		return strings.HasSuffix(rest, checkoutPath) || strings.HasSuffix(rest, cardRefundPath)
	}
	return r.URL.Query().Get("session") != ""
}

// leadsOut marks a page with a form that leads to Stripe.
const leadsOut = "leads-out"

// stripe is the page of the viewer's account. Stripe sends a seller whose link
// was used up to the same page, with a word about it: asking for another link is
// a button, so that no foreign page can ask for one.
func (s *Site) stripe(used bool) handler {
	return func(c *gin.Context) error {
		v, err := s.visit(c)
		if err != nil || s.homeward(c, v) {
			return err
		}
		page, err := s.stripePage(c, used, problems{})
		if err != nil {
			return err
		}
		return s.show(c, http.StatusOK, page)
	}
}

func (s *Site) stripePage(c *gin.Context, used bool, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "stripe.title")
	if err != nil {
		return nil, err
	}
	acc, err := s.Stripe.Account(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	p := web.StripePage{State: acc.State, Account: acc.ID, Troubles: bad.Summary, Works: ownWorksPath, Connect: stripePath, Leave: stripePath + "/disconnect"}
	for _, key := range []string{"means_own", "means_money", "means_country", "means_dispute"} {
		p.MeansList = append(p.MeansList, f.T("stripe."+key))
	}
	for _, key := range []string{"data_stripe", "data_board", "data_both"} {
		p.DataList = append(p.DataList, f.T("stripe."+key))
	}
	switch acc.State {
	case stripeReady:
		p.Connect = ""
	case "none", "disconnected":
		p.Leave = ""
	}
	p.Used = used && p.Connect != ""
	c.Set(leadsOut, true)
	return web.Stripe(f, p), nil
}

// connectStripe leads a seller to the page at Stripe where the account is made
// or gone on with.
func (s *Site) connectStripe(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Anonymous() {
		return s.later(c, "", stripePath)
	}
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.unanswered(c, err, s.stripeAgain(c))
	}
	if err := s.mayWrite(c); err != nil {
		return s.unanswered(c, err, s.stripeAgain(c))
	}
	to, err := s.Stripe.Connect(c.Request.Context(), v.actor)
	if err != nil {
		return s.unanswered(c, err, s.stripeAgain(c))
	}
	return s.leave(c, to, stripePath)
}

func (s *Site) stripeAgain(c *gin.Context) func(problems) (templ.Component, error) {
	return func(bad problems) (templ.Component, error) { return s.stripePage(c, false, bad) }
}

// unanswered is again also for a Stripe that does not answer: the page stays,
// with the button to try once more.
func (s *Site) unanswered(c *gin.Context, err error, form func(problems) (templ.Component, error)) error {
	if !fault.Is(err, fault.Unavailable) {
		return s.again(c, err, form)
	}
	v, verr := s.visit(c)
	if verr != nil {
		return verr
	}
	page, perr := form(s.problems(s.public(c, v), err))
	if perr != nil {
		return perr
	}
	c.Header("Retry-After", "60")
	status, _ := answer.Of(err, nil)
	return s.show(c, status, page)
}

// leave sends a browser to an address at Stripe. One that the policy of the page
// before lets no form lead to, as a seller's own address for the page of
// payment, is a link that the person follows.
func (s *Site) leave(c *gin.Context, to, back string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil {
		return fault.Of(fault.Unavailable, "stripe_unavailable")
	}
	c.Header("Cache-Control", "no-store")
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	s.sessions.Put(c.Request.Context(), keyOut, v.base)
	if slices.Contains(s.StripeHosts, u.Scheme+"://"+u.Host) {
		c.Redirect(http.StatusSeeOther, to)
		return nil
	}
	if u.Scheme != "https" {
		return fault.Of(fault.Unavailable, "stripe_unavailable")
	}
	f, _, err := s.signed(c, "card.pay")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Leaving(f, web.LeavingPage{URL: to, Host: u.Host, Back: back}))
}

// keyOut is in which language's addresses somebody was who left for Stripe, from
// where they come back to an address without one.
const keyOut = "out"

// homeward leads somebody who comes back from Stripe to the language they left
// in; done tells that the request is answered.
func (s *Site) homeward(c *gin.Context, v *visit) (done bool) {
	ctx := c.Request.Context()
	if s.Stripe == nil || v.base != "" || s.sessions.GetString(ctx, keyOut) == "" {
		return false
	}
	c.Redirect(http.StatusSeeOther, s.sessions.PopString(ctx, keyOut)+c.Request.URL.RequestURI())
	return true
}

func (s *Site) askDisconnect(c *gin.Context) error {
	f, _, err := s.signed(c, "stripe.leave")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Confirm(f, web.ConfirmPage{Title: f.Title, Text: f.T("stripe.leave_text"),
		List:   []string{f.T("stripe.leave_new"), f.T("stripe.leave_open"), f.T("stripe.leave_back"), f.T("stripe.leave_there")},
		Action: stripePath + "/disconnect", Label: f.T("stripe.leave_do"), Back: stripePath}))
}

func (s *Site) disconnectStripe(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Stripe.Disconnect(c.Request.Context(), v.actor); err != nil {
		return err
	}
	s.say(c, "ok", "stripe.left")
	return s.see(c, stripePath)
}

// patience is how long a form waits for Stripe only to say how an account is.
const patience = time.Second

// takesCards tells the form of an offer whether its maker can take cards; empty
// where the branch takes none.
func (s *Site) takesCards(ctx context.Context, by account.Actor) (state string, err error) {
	if s.Stripe == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	acc, err := s.Stripe.Account(ctx, by)
	return acc.State, err
}

// payable are the ways of an offer by which this branch can be paid now.
func (s *Site) payable(o *licence.Offer) []licence.Way {
	offered := s.Payments.Offered()
	return slices.DeleteFunc(slices.Clone(o.Ways), func(w licence.Way) bool { return !slices.Contains(offered, w.Method) })
}
