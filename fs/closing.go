package fs

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
)

// procDir is where processes are looked at.
const procDir = "/proc"

// flush decides what a close means, made by the thread pid. Each close of each
// duplicate of a descriptor arrives here; only the last one saves.
func (s *staged) flush(req context.Context, pid uint32) syscall.Errno {
	if !s.dirty.Load() {
		return 0
	}
	from := lookAtCaller(procDir, pid)
	killed := from.killed(os.Geteuid() == 0 || s.vol.owner.Uid == uint32(os.Getuid()))
	_, name := s.vol.overlay.where(s)
	if openForWriting(procDir, name, s.ino) {
		return 0
	}
	s.mu.RLock()
	gone := s.unlinked
	s.mu.RUnlock()
	if gone {
		return 0
	}
	if killed {
		s.spoil(wasKilled)
	}
	if d := s.spoiled.Load(); d != nil {
		s.hold(d)
		return d.errno
	}
	if s.ephemeral() {
		return 0
	}
	ctx, done := s.vol.beginClose(req, pid)
	defer done()
	return s.save(ctx, !from.exiting() && !s.vol.closeInBackground)
}

// hold keeps an incomplete file from being registered.
func (s *staged) hold(d *damage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut()
	if err := s.draftNow().Hold(s.vol.life, d.reason); err != nil {
		s.vol.log.Error("holding a draft", "draft", s.draftNow().ID(), "err", err)
		return
	}
	s.dirty.Store(false)
	s.spoiled.Store(nil)
}

// save seals what was written, sees to its registration, and waits for the
// outcome if it is asked to.
func (s *staged) save(ctx context.Context, wait bool) syscall.Errno {
	d, err := s.seal(ctx, false)
	if err != nil {
		errno := s.failed("close", err)
		if ofLocalDisk(err) {
			// The program is told, and saves again or not. To register it all the same would make it two Datasets, or one
			// that nobody wants any more.
			s.hold(&damage{reason: "it could not be sealed: " + err.Error(), errno: errno})
		}
		return errno
	}
	if d == nil {
		return 0
	}
	if !wait {
		s.vol.follow(s, d)
		return 0
	}
	return s.await(ctx, d)
}

// await waits for a registration. When the wait is given up, it goes on without.
func (s *staged) await(ctx context.Context, d *staging.Draft) syscall.Errno {
	err := outcome(ctx, d)
	switch {
	case err == nil:
		s.vol.overlay.registered(s, d)
		return 0
	case errors.Is(err, staging.ErrPending):
		s.vol.follow(s, d)
	}
	return s.failed("register", err)
}

// outcome waits for a registration, and does not begin one again that has failed.
func outcome(ctx context.Context, d *staging.Draft) error {
	if state := d.State(); state == staging.Failed || state == staging.Held {
		return d.Err()
	}
	return d.Commit(ctx)
}

// saveInBackground sees to the registration of what was written, unless it is open for writing again: closing that saves
// it. What goes wrong is logged: nobody is there to be told.
func (s *staged) saveInBackground() {
	s.vol.background.Go(func() {
		d, err := s.seal(s.vol.life, true)
		switch {
		case err != nil:
			_ = s.failed("save", err)
		case d != nil:
			s.vol.follow(s, d)
		}
	})
}

// ofLocalDisk tells whether it was the local disk that kept a draft from being sealed.
func ofLocalDisk(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && !errors.Is(err, staging.ErrBusy) && !errors.Is(err, staging.ErrSealed) && !errors.Is(err, staging.ErrGone)
}

// seal ends the writing. It returns the draft that is to be registered, nil if
// there is nothing to save. With unlessOpen it leaves alone what is open for writing.
func (s *staged) seal(ctx context.Context, unlessOpen bool) (*staging.Draft, error) {
	previous := s.vol.overlay.previous(s)
	if err := s.lockUnsealed(ctx); err != nil {
		return nil, err
	}
	if !s.dirty.Load() || s.unlinked || unlessOpen && s.writers > 0 {
		s.mu.Unlock()
		return nil, nil
	}
	d := s.draftNow()
	s.shut()
	s.dirty.Store(false)
	s.sealing = make(chan struct{})
	s.mu.Unlock()

	err := inherit(ctx, d, previous)
	if err == nil {
		err = d.Seal(ctx)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.sealing)
	s.sealing = nil
	if err != nil {
		s.dirty.Store(true)
		return nil, err
	}
	return d, nil
}

// inherit makes the Dataset that the name was registered as before, or is being
// registered as, the parent of the next, unless the user has named others.
func inherit(ctx context.Context, d, previous *staging.Draft) error {
	if previous == nil {
		return nil
	}
	return d.SetPredecessor(ctx, previous)
}

// failed translates the error of a save for the kernel, and logs it.
func (s *staged) failed(op string, err error) syscall.Errno {
	errno := stagedErrno(err)
	owner, name := s.vol.overlay.where(s)
	if ok, suppressed := s.vol.failures.admit(); ok {
		s.vol.log.Error("not saved; the data stays staged", "op", op, "name", name, "owner", owner.Identifier,
			"draft", s.draftNow().ID(), "errno", errnoName(errno), "err", err, "suppressed", suppressed)
	}
	return errno
}

// follow waits in the background until a draft is registered or given up.
func (v *volume) follow(s *staged, d *staging.Draft) {
	v.background.Go(func() {
		if err := outcome(v.life, d); err == nil {
			v.overlay.registered(s, d)
		}
	})
}

// stagedErrno translates errors of staged data and of its registration.
func stagedErrno(err error) syscall.Errno {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return syscall.EINTR
	case errors.Is(err, client.ErrForbidden), errors.Is(err, client.ErrUnauthenticated):
		return syscall.EACCES
	case errors.Is(err, client.ErrRefused):
		return syscall.EINVAL
	case isTimeout(err):
		return syscall.ETIMEDOUT
	case errors.Is(err, client.ErrUnavailable), errors.Is(err, client.ErrServer), errors.Is(err, client.ErrProtocol):
		return syscall.EIO
	case errors.As(err, &errno) && errno != syscall.ENOSYS:
		return errno
	default:
		return syscall.EIO
	}
}
