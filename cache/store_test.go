package cache

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRemoteIsOpenedAtFirstNeedAndClosedWithTheLastHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{})
		r := newFake(100 * MiB)
		a, b := openFake(t, s, r), openFake(t, s, r)
		if got := r.seen().opened; got != 0 {
			t.Errorf("Open opened %d", got)
		}
		read(t, a, 50*MiB, 10)
		read(t, b, 10*MiB, 10)
		_ = a.Close()
		synctest.Wait()
		if got := r.seen(); got.opened != 1 || got.closed != 0 {
			t.Errorf("with a handle left: %+v", got)
		}
		_ = b.Close()
		synctest.Wait()
		if got := r.seen(); got.closed != 1 {
			t.Errorf("with no handle left: %+v", got)
		}
		c := openFake(t, s, r)
		read(t, c, 50*MiB, 10)
		if got := r.seen(); got.opened != 1 {
			t.Errorf("for a cached block: %+v", got)
		}
		read(t, c, 60*MiB, 10)
		if got := r.seen(); got.opened != 2 {
			t.Errorf("after reopening: %+v", got)
		}
	})
}

func TestUnusedRemoteIsClosedAndReopened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		f := openFake(t, newStore(t, Options{}), r)
		read(t, f, 50*MiB, 10)
		elapse(idlePeriod - time.Second)
		read(t, f, 60*MiB, 10)
		elapse(idlePeriod - time.Second)
		synctest.Wait()
		if got := r.seen(); got.closed != 0 {
			t.Errorf("while in use: %+v", got)
		}
		elapse(2 * time.Second)
		synctest.Wait()
		if got := r.seen(); got.closed != 1 {
			t.Errorf("when idle: %+v", got)
		}
		read(t, f, 70*MiB, 10)
		if got := r.seen(); got.opened != 2 {
			t.Errorf("used again: %+v", got)
		}
	})
}

func TestRemoteIsClosedAfterFetchesEnd(t *testing.T) {
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
		cancel()
		wg.Wait()
		_ = f.Close()
		synctest.Wait()
		if got := r.seen(); got.closed != 0 {
			t.Error("closed while Blocks was running")
		}
		close(gate)
		synctest.Wait()
		if got := r.seen(); got.closed != 1 {
			t.Error("not closed when Blocks had ended")
		}
	})
}

func TestStoreCloseEndsReadersAndWaitsForRemotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		r.onBlock = func(ctx context.Context, _ int, _ int64, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		finished := false
		r.onClose = func() error {
			elapse(time.Second)
			finished = true
			return errors.New("not heard of")
		}
		s := New(Options{})
		f, other := openFake(t, s, r), openFake(t, s, newFake(5*MiB))
		readAll(t, other, 0, 5*MiB)
		var wg sync.WaitGroup
		for i := range int64(5) {
			wg.Go(func() { readFails(t, f, 10*i*MiB, 10, fs.ErrClosed) })
		}
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if !finished {
			t.Error("Close did not wait for the Remote")
		}
		readFails(t, f, 0, 10, fs.ErrClosed)
		readFails(t, openFake(t, s, r), 0, 10, fs.ErrClosed)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestStoreCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(100 * MiB)
		gate := make(chan struct{})
		r.onClose = func() error {
			<-gate
			return nil
		}
		s := New(Options{BlockTimeout: 3 * time.Second})
		read(t, openFake(t, s, r), 50*MiB, 10)
		begin := time.Now()
		if err := s.Close(); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
			t.Errorf("Close = %v after %v", err, time.Since(begin))
		}
		close(gate)
	})
}

func TestRemoteThatCannotBeHadIsAnError(t *testing.T) {
	s := newStore(t, Options{})
	r := newFake(10)
	f := s.Open(r.key(), func() Remote { return nil })
	defer func() { _ = f.Close() }()
	if _, err := f.ReadAt(t.Context(), make([]byte, 1), 0); err == nil {
		t.Error("no error")
	}
}
