package cache

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/disk"
)

// leave closes what one mount has open, as umount does.
func leave(t *testing.T, s *Store, f *File) {
	t.Helper()
	_ = f.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSecondMountReadsWhatWasReadInPart(t *testing.T) {
	for name, test := range map[string]func(*fake){
		"the reader stops":       func(*fake) {},
		"the connection is lost": func(r *fake) { r.onStream = breaks(13*MiB + 5) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			const half = 12*MiB + 3
			r := newFake(60 * MiB)
			test(r)
			s := mount(t, dir, Options{})
			f := openChecked(t, s, r)
			readAll(t, f, 0, half)
			_ = f.Close()
			for s.Stats().Streams > 0 {
				<-time.After(time.Millisecond)
			}
			leave(t, s, f)
			if r.seen().streams == 0 {
				t.Fatal("it was no stream")
			}

			gone := down(r.size)
			s = mount(t, dir, Options{})
			f = openChecked(t, s, gone)
			readAll(t, f, 0, half)
			if got := gone.seen(); got.streams+got.bursts != 0 {
				t.Errorf("again: the server saw %+v", got)
			}
			leave(t, s, f)

			// The rest, with which the checksum is found right.
			s = mount(t, dir, Options{})
			f = openChecked(t, s, r)
			readAll(t, f, 0, r.size)
			drained(s)
			local, ok := f.Local()
			for deadline := time.Now().Add(time.Minute); !ok && time.Now().Before(deadline); local, ok = f.Local() {
				<-time.After(time.Millisecond) // it is verified in the background
			}
			if !ok {
				t.Fatal("it is not whole")
			}
			_ = local.Close()
			r.deliveries(t)
			leave(t, s, f)
		})
	}
}

// breaks loses the connection of every stream after so many bytes.
func breaks(after int64) func(int, *fakeBody) error {
	return func(_ int, b *fakeBody) error {
		b.failAt, b.failure = after, errReset
		return nil
	}
}

// TestWrongBytesOfABrokenStreamAreFoundInTheEnd has a stream bring wrong bytes, which nobody can know as it breaks.
func TestWrongBytesOfABrokenStreamAreFoundInTheEnd(t *testing.T) {
	for name, remount := range map[string]bool{"the same mount": false, "another mount": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := newFake(40 * MiB)
			r.onStream = func(_ int, b *fakeBody) error {
				b.corrupt = true
				return breaks(10*MiB)(0, b)
			}
			s := mount(t, dir, Options{Memory: 64 * MiB})
			f := openChecked(t, s, r)
			p := make([]byte, 128<<10)
			for off := int64(0); off < 9*MiB; off += int64(len(p)) {
				if _, err := f.ReadAt(t.Context(), p, off); err != nil {
					t.Fatal(err)
				}
			}
			_ = f.Close()
			drained(s)
			if remount {
				_ = s.Close()
				s = mount(t, dir, Options{Memory: 64 * MiB})
			}
			f = openChecked(t, s, r)
			r.onStream = nil
			wrong, err := int64(0), error(nil)
			for off := int64(0); off < r.size && err == nil; off += int64(len(p)) {
				if _, err = f.ReadAt(t.Context(), p, off); err == nil && !rightAt(p, off) {
					wrong++
				}
			}
			if remount && (wrong == 0 || !errors.Is(err, ErrCorrupt)) {
				t.Errorf("%d wrong reads, then %v", wrong, err)
			}
			_ = f.Close()
			drained(s)
			for range 2 { // what is wrong is dropped, here and on disk
				if !remount {
					break
				}
				f = openChecked(t, s, r)
				readAll(t, f, 0, r.size)
				leave(t, s, f)
				s = mount(t, dir, Options{Memory: 64 * MiB})
			}
		})
	}
}

// TestNoWrongWholeFileFromProvisionalBlocks reads a file whose provisional blocks are wrong, by many at a time: who gets
// to its end has got the right bytes.
func TestNoWrongWholeFileFromProvisionalBlocks(t *testing.T) {
	dir := t.TempDir()
	r := newFake(30 * MiB)
	d, err := disk.Open(dir, disk.Options{Free: 1})
	if err != nil {
		t.Fatal(err)
	}
	file := d.File(r.checked())
	part := file.Part()
	for n := range int64(20) {
		block := expected(n*MiB, MiB)
		block[n] ^= 1
		part.WriteBlock(n, block)
	}
	part.Keep()
	file.Close()
	_ = d.Close()

	s := mount(t, dir, Options{Memory: 64 * MiB})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			f := s.Open(r.checked(), r.open)
			defer func() { _ = f.Close() }()
			p := make([]byte, r.size)
			switch n, err := f.ReadAt(t.Context(), p, 0); {
			case err == nil && !rightAt(p, 0):
				t.Error("wrong bytes, and no error")
			case err != nil && !errors.Is(err, ErrCorrupt):
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
	wg.Wait()
	readAll(t, openChecked(t, s, r), 0, r.size)
}

// hanging is the file of a disk that does not answer.
type hanging struct {
	file
	gate    chan struct{}
	present bool // it does, when it is asked what is there
	told    chan struct{}
	once    sync.Once
}

func (h *hanging) Presence() disk.Presence {
	if !h.present {
		<-h.gate
	}
	return h.file.Presence()
}

func (h *hanging) ReadBlock(n int64, p []byte) disk.Standing {
	<-h.gate
	return h.file.ReadBlock(n, p)
}

func (h *hanging) Local() (*os.File, bool) {
	<-h.gate
	return h.file.Local()
}

func (h *hanging) Hung() {
	h.file.Hung()
	h.once.Do(func() { close(h.told) })
}

func TestDiskThatHangsIsNotWaitedFor(t *testing.T) {
	for name, present := range map[string]bool{"when it is asked what is there": false, "when it is read": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := newFake(12 * MiB)
			s := mount(t, dir, Options{})
			f := openChecked(t, s, r)
			readAll(t, f, 0, r.size)
			leave(t, s, f)

			s = mount(t, dir, Options{})
			s.diskPatience = 20 * time.Millisecond
			f = openChecked(t, s, r)
			h := &hanging{gate: make(chan struct{}), told: make(chan struct{}), present: present}
			s.mu.Lock()
			h.file = f.content.level.file
			f.content.level.file = h
			s.mu.Unlock()
			before := r.seen()
			readAll(t, f, 0, r.size)
			<-h.told
			if _, ok := f.Local(); ok {
				t.Error("a disk that hangs has handed out a file")
			}
			if got := r.seen(); got.streams+got.bursts == before.streams+before.bursts {
				t.Error("the server was not asked")
			}
			if s.opts.Disk.Stats().Trouble == nil {
				t.Error("the disk does not rest")
			}
			close(h.gate)
			readAll(t, f, 0, r.size)
		})
	}
}

// TestWhatASlowDiskMissedIsWrittenLater reads more at once than may wait for the disk.
func TestWhatASlowDiskMissedIsWrittenLater(t *testing.T) {
	dir := t.TempDir()
	r := newFake(30 * MiB)
	s := mount(t, dir, Options{Memory: 48 * MiB})
	s.behind.writers = maxWriters // that do not write yet
	f := openChecked(t, s, r)
	readAll(t, f, 0, r.size)
	s.mu.Lock()
	if s.behind.bytes > s.opts.Memory/behindShare || len(s.behind.postponed) == 0 {
		t.Errorf("%d bytes wait to be written, %d blocks are postponed", s.behind.bytes, len(s.behind.postponed))
	}
	s.behind.writers = 1
	s.wg.Go(s.writeBehind)
	s.mu.Unlock()
	leave(t, s, f)

	gone := down(r.size)
	f = openChecked(t, mount(t, dir, Options{}), gone)
	readAll(t, f, 0, r.size)
	if got := gone.seen(); got.opened != 0 {
		t.Errorf("the server saw %+v", got)
	}
}
