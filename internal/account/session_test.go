package account_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

// data is what scs stores for a session of the account, or of nobody.
func data(t *testing.T, accountID string, epoch int64) []byte {
	t.Helper()
	values := map[string]any{"form": "x"}
	if accountID != "" {
		values[account.SessionAccount], values[account.SessionEpoch] = accountID, epoch
	}
	b, err := scs.GobCodec{}.Encode(dbtest.Start.Add(time.Hour), values)
	must(t, err)
	return b
}

func TestSessionsAreKeptAndEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		store, p := w.Sessions(), w.person(t, "ada")
		until := w.Clock.Now().Add(30 * 24 * time.Hour)
		mine, nobodys := data(t, p.ID, 0), data(t, "", 0)
		must(t, store.Commit("mine", mine, until))
		must(t, store.Commit("nobody", nobodys, until))
		must(t, store.Commit("nobody", nobodys, until)) // again
		for token, want := range map[string][]byte{"mine": mine, "nobody": nobodys, "other": nil, "": nil} {
			got, found, err := store.Find(token)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" || found != (want != nil) {
				t.Errorf("%q: found %v (-want +got):\n%s", token, found, diff)
			}
		}
		// One who signs in becomes known to the row; an anonymous one is short-lived.
		w.Clock.Advance(account.AnonymousFor)
		if _, found, _ := store.Find("nobody"); found {
			t.Error("an anonymous session lives on")
		}
		if _, found, _ := store.Find("mine"); !found {
			t.Error("a session ended early")
		}
		must(t, store.Commit("nobody", mine, until))
		if n := w.rows(t, "SELECT count(*) FROM session WHERE account_id = ?", p.ID); n != 2 {
			t.Errorf("%d rows of ada, want 2", n)
		}
		must(t, store.Delete("nobody"))
		must(t, store.Delete("nobody"))
		w.Clock.Advance(30 * 24 * time.Hour)
		if _, found, _ := store.Find("mine"); found {
			t.Error("an expired session was found")
		}
		w.works(t, func() bool { return w.rows(t, "SELECT count(*) FROM session") == 0 }) // the sweep
	})
}

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		store, p, other := w.Sessions(), w.person(t, "ada"), w.person(t, "ben")
		until := w.Clock.Now().Add(time.Hour)
		for token, who := range map[string]person{"a": p, "b": p, "c": other} {
			must(t, store.Commit(token, data(t, who.ID, 0), until))
		}
		must(t, w.SignOutEverywhere(w.ctx, p.by, false))
		for token, want := range map[string]bool{"a": false, "b": false, "c": true} {
			if _, found, err := store.Find(token); err != nil || found != want {
				t.Errorf("%s: found %v, %v", token, found, err)
			}
		}
		// A request that was under way writes its session back: it is of an old epoch.
		must(t, store.Commit("a", data(t, p.ID, 0), until))
		_, err := w.SessionActor(w.ctx, p.ID, 0)
		wants(t, err, fault.Unauthenticated, "session_ended")
		if by, err := w.SessionActor(w.ctx, p.ID, 1); err != nil || by != p.by {
			t.Errorf("got %+v, %v", by, err)
		}
		wants(t, w.SignOutEverywhere(w.ctx, account.Actor{}, true), fault.Unauthenticated, "sign_in_needed")
	})
}

// Tokens end with the sessions only when asked, and only the actor's own.
func TestSignOutEverywhereWithTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.person(t, "ada"), w.person(t, "ben")
		mine, _, err := w.NewToken(w.ctx, p.by, "bot")
		must(t, err)
		second, _, err := w.NewToken(w.ctx, p.by, "")
		must(t, err)
		theirs, _, err := w.NewToken(w.ctx, other.by, "")
		must(t, err)
		for _, tokens := range []bool{false, true} {
			must(t, w.SignOutEverywhere(w.ctx, p.by, tokens))
			for _, token := range []string{mine, second} {
				if _, err := w.ActorByToken(w.ctx, token); (err != nil) != tokens {
					t.Errorf("ended with tokens %v: %v", tokens, err)
				}
			}
		}
		if by, err := w.ActorByToken(w.ctx, theirs); err != nil || by != other.by {
			t.Errorf("somebody else's token: %+v, %v", by, err)
		}
		if list, err := w.Tokens(w.ctx, p.by); err != nil || len(list) != 0 {
			t.Errorf("left: %+v, %v", list, err)
		}
		fresh, _, err := w.NewToken(w.ctx, p.by, "")
		must(t, err)
		if _, err := w.ActorByToken(w.ctx, fresh); err != nil {
			t.Errorf("a new token: %v", err)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		store, until := w.Sessions(), w.Clock.Now().Add(time.Hour)
		wants(t, store.Commit("x", bytes.Repeat([]byte("x"), 16385), until), fault.TooLarge, "session_too_large")
		wants(t, store.Commit("x", data(t, "no-such-account", 0), until), fault.Unauthenticated, "session_ended")
		if err := store.Commit("x", []byte("junk"), until); err == nil {
			t.Error("junk was stored")
		}
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p, other := w.person(t, "ada"), w.person(t, "ben")
		token, row, err := w.NewToken(w.ctx, p.by, "  бот ")
		must(t, err)
		if row.Name != "бот" || row.AccountID != p.ID {
			t.Errorf("got %+v", row)
		}
		by, err := w.ActorByToken(w.ctx, token)
		if err != nil || by != p.by {
			t.Errorf("got %+v, %v", by, err)
		}
		for _, wrong := range []string{"", "odt_", token + "x", token[1:], p.code, p.ID} {
			_, err := w.ActorByToken(w.ctx, wrong)
			wants(t, err, fault.Unauthenticated, "token_unknown")
		}
		_, _, err = w.NewToken(w.ctx, p.by, "a\nb")
		wants(t, err, fault.Invalid, "name_form")
		wants(t, w.RemoveToken(w.ctx, other.by, row.ID), fault.NotFound, "token_unknown")
		// Signing out everywhere leaves tokens alone; their owner sees them.
		must(t, w.SignOutEverywhere(w.ctx, p.by, false))
		list, err := w.Tokens(w.ctx, p.by)
		if err != nil || len(list) != 1 || list[0].ID != row.ID {
			t.Errorf("got %+v, %v", list, err)
		}
		must(t, w.RemoveToken(w.ctx, p.by, row.ID))
		_, err = w.ActorByToken(w.ctx, token)
		wants(t, err, fault.Unauthenticated, "token_unknown")

		token, _, err = w.NewToken(w.ctx, p.by, "")
		must(t, err)
		w.Clock.Advance(account.TokenFor)
		_, err = w.ActorByToken(w.ctx, token)
		wants(t, err, fault.Unauthenticated, "token_unknown")
		must(t, w.Expire(w.ctx))
		if n := w.rows(t, "SELECT count(*) FROM api_token"); n != 0 {
			t.Errorf("%d tokens left by the sweep", n)
		}
	})
}

func TestTokensAreBoundedAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		p := w.person(t, "ada")
		errs := together(account.MaxTokens+8, func(int) error {
			_, _, err := w.NewToken(w.ctx, p.by, "")
			return err
		})
		if n := count(errs); n != account.MaxTokens {
			t.Errorf("%d tokens, want %d", n, account.MaxTokens)
		}
		_, _, err := w.NewToken(w.ctx, p.by, "")
		wants(t, err, fault.Conflict, "too_many_tokens")
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		has, asks account.Role
		want      bool
	}{
		{account.Operator, account.Moderator, true}, {account.Operator, account.Operator, true}, {account.Moderator, account.Operator, false},
		{account.Moderator, account.Member, true}, {account.Member, account.Moderator, false}, {"", account.Member, false}, {"", "", false},
		{"queen", account.Member, false}, {account.Operator, "queen", false},
	} {
		if got := (account.Actor{ID: "1", Role: tt.has}).Is(tt.asks); got != tt.want {
			t.Errorf("%q is %q: %v", tt.has, tt.asks, got)
		}
	}
}

func TestGrantRoleKeepsAnOperator(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		boss, member := w.officer(t, "boss", account.Operator), w.person(t, "ada")
		wants(t, w.GrantRole(w.ctx, member.by, "ada", account.Operator), fault.Forbidden, "not_allowed")
		wants(t, w.GrantRole(w.ctx, boss.by, "nobody-here", account.Member), fault.NotFound, "account_unknown")
		wants(t, w.GrantRole(w.ctx, boss.by, "ada", "queen"), fault.Invalid, "role_unknown")
		wants(t, w.GrantRole(w.ctx, boss.by, "boss", account.Member), fault.Conflict, "last_operator")
		wants(t, w.Erase(w.ctx, boss.by, "boss"), fault.Conflict, "last_operator")
		must(t, w.GrantRole(w.ctx, account.Console(), "ada", account.Operator))
		by, err := w.SessionActor(w.ctx, member.ID, 0)
		if err != nil || by.Role != account.Operator {
			t.Errorf("got %+v, %v", by, err)
		}
		// Each deposes the other at once: one stays.
		errs := together(2, func(i int) error {
			return w.GrantRole(w.ctx, account.Console(), []string{"ada", "boss"}[i], account.Member)
		})
		if n := count(errs); n != 1 {
			t.Errorf("%d deposed, want 1: %v", n, errs)
		}
		if n := w.rows(t, "SELECT count(*) FROM account WHERE role = 'operator'"); n != 1 {
			t.Errorf("%d operators", n)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		boss := w.officer(t, "boss", account.Operator)
		for _, handle := range []string{"ada", "abel", "ben", "a_a"} {
			w.person(t, handle)
		}
		_, err := w.List(w.ctx, account.Actor{ID: "1", Role: account.Moderator}, account.Filter{})
		wants(t, err, fault.Forbidden, "not_allowed")
		for _, tt := range []struct {
			filter account.Filter
			want   []string
		}{
			{account.Filter{}, []string{"a_a", "abel", "ada", "ben", "boss"}},
			{account.Filter{Role: account.Operator}, []string{"boss"}},
			{account.Filter{State: account.NotClaimed}, nil},
			{account.Filter{Prefix: "a_"}, []string{"a_a"}},
			{account.Filter{Limit: 2}, []string{"a_a", "abel"}},
			{account.Filter{Limit: 2, After: "abel"}, []string{"ada", "ben"}},
		} {
			list, err := w.List(w.ctx, boss.by, tt.filter)
			must(t, err)
			var got []string
			for _, acc := range list {
				got = append(got, acc.Handle)
				if acc.RecoveryMAC != nil {
					t.Error("a list holds hashes of codes")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", tt.filter, diff)
			}
		}
	})
}
