package apptest_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// photo is a JPEG as a phone writes it: with EXIF that names a place. The text
// stands in the description and, as the place, in the GPS part.
func photo(t testing.TB, secret string) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for x := range 320 {
		for y := range 240 {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := exifWith(secret)
	out := append([]byte{}, plain.Bytes()[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	out = append(out, exif...)
	return append(out, plain.Bytes()[2:]...)
}

// exifWith is a TIFF block with a description and a GPS directory.
func exifWith(secret string) []byte {
	const ascii, long = 2, 4
	text := append([]byte(secret), 0)
	entry := func(tag, kind uint16, count, value uint32) []byte {
		b := binary.BigEndian.AppendUint16(nil, tag)
		b = binary.BigEndian.AppendUint16(b, kind)
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, count), value)
	}
	first := uint32(8 + 2 + 2*12 + 4)
	gps := first + uint32(len(text))
	second := gps + 2 + 12 + 4
	tiff := append([]byte("MM\x00\x2a"), 0, 0, 0, 8)
	tiff = append(tiff, 0, 2)
	tiff = append(tiff, entry(0x010e, ascii, uint32(len(text)), first)...)
	tiff = append(tiff, entry(0x8825, long, 1, gps)...)
	tiff = append(append(tiff, 0, 0, 0, 0), text...)
	tiff = append(tiff, 0, 1)
	tiff = append(tiff, entry(0x001d, ascii, uint32(len(text)), second)...)
	tiff = append(append(tiff, 0, 0, 0, 0), text...)
	return append([]byte("Exif\x00\x00"), tiff...)
}
