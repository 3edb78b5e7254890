package site

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// spoken is what is typed on a thread's page.
type spoken struct {
	text     string
	warnings []message.Warning
	decline  *message.Declining // refused
	until    string             // of the date input
	kept     bool               // it waited for a sign-in
}

// keptWords are what waits to be sent to this thread.
func (s *Site) keptWords(ctx context.Context, id string) spoken {
	words, text := s.held(ctx, message.Path(id))
	typed := spoken{}
	if refused, ok := s.held(ctx, declinePath(id)); ok {
		typed = refusal(refused.Get)
		typed.kept = true
	}
	typed.text, typed.kept = words.Get("text"), typed.kept || text
	return typed
}

// dropUnsent forgets what a page has given back for good.
func (s *Site) dropUnsent(ctx context.Context, id string) error {
	if err := s.drop(ctx, message.Path(id)); err != nil {
		return err
	}
	return s.drop(ctx, declinePath(id))
}

// thread shows an inquiry and what was written after it. Whoever reads it has
// read the notices about it too.
func (s *Site) thread(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	t, err := s.Messages.Thread(ctx, v.actor, c.Param("id"), pageOf(c))
	if err != nil {
		return err
	}
	if n := t.ToMark(); n > 0 {
		if err := s.Messages.MarkRead(ctx, v.actor, t.ID, n); err != nil {
			return err
		}
	}
	if err := s.Notices.MarkPathRead(ctx, v.actor, message.Path(t.ID)); err != nil {
		return err
	}
	page, err := s.threadPage(c, &t, s.keptWords(ctx, t.ID), problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// threadAgain is the page of a thread with a form that was refused.
func (s *Site) threadAgain(c *gin.Context, typed spoken) func(problems) (templ.Component, error) {
	return func(bad problems) (templ.Component, error) {
		v, err := s.visit(c)
		if err != nil {
			return nil, err
		}
		t, err := s.Messages.Thread(c.Request.Context(), v.actor, c.Param("id"), 0)
		if err != nil {
			return nil, err
		}
		return s.threadPage(c, &t, typed, bad)
	}
}

// ownZone is the viewer's time zone, UTC where none was chosen.
func (s *Site) ownZone(ctx context.Context, by account.Actor) (*time.Location, error) {
	own, err := s.ownProfile(ctx, by)
	if err != nil || own == nil {
		return time.UTC, err
	}
	return zone(own.Timezone), nil
}

func (s *Site) threadPage(c *gin.Context, t *message.Thread, typed spoken, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "thread.talk")
	if err != nil {
		return nil, err
	}
	loc, err := s.ownZone(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	p := web.ThreadPage{URL: message.Path(t.ID), Name: peerName(f, t.Other), Portrait: portrait(t.Other.Seed, t.Other.Picture),
		Erased: t.Other.Erased, State: string(t.State), Word: f.T("thread.word_" + string(t.State)), Service: t.ServiceTitle,
		Turn: turnWord(f, t, loc), Closed: t.Closed, MarksOn: t.Marks, MarksBoth: t.BothMark, Troubles: bad.Summary,
		Withdraw: t.State == message.Open && t.Mine == message.Learner, Close: !t.Closed && t.State != message.Open && !t.Other.Erased,
		Confirm: web.Field{Name: "confirm", Label: f.T("ask.contacts_confirm")}, Warnings: warningWords(f, typed.warnings)}
	f.Title, f.Tab = p.Name, "inbox"
	if t.Other.Tutor && t.Mine == message.Learner {
		p.PersonURL = profile.Path(profile.TutorKind, t.Other.Handle)
	}
	if !t.CreatedAt.IsZero() {
		p.When = f.Texts.Moment(t.CreatedAt.In(loc))
	}
	if !t.EndsOn.IsZero() && t.State != message.Open {
		p.Ends = f.Texts.Date(t.EndsOn)
	}
	threadWords(f, t, loc, &p)
	if !t.Closed && !t.Other.Erased {
		p.Write = writeField(f, t, typed.text, bad)
	} else {
		p.Unsent = typed.text
	}
	if t.State == message.Open && t.Mine == message.Tutor {
		p.Decline = refusing(f, typed, bad)
	} else if typed.decline != nil && p.Unsent == "" {
		p.Unsent = typed.decline.Comment
	}
	p.Kept = typed.kept && p.Unsent == "" && (typed.text != "" || p.Decline != nil)
	if p.Unsent != "" {
		if err := s.dropUnsent(c.Request.Context(), t.ID); err != nil {
			return nil, err
		}
	}
	if t.Mine == message.Learner && (t.State == message.Declined || t.State == message.Expired) {
		if err := s.instead(c, f, v, t, &p); err != nil {
			return nil, err
		}
	}
	return web.Thread(f, p), nil
}

// turnWord says whose turn it is, or how it ended.
func turnWord(f web.Frame, t *message.Thread, loc *time.Location) string {
	until := f.Texts.Moment(t.ExpiresAt().In(loc))
	learner := t.Mine == message.Learner
	mine := func(key string) string {
		if learner {
			key += "_me"
		}
		return f.T("thread.turn_" + key)
	}
	switch {
	case t.Other.Erased:
		return f.T("thread.turn_gone")
	case t.State == message.Open && learner:
		return f.T("thread.turn_theirs", "date", until)
	case t.State == message.Open:
		return f.T("thread.turn_mine", "date", until)
	case t.State != message.Answered:
		return mine(string(t.State))
	case t.Closed:
		return f.T("thread.turn_closed")
	}
	return f.T("thread.turn_answered")
}

// threadWords fills in what was written.
func threadWords(f web.Frame, t *message.Thread, loc *time.Location, p *web.ThreadPage) {
	for _, x := range []struct{ key, text string }{{"ask.goal", t.Goal}, {"ask.background", t.Background}, {"ask.expectation", t.Expectation}} {
		if x.text != "" {
			p.Parts = append(p.Parts, web.ThreadPart{Label: f.T(x.key), HTML: markup.Render(x.text)})
		}
	}
	report := func(id string) string {
		return p.URL + "/report/" + id + "?" + "page=" + strconv.Itoa(t.Page)
	}
	if t.Mine == message.Tutor && len(p.Parts) > 0 || t.Mine == message.Learner && t.Comment != "" {
		p.ReportURL = report(t.ID)
	}
	if t.State == message.Declined {
		p.Reason, p.Comment = reasonWord(f, t.Reason), markup.Render(t.Comment)
	}
	mine := f.T("thread.me")
	face := portrait("", "")
	if view := f.Viewer; view != nil {
		face = view.Portrait
	}
	for i, m := range t.Messages {
		w := web.MessageView{ID: m.ID, Name: p.Name, Portrait: p.Portrait, Mine: m.Mine, HTML: markup.Render(m.Text),
			When: f.Texts.Moment(m.CreatedAt.In(loc)), Reported: m.Reported}
		if m.Mine {
			w.Name, w.Portrait = mine, face
			last := i+1 == len(t.Messages) || t.Messages[i+1].N > t.Read
			w.Seen = t.BothMark && m.N <= t.Read && last
		} else if !m.Reported {
			w.ReportURL = report(m.ID)
		}
		p.Messages = append(p.Messages, w)
	}
	if t.Pages > 1 {
		p.Pages = f.T("thread.page_of", "page", t.Page, "pages", t.Pages)
	}
	if t.Page > 1 {
		p.PrevURL = paged(p.URL, url.Values{}, t.Page-1)
	}
	if t.Page < t.Pages {
		p.NextURL = paged(p.URL, url.Values{}, t.Page+1)
	}
}

// reasonWord is why a tutor declined, in words.
func reasonWord(f web.Frame, r message.Reason) string {
	if r == message.Other {
		return f.T("thread.reason_is_other") // "other" alone would be a plural form's name
	}
	return f.T("thread.reason_" + string(r))
}

func writeField(f web.Frame, t *message.Thread, text string, bad problems) *web.Field {
	label, hint := f.T("thread.text"), f.T("thread.text_hint")
	if t.State == message.Open && t.Mine == message.Tutor {
		label, hint = f.T("thread.answer"), f.T("thread.answer_hint")
	}
	return &web.Field{Name: "text", Label: label, Hint: hint, Value: text, Error: bad.of("text"),
		Max: message.MaxText, Required: true, Preview: f.Link("/me/preview")}
}

func refusing(f web.Frame, typed spoken, bad problems) *web.Refusing {
	d := message.Declining{}
	out := &web.Refusing{Bad: bad.of("reason")}
	if typed.decline != nil {
		d, out.Open = *typed.decline, true
	}
	for _, r := range message.Reasons() {
		out.Reasons = append(out.Reasons, web.Choice{Value: string(r), Label: reasonWord(f, r), Selected: r == d.Reason})
	}
	out.Comment = web.Field{Name: "comment", Label: f.T("thread.comment"), Hint: f.T("thread.comment_hint"), Value: d.Comment,
		Error: bad.of("comment"), Max: message.MaxComment, Rows: 3}
	out.Pause = d.Pause
	out.Until = web.Field{Name: "paused_until", Label: f.T("thread.until"), Hint: f.T("thread.until_hint"), Type: "date",
		Value: typed.until, Error: bad.of("paused_until")}
	return out
}

// instead shows others where a tutor did not take the learner.
func (s *Site) instead(c *gin.Context, f web.Frame, v *visit, t *message.Thread, p *web.ThreadPage) error {
	person, err := s.Profiles.Profile(c.Request.Context(), v.actor, t.Other.Handle)
	switch {
	case fault.Is(err, fault.NotFound): // gone or hidden: anybody who teaches
		person.AccountID = t.TutorID
	case err != nil:
		return err
	}
	p.SearchURL = similarURL(person)
	p.Similar, err = s.similar(c, f, v, person)
	return err
}
