package site_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/notice"
)

// pushing is somebody, and their browser, on a board with a key of Web Push.
func pushing(t *testing.T) (*apptest.Person, *apptest.Tab) {
	t.Helper()
	t.Parallel()
	b := apptest.Chromium(t)
	if b == nil {
		return nil, nil
	}
	w := apptest.New(t)
	if _, made, err := notice.MakeVAPID(w.Config.SecretsDir()); err != nil || !made {
		t.Fatalf("no push key: %v", err)
	}
	w = w.Restart()
	ada := w.Person("ada")
	return ada, b.Tab(w).Become(ada.Client)
}

// TestJourneyPushRefused presses the switch where the person or the browser
// says no: a sentence says what to do, and the button can be pressed again.
func TestJourneyPushRefused(t *testing.T) {
	ada, tab := pushing(t)
	if tab == nil {
		return
	}
	ada.Get("/me/notices").Is(http.StatusOK).Has("#push [data-without]", "#push button[hidden]")
	words := map[string][2]string{"ru": {"Браузер запретил уведомления: разреши их в его настройках.", "Не вышло подписаться. Попробуй ещё раз позже."},
		"en": {"The browser refused notifications: allow them in its settings.", "Subscribing did not work. Try again later."}}
	for lang, say := range words {
		for i, setting := range []string{"denied", "granted"} { // granted: there is no push service in reach
			tab.Permits("notifications", setting).Permits("push", setting).Open("/" + lang + "/me/notices").Sees("#push button").Click("#push button")
			tab.Until(`document.querySelector("#push [data-said]").textContent !== "" && !document.querySelector("#push button").disabled`)
			if got := tab.Text("#push [data-said]"); got != say[i] {
				t.Errorf("%s, %s: the page says %q", lang, setting, got)
			}
			if got := apptest.Eval[string](tab, "Notification.permission"); got != setting {
				t.Errorf("the browser's word is %q", got)
			}
			if tab.Text("#push [data-without]") != "" {
				t.Error("the page says that there is no push here")
			}
		}
	}
	ada.Get("/me/notices").Lacks("#push .keys li")
}

// TestJourneyPush subscribes with what a push service would have answered, and
// takes it back.
func TestJourneyPush(t *testing.T) {
	ada, tab := pushing(t)
	if tab == nil {
		return
	}
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := `{endpoint: "https://fcm.googleapis.com/fcm/send/made-up", expirationTime: null, keys: {p256dh: "` +
		base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()) + `", auth: "` + base64.RawURLEncoding.EncodeToString(make([]byte, 16)) + `"}}`
	tab.Permits("notifications", "granted").Open("/me/notices").Sees("#push button")
	apptest.Eval[bool](tab, `(PushManager.prototype.subscribe = async (asked) => {
		window.asked = [asked.userVisibleOnly, asked.applicationServerKey.length];
		return {toJSON: () => (`+made+`), unsubscribe: async () => true};
	}, window.old = true)`)
	tab.Click("#push button").Until(`!window.old && document.querySelector("#push .keys li")`)
	if got := tab.Text("#push .keys li b"); got != "fcm.googleapis.com" {
		t.Errorf("the page names %q", got)
	}
	tab.Clean()
	tab.Go("#push .keys form button").Sees(".notice.ok")
	ada.Get("/me/notices").Is(http.StatusOK).Lacks("#push .keys li")
}
