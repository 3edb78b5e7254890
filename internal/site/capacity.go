package site

import (
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/web"
)

// capacityField is how many inquiries may wait for the viewer at once, with
// what is known of how the viewer answers.
func (s *Site) capacityField(c *gin.Context, f web.Frame, v *visit, bad problems) (*web.Field, []string, error) {
	st, err := s.Messages.Standing(c.Request.Context(), v.actor)
	if err != nil {
		return nil, nil, err
	}
	typed := strconv.Itoa(st.Capacity)
	if bad.of("capacity") != "" {
		typed = value(c, "capacity")
	}
	lines := []string{f.N("capacity.waiting", st.Waiting)}
	if st.Asked > 0 {
		lines = append(lines, f.T("capacity.answered", "answered", st.Answered, "asked", st.Asked))
	}
	if word := answerWord(f, st.Habit); word != "" {
		lines = append(lines, f.T("capacity.shown", "reply", word))
	}
	if st.Unanswered > 0 {
		lines = append(lines, f.N("capacity.silent", st.Unanswered))
	}
	return &web.Field{Name: "capacity", Label: f.T("capacity.label"), Hint: f.T("capacity.hint", "max", message.MaxCapacity),
		Value: typed, Error: bad.of("capacity"), Type: "number", Mode: "numeric", Required: true}, lines, nil
}

func (s *Site) saveCapacity(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(value(c, "capacity"))
	if err != nil {
		err = fault.Bad("capacity", "capacity_range").With("Max", message.MaxCapacity)
	} else {
		err = s.Messages.SetCapacity(c.Request.Context(), v.actor, n)
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.ownServicesPage(c, bad) })
	}
	s.say(c, "ok", "editor.saved")
	return s.see(c, "/me/services")
}
