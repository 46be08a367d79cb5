package cache

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"sync"
	"testing"
)

// offered is content as somebody has it locally.
func offered(r *fake) io.ReaderAt { return bytes.NewReader(expected(0, r.size)) }

func TestWhatWasPutIsNotAskedFor(t *testing.T) {
	for _, size := range []int64{1, 100, MiB, MiB + 1, 5*MiB + 77} {
		s := New(Options{Memory: 32 * MiB})
		r := newFake(size)
		if err := s.Put(t.Context(), r.checked(), offered(r)); err != nil {
			t.Fatal(err)
		}
		f := s.Open(r.checked(), r.open)
		got := make([]byte, size)
		if _, err := f.ReadAt(t.Context(), got, 0); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if !rightAt(got, 0) {
			t.Errorf("%d bytes: wrong content", size)
		}
		if seen := r.seen(); seen.opened != 0 {
			t.Errorf("%d bytes: the server was asked: %+v", size, seen)
		}
		if resident := s.Stats().Resident; resident != size {
			t.Errorf("%d bytes: %d resident", size, resident)
		}
		_ = f.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// changing has other bytes the second time that a place is read.
type changing struct {
	io.ReaderAt
	mu   sync.Mutex
	read map[int64]bool
	at   int64 // the place
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read[off] && off == c.at {
		p[0]++
	}
	c.read[off] = true
	return n, err
}

func TestContentThatIsNotWhatItShouldBeIsNotKept(t *testing.T) {
	const size = 3*MiB + 5
	right := expected(0, size)
	wrong := bytes.Clone(right)
	wrong[2*MiB]++
	for _, test := range []struct {
		name     string
		content  io.ReaderAt
		resident int64
	}{
		{"other bytes", bytes.NewReader(wrong), 0},
		{"too short", bytes.NewReader(right[:size-1]), 0},
		{"nothing", bytes.NewReader(nil), 0},
		{"changes between the readings", &changing{ReaderAt: bytes.NewReader(right), read: map[int64]bool{}, at: MiB}, MiB},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New(Options{Memory: 32 * MiB})
			defer s.Close()
			r := newFake(size)
			if err := s.Put(t.Context(), r.checked(), test.content); !errors.Is(err, ErrOffered) {
				t.Errorf("Put: %v", err)
			}
			if got := s.Stats(); got.Resident != test.resident || got.InFlight != 0 {
				t.Errorf("%+v", got)
			}
			f := s.Open(r.checked(), r.open)
			defer f.Close()
			got := make([]byte, size)
			if _, err := f.ReadAt(t.Context(), got, 0); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if !bytes.Equal(got, right) {
				t.Error("wrong content")
			}
		})
	}
}

func TestPutKeepsWithinTheMemory(t *testing.T) {
	s := New(Options{Memory: 8 * MiB})
	defer s.Close()
	if err := s.Put(t.Context(), newFake(MiB).key(), offered(newFake(MiB))); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a checksum: %v", err)
	}
	large := newFake(2*MiB + 1)
	if err := s.Put(t.Context(), large.checked(), bytes.NewReader(nil)); err != nil {
		t.Errorf("what is too large is looked at: %v", err)
	}
	for i := range 20 {
		r := newFake(2*MiB - int64(i))
		if err := s.Put(t.Context(), r.checked(), offered(r)); err != nil {
			t.Fatal(err)
		}
	}
	stats := s.Stats()
	if stats.Peak > 8*MiB || stats.Resident < 6*MiB || stats.Evictions == 0 || stats.Files > 5 {
		t.Errorf("%+v", stats)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ctx, newFake(MiB).checked(), offered(newFake(MiB))); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}

// Readers, and those who have the content, at once: every byte is right, and what was offered in vain is given back.
func TestPutWhileOthersRead(t *testing.T) {
	s := New(Options{Memory: 16 * MiB})
	r := newFake(4 * MiB)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := s.Put(t.Context(), r.checked(), offered(r)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			f := s.Open(r.checked(), r.open)
			defer f.Close()
			got := make([]byte, r.size)
			if _, err := f.ReadAt(t.Context(), got, 0); err != nil && !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			if crc32.ChecksumIEEE(got) != r.checked().CRC32 {
				t.Error("wrong content")
			}
		})
	}
	wg.Wait()
	if stats := s.Stats(); stats.Resident != r.size || stats.Peak > 16*MiB {
		t.Errorf("%+v", stats)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Put(t.Context(), r.checked(), offered(r)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("put into a closed store: %v", err)
	}
}
