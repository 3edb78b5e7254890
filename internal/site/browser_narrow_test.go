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

// TestTheBarFitsTheNarrowestPhone holds the bar, also of one who runs the board,
// to tabs for a finger.
func TestTheBarFitsTheNarrowestPhone(t *testing.T) {
	t.Parallel()
	b := apptest.Chromium(t)
	if b == nil {
		return
	}
	w := apptest.New(t)
	people := map[string]*apptest.Person{"cho": w.SetUp("cho", nil), "ada": w.Person("ada")}
	for who, want := range map[string]string{"": "3", "ada": "5", "cho": "6"} {
		tab := b.Tab(w).Size(320, 800)
		if who != "" {
			tab.Become(people[who].Client)
		}
		for _, lang := range []string{"ru", "en"} {
			tab.Open("/" + lang + "/about")
			for _, width := range []int64{320, 345, 360, 375, 390, 414} {
				found := apptest.Eval[[]string](tab.Size(width, 800), cramped)
				if found[0] != want || len(found) > 1 {
					t.Errorf("%q's tabs in %s at %d px: %s", who, lang, width, strings.Join(found, "; "))
				}
			}
		}
	}
}
