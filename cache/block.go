package cache

import (
	"slices"
	"time"
)

type state uint8

const (
	queued   state = iota // no fetch has begun with it
	loading               // a fetch is bringing it
	resident              // complete, in the LRU
	gone                  // evicted, failed or dropped; a newer one may have its place
)

// block is one block of a content: from the moment it is wanted until it is
// evicted. It is in content.blocks unless it is gone.
type block struct {
	content *content
	n       int64
	state   state
	buf     *buffer // nil until a fetch reaches the block
	filled  int     // data[:filled] is valid, and not written any more

	ahead    bool    // counted as read-ahead: nobody has touched it
	via      *stream // the stream that will come by, of a queued block
	local    bool    // in level.loads, of a queued block; if it is neither of the two, it is in content.queue
	source   *stream // the stream that brought the data, while its checksum is not known to be right
	doubtful bool    // the disk cache has it from such a stream
	kept     bool    // it came from the disk cache
	interest int     // readers who want it
	attempts int     // that failed
	since    time.Time
	waiters  []*waiter
}

// waiter is a reader waiting for data[:need] of a block. Either buf or err is
// set when done is closed; buf is pinned for the reader.
type waiter struct {
	file *File
	need int
	done chan struct{}
	buf  *buffer
	err  error
}

func (b *block) len() int {
	return int(min(BlockSize, b.content.key.Size-b.n*BlockSize))
}

// publish makes data[:filled] readable and wakes those who wait for no more.
func (b *block) publish(filled int) {
	b.filled = filled
	b.waiters = slices.DeleteFunc(b.waiters, func(w *waiter) bool {
		if w.need > filled {
			return false
		}
		w.buf = b.pin(w.file)
		close(w.done)
		return true
	})
}

// pin keeps the buffer from being reused while f copies from it.
func (b *block) pin(f *File) *buffer {
	if b.source != nil || b.doubtful {
		f.unverified = true
	}
	b.buf.pins++
	return b.buf
}

// forget takes w out of the waiters, or gives back what it was woken with.
func (b *block) forget(w *waiter) {
	if w.buf != nil {
		b.content.store.budget.unpin(w.buf)
		return
	}
	b.waiters = slices.DeleteFunc(b.waiters, func(other *waiter) bool { return other == w })
}

// detach gives up the buffer; who copies from it may go on.
func (b *block) detach() {
	b.filled, b.source, b.doubtful, b.kept = 0, nil, false, false
	if b.buf == nil {
		return
	}
	budget := &b.content.store.budget
	if b.state == resident {
		budget.lru.Remove(b)
		budget.resident -= int64(b.len())
	}
	budget.detach(b.buf)
	b.buf = nil
}

// drop takes the block out of its content.
func (b *block) drop() {
	b.setAhead(false)
	b.setVia(nil)
	b.detach()
	b.state = gone
	delete(b.content.blocks, b.n)
}

// fail drops the block and gives err to those who wait for it.
func (b *block) fail(err error) {
	b.drop()
	err = b.content.wrap(b.n, err)
	b.refuse(func(*File) error { return err })
}

// refuse gives those who wait the error for their handle, if there is one.
func (b *block) refuse(err func(*File) error) {
	b.waiters = slices.DeleteFunc(b.waiters, func(w *waiter) bool {
		w.err = err(w.file)
		if w.err != nil {
			close(w.done)
		}
		return w.err != nil
	})
}

func (b *block) setAhead(ahead bool) {
	switch {
	case ahead && !b.ahead:
		b.content.store.budget.ahead += int64(b.len())
	case !ahead && b.ahead:
		b.content.store.budget.ahead -= int64(b.len())
	}
	b.ahead = ahead
}

func (b *block) setVia(st *stream) {
	if b.via != nil {
		b.via.pending--
	}
	if st != nil {
		st.pending++
	}
	b.via = st
}
