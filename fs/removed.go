package fs

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// reviveRemoved lets those who have a file open write on whose name was removed
// after it had been sealed. What they write goes with the last of them, as in any
// removed file. The lock is held.
func (s *staged) reviveRemoved(ctx context.Context, keep int64) error {
	if r := s.relic.Load(); r != nil {
		return s.waitFor(ctx, s.fetch(func() (adopt func() error, err error) {
			d, file, err := s.nameless(func(d *staging.Draft) error { return s.vol.copyRelic(d, r, keep) })
			return func() error { return s.adoptNameless(d, file) }, err
		}))
	}
	d, file, err := s.nameless(func(d *staging.Draft) error {
		if s.file == nil {
			return nil
		}
		return copyContent(d, io.NewSectionReader(s.file, 0, keep))
	})
	if err != nil {
		return err
	}
	return s.adoptNameless(d, file)
}

// nameless makes a draft that is gone but for its file, which fill copies.
func (s *staged) nameless(fill func(*staging.Draft) error) (*staging.Draft, *staging.File, error) {
	owner, name := s.vol.overlay.where(s)
	d, err := s.vol.overlay.store.Create(owner, name, false)
	if err != nil {
		return nil, nil, err
	}
	s.vol.overlay.know(d)
	file, err := d.OpenFile("", os.O_RDWR, 0)
	if err == nil {
		err = fill(d)
	}
	if err := errors.Join(err, d.Discard(s.vol.life)); err != nil {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
		return nil, nil, err
	}
	return d, file, nil
}

func (s *staged) adoptNameless(d *staging.Draft, file *staging.File) error {
	if s.opens == 0 { // nobody waited for it
		return errors.Join(staging.ErrGone, file.Close())
	}
	s.shut()
	s.draft.Store(d)
	s.relic.Store(nil)
	s.file, s.writable = file, true
	return nil
}
