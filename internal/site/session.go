package site

import (
	"context"
	"crypto/subtle"
	"encoding/gob"
	"encoding/json"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

// The keys of what a session holds.
const (
	keyAccount = account.SessionAccount
	keyEpoch   = account.SessionEpoch
	keyCSRF    = "csrf"
	keyFlash   = "flash"
	keyPasskey = "passkey" // state of a running passkey ceremony
	keyCode    = "code"    // a recovery code until its owner has saved it, sealed
)

var _ = gob.Register // scs encodes sessions by gob: only basic types are kept in them

func (s *Site) actor(ctx context.Context) (account.Actor, error) {
	id := s.sessions.GetString(ctx, keyAccount)
	if id == "" {
		return account.Actor{}, nil
	}
	actor, err := s.Accounts.SessionActor(ctx, id, s.sessions.GetInt64(ctx, keyEpoch))
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.NotFound) {
		return account.Actor{}, s.sessions.Destroy(ctx)
	}
	return actor, err
}

// signIn starts a session under a new token, so that one planted before is worthless.
func (s *Site) signIn(c *gin.Context, a account.Account) error {
	ctx := c.Request.Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, keyAccount, a.ID)
	s.sessions.Put(ctx, keyEpoch, a.SessionEpoch)
	s.sessions.Remove(ctx, keyCSRF)
	return nil
}

func (s *Site) signOut(c *gin.Context) error { return s.sessions.Destroy(c.Request.Context()) }

// token is the session's form token, made on first need. Calling it on a page
// for strangers starts a short session.
func (s *Site) token(c *gin.Context) string {
	ctx := c.Request.Context()
	if t := s.sessions.GetString(ctx, keyCSRF); t != "" {
		return t
	}
	t := secret.NewToken("f")
	s.sessions.Put(ctx, keyCSRF, t)
	return t
}

// checkForm refuses a form whose token is not this session's.
func (s *Site) checkForm(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	return s.checkToken(c, c.Request.PostForm.Get(web.CSRFField))
}

// checkToken compares a token that came with a form or a script's request.
func (s *Site) checkToken(c *gin.Context, got string) error {
	want := s.sessions.GetString(c.Request.Context(), keyCSRF)
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return fault.Of(fault.Forbidden, "form_expired")
	}
	return nil
}

// flash keeps a message for the next page.
func (s *Site) flash(c *gin.Context, kind, text string) {
	list := append(s.readFlash(c), web.Flash{Kind: kind, Text: text})
	if b, err := json.Marshal(list); err == nil {
		s.sessions.Put(c.Request.Context(), keyFlash, string(b))
	}
}

func (s *Site) readFlash(c *gin.Context) []web.Flash {
	var list []web.Flash
	_ = json.Unmarshal([]byte(s.sessions.GetString(c.Request.Context(), keyFlash)), &list)
	return list
}

func (s *Site) takeFlash(c *gin.Context) []web.Flash {
	list := s.readFlash(c)
	if len(list) > 0 {
		s.sessions.Remove(c.Request.Context(), keyFlash)
	}
	return list
}
