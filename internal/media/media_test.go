package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/media"
)

// Pictures of 40 by 20 pixels as a browser's canvas writes them, with a colour
// profile: left red and right blue (lossy), left red and right clear (lossless).
const (
	lossyWebP = "UklGRlgCAABXRUJQVlA4WAoAAAAgAAAAJwAAEwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDggagAAANAEAJ0BKigAFAA+bSySRaQioZgEAEAGxKAHYA/CDhAhgH4AV3/uAAF7zBn9qjJgAP7wm0P//kF2bbOZ///kB/yA/5Af+P6fKwf6DMbm5/IDrJ+cY//yA9/P+AJYLWnMg1GyJpXTjHR4AAA="
	clearWebP = "UklGRgoCAABXRUJQVlA4WAoAAAAwAAAAJwAAEwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZWUDhMGwAAAC8nwAQQDxDzH/MfDIJsmxrcn3YCB4jof9R4BwA="
)

var (
	red   = color.RGBA{R: 255, A: 255}
	green = color.RGBA{G: 255, A: 255}
	blue  = color.RGBA{B: 255, A: 255}
	white = color.RGBA{R: 255, G: 255, B: 255, A: 255}
)

// quarters is a picture whose four quarters are red, green, blue and white,
// read as a page is.
func quarters(width, height int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := red
			switch left, top := x < width/2, y < height/2; {
			case !left && top:
				c = green
			case left && !top:
				c = blue
			case !left && !top:
				c = white
			}
			out.SetRGBA(x, y, c)
		}
	}
	return out
}

func asJPEG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func fromBase64(t testing.TB, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tiff is an EXIF block with a GPS-like canary and an orientation.
func tiff(order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	out := []byte(mark)
	out = order.AppendUint16(out, 42)
	out = order.AppendUint32(out, 8)
	out = order.AppendUint16(out, 2)
	out = order.AppendUint16(out, 0x010f) // maker
	out = order.AppendUint16(out, 2)
	out = order.AppendUint32(out, 6)
	out = order.AppendUint32(out, 38)
	out = order.AppendUint16(out, 0x0112)
	out = order.AppendUint16(out, 3)
	out = order.AppendUint32(out, 1)
	out = order.AppendUint16(out, orientation)
	out = order.AppendUint16(out, 0)
	out = order.AppendUint32(out, 0)
	return append(out, "CANARY"...)
}

func withJPEGExif(picture, block []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), block...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xe1}, byte((len(segment)+2)>>8), byte(len(segment)+2))
	return append(append(out, segment...), picture[2:]...)
}

func withPNGExif(picture, block []byte) []byte {
	const header = 8 + 25 // signature and IHDR
	chunk := append([]byte("eXIf"), block...)
	out := append(bytes.Clone(picture[:header]), binary.BigEndian.AppendUint32(nil, uint32(len(block)))...)
	out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	return append(out, picture[header:]...)
}

func withWebPExif(picture, block []byte) []byte {
	out := append(bytes.Clone(picture), "EXIF"...)
	out = append(binary.LittleEndian.AppendUint32(out, uint32(len(block))), block...)
	if len(block)%2 == 1 {
		out = append(out, 0)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

func avatar(t testing.TB, content []byte) image.Image {
	t.Helper()
	got, err := media.NewLane().Avatar(t.Context(), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	picture, format, err := image.Decode(bytes.NewReader(got.Bytes))
	if err != nil || got.Type != "image/"+format {
		t.Fatalf("%s holds %s, %v", got.Type, format, err)
	}
	want := map[string]string{"jpeg": "jpg", "png": "png"}[format]
	if picture.Bounds() != image.Rect(0, 0, 256, 256) || got.Width != 256 || got.Height != 256 || got.Ending() != want {
		t.Fatalf("%v, %d x %d, %s", picture.Bounds(), got.Width, got.Height, got.Ending())
	}
	return picture
}

// corners names the colours of the four quarters of a picture.
func corners(picture image.Image) string {
	name := func(x, y int) string {
		r, g, b, _ := picture.At(x, y).RGBA()
		letter := func(v uint32, s string) string {
			if v > 0x8000 {
				return s
			}
			return ""
		}
		return letter(r, "r") + letter(g, "g") + letter(b, "b")
	}
	return name(60, 60) + " " + name(196, 60) + " " + name(60, 196) + " " + name(196, 196)
}

func TestAvatarCropsTheCentre(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"jpeg":       asJPEG(t, quarters(600, 400)),
		"png":        asPNG(t, quarters(300, 900)),
		"tiny":       asPNG(t, quarters(2, 2)),
		"long":       asPNG(t, quarters(3000, 16)),
		"other base": asPNG(t, quarters(400, 400).SubImage(image.Rect(100, 100, 300, 300))),
	} {
		if diff := cmp.Diff("r g b rgb", corners(avatar(t, content))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := corners(avatar(t, fromBase64(t, lossyWebP))); got != "r b r b" {
		t.Errorf("webp: %s", got)
	}
}

func TestTransparencyIsKept(t *testing.T) {
	t.Parallel()
	half := quarters(100, 100)
	for y := range 100 {
		for x := 50; x < 100; x++ {
			half.SetRGBA(x, y, color.RGBA{})
		}
	}
	for name, content := range map[string][]byte{"png": asPNG(t, half), "webp": fromBase64(t, clearWebP)} {
		picture := avatar(t, content)
		if _, _, _, a := picture.At(200, 60).RGBA(); a != 0 {
			t.Errorf("%s: the clear half has alpha %d", name, a)
		}
		if _, _, _, a := picture.At(60, 60).RGBA(); a != 0xffff {
			t.Errorf("%s: the full half has alpha %d", name, a)
		}
	}
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	// What the eye must see, by EXIF 2.32: for 6 the picture turns a quarter clockwise.
	want := map[uint16]string{
		1: "r g b rgb", 2: "g r rgb b", 3: "rgb b g r", 4: "b rgb r g",
		5: "r b g rgb", 6: "b r rgb g", 7: "rgb g b r", 8: "g rgb r b",
		0: "r g b rgb", 9: "r g b rgb",
	}
	for orientation, colours := range want {
		big := tiff(binary.BigEndian, "MM", orientation)
		little := tiff(binary.LittleEndian, "II", orientation)
		for name, content := range map[string][]byte{
			"jpeg": withJPEGExif(asJPEG(t, quarters(300, 200)), big),
			"png":  withPNGExif(asPNG(t, quarters(300, 200)), little),
		} {
			if diff := cmp.Diff(colours, corners(avatar(t, content))); diff != "" {
				t.Errorf("%s, %d: %s", name, orientation, diff)
			}
		}
	}
	turned := withWebPExif(fromBase64(t, lossyWebP), tiff(binary.LittleEndian, "II", 3))
	if got := corners(avatar(t, turned)); got != "b r b r" {
		t.Errorf("webp: %s", got)
	}
}

func TestNothingOfTheFileIsKept(t *testing.T) {
	t.Parallel()
	block := tiff(binary.BigEndian, "MM", 1)
	for name, content := range map[string][]byte{
		"jpeg": append(withJPEGExif(asJPEG(t, quarters(64, 64)), block), "CANARY<script>"...),
		"png":  append(withPNGExif(asPNG(t, quarters(64, 64)), block), "CANARY<script>"...),
		"webp": withWebPExif(fromBase64(t, lossyWebP), block),
	} {
		if !bytes.Contains(content, []byte("CANARY")) {
			t.Fatalf("%s: the test plants nothing", name)
		}
		got, err := media.NewLane().Avatar(t.Context(), bytes.NewReader(content))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, leak := range []string{"CANARY", "Exif", "eXIf", "iCCP", "ICC_PROFILE", "<script>"} {
			if bytes.Contains(got.Bytes, []byte(leak)) {
				t.Errorf("%s: %s is kept", name, leak)
			}
		}
	}
}

// bomb is a PNG that tells a size and holds next to nothing.
func bomb(t testing.TB, width, height uint32) []byte {
	out := asPNG(t, quarters(2, 2))
	binary.BigEndian.PutUint32(out[16:], width)
	binary.BigEndian.PutUint32(out[20:], height)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	jpg, pic := asJPEG(t, quarters(200, 200)), asPNG(t, quarters(200, 200))
	for name, c := range map[string]struct {
		content io.Reader
		kind    fault.Kind
		code    string
	}{
		"empty":          {strings.NewReader(""), fault.Invalid, "picture_type"},
		"svg":            {strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), fault.Invalid, "picture_type"},
		"gif":            {strings.NewReader("GIF89a\x01\x00\x01\x00\x80"), fault.Invalid, "picture_type"},
		"html":           {strings.NewReader("<!doctype html>"), fault.Invalid, "picture_type"},
		"too large":      {io.LimitReader(endless{}, 1<<40), fault.TooLarge, "picture_too_large"},
		"cut jpeg":       {bytes.NewReader(jpg[:len(jpg)/2]), fault.Invalid, "picture_broken"},
		"jpeg header":    {bytes.NewReader(jpg[:4]), fault.Invalid, "picture_broken"},
		"cut png":        {bytes.NewReader(pic[:len(pic)-30]), fault.Invalid, "picture_broken"},
		"cut webp":       {bytes.NewReader(fromBase64(t, lossyWebP)[:560]), fault.Invalid, "picture_broken"},
		"webp header":    {strings.NewReader("RIFF\x04\x00\x00\x00WEBP"), fault.Invalid, "picture_broken"},
		"bomb":           {bytes.NewReader(bomb(t, 5001, 5000)), fault.Invalid, "picture_too_many_pixels"},
		"wide bomb":      {bytes.NewReader(bomb(t, 1<<31-1, 1)), fault.Invalid, "picture_too_many_pixels"},
		"empty inside":   {bytes.NewReader(bomb(t, 4000, 4000)), fault.Invalid, "picture_broken"},
		"no width":       {bytes.NewReader(bomb(t, 0, 5)), fault.Invalid, "picture_broken"},
		"sender went":    {io.MultiReader(bytes.NewReader(pic[:50]), gone{}), fault.Invalid, "picture_broken"},
		"jpeg named png": {io.MultiReader(strings.NewReader("\x89PNG\r\n\x1a\n"), bytes.NewReader(jpg)), fault.Invalid, "picture_broken"},
	} {
		got, err := media.NewLane().Avatar(t.Context(), c.content)
		all := fault.All(err)
		if len(all) != 1 || all[0].Kind != c.kind || all[0].Code != c.code || got.Bytes != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type gone struct{}

func (gone) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A sender who stalls does not hold the lane, and one who waits gives up in time.
func TestLane(t *testing.T) {
	t.Parallel()
	lane := media.NewLane()
	stalled, writer := io.Pipe()
	done := make(chan error, 1)
	go func() { _, err := lane.Avatar(t.Context(), stalled); done <- err }()
	if _, err := writer.Write([]byte{0xff}); err != nil { // the reader has begun
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := lane.Avatar(ctx, bytes.NewReader(asPNG(t, quarters(4, 4)))); err != nil {
		t.Errorf("behind a stalled sender: %v", err)
	}
	_ = writer.Close()
	if err := <-done; !fault.Is(err, fault.Invalid) {
		t.Errorf("the stalled one: %v", err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	free := 0
	for range 50 { // a select between a free lane and an ended context may take either
		if _, err := lane.Avatar(over, bytes.NewReader(asPNG(t, quarters(4, 4)))); err == nil {
			free++
		} else if !fault.Is(err, fault.Unavailable) || !errors.Is(err, context.Canceled) {
			t.Fatalf("ended: %v", err)
		}
	}
	if free == 50 {
		t.Error("an ended context is never noticed")
	}
}

func FuzzAvatar(f *testing.F) {
	f.Add(withJPEGExif(asJPEG(f, quarters(16, 16)), tiff(binary.BigEndian, "MM", 6)))
	f.Add(withPNGExif(asPNG(f, quarters(16, 16)), tiff(binary.LittleEndian, "II", 8)))
	f.Add(withWebPExif(fromBase64(f, lossyWebP), tiff(binary.LittleEndian, "II", 3)))
	f.Add(fromBase64(f, clearWebP))
	f.Add(bomb(f, 5001, 5000))
	lane := media.NewLane()
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := lane.Avatar(t.Context(), bytes.NewReader(content))
		if err != nil {
			if len(fault.All(err)) != 1 {
				t.Fatalf("no fault: %v", err)
			}
			return
		}
		size, _, err := image.DecodeConfig(bytes.NewReader(got.Bytes))
		if err != nil || size.Width != 256 || size.Height != 256 {
			t.Fatalf("%v, %v", size, err)
		}
	})
}
