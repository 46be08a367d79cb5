package staging

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

func usage(s *Store) int64 {
	used, _ := s.Usage()
	return used
}

func TestStagedFileIsAnOrdinaryFile(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "x", false)
	f, err := d.OpenFile("", os.O_RDWR|os.O_APPEND, 0)
	must(t, err)
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { _, err := f.WriteAt([]byte("hello"), 0); return err }, "hello"},
		{func() error { _, err := f.WriteAt([]byte("LL"), 2); return err }, "heLLo"},
		{func() error { _, err := f.WriteAt([]byte("!"), 7); return err }, "heLLo\x00\x00!"},
		{func() error { return f.Truncate(3) }, "heL"},
		{func() error { return f.Truncate(5) }, "heL\x00\x00"},
		{f.Sync, "heL\x00\x00"},
	} {
		must(t, step.do())
		got, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
		if err != nil || string(got) != step.want {
			t.Errorf("got %q, %v, want %q", got, err, step.want)
		}
		if usage(s) != int64(len(step.want)) {
			t.Errorf("%d bytes counted of %d", usage(s), len(step.want))
		}
	}
	must(t, f.Close())
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	must(t, d.Discard(t.Context()))
	if usage(s) != 0 {
		t.Errorf("%d bytes counted after Discard", usage(s))
	}
}

func TestFullStagingIsENOSPCBeforeAnythingIsWritten(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil, func(o *Options) { o.Capacity = 10 })
	d := create(t, s, "d", true)
	put(t, d, "a", "123456")
	f, err := d.OpenFile("b", os.O_RDWR|os.O_CREATE, 0o644)
	must(t, err)
	defer f.Close()
	if n, err := f.WriteAt([]byte("12345"), 0); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %d, %v, want ENOSPC", n, err)
	}
	if err := f.Truncate(5); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("truncate: %v, want ENOSPC", err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("file has %d bytes, %v", info.Size(), err)
	}
	put(t, d, "a", "ABCDEF") // what is there can be overwritten
	if _, err := f.WriteAt([]byte("1234"), 0); err != nil {
		t.Errorf("the last bytes: %v", err)
	}
	must(t, d.Remove("a"))
	must(t, f.Truncate(10))
	put(t, d, "c", "")
	must(t, d.Move("b", "c"))
	must(t, d.Move("c", "c"))
	if usage(s) != 10 {
		t.Errorf("%d bytes counted, want 10", usage(s))
	}
}

func TestFailedWriteIsNotCounted(t *testing.T) {
	disk := newFaultDisk()
	s := openTest(t, t.TempDir(), disk, nil)
	d := create(t, s, "x", false)
	f, err := d.OpenFile("", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	disk.full = map[string]int{"write": 1, "truncate": 1}
	disk.arm()
	if _, err := f.WriteAt([]byte("12345"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %v, want ENOSPC", err)
	}
	if err := f.Truncate(7); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("truncate: %v, want ENOSPC", err)
	}
	if usage(s) != 0 {
		t.Errorf("%d bytes counted, want none", usage(s))
	}
}

func TestConcurrentWritersAreCountedExactly(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "x", false)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			f, err := d.OpenFile("", os.O_RDWR, 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			for off := range int64(200) {
				if _, err := f.WriteAt([]byte("abcdefghij"), off*7+int64(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	info, err := os.Stat(d.Root())
	must(t, err)
	if usage(s) != info.Size() {
		t.Errorf("%d bytes counted, file has %d", usage(s), info.Size())
	}
}

func TestPathsStayInTheDraft(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "d", true)
	for _, rel := range []string{"..", "../record.json", "a/../../record.json", "/etc/passwd"} {
		if _, err := d.OpenFile(rel, os.O_RDONLY, 0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("OpenFile(%q): %v", rel, err)
		}
		if err := d.Move("x", rel); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Move to %q: %v", rel, err)
		}
		if err := d.Remove(rel); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Remove(%q): %v", rel, err)
		}
	}
	file := create(t, s, "f", false)
	if _, err := file.OpenFile("x", os.O_RDONLY, 0); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("below a file: %v", err)
	}
	if err := file.Remove(""); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("the draft itself: %v", err)
	}
	if path, err := d.Path("a/b"); err != nil || path != filepath.Join(d.Root(), "a", "b") {
		t.Errorf("Path: %q, %v", path, err)
	}
}
