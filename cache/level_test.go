package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/disk"
)

// mount is a Store with a disk cache in dir, as one process has.
func mount(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	d, err := disk.Open(dir, disk.Options{Free: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	opts.Disk = d
	return newStore(t, opts)
}

func openChecked(t testing.TB, s *Store, r *fake) *File {
	f := s.Open(r.checked(), r.open)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// down is a server that answers nothing.
func down(size int64) *fake {
	r := newFake(size)
	r.onStream = func(int, *fakeBody) error { return permanentError{errors.New("the server is down")} }
	r.onBlock = func(context.Context, int, int64, []byte) ([]byte, error) {
		return nil, permanentError{errors.New("the server is down")}
	}
	return r
}

func TestSecondMountAsksTheServerForNothing(t *testing.T) {
	for _, size := range []int64{1, 5000, MiB, 3*MiB + 1, 22*MiB + 17} {
		dir := t.TempDir()
		r := newFake(size)
		first := mount(t, dir, Options{})
		f := openChecked(t, first, r)
		readAll(t, f, 0, size)
		_ = f.Close()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		before := r.seen()

		gone := down(size)
		f = openChecked(t, mount(t, dir, Options{}), gone)
		readAll(t, f, 0, size)
		read(t, f, size/2, min(10, size-size/2))
		if got := gone.seen(); got.opened != 0 {
			t.Errorf("%d bytes: the server saw %+v, before %+v", size, got, before)
		}
	}
}

func TestSecondMountReadsWhatWasReadAtRandom(t *testing.T) {
	dir := t.TempDir()
	r := newFake(100 * MiB)
	first := mount(t, dir, Options{})
	f := openChecked(t, first, r)
	for _, n := range []int64{50, 7, 99, 80} {
		read(t, f, n*MiB+5, 10)
	}
	_ = f.Close()
	_ = first.Close()
	gone := down(r.size)
	f = openChecked(t, mount(t, dir, Options{}), gone)
	for _, n := range []int64{99, 50, 7, 80} {
		read(t, f, n*MiB+9000, 10)
	}
	if got := gone.seen(); got.opened != 0 {
		t.Errorf("the server saw %+v", got)
	}
	if _, err := f.ReadAt(t.Context(), make([]byte, 1), 60*MiB); err == nil {
		t.Error("a block that nobody had was read")
	}
	read(t, f, 50*MiB, MiB)
}

func TestWhatFellOutOfMemoryComesFromDisk(t *testing.T) {
	r := newFake(60 * MiB)
	s := mount(t, t.TempDir(), Options{Memory: minMemory})
	f := openChecked(t, s, r)
	for n := range int64(12) { // apart, so that nothing is read ahead
		read(t, f, 5*n*MiB, 10)
		drained(s)
	}
	before := r.seen()
	for n := range int64(12) {
		read(t, f, 5*n*MiB, 10)
	}
	if got := r.seen(); got.streams != before.streams || got.bursts != before.bursts {
		t.Errorf("again: the server saw %+v, before %+v", got, before)
	}
}

// drained returns when everything that is to be written is.
func drained(s *Store) {
	for {
		s.mu.Lock()
		idle := s.behind.writers == 0
		s.mu.Unlock()
		if idle {
			return
		}
		<-time.After(time.Millisecond)
	}
}

func TestDamageOnDiskIsFetchedAgain(t *testing.T) {
	const size = 2*MiB + 100
	for name, damage := range map[string]func(path string) error{
		"flipped": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			b := make([]byte, 1)
			for range 20 {
				off := rand.Int64N(info.Size())
				if _, err := f.ReadAt(b, off); err != nil {
					return err
				}
				b[0] ^= 1 << rand.IntN(8)
				if _, err := f.WriteAt(b, off); err != nil {
					return err
				}
			}
			return nil
		},
		"cut":     func(path string) error { return os.Truncate(path, 300) },
		"deleted": os.Remove,
	} {
		for _, kind := range []string{".data", ".map"} {
			for _, mounted := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %s, mounted %v", name, kind, mounted), func(t *testing.T) {
					dir := t.TempDir()
					r := newFake(size)
					s := mount(t, dir, Options{Memory: minMemory})
					f := openChecked(t, s, r)
					readAll(t, f, 0, size)
					if !mounted {
						_ = f.Close()
						_ = s.Close()
					}
					drained(s)
					for _, path := range find(t, dir, kind) {
						if err := damage(path); err != nil {
							t.Fatal(err)
						}
					}
					if !mounted {
						s = mount(t, dir, Options{Memory: minMemory})
						f = openChecked(t, s, r)
					}
					readAll(t, openChecked(t, s, newFake(9*MiB)), 0, 9*MiB) // takes the memory
					readAll(t, f, 0, size)
				})
			}
		}
	}
}

func find(t *testing.T, dir, kind string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == kind {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	return paths
}

func TestStreamThatFailsItsChecksumLeavesNothingOnDisk(t *testing.T) {
	dir := t.TempDir()
	r := newFake(22 * MiB)
	s := mount(t, dir, Options{})
	r.onStream = func(_ int, b *fakeBody) error {
		b.corrupt = true
		b.failAt, b.failure = r.size-10, errors.New("checksum")
		return nil
	}
	f := openChecked(t, s, r)
	p := make([]byte, 128<<10)
	for off := int64(0); off < r.size; off += int64(len(p)) {
		if _, err := f.ReadAt(t.Context(), p, off); err != nil {
			break
		}
	}
	_ = f.Close()
	_ = s.Close()
	d, err := disk.Open(dir, disk.Options{Free: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	file := d.File(r.checked())
	defer file.Close()
	for n := range int64(22) {
		block := make([]byte, MiB)
		if file.ReadBlock(n, block) != disk.Absent && !rightAt(block, n*MiB) {
			t.Errorf("block %d is wrong on disk", n)
		}
	}
	if parts, _ := filepath.Glob(filepath.Join(dir, "v1", "*", "*.part")); len(parts) > 0 {
		t.Errorf("left: %v", parts)
	}
}

func TestLocalIsTheWholeFile(t *testing.T) {
	dir := t.TempDir()
	r := newFake(21*MiB + 3)
	first := mount(t, dir, Options{})
	f := openChecked(t, first, r)
	if _, ok := f.Local(); ok {
		t.Error("nothing is there")
	}
	readAll(t, f, 0, r.size)
	_ = f.Close()
	_ = first.Close()
	f = openChecked(t, mount(t, dir, Options{}), down(r.size))
	local, ok := f.Local()
	if !ok {
		t.Fatal("what a stream brought is not handed out at once")
	}
	defer local.Close()
	got, err := io.ReadAll(local)
	if err != nil || int64(len(got)) != r.size || !rightAt(got, 0) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestNoReaderWaitsForASlowDisk(t *testing.T) {
	r := newFake(30 * MiB)
	s := mount(t, t.TempDir(), Options{Memory: 16 * MiB})
	s.behind.writers = maxWriters // that never write
	f := openChecked(t, s, r)
	readAll(t, f, 0, r.size)
	s.mu.Lock()
	if s.behind.bytes > s.opts.Memory/behindShare {
		t.Errorf("%d bytes wait to be written", s.behind.bytes)
	}
	s.behind.writers = 1
	s.wg.Go(s.writeBehind)
	s.mu.Unlock()
}

// TestStoresOnOneDirectory has two mounts with 8 readers each, while what is on disk is removed at random.
func TestStoresOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	deadline := time.Now().Add(stressTime(t))
	var readers, evictor sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		s := mount(t, dir, Options{Memory: minMemory})
		evictor.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.IntN(30)) * time.Millisecond):
				}
				s.opts.Disk.Clear(false)
			}
		})
		for i := range 8 {
			readers.Go(func() {
				p := make([]byte, 256<<10)
				for time.Now().Before(deadline) {
					r := newFake([]int64{700, 3*MiB + 5, 20 * MiB}[rand.IntN(3)])
					f := s.Open(r.checked(), r.open)
					off := int64(0)
					if i%2 == 0 {
						off = rand.Int64N(r.size)
					}
					for n := 0; n < 40 && off < r.size; n++ {
						p := p[:min(int64(len(p)), r.size-off)]
						if got, err := f.ReadAt(t.Context(), p, off); err != nil || !rightAt(p[:got], off) {
							t.Errorf("%d bytes at %d of %d: %d, %v", len(p), off, r.size, got, err)
						}
						off += int64(len(p))
					}
					if local, ok := f.Local(); ok {
						got, err := io.ReadAll(local)
						if err != nil || int64(len(got)) != r.size || !rightAt(got, 0) {
							t.Errorf("local: %d of %d bytes, %v", len(got), r.size, err)
						}
						_ = local.Close()
					}
					_ = f.Close()
				}
			})
		}
	}
	readers.Wait()
	close(stop)
	evictor.Wait()
}

// stressTime is a second or two, or what the environment says.
func stressTime(t *testing.T) time.Duration {
	text := os.Getenv("OPENBISFS_STRESS")
	d, err := time.ParseDuration(text)
	if text != "" && err != nil {
		t.Fatalf("OPENBISFS_STRESS: %v", err)
	}
	return max(d, 2*time.Second)
}
