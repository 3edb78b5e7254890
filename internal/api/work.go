package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
)

// WorkFields are what who looks after a work decides about it at any time.
type WorkFields struct {
	Title     string   `json:"title" minLength:"1" maxLength:"150" doc:"What it is called" example:"Graphs for beginners"`
	Kind      string   `json:"kind" enum:"course,tasks,article,video,book,slides,code,game,picture,music,other" doc:"What it is" example:"course"`
	Summary   string   `json:"summary" required:"false" maxLength:"4000" doc:"What is in it; Markdown" example:"Trees, paths and *flows*."`
	URL       string   `json:"url" minLength:"1" maxLength:"300" doc:"Where the work itself is: http or https" example:"https://ada.example/graphs"`
	Skills    []string `json:"skills" required:"false" nullable:"false" maxItems:"10" maxLength:"40" doc:"Skill ids or free words" example:"python,graphs"`
	Languages []string `json:"languages" required:"false" nullable:"false" maxItems:"10" maxLength:"8" doc:"Of the work (BCP 47)" example:"ru"`
	Payee     string   `json:"payee" required:"false" maxLength:"200" doc:"Who is paid, as consents name them; empty: who registered it, by handle" example:"Ada L."`
	State     string   `json:"state,omitempty" enum:"draft,published,suspended,withdrawn" doc:"suspended: a moderator upheld a claim, nothing is sold; withdrawn: its page stands, nothing is sold. Absent: as it is, published at first" example:"published"`
}

// WorkRegistration is what belongs to the first version and never changes.
type WorkRegistration struct {
	Version     string `json:"version" required:"false" maxLength:"40" doc:"How its authors call the version; empty: 1" example:"2.1"`
	SHA256      string `json:"sha256" required:"false" maxLength:"71" doc:"SHA-256 of the content in hex; empty: not told" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	BaseLicence string `json:"base_licence" enum:"CC-BY-NC-4.0,CC-BY-NC-SA-4.0,CC-BY-NC-ND-4.0,CC-BY-4.0,CC-BY-SA-4.0,CC0-1.0" doc:"Licence for everybody (SPDX); commercial licences make sense for the NC ones" example:"CC-BY-NC-4.0"`
	Basis       string `json:"basis,omitempty" enum:"owner,community" doc:"On whose rights it is licensed: of its owner with the patches of others, or of the branch's main organiser. Absent: owner" example:"owner"`
}

// WorkNew is the body that registers a work.
type WorkNew struct {
	WorkFields
	WorkRegistration
	Authors []string `json:"authors" required:"false" nullable:"false" maxItems:"30" maxLength:"30" doc:"Handles of the other authors: each gets a part whose ground is open, and is asked" example:"ben-byte"`
}

// WorkEdit is the body that replaces what is said of a work.
type WorkEdit struct {
	WorkFields
	Edit int64 `json:"edit,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the work you edited: another one there now is refused. Absent or 0: do not check" example:"3"`
}

// Work is a registered work with its parts, offers and claims.
type Work struct {
	WorkFields
	WorkRegistration
	ID            string         `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000004"`
	Page          string         `json:"page" doc:"Its page here" example:"https://example.org/works/0199b6a0-0000-7000-8000-000000000004"`
	Handle        string         `json:"handle" doc:"Of who registered it; empty once erased" example:"ada-lint"`
	Name          string         `json:"name" doc:"Display name of that account" example:"Ada"`
	Number        int            `json:"number" doc:"Of the newest version, from 1" example:"1"`
	Reason        string         `json:"reason" doc:"Public reason of a suspension" example:"The second chapter belongs to somebody else."`
	Proved        bool           `json:"proved" doc:"Its address is proved to be its steward's; else the source is not confirmed" example:"true"`
	ProvedOn      string         `json:"proved_on" doc:"Day on which that was seen (UTC); empty: never" example:"2026-11-23"`
	PublishedOn   string         `json:"published_on" doc:"Day of the first publication (UTC); empty: not yet" example:"2026-11-22"`
	Attribution   string         `json:"attribution" doc:"The line that stays beside every copy" example:"Graphs for beginners by Ada, CC BY-NC 4.0, https://ada.example/graphs"`
	Paid          string         `json:"paid" doc:"Who is paid, in words; empty once erased" example:"Ada L."`
	Versions      []WorkVersion  `json:"versions" nullable:"false" doc:"The newest first"`
	Contributions []Contribution `json:"contributions" nullable:"false" doc:"Parts of the newest version, each with the ground on which it may be licensed"`
	Offers        []Offer        `json:"offers" nullable:"false" doc:"For others only those that can be had now"`
	Claims        []Claim        `json:"claims" nullable:"false" doc:"What was said against its sale, the newest first"`
	Missing       []FieldError   `json:"missing" nullable:"false" doc:"What keeps licences from being sold now; empty: nothing does"`
	Mine          bool           `json:"mine" doc:"You look after it" example:"false"`
	Asked         bool           `json:"asked" doc:"You have a part in this version" example:"false"`
	Proof         *Proof         `json:"proof,omitempty" doc:"How its address is proved; only for who looks after it"`
	Edit          int64          `json:"edit" doc:"Grows with every change by who looks after it" example:"3"`
}

// Proof is how the address of a work is proved.
type Proof struct {
	URL   string `json:"url" doc:"Where the file has to be; empty: this address cannot be proved" example:"https://ada.example/.well-known/oduvan.txt"`
	Token string `json:"token" doc:"One line of that file" example:"oduvan-proof-0123456789"`
}

// WorkVersion is one version of a work; it never changes.
type WorkVersion struct {
	Number  int    `json:"number" doc:"From 1" example:"1"`
	Version string `json:"version" doc:"As its authors call it" example:"2.1"`
	SHA256  string `json:"sha256" doc:"Of the content, hex; empty: not told" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	AddedOn string `json:"added_on" doc:"Day (UTC)" example:"2026-11-22"`
}

// VersionNew is the body that adds a version.
type VersionNew struct {
	Version string `json:"version" minLength:"1" maxLength:"40" doc:"As its authors call it" example:"2.2"`
	SHA256  string `json:"sha256" required:"false" maxLength:"71" doc:"SHA-256 of the content in hex; empty: not told" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Edit    int64  `json:"edit,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the work as you read it. Absent or 0: do not check" example:"3"`
}

// Works is a list of works.
type Works struct {
	Items []Work `json:"items" nullable:"false" doc:"The newest first"`
}

// WorkRef names a work by its address. It is exported, as huma passes over
// unexported embedded structs in silence.
type WorkRef struct {
	ID string `path:"id" doc:"Of the work" example:"0199b6a0-0000-7000-8000-000000000004"`
}

type workActInput struct {
	Keyed
	WorkRef
	Body *Nothing
}

type addWorkInput struct {
	Keyed
	Body WorkNew
}

type editWorkInput struct {
	WorkRef
	Body WorkEdit
}

type addVersionInput struct {
	Keyed
	WorkRef
	Body VersionNew
}

type workOutput struct{ Body Work }

type worksOutput struct{ Body Works }

const worksPath = "/works"

func (a *API) addWorks() {
	one := worksPath + "/{id}"
	missing, state := []int{http.StatusNotFound}, []int{http.StatusNotFound, http.StatusConflict}
	add(a, operation{id: "add-work", method: http.MethodPost, path: worksPath, tag: tagWorks, own: true, summary: "Register a work",
		text:     "It is published unless state says draft. The other authors are asked for their consent; your own part is yours where you are the owner. At most 200.",
		statuses: []int{http.StatusConflict}, answer: Work{}}, a.addWork)
	add(a, operation{id: "work", method: http.MethodGet, path: one, tag: tagWorks, summary: "Read a work",
		text: "A draft is for who looks after it.", statuses: missing}, a.work)
	add(a, operation{id: "edit-work", method: http.MethodPut, path: one, tag: tagWorks, own: true, summary: "Replace what is said of a work",
		text: "Where another payee is named, consents to the one before do not hold any more. 409 changed_meanwhile when another tab saved since edit.", statuses: state}, a.editWork)
	add(a, operation{id: "remove-work", method: http.MethodDelete, path: one, tag: tagWorks, own: true, summary: "Remove a draft for good",
		text: "Once published it can only be withdrawn (409 work_state).", statuses: state}, a.removeWork)
	add(a, operation{id: "my-works", method: http.MethodGet, path: "/me/works", tag: tagWorks, own: true, summary: "List the works that you registered"}, a.myWorks)
	add(a, operation{id: "asked-works", method: http.MethodGet, path: "/me/consents", tag: tagWorks, own: true,
		summary: "List the works of others that need, or have, your consent"}, a.askedWorks)
	add(a, operation{id: "works", method: http.MethodGet, path: "/profiles/{handle}/works", tag: tagWorks, summary: "List the public works of an account",
		statuses: missing}, a.works)
	add(a, operation{id: "add-version", method: http.MethodPost, path: one + "/versions", tag: tagWorks, own: true, summary: "Add a version of a work",
		text:     "Parts come over with their grounds, but for consents: each was given for one version, so their authors are asked again. Offers go over where nothing is missing, else they pause. What was sold stays.",
		statuses: state, answer: Work{}}, a.addVersion)
	add(a, operation{id: "prove-work", method: http.MethodPost, path: one + "/prove", tag: tagWorks, own: true, summary: "Have the address of a work looked at",
		text: "409 proof_missing where the file of proof is not there. At most one look in 30 seconds (429).", statuses: state}, a.proveWork)
}

func (a *API) addWork(ctx context.Context, r *request, in *addWorkInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		row, err := a.Licences.AddWork(ctx, r.actor, in.Body.input())
		if err != nil {
			return "", nil, registered(err)
		}
		out, err := a.readWork(ctx, r, row.ID)
		return prefix + worksPath + "/" + row.ID, out, err
	})
}

// registered tells of the fields of a work by their names in this API.
func registered(err error) error { return renamed(renamed(err, "version", "edit"), "label", "version") }

func (a *API) work(ctx context.Context, r *request, in *WorkRef) (*workOutput, error) {
	out, err := a.readWork(ctx, r, in.ID)
	return &workOutput{Body: out}, err
}

func (a *API) readWork(ctx context.Context, r *request, id string) (Work, error) {
	view, err := a.Licences.Work(ctx, r.actor, id)
	if err != nil {
		return Work{}, err
	}
	return a.workOf(r, &view), nil
}

// workAfter is the answer of an act upon a work.
func (a *API) workAfter(ctx context.Context, r *request, id string, err error) (*workOutput, error) {
	if err != nil {
		return nil, err
	}
	return a.work(ctx, r, &WorkRef{ID: id})
}

func (a *API) editWork(ctx context.Context, r *request, in *editWorkInput) (*workOutput, error) {
	edit := in.Body.WorkFields.input()
	edit.Edit = in.Body.Edit
	_, err := a.Licences.EditWork(ctx, r.actor, in.ID, edit)
	return a.workAfter(ctx, r, in.ID, registered(err))
}

func (a *API) removeWork(ctx context.Context, r *request, in *WorkRef) (*struct{}, error) {
	return &struct{}{}, a.Licences.RemoveWork(ctx, r.actor, in.ID)
}

func (a *API) myWorks(ctx context.Context, r *request, _ *struct{}) (*worksOutput, error) {
	rows, err := a.Licences.Mine(ctx, r.actor)
	return a.worksOf(r, rows), err
}

func (a *API) askedWorks(ctx context.Context, r *request, _ *struct{}) (*worksOutput, error) {
	rows, err := a.Licences.Asked(ctx, r.actor)
	return a.worksOf(r, rows), err
}

func (a *API) works(ctx context.Context, r *request, in *handleInput) (*worksOutput, error) {
	rows, err := a.Licences.Works(ctx, r.actor, in.Handle)
	return a.worksOf(r, rows), err
}

func (a *API) addVersion(ctx context.Context, r *request, in *addVersionInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		_, err := a.Licences.AddVersion(ctx, r.actor, in.ID, licence.VersionInput{Label: in.Body.Version, SHA256: in.Body.SHA256, Edit: in.Body.Edit})
		if err != nil {
			return "", nil, registered(err)
		}
		out, err := a.readWork(ctx, r, in.ID)
		return prefix + worksPath + "/" + in.ID, out, err
	})
}

func (a *API) proveWork(ctx context.Context, r *request, in *workActInput) (*workOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Licences.Prove(ctx, r.actor, in.ID)
		return err
	})
	return a.workAfter(ctx, r, in.ID, err)
}

// input is the body as the feature knows it.
func (f WorkFields) input() licence.WorkInput {
	return licence.WorkInput{Title: f.Title, Kind: f.Kind, Summary: f.Summary, URL: f.URL, Skills: f.Skills, Languages: f.Languages,
		Payee: f.Payee, State: licence.WorkState(f.State)}
}

func (n WorkNew) input() licence.WorkInput {
	in := n.WorkFields.input()
	in.Label, in.SHA256, in.BaseLicence, in.Basis, in.Authors = n.Version, n.SHA256, n.BaseLicence, licence.Basis(n.Basis), n.Authors
	if in.State == "" {
		in.State = licence.WorkPublished
	}
	return in
}

// workOf is a work as this API tells of it.
func (a *API) workOf(r *request, v *licence.WorkView) Work {
	out := Work{ID: v.ID, Page: a.URL + licence.WorkPath(v.ID), Handle: v.Handle, Name: v.Name, Number: v.Current.N, Reason: v.Reason,
		Proved: !v.ProvedOn.IsZero(), ProvedOn: day(v.ProvedOn), PublishedOn: day(v.PublishedOn), Attribution: v.Attribution(), Paid: v.Paid,
		Versions: make([]WorkVersion, len(v.Versions)), Contributions: make([]Contribution, len(v.Contributions)),
		Offers: make([]Offer, len(v.Offers)), Claims: make([]Claim, len(v.Claims)), Missing: []FieldError{},
		Mine: v.Mine, Asked: v.Asked != nil, Edit: v.Work.Edit}
	out.WorkFields = WorkFields{Title: v.Title, Kind: v.Work.Kind, Summary: v.Summary, URL: v.URL, Skills: list(v.Skills), Languages: list(v.Languages),
		Payee: v.Payee, State: string(v.State)}
	out.WorkRegistration = WorkRegistration{Version: v.Current.Label, SHA256: v.Current.SHA256, BaseLicence: v.BaseLicence, Basis: string(v.Basis)}
	for i, row := range v.Versions {
		out.Versions[i] = WorkVersion{Number: row.N, Version: row.Label, SHA256: row.SHA256, AddedOn: day(row.AddedOn)}
	}
	for i := range v.Contributions {
		out.Contributions[i] = contributionOf(&v.Contributions[i])
	}
	for i := range v.Offers {
		out.Offers[i] = a.offerOf(&v.Offers[i])
	}
	for i := range v.Claims {
		out.Claims[i] = claimOf(&v.Claims[i])
	}
	for _, e := range v.Missing {
		out.Missing = append(out.Missing, FieldError{Field: e.Field, Code: e.Code, Message: a.Texts.Fault(r.lang, e.Kind.String(), e.Code, e.Args)})
	}
	if v.Mine {
		out.Proof = &Proof{URL: licence.ProofURL(v.URL), Token: v.ProofToken}
	}
	return out
}

func (a *API) worksOf(r *request, rows []licence.WorkView) *worksOutput {
	out := &worksOutput{Body: Works{Items: make([]Work, len(rows))}}
	for i := range rows {
		out.Body.Items[i] = a.workOf(r, &rows[i])
	}
	return out
}

// day is a day as YYYY-MM-DD in UTC; empty for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return db.Date(t)
}
