package cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
)

func TestReadAtFollowsReaderAt(t *testing.T) {
	const size = 2*MiB + 100
	tests := []struct {
		name string
		off  int64
		len  int
		n    int
		err  error
	}{
		{"inside", 10, 100, 100, nil},
		{"over a block's end", MiB - 10, 20, 20, nil},
		{"all", 0, size, size, nil},
		{"up to the end", size - 10, 10, 10, nil},
		{"over the end", size - 10, 11, 10, io.EOF},
		{"at the end", size, 1, 0, io.EOF},
		{"behind the end", size + 5, 1, 0, io.EOF},
		{"nothing", 5, 0, 0, nil},
		{"nothing behind the end", size + 5, 0, 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newFake(size)
			f := openFake(t, newStore(t, Options{}), r)
			p := make([]byte, test.len)
			n, err := f.ReadAt(t.Context(), p, test.off)
			if n != test.n || err != test.err { //nolint:errorlint // io.ReaderAt demands the plain io.EOF
				t.Fatalf("ReadAt = %d, %v, want %d, %v", n, err, test.n, test.err)
			}
			if want := expected(test.off, int64(n)); string(p[:n]) != string(want) {
				t.Error("wrong bytes")
			}
		})
	}
	t.Run("negative offset", func(t *testing.T) {
		f := openFake(t, newStore(t, Options{}), newFake(size))
		if _, err := f.ReadAt(t.Context(), make([]byte, 1), -1); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("error is %v", err)
		}
	})
}

func TestEmptyFileNeedsNoServer(t *testing.T) {
	r := newFake(0)
	f := openFake(t, newStore(t, Options{}), r)
	readFails(t, f, 0, 10, io.EOF)
	if r.seen().opened != 0 {
		t.Error("the Remote was opened")
	}
}

func TestOnlyTouchedBlocksAreFetched(t *testing.T) {
	const size = 8 << 30
	tests := []struct {
		name   string
		offs   []int64
		len    int64
		blocks int
	}{
		{"a byte", []int64{5 << 30}, 1, 1},
		{"a read over two blocks", []int64{3*MiB - 1}, 2, 2},
		{"head -c 1M", []int64{0, 128 << 10, 896 << 10, MiB}, 128 << 10, 2},
		{"tail -c 1M", []int64{size - MiB, size - MiB/2}, MiB / 2, 1},
		{"every second block", []int64{0, 2 * MiB, 4 * MiB, 6 * MiB, 8 * MiB, 10 * MiB}, 4096, 6},
		{"backwards", []int64{9 * MiB, 8 * MiB, 7 * MiB, 6 * MiB, 5 * MiB}, 4096, 5},
		{"a large read", []int64{77 * MiB}, 2 * MiB, 2},
		{"the same again", []int64{MiB, MiB, MiB + 5, MiB}, 100, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(size)
				f := openFake(t, newStore(t, Options{}), r)
				for _, off := range test.offs {
					read(t, f, off, test.len)
				}
				synctest.Wait()
				r.wantCounts(t, 0, test.blocks)
			})
		})
	}
}

func TestSecondReadAsksForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(40 * MiB)
		s := newStore(t, Options{})
		first := s.Open(r.key(), r.open)
		readAll(t, first, 0, r.size)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := r.seen()

		readAll(t, openFake(t, s, r), 0, r.size)
		synctest.Wait()
		if after := r.seen(); after != before {
			t.Errorf("server saw %+v before and %+v after", before, after)
		}
		stats := s.Stats()
		if stats.Resident != r.size || stats.Hits == 0 || stats.Files != 1 {
			t.Errorf("stats are %+v", stats)
		}
	})
}

func TestReadersShareOneFetch(t *testing.T) {
	for _, handles := range []string{"one handle", "a handle each"} {
		t.Run(handles, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(100 * MiB)
				gate := make(chan struct{})
				r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
					<-gate
					return data, nil
				}
				s := newStore(t, Options{})
				shared := openFake(t, s, r)
				var wg sync.WaitGroup
				for range 8 {
					f := shared
					if handles != "one handle" {
						f = openFake(t, s, r)
					}
					wg.Go(func() { read(t, f, 50*MiB-5, MiB) })
				}
				synctest.Wait()
				close(gate)
				wg.Wait()
				r.wantCounts(t, 0, 2)
				if r.seen().opened != 1 {
					t.Errorf("%d Remotes were opened", r.seen().opened)
				}
			})
		})
	}
}

func TestEightSequentialReadersCostOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(64 * MiB)
		s := newStore(t, Options{})
		var wg sync.WaitGroup
		for range 8 {
			f := openFake(t, s, r)
			wg.Go(func() { readAll(t, f, 0, r.size) })
		}
		wg.Wait()
		r.deliveries(t)
		if fetched := s.Stats().Fetched; r.seen().streams != 1 || fetched > r.size+3*MiB {
			t.Errorf("%d streams, %d bytes", r.seen().streams, fetched)
		}
	})
}

func TestCancelledReaderLeavesAtOnceAndTheFetchGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		gate := make(chan struct{})
		r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
			<-gate
			return data, nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := f.ReadAt(ctx, make([]byte, 10), 50*MiB)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		close(gate)
		synctest.Wait()
		r.onBlock = func(context.Context, int, int64, []byte) ([]byte, error) { return nil, errReset }
		read(t, f, 50*MiB, MiB)
	})
}

func TestCancelledReaderDoesNotFailAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		gate := make(chan struct{})
		r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
			<-gate
			return data, nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = f.ReadAt(ctx, make([]byte, 10), 50*MiB) })
		synctest.Wait()
		wg.Go(func() { read(t, f, 50*MiB, MiB) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		wg.Wait()
		r.wantCounts(t, 0, 1)
	})
}

// What was queued and is not wanted any more is not fetched.
func TestAbandonedQueueIsNotFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		gate := make(chan struct{})
		r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
			<-gate
			return data, nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { read(t, f, 50*MiB, 1) })
		synctest.Wait()
		for i := range int64(10) {
			wg.Go(func() { _, _ = f.ReadAt(ctx, make([]byte, 1), (60+3*i)*MiB) })
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		wg.Wait()
		synctest.Wait()
		r.wantCounts(t, 0, 1)
	})
}

func TestPresentBytesAreServedUnderAnEndedContext(t *testing.T) {
	f := openFake(t, newStore(t, Options{}), newFake(MiB))
	read(t, f, 0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.ReadAt(ctx, make([]byte, 10), 0); err != nil {
		t.Error(err)
	}
}

func TestClosedHandleFails(t *testing.T) {
	s := newStore(t, Options{})
	r := newFake(MiB)
	f, other := openFake(t, s, r), openFake(t, s, r)
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	readFails(t, f, 0, 1, fs.ErrClosed)
	read(t, other, 0, 1)
}

// The position of one who has closed the file is not continued by the next one.
func TestReadersAfterEachOtherAreNotOneSequentialReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(1 << 30)
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		readAll(t, f, 0, 2*MiB)
		_ = f.Close()
		read(t, openFake(t, s, r), 2*MiB, 4096)
		synctest.Wait()
		r.wantCounts(t, 0, 3)
	})
}
