package cache

import (
	"os"
	"time"

	"github.com/openbisfs/openbisfs/cache/disk"
)

const (
	maxLoaders = 3               // blocks of one file that are read from disk at a time
	askAgain   = 5 * time.Second // how long others' additions to the disk cache may go unnoticed
)

// level is the second level of a content, below memory: what the disk cache has of it. Guarded by Store.mu, but the
// file, whose methods are called without.
type level struct {
	file    *disk.File
	known   bool      // set says what is there
	asking  bool      // a goroutine finds it out
	asked   time.Time // when it last did
	set     []uint64  // bit n%64 of element n/64: block n should be there
	wish    int64     // the block from which on a stream was wanted while nothing was known; or -1
	loads   []*block  // queued blocks that should be there; some are gone
	loaders int       // goroutines that read them
	work    int       // goroutines and writes that use the file
}

// below opens the second level, if there is a disk cache.
func (c *content) below() {
	if d := c.store.opts.Disk; d != nil && c.level == nil && c.key.Size > 0 {
		c.level = &level{file: d.File(c.key), wish: -1}
	}
}

// leaveDisk closes the second level when nobody uses it.
func (c *content) leaveDisk() {
	l := c.level
	if l == nil || l.work > 0 {
		return
	}
	c.level = nil
	c.store.wg.Go(l.file.Close)
}

// onDisk says whether block n should be on disk.
func (c *content) onDisk(n int64) bool {
	l := c.level
	return l != nil && int(n/64) < len(l.set) && l.set[n/64]&(1<<(n%64)) != 0
}

// diskUnknown says whether it has yet to be found out what is on disk.
func (c *content) diskUnknown() bool { return c.level != nil && !c.level.known }

func (l *level) mark(n int64, present bool) {
	switch {
	case int(n/64) >= len(l.set):
	case present:
		l.set[n/64] |= 1 << (n % 64)
	default:
		l.set[n/64] &^= 1 << (n % 64)
	}
}

// sift takes out of the queue what is to be read from disk, and has that done. It returns false while it is not known
// what that is; dispatch is called again when it is.
func (c *content) sift() bool {
	l := c.level
	if l == nil || c.store.closed {
		return true
	}
	if !l.known {
		c.ask()
		return false
	}
	left := c.queue[:0]
	for _, b := range c.queue {
		switch {
		case b.state != queued || b.via != nil || b.local:
		case c.onDisk(b.n):
			b.local = true
			l.loads = append(l.loads, b)
		default:
			left = append(left, b)
		}
	}
	clear(c.queue[len(left):])
	c.queue = left
	if len(left) > 0 && time.Since(l.asked) > askAgain {
		c.ask() // others may be at work; what they bring is for later
	}
	for l.loaders < min(maxLoaders, len(l.loads)) {
		l.loaders++
		l.work++
		c.store.wg.Go(func() { c.load(l) })
	}
	return true
}

// ask finds out in the background what is on disk.
func (c *content) ask() {
	l := c.level
	if l.asking {
		return
	}
	l.asking = true
	l.work++
	c.store.wg.Go(func() {
		set := l.file.Blocks()
		s := c.store
		s.mu.Lock()
		defer s.mu.Unlock()
		l.set, l.known, l.asking, l.asked = set, true, false, time.Now()
		if n := l.wish; n >= 0 {
			l.wish = -1
			c.considerStream(n)
		}
		c.dispatch()
		l.work--
		c.settle()
	})
}

// load reads blocks from disk until there are none left to read. What is not there, or not right, is fetched.
func (c *content) load(l *level) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(l.loads) > 0 {
		b := l.loads[0]
		l.loads[0] = nil
		l.loads = l.loads[1:]
		if b.state != queued || !b.local {
			continue
		}
		b.local = false
		b.state = loading
		buf, err := s.buffer(s.ctx, b.len())
		if err != nil {
			c.again(b, err, true)
			continue
		}
		b.buf = buf
		s.mu.Unlock()
		there := l.file.ReadBlock(b.n, buf.data)
		s.mu.Lock()
		if there {
			s.counts.FromDisk += int64(b.len())
			c.progress = time.Now()
			c.reside(b, nil)
			continue
		}
		l.mark(b.n, false)
		b.detach()
		b.state = queued
		if b.interest == 0 && !b.ahead || s.closed {
			b.fail(errClosed)
			continue
		}
		c.queue = append(c.queue, b)
		c.dispatch()
	}
	l.loaders--
	l.work--
	c.settle()
}

// Local returns the content as a file of its own, verified, if all of it is in
// the disk cache, for whoever gives it to the kernel to read from; see
// [disk.File.Local]. The caller closes it before the File. It may read from
// disk, but never from the network.
func (f *File) Local() (*os.File, bool) {
	s := f.content.store
	s.mu.Lock()
	l := f.content.level
	if l == nil || f.usable() != nil {
		s.mu.Unlock()
		return nil, false
	}
	l.work++
	s.mu.Unlock()
	local, ok := l.file.Local()
	s.mu.Lock()
	defer s.mu.Unlock()
	l.work--
	f.content.settle()
	return local, ok
}
