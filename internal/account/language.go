package account

import (
	"context"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// SetLanguage says in which language the actor is told of things: in the feed
// and by push. Nothing is written where it is that already. Faults:
// Unauthenticated (sign_in_needed; session_ended once erased); Invalid
// language_unknown (field language) for one that the branch does not speak.
func (a *Accounts) SetLanguage(ctx context.Context, by Actor, lang string) error {
	if by.Anonymous() {
		return fault.Of(fault.Unauthenticated, "sign_in_needed")
	}
	same := false
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		acc, err := ByID(ctx, tx, by.ID)
		same = acc.Language == lang
		if fault.Is(err, fault.NotFound) {
			return fault.Of(fault.Unauthenticated, "session_ended")
		}
		return err
	})
	if err != nil || same {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		settings, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		if !settings.Speaks(lang) {
			return fault.Bad("language", "language_unknown")
		}
		_, err = tx.NewUpdate().Model((*Account)(nil)).Set("language = ?", lang).Where("id = ?", by.ID).Exec(ctx)
		return err
	})
}
