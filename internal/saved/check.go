package saved

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// again is how soon a search is repeated that the index could not answer.
const again = time.Hour

// checkJob runs one search and tells its owner what is new.
type checkJob struct {
	ID string `json:"id"`
}

// Kind is the job's word.
func (checkJob) Kind() string { return "saved_check" }

// come is a search's deadline: the search itself is a job, outside of the
// transaction, and the next one is a day later.
func (s *Saved) come(ctx context.Context, tx *db.Tx, id string) error {
	watched, err := tx.NewSelect().Model((*Search)(nil)).Where("id = ? AND state = ?", id, Watching).Exists(ctx)
	if err != nil || !watched {
		return err
	}
	if err := tx.Enqueue(ctx, checkJob{id}); err != nil {
		return err
	}
	return tx.Due(ctx, due, id, tx.Now.Add(Every))
}

// check runs a search that is due. A repeat finds nothing new, so it tells
// nothing; an index that is away is asked again in an hour.
func (s *Saved) check(ctx context.Context, job checkJob) error {
	var row Search
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&row).Where("id = ?", job.ID), errUnknown)
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	page, err := s.run(ctx, row.Query)
	if fault.Is(err, fault.Invalid) { // of a currency that is no more: a repeat would help nobody
		s.log.Warn("saved search not understood", "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		row, err := s.locked(ctx, tx, job.ID)
		if err != nil || row.State != Watching {
			return err
		}
		if page.Fallback {
			return tx.Due(ctx, due, row.ID, tx.Now.Add(again))
		}
		owner, err := account.ByID(ctx, tx, row.AccountID)
		if err != nil {
			return err
		}
		known, err := findsOf(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		c := s.compare(row, owner.Handle, known, page, tx.Today())
		if err := s.record(ctx, tx, row, c, page); err != nil {
			return err
		}
		if n := c.news(); n > 0 && s.tell != nil {
			return s.tell(ctx, tx, row.AccountID, row.ID, n)
		}
		return nil
	})
	if fault.Is(err, fault.NotFound) { // removed meanwhile
		return nil
	}
	return err
}
