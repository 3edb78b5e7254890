package apptest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// patience is how long a page may take to become what a test waits for.
const patience = 30 * time.Second

// Browser is a real Chromium with a profile of its own.
type Browser struct {
	T   testing.TB
	ctx context.Context
}

// Chromium starts a browser. Without one on the machine it says so and returns
// nil, and the test ends there; where ODUVAN_TEST_REQUIRE is set it fails.
func Chromium(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv(dbtest.EnvRequire) != "" {
			t.Fatal("no Chromium, and " + dbtest.EnvRequire + " is set")
		}
		t.Log("NOT TESTED: no Chromium on this machine (apt-get install chromium)")
		return nil
	}
	dir, err := os.MkdirTemp("", "oduvan-browser-")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-pings", true), chromedp.WindowSize(1280, 900))
	outer, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(outer)
	t.Cleanup(func() {
		cancel()
		end()
		_ = os.RemoveAll(dir)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{T: t, ctx: ctx}
}

// Tab is one page of a browser, with cookies of its own and a note of
// everything that a page must not do.
type Tab struct {
	T   testing.TB
	w   *World
	ctx context.Context

	mu       sync.Mutex
	problems []string
	requests int
}

// Tab opens an empty page that belongs to nobody.
func (b *Browser) Tab(w *World) *Tab {
	b.T.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.T.Cleanup(cancel)
	tab := &Tab{T: b.T, w: w, ctx: ctx}
	if err := chromedp.Listen(ctx, tab.watch); err != nil {
		b.T.Fatal(err)
	}
	tab.do("log", call(log.Enable, cdp.Empty{}), call(network.Enable, network.EnableParams{}), call(runtime.Enable, cdp.Empty{}))
	return tab
}

func call[P, R any](cmd cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, cmd, params)
		return chromedp.Void{}, err
	}
}

// watch notes requests to others, refused policies and errors of scripts.
func (t *Tab) watch(ev any) {
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		t.request(ev.Request.URL)
	case *log.EventEntryAdded:
		failed := ev.Entry.Source == log.EntrySourceNetwork && strings.Contains(ev.Entry.Text, "the server responded with a status of")
		if ev.Entry.Level == log.EntryLevelError && !failed || ev.Entry.Source == log.EntrySourceSecurity {
			t.note("log: %s %s", ev.Entry.Text, ev.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			t.note("console.%s", ev.Type)
		}
	case *runtime.EventExceptionThrown:
		t.note("exception: %s", (&chromedp.ExceptionError{ExceptionDetails: ev.ExceptionDetails}).Error())
	}
}

func (t *Tab) request(address string) {
	u, err := url.Parse(address)
	own, oerr := url.Parse(t.w.URL)
	t.mu.Lock()
	t.requests++
	t.mu.Unlock()
	if err != nil || oerr != nil {
		t.note("request to %q", address)
		return
	}
	if u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about" {
		return
	}
	if u.Host != own.Host {
		t.note("request to another host: %s", address)
	}
}

func (t *Tab) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problems = append(t.problems, fmt.Sprintf(format, args...))
}

// Clean fails the test if a page asked another host, broke the policy or its
// scripts, and forgets it.
func (t *Tab) Clean() {
	t.T.Helper()
	for _, p := range t.Problems() {
		t.T.Errorf("in the browser: %s", p)
	}
}

// Problems are what Clean would say; they are forgotten.
func (t *Tab) Problems() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.problems
	t.problems = nil
	return out
}

// Requests is how many requests were watched.
func (t *Tab) Requests() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests
}

// within runs actions with the test's patience.
func (t *Tab) within(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

func (t *Tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	t.T.Helper()
	if err := t.within(actions...); err != nil {
		t.T.Fatalf("%s: %v\nat %s", what, err, t.where())
	}
}

// where is for messages: the address and what the page says.
func (t *Tab) where() string {
	ctx, cancel := context.WithTimeout(t.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main")?.innerText ?? "").slice(0, 600)`))
	if err != nil {
		return err.Error()
	}
	return text
}

// Open loads an address of the board; public changes are in the index by then.
func (t *Tab) Open(path string) *Tab {
	t.T.Helper()
	t.w.Settle()
	t.do("open "+path, chromedp.Navigate(t.w.URL+path))
	return t
}

// Sees waits until something on the page matches and can be seen.
func (t *Tab) Sees(selectors ...string) *Tab {
	t.T.Helper()
	for _, s := range selectors {
		t.do("see "+s, chromedp.WaitVisible(chromedp.CSS(s)))
	}
	return t
}

// At waits until the page's address has this path.
func (t *Tab) At(path string) *Tab {
	t.T.Helper()
	t.Until("location.pathname === " + quote(path) + ` && document.readyState === "complete"`)
	t.w.Settle()
	return t
}

// Until waits until an expression of the page is true; navigation between two
// looks is fine.
func (t *Tab) Until(expression string) {
	t.T.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			t.T.Fatalf("never true: %s (%v)\nat %s", expression, err, t.where())
		case <-tick.C:
		}
	}
}

// Click presses what matches, as a person with a mouse.
func (t *Tab) Click(selector string) *Tab {
	t.T.Helper()
	t.do("click "+selector, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
	return t
}

// Go presses what matches and waits for the page that it leads to.
func (t *Tab) Go(selector string) *Tab {
	t.T.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	t.w.Settle()
	if _, err := chromedp.RunResponse(ctx, chromedp.ScrollIntoView(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.T.Fatalf("go %s: %v\nat %s", selector, err, t.where())
	}
	t.w.Settle()
	return t
}

// Type clears a field and types into it.
func (t *Tab) Type(selector, text string) *Tab {
	t.T.Helper()
	t.do("type into "+selector, chromedp.WaitVisible(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void]("document.querySelector("+quote(selector)+").value = ''"), chromedp.SendKeys(chromedp.CSS(selector), text))
	return t
}

// Keys sends keys to whatever has the focus.
func (t *Tab) Keys(keys string) *Tab {
	t.T.Helper()
	t.do("keys", chromedp.KeyEvent(keys))
	return t
}

// Text is what a person reads in the first match.
func (t *Tab) Text(selector string) string {
	t.T.Helper()
	return strings.TrimSpace(Eval[string](t, "document.querySelector("+quote(selector)+")?.innerText ?? ''"))
}

// Eval is the value of an expression of the page; a promise is awaited.
func Eval[T any](t *Tab, expression string) T {
	t.T.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, 2*patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.T.Fatalf("evaluate %.120s: %v\nat %s", expression, err, t.where())
	}
	return v
}

// Size makes the window as large as a screen; narrow ones are touch screens.
func (t *Tab) Size(width, height int64) *Tab {
	t.T.Helper()
	var mobile []chromedp.EmulateViewportOption
	if width < 600 {
		mobile = append(mobile, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	t.do("size", chromedp.EmulateViewport(width, height, mobile...))
	return t
}

// Prefers makes the system light or dark.
func (t *Tab) Prefers(scheme string) *Tab {
	t.T.Helper()
	t.do("prefers "+scheme, call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
	return t
}

// NoScripts turns JavaScript off.
func (t *Tab) NoScripts() *Tab {
	t.T.Helper()
	t.do("no scripts", call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	return t
}

// Authenticator puts a key into the computer that holds passkeys and says yes.
func (t *Tab) Authenticator() *Tab {
	t.T.Helper()
	t.do("authenticator", call(webauthn.Enable, webauthn.EnableParams{}), call(webauthn.AddVirtualAuthenticator,
		webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
			Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
			AutomaticPresenceSimulation: true, IsUserVerified: true}}))
	return t
}

// Permits answers the browser's question for a permission ("notifications",
// "push") before it is asked: "granted" or "denied".
func (t *Tab) Permits(name, setting string) *Tab {
	t.T.Helper()
	t.do("permit "+name, func(ctx context.Context, at *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, chromedp.FromContext(ctx).Browser, browser.SetPermission, browser.SetPermissionParams{Origin: t.w.URL,
			Permission: &browser.PermissionDescriptor{Name: name, UserVisibleOnly: name == "push"},
			Setting:    browser.PermissionSetting(setting), BrowserContextID: chromedp.FromContext(ctx).BrowserContextID})
		return chromedp.Void{}, err
	})
	return t
}

// Loads runs a program of the test's own in every page that the tab opens from now
// on, before the page's: no policy of the page forbids it.
func (t *Tab) Loads(program string) *Tab {
	t.T.Helper()
	t.do("load", call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: program}))
	return t
}

// Become gives the tab the cookies of somebody who signed in elsewhere.
func (t *Tab) Become(c *Client) *Tab {
	t.T.Helper()
	var list []*network.CookieParam
	for _, ck := range c.Cookies() {
		list = append(list, &network.CookieParam{Name: ck.Name, Value: ck.Value, URL: t.w.URL})
	}
	t.do("cookies", call(network.SetCookies, network.SetCookiesParams{Cookies: list}))
	return t
}

// Screenshot writes a picture of the whole page, for people to look at.
func (t *Tab) Screenshot(path string) {
	t.T.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.T.Fatal(err)
	}
}

func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}
