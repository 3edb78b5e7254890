package account_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

func TestRenewingTheCodeNeverLocksOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		acc, second, err := w.SignInByCode(w.ctx, " "+strings.ToLower(strings.ReplaceAll(p.code, "-", " "))+"\n")
		must(t, err)
		if acc.ID != p.ID || acc.SessionEpoch != p.SessionEpoch+1 {
			t.Errorf("got %+v", acc)
		}
		_, err = w.SessionActor(w.ctx, p.ID, p.SessionEpoch)
		wants(t, err, fault.Unauthenticated, "session_ended")

		// The page was closed: the first code is still good, the second too.
		_, third, err := w.SignInByCode(w.ctx, p.code)
		must(t, err)
		_, _, err = w.SignInByCode(w.ctx, second)
		wants(t, err, fault.Unauthenticated, "code_unknown") // replaced by the third, which nobody confirmed
		// A code that is typed has been saved: it takes the place of the first.
		_, fourth, err := w.SignInByCode(w.ctx, third)
		must(t, err)
		_, _, err = w.SignInByCode(w.ctx, p.code)
		wants(t, err, fault.Unauthenticated, "code_unknown")

		must(t, w.ConfirmShown(w.ctx, p.by, fourth))
		wants(t, w.ConfirmShown(w.ctx, p.by, third), fault.Conflict, "code_not_pending")
		_, _, err = w.SignInByCode(w.ctx, third)
		wants(t, err, fault.Unauthenticated, "code_unknown")
		_, _, err = w.SignInByCode(w.ctx, fourth)
		must(t, err)
	})
}

func TestTwoTabsConfirmOnlyWhatWasShown(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		one, err := w.NewCode(w.ctx, p.by)
		must(t, err)
		two, err := w.NewCode(w.ctx, p.by)
		must(t, err)
		wants(t, w.ConfirmShown(w.ctx, p.by, one), fault.Conflict, "code_not_pending")
		wants(t, w.ConfirmShown(w.ctx, p.by, "x"), fault.Conflict, "code_not_pending")
		must(t, w.ConfirmShown(w.ctx, p.by, two))
		must(t, w.ConfirmShown(w.ctx, p.by, two)) // the button twice
		_, _, err = w.SignInByCode(w.ctx, p.code)
		wants(t, err, fault.Unauthenticated, "code_unknown")
		_, _, err = w.SignInByCode(w.ctx, two)
		must(t, err)
		_, err = w.NewCode(w.ctx, account.Actor{})
		wants(t, err, fault.Unauthenticated, "sign_in_needed")
		wants(t, w.ConfirmShown(w.ctx, account.Actor{}, two), fault.Unauthenticated, "sign_in_needed")
	})
}

func TestOneCodeUsedAtOnceLeavesOneSession(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		const n = 6
		accs, next := make([]account.Account, n), make([]string, n)
		errs := together(n, func(i int) (err error) {
			accs[i], next[i], err = w.SignInByCode(w.ctx, p.code)
			return err
		})
		if count(errs) == 0 {
			t.Fatalf("nobody came in: %v", errs)
		}
		live, good := 0, 0
		for i, err := range errs {
			if err != nil {
				wants(t, err, fault.Conflict, "code_busy")
				continue
			}
			if _, err := w.SessionActor(w.ctx, accs[i].ID, accs[i].SessionEpoch); err == nil {
				live++
				if err := w.ConfirmShown(w.ctx, p.by, next[i]); err == nil {
					good++
				}
			}
		}
		if live != 1 || good != 1 {
			t.Errorf("%d sessions live and %d next codes good, want 1 and 1", live, good)
		}
	})
}

func TestWrongCodesAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		for _, code := range []string{"", "ada", p.code[1:], p.code + "0", strings.Repeat("0", 26), "' OR 1=1 --", p.ID, strings.Repeat("x", 1<<16)} {
			_, _, err := w.SignInByCode(w.ctx, code)
			wants(t, err, fault.Unauthenticated, "code_unknown")
			if f := fault.All(err); len(f) != 1 || f[0].Field != "code" {
				t.Errorf("%.20q: %v", code, err)
			}
		}
	})
}

// Whatever order codes are made, confirmed and used in, the code that the owner
// saved last always opens the account.
func TestSavedCodeAlwaysOpens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		n := 0
		rapid.Check(t, func(r *rapid.T) {
			n++
			p := w.person(t, "p"+strings.Repeat("a", n%20+2)+string(rune('a'+n/20%26))+string(rune('a'+n/520)))
			saved, shown := p.code, ""
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				switch rapid.SampledFrom([]string{"new", "confirm", "sign in", "use shown"}).Draw(r, "act") {
				case "new":
					code, err := w.NewCode(w.ctx, p.by)
					must(t, err)
					shown = code
				case "confirm":
					if err := w.ConfirmShown(w.ctx, p.by, shown); shown != "" && err == nil {
						saved = shown
					}
				case "sign in":
					_, next, err := w.SignInByCode(w.ctx, saved)
					if err != nil {
						r.Fatalf("locked out: %v", err)
					}
					shown = next
				case "use shown":
					if _, next, err := w.SignInByCode(w.ctx, shown); err == nil {
						saved, shown = shown, next
					}
				}
			}
			if _, _, err := w.SignInByCode(w.ctx, saved); err != nil {
				r.Fatalf("locked out: %v", err)
			}
		})
	})
}

func FuzzSignInByCode(f *testing.F) {
	d := dbtest.New(f)
	for _, s := range []string{"", "7K2QM-0XV9R-AAAAA-BBBBB-CCCCC-D", "\x00", "O0IlL", strings.Repeat("-", 200)} {
		f.Add(s)
	}
	var w *world
	f.Fuzz(func(t *testing.T, code string) {
		if w == nil {
			w = wire(t, d, origin)
			w.person(t, "ada")
		}
		if _, _, err := w.SignInByCode(w.ctx, code); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q: %v", code, err)
		}
		if _, _, err := w.Claim(w.ctx, account.Claim{Code: code, Handle: "ben"}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q: %v", code, err)
		}
	})
}
