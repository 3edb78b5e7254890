package site

import (
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/web"
)

// write adds a message to a thread.
func (s *Site) write(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, to := c.Request.Context(), message.Path(c.Param("id"))
	if v.actor.Anonymous() { // the session ended while the text was typed
		return s.later(c, to, to, "text")
	}
	typed := spoken{text: value(c, "text")}
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.again(c, err, s.threadAgain(c, typed)) // the text is not lost over it
	}
	if found := message.TextWarnings(typed.text); len(found) > 0 && value(c, "confirm") == "" {
		typed.warnings = found
		page, err := s.threadAgain(c, typed)(problems{})
		if err != nil {
			return err
		}
		return s.show(c, http.StatusUnprocessableEntity, page)
	}
	if err := s.mayWrite(c); err != nil {
		return s.again(c, err, s.threadAgain(c, typed))
	}
	if _, err := s.Messages.Write(ctx, v.actor, c.Param("id"), typed.text); err != nil {
		return s.again(c, err, s.threadAgain(c, typed))
	}
	if err := s.drop(ctx, to); err != nil {
		return err
	}
	s.say(c, "ok", "thread.said")
	return s.see(c, to+"#write")
}

// declineWords are the fields of the form by which a tutor declines.
var declineWords = [...]string{"reason", "comment", "pause", "paused_until"}

// refusal is what a tutor typed in it.
func refusal(word func(string) string) spoken {
	return spoken{until: word("paused_until"), decline: &message.Declining{Reason: message.Reason(word("reason")), Comment: word("comment"),
		Pause: word("pause") != ""}}
}

func declinePath(id string) string { return message.Path(id) + "/decline" }

// declineInquiry ends an inquiry with a reason, and may begin a pause.
func (s *Site) declineInquiry(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, to := c.Request.Context(), declinePath(c.Param("id"))
	if v.actor.Anonymous() {
		return s.later(c, to, message.Path(c.Param("id")), declineWords[:]...)
	}
	typed := refusal(func(name string) string { return value(c, name) })
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.again(c, err, s.threadAgain(c, typed))
	}
	if err := s.mayWrite(c); err != nil {
		return s.again(c, err, s.threadAgain(c, typed))
	}
	loc, err := s.ownZone(ctx, v.actor)
	if err != nil {
		return err
	}
	in := *typed.decline
	if in.Pause && typed.until != "" {
		if in.PauseUntil, err = time.ParseInLocation(dateForm, typed.until, loc); err != nil {
			in.PauseUntil = time.Unix(0, 0) // long ago: refused with the field's own words
		}
	}
	if _, err := s.Messages.Decline(ctx, v.actor, c.Param("id"), in); err != nil {
		return s.again(c, err, s.threadAgain(c, typed))
	}
	if err := s.drop(ctx, to); err != nil {
		return err
	}
	word := "thread.declined"
	if in.Pause {
		word = "thread.declined_paused"
	}
	s.say(c, "ok", word)
	return s.see(c, "/inquiries")
}

// threadDone is the end of a small act upon a thread: a word and back.
func (s *Site) threadDone(c *gin.Context, err error, word string) error {
	if err != nil {
		return s.again(c, err, s.threadAgain(c, spoken{}))
	}
	s.say(c, "ok", word)
	return s.see(c, message.Path(c.Param("id")))
}

func (s *Site) withdrawInquiry(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	_, err = s.Messages.Withdraw(c.Request.Context(), v.actor, c.Param("id"))
	return s.threadDone(c, err, "thread.withdrawn")
}

func (s *Site) closeThread(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	return s.threadDone(c, s.Messages.Close(c.Request.Context(), v.actor, c.Param("id")), "thread.closed")
}

func (s *Site) threadMarks(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	err = s.Messages.SetMarks(c.Request.Context(), v.actor, c.Param("id"), value(c, "on") != "")
	return s.threadDone(c, err, "thread.marks_done")
}

func (s *Site) reportForm(c *gin.Context) error {
	words, _ := s.held(c.Request.Context(), reportPath(c))
	page, err := s.reportPage(c, words.Get("reason"), problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func reportPath(c *gin.Context) string {
	return message.Path(c.Param("id")) + "/report/" + c.Param("message")
}

// reportPage shows what is reported beside the field for why. Only the other
// side's words can be.
func (s *Site) reportPage(c *gin.Context, reason string, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "report.title")
	if err != nil {
		return nil, err
	}
	t, err := s.Messages.Thread(c.Request.Context(), v.actor, c.Param("id"), pageOf(c))
	if err != nil {
		return nil, err
	}
	f.Tab = "inbox"
	words := reported(&t, c.Param("message"))
	if words == "" {
		return nil, fault.Of(fault.NotFound, "message_unknown")
	}
	back := message.Path(t.ID)
	return web.Report(f, web.ReportPage{Back: back, Name: peerName(f, t.Other), HTML: markup.Render(words), Troubles: bad.Summary,
		Action: reportPath(c) + "?page=" + strconv.Itoa(t.Page),
		Reason: web.Field{Name: "reason", Label: f.T("report.reason"), Hint: f.T("report.reason_hint"), Value: reason,
			Error: bad.of("reason"), Max: message.MaxReport, Rows: 4, Required: true}}), nil
}

// reported are the other side's words under an id: of a message on this page,
// or of the inquiry itself.
func reported(t *message.Thread, id string) string {
	for _, m := range t.Messages {
		if m.ID == id && !m.Mine {
			return m.Text
		}
	}
	switch {
	case id != t.ID:
		return ""
	case t.Mine == message.Learner:
		return t.Comment
	}
	words := t.Goal
	for _, part := range []string{t.Background, t.Expectation} {
		if part != "" {
			words += "\n\n" + part
		}
	}
	return words
}

func (s *Site) report(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, to, reason := c.Request.Context(), reportPath(c), value(c, "reason")
	shown := func(bad problems) (templ.Component, error) { return s.reportPage(c, reason, bad) }
	if v.actor.Anonymous() {
		return s.later(c, to, to+suffix(c.Request.URL.Query()), "reason")
	}
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.again(c, err, shown)
	}
	if err := s.mayWrite(c); err != nil {
		return s.again(c, err, shown)
	}
	if err := s.Messages.Report(ctx, v.actor, c.Param("id"), c.Param("message"), reason); err != nil {
		return s.again(c, err, shown)
	}
	if err := s.drop(ctx, to); err != nil {
		return err
	}
	return s.threadDone(c, nil, "report.done")
}
