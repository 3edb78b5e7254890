// Package media takes in the pictures that strangers upload. It promises that
// what comes out was encoded here: no metadata, no trailing bytes, no second
// format inside, and always the same size. It refuses everything but JPEG, PNG
// and still WebP, files and pictures over their bounds before they cost memory,
// and damaged ones; and it decodes one picture at a time, so that uploads
// cannot take the memory of the rest of the program.
//
// It imports fault: each refusal names its reason to the person.
package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/tmoeg/oduvan/internal/fault"
)

// The bounds of an upload and the form of what is kept.
const (
	MaxBytes   = 8 << 20
	MaxPixels  = 25_000_000
	AvatarSide = 256 // pixels

	jpegQuality = 85
)

// Picture is a picture encoded here, without any metadata.
type Picture struct {
	Bytes         []byte
	Type          string // "image/jpeg" or "image/png"
	Width, Height int    // pixels
}

// Ending is the file name's ending for the type, without a dot.
func (p Picture) Ending() string {
	if p.Type == "image/png" {
		return "png"
	}
	return "jpg"
}

// Lane is where pictures are decoded, one at a time. Make one for the whole
// program with NewLane.
type Lane struct {
	free chan struct{}
}

// NewLane makes a free lane.
func NewLane() *Lane { return &Lane{free: make(chan struct{}, 1)} }

// Avatar reads a picture and gives its centre square in AvatarSide pixels,
// upright as its EXIF orientation tells: JPEG, or PNG where it is transparent.
// Faults, without a field: picture_too_large (argument max, in bytes),
// picture_type, picture_too_many_pixels (argument max), picture_broken;
// picture_busy (Unavailable) when ctx ends before the lane is free.
func (l *Lane) Avatar(ctx context.Context, r io.Reader) (Picture, error) {
	content, err := readAll(r) // before the lane: a slow sender must not hold it
	if err != nil {
		return Picture{}, err
	}
	format, err := inspect(content)
	if err != nil {
		return Picture{}, err
	}
	select {
	case l.free <- struct{}{}:
		defer func() { <-l.free }()
	case <-ctx.Done():
		return Picture{}, fault.Of(fault.Unavailable, "picture_busy").Wrap(ctx.Err())
	}
	picture, err := decode(format, content)
	if err != nil {
		return Picture{}, broken(err)
	}
	return encode(upright(square(picture), orientation(format.name, content)))
}

func broken(cause error) error { return fault.Of(fault.Invalid, "picture_broken").Wrap(cause) }

func readAll(r io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if len(content) > MaxBytes {
		return nil, fault.Of(fault.TooLarge, "picture_too_large").With("max", MaxBytes)
	}
	if err != nil {
		return nil, broken(err)
	}
	return content, nil
}

// format is one accepted kind of file. The registry of package image is not
// used: any import anywhere could add a format to it.
type format struct {
	name   string
	decode func(io.Reader) (image.Image, error)
	config func(io.Reader) (image.Config, error)
}

// inspect finds the format by the first bytes and checks the size that the
// header tells, which is what decoding will allocate.
func inspect(content []byte) (format, error) {
	var f format
	switch {
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		f = format{"jpeg", jpeg.Decode, jpeg.DecodeConfig}
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		f = format{"png", png.Decode, png.DecodeConfig}
	case len(content) >= 12 && string(content[:4]) == "RIFF" && string(content[8:12]) == "WEBP":
		f = format{"webp", webp.Decode, webp.DecodeConfig}
	default:
		return f, fault.Of(fault.Invalid, "picture_type")
	}
	size, err := config(f, content)
	switch {
	case err != nil:
		return f, broken(err)
	case size.Width <= 0 || size.Height <= 0:
		return f, broken(errors.New("media: no pixels"))
	case size.Width > MaxPixels/size.Height:
		return f, fault.Of(fault.Invalid, "picture_too_many_pixels").With("max", MaxPixels)
	}
	return f, nil
}

func config(f format, content []byte) (c image.Config, err error) {
	defer rescue(&err)
	return f.config(bytes.NewReader(content))
}

func decode(f format, content []byte) (picture image.Image, err error) {
	defer rescue(&err)
	return f.decode(bytes.NewReader(content))
}

// rescue turns a decoder's panic on a hostile file into an error.
func rescue(err *error) {
	if trouble := recover(); trouble != nil {
		*err = fmt.Errorf("media: decoder panicked: %v", trouble)
	}
}

// square scales the centre square.
func square(picture image.Image) *image.RGBA {
	b := picture.Bounds()
	side := min(b.Dx(), b.Dy())
	corner := image.Pt(b.Min.X+(b.Dx()-side)/2, b.Min.Y+(b.Dy()-side)/2)
	from := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}
	out := image.NewRGBA(image.Rect(0, 0, AvatarSide, AvatarSide))
	draw.BiLinear.Scale(out, out.Bounds(), picture, from, draw.Src, nil)
	return out
}

// upright undoes an EXIF orientation (1 to 8) of a square picture.
func upright(in *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return in
	}
	const last = AvatarSide - 1
	out := image.NewRGBA(in.Bounds())
	for y := range AvatarSide {
		for x := range AvatarSide {
			fromX, fromY := x, y
			switch orientation {
			case 2:
				fromX = last - x
			case 3:
				fromX, fromY = last-x, last-y
			case 4:
				fromY = last - y
			case 5:
				fromX, fromY = y, x
			case 6:
				fromX, fromY = y, last-x
			case 7:
				fromX, fromY = last-y, last-x
			case 8:
				fromX, fromY = last-y, x
			}
			out.SetRGBA(x, y, in.RGBAAt(fromX, fromY))
		}
	}
	return out
}

func encode(picture *image.RGBA) (Picture, error) {
	var out bytes.Buffer
	result := Picture{Type: "image/jpeg", Width: AvatarSide, Height: AvatarSide}
	var err error
	if picture.Opaque() {
		err = jpeg.Encode(&out, picture, &jpeg.Options{Quality: jpegQuality})
	} else {
		result.Type = "image/png"
		err = png.Encode(&out, picture)
	}
	if err != nil {
		return Picture{}, fmt.Errorf("media: encode: %w", err)
	}
	result.Bytes = out.Bytes()
	return result, nil
}
