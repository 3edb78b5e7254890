package notice

import (
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// The sizes of a page of the inbox.
const (
	PageSize    = 20  // by default
	MaxPageSize = 100 // at most
	maxIDs      = 100
)

// idForm is what our ids look like. Any text may be asked for, and a database
// refuses some.
var idForm = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// Filter narrows an inbox; its zero value is the first page of all of it.
type Filter struct {
	Unread bool   // only what was not read
	Kinds  []Kind // any of these; none: all
	Page   int    // from 1; 0 is 1
	Limit  int    // a page's size, up to MaxPageSize; 0 is PageSize
}

// Page is one page of an inbox, newest first.
type Page struct {
	Items  []Notice
	Total  int // of the filter
	Unread int // of the whole inbox
	Page   int // from 1
	Pages  int // at least 1
}

// mine narrows a query to what an account's inbox shows.
func mine(q *bun.SelectQuery, id string) *bun.SelectQuery {
	return q.Where("account_id = ? AND NOT removed", id)
}

// Inbox reads a page of the actor's inbox; beyond the last page it is empty.
// Faults: Unauthenticated; Invalid kind_unknown (field kind), page_range
// (fields page, limit).
func (n *Notices) Inbox(ctx context.Context, by account.Actor, f Filter) (out Page, err error) {
	if err := own(by); err != nil {
		return Page{}, err
	}
	if f, err = f.clean(); err != nil {
		return Page{}, err
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		out = Page{Items: []Notice{}, Page: f.Page}
		q := mine(tx.NewSelect().Model(&out.Items), by.ID)
		if f.Unread {
			q.Where("read_at IS NULL")
		}
		if len(f.Kinds) > 0 {
			q.Where("kind IN (?)", bun.List(f.Kinds))
		}
		total, err := q.Count(ctx)
		if err != nil {
			return err
		}
		out.Total, out.Pages = int(total), max(1, (int(total)+f.Limit-1)/f.Limit)
		if out.Unread, err = unread(ctx, tx, by.ID); err != nil {
			return err
		}
		return q.OrderExpr("created_at DESC, id").Limit(int64(f.Limit)).Offset(int64((f.Page - 1) * f.Limit)).Scan(ctx)
	})
	return out, err
}

const maxPages = 10_000

func (f Filter) clean() (Filter, error) {
	var bad fault.Fields
	if slices.ContainsFunc(f.Kinds, func(k Kind) bool { return !slices.Contains(Kinds(), k) }) {
		bad.Add(fault.Bad("kind", "kind_unknown"))
	}
	if f.Page < 0 || f.Page > maxPages {
		bad.Add(fault.Bad("page", "page_range"))
	}
	if f.Limit < 0 || f.Limit > MaxPageSize {
		bad.Add(fault.Bad("limit", "page_range"))
	}
	f.Page = max(f.Page, 1)
	if f.Limit == 0 {
		f.Limit = PageSize
	}
	return f, bad.Err()
}

// Unread counts what the actor has not read, for the number beside the inbox.
// Faults: Unauthenticated.
func (n *Notices) Unread(ctx context.Context, by account.Actor) (count int, err error) {
	if err := own(by); err != nil {
		return 0, err
	}
	err = n.db.Read(ctx, func(tx *db.Tx) error {
		count, err = unread(ctx, tx, by.ID)
		return err
	})
	return count, err
}

func unread(ctx context.Context, tx *db.Tx, id string) (int, error) {
	k, err := mine(tx.NewSelect().Model((*Notice)(nil)), id).Where("read_at IS NULL").Count(ctx)
	return int(k), err
}

// Open reads one notice of the actor's and marks it read: what following it
// from the inbox does. Faults: Unauthenticated; NotFound notice_unknown.
func (n *Notices) Open(ctx context.Context, by account.Actor, id string) (out Notice, err error) {
	if err := own(by); err != nil {
		return Notice{}, err
	}
	if !idForm.MatchString(id) {
		return Notice{}, errUnknown
	}
	err = n.db.Write(ctx, func(tx *db.Tx) error {
		out = Notice{}
		if err := db.One(ctx, mine(tx.NewSelect().Model(&out), by.ID).Where("id = ?", id), errUnknown); err != nil {
			return err
		}
		if !out.Unread() {
			return nil
		}
		out.ReadAt = tx.Now
		return marked(ctx, tx, by.ID, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Where("id = ?", id) })
	})
	return out, err
}

// MarkRead marks notices of the actor's as read; those that are read stay as
// they are. Faults: Unauthenticated; Invalid required, too_many (field ids: 1 to
// 100); NotFound notice_unknown where none of them is the actor's.
func (n *Notices) MarkRead(ctx context.Context, by account.Actor, ids ...string) error {
	if err := own(by); err != nil {
		return err
	}
	if len(ids) == 0 {
		return fault.Bad("ids", "required")
	}
	if len(ids) > maxIDs {
		return fault.Bad("ids", "too_many").With("Max", maxIDs)
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !idForm.MatchString(id) })
	if len(ids) == 0 {
		return errUnknown
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		known, err := mine(tx.NewSelect().Model((*Notice)(nil)), by.ID).Where("id IN (?)", bun.List(ids)).Exists(ctx)
		if err != nil {
			return err
		}
		if !known {
			return errUnknown
		}
		return marked(ctx, tx, by.ID, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Where("id IN (?)", bun.List(ids)) })
	})
}

// MarkAllRead marks everything as read that was there at an instant, such as
// when the page was shown, so that what came since stays new. The zero instant
// is now. Faults: Unauthenticated.
func (n *Notices) MarkAllRead(ctx context.Context, by account.Actor, at time.Time) error {
	if !at.IsZero() && at.Unix() < 0 {
		return own(by) // nothing was told then, and PostgreSQL knows no year 0
	}
	return n.mark(ctx, by, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		if at.IsZero() {
			return q
		}
		return q.Where("created_at <= ?", at.UTC())
	})
}

// MarkPathRead marks everything as read that leads to a local address: what
// reading that page does. Most readings find nothing to mark, and then nobody
// waits for the one writer. Faults: Unauthenticated.
func (n *Notices) MarkPathRead(ctx context.Context, by account.Actor, path string) error {
	if err := own(by); err != nil || !pathForm.MatchString(path) {
		return err
	}
	some := false
	err := n.db.Read(ctx, func(tx *db.Tx) (err error) {
		some, err = mine(tx.NewSelect().Model((*Notice)(nil)), by.ID).Where("read_at IS NULL AND path = ?", path).Exists(ctx)
		return err
	})
	if err != nil || !some {
		return err
	}
	return n.mark(ctx, by, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Where("path = ?", path) })
}

func (n *Notices) mark(ctx context.Context, by account.Actor, narrow func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	if err := own(by); err != nil {
		return err
	}
	return n.db.Write(ctx, func(tx *db.Tx) error { return marked(ctx, tx, by.ID, narrow) })
}

func marked(ctx context.Context, tx *db.Tx, id string, narrow func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	_, err := narrow(tx.NewUpdate().Model((*Notice)(nil)).Set("read_at = ?", tx.Now).
		Where("account_id = ? AND read_at IS NULL AND NOT removed", id)).Exec(ctx)
	return err
}

// Remove takes a notice out of the actor's inbox. What it said is deleted; that
// it was there is kept as long as any notice, so that a repeat of its cause
// does not bring it back. Faults: Unauthenticated; NotFound notice_unknown.
func (n *Notices) Remove(ctx context.Context, by account.Actor, id string) error {
	if err := own(by); err != nil {
		return err
	}
	if !idForm.MatchString(id) {
		return errUnknown
	}
	return n.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model((*Notice)(nil)).
			Set("removed = ?, path = '', handle = '', args = '{}', read_at = NULL", true).
			Where("id = ? AND account_id = ? AND NOT removed", id, by.ID).Exec(ctx)
		return db.Must(res, err, errUnknown)
	})
}
