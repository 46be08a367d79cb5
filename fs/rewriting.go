package fs

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// writeAt writes to the content.
func (s *staged) writeAt(ctx context.Context, p []byte, off int64) (int, error) {
	var n int
	err := s.change(ctx, keepAll, func(f *staging.File) (err error) {
		n, err = f.WriteAt(p, off)
		return err
	})
	return n, err
}

// truncate changes the size.
func (s *staged) truncate(ctx context.Context, size int64) error {
	return s.change(ctx, size, func(f *staging.File) error { return f.Truncate(size) })
}

// keepAll is the number of bytes to keep when all are kept.
const keepAll = 1<<63 - 1

// change calls f with the content open for writing. keep is how many bytes of
// what is there are needed.
func (s *staged) change(ctx context.Context, keep int64, f func(*staging.File) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for !s.writable {
		s.mu.RUnlock()
		err := s.revive(ctx, keep)
		s.mu.RLock()
		if err != nil {
			return err
		}
	}
	s.dirty.Store(true)
	err := f(s.file)
	if err != nil {
		s.spoil(damageOf(err))
	}
	return err
}

// revive makes the content writable. What was held, refused or still waits to be
// registered is open again. What the server has, or is about to have, becomes a
// new draft: the name will be another Dataset.
func (s *staged) revive(ctx context.Context, keep int64) error {
	if err := s.lockUnsealed(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.writable {
		return nil
	}
	if s.unlinked {
		return staging.ErrGone
	}
	d := s.draftNow()
	switch d.State() {
	case staging.Opened:
	case staging.Registered, staging.Verified, staging.Released:
		next, err := s.succeed(d, keep)
		if err != nil {
			return err
		}
		d.Release()
		d = next
	default:
		held := heldFor(d)
		if err := d.Reopen(ctx); err != nil {
			return err
		}
		if held != nil && keep > 0 {
			defer s.spoil(held) // more of what is incomplete makes nothing complete
		}
	}
	file, err := d.OpenFile("", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s.shut()
	s.draft.Store(d)
	s.file, s.writable = file, true
	s.spoiled.Store(nil)
	return nil
}

// lockUnsealed takes the lock when no sealing is going on.
func (s *staged) lockUnsealed(ctx context.Context) error {
	for {
		s.mu.Lock()
		sealing := s.sealing
		if sealing == nil {
			return nil
		}
		s.mu.Unlock()
		select {
		case <-sealing:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// succeed makes a draft that goes on from the content of a registered one. The lock is held.
func (s *staged) succeed(old *staging.Draft, keep int64) (*staging.Draft, error) {
	owner, name := s.vol.overlay.where(s)
	d, err := s.vol.overlay.store.Create(owner, name, false)
	if err != nil {
		return nil, err
	}
	s.vol.overlay.know(d)
	if err := copyContent(d, old, keep); err != nil {
		return nil, errors.Join(err, d.Discard(s.vol.life))
	}
	m := old.Meta()
	m.Parents = []string{old.PermID()}
	if err := d.SetMeta(s.vol.life, m); err != nil {
		return nil, errors.Join(err, d.Discard(s.vol.life))
	}
	return d, nil
}

// copyContent copies the beginning of a file draft to another.
func copyContent(to, from *staging.Draft, keep int64) (err error) {
	if keep == 0 {
		return nil
	}
	in, err := from.OpenFile("", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := to.OpenFile("", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(io.NewOffsetWriter(out, 0), io.NewSectionReader(in, 0, keep))
	return err
}
