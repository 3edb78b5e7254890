// Package direct settles orders between the two themselves: by the seller's own
// details, or by a payment page of the seller's. It promises that a typed
// account that cannot exist is refused before anybody pays to it, and that a
// link leads by https to a host that the operator lists. It refuses to know
// whether money moved: only what the two say makes it known.
package direct

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Hosts are the payment pages that a branch allows where its operator says nothing.
func Hosts() []string {
	return []string{"boosty.to", "yoomoney.ru", "pay.kaspi.kz", "qr.nspk.ru", "buy.stripe.com", "donate.stripe.com", "www.tinkoff.ru", "www.tbank.ru",
		"tbank.ru", "pay.cloudtips.ru", "ko-fi.com", "www.buymeacoffee.com", "paypal.me", "www.paypal.me", "revolut.me", "wise.com"}
}

// Way settles by details and links. It implements payment.Stated and
// payment.Linking.
type Way struct{ hosts []string }

// New makes the way for the hosts of payment pages that are allowed; none allows Hosts.
func New(hosts []string) *Way {
	if len(hosts) == 0 {
		hosts = Hosts()
	}
	return &Way{hosts: hosts}
}

// Begin checks the link of an order. It implements payment.Way.
func (w *Way) Begin(_ context.Context, _ *db.Tx, o *payment.Order) error {
	if o.Method == payment.Link {
		return w.CheckLink(o.Link)
	}
	return nil
}

// Reconcile knows of nothing: there is nobody outside to ask. It implements
// payment.Way.
func (w *Way) Reconcile(context.Context, payment.Order) (payment.News, error) {
	return payment.News{}, nil
}

// Refund does nothing: the seller sends it. It implements payment.Way.
func (w *Way) Refund(context.Context, *db.Tx, *payment.Order, money.Amount) error { return nil }

// Cancel does nothing: what was never begun needs no end. It implements payment.Way.
func (w *Way) Cancel(context.Context, *db.Tx, *payment.Order) error { return nil }

// CheckLink refuses what is no https address of an allowed host. Faults:
// Invalid link_form, link_host (field link).
func (w *Way) CheckLink(link string) error {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" || len(link) > payment.MaxLink || !printable(link) {
		return fault.Bad("link", "link_form")
	}
	host := strings.ToLower(u.Hostname())
	if u.Port() != "" && u.Port() != "443" || net.ParseIP(host) != nil {
		return fault.Bad("link", "link_form")
	}
	if !slices.Contains(w.hosts, host) {
		return fault.Bad("link", "link_host").With("Host", host)
	}
	return nil
}

// printable tells that an address holds nothing that a reader could not see.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r > utf8.RuneSelf })
}

// Details checks where to pay and gives it in its stored form. Faults: Invalid,
// all that is wrong at once: required (field details), too_long and text_form,
// iban_form, bic_form, account_form, account_key, corresp_form, corresp_key,
// inn_form, currency_rub.
func (w *Way) Details(o payment.Order, in payment.Details) (payment.Details, error) {
	var bad fault.Fields
	in.Text = strings.TrimSpace(in.Text)
	bad.Add(bounded("text", in.Text, payment.MaxDetails))
	if in.IBAN != "" {
		iban, ok := IBAN(in.IBAN)
		if !ok {
			bad.Add(fault.Bad("iban", "iban_form"))
		}
		in.IBAN = iban
	}
	if in.Bank != nil && *in.Bank == (payment.BankAccount{}) {
		in.Bank = nil
	}
	if in.Bank != nil {
		bank := *in.Bank
		checkBank(&bank, &bad)
		if in.Bank = &bank; o.Currency != "RUB" {
			bad.Add(fault.Bad("account", "currency_rub"))
		}
	}
	if in.Text == "" && in.IBAN == "" && in.Bank == nil {
		bad.Add(fault.Bad("details", "required"))
	}
	return in, bad.Err()
}

// QR is the text of the bank's QR code for an order's Russian account; empty
// where there is none. The purpose carries the order's code and nothing else.
func (w *Way) QR(o payment.Order, in payment.Details) string {
	if in.Bank == nil || o.Currency != "RUB" {
		return ""
	}
	return GOST(*in.Bank, o.Code, o.Amount)
}
