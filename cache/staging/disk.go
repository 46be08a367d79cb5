package staging

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// disk is the local file system in the operations that change it or read content, so that tests can let each of them
// fail, or be the last one before the process dies.
type disk interface {
	Open(name string, flag int, perm fs.FileMode) (diskFile, error)
	Mkdir(name string, perm fs.FileMode) error
	Rename(from, to string) error
	Remove(name string) error
	RemoveAll(name string) error
	SyncDir(name string) error
}

// diskFile is an open file of a disk.
type diskFile interface {
	io.ReadWriteCloser
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Sync() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) Open(name string, flag int, perm fs.FileMode) (diskFile, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }
func (osDisk) Remove(name string) error                  { return os.Remove(name) }
func (osDisk) RemoveAll(name string) error               { return os.RemoveAll(name) }

// Rename is rename(2), which [os.Rename] is not: that refuses to replace an empty folder.
func (osDisk) Rename(from, to string) error {
	for {
		err := unix.Rename(from, to)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EINTR):
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
	}
}

// SyncDir makes the names in a directory durable.
func (osDisk) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// mkdirAll makes a directory and those above it, each durable in its parent.
func mkdirAll(d disk, name, parent string, perm fs.FileMode) error {
	err := d.Mkdir(name, perm)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.SyncDir(parent)
}
