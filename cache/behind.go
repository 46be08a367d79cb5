package cache

import "github.com/openbisfs/openbisfs/cache/disk"

const (
	maxWriters  = 2 // goroutines that write to the disk cache
	behindShare = 4 // blocks that wait for them take at most this part of the memory
)

// behind is what is to be written to the disk cache: nobody waits for it. When
// there is too much of it, blocks are postponed: they are not kept in memory for
// that, and written if they are there still when it is their turn. So a disk may
// be slower than the network for as long as the memory lasts, and no reader is
// ever held up. Guarded by Store.mu.
type behind struct {
	queue     []deferred
	bytes     int64 // of the blocks in the queue and of those being written
	writers   int
	postponed []deferred // the oldest first
}

// deferred is something to be done to what the disk cache has of a content.
type deferred struct {
	content *content
	level   *level
	task    task
	n       int64
	block   *block  // postponed
	buf     *buffer // to be written; pinned unless it is postponed
	part    *part   // nil: the block is verified
}

type task uint8

const (
	write   task = iota
	confirm      // a part: its stream has reached its end, and was right
	keep         // a part: its stream has broken off
	discard      // a part: nobody knows
	settle       // all blocks are there: are they right?
	reject       // provisional blocks
)

// part is what a stream has brought, as far as it is written.
type part struct {
	disk    *disk.Part
	content *content
	level   *level
	writes  int // under way or postponed
	ended   bool
	end     task // what to do with it when there are none
}

// keep has a complete block written to the disk cache. What a stream brings is
// kept apart until the stream has ended.
func (c *content) keep(b *block, source *stream) {
	l, s := c.level, c.store
	if l == nil {
		return
	}
	d := deferred{content: c, level: l, n: b.n, block: b, buf: b.buf}
	if source != nil {
		if source.part == nil {
			source.part = &part{disk: l.file.Part(), content: c, level: l}
			l.work++ // until it is ended
		}
		d.part = source.part
		d.part.writes++
	}
	if s.behind.bytes+int64(b.len()) <= s.opts.Memory/behindShare {
		b.buf.pins++
		s.behind.bytes += int64(b.len())
		s.write(d)
		return
	}
	l.work++
	s.behind.postponed = append(s.behind.postponed, d)
	if int64(len(s.behind.postponed)) > s.opts.Memory/BlockSize { // there are older ones, gone most likely
		s.forgo(s.behind.postponed[0])
		s.behind.postponed = s.behind.postponed[1:]
	}
}

// resume has blocks written that were postponed, as far as there is room in the queue.
func (s *Store) resume() {
	b := &s.behind
	for len(b.postponed) > 0 && b.bytes+BlockSize <= max(BlockSize, s.opts.Memory/behindShare) {
		d := b.postponed[0]
		b.postponed[0] = deferred{}
		b.postponed = b.postponed[1:]
		if d.block.state != resident || d.block.buf != d.buf {
			s.forgo(d)
			continue
		}
		d.buf.pins++
		b.bytes += int64(len(d.buf.data))
		s.write(d)
		d.level.work--
	}
	if len(b.postponed) == 0 {
		b.postponed = nil
	}
}

// forgo does without a block that was postponed.
func (s *Store) forgo(d deferred) {
	if d.part != nil {
		d.part.writes--
		d.part.finish()
	}
	d.level.work--
	d.content.settle()
}

// finishAs says what is to become of a part.
func (p *part) finishAs(end task) {
	if p == nil || p.ended {
		return
	}
	p.ended, p.end = true, end
	p.finish()
}

func (p *part) finish() {
	if p.ended && p.writes == 0 {
		p.content.store.write(deferred{content: p.content, level: p.level, part: p, task: p.end})
	}
}

func (s *Store) write(d deferred) {
	d.level.work++
	s.behind.queue = append(s.behind.queue, d)
	if s.behind.writers < maxWriters {
		s.behind.writers++
		s.wg.Go(s.writeBehind)
	}
}

// writeBehind writes until the queue is empty.
func (s *Store) writeBehind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.behind.queue) > 0 {
		d := s.behind.queue[0]
		s.behind.queue[0] = deferred{}
		s.behind.queue = s.behind.queue[1:]
		s.mu.Unlock()
		verdict := d.do()
		s.mu.Lock()
		d.done(s, verdict)
		s.resume()
	}
	s.behind.queue = nil
	s.behind.writers--
}

func (d *deferred) do() disk.Verdict {
	switch d.task {
	case write:
		if d.part != nil {
			d.part.disk.WriteBlock(d.n, d.buf.data)
		} else {
			d.level.file.WriteBlock(d.n, d.buf.data)
		}
	case confirm:
		return d.part.disk.Confirm()
	case keep:
		return d.part.disk.Keep()
	case discard:
		d.part.disk.Discard()
	case settle:
		return d.level.file.Settle()
	case reject:
		d.level.file.Reject()
	}
	return disk.Unsettled
}

func (d *deferred) done(s *Store, verdict disk.Verdict) {
	c, l := d.content, d.level
	switch d.task {
	case write:
		s.behind.bytes -= int64(len(d.buf.data))
		s.budget.unpin(d.buf)
		if d.part != nil {
			d.part.writes--
			d.part.finish()
			break
		}
		l.mark(d.n, true) // it should be; who reads it will see
		if l.settle && count(l.set) == c.total {
			l.settle = false
			s.write(deferred{content: c, level: l, task: settle})
		}
	case confirm, keep:
		l.known = false
		l.work--
	case discard:
		l.work--
	case reject:
		l.known = false
		l.rejecting--
	}
	if verdict == disk.Wrong && c.level == l {
		c.convict(errDoubtful)
	}
	l.work--
	c.settle()
}
