package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// chaos makes a fake's calls fail, stall, end early, go on too long, or bring other bytes than the right ones where
// the Remote itself notices (its checksums), all at random.
func chaos(r *fake, seed uint64, rate float64, calm *atomic.Bool) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	fault := func(kinds int) int {
		mu.Lock()
		defer mu.Unlock()
		if random.Float64() > rate || calm.Load() {
			return -1
		}
		return random.IntN(kinds)
	}
	where := func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(n + 1)
	}
	r.onStream = func(_ int, b *fakeBody) error {
		b.piece = 1000 + int(where(MiB))
		switch fault(6) {
		case 0:
			return errReset
		case 1:
			return permanentError{errReset}
		case 2:
			b.failAt, b.failure = where(r.size), errReset
		case 3:
			b.end = where(r.size)
		case 4:
			b.gate, b.before = make(chan struct{}), where(r.size)
		case 5:
			b.end = r.size + 1
		}
		return nil
	}
	r.onBlock = func(ctx context.Context, _ int, _ int64, data []byte) ([]byte, error) {
		switch fault(5) {
		case 0:
			return nil, errReset
		case 1:
			return nil, errors.New("checksum of the chunk is wrong")
		case 2:
			<-ctx.Done()
			return nil, ctx.Err()
		case 3:
			return data[:where(int64(len(data))-1)], nil
		case 4:
			return nil, permanentError{errReset}
		}
		return data, nil
	}
}

// Whatever fails, a read is right or an error, the memory is kept to, and when
// the faults are over everything can be read.
func TestRandomReadsUnderRandomFaults(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t, Options{Memory: minMemory})
				var reads, failures, wrong atomic.Int64
				var wg sync.WaitGroup
				random := rand.New(rand.NewPCG(seed, 2))
				var fakes []*fake
				var calm atomic.Bool
				var keys []Key
				for i := range 4 {
					size := []int64{random.Int64N(MiB) + 1, random.Int64N(8 * MiB), 20*MiB + random.Int64N(MiB), 12 * MiB}[i]
					r := newFake(size)
					r.noBlocks = i == 3
					r.seekable = seed%2 == 1
					chaos(r, seed*10+uint64(i), 0.1, &calm)
					key := r.checked()
					key.Path = fmt.Sprint(i)
					fakes, keys = append(fakes, r), append(keys, key)
					for reader := range uint64(3) {
						wg.Go(func() { readRandomly(t, s, key, r, seed*100+uint64(i)*10+reader, &reads, &failures, &wrong) })
					}
				}
				wg.Wait()
				if wrong.Load() > 0 {
					t.Errorf("%d reads gave wrong bytes", wrong.Load())
				}
				if failures.Load() == 0 || failures.Load()*2 > reads.Load() {
					t.Errorf("%d of %d reads failed: the test shows little", failures.Load(), reads.Load())
				}
				calm.Store(true)
				// A fetch that began to stall at this very instant of the fake clock is joined by the next reader and
				// takes all the time that this reader has: let it run into its deadline first.
				elapse(2 * s.opts.BlockTimeout)
				for i, r := range fakes {
					f := s.Open(keys[i], r.open)
					readAll(t, f, 0, r.size)
					_ = f.Close()
				}
			})
		})
	}
}

func readRandomly(t *testing.T, s *Store, key Key, r *fake, seed uint64, reads, failures, wrong *atomic.Int64) {
	random := rand.New(rand.NewPCG(seed, 3))
	f := s.Open(key, r.open)
	p := make([]byte, MiB+MiB/2)
	off := int64(0)
	for range 40 {
		ctx, cancel := t.Context(), func() {}
		switch random.IntN(10) {
		case 0:
			_ = f.Close()
			f = s.Open(key, r.open)
		case 1:
			ctx, cancel = context.WithTimeout(ctx, time.Duration(random.Int64N(int64(20*time.Second))))
		case 2, 3:
			off = random.Int64N(key.Size + 1)
		}
		n, err := f.ReadAt(ctx, p[:1+random.IntN(len(p))], off)
		cancel()
		reads.Add(1)
		if !rightAt(p[:n], off) {
			wrong.Add(1)
		}
		off += int64(n)
		if err != nil && !errors.Is(err, io.EOF) {
			failures.Add(1)
		}
		if err != nil && random.IntN(2) == 0 {
			off = 0
		}
	}
	_ = f.Close()
}
