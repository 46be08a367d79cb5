package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"time"
)

// burst fetches the queued blocks of a file, one call after the other, since a
// session of the file-transfer protocol is used by one call at a time.
func (c *content) burst() {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		blocks := c.pick()
		if len(blocks) == 0 {
			break
		}
		call := newCall(c, blocks)
		s.mu.Unlock()
		err := call.do()
		s.mu.Lock()
		call.finish(err)
	}
	c.bursting = false
	c.end()
}

// pick takes the next blocks out of the queue: the one that was waited for
// longest, or else one to be read ahead, and queued ones that follow it.
func (c *content) pick() []*block {
	if !c.random() {
		return nil
	}
	var first *block
	for _, b := range c.queue {
		if b.state != queued || b.via != nil || b.local {
			continue
		}
		if b.interest > 0 {
			first = b
			break
		}
		if first == nil {
			first = b
		}
	}
	if first == nil {
		c.queue = nil
		return nil
	}
	var blocks []*block
	for b := first; b != nil && b.state == queued && b.via == nil && !b.local && len(blocks) < maxBurst; b = c.blocks[b.n+1] {
		b.state = loading
		blocks = append(blocks, b)
	}
	return blocks
}

// call is one call of Remote.Blocks.
type call struct {
	content *content
	first   int64
	blocks  []*block // nil when delivered
	patient time.Duration
	ctx     context.Context
	cancel  context.CancelCauseFunc
	watch   *time.Timer
	err     error // of a delivery
}

var errStalled = fmt.Errorf("nothing arrived in time: %w", context.DeadlineExceeded)

func newCall(c *content, blocks []*block) *call {
	patient := c.store.opts.BlockTimeout
	for _, b := range blocks {
		if b.interest > 0 {
			patient = min(patient, time.Until(c.deadline(b)))
		}
	}
	return &call{content: c, first: blocks[0].n, blocks: blocks, patient: max(patient, 0)}
}

func (l *call) do() error {
	remote, err := l.content.acquire()
	if err != nil {
		return err
	}
	l.ctx, l.cancel = context.WithCancelCause(l.content.store.ctx)
	defer l.cancel(nil)
	l.watch = time.AfterFunc(l.patient, func() { l.cancel(errStalled) })
	defer l.watch.Stop()

	err = remote.Blocks(l.ctx, l.first, int64(len(l.blocks)), l.deliver)
	switch {
	case l.err != nil:
		return l.err
	case err != nil && l.ctx.Err() != nil:
		return context.Cause(l.ctx)
	}
	return err
}

// deliver takes over one block. Nothing but a block that was asked for and has
// not come yet, of the right length, becomes readable.
func (l *call) deliver(n int64, data []byte) error {
	if l.err == nil {
		l.err = l.accept(n, data)
	}
	return l.err
}

func (l *call) accept(n int64, data []byte) error {
	c, s := l.content, l.content.store
	i := n - l.first
	if i < 0 || i >= int64(len(l.blocks)) || l.blocks[i] == nil {
		return fmt.Errorf("block %d was delivered and not asked for", n)
	}
	b := l.blocks[i]
	if len(data) != b.len() {
		return fmt.Errorf("block %d was delivered with %d bytes, not %d", n, len(data), b.len())
	}
	if err := c.check(data); err != nil {
		return err
	}
	l.watch.Stop() // waiting for memory is not the server's fault
	defer l.watch.Reset(s.opts.BlockTimeout)

	s.mu.Lock()
	buf, err := s.buffer(l.ctx, len(data))
	doubt := c.level != nil && c.level.ledger != nil
	s.mu.Unlock()
	if err != nil {
		return context.Cause(l.ctx)
	}
	copy(buf.data, data)
	sum := uint32(0)
	if doubt {
		sum = crc32.ChecksumIEEE(data)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	l.blocks[i] = nil
	b.buf = buf
	c.received(len(data))
	if doubt {
		c.vouch(b.n, sum)
	}
	c.complete(b, nil)
	return nil
}

// finish settles the blocks that have not come.
func (l *call) finish(err error) {
	c := l.content
	unsupported := errors.Is(err, errors.ErrUnsupported)
	switch {
	case unsupported:
		c.barred = time.Now().Add(unsupportedTime)
	case err == nil:
		err = errMissing
	}
	for _, b := range l.blocks {
		if b != nil {
			c.log(slog.LevelDebug, "fetching a block", c.wrap(b.n, err))
			c.again(b, err, unsupported)
		}
	}
	c.dispatch()
}
