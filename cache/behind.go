package cache

import "github.com/openbisfs/openbisfs/cache/disk"

const (
	maxWriters  = 2 // goroutines that write to the disk cache
	behindShare = 4 // blocks that wait for them take at most this part of the memory
)

// behind is what is to be written to the disk cache: nobody waits for it, and
// when there is too much of it, blocks are not written. Guarded by Store.mu.
type behind struct {
	queue   []deferred
	bytes   int64 // of the blocks in the queue and of those being written
	writers int
}

// deferred is a block to be written, or the end of a part.
type deferred struct {
	content *content
	level   *level
	n       int64
	buf     *buffer // pinned; nil for the end of a part
	part    *part   // nil: the block is verified
}

// part is what a stream has brought, as far as it is written.
type part struct {
	disk    *disk.Part
	content *content
	level   *level
	writes  int // under way
	ended   bool
	right   bool // what the stream's end has said
}

// keep has a complete block written to the disk cache. What a stream brings is
// kept apart until its end shows that it was right.
func (c *content) keep(b *block, source *stream) {
	l, s := c.level, c.store
	if l == nil || s.behind.bytes+int64(b.len()) > s.opts.Memory/behindShare {
		return
	}
	d := deferred{content: c, level: l, n: b.n, buf: b.buf}
	if source != nil {
		if source.part == nil {
			source.part = &part{disk: l.file.Part(), content: c, level: l}
			l.work++ // until it is ended
		}
		d.part = source.part
		d.part.writes++
	}
	b.buf.pins++
	s.behind.bytes += int64(b.len())
	s.write(d)
}

// end says what has become of a part: the stream that brought it was right, or
// nobody knows.
func (p *part) end(right bool) {
	if p == nil || p.ended {
		return
	}
	p.ended, p.right = true, right
	if p.writes == 0 {
		p.content.store.write(deferred{content: p.content, level: p.level, part: p})
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
		d.do()
		s.mu.Lock()
		d.done(s)
	}
	s.behind.queue = nil
	s.behind.writers--
}

func (d *deferred) do() {
	switch {
	case d.part == nil:
		d.level.file.WriteBlock(d.n, d.buf.data)
	case d.buf != nil:
		d.part.disk.WriteBlock(d.n, d.buf.data)
	case d.part.right:
		d.part.disk.Confirm()
	default:
		d.part.disk.Discard()
	}
}

func (d *deferred) done(s *Store) {
	if d.buf != nil {
		s.behind.bytes -= int64(len(d.buf.data))
		s.budget.unpin(d.buf)
	}
	switch {
	case d.part == nil:
		d.level.mark(d.n, true) // it should be; who reads it will see
	case d.buf != nil:
		d.part.writes--
		if d.part.ended && d.part.writes == 0 {
			s.write(deferred{content: d.content, level: d.level, part: d.part})
		}
	default:
		d.level.known = d.level.known && !d.part.right
		d.level.work--
	}
	d.level.work--
	d.content.settle()
}
