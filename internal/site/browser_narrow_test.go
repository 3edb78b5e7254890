package site_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// cramped lists the tabs of the phone's bar that are too small for a finger,
// cut off, or run into each other.
const cramped = `(() => {
	const tabs = [...document.querySelectorAll("nav.tabs a")], out = [];
	let end = 0;
	for (const tab of tabs) {
		const r = tab.getBoundingClientRect(), word = tab.querySelector("span:not(.badge)").getBoundingClientRect();
		const name = tab.innerText.trim() + " " + Math.round(r.width) + "x" + Math.round(r.height);
		if (r.width < 44 || r.height < 44) out.push("small: " + name);
		if (r.left < 0 || r.right > innerWidth + .5) out.push("outside: " + name);
		if (word.width > 1 && (word.left < end + 3 || word.right > innerWidth)) out.push("no room: " + name);
		end = word.width > 1 ? word.right : r.left;
	}
	return [String(tabs.length), ...out];
})()`

// TestNothingIsCutOnTheNarrowestPhone holds every page to no scrolling sideways
// at 320 px, and the bar of one who also runs the board to six tabs for a finger.
func TestNothingIsCutOnTheNarrowestPhone(t *testing.T) {
	t.Parallel()
	b := apptest.Chromium(t)
	if b == nil {
		return
	}
	w := apptest.New(t)
	people := cast(t, w)
	tabs := map[string]*apptest.Tab{}
	for _, who := range []string{"", "ada", "new", "cho"} {
		tabs[who] = b.Tab(w).Size(320, 700)
		if who != "" {
			tabs[who].Become(people.clients[who])
		}
	}
	for i, s := range scenes(people) {
		tab := tabs[s.who]
		if tab == nil || s.act != nil {
			continue
		}
		path := []string{"/ru", "/en"}[i%2] + s.path
		if strings.HasPrefix(s.path, "/api/") {
			path = s.path
		}
		if found := apptest.Eval[[]string](tab.Open(path), wide); len(found) > 0 {
			t.Errorf("%s scrolls sideways: %s", path, strings.Join(found, "; "))
		}
	}
	for _, width := range []int64{320, 345, 360, 375, 390, 414} {
		for who, want := range map[string]string{"": "3", "ada": "5", "cho": "6"} {
			for _, lang := range []string{"ru", "en"} {
				found := apptest.Eval[[]string](tabs[who].Size(width, 800).Open("/"+lang+"/about"), cramped)
				if found[0] != want || len(found) > 1 {
					t.Errorf("%q's tabs in %s at %d px: %s", who, lang, width, strings.Join(found, "; "))
				}
			}
		}
	}
}
