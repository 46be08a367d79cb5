package staging

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

var (
	_ io.ReaderAt = (*File)(nil)
	_ io.WriterAt = (*File)(nil)
)

// File is an open file of a draft. Its writes count against the capacity before they are made.
type File struct {
	draft *Draft
	rel   string
	file  diskFile
	write bool
	close sync.Once
}

// Path returns where a file or folder of the draft is on disk. rel is relative to the draft directory, "/"-separated;
// it is "" for the draft's file or directory itself. Paths that lead out of the draft are EINVAL.
func (d *Draft) Path(rel string) (string, error) {
	if rel == "" {
		return d.Root(), nil
	}
	if !d.Directory() || !filepath.IsLocal(rel) {
		return "", &fs.PathError{Op: "open", Path: rel, Err: syscall.EINVAL}
	}
	return filepath.Join(d.Root(), rel), nil
}

// OpenFile opens a file of the draft as [os.OpenFile] does. For writing, truncating or creating, the draft has to be
// open, and can't be sealed until the File is closed. Reading is possible until the draft is released.
func (d *Draft) OpenFile(rel string, flag int, perm fs.FileMode) (*File, error) {
	path, err := d.Path(rel)
	if err != nil {
		return nil, err
	}
	write := flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC) != 0
	if write {
		if err := d.begin("open"); err != nil {
			return nil, err
		}
	}
	// O_APPEND is for whoever computes offsets, and os.File has no WriteAt with it.
	file, err := d.store.disk.Open(path, flag&^(os.O_TRUNC|os.O_APPEND), perm)
	f := &File{draft: d, rel: rel, file: file, write: write}
	if err == nil && flag&os.O_TRUNC != 0 {
		if err = f.Truncate(0); err != nil {
			_ = file.Close()
		}
	}
	if err != nil {
		if write {
			d.end()
		}
		return nil, err
	}
	return f, nil
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) { return f.file.Stat() }

// WriteAt implements [io.WriterAt]. It fails with [ErrFull] before it writes what the capacity does not allow.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	end := off + int64(len(p))
	defer f.draft.early().wrote(off, end) // also what was written of a write that failed
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	if end <= info.Size() {
		return f.file.WriteAt(p, off)
	}
	defer f.growing(info)()
	if info, err = f.file.Stat(); err != nil {
		return 0, err
	}
	grown := max(0, end-info.Size())
	if err := f.draft.Reserve(grown); err != nil {
		return 0, err
	}
	n, err := f.file.WriteAt(p, off)
	if missing := min(grown, int64(len(p)-n)); missing > 0 {
		_ = f.draft.Reserve(-missing)
	}
	return n, err
}

// Truncate changes the size in bytes.
func (f *File) Truncate(size int64) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	defer f.draft.early().truncated(size)
	defer f.growing(info)()
	if info, err = f.file.Stat(); err != nil {
		return err
	}
	grown := size - info.Size()
	if grown > 0 {
		if err := f.draft.Reserve(grown); err != nil {
			return err
		}
	}
	if err := f.file.Truncate(size); err != nil {
		if grown > 0 {
			_ = f.draft.Reserve(-grown)
		}
		return err
	}
	if grown < 0 {
		_ = f.draft.Reserve(grown)
	}
	return nil
}

// growing keeps others from changing the size of the same file until the function it returns is called.
func (f *File) growing(info fs.FileInfo) func() {
	var inode uint64
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = stat.Ino
	}
	lock := &f.draft.growth[inode%uint64(len(f.draft.growth))]
	lock.Lock()
	return lock.Unlock
}

// Sync makes the file durable: its content, its name and the folders that it is in.
func (f *File) Sync() error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	dir := f.draft.dir
	if f.rel != "" {
		dir = filepath.Dir(filepath.Join(f.draft.Root(), f.rel))
	}
	for ; len(dir) >= len(f.draft.dir); dir = filepath.Dir(dir) {
		// A folder that is gone, or a draft, has no name to keep.
		if err := f.draft.store.disk.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Close closes the file. Nothing is sealed by it.
func (f *File) Close() error {
	err := fs.ErrClosed
	f.close.Do(func() {
		err = f.file.Close()
		if f.write {
			f.draft.end()
		}
	})
	return err
}

// Mkdir makes a folder.
func (d *Draft) Mkdir(rel string, perm fs.FileMode) error {
	return d.change("mkdir", rel, func(path string) error { return d.store.disk.Mkdir(path, perm|0o700) })
}

// Remove removes a file or an empty folder.
func (d *Draft) Remove(rel string) error {
	return d.change("remove", rel, func(path string) error {
		size := sizeOf(path)
		err := d.store.disk.Remove(path)
		if err == nil {
			_ = d.Reserve(-size)
		}
		return err
	})
}

// Move renames a file or folder within the draft, replacing what has the name as rename(2) does.
func (d *Draft) Move(from, to string) error {
	target, err := d.Path(to)
	if err != nil {
		return err
	}
	return d.change("rename", from, func(path string) error {
		replaced := sizeOf(target)
		if path == target {
			replaced = 0
		}
		err := d.store.disk.Rename(path, target)
		if err == nil {
			_ = d.Reserve(-replaced)
		}
		return err
	})
}

// change calls f with the path of something in a draft that is open, and stays so for the time.
func (d *Draft) change(op, rel string, f func(path string) error) error {
	path, err := d.Path(rel)
	if err != nil {
		return err
	}
	if rel == "" {
		return &fs.PathError{Op: op, Path: rel, Err: syscall.EINVAL}
	}
	if err := d.begin(op); err != nil {
		return err
	}
	defer d.end()
	return f(path)
}

// begin keeps the draft open until end.
func (d *Draft) begin(op string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rec.State != Opened {
		return stateError(op, d.rec.State)
	}
	if d.sealing || d.foreign {
		return ErrBusy
	}
	d.writers++
	return nil
}

func (d *Draft) end() {
	d.mu.Lock()
	d.writers--
	d.mu.Unlock()
}

// sizeOf returns what is given back when a name is removed: nothing as long as the file has another.
func sizeOf(path string) int64 {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink > 1 {
		return 0
	}
	return info.Size()
}
