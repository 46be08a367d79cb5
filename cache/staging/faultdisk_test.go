package staging

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

var errCrashed = errors.New("the process is dead")

// faultDisk is a disk on which the process can die, or an operation fail, at a chosen operation. It does not sync, which
// tests need not wait for, but counts and logs it.
type faultDisk struct {
	osDisk
	dead *atomic.Bool
	died chan struct{} // closed when dead

	mu      sync.Mutex
	armed   bool
	ops     []string       // since arming: "op path", the path relative to the staging directory where it is
	renames int            // since arming
	crash   int            // at this rename, if armed; -1 never
	after   bool           // crash after the rename
	failAt  int            // this operation fails, if armed; -1 none
	failFor int            // and so many after it
	errno   error          // with this
	full    map[string]int // operations by name that fail with ENOSPC, so many times
}

func newFaultDisk() *faultDisk {
	return &faultDisk{dead: new(atomic.Bool), died: make(chan struct{}), crash: -1, failAt: -1, failFor: 1}
}

// arm begins counting.
func (d *faultDisk) arm() {
	d.mu.Lock()
	d.armed = true
	d.mu.Unlock()
}

// log returns what was done since arming.
func (d *faultDisk) log() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.ops...)
}

// do runs one operation, if the process lives and the disk works.
func (d *faultDisk) do(op, path string, run func() error) error {
	if d.dead.Load() {
		return errCrashed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.armed {
		return run()
	}
	n := len(d.ops)
	d.ops = append(d.ops, op+" "+short(path))
	if d.failAt >= 0 && n >= d.failAt && n < d.failAt+d.failFor {
		return &fs.PathError{Op: op, Path: path, Err: d.errno}
	}
	if d.full[op] > 0 {
		d.full[op]--
		return &fs.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
	}
	if op == "rename" {
		d.renames++
		if d.renames-1 == d.crash {
			if d.after {
				_ = run()
			}
			d.dead.Store(true)
			close(d.died)
			return errCrashed
		}
	}
	return run()
}

// short names a path without what differs from run to run.
func short(path string) string {
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, newPrefix):
		return "NEW"
	case strings.HasPrefix(base, delPrefix):
		return "DEL"
	case idPattern.MatchString(base):
		return "DRAFT"
	case strings.HasPrefix(base, "server-"):
		return "HOME"
	}
	return base
}

func (d *faultDisk) Open(name string, flag int, perm fs.FileMode) (f diskFile, err error) {
	err = d.do("open", name, func() error {
		f, err = d.osDisk.Open(name, flag, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultFile{diskFile: f, disk: d, name: name}, nil
}

func (d *faultDisk) Mkdir(name string, perm fs.FileMode) error {
	return d.do("mkdir", name, func() error { return d.osDisk.Mkdir(name, perm) })
}

func (d *faultDisk) Rename(from, to string) error {
	return d.do("rename", to, func() error { return d.osDisk.Rename(from, to) })
}

func (d *faultDisk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.osDisk.Remove(name) })
}

func (d *faultDisk) RemoveAll(name string) error {
	return d.do("removeall", name, func() error { return d.osDisk.RemoveAll(name) })
}

func (d *faultDisk) SyncDir(name string) error {
	return d.do("syncdir", name, func() error { return nil })
}

type faultFile struct {
	diskFile
	disk *faultDisk
	name string
}

func (f *faultFile) Write(p []byte) (n int, err error) {
	err = f.disk.do("write", f.name, func() error {
		n, err = f.diskFile.Write(p)
		return err
	})
	return n, err
}

func (f *faultFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.disk.do("write", f.name, func() error {
		n, err = f.diskFile.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *faultFile) ReadAt(p []byte, off int64) (n int, err error) {
	if f.disk.dead.Load() {
		return 0, errCrashed
	}
	return f.diskFile.ReadAt(p, off)
}

func (f *faultFile) Truncate(size int64) error {
	return f.disk.do("truncate", f.name, func() error { return f.diskFile.Truncate(size) })
}

func (f *faultFile) Sync() error {
	return f.disk.do("sync", f.name, func() error { return nil })
}

// testOwner owns the drafts of the tests.
var testOwner = Owner{Kind: Object, PermID: "20240101120000000-1", Identifier: "/LAB/PROJECT/X1"}

// openTest opens a Store on dir that is closed at the end of the test at the latest.
func openTest(tb testing.TB, dir string, disk disk, registrar Registrar, change ...func(*Options)) *Store {
	tb.Helper()
	opts := Options{Server: "server", Registrar: registrar, DataSetType: "RAW_DATA", disk: disk, deaf: true}
	for _, c := range change {
		c(&opts)
	}
	s, err := Open(dir, opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { abandon(s) })
	return s
}
