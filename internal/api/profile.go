package api

import (
	"context"
	"net/http"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/profile"
)

// ProfileFields are what an owner decides about a profile.
type ProfileFields struct {
	Roles       []string   `json:"roles" required:"false" nullable:"false" maxItems:"2" enum:"tutor,creator" doc:"What the profile is for; without a role it is not found" example:"tutor"`
	Name        string     `json:"name" required:"false" maxLength:"60" doc:"Display name, free text; empty: the handle is shown" example:"Ada"`
	Headline    string     `json:"headline" required:"false" maxLength:"160" doc:"One line" example:"Python from school to work"`
	About       string     `json:"about" required:"false" maxLength:"8000" doc:"Markdown; HTML in it is not shown" example:"Ten years of **Python**."`
	Skills      []string   `json:"skills" required:"false" nullable:"false" maxItems:"10" maxLength:"40" doc:"Ids of the facet, names in any language, or free words; known ones come back as ids" example:"python,sql"`
	Levels      []string   `json:"levels" required:"false" nullable:"false" maxItems:"4" enum:"hobby,zero,junior,work" doc:"Whom it is for" example:"zero,junior"`
	Languages   []string   `json:"languages" required:"false" nullable:"false" maxItems:"10" maxLength:"8" doc:"Languages of teaching (BCP 47 base languages), the best first" example:"ru,en"`
	Formats     []string   `json:"formats" required:"false" nullable:"false" maxItems:"5" enum:"call,chat,review,group,plan" doc:"How people work together; chat, review and plan need no microphone" example:"call,chat"`
	Timezone    string     `json:"timezone" required:"false" maxLength:"60" doc:"IANA name" example:"Asia/Almaty"`
	Links       []Link     `json:"links" required:"false" nullable:"false" maxItems:"6" doc:"Places elsewhere that everybody may see"`
	State       string     `json:"state,omitempty" enum:"draft,open,paused" doc:"draft: yours alone; open: everybody, found by search; paused: the page says so, not found. Absent in a PUT: as it is, draft at first" example:"open"`
	PausedUntil *time.Time `json:"paused_until" required:"false" doc:"With state paused: opens by itself then; null: when you open it. At most 366 days away" example:"2027-01-10T09:00:00Z"`
}

// Link is a place elsewhere.
type Link struct {
	Title string `json:"title" required:"false" maxLength:"60" doc:"Empty: the host's name" example:"My code"`
	URL   string `json:"url" maxLength:"200" format:"uri" doc:"A public https address" example:"https://example.org/ada"`
}

// ProfileEdit is the body of PUT /me/profile. It replaces all fields: an absent
// one is emptied, but for state.
type ProfileEdit struct {
	ProfileFields
	Version int64 `json:"version,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of the profile you edited: another one there now is refused (changed_meanwhile). Absent or 0: do not check" example:"3"`
}

// OwnProfile is a profile as its owner sees it.
type OwnProfile struct {
	ProfileFields
	Version   int64     `json:"version" doc:"Grows with every change" example:"3"`
	Handle    string    `json:"handle" doc:"Of your account" example:"ada-lint"`
	URL       string    `json:"url" doc:"Its page" example:"https://example.org/tutors/ada-lint"`
	Visible   bool      `json:"visible" doc:"Everybody finds it by search" example:"true"`
	Waiting   bool      `json:"waiting" doc:"It waits for a moderator, who lets it be seen" example:"false"`
	PausedBy  string    `json:"paused_by" enum:",owner,silence,operator" doc:"Why it is paused; silence: no act of yours for a long time, or inquiries in a row that you left without an answer" example:"owner"`
	Published string    `json:"published_on" doc:"Day of the first publication (UTC), empty before it" example:"2026-11-22"`
	Warnings  []Warning `json:"warnings" nullable:"false" doc:"Contacts in public texts that may reveal a person; they hinder nothing"`
}

// Warning is something in a public text that its writer may not have meant to show.
type Warning struct {
	Field string `json:"field" doc:"Where" example:"about"`
	Kind  string `json:"kind" doc:"What it looks like: email, phone, address and so on" example:"email"`
}

// PublicProfile is a profile as everybody sees it, with what it offers.
type PublicProfile struct {
	ProfileFields
	Handle   string    `json:"handle" doc:"Of the account" example:"ada-lint"`
	URL      string    `json:"url" doc:"Its page" example:"https://example.org/tutors/ada-lint"`
	Newcomer bool      `json:"newcomer" doc:"New here" example:"false"`
	Since    string    `json:"since" doc:"Day of the first publication (UTC)" example:"2026-11-22"`
	Active   string    `json:"active" enum:"week,month,long" doc:"How long ago the owner was here, roughly: within a week, within a month, longer" example:"week"`
	Services []Service `json:"services" nullable:"false" doc:"What is offered now"`
}

type handleInput struct {
	Handle string `path:"handle" doc:"Handle of an account" example:"ada-lint"`
}

type publicProfileOutput struct{ Body PublicProfile }

type ownProfileOutput struct{ Body OwnProfile }

type profileInput struct{ Body ProfileEdit }

func (a *API) addProfile() {
	add(a, operation{id: "profile", method: http.MethodGet, path: "/profiles/{handle}", tag: tagProfiles,
		summary: "Read a profile with its services", statuses: []int{http.StatusNotFound}}, a.profile)
	add(a, operation{id: "my-profile", method: http.MethodGet, path: "/me/profile", tag: tagOwn, own: true,
		summary: "Read your profile", text: "404 profile_none before you made one.", statuses: []int{http.StatusNotFound}}, a.myProfile)
	add(a, operation{id: "save-profile", method: http.MethodPut, path: "/me/profile", tag: tagOwn, own: true,
		summary: "Make or replace your profile", text: "Contacts in public texts come back as warnings. Send only the fields listed here.",
		statuses: []int{http.StatusConflict}}, a.saveProfile)
}

func (a *API) profile(ctx context.Context, r *request, in *handleInput) (*publicProfileOutput, error) {
	p, err := a.Profiles.Profile(ctx, r.actor, in.Handle)
	if err != nil {
		return nil, err
	}
	services, err := a.Market.Services(ctx, r.actor, in.Handle)
	if err != nil {
		return nil, err
	}
	return &publicProfileOutput{Body: PublicProfile{ProfileFields: fieldsOf(p), Handle: p.Handle, URL: a.URL + p.Path(),
		Newcomer: p.Newcomer(a.Now()), Since: db.Date(p.PublishedOn), Active: lately(p.ActiveOn, a.Now()), Services: a.servicesOf(services)}}, nil
}

func (a *API) myProfile(ctx context.Context, r *request, _ *struct{}) (*ownProfileOutput, error) {
	p, err := a.Profiles.Mine(ctx, r.actor)
	if err != nil {
		return nil, err
	}
	return a.ownProfile(p), nil
}

func (a *API) saveProfile(ctx context.Context, r *request, in *profileInput) (*ownProfileOutput, error) {
	p, _, err := a.Profiles.Save(ctx, r.actor, in.Body.input())
	if err != nil {
		return nil, err
	}
	return a.ownProfile(p), nil
}

// input is the body as the feature knows it.
func (e ProfileEdit) input() profile.Input {
	in := profile.Input{Name: e.Name, Headline: e.Headline, About: e.About, Skills: e.Skills, Levels: e.Levels,
		Languages: e.Languages, Formats: e.Formats, Timezone: e.Timezone, State: profile.State(e.State), Version: e.Version}
	for _, role := range e.Roles {
		in.Tutor = in.Tutor || role == profile.TutorKind
		in.Creator = in.Creator || role == profile.CreatorKind
	}
	for _, l := range e.Links {
		in.Links = append(in.Links, profile.Link{Title: l.Title, URL: l.URL})
	}
	if e.PausedUntil != nil {
		in.PausedUntil = e.PausedUntil.UTC()
	}
	return in
}

func fieldsOf(p profile.Profile) ProfileFields {
	f := ProfileFields{Roles: []string{}, Name: p.Name, Headline: p.Headline, About: p.About, Skills: list(p.Skills),
		Levels: list(p.Levels), Languages: list(p.Languages), Formats: list(p.Formats), Timezone: p.Timezone,
		Links: []Link{}, State: string(p.State), PausedUntil: instant(p.PausedUntil)}
	if p.Tutor {
		f.Roles = append(f.Roles, profile.TutorKind)
	}
	if p.Creator {
		f.Roles = append(f.Roles, profile.CreatorKind)
	}
	for _, l := range p.Links {
		f.Links = append(f.Links, Link{Title: l.Title, URL: l.URL})
	}
	return f
}

func (a *API) ownProfile(p profile.Profile) *ownProfileOutput {
	out := OwnProfile{ProfileFields: fieldsOf(p), Version: p.Version, Handle: p.Handle, URL: a.URL + p.Path(), Visible: p.Visible(),
		Waiting: p.Waits(), PausedBy: string(p.PausedBy), Published: db.Date(p.PublishedOn), Warnings: []Warning{}}
	for _, w := range profile.Warnings(profile.Input{Name: p.Name, Headline: p.Headline, About: p.About, Skills: p.Skills}) {
		out.Warnings = append(out.Warnings, Warning{Field: w.Field, Kind: string(w.Kind)})
	}
	return &ownProfileOutput{Body: out}
}

// lately says in one of three rough words when an owner was here: nobody's
// habits can be read from it.
func lately(day, now time.Time) string {
	switch days := int(now.Sub(day).Hours() / 24); {
	case days < 7:
		return "week"
	case days < 31:
		return "month"
	}
	return "long"
}
