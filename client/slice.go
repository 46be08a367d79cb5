package client

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// segment is a part of a slice: bytes that are there, or a part of a file.
type segment struct {
	data           []byte
	file           int // number of the file, when there is no data
	offset, length int64
}

// part is a part of a file that has been read, with its checksum.
type part struct {
	file           int
	offset, length int64
	crc            uint32
}

// sliceReader reads the segments of a slice one after the other. It is the body of a request, which may still be read
// when the answer is there already; so its end is Close.
type sliceReader struct {
	files  []NewFile
	onRead func() // before each read

	mu       sync.Mutex
	segments []segment
	parts    []part // that have been read in full
	err      error  // of the files, which is no failure of the request
	open     FileContent
	sum      uint32
	done     int64 // of the first segment
	closed   bool
}

func (r *sliceReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, os.ErrClosed
	}
	if r.onRead != nil {
		r.onRead()
	}
	for r.err == nil && len(r.segments) > 0 {
		s := &r.segments[0]
		if s.data != nil {
			n := copy(p, s.data[r.done:])
			if r.done += int64(n); r.done == int64(len(s.data)) {
				r.next()
			}
			return n, nil
		}
		n, err := r.readFile(p, s)
		if err != nil {
			r.err = fmt.Errorf("read %q: %w", r.files[s.file].Path, err)
			break
		}
		if n > 0 {
			return n, nil
		}
	}
	if r.err != nil {
		return 0, r.err
	}
	return 0, io.EOF
}

// readFile reads on in the file of the first segment.
func (r *sliceReader) readFile(p []byte, s *segment) (int, error) {
	if r.open == nil {
		content, err := r.files[s.file].Content()
		if err != nil {
			return 0, err
		}
		r.open = content
	}
	p = p[:min(int64(len(p)), s.length-r.done)]
	n, err := r.open.ReadAt(p, s.offset+r.done)
	switch {
	case n == len(p):
	case errors.Is(err, io.EOF) || err == nil:
		return 0, fmt.Errorf("%w: it is shorter than it was", ErrCorrupt)
	default:
		return 0, err
	}
	r.sum = crc32.Update(r.sum, crc32.IEEETable, p)
	if r.done += int64(n); r.done == s.length {
		r.parts = append(r.parts, part{s.file, s.offset, s.length, r.sum})
		err := r.closeFile()
		r.next()
		return n, err
	}
	return n, nil
}

func (r *sliceReader) next() {
	r.segments, r.done, r.sum = r.segments[1:], 0, 0
}

// Close ends reading.
func (r *sliceReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.closeFile()
}

// read returns what has been read, and what was wrong with it.
func (r *sliceReader) read() ([]part, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.parts, r.err
}

func (r *sliceReader) closeFile() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

// combineCRC32 returns the checksum of a and b together, given the checksum of each and the length of b. A checksum is
// a polynomial modulo the generator, and b's length is how often a is to be shifted by a byte; squaring the shift, which
// is a matrix of bits, does it in as many steps as the length has bits (as zlib's crc32_combine does).
func combineCRC32(a, b uint32, length int64) uint32 {
	if a == 0 { // also of nothing: all of a small file is one part
		return b
	}
	var shift [32]uint32 // by one bit
	shift[0] = crc32.IEEE
	for i := 1; i < 32; i++ {
		shift[i] = 1 << (i - 1)
	}
	for range 3 {
		shift = squareBits(&shift) // by two, four, eight
	}
	for ; length > 0; length >>= 1 {
		if length&1 != 0 {
			a = timesBits(&shift, a)
		}
		shift = squareBits(&shift)
	}
	return a ^ b
}

// timesBits multiplies a matrix of bits, by columns, with a vector.
func timesBits(m *[32]uint32, v uint32) uint32 {
	var sum uint32
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func squareBits(m *[32]uint32) (s [32]uint32) {
	for i, column := range m {
		s[i] = timesBits(m, column)
	}
	return s
}
