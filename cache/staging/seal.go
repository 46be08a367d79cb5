package staging

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// sealers is how many files are synced and summed at a time: the file system joins their fsyncs.
const sealers = 8

var buffers = sync.Pool{New: func() any { b := make([]byte, 1<<20); return &b }}

// Seal ends the writing: it makes the content durable, records size and checksum of each file, and gives the draft to
// the workers. Temporary files stay out. Sealing what is sealed already does nothing. When it fails the draft is still
// open; but if the disk failed, the draft is held, because what a failed fsync has lost is not reported twice.
func (d *Draft) Seal(ctx context.Context) error {
	return d.exclusive(ctx, func() error {
		switch state := d.State(); {
		case state == Opened:
			return d.seal(ctx)
		case state.Pending() || state.onServer():
			return nil
		default:
			return stateError("seal", state)
		}
	})
}

// seal makes the draft sealed. The token is held.
func (d *Draft) seal(ctx context.Context) error {
	d.mu.Lock()
	if d.writers > 0 {
		d.mu.Unlock()
		return fmt.Errorf("seal: %w: %d open for writing", ErrBusy, d.writers)
	}
	d.sealing = true
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.sealing = false
		d.mu.Unlock()
	}()
	if Temporary(d.Name()) {
		return fmt.Errorf("seal %q: %w", d.Name(), ErrTemporary)
	}
	early := d.early()
	early.finish(0)
	m, err := d.fix(ctx)
	if err != nil {
		early.finish(aheadLag)
	}
	var failed *syncError
	if errors.As(err, &failed) {
		r := d.revise(Held)
		r.Reason = "the local disk failed: " + err.Error()
		return errors.Join(err, d.settle(r, fmt.Errorf("%w: %s", ErrHeld, r.Reason)))
	}
	if err != nil {
		return err
	}
	text, err := m.encode()
	if err != nil {
		return local(err)
	}
	if err := replaceFile(d.store.disk, d.dir, manifestFile, text); err != nil {
		return local(err)
	}
	r := d.revise(Sealed)
	r.Content, r.Reason = m.sum(text), ""
	r.Failures = 0 // the plan is that of an upload ahead, or is to be replaced: see plan
	if err := d.save(r); err != nil {
		return err
	}
	d.setBytes(r.Content.Bytes)
	return nil
}

// syncError is a failed fsync of content.
type syncError struct{ err error }

func (e *syncError) Error() string { return e.err.Error() }
func (e *syncError) Unwrap() error { return e.err }

// fix makes the content durable and returns what it is.
func (d *Draft) fix(ctx context.Context) (*manifest, error) {
	m, folders, err := d.walk()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.store.ctx, func() { cancel(ErrClosed) })() //nolint:contextcheck // the caller's and the Store's, both
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sealers)
	for i := range m.Files {
		g.Go(func() error {
			return d.fixFile(ctx, &m.Files[i])
		})
	}
	for _, folder := range folders {
		g.Go(func() error {
			if err := d.store.disk.SyncDir(folder); err != nil {
				return &syncError{err}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return m, nil
}

// fixFile makes one file durable and fills in size and checksum.
func (d *Draft) fixFile(ctx context.Context, f *sealedFile) (err error) {
	file, err := d.store.disk.Open(filepath.Join(d.Root(), f.Path), os.O_RDONLY, 0)
	if err != nil {
		return local(err)
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return &syncError{err}
	}
	sum := crc32.NewIEEE()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for err == nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var n int
		n, err = file.ReadAt(*buffer, f.Size)
		_, _ = sum.Write((*buffer)[:n])
		f.Size += int64(n)
	}
	f.CRC32 = sum.Sum32()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return local(err)
}

// followLink tells why there is no file behind a symbolic link that could be registered in its place: a file of the
// draft that is registered itself. Links to folders would make copies of them, and the content of others is not the
// user's choice.
func followLink(root, rel string) error {
	target, err := os.Readlink(filepath.Join(root, rel))
	if err != nil {
		return local(err)
	}
	inside, err := os.OpenRoot(root)
	if err != nil {
		return local(err)
	}
	defer inside.Close()
	info, err := inside.Stat(rel)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %q leads to %q, which is no file in here", ErrLink, rel, target)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %q leads to %q, which is a folder", ErrLink, rel, target)
	}
	return nil
}

// walk lists what is to be sealed: files without size and checksum, empty folders, and all folders' paths on disk.
func (d *Draft) walk() (m *manifest, folders []string, err error) {
	root := d.Root()
	m = new(manifest)
	filled := make(map[string]bool) // folders with something in them, by relative path
	var all []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return local(err)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return local(err)
		}
		if rel == "." {
			rel = ""
		}
		info, err := entry.Info()
		if err != nil {
			return local(err)
		}
		switch {
		case rel == "" && info.IsDir() != d.Directory():
			return local(&fs.PathError{Op: "seal", Path: path, Err: fs.ErrInvalid})
		case rel != "" && TemporaryFile(entry.Name(), info.Mode()):
			if info.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if rel != "" {
			if err := checkName(entry.Name()); err != nil {
				return &fs.PathError{Op: "seal", Path: rel, Err: err}
			}
			filled[filepath.Dir(rel)] = true
		}
		switch {
		case info.IsDir():
			folders = append(folders, path)
			if rel != "" {
				all = append(all, rel)
			}
		case info.Mode().IsRegular():
			m.Files = append(m.Files, sealedFile{Path: rel})
		case info.Mode().Type() == fs.ModeSymlink:
			if err := followLink(root, rel); err != nil {
				return err
			}
			m.Files = append(m.Files, sealedFile{Path: rel})
		default:
			return &fs.PathError{Op: "seal", Path: rel, Err: errors.ErrUnsupported}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if len(m.Files) == 0 {
		return nil, nil, ErrEmpty
	}
	m.Folders = slices.DeleteFunc(all, func(rel string) bool { return filled[rel] })
	return m, folders, nil
}
