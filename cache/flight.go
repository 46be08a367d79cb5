package cache

import "time"

// touch records that a reader wants block n, which it leaves later, and reads
// ahead if that is due. A block that is absent is queued; dispatch must follow.
func (c *content) touch(n int64) *block {
	advice := c.window.touch(n)
	b := c.blocks[n]
	if b == nil {
		b = c.add(n)
		c.queue = append(c.queue, b)
	}
	b.setAhead(false)
	if b.state == resident {
		c.store.counts.Hits++
		c.store.budget.lru.Get(b)
	} else {
		c.store.counts.Misses++
		if b.interest == 0 {
			b.since = time.Now()
		}
	}
	b.interest++
	c.readAhead(b, advice)
	return b
}

func (c *content) add(n int64) *block {
	b := &block{content: c, n: n}
	c.blocks[n] = b
	return b
}

// leave is the end of a reader's interest. What nobody wants and no fetch has
// begun with is not fetched.
func (b *block) leave() {
	b.interest--
	if b.interest == 0 && b.state == queued && !b.ahead {
		b.drop()
	}
}

// readAhead queues what is absent between b, which was touched, and the end of
// the advice, as far as memory for read-ahead allows. A reader whom the disk
// serves gets nothing from the server before it wants it: it may well end where
// the one before it did.
func (c *content) readAhead(b *block, a advice) {
	if a.from == a.to {
		return
	}
	n, disk := b.n, c.fromDisk(b)
	switch {
	case c.diskUnknown():
		if a.stream {
			c.level.wish = n
		}
		c.window.retract(n)
		return
	case a.stream && !disk:
		c.considerStream(n)
	}
	for m := n + 1; m < a.to; m++ {
		if c.blocks[m] != nil {
			continue
		}
		if disk && !c.onDisk(m) {
			c.window.retract(m - 1)
			return
		}
		b := c.add(m)
		if !c.store.budget.aheadRoom(b.len()) {
			b.drop()
			return
		}
		b.setAhead(true)
		c.queue = append(c.queue, b)
	}
}

// considerStream opens a stream for what follows block n, if that is worth it.
func (c *content) considerStream(n int64) {
	if c.broken || c.distrust || len(c.streams) > 0 || !c.worthStream(n) || c.store.closed || !c.store.admit() {
		return
	}
	first := n
	for c.blocks[first] != nil && c.blocks[first].state != queued || c.onDisk(first) {
		first++
	}
	c.openStream(first)
}

// worthStream says whether most of what follows block n is absent, here and on
// disk.
func (c *content) worthStream(n int64) bool {
	absent := 0
	for m := n + 1; m <= n+streamRest && m < c.total; m++ {
		if c.blocks[m] == nil && !c.onDisk(m) {
			absent++
		}
	}
	return absent >= streamRest/2
}

// dispatch has every queued block read from disk, or finds for it the stream
// that will come by, or has a burst fetch it.
func (c *content) dispatch() {
	if len(c.queue) == 0 || !c.sift() || len(c.queue) == 0 {
		return
	}
	random := c.random()
	queue := c.queue
	c.queue = nil // joining may open streams, not queue blocks; what is left is put back below
	left := queue[:0]
	for _, b := range queue {
		if b.state != queued || b.via != nil || b.local {
			continue
		}
		// A file of one block is worth a session for Blocks only when streams don't do.
		stream := !random || c.total == 1 && !c.distrust && b.attempts < maxAttempts-1
		if !c.join(b, stream) {
			left = append(left, b)
		}
	}
	clear(queue[len(left):])
	c.queue = left
	if random && len(left) > 0 && !c.bursting {
		c.bursting = true
		c.begin()
		c.store.wg.Go(c.burst)
	}
}

// random says whether Blocks may be used.
func (c *content) random() bool {
	return c.barred.IsZero() || !time.Now().Before(c.barred)
}

// join lets a stream bring b: one that will soon come by, or, where it must be a
// stream, any that will, or a new one.
func (c *content) join(b *block, must bool) bool {
	var best *stream
	for _, st := range c.streams {
		if st.stopped || b.n < st.at || best != nil && st.at < best.at {
			continue
		}
		if must || b.n <= max(st.at, st.reach)+streamReach {
			best = st
		}
	}
	if best == nil && must {
		best = c.anotherStream(b.n)
	}
	if best == nil {
		return false
	}
	b.setVia(best)
	best.reach = max(best.reach, b.n+1)
	best.poke()
	return true
}

// anotherStream opens a stream from block n on, for which one that waits for
// its reader may have to go; it returns nil when all are busy.
func (c *content) anotherStream(n int64) *stream {
	open := 0
	var paused *stream
	for _, st := range c.streams {
		if st.stopped {
			continue
		}
		open++
		if st.paused && st.pending == 0 {
			paused = st
		}
	}
	if open >= streamsPerFile {
		if paused == nil {
			return nil
		}
		paused.stop()
	}
	if c.total > 1 {
		c.store.admit()
	}
	return c.openStream(n)
}

// complete makes a block readable for good, and has it kept on disk. source is
// nil if the bytes are verified.
func (c *content) complete(b *block, source *stream) {
	c.reside(b, source)
	c.keep(b, source)
}

// reside makes b readable for good.
func (c *content) reside(b *block, source *stream) {
	b.state = resident
	b.source = source
	c.store.budget.resident += int64(b.len())
	c.store.budget.lru.Add(b, struct{}{})
	b.publish(b.len())
	c.store.budget.signal()
}

// again queues b once more after a fetch has ended with err without bringing it,
// or gives err to those who wait when that was the last attempt. An excused
// fetch does not count as one. dispatch must follow.
func (c *content) again(b *block, err error, excused bool) {
	if !excused {
		b.attempts++
	}
	b.setVia(nil)
	b.detach()
	switch {
	case c.store.closed:
		b.fail(errClosed)
	case len(b.waiters) == 0:
		b.drop() // who wants it later asks again
	case !excused && (permanent(err) || b.attempts >= maxAttempts || !time.Now().Before(c.deadline(b))):
		b.fail(err)
	default:
		b.state = queued
		c.queue = append(c.queue, b)
	}
}

// deadline is when b has been waited for without any progress of the file for
// long enough.
func (c *content) deadline(b *block) time.Time {
	since := b.since
	if c.progress.After(since) {
		since = c.progress
	}
	return since.Add(c.store.opts.BlockTimeout)
}

func (c *content) received(n int) {
	c.store.counts.Fetched += int64(n)
	c.progress = time.Now()
}
