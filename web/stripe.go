package web

import "strings"

// PolicyTo is Policy for a page with a form that leads to other origins: where
// a form's answer redirects to counts as where it leads.
func PolicyTo(origins ...string) string {
	if len(origins) == 0 {
		return Policy
	}
	return strings.Replace(Policy, "form-action 'self'", "form-action 'self' "+strings.Join(origins, " "), 1)
}

// StripePage is a seller's own account at Stripe.
type StripePage struct {
	State     string // none, new, pending, review, restricted, ready, disconnected
	Account   string // its number; empty: none yet
	Used      bool   // Stripe said that the link was used up
	Connect   string // where the button posts; empty: nothing to do
	Leave     string // where to disconnect; empty: nothing to
	Troubles  []Trouble
	Works     string // where offers are made
	MeansList []string
	DataList  []string
}

// tone colours the state as an order's turn is coloured.
func (p StripePage) tone() string {
	switch p.State {
	case "ready":
		return "done"
	case "none", "new", "pending", "restricted":
		return "you"
	}
	return "over"
}

func (p StripePage) sign() string {
	switch p.State {
	case "ready":
		return "check"
	case "review":
		return "clock"
	case "disconnected":
		return "info"
	}
	return "arrow"
}

// CardBox is where the buyer pays by card.
type CardBox struct {
	Action  string // where the button posts; its answer leads to Stripe
	Price   string
	Waiting string // where to look again: the buyer came back and Stripe has not said yet; empty: they did not
}

// ReturnRow is an amount that was given back through Stripe.
type ReturnRow struct {
	Amount string
	State  string // pending, done, failed
	Word   string
	Hint   string
	When   string
}

// LeavingPage leads to an address of Stripe's that a form must not lead to.
type LeavingPage struct {
	URL  string
	Host string
	Back string
}
