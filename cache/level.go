package cache

import (
	"os"
	"time"

	"github.com/openbisfs/openbisfs/cache/disk"
)

const (
	maxLoaders   = 3               // blocks of one file that are read from disk at a time
	diskPatience = 5 * time.Second // a disk that takes longer to answer is not waited for
	askAgain     = 5 * time.Second // how long others' additions to the disk cache may go unnoticed
)

// level is the second level of a content, below memory: what the disk cache has of it. Guarded by Store.mu, but the
// file, whose methods are called without.
type level struct {
	file        file
	known       bool      // set says what is there
	asking      bool      // a goroutine finds it out
	asked       time.Time // when it last did
	set         []uint64  // bit n%64 of element n/64: block n should be there
	wish        int64     // the block from which on a stream was wanted while nothing was known; or -1
	loads       []*block  // queued blocks that should be there; some are gone
	loaders     int       // goroutines that read them
	work        int       // goroutines and writes that use the file
	convictions int       // how often provisional blocks were found wrong
	rejecting   int       // the disk cache has yet to drop them
	ledger      *ledger   // nil: nothing on disk is provisional, or the checksum of the content is not known
	settle      bool      // something on disk is provisional, as far as known
}

// file is what the disk cache has of a content; see [disk.File].
type file interface {
	Presence() disk.Presence
	ReadBlock(n int64, p []byte) disk.Standing
	WriteBlock(n int64, p []byte)
	Part() *disk.Part
	Settle() disk.Verdict
	Reject()
	Local() (*os.File, bool)
	Hung()
	Close()
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
func (c *content) onDisk(n int64) bool { return c.level != nil && bit(c.level.set, n) }

// fromDisk says whether a reader who touches b is served by the disk.
func (c *content) fromDisk(b *block) bool {
	return b.kept || b.state == queued && b.via == nil && c.onDisk(b.n)
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
	s := c.store
	waiting, convictions := true, l.convictions
	hung := c.patience(l, func() bool { return waiting }, func() {
		waiting, l.asking = false, false
		c.learn(nil)
	})
	s.wg.Go(func() {
		p := l.file.Presence()
		hung.Stop()
		s.mu.Lock()
		defer s.mu.Unlock()
		if waiting {
			waiting, l.asking = false, false
			if l.convictions != convictions || l.rejecting > 0 {
				p = disk.Presence{} // it may be of before
			}
			l.settle = p.Provisional != nil
			c.record(p)
			c.learn(p.There)
		}
		l.work--
		c.settle()
	})
}

// learn takes what is on disk, and goes on with what has waited for that.
func (c *content) learn(set []uint64) {
	l := c.level
	l.set, l.known, l.asked = set, true, time.Now()
	if n := l.wish; n >= 0 {
		l.wish = -1
		if !c.onDisk(n) {
			c.considerStream(n)
		}
	}
	c.dispatch()
}

// patience has what is not done in time given up: the disk does not answer, so that the server is asked, and the disk
// rests. waiting is called with Store.mu held.
func (c *content) patience(l *level, waiting func() bool, giveUp func()) *time.Timer {
	s := c.store
	return time.AfterFunc(s.diskPatience, func() {
		s.mu.Lock()
		if !waiting() {
			s.mu.Unlock()
			return
		}
		giveUp()
		s.mu.Unlock()
		l.file.Hung()
	})
}

// hung gives up a block that the disk does not bring, and all that wait behind it.
func (c *content) hung(l *level, b *block) {
	l.loaders-- // who hangs does not count
	l.set, l.asked = nil, time.Now()
	b.buf, b.kept = nil, false // the disk may write to the buffer still
	b.state, b.local = queued, true
	back := append([]*block{b}, l.loads...)
	l.loads = nil
	for _, b := range back {
		if b.state != queued || !b.local {
			continue
		}
		b.local = false
		if b.interest == 0 && !b.ahead || c.store.closed {
			b.fail(errClosed)
			continue
		}
		c.queue = append(c.queue, b)
	}
	c.dispatch()
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
		b.kept = true
		convictions := l.convictions
		buf.pins++
		hung := c.patience(l, func() bool { return b.buf == buf && b.state == loading }, func() {
			s.budget.detach(buf)
			c.hung(l, b)
		})
		s.mu.Unlock()
		standing := l.file.ReadBlock(b.n, buf.data)
		hung.Stop()
		s.mu.Lock()
		given := b.buf == buf && b.state == loading
		s.budget.unpin(buf)
		if !given { // up
			l.work--
			c.settle()
			return
		}
		if standing == disk.Provisional && (l.convictions != convictions || l.rejecting > 0) {
			standing = disk.Absent
		}
		if standing != disk.Absent {
			s.counts.FromDisk += int64(b.len())
			c.progress = time.Now()
			b.doubtful = standing == disk.Provisional && c.key.HasCRC32
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
	type answer struct {
		file *os.File
		ok   bool
	}
	answers := make(chan answer)
	late := make(chan struct{})
	s.wg.Go(func() {
		file, ok := l.file.Local()
		select {
		case answers <- answer{file, ok}:
		case <-late:
			if ok {
				_ = file.Close()
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		l.work--
		f.content.settle()
	})
	patience := time.NewTimer(s.diskPatience)
	defer patience.Stop()
	select {
	case a := <-answers:
		return a.file, a.ok
	case <-patience.C:
		close(late)
		l.file.Hung()
		return nil, false
	}
}
