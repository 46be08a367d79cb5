package cache

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"
)

// stream reads one body forward and fills the blocks that it passes and that
// are queued. It reads while such blocks are ahead of it, and otherwise stands
// still, so that the server does too.
type stream struct {
	content *content
	ctx     context.Context
	cancel  context.CancelCauseFunc
	wake    chan struct{} // of capacity 1

	// guarded by Store.mu
	at       int64 // the next block that it can bring
	reach    int64 // end of what it was asked for
	pending  int   // queued blocks that count on it
	block    *block
	stopped  bool
	retired  bool // it ends with the block that it is filling
	paused   bool
	pausedAt time.Time
	sums     map[int64]uint32 // of blocks that it has brought, while some on disk are provisional
	part     *part            // what it has brought, on disk; nil: nothing

	// used by the stream's goroutine only
	body    io.ReadCloser
	start   int64 // where the body began, in bytes
	pos     int64 // where it is
	watch   *time.Timer
	err     error // of the last read
	scratch []byte
}

// openStream starts a stream for the blocks from first on. It reads when it is
// joined.
func (c *content) openStream(first int64) *stream {
	s := c.store
	st := &stream{content: c, at: first, reach: first, wake: make(chan struct{}, 1), sums: make(map[int64]uint32)}
	st.ctx, st.cancel = context.WithCancelCause(s.ctx)
	c.streams = append(c.streams, st)
	if c.total > 1 {
		s.streams[st] = struct{}{}
	}
	c.begin()
	s.wg.Go(func() {
		defer st.cancel(nil)
		err := st.run(first * BlockSize)
		s.mu.Lock()
		defer s.mu.Unlock()
		st.finish(err)
	})
	return st
}

// admit says whether one more stream may be opened; the one that is paused for
// longest makes way for it.
func (s *Store) admit() bool {
	open := 0
	var idle *stream
	for st := range s.streams {
		if st.stopped {
			continue
		}
		open++
		if st.paused && st.pending == 0 && (idle == nil || st.pausedAt.Before(idle.pausedAt)) {
			idle = st
		}
	}
	if open < maxStreams {
		return true
	}
	if idle != nil {
		idle.stop()
	}
	return idle != nil
}

func (st *stream) stop() {
	st.stopped = true
	st.cancel(errStopped)
}

// retire stops a stream that has lost its readers. A block of which one was
// given a part is brought to its end, so that it can be kept.
func (st *stream) retire() {
	if st.block == nil || st.block.filled == 0 || st.content.store.closed {
		st.stop()
		return
	}
	st.stopped, st.retired = true, true
}

func (st *stream) poke() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// run returns nil when the body has been read to its proper end.
func (st *stream) run(offset int64) (err error) {
	defer func() {
		if err != nil && st.ctx.Err() != nil {
			err = context.Cause(st.ctx)
		}
	}()
	remote, err := st.content.acquire()
	if err != nil {
		return err
	}
	if err := st.open(remote, offset); err != nil {
		return err
	}
	defer st.watch.Stop()
	defer st.close()
	for st.pos < st.content.key.Size {
		b, err := st.next()
		if err != nil {
			return err
		}
		if err := st.pass(b); err != nil {
			return err
		}
	}
	return nil
}

// next waits until the stream is to read on and returns the block that it is to
// fill, or nil if it should skip one.
func (st *stream) next() (*block, error) {
	c, s := st.content, st.content.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.retired {
		return nil, errStopped
	}
	for st.pending == 0 {
		if err := st.pause(); err != nil {
			return nil, err
		}
	}
	if err := st.ctx.Err(); err != nil {
		return nil, err
	}
	n := st.at
	st.at++
	b := c.blocks[n]
	switch {
	case b == nil && s.budget.spare(int(min(BlockSize, c.key.Size-n*BlockSize))):
		b = c.add(n)
	case b == nil || b.state != queued:
		return nil, nil
	}
	b.setVia(nil)
	b.local = false
	b.state = loading
	b.source = st
	st.block = b
	var err error
	b.buf, err = s.buffer(st.ctx, b.len())
	return b, err
}

// pause waits to be poked. It gives up Store.mu meanwhile.
func (st *stream) pause() error {
	c, s := st.content, st.content.store
	st.paused, st.pausedAt = true, time.Now()
	c.dispatch() // a queued block may have waited for a stream that can make way
	s.mu.Unlock()
	idle := time.NewTimer(idlePeriod)
	defer idle.Stop()
	var err error
	select {
	case <-st.wake:
	case <-st.ctx.Done():
		err = st.ctx.Err()
	case <-idle.C:
		err = errStopped
	}
	s.mu.Lock()
	st.paused = false
	if err != nil && st.pending > 0 && st.ctx.Err() == nil {
		return nil // joined at the last moment
	}
	if err != nil {
		st.stopped = true
	}
	return err
}

// corrupt says whether the stream ended with a verdict on its content. Remote
// withholds at most the last block's worth of bytes until it knows.
func (st *stream) corrupt(err error) bool {
	nearEnd := st.body != nil && st.start == 0 && st.pos+BlockSize >= st.content.key.Size
	return errors.Is(err, errLength) || nearEnd && !interrupted(err)
}

// finish settles the blocks that the stream will not bring.
func (st *stream) finish(err error) {
	c, s := st.content, st.content.store
	st.stopped = true
	delete(s.streams, st)
	c.streams = slices.DeleteFunc(c.streams, func(other *stream) bool { return other == st })

	needless := errors.Is(err, errStopped)
	switch {
	case err == nil:
		st.verified()
		if st.start == 0 {
			st.part.finishAs(confirm)
		}
	case needless || s.closed:
	default:
		c.log(slog.LevelDebug, "reading a stream", err)
		c.broken = true
		if st.corrupt(err) {
			c.convict(err)
		}
	}
	if c.distrust {
		st.part.finishAs(discard)
	} else {
		st.part.finishAs(keep)
	}
	if st.block != nil {
		c.again(st.block, err, needless)
	}
	if st.pending > 0 {
		for _, b := range c.blocks {
			if b.via == st {
				c.again(b, err, needless)
			}
		}
	}
	c.dispatch()
	c.end()
	st.body, st.scratch = nil, nil // unverified blocks keep st
}

// verified confirms what came by a stream that has read the whole body.
func (st *stream) verified() {
	if st.start > 0 {
		return
	}
	for _, b := range st.content.blocks {
		if b.source == st {
			b.source = nil
		}
	}
}
