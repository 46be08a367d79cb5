package staging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// step does what the state of an active draft asks for. It returns how long to wait before the next step. Token and
// lock are held.
func (s *Store) step(ctx context.Context, d *Draft) (wait time.Duration, err error) {
	if d.record().Predecessor != "" {
		return s.inherit(d)
	}
	switch state := d.State(); state {
	case Sealed:
		return 0, s.plan(ctx, d)
	case Planned:
		d.note(Uploading)
		return 0, nil
	case Uploading:
		return 0, s.upload(ctx, d)
	case Uploaded:
		return 0, s.register(ctx, d)
	case Registering:
		return s.resolve(ctx, d)
	case Registered:
		return s.verify(ctx, d)
	case Verified:
		if d.kept() {
			return s.verify(ctx, d)
		}
		if s.awaited(d) {
			return predecessorPause, nil
		}
		return 0, s.release(ctx, d)
	default:
		return 0, fmt.Errorf("nothing to do for a draft that is %s", state)
	}
}

// plan makes the registration's key, which is in the journal before anything is sent. If the upload has begun while the
// file was written, there is one. Any other has been given up: what is on the server under it is removed.
func (s *Store) plan(ctx context.Context, d *Draft) error {
	r := d.revise(Planned)
	if early := d.early(); early != nil {
		early.stop()
		if r.Plan != nil && early.usable(ctx) {
			if err := d.save(r); err != nil {
				return err
			}
			d.mu.Lock()
			d.ahead = nil
			d.mu.Unlock()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		d.forgo()
	}
	if r.Plan != nil {
		s.discardUpload(ctx, *r.Plan)
	}
	plan, err := s.opts.Registrar.PlanRegistration(ctx, s.opts.Registration)
	s.answered(err)
	if err != nil {
		return err
	}
	r = d.revise(Planned)
	r.Plan = &plan
	return d.save(r)
}

// upload brings the content to the server, what is missing of it.
func (s *Store) upload(ctx context.Context, d *Draft) error {
	ds, err := d.dataSet()
	if err != nil {
		return err
	}
	err = s.opts.Registrar.UploadDataSet(ctx, *d.record().Plan, ds, func(sent int64) {
		d.mu.Lock()
		d.uploaded = sent
		d.mu.Unlock()
	})
	s.answered(err)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.uploaded = d.rec.Content.Bytes
	d.mu.Unlock()
	d.note(Uploaded)
	return nil
}

// register makes one attempt. If an earlier one has no known outcome, it may have got through while the upload was
// repeated, so the server is asked once more.
func (s *Store) register(ctx context.Context, d *Draft) error {
	ds, err := d.dataSet()
	if err != nil {
		return err
	}
	if d.record().UnknownSince != nil {
		if found, err := s.find(ctx, d, ds); found || err != nil {
			return err
		}
	}
	r := d.revise(Registering)
	r.Attempts++
	if err := d.save(r); err != nil {
		return err
	}
	if !d.sending(true) {
		// An operation wants the draft and was told that it can have it: nothing was sent.
		return d.save(d.revise(Uploaded))
	}
	permID, err := s.opts.Registrar.RegisterDataSet(s.registerCtx, *r.Plan, ds) //nolint:contextcheck // what was sent is not taken back when the worker is
	d.sending(false)
	s.answered(err)
	if err == nil && permID == "" {
		err = fmt.Errorf("%w: no permId in the answer", client.ErrOutcomeUnknown)
	}
	return s.outcome(d, permID, err)
}

// sending marks that a registration was sent and is not answered; it returns false if an operation came first.
func (d *Draft) sending(sent bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if sent && d.waiting > 0 {
		return false
	}
	d.sent = sent
	return true
}

// outcome draws the conclusion from the answer to an attempt.
func (s *Store) outcome(d *Draft, permID string, err error) error {
	r := d.revise(Registering)
	switch {
	case err == nil:
		return s.registered(d, permID)
	case errors.Is(err, client.ErrOutcomeUnknown):
		// From now on, and not from when it was sent: it may have been on its way for long.
		r.UnknownSince = &r.Changed
	case r.UnknownSince != nil:
		// It may be an earlier attempt that this one was refused for: registering asks the server.
		if !away(err) {
			r.Failures++
		}
		if refused(err) {
			r.Failures = maxFailures
		}
		r.Reason = err.Error()
	case refused(err):
		return s.giveUp(d, err)
	case away(err):
		r.State = Planned // it was not registered, and what was uploaded may be gone
	default:
		if r.Failures++; r.Failures >= maxFailures {
			return s.giveUp(d, err)
		}
		r.State = Planned
	}
	return errors.Join(err, d.settle(r, err))
}

// resolve finds out what has become of an attempt without a known outcome.
func (s *Store) resolve(ctx context.Context, d *Draft) (wait time.Duration, err error) {
	r := d.record()
	ds, err := d.dataSet()
	if err != nil {
		return 0, err
	}
	if found, err := s.find(ctx, d, ds); found || err != nil {
		return 0, err
	}
	if left := time.Until(s.settles(r)); left > 0 {
		return min(left, d.pause()), nil
	}
	if r.Failures >= maxFailures {
		reason := d.Err()
		if reason == nil {
			reason = errors.New(r.Reason)
		}
		return 0, s.giveUp(d, reason)
	}
	again := d.revise(Planned)
	again.Reason = ""
	return 0, d.save(again)
}

// settles is until when "the server does not have it" is not believed of a record; the zero time: it is.
func (s *Store) settles(r *record) time.Time {
	if r.UnknownSince == nil || r.Plan == nil || r.Plan.PermID != "" {
		return time.Time{}
	}
	wait := s.opts.Settle
	if r.Content != nil {
		wait += time.Duration(r.Content.Bytes/settleRate) * time.Second
	}
	return r.UnknownSince.Add(wait)
}

// find asks the server for what the plan has registered, and draws the conclusion if it is there.
func (s *Store) find(ctx context.Context, d *Draft, ds *client.NewDataSet) (found bool, err error) {
	permID, found, err := s.opts.Registrar.FindRegistration(ctx, *d.record().Plan, ds)
	s.answered(err)
	if err != nil || !found {
		return false, err
	}
	return true, s.registered(d, permID)
}

// registered notes that the server has the Dataset. Whoever waits for it is told last.
func (s *Store) registered(d *Draft, permID string) error {
	r := d.revise(Registered)
	r.PermID, r.RegisteredAt, r.Reason = permID, &r.Changed, ""
	d.pauses = nil
	err := local(writeRecord(s.disk, d.dir, r))
	s.log.Info("registered", "draft", d.id, "name", r.Name, "dataset", permID)
	if s.opts.OnRegistered != nil {
		s.opts.OnRegistered(d, permID)
	}
	d.conclude(r, nil, err != nil)
	return err
}

// release removes the local copy of what the server is known to have.
func (s *Store) release(ctx context.Context, d *Draft) error {
	r := d.record()
	if r.Plan.Route != client.UploadedDataSet || r.Attempts > 1 {
		s.discardUpload(ctx, *r.Plan)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return d.remove(Released)
}
