package cache

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func TestBodyOfWrongLengthIsAnError(t *testing.T) {
	tests := []struct {
		name      string
		size, end int64
		target    error
	}{
		{"one block, short", 5000, 4999, io.ErrUnexpectedEOF},
		{"one block, empty", 5000, 0, io.ErrUnexpectedEOF},
		{"one block, long", 5000, 5001, errLength},
		{"whole blocks, short", 4 * MiB, 3 * MiB, io.ErrUnexpectedEOF},
		{"whole blocks, long", 4 * MiB, 4*MiB + 1, errLength},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(test.size)
				r.noBlocks = true
				r.onStream = func(_ int, b *fakeBody) error {
					b.end = test.end
					return nil
				}
				f := openFake(t, newStore(t, Options{}), r)
				readFails(t, f, test.size-1, 1, test.target)
				if got := s(f).Stats().Resident; test.size == 5000 && got != 0 {
					t.Errorf("%d bytes are cached", got)
				}
			})
		})
	}
}

func s(f *File) *Store { return f.content.store }

func TestOneBlockIsCheckedBeforeAByteIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(5000)
		wrong := true
		r.onStream = func(_ int, b *fakeBody) error {
			b.corrupt = wrong
			return nil
		}
		s := newStore(t, Options{})
		f := s.Open(r.checked(), r.open)
		read(t, f, 0, 5000) // by Blocks, silently: nobody has seen the wrong bytes
		r.wantCounts(t, 1, 1)
		_ = f.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		r := newFake(5000)
		r.noBlocks = true
		wrong := true
		r.onStream = func(_ int, b *fakeBody) error {
			b.corrupt, b.piece = wrong, 1000
			return nil
		}
		s := newStore(t, Options{})
		f := s.Open(r.checked(), r.open)
		p := make([]byte, 10)
		if n, err := f.ReadAt(t.Context(), p, 2000); n != 0 || err == nil {
			t.Errorf("ReadAt = %d, %v", n, err)
		}
		wrong = false
		read(t, f, 0, 5000)
		_ = f.Close()
	})
}

var errChecksum = errors.New("checksum of the body is wrong")

func TestFailedChecksumAtTheEndCondemnsTheStream(t *testing.T) {
	for name, noBlocks := range map[string]bool{"then bursts": false, "then another stream": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(40 * MiB)
				r.noBlocks = noBlocks
				r.onStream = func(call int, b *fakeBody) error {
					if call == 1 {
						b.corrupt, b.failAt, b.failure = true, r.size-10, errChecksum
					}
					return nil
				}
				s := newStore(t, Options{})
				f, innocent := openFake(t, s, r), openFake(t, s, r)
				var err error
				p := make([]byte, MiB)
				for off := int64(0); off < r.size && err == nil; off += int64(len(p)) {
					_, err = f.ReadAt(t.Context(), p, off)
				}
				if !errors.Is(err, ErrCorrupt) || !errors.Is(err, errChecksum) {
					t.Fatalf("reading ended with %v", err)
				}
				synctest.Wait()
				readFails(t, f, 0, 1, ErrCorrupt)
				readFails(t, f, r.size-1, 1, ErrCorrupt)
				if got := s.Stats().Resident; !noBlocks && got != 2*MiB || noBlocks && got != 0 {
					t.Errorf("%d bytes are still cached", got)
				}
				readAll(t, innocent, 0, r.size)

				again := openFake(t, s, r)
				readAll(t, again, 0, r.size)
				synctest.Wait()
				if noBlocks {
					r.wantCounts(t, 2, 0)
				} else {
					r.wantCounts(t, 1, 40)
				}
			})
		})
	}
}

func TestDistrustOutlivesTheHandles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(5000)
		r.onStream = func(_ int, b *fakeBody) error {
			b.corrupt = true
			return nil
		}
		broken := true
		r.onBlock = func(_ context.Context, _ int, _ int64, data []byte) ([]byte, error) {
			if broken {
				return nil, permanentError{errReset}
			}
			return data, nil
		}
		s := newStore(t, Options{})
		f := s.Open(r.checked(), r.open)
		readFails(t, f, 0, 1, errReset)
		_ = f.Close()
		synctest.Wait()
		if files := s.Stats().Files; files != 0 {
			t.Errorf("%d files are left", files)
		}
		broken = false
		f = s.Open(r.checked(), r.open)
		read(t, f, 0, 5000)
		_ = f.Close()
		if r.seen().streams != 1 {
			t.Errorf("%d streams", r.seen().streams)
		}
	})
}

func TestVerifiedBlocksSurviveALaterVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(30 * MiB)
		s := newStore(t, Options{})
		f := openFake(t, s, r)
		readAll(t, f, 0, r.size)
		synctest.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		for n, b := range f.content.blocks {
			if b.source != nil {
				t.Errorf("block %d of a stream that ended well is not verified", n)
			}
		}
	})
}

func TestResetNearTheEndIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(30 * MiB)
		r.onStream = func(_ int, b *fakeBody) error {
			b.failAt, b.failure = r.size-10, errReset
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		readAll(t, f, 0, r.size)
		readAll(t, f, 0, r.size)
		r.wantCounts(t, 1, 3)
	})
}

func TestLongBodyFromTheMiddleCondemnsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newFake(30 * MiB)
		r.seekable, r.noBlocks = true, true
		r.onStream = func(_ int, b *fakeBody) error {
			b.end = r.size + 1
			return nil
		}
		f := openFake(t, newStore(t, Options{}), r)
		read(t, f, 20*MiB, MiB)
		readFails(t, f, 29*MiB, MiB, ErrCorrupt)
	})
}

func TestNextReaderMayHaveAStreamAgainUnlessAChecksumFailed(t *testing.T) {
	for err, streams := range map[error]int{errReset: 2, errChecksum: 1} {
		t.Run(err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newFake(40 * MiB)
				r.onStream = func(call int, b *fakeBody) error {
					if call == 1 {
						b.failAt, b.failure = r.size-10, err
					}
					return nil
				}
				s := newStore(t, Options{Memory: minMemory})
				for range 2 {
					f := openFake(t, s, r)
					p := make([]byte, MiB)
					for off := int64(0); off < r.size; off += MiB {
						_, _ = f.ReadAt(t.Context(), p, off)
					}
					_ = f.Close()
					synctest.Wait()
				}
				if got := r.seen().streams; got != streams {
					t.Errorf("%d streams, want %d", got, streams)
				}
			})
		})
	}
}
