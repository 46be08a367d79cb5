package client

import (
	"encoding/binary"
	"math"
	"sort"
)

// zipImage is a zip archive that exists only as a layout: entries are stored and not compressed, and their sizes and
// checksums are known beforehand, so that its length is known and any part of it can be made at any time. The format is
// that of PKWARE's APPNOTE.TXT, with its zip64 extensions where a number is too large or there are too many entries.
// The same entries always give the same bytes: entries have no time of their own.
type zipImage struct {
	entries   []zipEntry
	directory []byte // central directory and what comes after it
	length    int64
}

// zipEntry is a file or a folder, in the order of the archive.
type zipEntry struct {
	name   string // "/"-separated; ends in "/" for a folder
	file   int    // number of the file that has the content, -1 for a folder
	size   int64
	crc    uint32
	offset int64 // of the local header
	// padded makes the header as long as if the file were large, so that where the content begins is known before
	// its size is.
	padded bool
}

// The signatures and sizes of the records.
const (
	zipLocal       = 0x04034b50
	zipCentral     = 0x02014b50
	zipEnd         = 0x06054b50
	zip64End       = 0x06064b50
	zip64Locator   = 0x07064b50
	zipLocalSize   = 30
	zip64LocalSize = 20 // extra field with both sizes
)

// The extra field that is there to take room: the growth hint of the Open Packaging Conventions (ECMA-376 part 2). Who does
// not know it skips it, as any field.
const (
	zipGrowth          = 0xa220
	zipGrowthSignature = 0xa028
)

const (
	zipUTF8     = 1 << 11 // flag: the name is UTF-8
	zipUnix     = 3 << 8  // made by: attributes are those of Unix
	zip64Needed = 45      // version that is needed to extract
	zipNeeded   = 20
	zipNoDate   = 1<<5 | 1 // 1 January 1980, the beginning of time in a zip archive
)

func newZipImage(entries []zipEntry) *zipImage {
	z := &zipImage{entries: entries}
	for i := range z.entries {
		e := &z.entries[i]
		e.offset = z.length
		z.length += e.headerLen() + e.size
	}
	start := z.length
	for i := range z.entries {
		z.directory = z.entries[i].appendCentral(z.directory)
	}
	z.directory = appendZipEnd(z.directory, int64(len(z.entries)), start)
	z.length += int64(len(z.directory))
	return z
}

// large tells whether a number does not fit into the fields of the original format, where all ones say "see zip64".
func large(n int64) bool { return n >= math.MaxUint32 }

// clip is what stands in the original field.
func clip(n int64) uint32 { return uint32(min(n, math.MaxUint32)) }

func (e *zipEntry) headerLen() int64 {
	n := int64(zipLocalSize + len(e.name))
	if large(e.size) || e.padded {
		n += zip64LocalSize
	}
	return n
}

func (e *zipEntry) needed() uint16 {
	if large(e.size) || large(e.offset) {
		return zip64Needed
	}
	return zipNeeded
}

// header returns the local header.
func (e *zipEntry) header() []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, e.headerLen())
	b = le.AppendUint32(b, zipLocal)
	b = le.AppendUint16(b, e.needed())
	b = e.appendCommon(b)
	switch {
	case large(e.size):
	case e.padded:
		b = le.AppendUint16(b, zip64LocalSize)
		b = append(b, e.name...)
		b = le.AppendUint16(b, zipGrowth)
		b = le.AppendUint16(b, zip64LocalSize-4)
		b = le.AppendUint16(b, zipGrowthSignature)
		return append(b, make([]byte, zip64LocalSize-6)...)
	default:
		b = le.AppendUint16(b, 0)
		return append(b, e.name...)
	}
	b = le.AppendUint16(b, zip64LocalSize)
	b = append(b, e.name...)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, zip64LocalSize-4)
	b = le.AppendUint64(b, uint64(e.size))
	return le.AppendUint64(b, uint64(e.size))
}

// appendCommon appends what both headers have: from the flags to the length of the name.
func (e *zipEntry) appendCommon(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, zipUTF8)
	b = le.AppendUint16(b, 0) // stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, zipNoDate)
	b = le.AppendUint32(b, e.crc)
	b = le.AppendUint32(b, clip(e.size))
	b = le.AppendUint32(b, clip(e.size))
	return le.AppendUint16(b, uint16(len(e.name)))
}

// appendCentral appends the entry's record of the central directory. Its extra field has only those numbers that do not
// fit elsewhere.
func (e *zipEntry) appendCentral(b []byte) []byte {
	le := binary.LittleEndian
	var extra []byte
	if large(e.size) {
		extra = le.AppendUint64(extra, uint64(e.size))
		extra = le.AppendUint64(extra, uint64(e.size))
	}
	if large(e.offset) {
		extra = le.AppendUint64(extra, uint64(e.offset))
	}
	if extra != nil {
		head := le.AppendUint16(nil, 1)
		extra = append(le.AppendUint16(head, uint16(len(extra))), extra...)
	}
	mode, dos := uint32(0o100644), uint32(0)
	if e.file < 0 {
		mode, dos = 0o040755, 0x10
	}
	b = le.AppendUint32(b, zipCentral)
	b = le.AppendUint16(b, zipUnix|zip64Needed)
	b = le.AppendUint16(b, e.needed())
	b = e.appendCommon(b)
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, 0, 0, 0, 0, 0, 0) // no comment, first disk, binary
	b = le.AppendUint32(b, mode<<16|dos)
	b = le.AppendUint32(b, clip(e.offset))
	b = append(b, e.name...)
	return append(b, extra...)
}

// appendZipEnd appends the records at the end of the archive to the central directory, which begins at start.
func appendZipEnd(b []byte, count, start int64) []byte {
	le := binary.LittleEndian
	size := int64(len(b))
	if count >= math.MaxUint16 || large(size) || large(start) {
		b = le.AppendUint32(b, zip64End)
		b = le.AppendUint64(b, 44) // bytes of this record that follow
		b = le.AppendUint16(b, zipUnix|zip64Needed)
		b = le.AppendUint16(b, zip64Needed)
		b = append(b, make([]byte, 8)...) // this disk is the first
		b = le.AppendUint64(b, uint64(count))
		b = le.AppendUint64(b, uint64(count))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(start))
		b = le.AppendUint32(b, zip64Locator)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(start+size))
		b = le.AppendUint32(b, 1)
	}
	entries := uint16(min(count, math.MaxUint16))
	b = le.AppendUint32(b, zipEnd)
	b = append(b, 0, 0, 0, 0)
	b = le.AppendUint16(b, entries)
	b = le.AppendUint16(b, entries)
	b = le.AppendUint32(b, clip(size))
	b = le.AppendUint32(b, clip(start))
	return le.AppendUint16(b, 0) // no comment
}

// segments returns what the bytes off … off+n-1 are made of.
func (z *zipImage) segments(off, n int64) []segment {
	end := min(off+n, z.length)
	contents := z.length - int64(len(z.directory))
	var parts []segment
	// The entry in which off is, if it is in one.
	i := sort.Search(len(z.entries), func(i int) bool { return z.entries[i].offset > off }) - 1
	for i = max(i, 0); i < len(z.entries) && off < min(end, contents); i++ {
		e := &z.entries[i]
		if body := e.offset + e.headerLen(); off < body {
			header := e.header()[off-e.offset:]
			header = header[:min(int64(len(header)), end-off)]
			parts = append(parts, segment{data: header})
			off += int64(len(header))
		}
		if within := off - e.offset - e.headerLen(); within >= 0 && within < e.size && off < end {
			length := min(e.size-within, end-off)
			parts = append(parts, segment{file: e.file, offset: within, length: length})
			off += length
		}
	}
	if off < end {
		parts = append(parts, segment{data: z.directory[off-contents : end-contents]})
	}
	return parts
}
