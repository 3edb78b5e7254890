package fund

import (
	"context"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// The bounds of a goal's texts, in characters.
const (
	MaxTitle = 120
	MaxAbout = 1000
)

// The states of a goal.
const (
	Open   = "open"
	Closed = "closed"
)

// Goal is something that money is collected for: one row.
type Goal struct {
	bun.BaseModel `bun:"table:fund_goal,alias:g"`

	ID       string    `bun:"id,pk"` // a short word, as in addresses
	Title    string    `bun:"title"`
	About    string    `bun:"about"`
	Amount   int64     `bun:"amount"` // what is needed, minor units
	Currency string    `bun:"currency"`
	State    string    `bun:"state"`
	OpenedOn time.Time `bun:"opened_on"`
	EndsOn   time.Time `bun:"ends_on,nullzero"`
	ClosedOn time.Time `bun:"closed_on,nullzero"`

	Raised int64 `bun:"raised,scanonly"` // only of Goals and Goal
	Gifts  int   `bun:"gifts,scanonly"`  // so many gifts, without reversed ones
}

// Percent is how much of the goal is there: 100 when it is reached, 999 at most.
func (g Goal) Percent() int {
	if g.Amount <= 0 || g.Raised <= 0 {
		return 0
	}
	return int(min(g.Raised*100/g.Amount, 999)) // sums stay far below what a hundredfold could overflow
}

// GoalInput is what an operator says of a goal. EndsOn may be zero.
type GoalInput struct {
	ID     string
	Title  string
	About  string
	Amount money.Amount
	EndsOn time.Time
}

var goalWord = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,39}$`)

// OpenGoal begins a collection. It needs an operator. What is said of a goal
// stands: givers rely on it. Faults: Unauthenticated, Forbidden; Invalid by
// field: fund_goal_word (id), required, too_long, fund_order_reference,
// fund_contact (title, about), fund_advertising (title), those of money
// (amount), fund_goal_end (ends_on); Conflict fund_goal_exists.
func (f *Fund) OpenGoal(ctx context.Context, by account.Actor, in GoalInput) (out Goal, err error) {
	if err := need(by); err != nil {
		return Goal{}, err
	}
	row := Goal{ID: in.ID, Title: tidy(in.Title), About: tidy(in.About), Amount: in.Amount.Minor, Currency: in.Amount.Currency, State: Open}
	if !in.EndsOn.IsZero() {
		row.EndsOn = db.Day(in.EndsOn)
	}
	if err := checkGoal(row, in.Amount); err != nil {
		return Goal{}, err
	}
	err = f.db.Write(ctx, func(tx *db.Tx) error {
		out = row
		out.OpenedOn = tx.Today()
		if !out.EndsOn.IsZero() && !out.EndsOn.After(out.OpenedOn) {
			return fault.Bad("ends_on", "fund_goal_end")
		}
		n, err := tx.NewSelect().Model((*Goal)(nil)).Where("id = ?", out.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fault.Of(fault.Conflict, "fund_goal_exists")
		}
		_, err = tx.NewInsert().Model(&out).Exec(ctx)
		return err
	})
	if err != nil {
		return Goal{}, err
	}
	return out, nil
}

func checkGoal(row Goal, amount money.Amount) error {
	var bad fault.Fields
	if !goalWord.MatchString(row.ID) {
		bad.Add(fault.Bad("id", "fund_goal_word"))
	}
	switch {
	case utf8.RuneCountInString(row.Title) == 0:
		bad.Add(fault.Bad("title", "required"))
	case advertises(row.Title):
		bad.Add(fault.Bad("title", "fund_advertising"))
	default:
		bad.Add(plain("title", row.Title, MaxTitle))
	}
	bad.Add(plain("about", row.About, MaxAbout))
	bad.Add(amountOf(amount))
	return bad.Err()
}

// CloseGoal ends a collection. It needs an operator. Faults: Unauthenticated,
// Forbidden; NotFound fund_goal_unknown; Conflict fund_goal_closed.
func (f *Fund) CloseGoal(ctx context.Context, by account.Actor, id string) error {
	if err := need(by); err != nil {
		return err
	}
	return f.db.Write(ctx, func(tx *db.Tx) error {
		if err := db.One(ctx, tx.NewSelect().Model((*Goal)(nil)).Column("id").Where("id = ?", id), errGoal, new(string)); err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model((*Goal)(nil)).Set("state = ?, closed_on = ?", Closed, tx.Today()).
			Where("id = ? AND state = ?", id, Open).Exec(ctx)
		return db.Must(res, err, errClosed)
	})
}

var (
	errGoal   = fault.Of(fault.NotFound, "fund_goal_unknown")
	errClosed = fault.Of(fault.Conflict, "fund_goal_closed")
)

// Goals lists the goals with what is raised, open ones first, then the newest.
func (f *Fund) Goals(ctx context.Context) (out []Goal, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		out, err = goals(ctx, tx)
		return err
	})
	return out, err
}

func goals(ctx context.Context, tx *db.Tx) ([]Goal, error) {
	out := []Goal{}
	err := withRaised(tx, &out).OrderExpr("g.state DESC, g.opened_on DESC, g.id").Scan(ctx)
	return out, err
}

// Goal reads one goal with what is raised. Fault: NotFound fund_goal_unknown.
func (f *Fund) Goal(ctx context.Context, id string) (out Goal, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, withRaised(tx, &out).Where("g.id = ?", id), errGoal)
	})
	return out, err
}

func withRaised(tx *db.Tx, dest any) *bun.SelectQuery {
	return tx.NewSelect().Model(dest).ColumnExpr("g.*").
		ColumnExpr("(SELECT CAST(COALESCE(sum(e.amount), 0) AS BIGINT) FROM fund_entry AS e WHERE e.goal_id = g.id) AS raised").
		ColumnExpr("(SELECT COALESCE(sum(CASE WHEN e.reverses IS NULL THEN 1 ELSE -1 END), 0) FROM fund_entry AS e WHERE e.goal_id = g.id) AS gifts")
}

// goalTakes checks that the goal of an entry is open and counts in its currency.
func goalTakes(ctx context.Context, tx *db.Tx, row Entry) error {
	if row.GoalID == "" {
		return nil
	}
	var g Goal
	if err := db.One(ctx, tx.NewSelect().Model(&g).Where("id = ?", row.GoalID), errGoal); err != nil {
		return err
	}
	switch {
	case g.State != Open:
		return errClosed
	case g.Currency != row.Currency:
		return fault.Bad("amount", "fund_goal_currency").With("Currency", g.Currency)
	}
	return nil
}
