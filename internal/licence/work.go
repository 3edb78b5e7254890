package licence

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// WorkState is who finds a work.
type WorkState string

// The states of a work.
const (
	WorkDraft     WorkState = "draft"     // who looks after it alone
	WorkPublished WorkState = "published" // everybody
	WorkSuspended WorkState = "suspended" // a moderator upheld a claim: its page says so, nothing is sold
	WorkWithdrawn WorkState = "withdrawn" // its page stands, nothing is sold any more
)

// WorkStates lists the states of works in their order.
func WorkStates() []WorkState {
	return []WorkState{WorkDraft, WorkPublished, WorkSuspended, WorkWithdrawn}
}

// Basis is on whose rights a work is licensed.
type Basis string

// The bases.
const (
	Owner     Basis = "owner"     // of the account's own project, with the patches of others to it
	Community Basis = "community" // of the branch's main organiser, by the contributor agreement or consent
)

// Bases lists the bases in the order in which a form shows them.
func Bases() []Basis { return []Basis{Owner, Community} }

// WorkKinds lists what a work can be.
func WorkKinds() []string {
	return []string{"course", "tasks", "article", "video", "book", "slides", "code", "game", "picture", "music", "other"}
}

// BaseLicences lists the licences under which a work can be registered, by
// their SPDX ids: first those for which a commercial licence makes sense.
func BaseLicences() []string {
	return []string{"CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0"}
}

// NonCommercial tells whether commercial use of a work under this licence
// needs a licence of its own.
func NonCommercial(base string) bool {
	return strings.Contains(base, "-NC-") && slices.Contains(BaseLicences(), base)
}

// NoDerivatives tells whether this licence forbids changed copies, which no
// offer of ours can then allow.
func NoDerivatives(base string) bool { return strings.Contains(base, "-ND-") }

// Work is one row: a piece of content that somebody registered.
type Work struct {
	bun.BaseModel `bun:"table:work,alias:w"`

	ID           string    `bun:"id,pk"`
	AccountID    string    `bun:"account_id,nullzero"` // who registered it and looks after it; empty once erased
	Kind         string    `bun:"kind"`                // one of WorkKinds
	Title        string    `bun:"title"`
	Summary      string    `bun:"summary"` // Markdown
	URL          string    `bun:"url"`     // where the work itself is
	BaseLicence  string    `bun:"base_licence"`
	Basis        Basis     `bun:"basis"`
	Skills       []string  `bun:"skills,type:jsonb"` // taxonomy ids or free words
	Languages    []string  `bun:"languages,type:jsonb"`
	Payee        string    `bun:"payee"` // who is paid, as consents name them; empty: who registered it, by handle
	State        WorkState `bun:"state"`
	Reason       string    `bun:"reason"`      // public, of a suspension
	Version      int       `bun:"version"`     // the newest
	ProofToken   string    `bun:"proof_token"` // what a file at the address has to hold
	ProofTriedAt time.Time `bun:"proof_tried_at,nullzero"`
	ProvedOn     time.Time `bun:"proved_on,nullzero"`    // day on which the file was there; zero: the source is not confirmed
	PublishedOn  time.Time `bun:"published_on,nullzero"` // day of the first publication
	Edit         int64     `bun:"edit"`                  // grows with every change by its steward
}

// Public tells whether everybody may open the work's page.
func (w *Work) Public() bool { return w.State != WorkDraft }

// WorkVersion is one row: a version of a work. It never changes.
type WorkVersion struct {
	bun.BaseModel `bun:"table:work_version,alias:v"`

	WorkID  string    `bun:"work_id,pk"`
	N       int       `bun:"n,pk"`   // from 1
	Label   string    `bun:"label"`  // as its authors call it, such as 2.1
	SHA256  string    `bun:"sha256"` // of the content, hex; empty: not told
	AddedOn time.Time `bun:"added_on"`
}

// WorkHolder is one row of who holds the rights in a community work. Rows are
// only added, and the only step is from the organiser to the collective of the
// same branch.
type WorkHolder struct {
	bun.BaseModel `bun:"table:work_holder,alias:h"`

	WorkID  string    `bun:"work_id,pk"`
	N       int       `bun:"n,pk"`
	Kind    string    `bun:"kind"` // organiser or collective
	Name    string    `bun:"name"` // in words; empty: the branch's own name
	Branch  string    `bun:"branch"`
	SinceOn time.Time `bun:"since_on"`
}

// The kinds of holders of community works.
const (
	Organiser  = "organiser"
	Collective = "collective"
)

// WorkInput is what the steward types. Editing replaces all of it but Label,
// SHA256, Authors, BaseLicence and Basis, which belong to the registration; a State ""
// keeps the state there is, a draft at first.
type WorkInput struct {
	Title       string
	Kind        string
	Summary     string // Markdown
	URL         string
	Label       string // of the first version; empty: 1
	SHA256      string // of its content; empty: not told
	BaseLicence string
	Basis       Basis
	Authors     []string // handles of accounts, beside the actor
	Skills      []string
	Languages   []string
	Payee       string
	State       WorkState
	Edit        int64 // of the work that was edited; 0: whatever is there
}

// WorkView is a work with everything that its page shows.
type WorkView struct {
	Work
	Current       WorkVersion
	Versions      []WorkVersion // newest first
	Contributions []Contribution
	Handle        string // of who registered it; empty once erased
	Name          string
	Seed          string
	Picture       string
	Profile       bool          // everybody can open their profile
	Holder        *WorkHolder   // of a community work: who holds the rights now
	Paid          string        // who is paid, in words; empty once erased
	Offers        []Offer       // for others only open ones that can be had now
	Claims        []Claim       // open and decided ones, newest first
	Missing       fault.Fields  // what keeps anything from being sold now; empty: nothing does
	Mine          bool          // the reader looks after it
	Asked         *Contribution // the reader's own contribution to this version
}

// Licensor is the party's words in certificates.
func (v *WorkView) Licensor() string { return v.Paid }

// AddWork registers a work of the actor. The listed authors become
// contributions whose ground is open, and they are asked; the actor's own is
// own where the actor is the owner. Faults: Unauthenticated; Conflict
// (too_many_works, argument Max; profile_needed where profiles wait for
// approval; work_state for a State that cannot be the first); Invalid as
// fault.Fields with the field's name: required, too_long, text_form,
// value_unknown, link_form, sha256_form, state_unknown, too_many,
// language_unknown, handle_unknown (argument Handle).
func (l *Licences) AddWork(ctx context.Context, by account.Actor, in WorkInput) (out Work, err error) {
	if by.Anonymous() || by.ID == "" {
		return Work{}, errNobody
	}
	in, bad := l.cleanNew(in)
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockAccount(ctx, tx, by.ID); err != nil {
			return err
		}
		all := slices.Clone(bad)
		authors, err := l.named(ctx, tx, by, in.Authors, &all)
		if err != nil {
			return err
		}
		if err := l.refuseFund(ctx, tx, &all, "payee", in.Payee); err != nil {
			return err
		}
		if err := all.Err(); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*Work)(nil)).Where("w.account_id = ?", by.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n >= MaxWorks {
			return fault.Of(fault.Conflict, "too_many_works").With("Max", MaxWorks)
		}
		w := Work{ID: tx.RandomID(), AccountID: by.ID, BaseLicence: in.BaseLicence, Basis: in.Basis, State: WorkDraft, Version: 1, Edit: 1}
		w.ProofToken = "oduvan-" + strings.ReplaceAll(tx.RandomID(), "-", "")
		w.fill(in)
		if in.State != "" {
			if err := l.move(ctx, tx, &w, in.State); err != nil {
				return err
			}
		}
		out = w
		return l.register(ctx, tx, &w, in, by, authors)
	})
	if err != nil {
		return Work{}, err
	}
	return out, nil
}

// register writes a new work with its first version, its holder and its parts.
func (l *Licences) register(ctx context.Context, tx *db.Tx, w *Work, in WorkInput, by account.Actor, authors []string) error {
	if _, err := tx.NewInsert().Model(w).Exec(ctx); err != nil {
		return err
	}
	first := WorkVersion{WorkID: w.ID, N: 1, Label: in.Label, SHA256: in.SHA256, AddedOn: tx.Today()}
	if _, err := tx.NewInsert().Model(&first).Exec(ctx); err != nil {
		return err
	}
	if w.Basis == Community {
		holder := WorkHolder{WorkID: w.ID, N: 1, Kind: Organiser, Branch: l.origin, SinceOn: tx.Today()}
		if _, err := tx.NewInsert().Model(&holder).Exec(ctx); err != nil {
			return err
		}
	}
	own := Contribution{ID: tx.RandomID(), WorkID: w.ID, Version: 1, ContributorID: by.ID, Ground: GroundOwn, MadeAt: tx.Now}
	if w.Basis == Community {
		own.Ground = GroundOpen
	}
	rows := []Contribution{own}
	for _, id := range authors {
		rows = append(rows, Contribution{ID: tx.RandomID(), WorkID: w.ID, Version: 1, ContributorID: id, Ground: GroundOpen, MadeAt: tx.Now})
	}
	for i := range rows {
		if _, err := tx.NewInsert().Model(&rows[i]).Exec(ctx); err != nil {
			return err
		}
		if err := l.ask(ctx, tx, w, rows[i].ContributorID, by); err != nil {
			return err
		}
	}
	return l.changed(ctx, tx, w)
}

// fill takes everything from a clean input that an edit can change.
func (w *Work) fill(in WorkInput) {
	w.Title, w.Kind, w.Summary, w.Skills, w.Languages, w.Payee = in.Title, in.Kind, in.Summary, in.Skills, in.Languages, in.Payee
	if ProofURL(in.URL) != ProofURL(w.URL) {
		w.ProvedOn = time.Time{} // what was proved is another place
	}
	w.URL = in.URL
}

// EditWork replaces what the steward types of a work. Where another payee is
// named, consents to the one before do not hold any more. Faults: those of
// AddWork but the bound; NotFound (work_unknown) for another's; Conflict
// (changed_meanwhile) when another tab saved since Edit, work_state.
func (l *Licences) EditWork(ctx context.Context, by account.Actor, id string, in WorkInput) (out Work, err error) {
	in, bad := l.clean(in)
	err = l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		if in.Edit > 0 && in.Edit != w.Edit {
			return errChanged
		}
		all := slices.Clone(bad)
		if err := l.refuseFund(ctx, tx, &all, "payee", in.Payee); err != nil {
			return err
		}
		if err := all.Err(); err != nil {
			return err
		}
		w.fill(in)
		if in.State != "" && in.State != w.State {
			if err := l.moved(ctx, tx, by, w, in.State); err != nil {
				return err
			}
		}
		out = *w
		out.Edit++
		return l.updateWork(ctx, tx, w)
	})
	if err != nil {
		return Work{}, err
	}
	return out, nil
}

// MoveWork brings a work into another state: publishes a draft, withdraws it
// or takes that back. Withdrawing ends new sales and nothing that was sold.
// Faults: Unauthenticated; NotFound (work_unknown); Conflict (work_state,
// profile_needed).
func (l *Licences) MoveWork(ctx context.Context, by account.Actor, id string, to WorkState) (out Work, err error) {
	err = l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		if err := l.moved(ctx, tx, by, w, to); err != nil {
			return err
		}
		out = *w
		out.Edit++
		return l.updateWork(ctx, tx, w)
	})
	if err != nil {
		return Work{}, err
	}
	return out, nil
}

// RemoveWork removes a draft for good. Faults: Unauthenticated; NotFound
// (work_unknown), also the second time; Conflict (work_state) once it was
// published: then it can be withdrawn.
func (l *Licences) RemoveWork(ctx context.Context, by account.Actor, id string) error {
	return l.writeWork(ctx, by, id, func(tx *db.Tx, w *Work) error {
		if w.State != WorkDraft || !w.PublishedOn.IsZero() {
			return errWorkState
		}
		_, err := tx.NewDelete().Model(w).WherePK().Exec(ctx)
		return err
	})
}

// updateWork writes a changed work under the edit it was read with.
func (l *Licences) updateWork(ctx context.Context, tx *db.Tx, w *Work) error {
	read := w.Edit
	w.Edit++
	res, err := tx.NewUpdate().Model(w).WherePK().Where("edit = ?", read).Exec(ctx)
	if err := db.Must(res, err, errChanged); err != nil {
		return err
	}
	return l.changed(ctx, tx, w)
}

// changed puts a work that was ever public into the change log, and notes the
// act of its steward.
func (l *Licences) changed(ctx context.Context, tx *db.Tx, w *Work) error {
	if w.AccountID != "" {
		if err := l.profiles.Acted(ctx, tx, w.AccountID); err != nil {
			return err
		}
	}
	if w.PublishedOn.IsZero() {
		return nil
	}
	return tx.Changed(ctx, WorkKind, w.ID)
}

// named finds the accounts of the listed authors, without the actor.
func (l *Licences) named(ctx context.Context, tx *db.Tx, by account.Actor, handles []string, bad *fault.Fields) (ids []string, err error) {
	seen := map[string]bool{by.ID: true}
	for _, handle := range handles {
		handle = strings.TrimPrefix(strings.TrimSpace(handle), "@")
		if handle == "" {
			continue
		}
		id, err := accountOf(ctx, tx, handle)
		if err != nil {
			return nil, err
		}
		if id == "" {
			bad.Add(fault.Bad("authors", "handle_unknown").With("Handle", clip(handle, 30)))
			continue
		}
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
		if len(ids) >= MaxAuthors {
			bad.Add(fault.Bad("authors", "too_many").With("Max", MaxAuthors-1))
			return nil, nil
		}
	}
	return ids, nil
}

// accountOf finds an account that somebody uses by its handle; empty for none.
func accountOf(ctx context.Context, tx *db.Tx, handle string) (id string, err error) {
	var found []string
	if !utf8.ValidString(handle) || strings.ContainsRune(handle, 0) {
		return "", nil
	}
	err = tx.NewRaw("SELECT id FROM account WHERE handle = ? AND state = ?", strings.ToLower(handle), account.Active).Scan(ctx, &found)
	if len(found) > 0 {
		id = found[0]
	}
	return id, err
}

// clip cuts a text for an argument of a fault.
func clip(s string, n int) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > n {
		return string(r[:n])
	}
	return strings.ToValidUTF8(s, "")
}

// refuseFund adds a fault where a text holds a destination of the fund.
func (l *Licences) refuseFund(ctx context.Context, tx *db.Tx, bad *fault.Fields, field, text string) error {
	if l.forbidden == nil || text == "" || !utf8.ValidString(text) {
		return nil
	}
	is, err := l.forbidden(ctx, tx, text)
	if is {
		bad.Add(fault.Bad(field, "fund_destination"))
	}
	return err
}

func findWork(ctx context.Context, tx *db.Tx, id string) (row Work, err error) {
	if !formed(id) {
		return Work{}, errNoWork
	}
	err = db.One(ctx, tx.NewSelect().Model(&row).Where("w.id = ?", id), errNoWork)
	return row, err
}

// maxLine is the longest attribution line, in characters: a certificate takes
// no longer one.
const maxLine = 1000

// Attribution is the line that stays beside every copy: title, authors, licence
// and address. Where all names do not fit, the address leads to the rest.
func (v *WorkView) Attribution() string {
	var names []string
	for i := range v.Contributions {
		if name := v.Contributions[i].Shown; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for n := len(names); ; n-- {
		line, some := []string{v.Title}, names[:n]
		if n < len(names) {
			some = append(slices.Clone(some), "…")
		}
		if len(some) > 0 {
			line = append(line, strings.Join(some, ", "))
		}
		out := strings.Join(append(line, v.BaseLicence, v.URL), " · ")
		if n == 0 || utf8.RuneCountInString(out) <= maxLine {
			return out
		}
	}
}
