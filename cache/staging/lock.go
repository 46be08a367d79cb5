package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// draftLock is the right to work on a draft. The kernel takes it back when the process dies.
type draftLock struct{ file *os.File }

// lockDraft takes the lock of the draft in dir without waiting. Another holder makes it [ErrBusy], a missing
// directory [ErrGone].
func lockDraft(dir string) (*draftLock, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: another process works on it", ErrBusy)
		}
		return nil, &fs.PathError{Op: "flock", Path: path, Err: err}
	}
	// Between open and flock the last holder may have renamed the directory away.
	here, err := os.Stat(path)
	if err == nil {
		var held fs.FileInfo
		if held, err = f.Stat(); err == nil && !os.SameFile(here, held) {
			err = ErrGone
		}
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrGone
		}
		return nil, err
	}
	return &draftLock{f}, nil
}

// unlock gives the lock back.
func (l *draftLock) unlock() { _ = l.file.Close() }
