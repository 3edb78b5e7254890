package account_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

// register adds a passkey and returns it with its authenticator.
func (w *world) register(t *testing.T, by account.Actor, name string) (account.Passkey, *authenticator) {
	t.Helper()
	a := newAuthenticator(t)
	key, err := w.tryRegister(t, by, name, a)
	must(t, err)
	return key, a
}

func (w *world) tryRegister(t *testing.T, by account.Actor, name string, a *authenticator) (account.Passkey, error) {
	t.Helper()
	options, state, err := w.BeginRegister(w.ctx, by)
	if err != nil {
		return account.Passkey{}, err
	}
	return w.FinishRegister(w.ctx, by, name, state, a.create(t, options))
}

func (w *world) login(t *testing.T, a *authenticator) (account.Account, error) {
	t.Helper()
	options, state, err := w.BeginLogin(w.ctx)
	must(t, err)
	return w.FinishLogin(w.ctx, state, a.get(t, options))
}

func TestSeveralPasskeysSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		one, phone := w.register(t, p.by, " Телефон ")
		two, key := w.register(t, p.by, "")
		if one.Name != "Телефон" || two.Name != "Passkey" {
			t.Errorf("names %q, %q", one.Name, two.Name)
		}
		key.count = 7
		for _, a := range []*authenticator{phone, key, phone} {
			acc, err := w.login(t, a)
			if err != nil || acc.ID != p.ID || acc.SessionEpoch != p.SessionEpoch {
				t.Errorf("got %+v, %v", acc, err)
			}
		}
		list, err := w.Passkeys(w.ctx, p.by)
		must(t, err)
		got := map[string]uint32{}
		for _, k := range list {
			if !k.UsedOn.Equal(db.Day(w.Clock.Now())) {
				t.Errorf("used on %v: only the day may be kept", k.UsedOn)
			}
			if bytes.Contains(k.Key.COSE, phone.aaguid[:]) {
				t.Error("the model of the authenticator is kept")
			}
			got[k.ID] = k.Key.SignCount
		}
		if diff := cmp.Diff(map[string]uint32{one.ID: 0, two.ID: 7}, got); diff != "" {
			t.Errorf("counters (-want +got):\n%s", diff)
		}

		must(t, w.RenamePasskey(w.ctx, p.by, two.ID, "Ключ"))
		must(t, w.RemovePasskey(w.ctx, p.by, one.ID))
		_, err = w.login(t, phone)
		wants(t, err, fault.Unauthenticated, "passkey_refused")
		must(t, w.RemovePasskey(w.ctx, p.by, two.ID)) // the last may go: the code remains
		wants(t, w.RemovePasskey(w.ctx, p.by, two.ID), fault.NotFound, "passkey_unknown")
	})
}

func TestPasskeyOptionsAskForADiscoverableVerifiedKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		_, a := w.register(t, p.by, "")
		options, _, err := w.BeginRegister(w.ctx, p.by)
		must(t, err)
		o := read(t, options).PublicKey
		if o.Selection.ResidentKey != "required" || o.Selection.UserVerification != "required" || o.Attest != "none" || o.RP.ID != "board.example.org" ||
			o.User.Name != "ada" || len(o.Exclude) != 1 || o.Exclude[0].ID != b64(a.id) {
			t.Errorf("got %+v", o)
		}
		options, _, err = w.BeginLogin(w.ctx)
		must(t, err)
		if o := read(t, options).PublicKey; o.Verify != "required" || len(o.Allow) != 0 || o.RPID != "board.example.org" {
			t.Errorf("got %+v", o)
		}
	})
}

func TestForgedPasskeysAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.person(t, "ada"), w.person(t, "eve")
		_, good := w.register(t, p.by, "")
		for name, spoil := range map[string]func(*authenticator){
			"another origin":     func(a *authenticator) { a.origin = "https://evil.example.org" },
			"another party":      func(a *authenticator) { a.rpID = "evil.example.org" },
			"user not verified":  func(a *authenticator) { a.flags = userPresent },
			"another ceremony":   func(a *authenticator) { a.typ = "payment.get" },
			"key of another":     func(a *authenticator) { a.key = newAuthenticator(t).key },
			"handle of another":  func(a *authenticator) { a.user = []byte(other.ID) },
			"handle left out":    func(a *authenticator) { a.user = nil },
			"credential unknown": func(a *authenticator) { a.id = []byte("0123456789abcdef") },
		} {
			bad := *good
			spoil(&bad)
			if _, err := w.login(t, &bad); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("login, %s: %v", name, err)
			}
		}
		for name, spoil := range map[string]func(*authenticator){
			"another origin":    func(a *authenticator) { a.origin = "https://board.example.org.evil" },
			"another party":     func(a *authenticator) { a.rpID = "example.org" },
			"user not verified": func(a *authenticator) { a.flags = userPresent },
		} {
			bad := newAuthenticator(t)
			spoil(bad)
			if _, err := w.tryRegister(t, p.by, "", bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("registration, %s: %v", name, err)
			}
		}
		_, err := w.tryRegister(t, other.by, "", good) // one key for two accounts
		wants(t, err, fault.Conflict, "passkey_known")
		if n := w.rows(t, "SELECT count(*) FROM passkey"); n != 1 {
			t.Errorf("%d passkeys, want 1", n)
		}
	})
}

func TestCeremoniesDoNotMix(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, eve := w.person(t, "ada"), w.person(t, "eve")
		_, a := w.register(t, p.by, "")
		options, login, err := w.BeginLogin(w.ctx)
		must(t, err)
		response := a.get(t, options)
		creation, reg, err := w.BeginRegister(w.ctx, p.by)
		must(t, err)
		fresh := newAuthenticator(t)
		created := fresh.create(t, creation)

		_, err = w.FinishRegister(w.ctx, p.by, "", login, created)
		wants(t, err, fault.Invalid, "passkey_refused")
		_, err = w.FinishLogin(w.ctx, reg, response)
		wants(t, err, fault.Invalid, "passkey_refused")
		_, err = w.FinishRegister(w.ctx, eve.by, "", reg, created) // begun by another
		wants(t, err, fault.Invalid, "passkey_refused")
		_, err = w.FinishRegister(w.ctx, account.Actor{}, "", reg, created)
		wants(t, err, fault.Unauthenticated, "sign_in_needed")
		for _, junk := range [][]byte{nil, []byte("{}"), []byte("["), bytes.Repeat([]byte("a"), 1<<20), created} {
			if _, err = w.FinishLogin(w.ctx, login, junk); err == nil || len(fault.All(err)) == 0 {
				t.Errorf("%.20q: %v", junk, err)
			}
			if _, err = w.FinishLogin(w.ctx, junk, response); err == nil || len(fault.All(err)) == 0 {
				t.Errorf("state %.20q: %v", junk, err)
			}
		}
		_, err = w.FinishRegister(w.ctx, p.by, strings.Repeat("ы", 61), reg, created)
		wants(t, err, fault.Invalid, "name_form")

		w.Clock.Advance(11 * time.Minute)
		_, err = w.FinishLogin(w.ctx, login, response)
		wants(t, err, fault.Invalid, "passkey_expired")
		_, err = w.FinishRegister(w.ctx, p.by, "", reg, created)
		wants(t, err, fault.Invalid, "passkey_expired")
	})
}

func TestCopiedKeyShowsByItsCounter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		_, a := w.register(t, p.by, "")
		a.count = 5
		options, state, err := w.BeginLogin(w.ctx)
		must(t, err)
		response := a.get(t, options)
		errs := together(4, func(int) error { // one answer sent four times
			_, err := w.FinishLogin(w.ctx, state, response)
			return err
		})
		if n := count(errs); n != 1 {
			t.Errorf("%d signed in with one answer: %v", n, errs)
		}
		a.count = 4
		_, err = w.login(t, a)
		wants(t, err, fault.Unauthenticated, "passkey_refused")
		a.count = 6
		_, err = w.login(t, a)
		must(t, err)
	})
}

func TestPasskeyChangesAreHeldAfterACode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		// Without a passkey there is no hold: the first could never be added.
		p := w.person(t, "ada")
		acc, next, err := w.SignInByCode(w.ctx, p.code)
		must(t, err)
		if !acc.HeldUntil.IsZero() {
			t.Errorf("held until %v without a passkey", acc.HeldUntil)
		}
		key, a := w.register(t, p.by, "")
		w.register(t, p.by, "")
		_, before, err := w.BeginRegister(w.ctx, p.by)
		must(t, err)

		acc, next, err = w.SignInByCode(w.ctx, next)
		must(t, err)
		if want := w.Clock.Now().Add(72 * time.Hour); !acc.HeldUntil.Equal(want) {
			t.Errorf("held until %v, want %v", acc.HeldUntil, want)
		}
		_, _, err = w.BeginRegister(w.ctx, p.by)
		wants(t, err, fault.Conflict, "passkeys_held")
		wants(t, w.RemovePasskey(w.ctx, p.by, key.ID), fault.Conflict, "passkeys_held")
		wants(t, w.RenamePasskey(w.ctx, p.by, key.ID, "x"), fault.Conflict, "passkeys_held")
		_, _, err = w.NewToken(w.ctx, p.by, "")
		wants(t, err, fault.Conflict, "passkeys_held")
		// A ceremony begun before the hold does not slip through.
		fresh := newAuthenticator(t)
		_, err = w.FinishRegister(w.ctx, p.by, "", before, fresh.create(t, challengeOf(t, before, p.ID)))
		wants(t, err, fault.Conflict, "passkeys_held")

		// The owner drives a thief of the code out: passkey, new code, sign out.
		_, err = w.login(t, a)
		must(t, err)
		mine, err := w.NewCode(w.ctx, p.by)
		must(t, err)
		must(t, w.ConfirmShown(w.ctx, p.by, mine))
		must(t, w.SignOutEverywhere(w.ctx, p.by, false))
		_, _, err = w.SignInByCode(w.ctx, next)
		wants(t, err, fault.Unauthenticated, "code_unknown")

		w.Clock.Advance(account.HoldFor)
		must(t, w.RemovePasskey(w.ctx, p.by, key.ID))
	})
}

func TestPasskeysAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		for range account.MaxPasskeys {
			w.register(t, p.by, "")
		}
		_, _, err := w.BeginRegister(w.ctx, p.by)
		wants(t, err, fault.Conflict, "too_many_passkeys")
	})
}

func TestNoPasskeysAtAnIPAddress(t *testing.T) {
	t.Parallel()
	for url, works := range map[string]bool{"http://127.0.0.1:8080": false, "http://[::1]:8080": false, "": false, "http://localhost:8080/": true, origin: true} {
		w := wire(t, dbtest.New(t), url)
		p := w.person(t, "ada")
		_, _, err := w.BeginRegister(w.ctx, p.by)
		if works {
			if err != nil {
				t.Errorf("%q: %v", url, err)
			}
			continue
		}
		wants(t, err, fault.Unavailable, "passkeys_unavailable")
		_, _, err = w.BeginLogin(w.ctx)
		wants(t, err, fault.Unavailable, "passkeys_unavailable")
		_, err = w.FinishLogin(w.ctx, []byte("{}"), []byte("{}"))
		wants(t, err, fault.Unavailable, "passkeys_unavailable")
		_, err = w.FinishRegister(w.ctx, p.by, "", []byte("{}"), []byte("{}"))
		wants(t, err, fault.Unavailable, "passkeys_unavailable")
	}
}

func FuzzPasskeyAnswers(f *testing.F) {
	d := dbtest.New(f)
	f.Add([]byte("{}"))
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`))
	f.Add([]byte(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA"}}`))
	var w *world
	var login, register []byte
	var p person
	f.Fuzz(func(t *testing.T, response []byte) {
		if w == nil {
			w = wire(t, d, origin)
			p = w.person(t, "ada")
			_, login, _ = w.BeginLogin(w.ctx)
			_, register, _ = w.BeginRegister(w.ctx, p.by)
		}
		if _, err := w.FinishLogin(w.ctx, login, response); len(fault.All(err)) == 0 {
			t.Errorf("login: %v", err)
		}
		if _, err := w.FinishRegister(w.ctx, p.by, "", register, response); len(fault.All(err)) == 0 {
			t.Errorf("registration: %v", err)
		}
	})
}
