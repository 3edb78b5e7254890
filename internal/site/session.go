package site

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

// The keys of what a session holds: only basic types, which the sessions' gob knows.
const (
	keyAccount = account.SessionAccount
	keyEpoch   = account.SessionEpoch
	keyCSRF    = "csrf"
	keyFlash   = "flash"
	keyPasskey = "passkey" // state of a running passkey ceremony
	keyCode    = "code"    // a recovery code until its owner has saved it, sealed
)

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
	return s.claimHeld(ctx, a.ID)
}

func (s *Site) signOut(c *gin.Context) error {
	ctx := c.Request.Context()
	if s.sessions.GetString(ctx, keyHeld) != "" {
		if err := s.keepHeld(ctx, nil); err != nil {
			return err
		}
	}
	return s.sessions.Destroy(ctx)
}

// token is the form token: of the session, made on first need, and for a
// stranger a keyed code of a random cookie, so that looking at a form stores
// nothing here.
func (s *Site) token(c *gin.Context) string {
	ctx := c.Request.Context()
	if t := s.sessions.GetString(ctx, keyCSRF); t != "" {
		return t
	}
	id := s.sessions.GetString(ctx, keyAccount)
	if id == "" {
		return s.strangersToken(s.strangersCookie(c))
	}
	t := secret.NewToken("f") + "." + s.markOf(id) // tells whose words came when the session is over
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
	ctx := c.Request.Context()
	want := s.sessions.GetString(ctx, keyCSRF)
	if want == "" && s.sessions.GetString(ctx, keyAccount) == "" {
		if ck, err := c.Request.Cookie(s.cookie(formCookie)); err == nil {
			want = s.strangersToken(ck.Value)
		}
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return fault.Of(fault.Forbidden, "form_expired")
	}
	return nil
}

// formCookie is a stranger's browser, for as long as it is open. A form's token
// is bound to it by a key, so one that a stranger reads or plants fits nobody
// else's cookie; a session has a token of its own.
const formCookie = "form"

// strangersCookie is the browser's random value, given to it on first need.
func (s *Site) strangersCookie(c *gin.Context) string {
	if v := c.GetString(formCookie); v != "" {
		return v
	}
	v := ""
	if ck, err := c.Request.Cookie(s.cookie(formCookie)); err == nil && len(ck.Value) >= minCookie && len(ck.Value) <= maxToken {
		v = ck.Value
	} else {
		v = secret.NewToken("b")
		http.SetCookie(c.Writer, &http.Cookie{Name: s.cookie(formCookie), Value: v, Path: "/", HttpOnly: true, Secure: s.secure(),
			SameSite: http.SameSiteLaxMode})
	}
	c.Set(formCookie, v)
	return v
}

// strangersToken is empty for what strangersCookie would not have given.
func (s *Site) strangersToken(cookie string) string {
	if len(cookie) < minCookie || len(cookie) > maxToken {
		return ""
	}
	sum := s.Keys.MAC("form", []byte(cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// minCookie is less than a random value has.
const minCookie = 20

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
