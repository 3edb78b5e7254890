package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// SignUp is what a person gives to get an account.
type SignUp struct {
	Handle     string
	Language   string // "ru" or "en"; else the branch's first
	Invitation string // needed only where the branch asks for one
}

// SignUp makes an account as the branch allows and returns its recovery code,
// which is shown once and can never be read again. Faults: Forbidden
// sign_up_closed; Invalid handle_form, handle_reserved, invitation_needed;
// Invalid invitation_unknown (also used, also expired); Conflict handle_taken.
func (a *Accounts) SignUp(ctx context.Context, in SignUp) (acc Account, code string, err error) {
	if err := CheckHandle(in.Handle, Member); err != nil {
		return Account{}, "", err
	}
	code = secret.NewCode()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		settings, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		if err := a.admit(ctx, tx, settings.SignUp, in.Invitation); err != nil {
			return err
		}
		acc = fresh(tx, in.Handle, Member)
		acc.Language = language(settings, in.Language)
		acc.RecoveryMAC = a.mac(forRecovery, code)
		return insert(ctx, tx, &acc)
	})
	if err != nil {
		return Account{}, "", takenHandle(err)
	}
	return acc, code, nil
}

// admit asks the branch whether somebody new may come in, spending an invitation.
func (a *Accounts) admit(ctx context.Context, tx *db.Tx, how branch.SignUp, invitation string) error {
	switch how {
	case branch.Open:
		return nil
	case branch.Invitation:
		if strings.TrimSpace(invitation) == "" {
			return fault.Bad("invitation", "invitation_needed")
		}
		return a.spendInvitation(ctx, tx, invitation)
	}
	return fault.Of(fault.Forbidden, "sign_up_closed")
}

// fresh is a new account without any way to sign in yet.
func fresh(tx *db.Tx, handle string, role Role) Account {
	seed := strings.ReplaceAll(tx.RandomID(), "-", "")
	return Account{ID: tx.RandomID(), Handle: handle, Role: role, State: Active, AvatarSeed: seed[16:32], JoinedOn: tx.Today()}
}

func insert(ctx context.Context, tx *db.Tx, acc *Account) error {
	_, err := tx.NewInsert().Model(acc).Exec(ctx)
	return err
}

func language(s branch.Settings, want string) string {
	if slices.Contains(s.Languages, want) {
		return want
	}
	return s.Languages[0]
}

// SetUp is what the first operator gives in the first run.
type SetUp struct {
	Code     string // the one-time code from the console
	Handle   string
	Language string
	Settings branch.Settings
}

// SetUp ends the first run: it spends the one-time code, stores the branch's
// settings and makes the operator's account, all or nothing. Faults: Gone
// setup_done; Unauthenticated setup_code_unknown; those of branch.Save and of
// SignUp about the handle.
func (a *Accounts) SetUp(ctx context.Context, in SetUp) (acc Account, code string, err error) {
	var bad fault.Fields
	for _, err := range []error{CheckHandle(in.Handle, Operator), branch.Check(in.Settings)} {
		bad = append(bad, fault.All(err)...)
	}
	if err := bad.Err(); err != nil {
		return Account{}, "", a.setUpOver(ctx, err)
	}
	code = secret.NewCode()
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if err := branch.CheckCode(ctx, tx, a.keys, in.Code); err != nil {
			return err
		}
		if err := branch.Save(ctx, tx, in.Settings); err != nil {
			return err
		}
		acc = fresh(tx, in.Handle, Operator)
		acc.Language = language(in.Settings, in.Language)
		acc.RecoveryMAC = a.mac(forRecovery, code)
		return insert(ctx, tx, &acc)
	})
	if err != nil {
		return Account{}, "", takenHandle(err)
	}
	return acc, code, nil
}

// setUpOver answers Gone rather than the form's faults once the first run is over.
func (a *Accounts) setUpOver(ctx context.Context, bad error) error {
	if done, err := a.branch.Done(ctx); err == nil && done {
		return fault.Of(fault.Gone, "setup_done")
	}
	return bad
}

// Create makes an account at the console whatever the branch's sign-up says,
// with a recovery code and an API token. The first operator made so ends the
// first run. An empty role is Member. Faults: Invalid handle_form,
// handle_reserved, role_unknown; Conflict handle_taken.
func (a *Accounts) Create(ctx context.Context, handle string, role Role) (acc Account, code, token string, err error) {
	if role == "" {
		role = Member
	}
	if role.rank() == 0 {
		return Account{}, "", "", fault.Bad("role", "role_unknown")
	}
	if err := CheckHandle(handle, role); err != nil {
		return Account{}, "", "", err
	}
	code, token = secret.NewCode(), secret.NewToken(tokenPrefix)
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if role == Operator {
			if err := branch.Finish(ctx, tx); err != nil {
				return err
			}
		}
		settings, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		acc = fresh(tx, handle, role)
		acc.Language = language(settings, "")
		acc.RecoveryMAC = a.mac(forRecovery, code)
		if err := insert(ctx, tx, &acc); err != nil {
			return err
		}
		_, err = a.addToken(ctx, tx, acc.ID, "console", token)
		return err
	})
	if err != nil {
		return Account{}, "", "", takenHandle(err)
	}
	return acc, code, token, nil
}

// invitation is a code by which one person may sign up: one row.
type invitation struct {
	bun.BaseModel `bun:"table:invitation"`

	ID        string    `bun:"id,pk"`
	AccountID string    `bun:"account_id,nullzero"` // who invited; NULL: the console
	CodeMAC   []byte    `bun:"code_mac"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// InvitationFor is how long an invitation is good.
const InvitationFor = 14 * 24 * time.Hour

const mostInvitations = 500

// Invite makes a code with which one person may sign up within 14 days. It
// needs a moderator. Faults: Unauthenticated, Forbidden; Conflict
// too_many_invitations while 500 of the actor's are open.
func (a *Accounts) Invite(ctx context.Context, by Actor) (string, error) {
	if err := need(by, Moderator); err != nil {
		return "", err
	}
	code := secret.NewCode()
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		mine := tx.NewSelect().Model((*invitation)(nil)).Where("expires_at > ?", tx.Now)
		if by.Anonymous() {
			mine.Where("account_id IS NULL")
		} else {
			mine.Where("account_id = ?", by.ID)
		}
		n, err := mine.Count(ctx)
		if err != nil {
			return err
		}
		if n >= mostInvitations {
			return fault.Of(fault.Conflict, "too_many_invitations").With("Max", mostInvitations)
		}
		// A random id: a time-ordered one would tell when somebody was invited.
		row := invitation{ID: tx.RandomID(), AccountID: by.ID, CodeMAC: a.mac(forInvitation, code), ExpiresAt: tx.Now.Add(InvitationFor)}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// spendInvitation removes an invitation. Of two who use one at once, one gets in.
func (a *Accounts) spendInvitation(ctx context.Context, tx *db.Tx, code string) error {
	res, err := tx.NewDelete().Model((*invitation)(nil)).
		Where("code_mac = ? AND expires_at > ?", a.codeMAC(forInvitation, code), tx.Now).Exec(ctx)
	return db.Must(res, err, fault.Bad("invitation", "invitation_unknown"))
}

// codeMAC is the hash of a typed code.
func (a *Accounts) codeMAC(purpose, typed string) []byte { return a.mac(purpose, canonical(typed)) }

// canonical is a typed code as it was made. Text that is no code becomes the
// empty text, which no row has the hash of, so that both are looked up and take
// equally long.
func canonical(typed string) string {
	code, _ := secret.ParseCode(typed)
	return code
}

func takenOf(ctx context.Context, tx *db.Tx, handles []string) (map[string]bool, error) {
	var found []string
	err := tx.NewSelect().Model((*Account)(nil)).Column("handle").Where("handle IN (?)", bun.List(handles)).Scan(ctx, &found)
	taken := make(map[string]bool, len(found))
	for _, handle := range found {
		taken[handle] = true
	}
	return taken, err
}
