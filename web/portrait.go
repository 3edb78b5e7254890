package web

import (
	"fmt"
	"hash/fnv"
	"strconv"
)

// hues is how many colours portraits come in; base.css has a class for each.
const hues = 12

// Seed makes a portrait's seed from a word, for things that have no random
// seed of their own. The same word always gives the same flower.
func Seed(word string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(word)) // a hash never fails to write
	return h.Sum64()
}

// dice is a splitmix64 sequence: a picture must come out the same for a seed
// on every machine, so no source of chance is involved.
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// between gives a whole number from low to high, both included.
func (d *dice) between(low, high int) int {
	return low + int(d.next()%uint64(high-low+1))
}

// hue is the class of the portrait's colour.
func (p Portrait) hue() string {
	d := dice{p.Seed}
	return "h" + strconv.Itoa(d.between(0, hues-1))
}

// ticks draws a small portrait's rays, and the one seed that has left through
// the gap between them. The markup is made of our own words and numbers only,
// and is put together by hand since a page holds dozens of portraits.
func (p Portrait) ticks() string {
	d := dice{p.Seed ^ 1}
	gap := d.between(0, 359)
	n := d.between(7, 9)
	out := make([]byte, 0, 512)
	for i := range n {
		angle := gap + 34 + i*292/(n-1) + d.between(-5, 5)
		out = use(out, "tick", turn{angle: angle, percent: d.between(72, 106)})
	}
	out = append(out, `<circle class="ar" cy="-11.3" r="1.9" transform="`...)
	out = turn{angle: gap, percent: 112}.append(out)
	return string(append(out, `"/>`...))
}

// rays draws a large portrait's rays. The gap is up to the right, where the
// wind blows.
func (p Portrait) rays() string {
	d := dice{p.Seed ^ 2}
	n := d.between(13, 17)
	out := make([]byte, 0, 1024)
	for i := range n {
		angle := 80 + i*292/(n-1) + d.between(-4, 4)
		out = use(out, "ray", turn{angle: angle, percent: d.between(80, 106)})
	}
	return string(out)
}

// flying draws the seeds that the wind has taken.
func (p Portrait) flying() string {
	d := dice{p.Seed ^ 3}
	out := make([]byte, 0, 256)
	for _, at := range [...][2]int{{60, 23}, {75, 27}, {74, 13}} {
		out = use(out, "fly", turn{x: at[0] + d.between(-4, 3), y: at[1] + d.between(-5, 3),
			angle: d.between(28, 62), percent: d.between(100, 122)})
	}
	return string(out)
}

// stem is the path of the flower's stem.
func (p Portrait) stem() string {
	d := dice{p.Seed ^ 4}
	return fmt.Sprintf("M46 42C%d 60 %d 76 %d 98", d.between(43, 48), d.between(38, 50), d.between(36, 52))
}

// drift draws the parachutes on the cover above a portrait.
func (p Portrait) drift() string {
	d := dice{p.Seed ^ 5}
	out := make([]byte, 0, 512)
	for i := range 4 {
		out = append(out, `<g transform="`...)
		out = turn{x: 146 + i*44 + d.between(-6, 8), y: d.between(34, 70) - i*3,
			angle: d.between(22, 64), percent: 64 - i*9 + d.between(-3, 3)}.append(out)
		out = append(out, `"><use href="#seed" x="-24" y="-58" width="48" height="64"/></g>`...)
	}
	return string(out)
}

// use draws one of the shapes of pictureDefs at a place.
func use(out []byte, shape string, at turn) []byte {
	out = append(out, `<use href="#`...)
	out = append(out, shape...)
	out = append(out, `" transform="`...)
	return append(at.append(out), `"/>`...)
}

// turn is where a shape stands: moved, turned by degrees, scaled by hundredths.
type turn struct{ x, y, angle, percent int }

// append writes the turn as an SVG transform.
func (t turn) append(out []byte) []byte {
	if t.x != 0 || t.y != 0 {
		out = append(out, "translate("...)
		out = strconv.AppendInt(out, int64(t.x), 10)
		out = append(out, ' ')
		out = strconv.AppendInt(out, int64(t.y), 10)
		out = append(out, ')')
	}
	out = append(out, "rotate("...)
	out = strconv.AppendInt(out, int64(t.angle%360), 10)
	out = append(out, ")scale("...)
	if t.percent >= 100 {
		out = append(out, '1')
	}
	return append(out, '.', byte('0'+t.percent/10%10), byte('0'+t.percent%10), ')')
}
