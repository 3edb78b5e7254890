package media

import (
	"bytes"
	"encoding/binary"
)

// exifHeader stands before the TIFF block in a JPEG, and sometimes in a WebP.
const exifHeader = "Exif\x00\x00"

// orientationTag is the one tag that is ever read.
const orientationTag = 0x0112

// orientation finds the EXIF orientation of a file, 1 (upright) where it has
// none or a broken one. Nothing else of the metadata is looked at.
func orientation(format string, content []byte) int {
	var block []byte
	switch format {
	case "jpeg":
		block = jpegExif(content)
	case "png":
		block = pngExif(content)
	case "webp":
		block = webpExif(content)
	}
	return tiffOrientation(bytes.TrimPrefix(block, []byte(exifHeader)))
}

// jpegExif walks the segments before the picture (ITU T.81, annex B).
func jpegExif(content []byte) []byte {
	for at := 2; at+4 <= len(content) && content[at] == 0xff; {
		marker := content[at+1]
		if marker == 0xff { // fill byte
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(content[at+2:]))
		if marker == 0xda || marker == 0xd9 || size < 2 || at+2+size > len(content) {
			return nil
		}
		segment := content[at+4 : at+2+size]
		if marker == 0xe1 && bytes.HasPrefix(segment, []byte(exifHeader)) {
			return segment
		}
		at += 2 + size
	}
	return nil
}

// pngExif walks the chunks up to eXIf.
func pngExif(content []byte) []byte {
	for at := uint64(8); at+12 <= uint64(len(content)); {
		size := uint64(binary.BigEndian.Uint32(content[at:]))
		if at+12+size > uint64(len(content)) {
			return nil
		}
		if string(content[at+4:at+8]) == "eXIf" {
			return content[at+8 : at+8+size]
		}
		at += 12 + size
	}
	return nil
}

// webpExif walks the RIFF chunks up to EXIF; chunks are padded to even sizes.
func webpExif(content []byte) []byte {
	for at := uint64(12); at+8 <= uint64(len(content)); {
		size := uint64(binary.LittleEndian.Uint32(content[at+4:]))
		if at+8+size > uint64(len(content)) {
			return nil
		}
		if string(content[at:at+4]) == "EXIF" {
			return content[at+8 : at+8+size]
		}
		at += 8 + size + size%2
	}
	return nil
}

// tiffOrientation reads the tag from the first directory of a TIFF block.
func tiffOrientation(block []byte) int {
	if len(block) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(block[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(block[4:]))
	if at+2 > uint64(len(block)) {
		return 1
	}
	entries := uint64(order.Uint16(block[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > uint64(len(block)) {
			return 1
		}
		if order.Uint16(block[entry:]) == orientationTag {
			if value := int(order.Uint16(block[entry+8:])); value >= 1 && value <= 8 {
				return value
			}
			return 1
		}
	}
	return 1
}
