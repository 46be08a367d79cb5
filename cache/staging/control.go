package staging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// exclusive calls f with token and lock, after stopping a worker that is on the draft. A registration that was sent
// can't be stopped: [ErrBusy]. Afterwards the draft goes where its state belongs.
func (d *Draft) exclusive(ctx context.Context, f func() error) error {
	if !d.store.enter() {
		return ErrClosed
	}
	defer d.store.wg.Done()
	d.mu.Lock()
	if d.sent {
		d.mu.Unlock()
		return stateError("change", Registering)
	}
	d.waiting++
	if d.interrupt != nil {
		d.interrupt()
	}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.waiting--
		d.mu.Unlock()
		d.store.schedule(d)
	}()
	select {
	case d.token <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-d.token }()
	if state := d.State(); state == Released || state == Discarded {
		return stateError("change", state)
	}
	if err := d.acquire(); err != nil && !errors.Is(err, ErrDamaged) {
		return err
	}
	defer d.relinquish()
	return f()
}

// editable tells whether owner, name and metadata may change: nothing that an attempt of unknown outcome is found by.
func (d *Draft) editable(op string) error {
	r := d.record()
	switch r.State {
	case Opened, Held, Failed:
		if r.UnknownSince != nil {
			return fmt.Errorf("%s: %w: the server may have registered it as it is", op, ErrBusy)
		}
		return nil
	}
	return stateError(op, r.State)
}

// Rename gives the draft another owner and name. Only an open, held or failed draft can be renamed.
func (d *Draft) Rename(ctx context.Context, owner Owner, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return d.exclusive(ctx, func() error {
		if err := d.editable("rename"); err != nil {
			return err
		}
		if d.Name() != name {
			d.forgo() // it is part of what was sent
		}
		r := d.revise(d.State())
		r.Owner, r.Name = owner, name
		return d.amend(r)
	})
}

// SetMeta says what the Dataset is to be registered with. It is possible while Rename is.
func (d *Draft) SetMeta(ctx context.Context, meta Meta) error {
	meta = meta.clone()
	return d.exclusive(ctx, func() error {
		if err := d.editable("set metadata"); err != nil {
			return err
		}
		r := d.revise(d.State())
		r.Meta = meta
		if len(meta.Parents) > 0 {
			r.Predecessor = "" // the user has named others
		}
		return d.amend(r)
	})
}

// amend saves a record that keeps the state, and the error that belongs to it.
func (d *Draft) amend(r *record) error {
	err := d.Err()
	if err := d.save(r); err != nil {
		return err
	}
	d.set(r, err)
	return nil
}

// Hold keeps the draft from being registered until [Draft.Retry], for a reason that the user will read.
func (d *Draft) Hold(ctx context.Context, reason string) error {
	return d.exclusive(ctx, func() error {
		state := d.State()
		if state == Registering || state != Opened && state != Held && state != Failed && !state.Pending() {
			return stateError("hold", state)
		}
		d.forgo()
		r := d.revise(Held)
		r.Reason = reason
		if err := d.save(r); err != nil {
			return err
		}
		d.set(r, fmt.Errorf("%w: %s", ErrHeld, reason))
		return nil
	})
}

// Reopen makes a draft writable again that is not on the server and can't be on its way there. This process keeps it.
func (d *Draft) Reopen(ctx context.Context) error {
	return d.exclusive(ctx, func() error {
		r := d.revise(Opened)
		switch {
		case d.State() == Opened:
			return nil
		case r.UnknownSince != nil:
			return stateError("reopen", Registering)
		case d.State() != Held && d.State() != Failed && !d.State().Pending():
			return stateError("reopen", d.State())
		}
		d.forgo()
		r.Content, r.Reason, r.Failures = nil, "", 0 // what was sent goes when there is another plan
		if err := d.save(r); err != nil {
			return err
		}
		d.mu.Lock()
		d.own, d.pinned = true, true
		d.mu.Unlock()
		return nil
	})
}

// Retry lets a failed or held draft go on, and one that waits between two attempts at once. What was refused is sealed,
// as it is now, and planned anew; what has an unknown outcome keeps its plan.
func (d *Draft) Retry(ctx context.Context) error {
	err := d.exclusive(ctx, func() error {
		r := d.revise(Registering)
		switch state := d.State(); {
		case state.Pending() || state.onServer():
			return nil
		case state != Failed && state != Held:
			return stateError("retry", state)
		case r.UnknownSince == nil:
			return d.seal(ctx)
		}
		r.Reason, r.Failures = "", 0
		return d.save(r)
	})
	if err == nil {
		d.hurry()
	}
	return err
}

// hurry ends the draft's waiting between attempts.
func (d *Draft) hurry() {
	d.mu.Lock()
	d.next = time.Time{}
	if d.rec.State.Pending() {
		d.err = nil
	}
	d.mu.Unlock()
	d.store.queue.serverBack()
	d.store.schedule(d)
	for _, old := range d.store.predecessors(d) {
		d.store.recall(old)
	}
}

// Commit seals the draft, or retries it if it is failed or held, and waits for the outcome: nil when the server has the
// Dataset, and otherwise what Err says. When ctx ends the wait, or when there is no session any more, the error is
// [ErrPending] too, and the work goes on in the background.
func (d *Draft) Commit(ctx context.Context) error {
	d.mu.Lock()
	d.watchers++
	state := d.rec.State
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.watchers--
		d.mu.Unlock()
	}()
	var err error
	switch state {
	case Failed, Held:
		err = d.Retry(ctx)
	case Opened:
		err = d.Seal(ctx)
	default:
		d.hurry()
	}
	if err != nil {
		return err
	}
	return d.wait(ctx)
}

// wait returns the outcome of a draft that is on its way.
func (d *Draft) wait(ctx context.Context) error {
	for {
		d.mu.Lock()
		state, err := d.rec.State, d.err
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed := d.changed
		d.mu.Unlock()
		switch {
		case state.onServer():
			return nil
		case state == Opened:
			return fmt.Errorf("commit: %w: it was opened again", ErrPending)
		case !state.Pending() && err == nil:
			return stateError("commit", state)
		case !state.Pending():
			return err
		case errors.Is(err, client.ErrUnauthenticated):
			return fmt.Errorf("%w: %w", ErrPending, err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return pending(context.Cause(ctx), d.Err())
		case <-d.store.ctx.Done():
			return pending(ErrClosed, d.Err())
		}
	}
}

// pending says that a wait was given up, and what the last attempt failed with.
func pending(why, last error) error {
	if last == nil {
		return fmt.Errorf("%w: %w", ErrPending, why)
	}
	return fmt.Errorf("%w: %w: %w", ErrPending, why, last)
}
