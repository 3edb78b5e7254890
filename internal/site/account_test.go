package site_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
)

type fill = apptest.Fill

var codeForm = regexp.MustCompile(`^([0-9A-Z]{5}-){4}[0-9A-Z]{6}$`)

func TestSignUpWithoutScripts(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		form := c.Get("/signup?next=/search%3Fq%3Dgo").Is(http.StatusOK).Has(`input[name=pick][checked]`, `a[href$="/rules"]`)
		first := form.Attr("input[name=pick]", "value")
		again := form.Send(`form[action="/signup"]`, fill{"more": {"1"}}).Is(http.StatusOK)
		if again.Attr("input[name=pick]", "value") == first {
			t.Errorf("the same handle %s was made up again", first)
		}

		shown := form.Send(`form[action="/signup"]`, nil).Is(http.StatusOK)
		code := shown.Text("#recovery-code")
		if !codeForm.MatchString(code) || shown.Path != "/code" {
			t.Fatalf("%s shows %q", shown.Path, code)
		}
		if reloaded := c.Get("/code").Is(http.StatusOK).Text("#recovery-code"); reloaded != code {
			t.Errorf("a reload shows %q instead of %q", reloaded, code)
		}
		c.Get("/me").Is(http.StatusOK).Has(`.banner a[href="/code"]`)
		shown.Send(`form[action="/code"]`, nil).Is(http.StatusUnprocessableEntity).Has("#f-saved[aria-invalid]", "#recovery-code")

		welcome := shown.Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		if welcome.Path != "/welcome" {
			t.Errorf("after the code: %s", welcome.Path)
		}
		welcome.Has(`main a[href="/search?q=go"]`)
		c.Get("/me").Is(http.StatusOK).Lacks(`.banner a[href="/code"]`).Says(first)
		if back := c.Get("/code"); back.Path != "/me" {
			t.Errorf("the code was shown again at %s", back.Path)
		}
	})
}

func TestRefusedSignUpKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada")
		c := w.Visitor()
		for handle, status := range map[string]int{"ada": http.StatusConflict, "ab": http.StatusUnprocessableEntity,
			"admin": http.StatusUnprocessableEntity, "<b>": http.StatusUnprocessableEntity} {
			p := c.Get("/signup").Send(`form[action="/signup"]`, fill{"handle": {handle}}).Is(status)
			if got := p.Has("#troubles a[href='#f-handle']", "#f-handle-error").Attr("#f-handle", "value"); got != handle {
				t.Errorf("typed %q, shown %q", handle, got)
			}
		}
		c.Post("/signup", url.Values{"handle": {"noform"}}).Is(http.StatusForbidden).Has(`.acts a[href="/signup"]`)
		c.Post("/me/services/x/state", url.Values{}).Is(http.StatusForbidden).Has(`.acts a[href="/me/services/x"]`)
		c.Post("/logout", url.Values{}).Is(http.StatusForbidden).Has(`.acts a[href="/"]`)
		c.Get("/signup").Send(`form[action="/signup"]`, fill{"handle": {"Grace_H"}}).Is(http.StatusOK).Has("#recovery-code")
		w.Visitor().Get("/").Is(http.StatusOK)
		if p := c.Get("/me/erase").Send(`form[action="/me/erase"]`, fill{"handle": {"ben"}}); !strings.Contains(p.Text("#f-handle-error"), "grace_h") {
			t.Errorf("a wrong handle: %q", p.Text("#f-handle-error"))
		}
	})
}

func TestSignUpByInvitationAndClosed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", fill{"sign_up": {"invitation"}})
		c := w.Visitor()
		c.Get("/signup").Is(http.StatusOK).Has("#f-invitation").
			Send(`form[action="/signup"]`, fill{"handle": {"dan"}, "invitation": {"no such"}}).Is(http.StatusUnprocessableEntity).Has("#f-invitation-error")

		code := cho.Get("/admin/invitations").Is(http.StatusOK).Send(`form[action="/admin/invitations"]`, nil).Is(http.StatusCreated).Text("#invitation")
		cho.Get("/admin/invitations").Lacks("#invitation")
		c.Get("/signup").Send(`form[action="/signup"]`, fill{"handle": {"dan"}, "invitation": {code}}).Is(http.StatusOK).Has("#recovery-code")
		w.Visitor().Get("/signup").Send(`form[action="/signup"]`, fill{"handle": {"eve"}, "invitation": {code}}).Is(http.StatusUnprocessableEntity)

		cho.Get("/admin").Send(`form[action="/admin"]`, fill{"sign_up": {"closed"}}).Is(http.StatusOK)
		w.Visitor().Get("/signup").Is(http.StatusOK).Lacks(`form[action="/signup"]`).Has(`main a[href="/search"]`)
	})
}

func TestSignInByCodeKeepsTheOldCodeUntilConfirmed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		enter := func(code string) *apptest.Page {
			return w.Visitor().Get("/login?next=/me/settings").Send(`form[action="/login"]`, fill{"code": {code}})
		}
		shown := enter(strings.ToLower(strings.ReplaceAll(ada.Code, "-", " "))).Is(http.StatusOK)
		if shown.Path != "/code" {
			t.Fatalf("after the sign-in: %s", shown.Path)
		}
		if p := ada.Get("/me"); p.Path != "/login?next=%2Fme" {
			t.Errorf("the old session still opens %s", p.Path)
		}
		second := enter(ada.Code).Is(http.StatusOK) // closed too early: the old one still works
		shown.Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusForbidden)
		next := second.Text("#recovery-code")
		if p := second.Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK); p.Path != "/me/settings" {
			t.Errorf("confirmed code leads to %s", p.Path)
		}
		enter(ada.Code).Is(http.StatusUnprocessableEntity).Has("#f-code-error")
		enter(next).Is(http.StatusOK).Has("#recovery-code")
	})
}

func TestANewCodeOfAnotherTabIsNotConfirmed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		make := func() *apptest.Page {
			return ada.Get("/me/settings").Send(`form[action="/me/code"]`, nil).Is(http.StatusOK)
		}
		ada.Get("/me/settings").Has(`form[action="/me/code"]`)
		stale := make()
		ada.Get("/me/settings").Has(`a[href="/code"]`).Lacks(`form[action="/me/code"]`)
		fresh := ada.Post("/me/code", url.Values{"csrf": {ada.CSRF()}}).Is(http.StatusOK)
		if stale.Text("#recovery-code") == fresh.Text("#recovery-code") {
			t.Fatal("two new codes are equal")
		}
		refused := stale.Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusConflict)
		if got := refused.Text("#recovery-code"); got != fresh.Text("#recovery-code") {
			t.Errorf("the refused page shows %s", got)
		}
		refused.Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
	})
}

func TestNextLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada := w.Person("ada")
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example"} {
		stay := ada.Stay()
		p := stay.Get("/login?next=" + url.QueryEscape(next)).Is(http.StatusSeeOther)
		if got := p.Header.Get("Location"); got != "/me" {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
}

func TestPagesOfTheAccountNeedOne(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.SetUp("cho", nil)
	ben := w.Person("ben")
	for _, path := range []string{"/me", "/me/profile", "/me/profile/picture", "/me/services", "/me/services/new", "/me/settings", "/me/erase",
		"/me/export", "/code", "/welcome", "/admin", "/admin/waiting", "/admin/invitations", "/admin/accounts"} {
		p := w.Visitor().Stay().Get(path).Is(http.StatusSeeOther)
		if want := "/login?next=" + url.QueryEscape(path); p.Header.Get("Location") != want {
			t.Errorf("%s leads a stranger to %s", path, p.Header.Get("Location"))
		}
		if strings.HasPrefix(path, "/admin") {
			ben.Get(path).Is(http.StatusForbidden)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		made := ada.Get("/me/settings").Send(`form[action="/me/tokens"]`, fill{"token": {"bot"}}).Is(http.StatusCreated)
		token := made.Text("#new-token")
		if by, err := w.Accounts.ActorByToken(t.Context(), token); err != nil || by.Handle != "ada" {
			t.Fatalf("the token is of %+v, %v", by, err)
		}
		list := ada.Get("/me/settings").Lacks("#new-token").Says("bot")
		list.Send(`form[action^="/me/tokens/"]`, nil).Is(http.StatusOK)
		if _, err := w.Accounts.ActorByToken(t.Context(), token); err == nil {
			t.Error("the removed token still works")
		}
		ada.Get("/me/settings").Send(`form[action="/me/tokens"]`, fill{"token": {strings.Repeat("x", 61)}}).
			Is(http.StatusUnprocessableEntity).Has("#f-token-error", "#troubles a[href='#f-token']")
	})
}

// Sign out everywhere ends every browser's session, and API tokens only when
// that is ticked.
func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		token := ada.Get("/me/settings").Send(`form[action="/me/tokens"]`, fill{"token": {"bot"}}).Is(http.StatusCreated).Text("#new-token")
		for _, tick := range []fill{nil, {"tokens": {"1"}}} {
			phone := &apptest.Person{Client: w.Visitor(), Handle: "ada", Code: ada.Code}
			phone.SignIn()
			ada.Code = phone.Code
			page := phone.Get("/me/settings").Has(`#f-tokens`).Lacks(`#f-tokens[checked]`)
			page.Send(`form[action="/me/everywhere"]`, tick).Is(http.StatusOK)
			for _, c := range []*apptest.Client{ada.Client, phone.Client} {
				if p := c.Get("/me"); p.Path != "/login?next=%2Fme" {
					t.Errorf("a session is still open at %s", p.Path)
				}
			}
			if _, err := w.Accounts.ActorByToken(t.Context(), token); (err == nil) != (tick == nil) {
				t.Errorf("after %v the token gives %v", tick, err)
			}
			ada.SignIn()
		}
	})
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(fill{"about": {"Редкое слово берендейка"}}).Is(http.StatusOK)
		ada.Service(fill{"title": {"Сборка берендейки"}}).Is(http.StatusOK)
		file := ada.Get("/me/export").Is(http.StatusOK)
		var parts map[string]json.RawMessage
		if err := json.Unmarshal([]byte(file.Body), &parts); err != nil || len(parts) < 3 {
			t.Fatalf("the export has %d parts, %v", len(parts), err)
		}
		for _, want := range []string{"берендейка", "Сборка берендейки", `"ada"`} {
			if !strings.Contains(file.Body, want) {
				t.Errorf("the export lacks %s", want)
			}
		}
		if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="ada.json"` {
			t.Errorf("Content-Disposition: %s", got)
		}
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK)
		ask := ada.Get("/me/erase").Is(http.StatusOK)
		ask.Send(`form[action="/me/erase"]`, fill{"handle": {"ben"}}).Is(http.StatusUnprocessableEntity).Has("#f-handle-error")
		if p := ask.Send(`form[action="/me/erase"]`, fill{"handle": {"ada"}}).Is(http.StatusOK); p.Path != "/" {
			t.Errorf("after the erasure: %s", p.Path)
		}
		w.Visitor().Get("/tutors/ada").Is(http.StatusNotFound)
		w.Visitor().Get("/search?q=берендейка").Is(http.StatusOK).Lacks(`a[href="/tutors/ada"]`)
		w.Visitor().Get("/login").Send(`form[action="/login"]`, fill{"code": {ada.Code}}).Is(http.StatusUnprocessableEntity)
		w.Person("ada")
	})
}

func TestSetupIsDoneOnce(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		form := c.Get("/setup").Is(http.StatusOK).Has("#f-rules", "#f-code", `input[name=sign_up][value=open][checked]`)
		bad := form.Send(`form[action="/setup"]`, fill{"code": {"guess"}, "handle": {"cho"}, "name": {"Моя ветвь"}, "languages": {}}).
			Is(http.StatusUnprocessableEntity).Has("#f-languages-error")
		if got := bad.Attr("#f-name", "value"); got != "Моя ветвь" {
			t.Errorf("the name was lost: %q", got)
		}
		form.Send(`form[action="/setup"]`, fill{"code": {"guess"}, "handle": {"cho"}, "name": {"Моя ветвь"}}).
			Is(http.StatusUnprocessableEntity).Has("#f-code-error")
		preview := form.Send(`form[action="/setup"]`, fill{"rules": {"**важно** <script>"}, "preview": {"1"}}).Is(http.StatusOK)
		preview.Has(".shown strong").Lacks(".shown script")

		cho := w.SetUp("cho", fill{"name": {"Моя ветвь"}, "discord": {"https://discord.gg/one"}})
		cho.Get("/me").Is(http.StatusOK).Has(`a[href="/admin"]`).Says("Моя ветвь")
		c.Get("/setup").Is(http.StatusNotFound)
		form.Send(`form[action="/setup"]`, fill{"code": {"guess"}, "handle": {"eve"}}).Is(http.StatusNotFound)
	})
}

func TestAdministration(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		form := cho.Get("/admin").Is(http.StatusOK)
		form.Send(`form[action="/admin"]`, fill{"rate_base": {"RUB"}, "rate_date": {""}, "rate_KZT": {"0,2"}}).
			Is(http.StatusUnprocessableEntity).Has("#f-rates-error")
		form.Send(`form[action="/admin"]`, fill{"rate_base": {"RUB"}, "rate_date": {"2026-01-02"}, "rate_KZT": {"0.2"}, "name": {"Иначе"}}).Is(http.StatusOK)
		again := cho.Get("/admin").Says("Иначе")
		if got := again.Attr("#f-rate_KZT", "value"); got != "0.2" {
			t.Errorf("the rate came back as %q", got)
		}
		w.Person("dan")
		list := cho.Get("/admin/accounts?handle=da").Is(http.StatusOK).Says("dan").Lacks(`form[action="/admin/accounts/cho"]`)
		list.Send(`form[action="/admin/accounts/dan"]`, fill{"role": {"moderator"}}).Is(http.StatusOK)
		cho.Get("/admin/accounts").Send(`form[action="/admin/accounts/cho"]`, fill{"role": {"member"}}).Is(http.StatusConflict).Has("#troubles")
	})
}

func TestApproval(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", fill{"approval": {"1"}})
		mia := w.Moderator("mia", cho)
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		ada.Get("/me").Says("ждёт одобрения")
		w.Visitor().Get("/tutors/ada").Is(http.StatusNotFound)
		if p := mia.Get("/admin"); p.Path != "/admin/waiting" {
			t.Errorf("a moderator's administration is %s", p.Path)
		}
		mia.Get("/me").Has(`a[href="/admin/waiting"]`)
		mia.Get("/admin/waiting").Is(http.StatusOK).Says("ada").Send(`form[action^="/admin/waiting/"]`, nil).Is(http.StatusOK).Lacks(`form[action^="/admin/waiting/"]`)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK)
	})
}

func TestHandlesAreSuggestedInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		c.Lang = "en"
		p := c.Get("/signup").Is(http.StatusOK).Says("A new account")
		if n := len(p.Texts("input[name=pick]")); n != 4 {
			t.Errorf("%d handles are suggested", n)
		}
		handles := w.Accounts.SuggestHandles(t.Context(), "en", 4)
		if slices.ContainsFunc(handles, func(h string) bool { return account.CheckHandle(h, account.Member) != nil }) {
			t.Errorf("a suggested handle is refused: %v", handles)
		}
	})
}
