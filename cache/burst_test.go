package cache

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// scripted is a Remote whose Blocks does what the test says.
type scripted struct {
	*fake
	script func(ctx context.Context, first, count int64, deliver func(int64, []byte) error) error
}

func (r scripted) Blocks(ctx context.Context, first, count int64, deliver func(int64, []byte) error) error {
	return r.script(ctx, first, count, deliver)
}

func TestWrongDeliveriesAreErrors(t *testing.T) {
	const size = 20*MiB + 100
	block := func(n int64) []byte { return expected(n*BlockSize, min(BlockSize, size-n*BlockSize)) }
	tests := []struct {
		name string
		off  int64
		do   func(first int64, deliver func(int64, []byte) error) error
	}{
		{"nothing", 5 * MiB, func(int64, func(int64, []byte) error) error { return nil }},
		{"the block before", 5 * MiB, func(n int64, deliver func(int64, []byte) error) error { return deliver(n-1, block(n-1)) }},
		{"the block after", 5 * MiB, func(n int64, deliver func(int64, []byte) error) error { return deliver(n+1, block(n+1)) }},
		{"too short", 5 * MiB, func(n int64, deliver func(int64, []byte) error) error { return deliver(n, block(n)[1:]) }},
		{"too long", 5 * MiB, func(n int64, deliver func(int64, []byte) error) error { return deliver(n, append(block(n), 0)) }},
		{"the last one too long", 20 * MiB, func(n int64, deliver func(int64, []byte) error) error {
			return deliver(n, append(block(n), 0))
		}},
		{"a whole one for the last", 20 * MiB, func(n int64, deliver func(int64, []byte) error) error {
			return deliver(n, expected(n*BlockSize, BlockSize))
		}},
		{"an error that is not passed on", 5 * MiB, func(n int64, deliver func(int64, []byte) error) error {
			_ = deliver(n, nil)
			_ = deliver(n, block(n))
			return nil
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore(t, Options{})
			r := newFake(size)
			calls := 0
			f := s.Open(r.key(), func() Remote {
				return scripted{r, func(_ context.Context, first, _ int64, deliver func(int64, []byte) error) error {
					calls++
					return test.do(first, deliver)
				}}
			})
			defer func() { _ = f.Close() }()
			n, err := f.ReadAt(t.Context(), make([]byte, 50), test.off)
			if err == nil || n != 0 || errors.Is(err, errMissing) != (test.name == "nothing") {
				t.Errorf("ReadAt = %d, %v", n, err)
			}
			if got := s.Stats().Resident; got != 0 || calls != maxAttempts {
				t.Errorf("%d bytes are cached after %d calls", got, calls)
			}
		})
	}
}

func TestDeliveryTwiceIsAnErrorAndTheFirstIsGood(t *testing.T) {
	s := newStore(t, Options{})
	r := newFake(20 * MiB)
	f := s.Open(r.key(), func() Remote {
		return scripted{r, func(_ context.Context, first, _ int64, deliver func(int64, []byte) error) error {
			if err := deliver(first, expected(first*BlockSize, BlockSize)); err != nil {
				return err
			}
			if err := deliver(first, make([]byte, BlockSize)); err == nil {
				t.Error("a block was accepted twice")
			}
			return nil
		}}
	})
	defer func() { _ = f.Close() }()
	read(t, f, 7*MiB, MiB)
}

func TestBlocksMayComeInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{})
		r := newFake(60 * MiB)
		f := s.Open(r.key(), func() Remote {
			return scripted{r, func(_ context.Context, first, count int64, deliver func(int64, []byte) error) error {
				for n := first + count - 1; n >= first; n-- {
					if err := deliver(n, expected(n*BlockSize, BlockSize)); err != nil {
						return err
					}
				}
				return nil
			}}
		})
		defer func() { _ = f.Close() }()
		readAll(t, f, 20*MiB, r.size)
		if r.seen().streams != 0 {
			t.Error("a stream was needed")
		}
	})
}

func TestBurstThatBreaksKeepsWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		r.onBlock = func(_ context.Context, call int, n int64, data []byte) ([]byte, error) {
			if call == 1 && n == 502 {
				return nil, errReset
			}
			return data, nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		read(t, f, 500*MiB, 4*MiB)
		synctest.Wait()
		r.deliveries(t)
		if got := r.seen(); got.streams != 0 {
			t.Errorf("server saw %+v", got)
		}
	})
}

func TestUnsupportedBlocksAreTriedAgainAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.noBlocks = true
		f := openFake(t, newStore(t, Options{Memory: minMemory}), r)
		read(t, f, 10*MiB, 10)
		read(t, f, 30*MiB, 10)
		if got := r.seen(); got.bursts != 1 {
			t.Errorf("Blocks was tried %d times", got.bursts)
		}
		r.noBlocks = false
		elapse(unsupportedTime)
		read(t, f, 90*MiB, 10)
		if got := r.seen(); got.bursts != 2 || got.streams != 1 {
			t.Errorf("server saw %+v", got)
		}
	})
}

func TestNothingIsSupported(t *testing.T) {
	r := newFake(100 * MiB)
	r.noBlocks = true
	r.onStream = func(int, *fakeBody) error { return errors.ErrUnsupported }
	f := openFake(t, newStore(t, Options{}), r)
	readFails(t, f, 0, 10, errors.ErrUnsupported)
}

func TestStalledBlocksFailWithinTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		r.onBlock = func(ctx context.Context, _ int, _ int64, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		f := openFake(t, newStore(t, Options{BlockTimeout: 10 * time.Second}), r)
		var wg sync.WaitGroup
		for i := range int64(10) {
			wg.Go(func() {
				elapse(time.Duration(i) * time.Second)
				begin := time.Now()
				readFails(t, f, 30*i*MiB, 10, context.DeadlineExceeded)
				if took := time.Since(begin); took != 10*time.Second {
					t.Errorf("reader %d waited %v", i, took)
				}
			})
		}
		wg.Wait()
		if got := r.seen(); got.bursts != 10 {
			t.Errorf("%d calls", got.bursts)
		}
	})
}

func TestSlowBlocksAreNotStalledOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		r.onBlock = func(ctx context.Context, _ int, _ int64, data []byte) ([]byte, error) {
			select {
			case <-time.After(9 * time.Second):
				return data, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		f := openFake(t, newStore(t, Options{BlockTimeout: 10 * time.Second}), r)
		read(t, f, 500*MiB, 8*MiB)
	})
}

// A jump waits for one call of the read-ahead at most.
func TestReadersComeBeforeReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		readAll(t, f, 100*MiB, 119*MiB)
		synctest.Wait()

		gate := make(chan struct{})
		var order []int64
		r.onBlock = func(_ context.Context, _ int, n int64, data []byte) ([]byte, error) {
			<-gate
			order = append(order, n)
			return data, nil
		}
		var wg sync.WaitGroup
		before := r.seen().bursts
		for n := int64(119); r.seen().bursts == before; n++ { // until it tops up
			read(t, f, n*MiB, 10)
			synctest.Wait()
		}
		wg.Go(func() { read(t, f, 900*MiB, 10) })
		synctest.Wait()
		close(gate)
		wg.Wait()
		synctest.Wait()
		for i, n := range order {
			if n == 900 && i > maxBurst {
				t.Errorf("the reader came after %d blocks: %v", i, order)
			}
		}
		if len(order) < maxBurst {
			t.Errorf("only %v were fetched: the test shows nothing", order)
		}
	})
}
