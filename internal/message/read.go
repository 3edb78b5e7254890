package message

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// How much stands on one page.
const (
	InquiriesPage    = 25 // by default
	MaxInquiriesPage = 100
	MessagesPage     = 50
	maxPage          = 10_000
)

// Filter narrows a list of inquiries; the zero value is the first page of all.
type Filter struct {
	Role   Role    // the actor's side; empty: both
	States []State // any of these; none: all
	Page   int     // from 1
	Limit  int     // a page's size, up to MaxInquiriesPage; 0 is InquiriesPage
}

// List is one page of inquiries, the one with the latest words first.
type List struct {
	Items []Inquiry
	Total int
	Page  int
	Pages int
}

// Inquiries lists the actor's inquiries on both sides. Faults: Unauthenticated;
// Invalid value_unknown (role, state), page_range (limit).
func (m *Messages) Inquiries(ctx context.Context, by account.Actor, f Filter) (out List, err error) {
	if by.Anonymous() {
		return List{}, errNobody
	}
	if f.Role != "" && f.Role != Learner && f.Role != Tutor {
		return List{}, fault.Bad("role", "value_unknown")
	}
	if slices.ContainsFunc(f.States, func(s State) bool { return !slices.Contains(States(), s) }) {
		return List{}, fault.Bad("state", "value_unknown")
	}
	if f.Limit < 0 || f.Limit > MaxInquiriesPage {
		return List{}, fault.Bad("limit", "page_range")
	}
	size := cmp.Or(f.Limit, InquiriesPage)
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		n, err := f.narrow(tx.NewSelect().Model((*thread)(nil)), by.ID).Count(ctx)
		if err != nil {
			return err
		}
		out = List{Total: int(n), Pages: pages(int(n), size)}
		out.Page = min(max(f.Page, 1), out.Pages)
		var rows []thread
		err = f.narrow(tx.NewSelect().Model(&rows), by.ID).OrderExpr("t.last_at DESC, t.id").
			Limit(int64(size)).Offset(int64((out.Page - 1) * size)).Scan(ctx)
		if err != nil {
			return err
		}
		out.Items, err = m.views(ctx, tx, by.ID, rows)
		return err
	})
	return out, err
}

// narrow chooses an account's threads.
func (f Filter) narrow(q *bun.SelectQuery, id string) *bun.SelectQuery {
	switch f.Role {
	case Learner:
		q = q.Where("t.learner_id = ?", id)
	case Tutor:
		q = q.Where("t.tutor_id = ?", id)
	default:
		q = q.Where("(t.learner_id = ? OR t.tutor_id = ?)", id, id)
	}
	if len(f.States) > 0 {
		q = q.Join("LEFT JOIN inquiry AS i ON i.id = t.id").Where("coalesce(i.state, ?) IN (?)", Answered, bun.List(f.States))
	}
	return q
}

func pages(n, size int) int { return min(max((n+size-1)/size, 1), maxPage) }

// Inquiry reads one inquiry of the actor. Everybody else, a moderator too,
// hears that there is none. Faults: Unauthenticated; NotFound thread_unknown.
func (m *Messages) Inquiry(ctx context.Context, by account.Actor, id string) (out Inquiry, err error) {
	if by.Anonymous() {
		return Inquiry{}, errNobody
	}
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		t, _, err := party(ctx, tx, by, id)
		if err != nil {
			return err
		}
		list, err := m.views(ctx, tx, by.ID, []thread{t})
		if err == nil {
			out = list[0]
		}
		return err
	})
	return out, err
}

// Thread is a page of what two people wrote, with the inquiry that it began with.
type Thread struct {
	Inquiry
	Page     int
	Pages    int
	Messages []Msg     // oldest first
	Marks    bool      // the reader wants marks of reading
	BothMark bool      // the other side does too, so there are some
	Read     int       // number of the last message that the other side has read, with BothMark
	MyRead   int       // the same of the reader
	EndsOn   time.Time // day on which the thread is deleted if nobody writes
}

// ToMark is the number of the last message on this page when the reader should
// be marked as having read it, else 0: then MarkRead.
func (t *Thread) ToMark() int {
	if !t.BothMark || len(t.Messages) == 0 {
		return 0
	}
	if n := t.Messages[len(t.Messages)-1].N; n > t.MyRead {
		return n
	}
	return 0
}

// Thread reads a page of messages, oldest first, from 1; page 0 is the last.
// Faults: as Inquiry.
func (m *Messages) Thread(ctx context.Context, by account.Actor, id string, page int) (out Thread, err error) {
	if by.Anonymous() {
		return Thread{}, errNobody
	}
	err = m.db.Read(ctx, func(tx *db.Tx) error {
		t, mine, err := party(ctx, tx, by, id)
		if err != nil {
			return err
		}
		list, err := m.views(ctx, tx, by.ID, []thread{t})
		if err != nil {
			return err
		}
		out = Thread{Inquiry: list[0], Marks: t.marks(mine), BothMark: t.LearnerMarks && t.TutorMarks,
			Read: t.read(mine.other()), MyRead: t.read(mine), EndsOn: t.endsOn()}
		return out.load(ctx, tx, page)
	})
	if err != nil {
		return Thread{}, err
	}
	return out, nil
}

// load reads the messages of a page.
func (t *Thread) load(ctx context.Context, tx *db.Tx, page int) error {
	n, err := tx.NewSelect().Model((*Msg)(nil)).Where("m.thread_id = ?", t.ID).Count(ctx)
	if err != nil {
		return err
	}
	t.Pages = pages(int(n), MessagesPage)
	if t.Page = min(page, t.Pages); page < 1 {
		t.Page = t.Pages
	}
	err = tx.NewSelect().Model(&t.Messages).ColumnExpr("m.*").
		ColumnExpr("EXISTS (SELECT 1 FROM message_report AS r WHERE r.subject_id = m.id AND r.by_learner = ?) AS reported", t.Mine == Learner).
		Where("m.thread_id = ?", t.ID).OrderExpr("m.n").
		Limit(MessagesPage).Offset(int64((t.Page - 1) * MessagesPage)).Scan(ctx)
	for i := range t.Messages {
		t.Messages[i].Mine = t.Messages[i].ByLearner == (t.Mine == Learner)
	}
	return err
}

// show fills what an inquiry shows to one of its sides.
func (m *Messages) show(ctx context.Context, tx *db.Tx, reader string, row *Inquiry) error {
	t, err := loadThread(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	list, err := m.views(ctx, tx, reader, []thread{t})
	if err == nil {
		*row = list[0]
	}
	return err
}

// views are the inquiries of threads as one of their sides reads them, in
// three queries.
func (m *Messages) views(ctx context.Context, tx *db.Tx, reader string, threads []thread) ([]Inquiry, error) {
	out, ids, others := make([]Inquiry, len(threads)), make([]string, len(threads)), []string{}
	for i := range threads {
		ids[i] = threads[i].ID
		if other := threads[i].party(threads[i].side(reader).other()); other != "" {
			others = append(others, other)
		}
	}
	if len(threads) == 0 {
		return out, nil
	}
	var rows []Inquiry
	err := tx.NewSelect().Model(&rows).ColumnExpr("i.*").
		ColumnExpr("(SELECT d.at FROM due AS d WHERE d.kind = ? AND d.id = i.id) AS expiry", dueExpiry).
		Where("i.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, err
	}
	peers, err := peers(ctx, tx, others)
	if err != nil {
		return nil, err
	}
	for i := range threads {
		t := &threads[i]
		out[i] = Inquiry{ID: t.ID, TutorID: t.TutorID, State: Answered}
		if at := slices.IndexFunc(rows, func(r Inquiry) bool { return r.ID == t.ID }); at >= 0 {
			out[i] = rows[at]
		}
		out[i].Mine, out[i].Closed, out[i].Written, out[i].LastAt = t.side(reader), t.State == ThreadClosed, t.Messages, t.LastAt
		out[i].Other = Peer{Erased: true}
		if p, ok := peers[t.party(out[i].Mine.other())]; ok {
			out[i].Other = p
		}
	}
	return out, nil
}

// peers reads how accounts appear to others: a profile that is not readable
// shows nothing but the handle.
func peers(ctx context.Context, tx *db.Tx, ids []string) (map[string]Peer, error) {
	out := make(map[string]Peer, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []account.Account
	if err := tx.NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	profiles, err := profile.ByIDs(ctx, tx, ids)
	for _, acc := range rows {
		peer := Peer{ID: acc.ID, Handle: acc.Handle, Name: acc.Handle, Seed: acc.AvatarSeed}
		if p := profiles[acc.ID]; p != nil && p.Readable() {
			peer.Name, peer.Picture, peer.Tutor = p.Shown(), p.Picture, p.Tutor
		}
		out[acc.ID] = peer
	}
	return out, err
}
