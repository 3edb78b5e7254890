package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// mountMessages registers how people reach and hear each other.
func (s *Site) mountMessages(r gin.IRouter) {
	s.mountInbox(r)
	r.POST("/me/capacity", s.act(s.saveCapacity))
	r.GET("/join", s.limited("search", s.open(s.join)))
	r.GET("/tutors/:handle/ask", s.page(s.askForm))
	r.POST("/tutors/:handle/ask", s.page(s.sendAsk))
	r.GET("/inquiries", s.page(s.inquiries))
	r.GET("/inquiries/:id", s.page(s.thread))
	r.POST("/inquiries/:id", s.page(s.write))
	r.POST("/inquiries/:id/decline", s.page(s.declineInquiry))
	r.POST("/inquiries/:id/withdraw", s.act(s.withdrawInquiry))
	r.POST("/inquiries/:id/close", s.act(s.closeThread))
	r.POST("/inquiries/:id/marks", s.act(s.threadMarks))
	r.GET("/inquiries/:id/report/:message", s.page(s.reportForm))
	r.POST("/inquiries/:id/report/:message", s.page(s.report))
}

// askPath is where a tutor is written to.
func askPath(handle, service string) string {
	path := profile.Path(profile.TutorKind, handle) + "/ask"
	if service != "" {
		path += "?service=" + queryEscape(service)
	}
	return path
}

// askDoor is where to write to a tutor, empty while there is no place left.
func askDoor(handle, service string, h profile.Habit) string {
	if h.Free <= 0 {
		return ""
	}
	return askPath(handle, service)
}

// askable tells whether the viewer may be offered to write to a person.
func askable(p profile.Profile, v *visit) bool {
	return p.Tutor && p.AccountState == account.Active && p.State == profile.Open && p.Visible() && (v.actor.Anonymous() || v.actor.ID != p.AccountID)
}

func (s *Site) askForm(c *gin.Context) error {
	words, kept := s.held(c.Request.Context(), askedOf(c))
	page, err := s.askPage(c, typedAsk(c, words.Get), problems{}, kept)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// typing is an inquiry as it stands in the form.
type typing struct {
	message.Ask

	Confirmed bool // contacts in it were confirmed
}

// words is all that was typed, to be copied.
func (t *typing) words() string {
	var parts []string
	for _, part := range []string{t.Goal, t.Background, t.Expectation} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// askWords are the form's fields.
var askWords = [...]string{"goal", "background", "expectation", "confirm"}

// typedAsk is the inquiry of this address with words that were sent or kept.
func typedAsk(c *gin.Context, word func(string) string) typing {
	return typing{Confirmed: word("confirm") != "", Ask: message.Ask{Handle: c.Param("handle"), ServiceID: clip(c.Query("service"), maxValue),
		Goal: word("goal"), Background: word("background"), Expectation: word("expectation")}}
}

// askedOf is where the form of this address is sent to.
func askedOf(c *gin.Context) string {
	return askPath(c.Param("handle"), clip(c.Query("service"), maxValue))
}

// askPage is the form with what is typed; kept tells that it waited.
func (s *Site) askPage(c *gin.Context, typed typing, bad problems, kept bool) (templ.Component, error) {
	f, v, err := s.stranger(c, "ask.do")
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	p, err := s.Profiles.Profile(ctx, v.actor, typed.Handle)
	if err != nil {
		return nil, err
	}
	habit, err := s.Messages.Habit(ctx, p.AccountID)
	if err != nil {
		return nil, err
	}
	page := web.AskPage{Name: p.Shown(), By: s.card(f, v, p.Card(s.Now()), ""), Back: p.Path(), Action: askPath(typed.Handle, typed.ServiceID),
		Stranger: v.actor.Anonymous(), Closed: v.branch.SignUp == branch.Closed, Kept: kept && !v.actor.Anonymous(), Troubles: bad.Summary, Confirmed: typed.Confirmed,
		Confirm: web.Field{Name: "confirm", Label: f.T("ask.contacts_confirm")}}
	page.By.Reply = answerWord(f, habit)
	f.Title = f.T("ask.title", "name", p.Shown())
	if offer, err := s.askedService(ctx, v, typed.Ask, p); err != nil {
		return nil, err
	} else if offer != nil {
		page.Service, page.ServiceURL = offer.Title, "/services/"+offer.ID
		page.Back = page.ServiceURL
	} else {
		page.Action = askPath(typed.Handle, "")
	}
	if why := message.Askable(v.actor, p, habit); why != nil {
		if err := s.refuse(c, f, v, &page, why, p); err != nil {
			return nil, err
		}
		page.Unsent = typed.words()
		return web.Ask(f, page), nil
	}
	page.Warnings = warningWords(f, message.Warnings(typed.Ask))
	part := func(name, value string, required bool) web.Field {
		return web.Field{Name: name, Label: f.T("ask." + name), Hint: f.T("ask." + name + "_hint"), Value: value, Error: bad.of(name),
			Max: message.MaxPart, Rows: 4, Required: required}
	}
	page.Goal = part("goal", typed.Goal, true)
	page.Background = part("background", typed.Background, false)
	page.Expectation = part("expectation", typed.Expectation, false)
	return web.Ask(f, page), nil
}

// refuse makes the page say why nobody can write to a tutor now, and who is similar.
func (s *Site) refuse(c *gin.Context, f web.Frame, v *visit, page *web.AskPage, why error, p profile.Profile) (err error) {
	page.Refused = s.problems(f, why).Summary[0].Text
	if onPause(p) && !p.PausedUntil.IsZero() && v.actor.ID != p.AccountID {
		page.Refused = f.T("profile.paused_until", "date", returnDate(f, p))
	}
	if unclaimed(p) {
		page.Refused = f.T("profile.unclaimed")
	}
	page.SearchURL = similarURL(p)
	page.Similar, err = s.similar(c, f, v, p)
	return err
}

// askedService is what the inquiry is about, nil for nothing in particular. A
// service that is gone meanwhile must not cost the words: then it is about none.
func (s *Site) askedService(ctx context.Context, v *visit, in message.Ask, p profile.Profile) (*market.Listing, error) {
	if in.ServiceID == "" {
		return nil, nil //nolint:nilnil // about nothing in particular
	}
	offer, err := s.Market.Service(ctx, v.actor, in.ServiceID)
	if fault.Is(err, fault.NotFound) || err == nil && offer.AccountID != p.AccountID {
		return nil, nil //nolint:nilnil // gone
	}
	if err != nil {
		return nil, err
	}
	return &offer, nil
}

// sendAsk sends an inquiry, or keeps it while a stranger makes an account.
// Whatever is wrong, the words come back with the answer, also when the
// session ended meanwhile and the form's token with it.
func (s *Site) sendAsk(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	typed := typedAsk(c, func(name string) string { return value(c, name) })
	shown := func(bad problems) (templ.Component, error) { return s.askPage(c, typed, bad, false) }
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.again(c, err, shown)
	}
	if len(message.Warnings(typed.Ask)) > 0 && !typed.Confirmed {
		page, err := shown(problems{})
		if err != nil {
			return err
		}
		return s.show(c, http.StatusUnprocessableEntity, page)
	}
	if v.actor.Anonymous() {
		return s.askLater(c, typed, shown)
	}
	if err := s.mayWrite(c); err != nil {
		return s.again(c, err, shown)
	}
	sent, err := s.Messages.Ask(ctx, v.actor, typed.Ask)
	if err != nil {
		return s.again(c, err, shown)
	}
	if err := s.drop(ctx, askedOf(c)); err != nil {
		return err
	}
	s.say(c, "ok", "ask.sent")
	return s.see(c, message.Path(sent.ID))
}

// askLater keeps a stranger's words and leads to a new account and back, or
// to the sign-in where nobody new is taken.
func (s *Site) askLater(c *gin.Context, typed typing, shown func(problems) (templ.Component, error)) error {
	if err := checkAsk(typed.Ask); err != nil {
		return s.again(c, err, shown)
	}
	ctx := c.Request.Context()
	p, err := s.Profiles.Profile(ctx, account.Actor{}, typed.Handle)
	if err != nil {
		return err
	}
	habit, err := s.Messages.Habit(ctx, p.AccountID)
	if err != nil {
		return err
	}
	if why := message.Askable(account.Actor{}, p, habit); why != nil { // no account is made in vain
		return s.again(c, why, shown)
	}
	if err := s.allow(c, classPreview); err != nil { // what waits is kept in a session of its own
		return s.again(c, err, shown)
	}
	words := url.Values{}
	for _, name := range askWords {
		words.Set(name, value(c, name))
	}
	if err := s.hold(ctx, held{To: askedOf(c), Words: words}); err != nil {
		return err
	}
	way := "/signup"
	if localeOf(c.Request).branch.SignUp == branch.Closed {
		way = "/login" // whoever has an account already
	}
	return s.see(c, way+"?next="+queryEscape(askedOf(c)))
}

// checkAsk says before an account is made what sending would refuse after it.
func checkAsk(in message.Ask) error {
	var bad fault.Fields
	if in.Goal == "" {
		bad.Add(fault.Bad("goal", "required"))
	}
	bad.Add(profile.Bounded("goal", in.Goal, message.MaxPart))
	bad.Add(profile.Bounded("background", in.Background, message.MaxPart))
	bad.Add(profile.Bounded("expectation", in.Expectation, message.MaxPart))
	return bad.Err()
}
