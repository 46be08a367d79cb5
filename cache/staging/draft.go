package staging

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Draft is a file or directory that is to become one Dataset. It is safe for concurrent use.
//
// Two things guard it. The token is held by whoever changes the draft on disk, a worker or an operation, also across
// remote calls. The mutex guards the fields, and is held for bookkeeping only.
type Draft struct {
	store *Store
	id    string
	dir   string
	token chan struct{} // of capacity 1: full while held

	// Of the queue, under its mutex.
	heap  *dueHeap
	index int
	due   time.Time

	// Under the token.
	lock   *draftLock // nil when this process does not work on the draft
	pauses *backoff.ExponentialBackOff
	seen   time.Time     // modification of the record that was read
	growth [8]sync.Mutex // by inode: whoever makes a file longer

	mu        sync.Mutex
	rec       *record // what the journal says, or is to say (unsaved)
	unsaved   bool    // rec tells more than the journal: an outcome that could not be written
	own       bool    // the lock is kept
	foreign   bool    // another process had the lock when it was wanted last
	pinned    bool    // the local copy is in use after registration
	waiting   int     // operations that want the token; workers yield to them
	sent      bool    // a registration was sent and is not answered
	interrupt context.CancelFunc
	watchers  int // in Commit
	writers   int // open files, and changes being made
	sealing   bool
	err       error
	uploaded  int64 // bytes that the server has, of the current upload
	bytes     int64 // counted in the budget
	next      time.Time
	changed   chan struct{} // closed at the next change; nil when nobody waits
	handover  handover
	ahead     *ahead // of a file that is being written; nil when nothing of it is sent ahead
}

func newDraft(s *Store, id string) *Draft {
	return &Draft{store: s, id: id, dir: filepath.Join(s.dir, id), token: make(chan struct{}, 1)}
}

// ID names the draft, for ever and for all processes; IDs sort by age.
func (d *Draft) ID() string { return d.id }

// Root is the path of the staged file or directory itself. What is there may be changed while the draft is open only.
func (d *Draft) Root() string { return filepath.Join(d.dir, dataFile) }

// Owner is the entity that gets the Dataset.
func (d *Draft) Owner() Owner { return d.record().Owner }

// Name is the name of the Dataset's only file or top-level folder.
func (d *Draft) Name() string { return d.record().Name }

// Directory tells whether the draft is a directory.
func (d *Draft) Directory() bool { return d.record().Directory }

// Meta is what the Dataset will be registered with.
func (d *Draft) Meta() Meta { return d.record().Meta.clone() }

// State is where the draft is.
func (d *Draft) State() State { return d.record().State }

// PermID is the Dataset's, from registered on; "" before.
func (d *Draft) PermID() string { return d.record().PermID }

// Err is why the draft is failed, held or damaged, or why the last attempt of what goes on failed; nil if nothing is wrong.
func (d *Draft) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Progress returns how many bytes the server has got, and how many there are; total is 0 before sealing.
func (d *Draft) Progress() (sent, total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.progress()
}

func (d *Draft) progress() (sent, total int64) {
	if d.rec.Content == nil {
		return 0, 0
	}
	total = d.rec.Content.Bytes
	switch d.rec.State {
	case Uploading, Uploaded, Registering:
		return min(d.uploaded, total), total
	case Registered, Verified, Released:
		return total, total
	}
	return 0, total
}

// Release says that nobody reads the local copy any more. It is removed once the server's is verified.
func (d *Draft) Release() {
	d.mu.Lock()
	d.pinned = false
	if d.rec.State == Verified {
		d.next = time.Time{} // it did not wait for this
	}
	d.mu.Unlock()
	d.store.schedule(d)
}

// Pin keeps the local copy, also of a registered Dataset, until Release or the end of the Store. It returns [ErrGone]
// when it is too late.
func (d *Draft) Pin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rec.State == Released || d.rec.State == Discarded {
		return ErrGone
	}
	d.pinned = true
	return nil
}

func (d *Draft) record() *record {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rec
}

// moving tells whether there is work to do on the draft that no other process does.
func (d *Draft) moving() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.foreign && d.rec.State.active(d.pinned)
}

// set replaces what is known and tells everybody. err is the new Err.
func (d *Draft) set(r *record, err error) {
	d.mu.Lock()
	before := d.rec
	d.rec, d.err = r, err
	d.mu.Unlock()
	d.tellFamily(before, r)
	d.report(before, r)
	d.tell()
}

// tell wakes those who wait for a change.
func (d *Draft) tell() {
	d.mu.Lock()
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
	d.mu.Unlock()
	d.store.notify()
}

// revise returns a copy of the draft's record to be changed and given to save.
func (d *Draft) revise(state State) *record {
	r := *d.record()
	r.State = state
	r.Changed = time.Now().UTC()
	return &r
}

// note brings a state into force that is not worth a record: a crash has the same consequences as in the state before.
// The token is held.
func (d *Draft) note(state State) { d.set(d.revise(state), nil) }

// save brings a record to disk and then into force: for transitions that permit an action. The token is held.
func (d *Draft) save(r *record) error {
	if err := writeRecord(d.store.disk, d.dir, r); err != nil {
		return local(err)
	}
	d.mu.Lock()
	d.unsaved = false
	d.mu.Unlock()
	d.set(r, nil)
	return nil
}

// settle brings a record to disk and into force: for outcomes, which are true whether or not they can be written.
// The token is held.
func (d *Draft) settle(r *record, reason error) error {
	err := local(writeRecord(d.store.disk, d.dir, r))
	d.conclude(r, reason, err != nil)
	return err
}

// conclude brings an outcome into force, written or not.
func (d *Draft) conclude(r *record, reason error, unsaved bool) {
	d.mu.Lock()
	before := d.rec
	d.rec, d.err, d.unsaved = r, reason, unsaved
	d.mu.Unlock()
	d.tellFamily(before, r)
	d.report(before, r)
	d.tell()
}

// flush writes an outcome that could not be written before. The token is held.
func (d *Draft) flush() error {
	d.mu.Lock()
	r, unsaved := d.rec, d.unsaved
	d.mu.Unlock()
	if !unsaved {
		return nil
	}
	if err := writeRecord(d.store.disk, d.dir, r); err != nil {
		return local(err)
	}
	d.mu.Lock()
	d.unsaved = false
	d.mu.Unlock()
	return nil
}

// acquire takes the lock and, if it was not held, reads the record anew: another process may have worked on the draft.
// The token is held.
func (d *Draft) acquire() error {
	if d.lock != nil {
		return nil
	}
	lock, err := lockDraft(d.dir)
	if err == nil {
		d.lock = lock
		err = d.reload()
	}
	d.mu.Lock()
	d.foreign = errors.Is(err, ErrBusy)
	d.mu.Unlock()
	if err != nil {
		d.relinquish()
	}
	return err
}

// relinquish gives the lock back unless it is kept. The token is held.
func (d *Draft) relinquish() {
	d.mu.Lock()
	keep := d.own || d.unsaved
	d.mu.Unlock()
	if d.lock != nil && !keep {
		d.lock.unlock()
		d.lock = nil
	}
}

// reload takes over what the journal says. The lock is held, or the draft is not looked at by anybody yet.
func (d *Draft) reload() error {
	r, err := readRecord(d.dir, d.id)
	switch {
	case errors.Is(err, ErrGone):
		d.vanish()
		return err
	case errors.Is(err, ErrDamaged):
		damaged := &record{ID: d.id, Name: d.id, State: Damaged}
		if old := d.record(); old != nil {
			damaged.Owner, damaged.Name, damaged.Directory = old.Owner, old.Name, old.Directory
		}
		d.set(damaged, err)
		return err
	case err != nil:
		return local(err)
	}
	current := recovered(r, time.Now().UTC())
	if old := d.record(); old != nil && old.State == Verified && r.State == Registered && old.PermID == r.PermID {
		verified := *r // a Dataset does not change
		verified.State = Verified
		current = &verified
	}
	d.adopt(current)
	d.mu.Lock()
	d.unsaved = current.UnknownSince != r.UnknownSince // from when on the outcome is unknown has to last
	d.mu.Unlock()
	return nil
}

// adopt takes over a record that was read.
func (d *Draft) adopt(r *record) {
	d.mu.Lock()
	old, err := d.rec, d.err
	d.mu.Unlock()
	if old == nil || old.State != r.State || old.Reason != r.Reason {
		err = nil
		if r.Reason != "" {
			err = errors.New(r.Reason)
		}
		if r.State == Held {
			err = fmt.Errorf("%w: %s", ErrHeld, r.Reason)
		}
	}
	if r.Content != nil {
		d.setBytes(r.Content.Bytes)
	}
	d.set(r, err)
}

// vanish is told that another process released or discarded the draft.
func (d *Draft) vanish() {
	gone := *d.record()
	if gone.State.onServer() {
		gone.State = Released
	} else {
		gone.State = Discarded
	}
	d.set(&gone, ErrGone)
	d.store.forget(d)
}
