package cache

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestFileOfOneBlockComesByOneStream(t *testing.T) {
	for _, size := range []int64{1, 5000, MiB} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(size)
				f := openFake(t, newStore(t, Options{}), r)
				for range 3 {
					read(t, f, size-1, 1)
					read(t, f, 0, size)
				}
				synctest.Wait()
				r.wantCounts(t, 1, 0)
				if r.seen().bodies != 0 {
					t.Error("the stream was not closed")
				}
			})
		})
	}
}

func TestSequentialReaderGetsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100*MiB + 17)
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		readAll(t, f, 0, r.size)
		synctest.Wait()
		r.wantCounts(t, 1, 2)
		if stats := s.Stats(); stats.Fetched != r.size+2*MiB || stats.Streams != 0 {
			t.Errorf("stats are %+v", stats)
		}
		if r.seen().bodies != 0 {
			t.Error("the stream was not closed at its end")
		}
	})
}

func TestSequentialReaderInTheMiddleGetsBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(200 * MiB)
		f := openFake(t, newStore(t, Options{}), r)
		readAll(t, f, 100*MiB, 200*MiB)
		synctest.Wait()
		r.wantCounts(t, 0, 100)
		if r.seen().bursts > 30 {
			t.Errorf("%d calls for 100 blocks", r.seen().bursts)
		}
	})
}

func TestStreamPausesAtItsWindowAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		f := openFake(t, newStore(t, Options{}), r)
		readAll(t, f, 0, 3*MiB)
		synctest.Wait()
		if r.seen().streamed != 5*MiB { // 3 touched, 2 ahead
			t.Errorf("%d bytes were read from the stream", r.seen().streamed)
		}
		readAll(t, f, 3*MiB, 200*MiB)
		synctest.Wait()
		if ahead := r.seen().streamed - 200*MiB; ahead < 16*MiB || ahead > maxAhead*MiB {
			t.Errorf("%d bytes were read ahead", ahead)
		}
		r.wantCounts(t, 1, 2)
	})
}

func TestJumpDoesNotDisturbTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		f := openFake(t, newStore(t, Options{}), r)
		readAll(t, f, 0, 50*MiB)
		read(t, f, 900*MiB, 4096)
		read(t, f, 0, 4096)
		read(t, f, 700*MiB, 4096)
		readAll(t, f, 50*MiB, 100*MiB)
		synctest.Wait()
		r.wantCounts(t, 1, 4)
	})
}

func TestPausedStreamIsClosedWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		f := openFake(t, newStore(t, Options{}), r)
		readAll(t, f, 0, 20*MiB)
		synctest.Wait()
		elapse(idlePeriod - time.Second)
		synctest.Wait()
		if r.seen().bodies != 1 {
			t.Fatalf("%d streams are open before the idle period is over", r.seen().bodies)
		}
		elapse(2 * time.Second)
		synctest.Wait()
		if r.seen().bodies != 0 {
			t.Fatalf("%d streams are open when it is over", r.seen().bodies)
		}
		readAll(t, f, 20*MiB, 100*MiB) // far from the start a new stream would cost too much
		if r.seen().streams != 1 {
			t.Errorf("%d streams", r.seen().streams)
		}
		r.deliveries(t)
	})
}

func TestStreamEndsWithTheLastHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{})
		a, b := openFake(t, s, r), openFake(t, s, r)
		readAll(t, a, 0, 10*MiB)
		_ = a.Close()
		synctest.Wait()
		if r.seen().bodies != 1 || r.seen().closed != 0 {
			t.Errorf("with a handle: %d streams, %d Remotes closed", r.seen().bodies, r.seen().closed)
		}
		_ = b.Close()
		synctest.Wait()
		if r.seen().bodies != 0 || r.seen().closed != 1 {
			t.Errorf("without a handle: %d streams, %d Remotes closed", r.seen().bodies, r.seen().closed)
		}
		if stats := s.Stats(); s.budget.ahead != 0 || stats.Streams != 0 {
			t.Errorf("%d bytes count as read ahead, stats are %+v", s.budget.ahead, stats)
		}
	})
}

func TestReaderIsServedFromTheBlockInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(20 * MiB)
		r.noBlocks = true
		gate := make(chan struct{})
		r.onStream = func(_ int, b *fakeBody) error {
			b.gate, b.before = gate, 10000
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		read(t, f, 0, 10000) // would block for ever if it waited for the block
		close(gate)
		read(t, f, 0, MiB)
		r.wantCounts(t, 1, 0)
	})
}

func TestBrokenStreamIsReplaced(t *testing.T) {
	for name, blocks := range map[string]bool{"by bursts": true, "by another stream": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(60 * MiB)
				r.noBlocks = !blocks
				r.onStream = func(call int, b *fakeBody) error {
					if call == 1 {
						b.failAt, b.failure = 4*MiB+5000, errReset
					}
					return nil
				}
				f := openFake(t, newStore(t, Options{}), r)
				readAll(t, f, 0, r.size)
				synctest.Wait()
				if blocks {
					r.wantCounts(t, 1, 58)
				} else {
					r.wantCounts(t, 2, 0)
				}
			})
		})
	}
}

func TestAttemptsAreBoundedAndNotRemembered(t *testing.T) {
	tests := []struct {
		name           string
		size           int64
		noBlocks       bool
		err            error
		streams, burst int
	}{
		{"one block", 1000, false, errReset, 2, 1},
		{"one block, streams only", 1000, true, errReset, 3, 1},
		{"many blocks", 100 * MiB, false, errReset, 0, 3},
		{"many blocks, streams only", 100 * MiB, true, errReset, 3, 1},
		{"permanent, one block", 1000, false, permanentError{errReset}, 1, 0},
		{"permanent, many blocks", 100 * MiB, false, permanentError{errReset}, 0, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(test.size)
				r.noBlocks = test.noBlocks
				broken := true
				r.onStream = func(int, *fakeBody) error {
					if broken {
						return test.err
					}
					return nil
				}
				r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
					if broken {
						return nil, test.err
					}
					return data, nil
				}
				f := openFake(t, newStore(t, Options{}), r)
				readFails(t, f, 0, 10, errReset)
				if r.seen().streams != test.streams || r.seen().bursts != test.burst {
					t.Errorf("%d streams and %d calls, want %d and %d", r.seen().streams, r.seen().bursts, test.streams, test.burst)
				}
				broken = false
				read(t, f, 0, 1000)
			})
		})
	}
}

func TestStalledStreamIsReplacedWithinTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.onStream = func(_ int, b *fakeBody) error {
			b.gate, b.before = make(chan struct{}), 10*MiB
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		begin := time.Now()
		readAll(t, f, 0, r.size)
		if took := time.Since(begin); took != defaultBlockTimeout/2 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestStreamMayStartWhereItIsAskedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100*MiB + 5)
		r.seekable, r.noBlocks = true, true
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		read(t, f, 77*MiB, 4096)
		synctest.Wait()
		if fetched := s.Stats().Fetched; fetched != MiB {
			t.Errorf("%d bytes were fetched", fetched)
		}
		readAll(t, f, 77*MiB, r.size)
		r.wantCounts(t, 1, 0)
		synctest.Wait()
		if b := f.content.blocks[80]; b.source == nil {
			t.Error("a block counts as verified though the stream had no beginning")
		}
	})
}

func TestStreamThatStartsTooLateIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(10 * MiB)
		r.noBlocks = true
		r.onStream = func(_ int, b *fakeBody) error {
			b.start, b.pos = 2*MiB, 2*MiB
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		if _, err := f.ReadAt(t.Context(), make([]byte, 10), MiB); err == nil {
			t.Error("no error")
		}
		read(t, f, 2*MiB, 10)
	})
}

func TestUnalignedStartIsHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(10 * MiB)
		r.noBlocks = true
		r.onStream = func(_ int, b *fakeBody) error {
			b.start, b.pos = 2*MiB+100, 2*MiB+100
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		read(t, f, 4*MiB, 10)
		read(t, f, 3*MiB, MiB)
	})
}

// Without Blocks, a stream keeps what it passes, two readers get a stream each, and a third one waits for its turn.
func TestStreamsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.noBlocks = true
		f := openFake(t, newStore(t, Options{Memory: 256 * MiB}), r)
		read(t, f, 50*MiB, 10)
		read(t, f, 0, 10)
		read(t, f, 20*MiB, 10)
		r.wantCounts(t, 1, 0)
	})
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.noBlocks = true
		f := openFake(t, newStore(t, Options{Memory: 8 * MiB}), r)
		for _, off := range []int64{50, 10, 90, 20, 0, 99, 30} {
			read(t, f, off*MiB, MiB)
		}
		synctest.Wait()
		if r.seen().bodies > streamsPerFile {
			t.Errorf("%d streams are open", r.seen().bodies)
		}
	})
}

func TestStreamsOfAStoreAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{Memory: 1 << 30})
		for i := range 3 * maxStreams {
			key := r.key()
			key.Path = fmt.Sprint(i)
			f := s.Open(key, r.open)
			defer func() { _ = f.Close() }()
			readAll(t, f, 0, 8*MiB)
			synctest.Wait()
		}
		if r.seen().bodies != maxStreams || s.Stats().Streams != maxStreams {
			t.Errorf("%d streams are open, the store says %d", r.seen().bodies, s.Stats().Streams)
		}
	})
}

// A connection that breaks near the end is no verdict on what came before.
// A stream passes over a block that a burst is bringing.
func TestStreamLeavesTheBlocksOfABurstAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(40 * MiB)
		gate := make(chan struct{})
		r.onBlock = func(_ context.Context, _ int, n int64, data []byte) ([]byte, error) {
			if n == 6 {
				<-gate
			}
			return data, nil
		}
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		readAll(t, f, 0, 2*MiB)
		var wg sync.WaitGroup
		wg.Go(func() { read(t, f, 6*MiB, 10) })
		synctest.Wait()
		wg.Go(func() { readAll(t, f, 2*MiB, r.size) })
		synctest.Wait()
		if b := f.content.blocks[6]; b.state != loading || b.buf != nil {
			t.Errorf("the stream has taken the block: %+v", b)
		}
		close(gate)
		wg.Wait()
		r.wantCounts(t, 1, 3)
	})
}

// Where there are streams only, and all are busy, a reader gets his when one pauses.
func TestReaderWaitsForAStreamToMakeWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.noBlocks, r.seekable = true, true
		gate := make(chan struct{})
		r.onStream = func(_ int, b *fakeBody) error {
			b.gate = gate
			return nil
		}
		f := openFake(t, newStore(t, Options{Memory: minMemory}), r)
		var wg sync.WaitGroup
		for n := int64(99); n >= 0; n -= 9 {
			wg.Go(func() { read(t, f, n*MiB, 10) })
			synctest.Wait()
		}
		if got := r.seen().streams; got > streamsPerFile {
			t.Errorf("%d streams are open", got)
		}
		close(gate)
		wg.Wait()
	})
}

// What a stream passes and nobody asked for takes free memory only.
func TestPassedBlocksEvictNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Memory: minMemory})
		used := newFake(1 << 30)
		f := openFake(t, s, used)
		for n := range int64(4) {
			read(t, f, 10*n*MiB, 10)
		}
		passed := newFake(100 * MiB)
		passed.noBlocks = true
		key := passed.key()
		key.Path = "passed"
		g := s.Open(key, passed.open)
		defer func() { _ = g.Close() }()
		read(t, g, 90*MiB, 10)
		synctest.Wait()
		if stats := s.Stats(); stats.Evictions != 1 || stats.Resident != minMemory {
			t.Errorf("stats are %+v", stats)
		}
	})
}
