package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const MiB = 1 << 20

// pattern repeats every len(pattern) bytes, which is no multiple of a block, so that no two blocks are equal.
var pattern = func() []byte {
	p := make([]byte, MiB+8191)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(p)
	return p
}()

// contentAt fills p with the content of every fake file from off on.
func contentAt(p []byte, off int64) {
	for len(p) > 0 {
		n := copy(p, pattern[off%int64(len(pattern)):])
		p, off = p[n:], off+int64(n)
	}
}

// rightAt says whether p is the content from off on.
func rightAt(p []byte, off int64) bool {
	for len(p) > 0 {
		want := pattern[off%int64(len(pattern)):]
		n := min(len(p), len(want))
		if !bytes.Equal(p[:n], want[:n]) {
			return false
		}
		p, off = p[n:], off+int64(n)
	}
	return true
}

func expected(off, n int64) []byte {
	p := make([]byte, n)
	contentAt(p, off)
	return p
}

var errReset = fmt.Errorf("connection reset: %w", io.ErrUnexpectedEOF)

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func (permanentError) Permanent() bool { return true }

// fake is a Remote, and the server behind it, which counts.
type fake struct {
	size     int64
	seekable bool // a stream starts where it is asked to
	noBlocks bool

	// onStream may end a call, or change its body; onBlock may end a call before block n, or change its data.
	onStream func(call int, b *fakeBody) error
	onBlock  func(ctx context.Context, call int, n int64, data []byte) ([]byte, error)

	onClose func() error

	mu     sync.Mutex
	counts counts
	blocks map[int64]int // deliveries
}

type counts struct {
	opened, closed  int
	streams, bursts int   // calls
	bodies          int   // open streams
	streamed        int64 // bytes
}

func (r *fake) seen() counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

func newFake(size int64) *fake { return &fake{size: size, blocks: make(map[int64]int)} }

func (r *fake) open() Remote {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.opened++
	return r
}

func (r *fake) Close() error {
	if r.onClose != nil {
		if err := r.onClose(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.closed++
	return nil
}

func (r *fake) key() Key { return Key{Server: "s", DataSet: "d", Path: "p", Size: r.size} }

// checked returns a key with the right checksum.
func (r *fake) checked() Key {
	key := r.key()
	key.CRC32, key.HasCRC32 = crc32.ChecksumIEEE(expected(0, r.size)), true
	return key
}

func (r *fake) Blocks(ctx context.Context, first, count int64, deliver func(int64, []byte) error) error {
	r.mu.Lock()
	r.counts.bursts++
	call := r.counts.bursts
	r.mu.Unlock()
	if r.noBlocks {
		return fmt.Errorf("no random access: %w", errors.ErrUnsupported)
	}
	data := make([]byte, BlockSize)
	for n := first; n < first+count; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		block := data[:min(BlockSize, r.size-n*BlockSize)]
		contentAt(block, n*BlockSize)
		if r.onBlock != nil {
			var err error
			if block, err = r.onBlock(ctx, call, n, block); err != nil {
				return err
			}
		}
		r.mu.Lock()
		r.blocks[n]++
		r.mu.Unlock()
		if err := deliver(n, block); err != nil {
			return err
		}
	}
	return nil
}

func (r *fake) Stream(ctx context.Context, offset int64) (io.ReadCloser, int64, error) {
	b := &fakeBody{fake: r, ctx: ctx, end: r.size, piece: 256 << 10}
	if r.seekable {
		b.pos, b.start = offset, offset
	}
	r.mu.Lock()
	r.counts.streams++
	call := r.counts.streams
	r.mu.Unlock()
	if r.onStream != nil {
		if err := r.onStream(call, b); err != nil {
			return nil, 0, err
		}
	}
	r.mu.Lock()
	r.counts.bodies++
	r.mu.Unlock()
	return b, b.start, nil
}

type fakeBody struct {
	*fake
	ctx     context.Context
	start   int64
	pos     int64
	end     int64         // where it ends
	piece   int           // at most so many bytes for each read
	before  int64         // reading beyond it …
	gate    chan struct{} // … waits until this is closed
	failAt  int64         // reading at or beyond it …
	failure error         // … ends with this
	corrupt bool          // what is delivered is wrong
}

func (b *fakeBody) Read(p []byte) (int, error) {
	if b.gate != nil && b.pos >= b.before {
		select {
		case <-b.gate:
		case <-b.ctx.Done():
		}
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.failure != nil && b.pos >= b.failAt {
		return 0, b.failure
	}
	n := min(int64(len(p)), int64(b.piece), b.end-b.pos)
	if b.failure != nil {
		n = min(n, b.failAt-b.pos)
	}
	if b.gate != nil && b.pos < b.before {
		n = min(n, b.before-b.pos)
	}
	if n <= 0 && len(p) > 0 {
		return 0, io.EOF
	}
	contentAt(p[:n], b.pos)
	if b.corrupt {
		p[0] ^= 1
	}
	b.pos += n
	b.mu.Lock()
	b.counts.streamed += n
	b.mu.Unlock()
	return int(n), nil
}

func (b *fakeBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.bodies--
	return nil
}

// deliveries returns how many blocks were delivered, and fails if one was twice.
func (r *fake) deliveries(t *testing.T) int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n, times := range r.blocks {
		if times > 1 {
			t.Errorf("block %d was delivered %d times", n, times)
		}
	}
	return len(r.blocks)
}

func (r *fake) wantCounts(t *testing.T, streams, blocks int) {
	t.Helper()
	got := r.deliveries(t)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts.streams != streams || got != blocks {
		t.Errorf("server saw %d streams and %d blocks, want %d and %d", r.counts.streams, got, streams, blocks)
	}
}

// elapse lets d pass on a synctest clock.
func elapse(d time.Duration) { <-time.After(d) }

func newStore(t testing.TB, opts Options) *Store {
	s := New(opts)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		stats := s.Stats()
		for _, b := range s.budget.lru.Keys() {
			if b.buf.pins != 0 || b.interest != 0 || len(b.waiters) != 0 {
				t.Errorf("block %d still has %d pins, %d readers and %d waiters", b.n, b.buf.pins, b.interest, len(b.waiters))
			}
		}
		if stats.Peak > s.opts.Memory {
			t.Errorf("%d bytes were in use, %d allowed", stats.Peak, s.opts.Memory)
		}
		if stats.InFlight != 0 || s.budget.ahead != 0 || s.budget.detached != 0 {
			t.Errorf("after Close: %d bytes in flight, %d ahead, %d detached", stats.InFlight, s.budget.ahead, s.budget.detached)
		}
	})
	return s
}

func openFake(t testing.TB, s *Store, r *fake) *File {
	f := s.Open(r.key(), r.open)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// read fails the test unless n right bytes are at off.
func read(t testing.TB, f *File, off, n int64) {
	t.Helper()
	readInto(t, f, make([]byte, n), off)
}

func readInto(t testing.TB, f *File, p []byte, off int64) {
	t.Helper()
	n, err := f.ReadAt(t.Context(), p, off)
	if err != nil {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v", len(p), off, n, err)
	}
	if n != len(p) || !rightAt(p, off) {
		t.Fatalf("ReadAt(%d bytes, %d) = %d and wrong bytes", len(p), off, n)
	}
}

// readFails fails the test unless reading n bytes at off gives target.
func readFails(t testing.TB, f *File, off, n int64, target error) {
	t.Helper()
	p := make([]byte, n)
	if got, err := f.ReadAt(t.Context(), p, off); !errors.Is(err, target) {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v, want %v", n, off, got, err, target)
	}
}

// readAll reads the file from off to to as the kernel does.
func readAll(t testing.TB, f *File, off, to int64) {
	t.Helper()
	p := make([]byte, 128<<10)
	for ; off < to; off += int64(len(p)) {
		readInto(t, f, p[:min(int64(len(p)), to-off)], off)
	}
}
