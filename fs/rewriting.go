package fs

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/cache/staging"
)

// writeAt writes to the content.
func (s *staged) writeAt(ctx context.Context, p []byte, off int64) (int, error) {
	var n int
	err := s.change(ctx, keepAll, func(f *staging.File) (err error) { //nolint:contextcheck // sending ahead outlives the write that begins it
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
// registered is open again. What the server has, or is being asked to take, becomes a
// new draft: the name will be another Dataset, with that one as parent.
func (s *staged) revive(ctx context.Context, keep int64) error {
	if err := s.lockUnsealed(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.writable {
		return nil
	}
	if s.unlinked {
		return s.reviveRemoved(ctx, keep)
	}
	d := s.draftNow()
	switch d.State() {
	case staging.Opened:
	case staging.Registered, staging.Verified, staging.Released:
		if r := s.relic.Load(); r != nil {
			return s.waitFor(ctx, s.fetch(func() (adopt func() error, err error) {
				next, err := s.succeed(d, func(next *staging.Draft) error { return s.vol.copyRelic(next, r, keep) })
				return func() error {
					if s.unlinked { // whoever waits finds that out
						return next.Discard(s.vol.life)
					}
					return s.install(next)
				}, err
			}))
		}
		return s.replace(d, keep)
	default:
		held := heldFor(d)
		err := d.Reopen(ctx)
		if err != nil && underWay(d) {
			return s.replace(d, keep)
		}
		if err != nil {
			return err
		}
		if held != nil && keep > 0 {
			defer s.spoil(held) // more of what is incomplete makes nothing complete
		}
	}
	return s.install(d)
}

// underWay tells whether nothing keeps a draft any more from becoming a Dataset, unless the server refuses it.
func underWay(d *staging.Draft) bool {
	switch d.State() {
	case staging.Registering, staging.Registered, staging.Verified, staging.Released:
		return true
	}
	return false
}

// replace goes on with a copy of what is or becomes a Dataset. The lock is held.
func (s *staged) replace(old *staging.Draft, keep int64) error {
	next, err := s.succeed(old, func(next *staging.Draft) error { return copyDraft(next, old, keep) })
	if err != nil {
		return err
	}
	old.Release()
	return s.install(next)
}

// install makes d what s is, and opens it. The lock is held.
func (s *staged) install(d *staging.Draft) error {
	file, err := d.OpenFile("", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	s.shut()
	s.draft.Store(d)
	s.relic.Store(nil)
	s.heir = nil
	s.file, s.writable = file, true
	s.spoiled.Store(nil)
	return nil
}

// fetching is content on its way from the server, to be written to.
type fetching struct {
	done chan struct{}
	err  error // when done is closed
}

// fetch begins to make a draft of a Dataset's file, which copying does; what that returns puts it into its place,
// under the lock. It goes on when who needs it gives up: another attempt finds more done. The lock is held.
func (s *staged) fetch(copying func() (adopt func() error, err error)) *fetching {
	f := &fetching{done: make(chan struct{})}
	s.sealing = f.done
	s.vol.background.Go(func() {
		adopt, err := copying()
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			err = adopt()
		}
		f.err = err
		s.sealing = nil
		close(f.done)
	})
	return f
}

// waitFor waits for f without the lock, which is held before and after.
func (s *staged) waitFor(ctx context.Context, f *fetching) error {
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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

// succeed makes a draft that goes on from the content of a registered one, which fill copies.
func (s *staged) succeed(old *staging.Draft, fill func(next *staging.Draft) error) (*staging.Draft, error) {
	owner, name := s.vol.overlay.where(s)
	d, err := s.vol.overlay.store.Create(owner, name, false)
	if err != nil {
		return nil, err
	}
	s.vol.overlay.know(d)
	if err := fill(d); err != nil {
		return nil, errors.Join(err, d.Discard(s.vol.life))
	}
	m := old.Meta()
	m.Parents = nil // but the old one
	if err := errors.Join(d.SetMeta(s.vol.life, m), d.SetPredecessor(s.vol.life, old)); err != nil {
		return nil, errors.Join(err, d.Discard(s.vol.life))
	}
	s.watch(d)
	return d, nil
}

// copyDraft copies the beginning of a file draft to another.
func copyDraft(to, from *staging.Draft, keep int64) (err error) {
	if keep == 0 {
		return nil
	}
	in, err := from.OpenFile("", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(copyContent(to, io.NewSectionReader(in, 0, keep)), in.Close())
}

// copyRelic copies the beginning of a Dataset's file to a file draft.
func (v *volume) copyRelic(to *staging.Draft, r *relic, keep int64) error {
	if keep = min(keep, r.entry.Size); keep == 0 {
		return nil
	}
	h := v.read(r, r.entry.Name)
	return errors.Join(copyContent(to, io.NewSectionReader(relicReader{v.life, h.file}, 0, keep)), h.file.Close())
}

func copyContent(to *staging.Draft, from io.Reader) error {
	out, err := to.OpenFile("", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	// Large enough that a sequential read of the cache is one.
	_, err = io.CopyBuffer(io.NewOffsetWriter(out, 0), from, make([]byte, cache.BlockSize))
	return errors.Join(err, out.Close())
}
