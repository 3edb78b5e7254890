package stripe

import (
	"context"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// AccountState is how far a seller's account at Stripe is.
type AccountState string

// The states. Only a ready account can be paid.
const (
	AccountNone         AccountState = "none"         // never connected
	AccountNew          AccountState = "new"          // asked for and not heard of yet
	AccountPending      AccountState = "pending"      // the seller has not filled in everything at Stripe
	AccountReview       AccountState = "review"       // Stripe looks at what was filled in
	AccountRestricted   AccountState = "restricted"   // Stripe needs more before it takes money
	AccountReady        AccountState = "ready"        // can be paid
	AccountDisconnected AccountState = "disconnected" // the seller took it away
)

// AccountStates lists the states.
func AccountStates() []AccountState {
	return []AccountState{AccountNone, AccountNew, AccountPending, AccountReview, AccountRestricted, AccountReady, AccountDisconnected}
}

// sellerRow is one row of stripe_account.
type sellerRow struct {
	bun.BaseModel `bun:"table:stripe_account,alias:s"`

	ID          string       `bun:"id,pk"`
	AccountID   string       `bun:"account_id"`
	StripeID    string       `bun:"stripe_id,nullzero"`
	Livemode    bool         `bun:"livemode"`
	State       AccountState `bun:"state"`
	ConnectedOn time.Time    `bun:"connected_on"`
}

// Account is what a seller sees of the own account.
type Account struct {
	State     AccountState `json:"state"`
	CanBePaid bool         `json:"can_be_paid"`
	StripeID  string       `json:"id,omitempty"`
}

func (r sellerRow) shown() Account {
	if r.State == "" {
		r.State = AccountNone
	}
	return Account{State: r.State, CanBePaid: r.State == AccountReady, StripeID: r.StripeID}
}

func (s *Stripe) sellerOf(ctx context.Context, tx *db.Tx, accountID string) (r sellerRow, err error) {
	err = db.One(ctx, tx.NewSelect().Model(&r).Where("s.account_id = ?", accountID), errSeller)
	if err == nil && r.Livemode != s.live {
		return r, errSeller // of the other mode: as if it were not there
	}
	return r, err
}

// ConnectAccount begins or goes on with connecting a seller's own standard
// account, and gives the address at Stripe where the seller fills it in. The
// address works once and is kept nowhere. Faults: Unauthenticated; Unavailable
// stripe_unavailable, stripe_key; Conflict stripe_refused, stripe_account_missing
// where it was disconnected meanwhile.
func (s *Stripe) ConnectAccount(ctx context.Context, by account.Actor) (url string, acc Account, err error) {
	if by.Anonymous() {
		return "", Account{}, errNobody
	}
	row, err := s.asked(ctx, by.ID)
	if err != nil {
		return "", Account{}, err
	}
	if row.StripeID != "" {
		if row, err = s.again(ctx, row); err != nil {
			return "", Account{}, err
		}
	}
	if row.StripeID == "" {
		if row, err = s.made(ctx, row); err != nil {
			return "", Account{}, err
		}
	}
	p := &sdk.AccountLinkParams{Params: sdk.Params{Context: ctx}, Account: sdk.String(row.StripeID),
		Type: sdk.String("account_onboarding"), RefreshURL: sdk.String(s.url + "/me/stripe/again"), ReturnURL: sdk.String(s.url + "/me/stripe")}
	link, err := s.api.AccountLinks.New(p)
	if err != nil {
		return "", Account{}, told(err)
	}
	return link.URL, row.shown(), nil
}

// again reads the account of a seller who connects it once more, which alone
// brings back one that was disconnected. Where Stripe no longer lets us near it,
// a new one is begun.
func (s *Stripe) again(ctx context.Context, row sellerRow) (sellerRow, error) {
	to, err := s.stateAt(ctx, row)
	switch {
	case gone(err):
		return s.renew(ctx, row)
	case err != nil:
		return row, err
	}
	row, err = s.moved(ctx, row, to)
	if err == nil && row.ID == "" {
		err = errSeller
	}
	return row, err
}

// asked gives the seller's row, a new one before the first call: its number is
// what makes the call the same one after a crash. An account for real money is
// not forgotten because the program runs with a test key. Fault: Unavailable
// stripe_key.
func (s *Stripe) asked(ctx context.Context, accountID string) (row sellerRow, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		old, err := s.sellerOf(ctx, tx, accountID)
		if err == nil || !fault.Is(err, fault.Conflict) {
			row = old
			return err
		}
		if old.Livemode && old.StripeID != "" {
			return errKey
		}
		if old.ID != "" {
			if _, err := tx.NewDelete().Model((*sellerRow)(nil)).Where("id = ?", old.ID).Exec(ctx); err != nil {
				return err
			}
		}
		row = sellerRow{ID: tx.RandomID(), AccountID: accountID, Livemode: s.live, State: AccountNew, ConnectedOn: tx.Today()}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		row, err = s.sellerOf(ctx, tx, accountID)
		return err
	})
	return row, err
}

// renew forgets an account of which Stripe says that it has left us, so that a new one can be made.
func (s *Stripe) renew(ctx context.Context, row sellerRow) (sellerRow, error) {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewDelete().Model((*sellerRow)(nil)).Where("id = ? AND stripe_id = ?", row.ID, row.StripeID).Exec(ctx)
		return err
	})
	if err != nil {
		return row, err
	}
	return s.asked(ctx, row.AccountID)
}

// made makes the account at Stripe. Nothing about the person is sent.
func (s *Stripe) made(ctx context.Context, row sellerRow) (sellerRow, error) {
	acc, err := s.api.Accounts.New(&sdk.AccountParams{Params: sdk.Params{Context: ctx, IdempotencyKey: sdk.String("account-" + row.ID)}, Type: sdk.String("standard")})
	if err != nil {
		return row, told(err)
	}
	if _, err := ParseSellerAccount(acc.ID); err != nil {
		return row, errAway
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*sellerRow)(nil)).Set("stripe_id = ?", acc.ID).Set("state = ?", stateOf(acc)).
			Where("id = ? AND stripe_id IS NULL", row.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if row, err = s.sellerOf(ctx, tx, row.AccountID); err != nil {
			return err // it was taken away meanwhile
		}
		if n, _ := res.RowsAffected(); n == 0 { // another tab was faster
			return nil
		}
		return tx.Due(ctx, dueEvents, row.ID, tx.Now.Add(often))
	})
	return row, err
}

// stateOf puts what Stripe says of an account into one word.
func stateOf(acc *sdk.Account) AccountState {
	due := acc.Requirements != nil && (len(acc.Requirements.CurrentlyDue) > 0 || len(acc.Requirements.PastDue) > 0)
	switch {
	case acc.ChargesEnabled && acc.DetailsSubmitted:
		return AccountReady
	case !acc.DetailsSubmitted:
		return AccountPending
	case due:
		return AccountRestricted
	}
	return AccountReview
}

// stateAt asks Stripe how far an account is. Faults: Forbidden or NotFound where
// it is none of ours any more.
func (s *Stripe) stateAt(ctx context.Context, row sellerRow) (AccountState, error) {
	acc, err := s.api.Accounts.GetByID(row.StripeID, &sdk.AccountParams{Params: sdk.Params{Context: ctx}})
	if err = told(err); err != nil {
		return "", err
	}
	if acc.ID != row.StripeID {
		return "", errAway
	}
	return stateOf(acc), nil
}

// refresh reads an account from Stripe: a return from there proves nothing, nor
// does an event. One that the seller disconnected stays so whatever Stripe says.
func (s *Stripe) refresh(ctx context.Context, row sellerRow) (sellerRow, error) {
	if _, err := ParseSellerAccount(row.StripeID); err != nil || row.State == AccountDisconnected {
		return row, nil // not made yet, or taken away
	}
	to, err := s.stateAt(ctx, row)
	switch {
	case gone(err):
		to = AccountDisconnected
	case err != nil:
		return row, err
	}
	return s.moved(ctx, row, to)
}

// moved keeps an account's new state, unless it changed since the row was read,
// as when the seller took it away while Stripe was asked; taking away always
// holds. It gives the row as it is now, none where it is gone. An account that
// was taken away leaves the orders that stand on it to be looked at.
func (s *Stripe) moved(ctx context.Context, row sellerRow, to AccountState) (now sellerRow, err error) {
	if row.State == to && to != AccountDisconnected { // a look changes nothing, nor when events are asked for
		return row, nil
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		q := tx.NewUpdate().Model((*sellerRow)(nil)).Set("state = ?", to).Where("id = ? AND stripe_id = ? AND state <> ?", row.ID, row.StripeID, to)
		if to != AccountDisconnected {
			q = q.Where("state = ?", row.State)
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		now, err = s.sellerOf(ctx, tx, row.AccountID)
		if fault.Is(err, fault.Conflict) {
			now = sellerRow{}
			return nil
		}
		if n, _ := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if to != AccountDisconnected {
			return tx.Due(ctx, dueEvents, row.ID, tx.Now.Add(often))
		}
		return s.left(ctx, tx, row.StripeID)
	})
	return now, err
}

// left notes every order that still waits on an account.
func (s *Stripe) left(ctx context.Context, tx *db.Tx, stripeID string) error {
	var open []attempt
	if err := tx.NewSelect().Model(&open).Where("a.seller = ? AND a.state = ?", stripeID, stateOpen).Scan(ctx); err != nil {
		return err
	}
	for _, a := range open {
		if err := s.found(ctx, tx, FoundLeft, a.ID, a.OrderID); err != nil {
			return err
		}
	}
	return nil
}

// AccountStatus reads how far a seller's account is, fresh from Stripe; where
// Stripe is away, as it was last. Faults: Unauthenticated.
func (s *Stripe) AccountStatus(ctx context.Context, by account.Actor) (Account, error) {
	if by.Anonymous() {
		return Account{}, errNobody
	}
	row, err := s.known(ctx, by.ID)
	if err != nil || row.StripeID == "" || row.State == AccountDisconnected {
		return row.shown(), err
	}
	fresh, err := s.refresh(ctx, row)
	if fault.Is(err, fault.Unavailable) {
		return row.shown(), nil
	}
	return fresh.shown(), err
}

// known is the seller's row; none is no fault.
func (s *Stripe) known(ctx context.Context, accountID string) (row sellerRow, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row, err = s.sellerOf(ctx, tx, accountID)
		if fault.Is(err, fault.Conflict) {
			row = sellerRow{}
			return nil
		}
		return err
	})
	return row, err
}

// Disconnect ends new orders on a seller's account here; at Stripe only the
// seller can end it, and refunds of what was paid stay possible until then.
// Doing it twice changes nothing. Faults: Unauthenticated.
func (s *Stripe) Disconnect(ctx context.Context, by account.Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	row, err := s.known(ctx, by.ID)
	if err != nil || row.ID == "" {
		return err
	}
	if row.StripeID == "" {
		return s.db.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewDelete().Model((*sellerRow)(nil)).Where("id = ? AND stripe_id IS NULL", row.ID).Exec(ctx)
			return err
		})
	}
	_, err = s.moved(ctx, row, AccountDisconnected)
	return err
}
