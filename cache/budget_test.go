package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
)

func TestLeastRecentlyUsedBlockIsEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{Memory: 8 * MiB})
		f := openFake(t, s, r)
		for n := range int64(8) {
			read(t, f, 10*n*MiB, 10)
		}
		read(t, f, 0, 10) // used again
		read(t, f, 80*MiB, 10)
		if stats := s.Stats(); stats.Resident != 8*MiB || stats.Evictions != 1 {
			t.Errorf("stats are %+v", stats)
		}
		before := r.seen()
		read(t, f, 0, 10)
		if r.seen() != before {
			t.Error("the block that was used again is gone")
		}
		read(t, f, 10*MiB, 10)
		if r.seen() == before {
			t.Error("the oldest block is still there")
		}
	})
}

func TestSmallFilesShareTheBudget(t *testing.T) {
	s := newStore(t, Options{Memory: 8 * MiB})
	for i := range 3000 {
		r := newFake(int64(1 + i*7919%40000))
		key := r.key()
		key.Path = fmt.Sprint(i)
		f := s.Open(key, r.open)
		read(t, f, 0, r.size)
		_ = f.Close()
	}
	stats := s.Stats()
	if stats.Resident > 8*MiB || stats.Resident < 7*MiB || stats.Evictions == 0 {
		t.Errorf("stats are %+v", stats)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.contents) != s.budget.lru.Len() {
		t.Errorf("%d files are kept for %d blocks", len(s.contents), s.budget.lru.Len())
	}
}

func TestManyReadersShareLittleMemory(t *testing.T) {
	s := newStore(t, Options{Memory: 1}) // means 8 MiB
	var wg sync.WaitGroup
	for i := range 16 {
		r := newFake(12*MiB + int64(i))
		r.noBlocks = i%4 == 0
		key := r.key()
		key.Path = fmt.Sprint(i)
		f := s.Open(key, r.open)
		defer func() { _ = f.Close() }()
		wg.Go(func() { readAll(t, f, 0, r.size) })
		wg.Go(func() {
			for range 5 {
				read(t, f, 2*MiB+100, 3*MiB)
			}
		})
	}
	wg.Wait()
}

func TestReadLargerThanTheMemory(t *testing.T) {
	s := newStore(t, Options{Memory: minMemory})
	r := newFake(20 * MiB)
	read(t, openFake(t, s, r), 3, r.size-3)
}

func TestReadAheadTakesHalfOfTheMemoryAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Memory: 64 * MiB})
		for i := range 8 {
			r := newFake(1 << 30)
			key := r.key()
			key.Path = fmt.Sprint(i)
			f := s.Open(key, r.open)
			defer func() { _ = f.Close() }()
			readAll(t, f, 0, 10*MiB)
			synctest.Wait()
			s.mu.Lock()
			if s.budget.ahead > 32*MiB {
				t.Errorf("%d bytes are read ahead", s.budget.ahead)
			}
			s.mu.Unlock()
		}
	})
}

// A buffer is not used for another block while a reader copies from it.
func TestPinnedBuffersAreNotReused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{Memory: minMemory})
		f := openFake(t, s, r)
		read(t, f, 0, 10)
		s.mu.Lock()
		b := f.content.blocks[0]
		buf := b.pin(f)
		s.mu.Unlock()
		for n := int64(1); n < 30; n++ {
			read(t, f, 10*n*MiB, 10)
		}
		if !rightAt(buf.data, 0) || b.state != resident {
			t.Error("the block in use was evicted")
		}
		s.mu.Lock()
		b.drop() // as a failed checksum does
		s.mu.Unlock()
		for n := int64(30); n < 60; n++ {
			read(t, f, 10*n*MiB, 10)
		}
		if !rightAt(buf.data, 0) {
			t.Error("the buffer in use was used again")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.budget.unpin(buf)
		if s.budget.detached != 0 {
			t.Errorf("%d bytes are still in use", s.budget.detached)
		}
	})
}

// With all memory in flight a fetch waits; a reader can leave all the same.
func TestFetchWaitsForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Memory: minMemory})
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 10 {
			r := newFake(MiB)
			r.onStream = func(_ int, b *fakeBody) error {
				b.gate, b.before = gate, 1000
				return nil
			}
			key := r.key()
			key.Path = fmt.Sprint(i)
			f := s.Open(key, r.open)
			defer func() { _ = f.Close() }()
			wg.Go(func() { read(t, f, 0, MiB) })
		}
		synctest.Wait()
		if stats := s.Stats(); stats.InFlight != minMemory {
			t.Errorf("stats are %+v", stats)
		}
		late := openFake(t, s, newFake(5))
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := late.ReadAt(ctx, make([]byte, 5), 0); err == nil {
				t.Error("a block was fetched without memory")
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		wg.Wait()
	})
}

// The heap stays near the cap while many times as much passes through it.
func TestHeapStaysNearTheCap(t *testing.T) {
	const limit = 32 * MiB
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit + 32*MiB))
	s := newStore(t, Options{Memory: limit})
	r := newFake(1 << 30)
	f := openFake(t, s, r)
	var wg sync.WaitGroup
	var highest uint64
	check := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		highest = max(highest, m.HeapInuse)
	}
	wg.Go(func() {
		p := make([]byte, 128<<10)
		for off := int64(0); off < r.size; off += int64(len(p)) {
			readInto(t, f, p, off)
			if off%(16*MiB) == 0 {
				check()
			}
		}
	})
	for i := range uint64(3) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(i, 0))
			p := make([]byte, 4096)
			for range 300 {
				readInto(t, f, p, random.Int64N(r.size-4096))
			}
		})
	}
	wg.Wait()
	check()
	if highest > limit+64*MiB {
		t.Errorf("the heap took %d MiB for a cache of %d MiB", highest/MiB, limit/MiB)
	}
	if stats := s.Stats(); stats.Fetched < 1<<30 {
		t.Errorf("only %d bytes passed", stats.Fetched)
	}
}

func TestBuffersAreUsedAgain(t *testing.T) {
	s := newStore(t, Options{Memory: minMemory})
	r := newFake(200 * MiB)
	f := openFake(t, s, r)
	p := make([]byte, 128<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for off := int64(0); off < r.size; off += int64(len(p)) {
		readInto(t, f, p, off)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 50*MiB {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

func TestWaitingForMemoryIsNotAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Memory: minMemory})
		r := newFake(1 << 30)
		f := openFake(t, s, r)
		var bufs []*buffer
		for n := range int64(8) {
			read(t, f, 10*n*MiB, 10)
			s.mu.Lock()
			bufs = append(bufs, f.content.blocks[10*n].pin(f))
			s.mu.Unlock()
		}
		var wg sync.WaitGroup
		wg.Go(func() { read(t, f, 500*MiB, 10) })
		elapse(5 * defaultBlockTimeout)
		s.mu.Lock()
		for _, buf := range bufs {
			s.budget.unpin(buf)
		}
		s.mu.Unlock()
		wg.Wait()
	})
}
