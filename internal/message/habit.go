package message

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// How a habit is made of acts.
const (
	DefaultCapacity = 10
	MaxCapacity     = 50
	SilentReminder  = 2              // inquiries in a row without an answer, then the tutor is asked
	SilentPause     = 3              // then the profile is paused
	SilentGrace     = 24 * time.Hour // but not sooner after the tutor was asked
	habitDays       = 180            // how far back inquiries count
	habitLast       = 20             // the median is over so many answers
	habitFrom       = 3              // fewer tell nothing
)

// habit is one row, with how many inquiries wait for the tutor now. Whoever
// has no row has the zero habit with the default capacity.
type habit struct {
	bun.BaseModel `bun:"table:reply_habit,alias:h"`

	AccountID  string    `bun:"account_id,pk"`
	Asked      int       `bun:"asked"`    // inquiries that were answered, declined or expired
	Answered   int       `bun:"answered"` // of them answered or declined
	Median     *int      `bun:"median_minutes"`
	Unanswered int       `bun:"unanswered"` // expired in a row while the profile was open
	Capacity   int       `bun:"capacity"`
	SleptOn    time.Time `bun:"slept_on,nullzero"`

	Waiting int `bun:"waiting,scanonly"`
}

// shown is the habit as everybody sees it.
func (h *habit) shown() profile.Habit {
	out := profile.Habit{Free: min(max(h.Capacity-h.Waiting, 0), profile.ManyFree)}
	if h.Answered >= habitFrom && h.Median != nil {
		out.Minutes = (max(*h.Median, 1) + 59) / 60 * 60
	}
	if h.Asked >= habitFrom {
		out.Known = true
		out.Share = (h.Answered*100/h.Asked + 5) / 10 * 10
		if h.Answered < h.Asked {
			out.Share = min(out.Share, 90) // 100 is said of those only who answer all
		}
	}
	return out
}

// loadHabits reads habits of accounts that exist, in one query.
func loadHabits(ctx context.Context, tx *db.Tx, ids []string) (rows []habit, err error) {
	err = tx.NewSelect().TableExpr("account AS a").Join("LEFT JOIN reply_habit AS h ON h.account_id = a.id").
		ColumnExpr("a.id AS account_id, coalesce(h.asked, 0) AS asked, coalesce(h.answered, 0) AS answered, h.median_minutes").
		ColumnExpr("coalesce(h.unanswered, 0) AS unanswered, coalesce(h.capacity, ?) AS capacity, h.slept_on", DefaultCapacity).
		ColumnExpr("(SELECT count(*) FROM inquiry AS i WHERE i.tutor_id = a.id AND i.state = 'open') AS waiting").
		Where("a.id IN (?)", bun.List(ids)).Scan(ctx, &rows)
	return rows, err
}

func loadHabit(ctx context.Context, tx *db.Tx, id string) (habit, error) {
	rows, err := loadHabits(ctx, tx, []string{id})
	if err != nil || len(rows) == 0 {
		return habit{AccountID: id, Capacity: DefaultCapacity}, err
	}
	return rows[0], nil
}

// Habits tells how tutors answer, in one query. It implements profile.Habits.
func (m *Messages) Habits(ctx context.Context, tx *db.Tx, ids []string) (map[string]profile.Habit, error) {
	out := make(map[string]profile.Habit, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := loadHabits(ctx, tx, ids)
	for i := range rows {
		out[rows[i].AccountID] = rows[i].shown()
	}
	return out, err
}

// Habit is how one tutor answers, for the own page and the profile's.
func (m *Messages) Habit(ctx context.Context, accountID string) (out profile.Habit, err error) {
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		h, err := loadHabit(ctx, tx, accountID)
		out = h.shown()
		return err
	})
	return out, err
}

// Standing is what a tutor sees of the own habit.
type Standing struct {
	profile.Habit
	Asked      int // inquiries within 180 days that were answered, declined or expired
	Answered   int // of them answered or declined
	Waiting    int // inquiries that wait now
	Capacity   int // how many may wait
	Unanswered int // in a row, while the profile was open
	SleptOn    time.Time
}

// Slept tells that three inquiries in a row without an answer paused the
// profile: profile.StillHere opens it again.
func (s *Standing) Slept() bool { return !s.SleptOn.IsZero() }

// Standing reads the actor's own habit. Fault: Unauthenticated.
func (m *Messages) Standing(ctx context.Context, by account.Actor) (out Standing, err error) {
	if by.Anonymous() {
		return Standing{}, errNobody
	}
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		h, err := loadHabit(ctx, tx, by.ID)
		out = Standing{Habit: h.shown(), Asked: h.Asked, Answered: h.Answered, Waiting: h.Waiting, Capacity: h.Capacity,
			Unanswered: h.Unanswered, SleptOn: h.SleptOn}
		return err
	})
	return out, err
}

// SetCapacity says how many inquiries may wait for the actor at once. Faults:
// Unauthenticated; Invalid capacity_range (field capacity, argument Max).
func (m *Messages) SetCapacity(ctx context.Context, by account.Actor, n int) error {
	if by.Anonymous() {
		return errNobody
	}
	if n < 1 || n > MaxCapacity {
		return fault.Bad("capacity", "capacity_range").With("Max", MaxCapacity)
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		return m.showing(ctx, tx, by.ID, func() error {
			h, err := m.holdHabit(ctx, tx, by.ID)
			if err != nil {
				return err
			}
			h.Capacity = n
			return h.save(ctx, tx)
		})
	})
}

// holdHabit makes the row if there is none and keeps it to this unit of work,
// after the tutor's profile: whoever holds both holds them in this order.
func (m *Messages) holdHabit(ctx context.Context, tx *db.Tx, id string) (h habit, err error) {
	if err := m.profiles.Hold(ctx, tx, id); err != nil {
		return habit{}, err
	}
	row := habit{AccountID: id, Capacity: DefaultCapacity}
	if _, err = tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").Set("capacity = h.capacity").Exec(ctx); err != nil {
		return habit{}, err
	}
	return loadHabit(ctx, tx, id)
}

func (h *habit) save(ctx context.Context, tx *db.Tx) error {
	_, err := tx.NewUpdate().Model(h).WherePK().Exec(ctx)
	return err
}

// showing runs an act and tells the profile when what everybody sees of the
// tutor's habit is another afterwards.
func (m *Messages) showing(ctx context.Context, tx *db.Tx, tutor string, act func() error) error {
	if tutor == "" {
		return act()
	}
	before, err := loadHabit(ctx, tx, tutor)
	if err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	after, err := loadHabit(ctx, tx, tutor)
	if err != nil || before.shown() == after.shown() {
		return err
	}
	return m.profiles.Touch(ctx, tx, tutor)
}

// learn makes a tutor's habit anew after an act ended an inquiry.
func (m *Messages) learn(ctx context.Context, tx *db.Tx, tutor string, act Act) error {
	if act == Withdraw || tutor == "" {
		return nil
	}
	h, err := m.holdHabit(ctx, tx, tutor)
	if err != nil {
		return err
	}
	if act != Expire {
		h.Unanswered = 0
		if err := tx.NotDue(ctx, dueSilence, tutor); err != nil {
			return err
		}
	}
	return m.count(ctx, tx, &h)
}

// count makes a habit of the inquiries that ended within its days, and sets
// the day on which the oldest of them stops to count.
func (m *Messages) count(ctx context.Context, tx *db.Tx, h *habit) error {
	var rows []Inquiry
	err := tx.NewSelect().Model(&rows).Column("i.state", "i.created_at", "i.ended_at").
		Where("i.tutor_id = ? AND i.ended_at > ?", h.AccountID, tx.Today().AddDate(0, 0, -habitDays)).
		Where("i.state IN (?) OR i.state = ? AND NOT "+reportedSQL, bun.List([]State{Answered, Declined}), Expired).
		OrderExpr("i.ended_at DESC, i.id").Scan(ctx)
	if err != nil {
		return err
	}
	var minutes []int
	h.Asked, h.Answered, h.Median = len(rows), 0, nil
	for i := range rows {
		if rows[i].State == Expired {
			continue
		}
		if h.Answered++; len(minutes) < habitLast {
			minutes = append(minutes, int(rows[i].EndedAt.Sub(rows[i].CreatedAt).Minutes()))
		}
	}
	if len(minutes) > 0 {
		slices.Sort(minutes)
		median := (minutes[(len(minutes)-1)/2] + minutes[len(minutes)/2]) / 2
		h.Median = &median
	}
	if err := h.save(ctx, tx); err != nil {
		return err
	}
	if len(rows) == 0 {
		return tx.NotDue(ctx, dueHabit, h.AccountID)
	}
	return tx.Due(ctx, dueHabit, h.AccountID, db.Day(rows[len(rows)-1].EndedAt).AddDate(0, 0, habitDays+1))
}

// reportedSQL tells of an inquiry, as i, that its tutor reported: nobody owes an
// answer to such words.
const reportedSQL = "EXISTS (SELECT 1 FROM message_report AS r WHERE r.thread_id = i.id AND NOT r.by_learner)"

// unansweredSQL tells of an inquiry, as i, of a tutor that it expired in the
// tutor's present silence: since the last answer to anybody.
const unansweredSQL = "i.tutor_id = ? AND i.state = 'expired' AND NOT EXISTS (SELECT 1 FROM inquiry AS s " +
	"WHERE s.tutor_id = i.tutor_id AND s.state IN ('answered', 'declined') AND s.ended_at >= i.ended_at) AND NOT " + reportedSQL

// anew tells whether an inquiry that has just expired adds to its tutor's
// silence: it is the first of its learner there, so that nobody pauses a tutor
// alone, and the tutor did not report it.
func anew(ctx context.Context, tx *db.Tx, row *Inquiry) (bool, error) {
	var ids []string
	err := tx.NewSelect().Model((*Inquiry)(nil)).Column("i.id").Where(unansweredSQL, row.TutorID).Where("i.learner_id = ?", row.LearnerID).
		Scan(ctx, &ids)
	return err == nil && len(ids) == 1 && ids[0] == row.ID, err
}

// forgive takes an inquiry that its tutor reports back from the tutor's habit
// and silence.
func (m *Messages) forgive(ctx context.Context, tx *db.Tx, t *thread) error {
	row, err := loadInquiry(ctx, tx, t.ID)
	if fault.Is(err, fault.NotFound) || err == nil && row.State != Expired {
		return nil
	}
	if err != nil {
		return err
	}
	var left int
	err = tx.NewSelect().Model((*Inquiry)(nil)).ColumnExpr("count(DISTINCT i.learner_id)").Where(unansweredSQL, t.TutorID).Scan(ctx, &left)
	if err != nil {
		return err
	}
	if err := m.recount(ctx, tx, t.TutorID); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*habit)(nil)).Set("unanswered = ?", left).Where("account_id = ? AND unanswered > ?", t.TutorID, left).Exec(ctx)
	return err
}

// ageHabit counts anew when the oldest inquiry counts no more.
func (m *Messages) ageHabit(ctx context.Context, tx *db.Tx, id string) error {
	return m.recount(ctx, tx, id)
}

// recount makes a tutor's habit anew of what is left.
func (m *Messages) recount(ctx context.Context, tx *db.Tx, tutor string) error {
	if tutor == "" {
		return nil
	}
	if _, err := account.ByID(ctx, tx, tutor); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	return m.showing(ctx, tx, tutor, func() error {
		h, err := m.holdHabit(ctx, tx, tutor)
		if err != nil {
			return err
		}
		return m.count(ctx, tx, &h)
	})
}

// ProfileChanged forgets why a profile was paused once it is open again. It
// implements profile.Follower.
func (m *Messages) ProfileChanged(ctx context.Context, tx *db.Tx, accountID string) error {
	h, err := loadHabit(ctx, tx, accountID)
	if err != nil || h.SleptOn.IsZero() {
		return err
	}
	p, err := profile.ByID(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && p.PausedBy == profile.BySilence {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*habit)(nil)).Set("slept_on = NULL").Where("account_id = ?", accountID).Exec(ctx)
	return err
}
