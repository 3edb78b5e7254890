package account

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Imported ties an unclaimed account to the entry it came from: one row, gone
// when the account is claimed. The source's own id is not kept, only its hash.
type Imported struct {
	bun.BaseModel `bun:"table:imported"`

	SourceMAC  []byte    `bun:"source_mac,pk"` // the importer's hash of format and source's id
	AccountID  string    `bun:"account_id"`
	ClaimMAC   []byte    `bun:"claim_mac"`   // ClaimMAC of its code; nil: none was given out
	ContentMAC []byte    `bun:"content_mac"` // the importer's hash of the entry, to tell updated from unchanged
	Format     string    `bun:"format"`
	AddedOn    time.Time `bun:"added_on"`
}

// ClaimMAC is what is kept of a claim code; nil for text that is no code, so
// that nothing such can ever be claimed.
func ClaimMAC(keys *secret.Keys, code string) []byte {
	text, ok := secret.ParseCode(code)
	if !ok {
		return nil
	}
	sum := keys.MAC(forClaim, []byte(text))
	return sum[:]
}

// ImportedBy finds an entry that was imported before and is not claimed, in
// the caller's unit of work. Fault: NotFound import_unknown.
func ImportedBy(ctx context.Context, tx *db.Tx, sourceMAC []byte) (Imported, error) {
	var row Imported
	err := db.One(ctx, tx.NewSelect().Model(&row).Where("source_mac = ?", sourceMAC), fault.Of(fault.NotFound, "import_unknown"))
	return row, err
}

// PutImported notes an imported entry, or the newer content and claim code of
// one that was there, in the caller's unit of work; AddedOn is set to today.
func PutImported(ctx context.Context, tx *db.Tx, row Imported) error {
	row.AddedOn = tx.Today()
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (source_mac) DO UPDATE").
		Set("content_mac = EXCLUDED.content_mac, claim_mac = EXCLUDED.claim_mac").Exec(ctx)
	return err
}

// Unclaimed makes an account that nobody can sign in to until it is claimed, in
// the caller's unit of work. Faults: Invalid handle_form, handle_reserved;
// Conflict duplicate when the handle is taken.
func Unclaimed(ctx context.Context, tx *db.Tx, handle string) (Account, error) {
	if err := CheckHandle(handle, Member); err != nil {
		return Account{}, err
	}
	settings, err := branch.Load(ctx, tx)
	if err != nil {
		return Account{}, err
	}
	acc := fresh(tx, handle, Member)
	acc.State, acc.Language = NotClaimed, language(settings, "")
	return acc, insert(ctx, tx, &acc)
}

// Claim is what the owner of an imported profile gives to take it over.
type Claim struct {
	Code     string
	Handle   string // empty: the one the account has
	Language string // "ru" or "en"; else as it is
}

// OnClaimed adds something to do, in the same transaction, when an imported
// account gets its owner and with it perhaps another handle. Call it while wiring.
func (a *Accounts) OnClaimed(fn func(ctx context.Context, tx *db.Tx, accountID string) error) {
	a.claimed = append(a.claimed, fn)
}

// Claimant is the account that a claim code opens, so that who holds the code
// reads the draft before taking it over, or, where the answer to the claim was
// lost, before asking for it again. Nothing is spent or changed. Fault:
// Unauthenticated claim_unknown (field code), as of Claim.
func (a *Accounts) Claimant(ctx context.Context, code string) (by Actor, err error) {
	_, acc, err := a.claimable(ctx, code)
	if fault.Is(err, fault.Unauthenticated) {
		acc, err = a.takenOver(ctx, code)
	}
	if err != nil {
		return Actor{}, err
	}
	return Actor{ID: acc.ID, Handle: acc.Handle, Role: acc.Role}, nil
}

// claimable finds the imported entry of a claim code and its account in one
// read: guesses never wait for the one writer.
func (a *Accounts) claimable(ctx context.Context, code string) (row Imported, acc Account, err error) {
	mac := a.codeMAC(forClaim, code) // ClaimMAC, but never nil
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		if err := db.One(ctx, tx.NewSelect().Model(&row).Where("claim_mac = ?", mac), errClaim()); err != nil {
			return err
		}
		acc, err = ByID(ctx, tx, row.AccountID)
		return err
	})
	return row, acc, err
}

// errClaim is the same for every text that is no good code.
func errClaim() *fault.Error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "claim_unknown", Field: "code"}
}

// Claim gives an imported account to its owner and returns the recovery code,
// shown once; the tie to the imported entry is cut. Until ConfirmShown says that
// the owner has seen a recovery code, or one is used to sign in, the claim code
// stands in for it: claiming once more, as after an answer that got lost on its
// way, is a sign-in that shows a new code, as SignInByCode is, and changes
// neither handle nor language. Faults: Unauthenticated claim_unknown (field
// code), the same for every wrong text; Invalid handle_form, handle_reserved;
// Conflict handle_taken; Conflict code_busy when another claim or sign-in came
// at the same moment.
func (a *Accounts) Claim(ctx context.Context, in Claim) (acc Account, recovery string, err error) {
	acc, recovery, err = a.claimFirst(ctx, in)
	if !fault.Is(err, fault.Unauthenticated) {
		return acc, recovery, err
	}
	acc, err = a.takenOver(ctx, in.Code)
	if err != nil {
		return Account{}, "", err
	}
	return a.signInWith(ctx, acc, a.codeMAC(forClaim, in.Code))
}

// takenOver finds the account that a claim code has taken over and whose owner
// has not confirmed a recovery code. Fault: Unauthenticated claim_unknown.
func (a *Accounts) takenOver(ctx context.Context, code string) (acc Account, err error) {
	mac := a.codeMAC(forClaim, code) // another purpose than a recovery code's: neither opens the other's door
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&acc).Where("recovery_mac = ? AND state = ?", mac, Active), errClaim())
	})
	return acc, err
}

// claimFirst is the claim of an account that nobody has yet.
func (a *Accounts) claimFirst(ctx context.Context, in Claim) (acc Account, recovery string, err error) {
	row, _, err := a.claimable(ctx, in.Code)
	if err != nil {
		return Account{}, "", err
	}
	recovery = secret.NewCode()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*Imported)(nil)).Where("source_mac = ? AND claim_mac = ?", row.SourceMAC, row.ClaimMAC).Exec(ctx)
		if err := db.Must(res, err, errClaim()); err != nil {
			return err
		}
		if acc, err = ByID(ctx, tx, row.AccountID); err != nil {
			return err
		}
		acc.RecoveryMAC, acc.NextRecoveryMAC = row.ClaimMAC, a.mac(forRecovery, recovery)
		return a.takeOver(ctx, tx, &acc, in)
	})
	if err != nil {
		return Account{}, "", takenHandle(err)
	}
	return acc, recovery, nil
}

// takeOver makes the account its owner's, with the codes that it has been given.
func (a *Accounts) takeOver(ctx context.Context, tx *db.Tx, acc *Account, in Claim) error {
	if in.Handle != "" && in.Handle != acc.Handle {
		if err := CheckHandle(in.Handle, Member); err != nil {
			return err
		}
		acc.Handle = in.Handle
	}
	if in.Language == "ru" || in.Language == "en" {
		acc.Language = in.Language
	}
	acc.State, acc.JoinedOn = Active, tx.Today()
	res, err := tx.NewUpdate().Model(acc).Column("handle", "language", "state", "recovery_mac", "next_recovery_mac", "joined_on").
		Where("id = ? AND state = ?", acc.ID, NotClaimed).Exec(ctx)
	if err := db.Must(res, err, fault.Of(fault.Conflict, "account_claimed")); err != nil {
		return err
	}
	for _, fn := range a.claimed {
		if err := fn(ctx, tx, acc.ID); err != nil {
			return err
		}
	}
	return nil
}
