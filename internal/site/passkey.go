package site

import (
	"context"
	"encoding/base64"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
)

// keepCeremony holds the state between the two halves of a passkey ceremony.
func (s *Site) keepCeremony(ctx context.Context, state []byte) {
	s.sessions.Put(ctx, keyPasskey, base64.RawStdEncoding.EncodeToString(state))
}

// takeCeremony ends it: a state is good once, whatever comes of it.
func (s *Site) takeCeremony(ctx context.Context) ([]byte, error) {
	state, err := base64.RawStdEncoding.DecodeString(s.sessions.PopString(ctx, keyPasskey))
	if err != nil || len(state) == 0 {
		return nil, fault.Of(fault.Conflict, "passkey_over")
	}
	return state, nil
}

func (s *Site) beginLogin(c *gin.Context, _ request) (any, error) {
	ctx := c.Request.Context()
	options, state, err := s.Accounts.BeginLogin(ctx)
	if err != nil {
		return nil, err
	}
	s.keepCeremony(ctx, state)
	return options, nil
}

func (s *Site) finishLogin(c *gin.Context, in request) (any, error) {
	ctx := c.Request.Context()
	state, err := s.takeCeremony(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.Accounts.FinishLogin(ctx, state, in.Response)
	if err != nil {
		return nil, err
	}
	if err := s.enter(c, a); err != nil {
		return nil, err
	}
	s.say(c, "ok", "login.welcome", "handle", a.Handle)
	return s.answerNext(c, in.Next)
}

func (s *Site) beginPasskey(c *gin.Context, _ request) (any, error) {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	options, state, err := s.Accounts.BeginRegister(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	s.keepCeremony(ctx, state)
	return options, nil
}

func (s *Site) finishPasskey(c *gin.Context, in request) (any, error) {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	state, err := s.takeCeremony(ctx)
	if err != nil {
		return nil, err
	}
	name := in.Name
	if name == "" {
		name = s.Web.Texts(v.lang).T("passkey.default_name")
	}
	if _, err := s.Accounts.FinishRegister(ctx, v.actor, name, state, in.Response); err != nil {
		return nil, err
	}
	s.say(c, "ok", "passkey.added")
	return s.answerNext(c, in.Next)
}

// answerNext tells the script where to go.
func (s *Site) answerNext(c *gin.Context, next string) (any, error) {
	v, err := s.visit(c)
	if err != nil {
		return nil, err
	}
	return gin.H{"next": v.to(local(next, "/me"))}, nil
}
