package notice

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// A push service that does not answer costs a worker up to the outbound
// client's patience, and strangers name the services. So one that was away
// twice in a row is not asked again for a while, which doubles up to
// longestPause; and one that was away awayTimes in a row, over awayFor, is
// forgotten.
const (
	firstPause   = time.Minute
	longestPause = time.Hour
	awayTimes    = 5
	awayFor      = 3 * 24 * time.Hour
)

var errAway = fault.Of(fault.Unavailable, "push_away")

// absence is how often in a row a push service did not answer.
type absence struct {
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
	Until time.Time `json:"until"` // not asked before
	Times int       `json:"times"`
}

// lasts tells whether a service is not asked at an instant; nil answers.
func (a *absence) lasts(at time.Time) bool { return a != nil && at.Before(a.Until) }

// longer is the absence after one more time, asked at an instant; nil begins
// one. Many who ask at once are disappointed once.
func (a *absence) longer(asked, now time.Time) absence {
	switch {
	case a == nil:
		return absence{Since: now, Last: now, Until: now, Times: 1}
	case asked.Before(a.Last):
		return *a
	}
	pause := longestPause
	if doubled := a.Times - 1; doubled < 6 {
		pause = min(pause, firstPause<<doubled)
	}
	return absence{Since: a.Since, Last: now, Until: now.Add(pause), Times: a.Times + 1}
}

// forGood tells whether nobody waits for the service any more. While no other
// service took anything since it went away, it may be the board that is cut off.
func (a *absence) forGood(now time.Time, taken int64) bool {
	return a.Times >= awayTimes && !now.Before(a.Since.Add(awayFor)) && taken > a.Since.UnixNano()
}

// missed keeps that a subscription's service did not answer when it was asked,
// or forgets the subscription. Its error makes the push be tried again.
func (n *Notices) missed(ctx context.Context, id string, asked time.Time) error {
	again := error(errAway)
	err := n.db.Write(ctx, func(tx *db.Tx) error {
		again = errAway
		var row subscription
		err := db.One(ctx, tx.NewSelect().Model(&row).Where("id = ?", id), errUnknown)
		if fault.Is(err, fault.NotFound) {
			return nil // taken out meanwhile
		}
		if err != nil {
			return err
		}
		to, ok := n.target(row)
		if !ok {
			return nil
		}
		longer := to.Away.longer(asked, tx.Now)
		if longer.forGood(tx.Now, n.taken.Load()) {
			again = nil
			n.log.Warn("push service away for days", "kind", pushJob{}.Kind())
			return forget(ctx, tx, "id = ?", id)
		}
		to.Away = &longer
		return n.reseal(ctx, tx, id, to)
	})
	if err != nil {
		return err
	}
	return again
}

// reseal keeps a changed target of a subscription that is still there.
func (n *Notices) reseal(ctx context.Context, tx *db.Tx, id string, to target) error {
	plain, err := json.Marshal(to)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*subscription)(nil)).Set("sealed = ?", n.keys.Seal(sealedAs(id), plain)).Where("id = ?", id).Exec(ctx)
	return err
}
