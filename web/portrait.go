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

// ticks are the transforms of a small portrait's rays, and of the one seed
// that has left through the gap between them.
func (p Portrait) ticks() (rays []string, gone string) {
	d := dice{p.Seed ^ 1}
	gap := d.between(0, 359)
	n := d.between(7, 9)
	for i := range n {
		angle := gap + 34 + i*292/(n-1) + d.between(-5, 5)
		rays = append(rays, spin(angle, d.between(72, 106)))
	}
	return rays, spin(gap, 112)
}

// rays are the transforms of a large portrait's rays. The gap is up to the
// right, where the wind blows.
func (p Portrait) rays() []string {
	d := dice{p.Seed ^ 2}
	n := d.between(13, 17)
	var out []string
	for i := range n {
		angle := 80 + i*292/(n-1) + d.between(-4, 4)
		out = append(out, spin(angle, d.between(80, 106)))
	}
	return out
}

// flying are the transforms of the seeds that the wind has taken.
func (p Portrait) flying() []string {
	d := dice{p.Seed ^ 3}
	var out []string
	for _, at := range [][2]int{{60, 23}, {75, 27}, {74, 13}} {
		out = append(out, fmt.Sprintf("translate(%d %d)%s",
			at[0]+d.between(-4, 3), at[1]+d.between(-5, 3), spin(d.between(28, 62), d.between(100, 122))))
	}
	return out
}

// stem is the path of the flower's stem.
func (p Portrait) stem() string {
	d := dice{p.Seed ^ 4}
	return fmt.Sprintf("M46 42C%d 60 %d 76 %d 98", d.between(43, 48), d.between(38, 50), d.between(36, 52))
}

// drift are the parachutes on the cover above a portrait.
func (p Portrait) drift() []string {
	d := dice{p.Seed ^ 5}
	var out []string
	for i := range 4 {
		out = append(out, fmt.Sprintf("translate(%d %d)%s", 146+i*44+d.between(-6, 8),
			d.between(34, 70)-i*3, spin(d.between(22, 64), 64-i*9+d.between(-3, 3))))
	}
	return out
}

// spin is a rotation in degrees and a scale in hundredths.
func spin(angle, percent int) string {
	angle %= 360
	return "rotate(" + strconv.Itoa(angle) + ")scale(" + strconv.FormatFloat(float64(percent)/100, 'f', -1, 64) + ")"
}
