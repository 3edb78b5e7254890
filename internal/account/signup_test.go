package account_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

func TestSignUpGivesAnAccountWithoutAPerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada_l-1")
		if len(p.ID) != 36 || len(p.AvatarSeed) != 16 || p.Role != account.Member || p.State != account.Active || p.Language != "ru" {
			t.Errorf("got %+v", p.Account)
		}
		if !p.JoinedOn.Equal(db.Day(w.Clock.Now())) {
			t.Errorf("joined at %v: only the day may be kept", p.JoinedOn)
		}
		me, err := w.Me(w.ctx, p.by)
		must(t, err)
		if diff := cmp.Diff(p.Account, me, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("read back (-given +read):\n%s", diff)
		}
		by, err := w.SessionActor(w.ctx, p.ID, p.SessionEpoch)
		if err != nil || by != p.by {
			t.Errorf("got %+v, %v", by, err)
		}
	})
}

func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.person(t, "ada")
		for handle, want := range map[string]string{
			"": "handle_form", "ab": "handle_form", "Ada2": "handle_form", "1ada": "handle_form", "ada lovelace": "handle_form",
			"ada\n": "handle_form", "а-кириллица": "handle_form", strings.Repeat("a", 31): "handle_form", "ada'--": "handle_form",
			"search": "handle_reserved", "admin": "handle_reserved", "ada": "handle_taken",
		} {
			_, _, err := w.SignUp(w.ctx, account.SignUp{Handle: handle})
			kind := fault.Invalid
			if want == "handle_taken" {
				kind = fault.Conflict
			}
			wants(t, err, kind, want)
		}
		if n := w.rows(t, "SELECT count(*) FROM account"); n != 1 {
			t.Errorf("%d accounts, want ada's alone", n)
		}
	})
}

func TestOneHandleForTwoAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		errs := together(6, func(int) error {
			_, _, err := w.SignUp(w.ctx, account.SignUp{Handle: "ada"})
			return err
		})
		if n := count(errs); n != 1 {
			t.Errorf("%d got the handle, want 1: %v", n, errs)
		}
		for _, err := range errs {
			if err != nil {
				wants(t, err, fault.Conflict, "handle_taken")
			}
		}
	})
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		mod, member := w.officer(t, "marta", account.Moderator), w.person(t, "ben")
		_, err := w.Invite(w.ctx, member.by)
		wants(t, err, fault.Forbidden, "not_allowed")
		_, err = w.Invite(w.ctx, account.Actor{})
		wants(t, err, fault.Unauthenticated, "sign_in_needed")

		w.settle(t, func(s *branch.Settings) { s.SignUp = branch.Invitation })
		_, _, err = w.SignUp(w.ctx, account.SignUp{Handle: "cleo"})
		wants(t, err, fault.Invalid, "invitation_needed")
		_, _, err = w.SignUp(w.ctx, account.SignUp{Handle: "cleo", Invitation: "no code"})
		wants(t, err, fault.Invalid, "invitation_unknown")

		code, err := w.Invite(w.ctx, mod.by)
		must(t, err)
		// A refused sign-up does not spend it.
		_, _, err = w.SignUp(w.ctx, account.SignUp{Handle: "ben", Invitation: code})
		wants(t, err, fault.Conflict, "handle_taken")
		errs := together(4, func(i int) error {
			_, _, err := w.SignUp(w.ctx, account.SignUp{Handle: "guest" + string(rune('a'+i)), Invitation: strings.ToLower(code)})
			return err
		})
		if n := count(errs); n != 1 {
			t.Errorf("%d came in by one invitation: %v", n, errs)
		}
		old, err := w.Invite(w.ctx, account.Console())
		must(t, err)
		w.Clock.Advance(account.InvitationFor)
		_, _, err = w.SignUp(w.ctx, account.SignUp{Handle: "late", Invitation: old})
		wants(t, err, fault.Invalid, "invitation_unknown")

		w.settle(t, func(s *branch.Settings) { s.SignUp = branch.Closed })
		_, _, err = w.SignUp(w.ctx, account.SignUp{Handle: "cleo", Invitation: code})
		wants(t, err, fault.Forbidden, "sign_up_closed")
	})
}

func TestFirstRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code, err := w.Branch.NewSetupCode(w.ctx)
		must(t, err)
		settings := branch.Defaults()
		settings.Name, settings.Languages, settings.SignUp = "Школа", []string{"en"}, branch.Invitation
		in := account.SetUp{Code: "WRONG", Handle: "admin", Language: "ru", Settings: settings}
		_, _, err = w.SetUp(w.ctx, in)
		wants(t, err, fault.Unauthenticated, "setup_code_unknown")

		bad := in
		bad.Code, bad.Handle, bad.Settings.Name = code, "x", " "
		_, _, err = w.SetUp(w.ctx, bad)
		if got := len(fault.All(err)); got != 2 {
			t.Errorf("%d faults at once, want 2: %v", got, err)
		}
		if done, _ := w.Branch.Done(w.ctx); done || w.rows(t, "SELECT count(*) FROM account") != 0 {
			t.Error("a refused first run left something")
		}

		in.Code = code
		errs := together(4, func(i int) error {
			in := in
			in.Handle = "boss" + string(rune('a'+i))
			acc, recovery, err := w.SetUp(w.ctx, in)
			if err == nil && (acc.Role != account.Operator || recovery == "" || acc.Language != "en") {
				t.Errorf("got %+v", acc)
			}
			return err
		})
		if count(errs) != 1 {
			t.Errorf("first runs: %v", errs)
		}
		_, _, err = w.SetUp(w.ctx, bad)
		wants(t, err, fault.Gone, "setup_done")
		s, err := w.Branch.Settings(w.ctx)
		must(t, err)
		if s.Name != "Школа" || !s.Done() || s.SetupMAC != nil || s.SignUp != branch.Invitation {
			t.Errorf("settings: %+v", s)
		}
	})
}

func TestCreateAtTheConsole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		code, err := w.Branch.NewSetupCode(w.ctx)
		must(t, err)
		w.settle(t, func(s *branch.Settings) { s.SignUp = branch.Closed })
		_, _, _, err = w.Create(w.ctx, "moderator", "")
		wants(t, err, fault.Invalid, "handle_reserved")
		_, _, _, err = w.Create(w.ctx, "olga", "queen")
		wants(t, err, fault.Invalid, "role_unknown")
		if done, _ := w.Branch.Done(w.ctx); done {
			t.Fatal("set up too early")
		}
		acc, recovery, token, err := w.Create(w.ctx, "operator", account.Operator)
		must(t, err)
		if done, _ := w.Branch.Done(w.ctx); !done {
			t.Error("an operator made at the console does not end the first run")
		}
		_, _, err = w.SetUp(w.ctx, account.SetUp{Code: code, Handle: "thief", Settings: branch.Defaults()})
		wants(t, err, fault.Gone, "setup_done")
		if by, err := w.ActorByToken(w.ctx, token); err != nil || by != acc.Actor() {
			t.Errorf("token: %+v, %v", by, err)
		}
		if in, _, err := w.SignInByCode(w.ctx, recovery); err != nil || in.ID != acc.ID {
			t.Errorf("code: %+v, %v", in, err)
		}
		_, _, _, err = w.Create(w.ctx, "operator", account.Operator)
		wants(t, err, fault.Conflict, "handle_taken")
	})
}

func TestSuggestedHandlesAreFreeAndFriendly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, lang := range []string{"ru", "en", "??"} {
			got := w.SuggestHandles(w.ctx, lang, 6)
			if len(got) != 6 {
				t.Errorf("%s: got %v, want 6", lang, got)
			}
			seen := map[string]bool{}
			for _, handle := range got {
				if seen[handle] || !regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]{0,2}$`).MatchString(handle) {
					t.Errorf("%s: %q is not fit", lang, handle)
				}
				seen[handle] = true
				w.person(t, handle)
			}
		}
		if got := w.SuggestHandles(w.ctx, "ru", 1000); len(got) > 20 {
			t.Errorf("%d suggested", len(got))
		}
		if got := w.SuggestHandles(w.ctx, "ru", -1); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
}

func FuzzCheckHandle(f *testing.F) {
	for _, s := range []string{"ada", "a-_", "admin", "ADA", "a\x00b", "аda", strings.Repeat("z", 30), "me"} {
		f.Add(s)
	}
	form := regexp.MustCompile(`\A[a-z][a-z0-9_-]{2,29}\z`)
	f.Fuzz(func(t *testing.T, handle string) {
		err := account.CheckHandle(handle, account.Member)
		if err == nil {
			if !form.MatchString(handle) {
				t.Errorf("%q is taken for a handle", handle)
			}
			return
		}
		want := "handle_form"
		if form.MatchString(handle) {
			want = "handle_reserved"
		}
		wants(t, err, fault.Invalid, want)
	})
}
