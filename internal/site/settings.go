package site

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) settings(c *gin.Context) error {
	page, err := s.settingsPage(c, problems{}, "")
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// settingsPage shows the account's keys; token is one just made, told once.
func (s *Site) settingsPage(c *gin.Context, bad problems, token string) (templ.Component, error) {
	f, v, err := s.signed(c, "settings.title")
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	me, err := s.Accounts.Me(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	p := web.SettingsPage{Handle: me.Handle, Troubles: bad.Summary, Secret: token, Waiting: s.keptCode(ctx, me.ID) != "",
		Add:   web.Ceremony{Kind: "create", Begin: "/me/passkeys/begin", End: "/me/passkeys/finish", Next: "/me/settings", Name: true},
		Token: web.Field{Name: "token", Label: f.T("settings.token_name"), Error: bad.of("token"), Max: 60}}
	if me.HeldUntil.After(s.Now()) {
		p.Held = f.Texts.Moment(me.HeldUntil)
	}
	keys, err := s.Accounts.Passkeys(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		row := web.KeyRow{ID: k.ID, Name: k.Name, Added: f.Texts.Date(k.AddedOn)}
		if !k.UsedOn.IsZero() {
			row.Used = f.Texts.Date(k.UsedOn)
		}
		p.Passkeys = append(p.Passkeys, row)
	}
	tokens, err := s.Accounts.Tokens(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		row := web.KeyRow{ID: t.ID, Name: t.Name, Added: f.Texts.Date(t.AddedOn)}
		if !t.ExpiresAt.IsZero() {
			row.Ends = f.Texts.Date(t.ExpiresAt)
		}
		p.Tokens = append(p.Tokens, row)
	}
	return web.Settings(f.With("passkey.js"), p), nil
}

// settled is the end of a small act of the settings: a word and back.
func (s *Site) settled(c *gin.Context, err error, key string) error {
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) {
			bad.at("name", "") // the field is one of many of that name
			return s.settingsPage(c, bad, "")
		})
	}
	s.say(c, "ok", key)
	return s.see(c, "/me/settings")
}

func (s *Site) renamePasskey(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	err = s.Accounts.RenamePasskey(c.Request.Context(), v.actor, c.Param("id"), value(c, "name"))
	return s.settled(c, err, "settings.renamed")
}

func (s *Site) removePasskey(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	return s.settled(c, s.Accounts.RemovePasskey(c.Request.Context(), v.actor, c.Param("id")), "settings.passkey_removed")
}

// newToken answers with the page itself, not with a redirect: the token must
// not be kept anywhere on the way.
func (s *Site) newToken(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	token, _, err := s.Accounts.NewToken(c.Request.Context(), v.actor, value(c, "token"))
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) {
			bad.at("name", "token")
			return s.settingsPage(c, bad, "")
		})
	}
	page, err := s.settingsPage(c, problems{}, token)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusCreated, page)
}

func (s *Site) removeToken(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	return s.settled(c, s.Accounts.RemoveToken(c.Request.Context(), v.actor, c.Param("id")), "settings.token_removed")
}

// newCode makes the next recovery code; the code page shows it.
func (s *Site) newCode(c *gin.Context) error {
	ctx := c.Request.Context()
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	code, err := s.Accounts.NewCode(ctx, v.actor)
	if err != nil {
		return err
	}
	s.keepCode(ctx, v.actor.ID, code)
	s.sessions.Remove(ctx, keyFresh)
	s.sessions.Put(ctx, keyNext, "/me/settings")
	return s.see(c, "/code")
}

func (s *Site) signOutEverywhere(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	tokens, done := value(c, "tokens") == "1", "settings.everywhere_done"
	if tokens {
		done = "settings.everywhere_done_tokens"
	}
	if err := s.Accounts.SignOutEverywhere(c.Request.Context(), v.actor, tokens); err != nil {
		return err
	}
	return s.goodbye(c, done)
}

// goodbye ends the session; the word goes into a new one.
func (s *Site) goodbye(c *gin.Context, key string) error {
	if err := s.signOut(c); err != nil {
		return err
	}
	s.say(c, "ok", key)
	return s.see(c, "/")
}

// export sends all that the board holds about the account as a file.
func (s *Site) export(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.allowAccount(c, classExport); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := s.Accounts.Export(c.Request.Context(), v.actor, &out); err != nil {
		return err
	}
	secureHeaders(c.Writer.Header())
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Disposition", `attachment; filename="`+v.actor.Handle+`.json"`)
	c.Data(http.StatusOK, "application/json; charset=utf-8", out.Bytes())
	return nil
}

func (s *Site) eraseForm(c *gin.Context) error {
	page, err := s.erasePage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) erasePage(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "settings.erase_title")
	if err != nil {
		return nil, err
	}
	return web.Confirm(f, web.ConfirmPage{Title: f.Title, Text: f.T("settings.erase_text"), Bad: bad.Summary,
		List: []string{f.T("settings.erase_profile"), f.T("settings.erase_services"), f.T("settings.erase_keys"),
			f.T("settings.erase_handle", "handle", v.actor.Handle)},
		Action: "/me/erase", Label: f.T("settings.erase_do"), Back: "/me/settings",
		Type: web.Field{Name: "handle", Label: f.T("settings.erase_type"), Hint: f.T("settings.erase_export"),
			Error: bad.of("handle"), Required: true, Max: 30, Complete: "username"}}), nil
}

func (s *Site) erase(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Accounts.Erase(c.Request.Context(), v.actor, handle(c)); err != nil {
		if all := fault.All(err); len(all) == 1 && all[0].Code == "confirm_handle" {
			err = fault.Bad("handle", "confirm_handle").With("Handle", v.actor.Handle)
		}
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.erasePage(c, bad) })
	}
	return s.goodbye(c, "settings.erase_done")
}
