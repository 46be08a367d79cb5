package cache

import (
	"errors"
	"io"

	"github.com/openbisfs/openbisfs/cache/disk"
)

// ErrNotCached says that bytes are neither in memory nor on disk.
var ErrNotCached = errors.New("cache: not cached")

// ReadCached is [File.ReadAt] for who must not cost anything: it never asks the
// server, and read-ahead does not see it. Where the first byte is that is not
// here, it ends with [ErrNotCached]. It may wait for the disk.
func (f *File) ReadCached(p []byte, off int64) (int, error) {
	rest := f.Size() - off
	var end error
	switch {
	case off < 0:
		return 0, errors.New("cache: negative offset")
	case len(p) == 0:
		return 0, nil
	case rest <= 0:
		return 0, io.EOF
	case int64(len(p)) > rest:
		p, end = p[:rest], io.EOF
	}
	for done := 0; done < len(p); {
		n := (off + int64(done)) / BlockSize
		from := int(off + int64(done) - n*BlockSize)
		got, err := f.copyCached(p[done:], n, from)
		done += got
		if err != nil {
			return done, err
		}
	}
	return len(p), end
}

// copyCached copies what p has room for of block n, which begins before the end
// of the content, from its byte from on.
func (f *File) copyCached(p []byte, n int64, from int) (int, error) {
	c, s := f.content, f.content.store
	size := int(min(BlockSize, c.key.Size-n*BlockSize))
	to := min(from+len(p), size)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f.usable(); err != nil {
		return 0, err
	}
	if b := c.blocks[n]; b != nil && b.buf != nil && b.filled >= to {
		buf := b.pin(f)
		s.mu.Unlock()
		got := copy(p, buf.data[from:to])
		s.mu.Lock()
		s.budget.unpin(buf)
		return got, nil
	}
	l := c.level
	if l == nil {
		return 0, ErrNotCached
	}
	l.work++
	block := make([]byte, size)
	convictions := l.convictions
	s.mu.Unlock()
	standing := l.file.ReadBlock(n, block)
	s.mu.Lock()
	l.work--
	c.settle()
	switch {
	case standing == disk.Absent, standing == disk.Provisional && (l.convictions != convictions || l.rejecting > 0):
		return 0, ErrNotCached
	case standing == disk.Provisional && c.key.HasCRC32:
		f.unverified = true
	}
	s.counts.FromDisk += int64(size)
	return copy(p, block[from:to]), nil
}

// DiskDir returns the directory of the disk cache, "" if there is none.
func (s *Store) DiskDir() string {
	if s.opts.Disk == nil {
		return ""
	}
	return s.opts.Disk.Dir()
}
