package account

import (
	"context"
	"crypto/hmac"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// HoldFor is how long passkeys cannot be changed after a sign-in by recovery
// code to an account that has passkeys. Whoever found somebody's code can so
// not lock the owner out: the owner signs in by passkey, makes a new code and
// signs out everywhere. An account without passkeys is not held: its owner
// could otherwise never add the first one.
const HoldFor = 72 * time.Hour

// SignInByCode finds the account by its recovery code. It ends all sessions,
// holds passkey changes (see HoldFor) and makes the next code, which the caller
// shows. The old code stays good until the next one is confirmed or itself
// used, so a page that was closed too early locks nobody out. Faults:
// Unauthenticated code_unknown (field code), the same for every wrong text;
// Conflict code_busy when another sign-in by the code came at the same moment.
func (a *Accounts) SignInByCode(ctx context.Context, code string) (acc Account, next string, err error) {
	mac := a.codeMAC(forRecovery, code)
	// Looked up in a read first: guesses never wait for the one writer.
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		unknown := &fault.Error{Kind: fault.Unauthenticated, Code: "code_unknown", Field: "code"}
		return db.One(ctx, tx.NewSelect().Model(&acc).
			Where("(recovery_mac = ? OR next_recovery_mac = ?) AND state = ?", mac, mac, Active), unknown)
	})
	if err != nil {
		return Account{}, "", err
	}
	return a.signInWith(ctx, acc, mac)
}

// signInWith lets in by one of the account's codes, given as its hash, and makes
// the next one.
func (a *Accounts) signInWith(ctx context.Context, before Account, mac []byte) (acc Account, next string, err error) {
	next = secret.NewCode()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		acc = before
		return a.enterByCode(ctx, tx, &acc, mac, next)
	})
	if err != nil {
		return Account{}, "", err
	}
	return acc, next, nil
}

// enterByCode makes the sign-in real. It names the epoch and the codes it
// found, so of two at once one comes in and the other begins anew.
func (a *Accounts) enterByCode(ctx context.Context, tx *db.Tx, acc *Account, mac []byte, next string) error {
	passkeys, err := tx.NewSelect().Model((*Passkey)(nil)).Where("account_id = ?", acc.ID).Count(ctx)
	if err != nil {
		return err
	}
	if passkeys > 0 {
		acc.HeldUntil = tx.Now.Add(HoldFor)
	}
	acc.SessionEpoch++
	// A code that was shown and is now typed has been saved: it is the code.
	acc.RecoveryMAC, acc.NextRecoveryMAC = mac, a.mac(forRecovery, next)
	res, err := tx.NewUpdate().Model(acc).Column("held_until", "session_epoch", "recovery_mac", "next_recovery_mac").
		Where("id = ? AND session_epoch = ? AND state = ?", acc.ID, acc.SessionEpoch-1, Active).
		Where("recovery_mac = ? OR next_recovery_mac = ?", mac, mac).Exec(ctx)
	if err := db.Must(res, err, fault.Of(fault.Conflict, "code_busy")); err != nil {
		return err
	}
	return endSessions(ctx, tx, acc.ID)
}

// NewCode makes the next recovery code and returns it to be shown; the present
// one stays good until ConfirmShown. Faults: Unauthenticated.
func (a *Accounts) NewCode(ctx context.Context, by Actor) (string, error) {
	if err := own(by); err != nil {
		return "", err
	}
	code := secret.NewCode()
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*Account)(nil)).Set("next_recovery_mac = ?", a.mac(forRecovery, code)).
			Where("id = ? AND state = ?", by.ID, Active).Exec(ctx)
		return db.Must(res, err, errEnded)
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

var errNoNext = fault.Of(fault.Conflict, "code_not_pending")

// ConfirmShown makes the code that the page showed the account's code and the
// earlier one worthless. When another tab has made another code since, it
// changes nothing: confirming a code that nobody saved would lock the owner
// out. Faults: Unauthenticated; Conflict code_not_pending.
func (a *Accounts) ConfirmShown(ctx context.Context, by Actor, shown string) error {
	mac := a.codeMAC(forRecovery, shown)
	return a.db.Write(ctx, func(tx *db.Tx) error {
		acc, err := owner(ctx, tx, by)
		if err != nil {
			return err
		}
		next := acc.NextRecoveryMAC
		if next == nil && hmac.Equal(mac, acc.RecoveryMAC) {
			return nil // the same page sent twice
		}
		if next == nil || !hmac.Equal(mac, next) {
			return errNoNext
		}
		res, err := tx.NewUpdate().Model((*Account)(nil)).Set("recovery_mac = ?, next_recovery_mac = NULL", next).
			Where("id = ? AND next_recovery_mac = ?", by.ID, next).Exec(ctx)
		return db.Must(res, err, errNoNext)
	})
}
