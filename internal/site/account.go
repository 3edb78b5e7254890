package site

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/web"
)

// The classes of acts that are limited; Classes has their bounds.
const (
	classSignUp  = "signup"  // new accounts
	classLogin   = "login"   // codes and passkeys tried
	classUpload  = "upload"  // pictures, which cost a decode
	classPreview = "preview" // Markdown shown while typing
	classWrite   = "write"   // per account: changes, each of which empties pages and is indexed
	classExport  = "export"  // per account: everything that the board holds about it
)

// allow is limited for a handler that counts only some of its requests.
func (s *Site) allow(c *gin.Context, class string) error {
	if ok, after := s.Limits.Allow(class, s.Limits.Address(c.Request.RemoteAddr)); !ok {
		return tooMany(c, after)
	}
	return nil
}

// mayWrite refuses an account that changes things faster than a person does.
// Strangers are bounded where they can change anything at all.
func (s *Site) mayWrite(c *gin.Context) error { return s.allowAccount(c, classWrite) }

// allowAccount is allow for what is counted by the account of the session,
// wherever it comes from; a stranger has none.
func (s *Site) allowAccount(c *gin.Context, class string) error {
	id := s.sessions.GetString(c.Request.Context(), keyAccount)
	if id == "" {
		return nil
	}
	if ok, after := s.Limits.Allow(class, s.Limits.Account(id)); !ok {
		return tooMany(c, after)
	}
	return nil
}

// mountAccount registers everything that begins or needs an account.
func (s *Site) mountAccount(r gin.IRouter) {
	r.GET("/signup", s.page(s.signUpForm))
	r.POST("/signup", s.act(s.signUp))
	r.GET("/code", s.page(s.codePage))
	r.POST("/code", s.act(s.codeSaved))
	r.GET("/welcome", s.page(s.welcome))
	r.GET("/login", s.page(s.loginForm))
	r.POST("/login", s.limited(classLogin, s.act(s.login)))
	r.POST("/login/passkey/begin", s.exchange(s.beginLogin))
	r.POST("/login/passkey/finish", s.exchange(s.finishLogin))
	r.POST("/logout", s.typed(s.logout))
	r.GET("/claim", s.page(s.claimForm))
	r.POST("/claim", s.limited(classLogin, s.act(s.claim)))
	r.GET("/setup", s.page(s.setupForm))
	r.POST("/setup", s.limited(classLogin, s.act(s.setup)))
	r.POST("/me/passkeys/begin", s.exchange(s.beginPasskey))
	r.POST("/me/passkeys/finish", s.exchange(s.finishPasskey))
	s.mountMe(r)
	s.mountSaved(r)
	s.mountSettings(r)
	s.mountAdmin(r)
}

// mountMe registers a person's own profile and services.
func (s *Site) mountMe(r gin.IRouter) {
	r.GET("/me", s.page(s.me))
	r.POST("/me/here", s.act(s.stillHere))
	r.POST("/me/open", s.act(s.openProfile))
	r.POST("/me/preview", s.limited(classPreview, s.typed(s.preview)))
	r.GET("/me/profile", s.page(s.profileForm))
	r.POST("/me/profile", s.typed(s.saveProfile))
	r.GET("/me/profile/picture", s.page(s.pictureForm))
	r.POST("/me/profile/picture", s.limited(classUpload, s.page(s.savePicture)))
	r.POST("/me/profile/picture/remove", s.act(s.removePicture))
	r.GET("/me/services", s.page(s.ownServices))
	r.GET("/me/services/new", s.page(s.newService))
	r.POST("/me/services/new", s.typed(s.addService))
	r.GET("/me/services/:id", s.page(s.serviceForm))
	r.POST("/me/services/:id", s.typed(s.saveService))
	r.POST("/me/services/:id/state", s.act(s.serviceState))
	r.GET("/me/services/:id/delete", s.page(s.askRemoval))
	r.POST("/me/services/:id/delete", s.act(s.removeService))
}

// mountSettings registers what is about the account itself.
func (s *Site) mountSettings(r gin.IRouter) {
	r.GET("/me/settings", s.page(s.settings))
	r.POST("/me/passkeys/:id/name", s.act(s.renamePasskey))
	r.POST("/me/passkeys/:id/remove", s.act(s.removePasskey))
	r.POST("/me/tokens", s.act(s.newToken))
	r.POST("/me/tokens/:id/remove", s.act(s.removeToken))
	r.POST("/me/code", s.act(s.newCode))
	r.POST("/me/everywhere", s.typed(s.signOutEverywhere))
	r.GET("/me/export", s.page(s.export))
	r.GET("/me/erase", s.page(s.eraseForm))
	r.POST("/me/erase", s.act(s.erase))
}

// mountAdmin registers what moderators and operators do.
func (s *Site) mountAdmin(r gin.IRouter) {
	r.GET("/admin", s.page(s.admin))
	r.POST("/admin", s.typed(s.saveBranch))
	r.GET("/admin/waiting", s.page(s.waiting))
	r.POST("/admin/waiting/:id", s.act(s.approve))
	r.GET("/admin/invitations", s.page(s.invitations))
	r.POST("/admin/invitations", s.act(s.invite))
	r.GET("/admin/accounts", s.page(s.accounts))
	r.POST("/admin/accounts/:handle", s.act(s.grantRole))
}

// keyNext is where a person wanted to go before the code page came between.
const keyNext = "next"

// sealedFor binds a sealed code to its account: a session row moved to
// another account opens nothing.
func sealedFor(accountID string) string { return "session/code/" + accountID }

// keepCode puts a recovery code, sealed, into the session until its owner
// says that it is saved.
func (s *Site) keepCode(ctx context.Context, accountID, code string) {
	sealed := s.Keys.Seal(sealedFor(accountID), []byte(code))
	s.sessions.Put(ctx, keyCode, base64.RawStdEncoding.EncodeToString(sealed))
}

// keptCode is the code that waits in the session, empty when there is none.
func (s *Site) keptCode(ctx context.Context, accountID string) string {
	sealed, err := base64.RawStdEncoding.DecodeString(s.sessions.GetString(ctx, keyCode))
	if err != nil || len(sealed) == 0 {
		return ""
	}
	code, err := s.Keys.Open(sealedFor(accountID), sealed)
	if err != nil {
		return ""
	}
	return string(code)
}

// signed is frameFor for pages that need an account. The fault of a stranger
// sends them to sign in and back.
func (s *Site) signed(c *gin.Context, title string) (web.Frame, *visit, error) {
	v, err := s.visit(c)
	if err != nil {
		return web.Frame{}, nil, err
	}
	if v.actor.Anonymous() {
		return web.Frame{}, nil, fault.Of(fault.Unauthenticated, "signed_out")
	}
	f, err := s.frame(c, v)
	f.Title, f.NoIndex, f.Tab = f.T(title), true, "me"
	return f, v, err
}

// stranger is frameFor for pages with a form that strangers post.
func (s *Site) stranger(c *gin.Context, title string) (web.Frame, *visit, error) {
	f, v, err := s.frameFor(c, "")
	if err != nil {
		return f, nil, err
	}
	f.Title, f.CSRF = f.T(title), s.token(c)
	return f, v, nil
}

// say keeps a text of the viewer's language for the next page.
func (s *Site) say(c *gin.Context, kind, key string, args ...any) {
	if v, err := s.visit(c); err == nil {
		s.flash(c, kind, s.Web.Texts(v.lang).T(key, args...))
	}
}

// exchange answers a script: JSON in with the form's token, JSON out. A fault
// becomes its status with a text for the person.
func (s *Site) exchange(h func(*gin.Context, request) (any, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		secureHeaders(c.Writer.Header())
		c.Header("Cache-Control", "no-store")
		var in request
		var out any
		err := s.allow(c, classLogin)
		if err == nil {
			in, err = s.readRequest(c)
		}
		if err == nil {
			out, err = h(c, in)
		}
		if err == nil {
			c.JSON(http.StatusOK, out)
			return
		}
		status, kind := answer.Of(err, c.Request.Context().Err())
		if status == answer.Gone {
			c.Status(status)
			return
		}
		if kind == fault.Internal {
			s.Log.Error("request failed", "route", c.FullPath(), "error", err)
		}
		code, args := "", map[string]any(nil)
		if all := fault.All(err); len(all) > 0 && kind != fault.Internal {
			code, args = all[0].Code, all[0].Args
		}
		texts := s.Web.Texts(localeOf(c.Request).lang)
		if code == "form_malformed" {
			status = http.StatusBadRequest
		}
		c.JSON(status, gin.H{"code": code, "error": texts.Fault(kind.String(), code, wordArgs(texts, args))})
	}
}

// request is what our own script sends.
type request struct {
	CSRF     string          `json:"csrf"`
	Name     string          `json:"name"`
	Next     string          `json:"next"`
	Response json.RawMessage `json:"response"`
}

var errTrailing = errors.New("something follows the object")

func (s *Site) readRequest(c *gin.Context) (request, error) {
	var in request
	if c.ContentType() != "application/json" {
		return in, fault.Of(fault.Invalid, "form_malformed")
	}
	body := http.MaxBytesReader(c.Writer, c.Request.Body, formBytes)
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.Join(errTrailing, more)
		}
	}
	if err != nil {
		return in, formFault(err)
	}
	return in, s.checkToken(c, in.CSRF)
}
