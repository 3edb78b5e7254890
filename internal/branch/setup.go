package branch

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

const setupPurpose = "setup"

// NewSetupCode makes the one-time code for the console; an earlier one is no
// longer good. It is empty when the first run is over.
func (b *Branch) NewSetupCode(ctx context.Context) (string, error) {
	code := secret.NewCode()
	mac := b.keys.MAC(setupPurpose, []byte(code))
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		if err := ensure(ctx, tx); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*Settings)(nil)).Set("setup_mac = ?", mac[:]).
			Where("id = 1 AND setup_at IS NULL").Exec(ctx)
		return db.Must(res, err, errDone)
	})
	if err == error(errDone) { //nolint:errorlint // our own value, unwrapped
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return code, nil
}

// errDone is Gone: the first run is over. It is never changed.
var errDone = fault.Of(fault.Gone, "setup_done")

// ensure makes the row of defaults where there is none.
func ensure(ctx context.Context, tx *db.Tx) error {
	s := Defaults()
	_, err := tx.NewInsert().Model(&s).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	return err
}

// CheckCode spends the one-time code and ends the first run, in the caller's
// unit of work. Faults: Gone setup_done when the first run is over,
// Unauthenticated setup_code_unknown (field code) for any other code.
func CheckCode(ctx context.Context, tx *db.Tx, keys *secret.Keys, code string) error {
	canonical, ok := secret.ParseCode(code)
	if !ok {
		canonical = "" // looked up all the same: the answer takes equally long
	}
	mac := keys.MAC(setupPurpose, []byte(canonical))
	res, err := tx.NewUpdate().Model((*Settings)(nil)).Set("setup_at = ?, setup_mac = NULL", tx.Now).
		Where("id = 1 AND setup_at IS NULL AND setup_mac = ?", mac[:]).Exec(ctx)
	unknown := &fault.Error{Kind: fault.Unauthenticated, Code: "setup_code_unknown", Field: "code"}
	if err := db.Must(res, err, unknown); err != nil {
		if s, e := Load(ctx, tx); err == error(unknown) && e == nil && s.Done() { //nolint:errorlint // our own value
			return errDone
		}
		return err
	}
	return tx.Changed(ctx, Kind, ID)
}

// Finish ends the first run without a code, in the caller's unit of work, for
// an operator account made at the console. It does nothing when the first run
// is over.
func Finish(ctx context.Context, tx *db.Tx) error {
	if err := ensure(ctx, tx); err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model((*Settings)(nil)).Set("setup_at = ?, setup_mac = NULL", tx.Now).
		Where("id = 1 AND setup_at IS NULL").Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return tx.Changed(ctx, Kind, ID)
}

// Lock makes units of work that count the branch's operators follow one
// another: each waits here until the one before has committed.
func Lock(ctx context.Context, tx *db.Tx) error {
	if err := ensure(ctx, tx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*Settings)(nil)).Set("id = id").Where("id = 1").Exec(ctx)
	return err
}
