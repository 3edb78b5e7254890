package app

import (
	"context"
	"strings"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
)

// openPayments makes the orders with the ways in which they are settled. Goods
// are told of them by Sell.
func (a *App) openPayments() {
	a.Payments = payment.New(payment.Config{DB: a.DB, Keys: a.Keys, Tell: a.tellOrder, Forbidden: fund.IsDestination, Log: a.Log})
	way := direct.New(a.Config.Links())
	a.Payments.Settle(payment.Direct, way)
	a.Payments.Settle(payment.Link, way)
}

// tellOrder tells a party of an order: whether it is theirs to act or only
// news, and which news by the reason's code.
func (a *App) tellOrder(ctx context.Context, tx *db.Tx, to string, what payment.Note) error {
	told := notice.Told{Kind: notice.OrderTurn, Subject: what.Subject, Path: what.Path, Args: map[string]string{}}
	code := strings.TrimPrefix(what.Kind, "order_")
	reason := what.Args["reason"]
	card := what.Args["method"] == string(payment.Stripe)
	switch what.Kind {
	case payment.ToldPaidSeller, payment.ToldDisputed, payment.ToldDisputeWon, payment.ToldDisputeLost:
		told.Kind = notice.OrderNews
	case payment.ToldNew: // a card's order asks nothing of its seller
		if card {
			told.Kind, code = notice.OrderNews, "new_stripe"
		}
	case payment.ToldRefundSent: // nothing to confirm: Stripe tells
		if card {
			told.Kind, code = notice.OrderNews, "refund_stripe"
		}
	case payment.ToldPaid, payment.ToldEnded, payment.ToldExtra, payment.ToldRefunded:
		told.Kind = notice.OrderNews
		switch {
		case reason != "":
			code = reason
		case card && what.Kind == payment.ToldExtra:
			code = "extra_stripe"
		}
	case payment.ToldDecided:
		told.Kind, code = notice.OrderNews, "decided_"+reason
	}
	told.Cause = code
	if what.Cause != "" {
		told.Cause += ":" + what.Cause
	}
	told.Args[notice.ArgReason] = code
	if handle := what.Args["handle"]; handle != "" {
		told.Args[notice.ArgHandle] = handle
	}
	return a.Notices.Tell(ctx, tx, to, told)
}
