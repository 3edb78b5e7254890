package licence

import (
	"context"
	"slices"
	"strings"
	"time"

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
func (w *WorkView) Licensor() string { return w.Paid }

// AddWork registers a work of the actor. The listed authors become
// contributions whose ground is open, the actor's own is own. Faults:
// Unauthenticated; Conflict (too_many_works, argument Max; profile_needed);
// Invalid as fault.Fields with the field's name.
func (l *Licences) AddWork(ctx context.Context, by account.Actor, in WorkInput) (Work, error) {
	return Work{}, errNobody
}

func findWork(ctx context.Context, tx *db.Tx, id string) (row Work, err error) {
	if len(id) != 36 {
		return Work{}, errNoWork
	}
	err = db.One(ctx, tx.NewSelect().Model(&row).Where("w.id = ?", id), errNoWork)
	return row, err
}

// Attribution is the line that stays beside every copy: title, authors, licence
// and address.
func (w *WorkView) Attribution() string {
	var names []string
	for i := range w.Contributions {
		if name := w.Contributions[i].Shown; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	line := w.Title
	if len(names) > 0 {
		line += " — " + strings.Join(names, ", ")
	}
	return line + " — " + w.BaseLicence + " — " + w.URL
}
