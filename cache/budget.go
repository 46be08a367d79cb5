package cache

import (
	"context"
	"math"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// buffer is the memory of one block. Whole blocks' buffers are used again, which
// saves the collector 1 MiB of garbage and Go the clearing of it for each block
// read; the price is a count of the readers that copy from it. Smaller ones, of
// the ends of files, are left to the collector.
type buffer struct {
	data     []byte
	pins     int  // readers that copy from it
	detached bool // of no block any more: free when pins is 0
}

// budget shares out the memory: used never exceeds limit. Guarded by Store.mu.
//
// Deadlock is avoided by never waiting for a buffer while holding one that is
// neither complete nor certain to become so: a stream and a burst hold at most
// the one that they are filling, and readers pin only while they copy.
type budget struct {
	limit    int64
	used     int64 // all buffers, the free ones too
	resident int64
	ahead    int64 // blocks read ahead, also those that have no buffer yet
	detached int64 // buffers that wait for their last reader
	peak     int64

	evictions int64
	lru       *simplelru.LRU[*block, struct{}] // the resident blocks
	free      []*buffer
	room      chan struct{} // closed when a buffer may be had again; nil when nobody waits
}

func newBudget(limit int64) budget {
	return budget{limit: limit, lru: newLRU[*block](math.MaxInt)}
}

func newLRU[K comparable](size int) *simplelru.LRU[K, struct{}] {
	lru, err := simplelru.NewLRU[K, struct{}](size, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return lru
}

// spare says whether size bytes can be had without an eviction.
func (b *budget) spare(size int) bool {
	return b.used-int64(len(b.free))*BlockSize+int64(size) <= b.limit
}

// aheadRoom says whether size more bytes may be read ahead.
func (b *budget) aheadRoom(size int) bool {
	return b.ahead+int64(size) <= b.limit/2
}

// take returns a buffer of size bytes, or nil when all memory is in flight or
// being copied from.
func (b *budget) take(size int) *buffer {
	for {
		if last := len(b.free) - 1; last >= 0 {
			buf := b.free[last]
			if size == BlockSize {
				b.free = b.free[:last]
				return buf
			}
			if b.used+int64(size) > b.limit {
				b.free[last] = nil
				b.free = b.free[:last]
				b.used -= BlockSize
				continue
			}
		}
		if b.used+int64(size) <= b.limit {
			b.used += int64(size)
			b.peak = max(b.peak, b.used)
			return &buffer{data: make([]byte, size)}
		}
		if !b.evict() {
			return nil
		}
	}
}

// evict drops the block that was not used for the longest time.
func (b *budget) evict() bool {
	for range b.lru.Len() {
		oldest, _, _ := b.lru.GetOldest()
		if oldest.buf.pins > 0 { // in use this moment, which makes it recent
			b.lru.Get(oldest)
			continue
		}
		oldest.drop()
		oldest.content.settle()
		b.evictions++
		return true
	}
	return false
}

func (b *budget) unpin(buf *buffer) {
	buf.pins--
	if buf.pins > 0 {
		return
	}
	if buf.detached {
		b.detached -= int64(len(buf.data))
		b.release(buf)
	} else {
		b.signal()
	}
}

func (b *budget) detach(buf *buffer) {
	if buf.pins == 0 {
		b.release(buf)
		return
	}
	buf.detached = true
	b.detached += int64(len(buf.data))
}

func (b *budget) release(buf *buffer) {
	if len(buf.data) == BlockSize && len(b.free) < maxFree {
		buf.detached = false
		b.free = append(b.free, buf)
	} else {
		b.used -= int64(len(buf.data))
	}
	b.signal()
}

func (b *budget) signal() {
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}

// buffer waits for a buffer of size bytes. It is called with s.mu held, which it
// gives up while it waits.
func (s *Store) buffer(ctx context.Context, size int) (*buffer, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if buf := s.budget.take(size); buf != nil {
			return buf, nil
		}
		if s.budget.room == nil {
			s.budget.room = make(chan struct{})
		}
		room := s.budget.room
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
}
