package sheet_test

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"rsc.io/qr"

	"github.com/tmoeg/oduvan/internal/sheet"
)

// address is what a certificate's code says.
const address = "https://board.example/v/L-7K2QM0XV9R#ungWv48Bz-pBQUDeXa4iI7"

var stretch = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// modules reads the dark modules back from the picture.
func modules(t interface{ Fatalf(string, ...any) }, svg string) (size int, dark map[[2]int]bool) {
	var doc struct {
		Box   string `xml:"viewBox,attr"`
		Label string `xml:"aria-label,attr"`
		Paths []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg), &doc); err != nil || len(doc.Paths) != 2 {
		t.Fatalf("%v: %s", err, svg)
	}
	size, _ = strconv.Atoi(strings.Fields(doc.Box)[2])
	dark = map[[2]int]bool{}
	for _, m := range stretch.FindAllStringSubmatch(doc.Paths[1].D, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		long, _ := strconv.Atoi(m[3])
		if m[3] != m[4] {
			t.Fatalf("an open stretch %s", m[0])
		}
		for i := range long {
			dark[[2]int{x + i, y}] = true
		}
	}
	return size, dark
}

func TestQRIsTheSmallestWithItsQuietZone(t *testing.T) {
	t.Parallel()
	svg, err := sheet.QR(address, `a "label" <&>`)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := sheet.QR(address, `a "label" <&>`); again != svg {
		t.Error("other bytes")
	}
	size, dark := modules(t, svg)
	want, err := qr.Encode(address, qr.M)
	if err != nil || want.Size != 33 || size != 33+8 {
		t.Fatalf("a certificate's code has %d modules in a picture of %d, %v", want.Size, size, err)
	}
	for y := range size {
		for x := range size {
			if dark[[2]int{x, y}] != want.Black(x-4, y-4) {
				t.Fatalf("module %d, %d is %v", x, y, dark[[2]int{x, y}])
			}
		}
	}
}

func TestQRHoldsWhateverFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 300, 900).Draw(t, "text")
		svg, err := sheet.QR(text, text)
		if err != nil {
			t.Fatal(err)
		}
		smallest, err := qr.Encode(text, qr.L)
		if err != nil {
			t.Fatal(err)
		}
		if size, dark := modules(t, svg); size != smallest.Size+8 || len(dark) == 0 {
			t.Fatalf("%d instead of %d modules", size-8, smallest.Size)
		}
	})
	for _, text := range []string{"", strings.Repeat("x", 3000)} {
		if svg, err := sheet.QR(text, ""); err == nil {
			t.Errorf("%d bytes: %.20s", len(text), svg)
		}
	}
}
