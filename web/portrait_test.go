package web_test

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tmoeg/oduvan/web"
	"pgregory.net/rapid"
)

func avatar(t interface{ Fatal(...any) }, p web.Portrait) string {
	var b bytes.Buffer
	if err := web.Avatar(p).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if err := web.Face(p).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var hue = regexp.MustCompile(`class="ava (h\d+)"`)

// TestPortraitStays holds one flower: people know each other by them, so a
// seed must look the same in every version.
func TestPortraitStays(t *testing.T) {
	t.Parallel()
	const golden = "testdata/portrait.svg.txt"
	got := strings.ReplaceAll(avatar(t, web.Portrait{Seed: web.Seed("lesnoy-klyuch")}), "><", ">\n<") + "\n"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestPortraitsDiffer(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("static/base.css")
	if err != nil {
		t.Fatal(err)
	}
	faces, colours := map[string]bool{}, map[string]bool{}
	const n = 500
	for i := range uint64(n) {
		svg := avatar(t, web.Portrait{Seed: i})
		faces[svg] = true
		colours[hue.FindStringSubmatch(svg)[1]] = true
	}
	if len(faces) != n {
		t.Errorf("%d seeds gave %d flowers", n, len(faces))
	}
	if len(colours) != 12 {
		t.Errorf("%d colours are used", len(colours))
	}
	for c := range colours {
		if !bytes.Contains(css, []byte("."+c+"{--h:")) {
			t.Errorf("base.css has no colour %s", c)
		}
	}
}

func TestPortraitIsWellFormed(t *testing.T) {
	t.Parallel()
	move := regexp.MustCompile(`transform="([^"]*)"`)
	good := regexp.MustCompile(`^(translate\(\d+ \d+\))?(rotate\(\d+\)scale\(1?\.\d\d\))?$`)
	rapid.Check(t, func(t *rapid.T) {
		svg := avatar(t, web.Portrait{Seed: rapid.Uint64().Draw(t, "seed")})
		for _, m := range move.FindAllStringSubmatch(svg, -1) {
			if !good.MatchString(m[1]) {
				t.Fatalf("transform %q", m[1])
			}
		}
	})
}

func TestUploadedPicture(t *testing.T) {
	t.Parallel()
	got := avatar(t, web.Portrait{URL: `/pictures/x.png"onload="alert(1)`})
	if strings.Contains(got, "<svg") || strings.Contains(got, `"onload`) || strings.Count(got, `alt=""`) != 2 {
		t.Error(got)
	}
}
