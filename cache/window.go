package cache

// What the window knows about readers, in blocks.
const (
	sequentialRun = 3  // this many touched in a row make a sequential reader; the kernel's own read-ahead makes two of one
	firstAhead    = 2  // the first read-ahead
	maxAhead      = 32 // the largest, unless memory allows only less
	streamLead    = 8  // a stream may discard this many blocks before those that are wanted
	streamRest    = 16 // and this many must still be to come, and to be missing, to be worth a stream
	reorder       = 4  // the kernel sends reads of one reader out of order by so much, either way
	positions     = 8  // readers of one file that are told apart
)

// window watches the blocks that are touched in one file and says what to read
// ahead. It knows nothing of what is present, and asks for nothing twice.
type window struct {
	total   int64 // blocks of the file
	most    int64 // largest read-ahead
	cursors [positions]cursor
	clock   uint64
}

// cursor is a place in the file where somebody reads: the blocks start … next-1
// were touched without a gap.
type cursor struct {
	start, next int64
	early       uint8 // bit i: block next+1+i was touched already
	ahead       int64 // size of the read-ahead, 0 for a reader who is not sequential
	until       int64 // end of what was advised
	used        uint64
}

// advice is what to read ahead: the blocks from … to-1, and whether a stream
// that begins at the start of the file is worth it. from == to: nothing.
type advice struct {
	from, to int64
	stream   bool
}

// newWindow returns the window of a file of total blocks in a cache of memory
// blocks.
func newWindow(total, memory int64) window {
	return window{total: total, most: max(1, min(maxAhead, memory/4))}
}

// touch records that block n is read and returns what to read ahead of it.
func (w *window) touch(n int64) advice {
	w.clock++
	c := w.at(n)
	if c == nil {
		c = w.oldest()
		*c = cursor{start: n, next: n + 1, used: w.clock}
		return advice{}
	}
	c.used = w.clock
	if !c.advance(n) {
		return advice{}
	}
	return c.advise(w.total, w.most)
}

// retract says that what the last touch has advised is not read ahead beyond
// block n.
func (w *window) retract(n int64) {
	for i := range w.cursors {
		if c := &w.cursors[i]; c.used == w.clock {
			c.until = min(c.until, n+1)
		}
	}
}

// at returns the cursor that block n continues or belongs to.
func (w *window) at(n int64) *cursor {
	var near *cursor
	for i := range w.cursors {
		c := &w.cursors[i]
		switch {
		case c.used == 0:
		case n == c.next:
			return c
		case n >= max(c.start, c.next-reorder) && n <= c.next+reorder && (near == nil || c.used > near.used):
			near = c
		}
	}
	return near
}

func (w *window) oldest() *cursor {
	oldest := &w.cursors[0]
	for i := range w.cursors {
		if w.cursors[i].used < oldest.used {
			oldest = &w.cursors[i]
		}
	}
	return oldest
}

// advance says whether the touch of n has moved the cursor on.
func (c *cursor) advance(n int64) bool {
	if n > c.next {
		c.early |= 1 << (n - c.next - 1)
	}
	if n != c.next {
		return false
	}
	c.next++
	for c.early != 0 {
		present := c.early&1 != 0
		c.early >>= 1
		if !present {
			break
		}
		c.next++
	}
	return true
}

// advise tops up the read-ahead when half of it is consumed, with twice as much.
func (c *cursor) advise(total, most int64) advice {
	switch {
	case c.next-c.start < sequentialRun:
		return advice{}
	case c.ahead == 0:
		c.ahead = min(firstAhead, most)
	case c.until-c.next > c.ahead/2:
		return advice{}
	default:
		c.ahead = min(2*c.ahead, most)
	}
	from := min(max(c.until, c.next), total)
	c.until = max(from, min(c.next+c.ahead, total))
	return advice{
		from:   from,
		to:     c.until,
		stream: c.start == 0 && c.next <= streamLead && total-c.next >= streamRest,
	}
}
