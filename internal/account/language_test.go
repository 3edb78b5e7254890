package account_test

import (
	"context"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

func TestSetLanguage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, p := context.Background(), w.person(t, "ada")
		speaks := func(id string) (lang string) {
			t.Helper()
			must(t, w.Read(ctx, func(tx *db.Tx) error {
				acc, err := account.ByID(ctx, tx, id)
				lang = acc.Language
				return err
			}))
			return lang
		}
		other := w.person(t, "ben")
		before := speaks(other.ID)
		for _, lang := range []string{"en", "ru", "ru", "en"} {
			must(t, w.SetLanguage(ctx, p.Actor(), lang))
			if got := speaks(p.ID); got != lang {
				t.Errorf("after %s it is %s", lang, got)
			}
		}
		if got := speaks(other.ID); got != before {
			t.Errorf("another's became %s", got)
		}
		for _, lang := range []string{"", "de", "EN", "en\x00"} {
			wants(t, w.SetLanguage(ctx, p.Actor(), lang), fault.Invalid, "language_unknown")
		}
		w.settle(t, func(s *branch.Settings) { s.Languages = []string{"en"} })
		wants(t, w.SetLanguage(ctx, p.Actor(), "ru"), fault.Invalid, "language_unknown")
		wants(t, w.SetLanguage(ctx, account.Actor{}, "en"), fault.Unauthenticated, "sign_in_needed")
		wants(t, w.SetLanguage(ctx, account.Actor{ID: "00000000-0000-4000-8000-000000000000"}, "en"), fault.Unauthenticated, "session_ended")
		if got := speaks(p.ID); got != "en" {
			t.Errorf("a refusal left %s", got)
		}
	})
}
