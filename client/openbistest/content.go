package openbistest

import (
	"hash/crc32"
	"io"
	"sync"
)

// Bytes returns a Content that is b, which must not be changed any more.
func Bytes(b []byte) Content {
	return &lazyContent{produce: func() []byte { return b }}
}

// Text returns a Content that is s.
func Text(s string) Content { return Bytes([]byte(s)) }

// Lazy returns a Content that is made when it is first needed and kept from then on. Unlike for
// [Generated], even its size is not known before.
func Lazy(produce func() []byte) Content { return &lazyContent{produce: produce} }

type lazyContent struct {
	produce func() []byte
	once    sync.Once
	data    []byte
	sumOnce sync.Once
	sum     uint32
}

func (c *lazyContent) bytes() []byte {
	c.once.Do(func() { c.data, c.produce = c.produce(), nil })
	return c.data
}

// Size implements Content.
func (c *lazyContent) Size() int64 { return int64(len(c.bytes())) }

// CRC32 implements Content.
func (c *lazyContent) CRC32() uint32 {
	c.sumOnce.Do(func() { c.sum = crc32.ChecksumIEEE(c.bytes()) })
	return c.sum
}

// ReadAt implements io.ReaderAt.
func (c *lazyContent) ReadAt(p []byte, off int64) (int, error) {
	b := c.bytes()
	if off >= int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
