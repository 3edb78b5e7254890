package account_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// imported makes an unclaimed account as an import does and returns its claim code.
func (w *world) imported(t *testing.T, handle string) (code string, acc account.Account) {
	t.Helper()
	code = secret.NewCode()
	must(t, w.Write(w.ctx, func(tx *db.Tx) (err error) {
		if acc, err = account.Unclaimed(w.ctx, tx, handle); err != nil {
			return err
		}
		return account.PutImported(w.ctx, tx, account.Imported{SourceMAC: []byte("source of " + handle), AccountID: acc.ID,
			ClaimMAC: account.ClaimMAC(w.Keys, code), ContentMAC: []byte("1"), Format: "getmentor"})
	}))
	return code, acc
}

func TestClaimGivesTheProfileToItsOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.OnClaimed(func(_ context.Context, _ *db.Tx, id string) error { told = append(told, id); return nil })
		w.settle(t, func(s *branch.Settings) { s.SignUp = branch.Closed }) // a claim is an invitation
		w.officer(t, "boss", account.Operator)
		code, draft := w.imported(t, "lesnoy-ezh")
		if draft.State != account.NotClaimed || draft.RecoveryMAC != nil {
			t.Errorf("got %+v", draft)
		}
		for handle, want := range map[string]string{"boss": "handle_taken", "X": "handle_form", "admin": "handle_reserved"} {
			_, _, err := w.Claim(w.ctx, account.Claim{Code: code, Handle: handle})
			if all := fault.All(err); len(all) != 1 || all[0].Code != want {
				t.Errorf("%s: %v", handle, err)
			}
		}
		acc, recovery, err := w.Claim(w.ctx, account.Claim{Code: code, Handle: "grace", Language: "en"})
		must(t, err)
		if acc.ID != draft.ID || acc.Handle != "grace" || acc.State != account.Active || acc.Language != "en" || acc.AvatarSeed != draft.AvatarSeed {
			t.Errorf("got %+v", acc)
		}
		if diff := cmp.Diff([]string{draft.ID}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if in, _, err := w.SignInByCode(w.ctx, recovery); err != nil || in.ID != acc.ID {
			t.Errorf("sign in: %+v, %v", in, err)
		}
		if n := w.rows(t, "SELECT count(*) FROM imported"); n != 0 {
			t.Error("the tie to the source is still there")
		}
		// Who typed the recovery code has it: the claim code is worthless.
		_, _, err = w.Claim(w.ctx, account.Claim{Code: code, Handle: "thief"})
		wants(t, err, fault.Unauthenticated, "claim_unknown")
	})
}

// TestALostAnswerToAClaimLosesNothing: the page with the recovery code never
// came, so the person claims again, as often as it takes.
func TestALostAnswerToAClaimLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		told := 0
		w.OnClaimed(func(context.Context, *db.Tx, string) error { told++; return nil })
		code, draft := w.imported(t, "lesnoy-ezh")
		other, _ := w.imported(t, "rechnoy-bober")
		first, lost, err := w.Claim(w.ctx, account.Claim{Code: code, Handle: "grace", Language: "en"})
		must(t, err)
		by, err := w.Claimant(w.ctx, code)
		if err != nil || by.ID != draft.ID || by.Handle != "grace" {
			t.Errorf("a look after the claim: %+v, %v", by, err)
		}
		_, _, err = w.SignInByCode(w.ctx, code)
		wants(t, err, fault.Unauthenticated, "code_unknown") // it claims, and opens no other door
		_, _, err = w.Claim(w.ctx, account.Claim{Code: lost})
		wants(t, err, fault.Unauthenticated, "claim_unknown") // nor the other way round

		// The form sent once more, whatever handle stands in it by now.
		var again account.Account
		var shown string
		for i, handle := range []string{"grace", "", "hopper", "X"} {
			again, shown, err = w.Claim(w.ctx, account.Claim{Code: code, Handle: handle, Language: "ru"})
			must(t, err)
			if again.ID != draft.ID || again.Handle != "grace" || again.Language != "en" || again.SessionEpoch != first.SessionEpoch+int64(i)+1 {
				t.Errorf("%q: got %+v", handle, again)
			}
		}
		if told != 1 {
			t.Errorf("taken over %d times", told)
		}
		_, err = w.SessionActor(w.ctx, first.ID, first.SessionEpoch)
		wants(t, err, fault.Unauthenticated, "session_ended")
		_, _, err = w.SignInByCode(w.ctx, lost)
		wants(t, err, fault.Unauthenticated, "code_unknown")
		wants(t, w.ConfirmShown(w.ctx, again.Actor(), lost), fault.Conflict, "code_not_pending")

		must(t, w.ConfirmShown(w.ctx, again.Actor(), shown))
		_, _, err = w.Claim(w.ctx, account.Claim{Code: code})
		wants(t, err, fault.Unauthenticated, "claim_unknown")
		if by, err := w.Claimant(w.ctx, code); !by.Anonymous() || !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a spent code opens %+v, %v", by, err)
		}
		if in, _, err := w.SignInByCode(w.ctx, shown); err != nil || in.ID != draft.ID {
			t.Errorf("sign in: %+v, %v", in, err)
		}
		if acc, _, err := w.Claim(w.ctx, account.Claim{Code: other}); err != nil || acc.ID == draft.ID {
			t.Errorf("another's claim: %+v, %v", acc, err)
		}
	})
}

// TestAClaimCodeDiesWithItsAccount: erased before a recovery code was confirmed.
func TestAClaimCodeDiesWithItsAccount(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code, _ := w.imported(t, "lesnoy-ezh")
		acc, _, err := w.Claim(w.ctx, account.Claim{Code: code})
		must(t, err)
		must(t, w.Erase(w.ctx, acc.Actor(), acc.Handle))
		_, _, err = w.Claim(w.ctx, account.Claim{Code: code})
		wants(t, err, fault.Unauthenticated, "claim_unknown")
	})
}

// TestOneTakeOverForManyAtOnce: of equal claims at one moment one takes over;
// the others sign in to the same account or are told to come again.
func TestOneTakeOverForManyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		told := 0 // counted inside of transactions on one row: one after another
		w.OnClaimed(func(context.Context, *db.Tx, string) error { told++; return nil })
		code, draft := w.imported(t, "lesnoy-ezh")
		errs := together(6, func(i int) error {
			acc, _, err := w.Claim(w.ctx, account.Claim{Code: code, Handle: "grace" + string(rune('a'+i))})
			if err == nil && acc.ID != draft.ID {
				t.Errorf("got %+v", acc)
			}
			return err
		})
		if told != 1 || count(errs) == 0 {
			t.Errorf("taken over %d times: %v", told, errs)
		}
		for _, err := range errs {
			if err != nil {
				wants(t, err, fault.Conflict, "code_busy")
			}
		}
		acc, shown, err := w.Claim(w.ctx, account.Claim{Code: code})
		must(t, err)
		must(t, w.ConfirmShown(w.ctx, acc.Actor(), shown))
	})
}

func TestUnclaimedAccountsCannotAct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, draft := w.imported(t, "lesnoy-ezh")
		boss := w.officer(t, "boss", account.Operator)
		_, err := w.SessionActor(w.ctx, draft.ID, 0)
		wants(t, err, fault.Unauthenticated, "session_ended")
		_, err = w.NewCode(w.ctx, draft.Actor())
		wants(t, err, fault.Unauthenticated, "session_ended")
		_, _, err = w.NewToken(w.ctx, draft.Actor(), "")
		wants(t, err, fault.Unauthenticated, "session_ended")
		wants(t, w.Erase(w.ctx, draft.Actor(), draft.Handle), fault.Unauthenticated, "session_ended")
		wants(t, w.GrantRole(w.ctx, boss.by, draft.Handle, account.Moderator), fault.NotFound, "account_unknown")
		// Text that is no code matches nothing, not even an account without a code.
		for _, code := range []string{"", "x", "00000"} {
			_, _, err := w.SignInByCode(w.ctx, code)
			wants(t, err, fault.Unauthenticated, "code_unknown")
			if account.ClaimMAC(w.Keys, code) != nil {
				t.Errorf("%q can be claimed", code)
			}
		}
	})
}

func TestSomebodyWhoDoesNotWantToBeListed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code, draft := w.imported(t, "lesnoy-ezh")
		boss := w.officer(t, "boss", account.Operator)
		wants(t, w.EraseUnclaimed(w.ctx, w.person(t, "ada").by, draft.Handle), fault.Forbidden, "not_allowed")
		wants(t, w.EraseUnclaimed(w.ctx, boss.by, "ada"), fault.Conflict, "account_claimed")
		wants(t, w.EraseUnclaimed(w.ctx, boss.by, "nobody-here"), fault.NotFound, "account_unknown")
		must(t, w.EraseUnclaimed(w.ctx, boss.by, draft.Handle))
		if got := w.tables(t, draft.ID); len(got) != 0 {
			t.Errorf("left in %v", got)
		}
		_, _, err := w.Claim(w.ctx, account.Claim{Code: code})
		wants(t, err, fault.Unauthenticated, "claim_unknown")
	})
}

func TestImportedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		old, draft := w.imported(t, "lesnoy-ezh")
		code := secret.NewCode()
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			row, err := account.ImportedBy(w.ctx, tx, []byte("source of lesnoy-ezh"))
			if err != nil || row.AccountID != draft.ID || string(row.ContentMAC) != "1" {
				t.Errorf("got %+v, %v", row, err)
			}
			row.ContentMAC, row.ClaimMAC = []byte("2"), account.ClaimMAC(w.Keys, code)
			if err := account.PutImported(w.ctx, tx, row); err != nil {
				return err
			}
			if row, err = account.ImportedBy(w.ctx, tx, row.SourceMAC); string(row.ContentMAC) != "2" {
				t.Errorf("got %+v", row)
			}
			_, none := account.ImportedBy(w.ctx, tx, []byte("other"))
			wants(t, none, fault.NotFound, "import_unknown")
			return err
		}))
		_, _, err := w.Claim(w.ctx, account.Claim{Code: old})
		wants(t, err, fault.Unauthenticated, "claim_unknown")
		acc, _, err := w.Claim(w.ctx, account.Claim{Code: code}) // keeps the handle it has
		if err != nil || acc.Handle != "lesnoy-ezh" {
			t.Errorf("got %+v, %v", acc, err)
		}
	})
}

// TestClaimantOnlyLooks holds that looking at a draft spends nothing, and that
// no other text than the code opens it.
func TestClaimantOnlyLooks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code, draft := w.imported(t, "lesnoy-ezh")
		for range 2 {
			by, err := w.Claimant(w.ctx, code)
			must(t, err)
			if by.ID != draft.ID || by.Handle != draft.Handle || by.Role != account.Member {
				t.Errorf("got %+v", by)
			}
		}
		for _, text := range []string{"", "AAAAA", secret.NewCode()} {
			by, err := w.Claimant(w.ctx, text)
			if !by.Anonymous() || !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%q opens %+v, %v", text, by, err)
			}
		}
		acc, shown, err := w.Claim(w.ctx, account.Claim{Code: code})
		must(t, err)
		must(t, w.ConfirmShown(w.ctx, acc.Actor(), shown))
		if by, err := w.Claimant(w.ctx, code); !by.Anonymous() || !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a spent code opens %+v, %v", by, err)
		}
	})
}
