package openbistest

import (
	"encoding/binary"
	"strings"
)

// tiffStack returns a TIFF of several uncompressed 16-bit greyscale pages (TIFF 6.0, little endian, one strip a page),
// as microscopes write them. page returns the pixels of a page, row by row, when the content is first read; the size is known
// before.
func tiffStack(width, height, pages int, description string, page func(n int) []uint16) Content {
	t := tiffLayout{width: width, height: height, description: description + "\x00"}
	if len(t.description)%2 == 1 {
		t.description += "\x00" // offsets are even
	}
	size := tiffHeader + pages*t.pageSize()
	return &sizedContent{size: int64(size), Content: Lazy(func() []byte { return t.encode(pages, page) })}
}

const (
	tiffHeader  = 8
	tiffEntries = 13
	tiffIFD     = 2 + 12*tiffEntries + 4
)

// tiffLayout says where things are in a page: its directory, description and resolution, then its pixels.
type tiffLayout struct {
	width, height int
	description   string
}

func (t *tiffLayout) strip() int    { return 2 * t.width * t.height }
func (t *tiffLayout) pageSize() int { return tiffIFD + len(t.description) + 8 + t.strip() }

func (t *tiffLayout) encode(pages int, page func(n int) []uint16) []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, tiffHeader+pages*t.pageSize())
	b = append(b, 'I', 'I', 42, 0)
	b = le.AppendUint32(b, tiffHeader)
	for n := range pages {
		start := len(b)
		next := start + t.pageSize()
		if n == pages-1 {
			next = 0
		}
		b = t.appendDirectory(b, start, next)
		b = append(b, t.description...)
		b = le.AppendUint32(b, 5400_0000) // pixels per cm: 185 nm a pixel
		b = le.AppendUint32(b, 1000)
		for _, v := range page(n) {
			b = le.AppendUint16(b, v)
		}
	}
	return b
}

func (t *tiffLayout) appendDirectory(b []byte, start, next int) []byte {
	const ascii, short, long, rational = 2, 3, 4, 5
	le := binary.LittleEndian
	description := start + tiffIFD
	resolution := description + len(t.description)
	b = le.AppendUint16(b, tiffEntries)
	for _, e := range [tiffEntries]struct{ tag, kind, count, value int }{
		{256, long, 1, t.width},
		{257, long, 1, t.height},
		{258, short, 1, 16}, // bits per sample
		{259, short, 1, 1},  // no compression
		{262, short, 1, 1},  // black is zero
		{270, ascii, strings.IndexByte(t.description, 0) + 1, description},
		{273, long, 1, resolution + 8}, // strip offset
		{277, short, 1, 1},             // samples per pixel
		{278, long, 1, t.height},       // rows per strip
		{279, long, 1, t.strip()},
		{282, rational, 1, resolution},
		{283, rational, 1, resolution},
		{296, short, 1, 3}, // per cm
	} {
		b = le.AppendUint16(b, uint16(e.tag))
		b = le.AppendUint16(b, uint16(e.kind))
		b = le.AppendUint32(b, uint32(e.count))
		b = le.AppendUint32(b, uint32(e.value))
	}
	return le.AppendUint32(b, uint32(next))
}

// sizedContent is a lazy Content whose size is known before it is made.
type sizedContent struct {
	Content
	size int64
}

// Size implements Content.
func (c *sizedContent) Size() int64 { return c.size }
