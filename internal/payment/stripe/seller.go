package stripe

import (
	"errors"
	"regexp"
)

// accountForm is how Stripe writes an account's id.
var accountForm = regexp.MustCompile(`^acct_[A-Za-z0-9]{14,32}$`)

// SellerAccount is the id of a seller's own account at Stripe. It is made by
// ParseSellerAccount only, so none is ever empty: an empty one in a call would
// charge the operator's own account.
type SellerAccount struct{ id string }

// errAccount is a text that is no account's id.
var errAccount = errors.New("stripe: not the id of an account")

// ParseSellerAccount checks an account's id.
func ParseSellerAccount(id string) (SellerAccount, error) {
	if !accountForm.MatchString(id) {
		return SellerAccount{}, errAccount
	}
	return SellerAccount{id}, nil
}

// String is the id.
func (s SellerAccount) String() string { return s.id }
