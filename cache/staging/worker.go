package staging

import (
	"context"
	"errors"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

const (
	foreignPause = 15 * time.Second // before a draft that another process works on is looked at again
	maxFailures  = 4                // answers "failed" that are not final; then the draft needs somebody
)

// schedule puts a draft into the queue if there is work to do on it, and takes it out if not.
func (s *Store) schedule(d *Draft) {
	d.mu.Lock()
	active := d.rec.State.active(d.pinned) || d.unconfirmed()
	due, urgent := d.next, d.watchers > 0
	d.mu.Unlock()
	if !active && !s.inherits(d) || s.opts.Workers <= 0 {
		s.queue.remove(d)
		return
	}
	s.queue.add(d, due, urgent)
}

// work is the life of a worker.
func (s *Store) work() {
	for s.ctx.Err() == nil {
		d, wait := s.queue.next(time.Now())
		if d != nil {
			s.drive(d)
			continue
		}
		var timer <-chan time.Time
		if wait >= 0 {
			timer = time.After(wait)
		}
		select {
		case <-s.queue.wake:
		case <-timer:
		case <-s.ctx.Done():
		}
	}
}

// drive brings a draft as far as it gets now.
func (s *Store) drive(d *Draft) {
	select {
	case d.token <- struct{}{}:
	default:
		return // who holds it schedules the draft at the end
	}
	defer s.schedule(d)
	defer func() { <-d.token }()
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	if !d.start(stop) {
		return
	}
	defer d.start(nil)
	if err := d.acquire(); err != nil {
		if errors.Is(err, ErrBusy) {
			d.postpone(foreignPause)
		} else if !errors.Is(err, ErrGone) && !errors.Is(err, ErrDamaged) {
			s.failed(d, d.State(), err)
		}
		return
	}
	defer d.relinquish()
	for ctx.Err() == nil {
		err, state := d.flush(), d.State()
		var wait time.Duration
		if err == nil && !d.active() && !s.inherits(d) {
			return
		}
		if err == nil {
			wait, err = s.step(ctx, d)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return // it was this process that ended the attempt
		case err != nil:
			s.failed(d, state, err)
			return
		case wait > 0:
			d.postpone(wait)
			s.reconsider(d)
			return
		}
	}
}

// start registers how an operation stops the worker that is on the draft; it returns false if one waits already.
func (d *Draft) start(stop context.CancelFunc) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.interrupt = stop
	if d.waiting > 0 && stop != nil {
		d.interrupt = nil
		return false
	}
	return true
}

// active tells whether the draft has work for a worker.
func (d *Draft) active() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rec.State.active(d.pinned) || d.unconfirmed()
}

// postpone lets the draft wait before it is worked on again.
func (d *Draft) postpone(wait time.Duration) {
	d.mu.Lock()
	d.next = time.Now().Add(wait)
	d.mu.Unlock()
}

// pause is the next one of growing pauses. The token is held.
func (d *Draft) pause() time.Duration {
	if d.pauses == nil {
		d.pauses = newPauses(maxPause)
	}
	return d.pauses.NextBackOff()
}

// failed decides what it means that the step of a state failed. Answers to a registration have been dealt with by then.
func (s *Store) failed(d *Draft, state State, err error) {
	var disk *localError
	ofDisk := errors.As(err, &disk)
	beforeSending := state == Sealed || state == Planned || state == Uploading
	waiting := !state.Pending() && !state.onServer() // for others: only the predecessor was to be noted
	spoiled := errors.Is(err, ErrChanged) || errors.Is(err, ErrDamaged) || errors.Is(err, client.ErrCorrupt)
	switch {
	case spoiled && (beforeSending || state == Uploaded), beforeSending && !ofDisk && refused(err):
		_ = s.giveUp(d, err)
		return
	case away(err):
		s.queue.serverAway()
	case beforeSending && !ofDisk:
		r := d.revise(d.State())
		if r.Failures++; r.Failures >= maxFailures {
			_ = s.giveUp(d, err)
			return
		}
		_ = d.settle(r, err)
	}
	wait := d.pause()
	d.mu.Lock()
	if !waiting {
		d.err = err
	}
	d.next = time.Now().Add(wait)
	d.mu.Unlock()
	d.tell()
	s.log.Warn("a draft has to wait", "draft", d.id, "name", d.Name(), "state", state, "wait", wait.Round(time.Second), "err", err)
}

// giveUp makes a draft failed.
func (s *Store) giveUp(d *Draft, err error) error {
	r := d.revise(Failed)
	r.Reason = err.Error()
	d.pauses = nil
	s.log.Error("a draft was not registered; it is kept", "draft", d.id, "name", d.Name(), "path", d.Root(), "err", err)
	return d.settle(r, err)
}

// answered notes that the server is there.
func (s *Store) answered(err error) {
	if err == nil || errors.Is(err, client.ErrRefused) || errors.Is(err, client.ErrServer) {
		s.queue.serverBack()
	}
}
