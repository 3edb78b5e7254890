package apptest

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Person is somebody with an account, signed in, with what they wrote down.
type Person struct {
	*Client
	Handle string
	Code   string // the recovery code that works now
}

// Person signs somebody up as a browser without JavaScript would: the form, a
// handle of their own, the recovery code and the word that it is saved.
func (w *World) Person(handle string) *Person {
	w.T.Helper()
	return w.Visitor().SignUp(handle)
}

// SignUp makes an account of a visitor.
func (c *Client) SignUp(handle string) *Person {
	c.T.Helper()
	return c.saved(handle, c.Get("/signup").Is(http.StatusOK).Send(`form[action$="/signup"]`, Fill{"handle": {handle}}))
}

// SetUp is the first run: the operator's account and the branch's settings.
// Fill says what differs from the form as it stands.
func (w *World) SetUp(handle string, fill Fill) *Person {
	w.T.Helper()
	code, err := w.Branch.NewSetupCode(context.Background())
	if err != nil || code == "" {
		w.T.Fatalf("no setup code: %v", err)
	}
	values := Fill{"code": {code}, "handle": {handle}, "name": {"Ветвь проверки"}}
	for name, list := range fill {
		values[name] = list
	}
	c := w.Visitor()
	return c.saved(handle, c.Get("/setup").Is(http.StatusOK).Send(`form[action$="/setup"]`, values))
}

// saved writes the shown code down and says so.
func (c *Client) saved(handle string, shown *Page) *Person {
	c.T.Helper()
	code := shown.Is(http.StatusOK).Has("#recovery-code").Text("#recovery-code")
	shown.Send(`form[action$="/code"]`, Fill{"saved": {"1"}}).Is(http.StatusOK)
	return &Person{Client: c, Handle: handle, Code: code}
}

// Moderator signs somebody up to whom the operator gives that role.
func (w *World) Moderator(handle string, by *Person) *Person {
	w.T.Helper()
	p := w.Person(handle)
	by.Get("/admin/accounts?handle="+handle).Send(`form[action$="/admin/accounts/`+handle+`"]`, Fill{"role": {"moderator"}}).Is(http.StatusOK)
	return p
}

// SignIn enters by the recovery code in a browser that knows nothing, and
// saves the next code.
func (p *Person) SignIn() {
	p.T.Helper()
	p.Forget()
	again := p.saved(p.Handle, p.Get("/login").Is(http.StatusOK).Send(`form[action$="/login"]`, Fill{"code": {p.Code}}))
	p.Code = again.Code
}

// Profile fills the form of one's own profile, beginning with an open tutor.
func (p *Person) Profile(fill Fill) *Page {
	p.T.Helper()
	values := Fill{"roles": {"tutor"}, "headline": {"Go с нуля"}, "about": {"Учу **по шагам**."}, "skill": {"Go", "Python"},
		"levels": {"hobby", "zero"}, "languages": {"ru"}, "formats": {"call", "chat"}, "timezone": {"Europe/Moscow"}, "state": {"open"}}
	for name, list := range fill {
		values[name] = list
	}
	return p.Get("/me/profile").Is(http.StatusOK).Send(`form[action$="/me/profile"]`, values)
}

// Service adds a service, beginning with a published call for money.
func (p *Person) Service(fill Fill) *Page {
	p.T.Helper()
	values := Fill{"title": {"Разбор кода"}, "summary": {"Смотрим вместе."}, "format": {"call"}, "minutes": {"60"}, "pricing": {"amount"},
		"price": {"1500"}, "currency": {"RUB"}, "rules": {"Перенос за сутки."}, "state": {"published"}}
	for name, list := range fill {
		values[name] = list
	}
	return p.Get("/me/services/new").Is(http.StatusOK).Send(`form[action$="/me/services/new"]`, values)
}

// Services are the addresses of one's own services, /me/services/ID.
func (p *Person) Services() []string {
	p.T.Helper()
	var out []string
	for _, href := range p.Get("/me/services").Is(http.StatusOK).Links() {
		if rest, ok := strings.CutPrefix(href, "/me/services/"); ok && rest != "new" && !strings.Contains(rest, "/") {
			out = append(out, href)
		}
	}
	return out
}

// Token makes an API token.
func (p *Person) Token() string {
	p.T.Helper()
	page := p.Get("/me/settings").Send(`form[action$="/me/tokens"]`, Fill{"token": {"script"}})
	return page.Has("#new-token").Text("#new-token")
}

// Forget throws the browser's cookies away.
func (c *Client) Forget() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.T.Fatal(err)
	}
	c.http.Jar = jar
}

// By sends this client's requests through another transport.
func (c *Client) By(transport http.RoundTripper) *Client {
	c.http.Transport = transport
	return c
}

// Stay makes the client show redirects instead of following them.
func (c *Client) Stay() *Client {
	out := *c
	h := *c.http
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	out.http = &h
	return &out
}

// At is the same browser on another run of the board.
func (c *Client) At(w *World) *Client {
	out := *c
	out.w, out.T = w, w.T
	return &out
}

// Cookies are what the browser would send.
func (c *Client) Cookies() []*http.Cookie {
	u, err := url.Parse(c.w.URL)
	if err != nil {
		c.T.Fatal(err)
	}
	return c.http.Jar.Cookies(u)
}

// CSRF is the form token of this client's session.
func (c *Client) CSRF() string {
	c.T.Helper()
	for _, path := range []string{"/me", "/login"} {
		if token := c.Get(path).Attr(`input[name="csrf"]`, "value"); token != "" {
			return token
		}
	}
	c.T.Fatal("no page has a form token")
	return ""
}
