package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// returns signs somebody in on the page that a form without a session led to,
// and gives the page that this leads back to.
func returns(t *testing.T, who *apptest.Person, login *apptest.Page, to string) *apptest.Page {
	t.Helper()
	login.Is(http.StatusOK).Says("твой текст сохранён")
	if !strings.HasPrefix(login.Path, "/login?next=") {
		t.Fatalf("a form without a session leads to %s", login.Path)
	}
	code := login.Send(`form[action$="/login"]`, fill{"code": {who.Code}}).Is(http.StatusOK)
	who.Code = code.Has("#recovery-code").Text("#recovery-code")
	back := code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
	if back.Path != to {
		t.Errorf("after signing in: %s, not %s", back.Path, to)
	}
	return back
}

// TestAnAnswerOutlivesTheSession posts what was typed in a thread after the
// session ended: an answer, a refusal, a report. Nothing is sent and nothing
// is lost.
func TestAnAnswerOutlivesTheSession(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(nil).Is(http.StatusOK)
		path := asks(t, kid, "ada", wish)

		at := ada.Get(path).Is(http.StatusOK)
		ada.Forget()
		back := returns(t, ada, at.Send("form#write", fill{"text": {"Давай **начнём**\n\nс малого"}}), path).Says("Твой текст на месте")
		if got := back.Attr("main form#write textarea", "name"); got != "text" || !strings.Contains(back.Body, "Давай **начнём**\n\nс малого</textarea>") {
			t.Errorf("the answer became %q", back.Text("#f-text"))
		}
		kid.Get(path).Says("ждёт ответа").Lacks(".words li")
		back.Send("form#write", nil).Is(http.StatusOK).Has(".words .mine strong")
		if got := ada.Get(path).Lacks(".notice.ok").Text("#f-text"); got != "" {
			t.Errorf("the answer is still kept: %q", got)
		}

		form := kid.Get(path).Follow(`.words a[href*="/report/"]`).Is(http.StatusOK)
		kid.Forget()
		back = returns(t, kid, form.Send(`form[action*="/report/"]`, fill{"reason": {"Зовёт в чужой мессенджер"}}), form.Path)
		if got := back.Text("#f-reason"); got != "Зовёт в чужой мессенджер" {
			t.Errorf("the reason became %q", got)
		}
		back.Send(`form[action*="/report/"]`, nil).Is(http.StatusOK).Says("Ты пожаловался")
	})
}

func TestARefusalOutlivesTheSession(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, kid := w.Person("ada"), w.Person("kid")
	ada.Profile(nil).Is(http.StatusOK)
	path := asks(t, kid, "ada", wish)
	until := w.Clock.Now().Add(20 * 24 * time.Hour).Format("2006-01-02")
	typed := fill{"reason": {"busy"}, "comment": {"Спроси у бена"}, "pause": {"1"}, "paused_until": {until}}

	// A form of another session of one's own: the page comes back as it was.
	at := ada.Get(path)
	ada.SignIn()
	again := at.Send("#decline form", typed).Is(http.StatusForbidden).Has("#troubles", "#decline[open]", "input[name=pause][checked]", `input[value=busy][checked]`)
	if got := again.Text("#f-comment"); got != "Спроси у бена" {
		t.Errorf("the comment became %q", got)
	}
	ada.Forget()
	back := returns(t, ada, again.Send("#decline form", nil), path).Says("Твой текст на месте").
		Has("#decline[open]", "input[name=pause][checked]", `input[value=busy][checked]`, `#f-paused_until[value="`+until+`"]`)
	if got := back.Text("#f-comment"); got != "Спроси у бена" {
		t.Errorf("the comment became %q", got)
	}
	kid.Get(path).Says("ждёт ответа")
	back.Send("#decline form", nil).Is(http.StatusOK)
	kid.Get(path).Says("Занят с другими учениками", "Спроси у бена")
	ada.Get("/me").Says("Ты на паузе")
}

// TestWordsThatComeTooLate are given back where nobody writes any more.
func TestWordsThatComeTooLate(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, kid := w.Person("ada"), w.Person("kid")
	ada.Profile(nil).Is(http.StatusOK)
	path := asks(t, kid, "ada", wish)
	at := ada.Get(path)
	kid.Get(path).Send("#withdraw form", nil).Is(http.StatusOK)
	for form, typed := range map[string]fill{"form#write": {"text": {"Мой длинный ответ"}}, "#decline form": {"reason": {"busy"}, "comment": {"Мой длинный ответ"}}} {
		if got := at.Send(form, typed).Is(http.StatusConflict).Text("#unsent"); got != "Мой длинный ответ" {
			t.Errorf("%s gives back %q", form, got)
		}
	}
	ada.Forget()
	back := returns(t, ada, at.Send("form#write", fill{"text": {"Мой длинный ответ"}}), path).Lacks("form#write")
	if got := back.Text("#unsent"); got != "Мой длинный ответ" {
		t.Errorf("given back: %q", got)
	}
	ada.Get(path).Lacks("#unsent")
}

// TestAStrangerKeepsNothingOfOthers posts to threads that are nobody's: the
// words wait for who may see the thread, and nobody else sees them.
func TestAStrangerKeepsNothingOfOthers(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, kid, ben := w.Person("ada"), w.Person("kid"), w.Person("ben")
	ada.Profile(nil).Is(http.StatusOK)
	path := asks(t, kid, "ada", wish)
	at := ada.Get(path)
	ada.Forget()
	login := at.Send("form#write", fill{"text": {"Чужие слова"}}).Is(http.StatusOK)
	code := login.Send(`form[action$="/login"]`, fill{"code": {ben.Code}}).Is(http.StatusOK)
	code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusNotFound)
	if strings.Contains(ada.Get("/inquiries?all=1").Body+ada.Get("/me").Body, "Чужие слова") {
		t.Error("another account sees the words")
	}
	// Nothing typed: nothing waits.
	if got := w.Visitor().Post("/inquiries/x", nil).Is(http.StatusOK).Lacks(".flashes").Path; got != "/login?next="+"%2Finquiries%2Fx" {
		t.Errorf("a stranger is sent to %s", got)
	}
}
