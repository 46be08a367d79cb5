package staging

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// discardTimeout bounds the clean-up on the server, which nobody depends on.
const discardTimeout = 10 * time.Second

// Discard removes the draft and its content for good, whatever state it is in, also a damaged one. The server is not
// asked to delete what it has registered.
func (d *Draft) Discard(ctx context.Context) error {
	var plan *client.Plan
	err := d.exclusive(ctx, func() error {
		r := d.record()
		gone := Discarded
		if r.State.onServer() {
			gone = Released
		}
		plan = r.Plan
		d.forgo()
		return d.remove(gone)
	})
	if err == nil && plan != nil && d.store.opts.Registrar != nil {
		d.store.discardUpload(ctx, *plan)
	}
	return err
}

// remove takes the draft off the disk; the rename is what counts. Token and lock are held.
func (d *Draft) remove(state State) error {
	s := d.store
	away := filepath.Join(s.dir, delPrefix+d.id)
	if err := s.disk.Rename(d.dir, away); err != nil {
		return local(err)
	}
	if err := errors.Join(s.disk.SyncDir(s.dir), s.disk.RemoveAll(away)); err != nil {
		s.log.Warn("removing a draft", "draft", d.id, "err", err) // the next scan removes the rest
	}
	d.mu.Lock()
	gone := *d.rec
	d.own, d.unsaved = false, false
	d.mu.Unlock()
	gone.State = state
	var err error
	if state == Discarded {
		err = fmt.Errorf("%w: discarded", ErrGone)
	}
	s.forget(d)
	d.set(&gone, err)
	return nil
}

// discardUpload removes what an upload has left on the server, as well as it can.
func (s *Store) discardUpload(ctx context.Context, plan client.Plan) {
	ctx, cancel := context.WithTimeout(ctx, discardTimeout)
	defer cancel()
	if err := s.opts.Registrar.DiscardUpload(ctx, plan); err != nil {
		s.log.Debug("leftovers of an upload stay on the server", "upload", plan.UploadID, "err", err)
	}
}

// close is the end of the draft for this Store, which works on it no more.
func (d *Draft) close() error {
	d.token <- struct{}{}
	defer func() { <-d.token }()
	err := d.flush()
	d.mu.Lock()
	d.pinned = false
	state := d.rec.State
	d.mu.Unlock()
	awaited := d.store.awaited(d)
	if err == nil && state == Verified && !awaited && d.lock == nil {
		// It was left by another process. Whoever has the lock now sees to it.
		if lock, lockErr := lockDraft(d.dir); lockErr == nil {
			d.lock = lock
		}
	}
	if err == nil && state == Verified && !awaited && d.lock != nil {
		err = d.remove(Released)
	}
	if d.lock != nil {
		d.lock.unlock()
		d.lock = nil
	}
	return err
}
