package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
)

// Keyed lets a call be repeated safely: every POST takes a key.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"Repeat a call safely: for 24 hours the same key, address and body do nothing twice. What was created is answered as the first time; of another act the answer is how things stand now. Another body or address with the same key is refused (idempotency_key_reused), the same while the first call is under way, too (idempotency_key_busy)." example:"7f1c0e1a-5a"`
}

// Party is the other side of an inquiry.
type Party struct {
	Handle string `json:"handle" doc:"Of the account; empty once it is erased" example:"ada-lint"`
	Name   string `json:"name" doc:"Display name where a profile can be read, else the handle; empty once erased" example:"Ada"`
	URL    string `json:"url" doc:"Page of the tutor; empty where there is none to read" example:"https://example.org/tutors/ada-lint"`
	Erased bool   `json:"erased" doc:"The account is gone" example:"false"`
}

// InquiryAsk is what a learner writes to a tutor.
type InquiryAsk struct {
	Goal        string `json:"goal" minLength:"1" maxLength:"1000" doc:"What you want to learn or solve; Markdown" example:"Understand generics in Go"`
	Background  string `json:"background" required:"false" maxLength:"1000" doc:"What you know already; Markdown" example:"A year of C"`
	Expectation string `json:"expectation" required:"false" maxLength:"1000" doc:"How you would like it to go; Markdown" example:"Two talks and a review of my code"`
	ServiceID   string `json:"service_id" required:"false" maxLength:"36" doc:"The tutor's service that it is about; absent or empty: none in particular" example:"0199b6a0-0000-7000-8000-000000000001"`
}

// InquirySent is what became of an inquiry that was just sent. It repeats no
// words, because answers are kept for repeated calls.
type InquirySent struct {
	ID        string     `json:"id" doc:"Of the inquiry and its thread" example:"0199b6a0-0000-7000-8000-000000000002"`
	URL       string     `json:"url" doc:"Its page, for the two of you" example:"https://example.org/inquiries/0199b6a0-0000-7000-8000-000000000002"`
	State     string     `json:"state" enum:"open,answered,declined,expired,withdrawn" doc:"open: it waits for the tutor" example:"open"`
	CreatedAt *time.Time `json:"created_at" doc:"When it was sent" example:"2026-11-22T09:00:00Z"`
	ExpiresAt *time.Time `json:"expires_at" doc:"When it expires by itself if nobody answers: after 48 hours" example:"2026-11-24T09:00:00Z"`
	Warnings  []Warning  `json:"warnings" nullable:"false" doc:"Contacts in your words that may reveal you; they hindered nothing"`
}

// Inquiry is what a learner asked of a tutor, as one of the two reads it.
type Inquiry struct {
	ID           string     `json:"id" doc:"Of the inquiry and its thread" example:"0199b6a0-0000-7000-8000-000000000002"`
	URL          string     `json:"url" doc:"Its page, for the two of you" example:"https://example.org/inquiries/0199b6a0-0000-7000-8000-000000000002"`
	Role         string     `json:"role" enum:"learner,tutor" doc:"Your side" example:"learner"`
	With         Party      `json:"with" doc:"The other side"`
	ServiceID    string     `json:"service_id" doc:"What it is about; empty: nothing in particular, or it was removed" example:"0199b6a0-0000-7000-8000-000000000001"`
	ServiceTitle string     `json:"service_title" doc:"As it was when asked" example:"Code review with comments"`
	Goal         string     `json:"goal" doc:"Markdown; the learner's words are empty once that account is erased" example:"Understand generics in Go"`
	Background   string     `json:"background" doc:"Markdown" example:"A year of C"`
	Expectation  string     `json:"expectation" doc:"Markdown" example:"Two talks and a review of my code"`
	State        string     `json:"state" enum:"open,answered,declined,expired,withdrawn" doc:"open: it waits for the tutor; only then it changes" example:"declined"`
	Reason       string     `json:"reason" enum:",no_time,not_my_topic,busy,on_break,other" doc:"Of a declined one" example:"busy"`
	Comment      string     `json:"comment" doc:"Of a declined one, in the tutor's words" example:"Free again in spring."`
	CreatedAt    *time.Time `json:"created_at" doc:"When it was sent; null once the learner is erased" example:"2026-11-22T09:00:00Z"`
	ExpiresAt    *time.Time `json:"expires_at" doc:"When it expires by itself; null when it waits no more" example:"2026-11-24T09:00:00Z"`
	EndedAt      *time.Time `json:"ended_at" doc:"When it stopped waiting; null before" example:"2026-11-22T12:00:00Z"`
	Closed       bool       `json:"closed" doc:"Nobody may write any more" example:"false"`
	Written      int        `json:"written" doc:"Number of the last message" example:"2"`
	LastAt       *time.Time `json:"last_at" doc:"When something was last written" example:"2026-11-22T12:00:00Z"`
}

// Inquiries is a page of inquiries.
type Inquiries struct {
	Items []Inquiry `json:"items" nullable:"false" doc:"The one with the latest words first"`
	Total int       `json:"total" doc:"How many there are on all pages" example:"2"`
	Page  int       `json:"page" doc:"This page, from 1; a page after the last one is the last one" example:"1"`
	Pages int       `json:"pages" doc:"How many pages there are" example:"1"`
}

// Thread is an inquiry with a page of what was written under it.
type Thread struct {
	Inquiry
	Messages []Message `json:"messages" nullable:"false" doc:"The oldest first; 50 on a page"`
	Page     int       `json:"page" doc:"This page, from 1" example:"1"`
	Pages    int       `json:"pages" doc:"How many pages there are" example:"1"`
	EndsOn   string    `json:"ends_on" doc:"Day on which all of it is deleted if nobody writes (UTC)" example:"2027-05-21"`
}

// Message is something that one of the two wrote.
type Message struct {
	ID        string    `json:"id" doc:"Stable" example:"0199b6a0-0000-7000-8000-000000000003"`
	N         int       `json:"n" doc:"Its number in the thread, from 1" example:"1"`
	From      string    `json:"from" enum:"learner,tutor" doc:"Who wrote it" example:"tutor"`
	Mine      bool      `json:"mine" doc:"You did" example:"false"`
	Text      string    `json:"text" doc:"Markdown; HTML in it is not shown" example:"Gladly. What have you tried?"`
	CreatedAt time.Time `json:"created_at" doc:"When" example:"2026-11-22T12:00:00Z"`
	Reported  bool      `json:"reported" doc:"You showed it to the moderators" example:"false"`
}

// MessageText is the body of a new message.
type MessageText struct {
	Text string `json:"text" minLength:"1" maxLength:"4000" doc:"Markdown; HTML in it is not shown" example:"Gladly. What have you tried?"`
}

// MessageSent is what became of a message that was just sent, without its words.
type MessageSent struct {
	ID        string    `json:"id" doc:"Of the message" example:"0199b6a0-0000-7000-8000-000000000003"`
	N         int       `json:"n" doc:"Its number in the thread, from 1" example:"1"`
	CreatedAt time.Time `json:"created_at" doc:"When" example:"2026-11-22T12:00:00Z"`
	Warnings  []Warning `json:"warnings" nullable:"false" doc:"Contacts in your words that may reveal you; they hindered nothing"`
}

// InquiryDecline is why a tutor declines.
type InquiryDecline struct {
	Reason     string     `json:"reason" enum:"no_time,not_my_topic,busy,on_break,other" doc:"other needs a comment" example:"busy"`
	Comment    string     `json:"comment" required:"false" maxLength:"500" doc:"Own words to the learner" example:"Free again in spring."`
	Pause      bool       `json:"pause" required:"false" doc:"Pause your profile too, so that nobody else asks in vain" example:"false"`
	PauseUntil *time.Time `json:"pause_until" required:"false" doc:"Pause it until then, at most 366 days; null: not, or with pause until you open it" example:"2027-01-10T09:00:00Z"`
}

// MessageReport is why somebody shows a message to the moderators.
type MessageReport struct {
	Reason string `json:"reason" minLength:"20" maxLength:"1000" doc:"What is wrong with it" example:"They ask for my phone number again and again."`
}

type askInput struct {
	Keyed
	Handle string `path:"handle" doc:"Handle of the tutor" example:"ada-lint"`
	Body   InquiryAsk
}

type inquiriesInput struct {
	Role   string   `query:"role" enum:"learner,tutor" doc:"Only where you are on this side" example:"tutor"`
	States []string `query:"state,explode" nullable:"false" maxItems:"5" enum:"open,answered,declined,expired,withdrawn" doc:"Only in this state; repeat the key for several" example:"open"`
	Page   int      `query:"page" minimum:"1" maximum:"10000" default:"1" doc:"Page, from 1" example:"1"`
	Limit  int      `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"Inquiries on a page" example:"25"`
}

type inquiryInput struct {
	Keyed
	ID   string `path:"id" doc:"Of the inquiry" example:"0199b6a0-0000-7000-8000-000000000002"`
	Body *Nothing
}

type threadInput struct {
	ID   string `path:"id" doc:"Of the inquiry" example:"0199b6a0-0000-7000-8000-000000000002"`
	Page int    `query:"page" minimum:"1" maximum:"10000" doc:"Page of the messages, from 1; absent: the last one" example:"1"`
}

type writeInput struct {
	Keyed
	ID   string `path:"id" doc:"Of the inquiry" example:"0199b6a0-0000-7000-8000-000000000002"`
	Body MessageText
}

type declineInput struct {
	Keyed
	ID   string `path:"id" doc:"Of the inquiry" example:"0199b6a0-0000-7000-8000-000000000002"`
	Body InquiryDecline
}

type reportInput struct {
	Keyed
	ID        string `path:"id" doc:"Of the inquiry" example:"0199b6a0-0000-7000-8000-000000000002"`
	MessageID string `path:"message_id" doc:"Of the message, or the inquiry's own id for its words or those it was declined with" example:"0199b6a0-0000-7000-8000-000000000003"`
	Body      MessageReport
}

type inquiriesOutput struct{ Body Inquiries }

type inquiryOutput struct{ Body Inquiry }

type threadOutput struct{ Body Thread }

const inquiriesPath = "/inquiries"

func (a *API) addInquiries() {
	one := inquiriesPath + "/{id}"
	add(a, operation{id: "ask", method: http.MethodPost, path: "/profiles/{handle}/inquiries", tag: tagInquiries, own: true,
		summary: "Ask a tutor for help",
		text: "No contact is given. The same words again, about the same service, are the inquiry that waits already (201 with its id). One inquiry to a tutor waits at a time, at most 5 of yours wait in all (409); at most 20 a day, and 3 to the same tutor within 30 days (429). " +
			"409 also where the tutor is paused (tutor_paused) or has enough to answer (tutor_full).",
		statuses: []int{http.StatusNotFound, http.StatusConflict}, answer: InquirySent{}}, a.ask)
	add(a, operation{id: "inquiries", method: http.MethodGet, path: inquiriesPath, tag: tagInquiries, own: true,
		summary: "List your inquiries on both sides"}, a.inquiries)
	add(a, operation{id: "inquiry", method: http.MethodGet, path: one, tag: tagInquiries, own: true, summary: "Read an inquiry with its messages",
		text: "Reading here marks nothing as read.", statuses: []int{http.StatusNotFound}}, a.thread)
	add(a, operation{id: "write", method: http.MethodPost, path: one + "/messages", tag: tagInquiries, own: true, summary: "Write a message",
		text: "The tutor's first one answers the inquiry. The same words twice in a row are kept once. " +
			"At most 20 in a row without the other side, and 3 of the learner while the inquiry waits (429).",
		statuses: []int{http.StatusNotFound, http.StatusConflict}, answer: MessageSent{}}, a.say)
	add(a, operation{id: "decline", method: http.MethodPost, path: one + "/decline", tag: tagInquiries, own: true,
		summary: "Decline an inquiry that waits for you", text: "It counts as an answer. 403 for the learner, who withdraws.",
		statuses: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}}, a.decline)
	add(a, operation{id: "withdraw", method: http.MethodPost, path: one + "/withdraw", tag: tagInquiries, own: true,
		summary: "Take your inquiry back while it waits", text: "403 for the tutor, who declines.",
		statuses: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}}, a.withdraw)
	add(a, operation{id: "close", method: http.MethodPost, path: one + "/close", tag: tagInquiries, own: true, summary: "Close a thread for both sides",
		text:     "It can be read on. An inquiry that waits is declined or withdrawn instead (409 inquiry_waits).",
		statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.close)
	add(a, operation{id: "report", method: http.MethodPost, path: one + "/messages/{message_id}/report", tag: tagInquiries, own: true,
		summary: "Show the other side's message to the moderators", text: "Only then may they read it, and the other side is not told.",
		statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.report)
}

func (a *API) ask(ctx context.Context, r *request, in *askInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		b := in.Body
		ask := message.Ask{Handle: in.Handle, ServiceID: b.ServiceID, Goal: b.Goal, Background: b.Background, Expectation: b.Expectation}
		row, err := a.Messages.Ask(ctx, r.actor, ask)
		if err != nil {
			return "", nil, err
		}
		return prefix + inquiriesPath + "/" + row.ID, InquirySent{ID: row.ID, URL: a.URL + message.Path(row.ID), State: string(row.State),
			CreatedAt: instant(row.CreatedAt), ExpiresAt: instant(row.ExpiresAt()), Warnings: warningsOf(message.Warnings(ask))}, nil
	})
}

func (a *API) inquiries(ctx context.Context, r *request, in *inquiriesInput) (*inquiriesOutput, error) {
	found, err := a.Messages.Inquiries(ctx, r.actor, message.Filter{Role: message.Role(in.Role), States: typed[message.State](in.States), Page: in.Page, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := Inquiries{Items: make([]Inquiry, len(found.Items)), Total: found.Total, Page: found.Page, Pages: found.Pages}
	for i := range found.Items {
		out.Items[i] = a.inquiryOf(&found.Items[i])
	}
	return &inquiriesOutput{Body: out}, nil
}

func (a *API) thread(ctx context.Context, r *request, in *threadInput) (*threadOutput, error) {
	found, err := a.Messages.Thread(ctx, r.actor, in.ID, in.Page)
	if err != nil {
		return nil, err
	}
	out := Thread{Inquiry: a.inquiryOf(&found.Inquiry), Messages: make([]Message, len(found.Messages)), Page: found.Page, Pages: found.Pages,
		EndsOn: db.Date(found.EndsOn)}
	for i, m := range found.Messages {
		from := message.Tutor
		if m.ByLearner {
			from = message.Learner
		}
		out.Messages[i] = Message{ID: m.ID, N: m.N, From: string(from), Mine: m.Mine, Text: m.Text, CreatedAt: m.CreatedAt.UTC(), Reported: m.Reported}
	}
	return &threadOutput{Body: out}, nil
}

func (a *API) say(ctx context.Context, r *request, in *writeInput) (*created, error) {
	return a.once(ctx, r, in.Key, func() (string, any, error) {
		m, err := a.Messages.Write(ctx, r.actor, in.ID, in.Body.Text)
		if err != nil {
			return "", nil, err
		}
		page := strconv.Itoa((m.N-1)/message.MessagesPage + 1)
		return prefix + inquiriesPath + "/" + in.ID + "?page=" + page, MessageSent{ID: m.ID, N: m.N, CreatedAt: m.CreatedAt.UTC(),
			Warnings: warningsOf(message.TextWarnings(in.Body.Text))}, nil
	})
}

func (a *API) decline(ctx context.Context, r *request, in *declineInput) (*inquiryOutput, error) {
	d := message.Declining{Reason: message.Reason(in.Body.Reason), Comment: in.Body.Comment, Pause: in.Body.Pause}
	if in.Body.PauseUntil != nil {
		d.Pause, d.PauseUntil = true, in.Body.PauseUntil.UTC()
	}
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Messages.Decline(ctx, r.actor, in.ID, d)
		return renamed(err, "paused_until", "pause_until")
	})
	return a.inquiryAfter(ctx, r, in.ID, err)
}

func (a *API) withdraw(ctx context.Context, r *request, in *inquiryInput) (*inquiryOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error {
		_, err := a.Messages.Withdraw(ctx, r.actor, in.ID)
		return err
	})
	return a.inquiryAfter(ctx, r, in.ID, err)
}

func (a *API) close(ctx context.Context, r *request, in *inquiryInput) (*inquiryOutput, error) {
	err := a.acts(ctx, r, in.Key, func() error { return a.Messages.Close(ctx, r.actor, in.ID) })
	return a.inquiryAfter(ctx, r, in.ID, err)
}

func (a *API) report(ctx context.Context, r *request, in *reportInput) (*struct{}, error) {
	return &struct{}{}, a.acts(ctx, r, in.Key, func() error {
		return a.Messages.Report(ctx, r.actor, in.ID, in.MessageID, in.Body.Reason)
	})
}

// inquiryAfter is the answer of an act upon an inquiry.
func (a *API) inquiryAfter(ctx context.Context, r *request, id string, err error) (*inquiryOutput, error) {
	if err != nil {
		return nil, err
	}
	row, err := a.Messages.Inquiry(ctx, r.actor, id)
	if err != nil {
		return nil, err
	}
	return &inquiryOutput{Body: a.inquiryOf(&row)}, nil
}

// inquiryOf is an inquiry as this API tells of it.
func (a *API) inquiryOf(row *message.Inquiry) Inquiry {
	out := Inquiry{ID: row.ID, URL: a.URL + message.Path(row.ID), Role: string(row.Mine), ServiceID: row.ServiceID, ServiceTitle: row.ServiceTitle,
		With: Party{Handle: row.Other.Handle, Name: row.Other.Name, Erased: row.Other.Erased},
		Goal: row.Goal, Background: row.Background, Expectation: row.Expectation, State: string(row.State), Reason: string(row.Reason), Comment: row.Comment,
		CreatedAt: instant(row.CreatedAt), EndedAt: instant(row.EndedAt), Closed: row.Closed, Written: row.Written, LastAt: instant(row.LastAt)}
	if row.Other.Tutor {
		out.With.URL = a.URL + profile.Path(profile.TutorKind, row.Other.Handle)
	}
	if row.State == message.Open {
		out.ExpiresAt = instant(row.ExpiresAt())
	}
	return out
}

func warningsOf(found []message.Warning) []Warning {
	out := make([]Warning, len(found))
	for i, w := range found {
		out[i] = Warning{Field: w.Field, Kind: string(w.Kind)}
	}
	return out
}

// renamed tells of a field by the name that it has in this API.
func renamed(err error, from, to string) error {
	var list fault.Fields
	var one *fault.Error
	switch {
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = fault.Fields{one}
	default:
		return err
	}
	out := make(fault.Fields, len(list))
	for i, e := range list {
		changed := *e
		if changed.Field == from {
			changed.Field = to
		}
		out[i] = &changed
	}
	return out
}
