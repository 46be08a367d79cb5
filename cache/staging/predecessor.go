package staging

import (
	"context"
	"sync/atomic"
	"time"
)

// predecessorPause is how often a draft looks at its predecessor, or that at it, while one waits for the other. Both are told
// of each other's changes; this is for what happens in other processes.
const predecessorPause = 15 * time.Second

// SetPredecessor has the Dataset that old becomes be the parent of this draft's, unless the draft has parents or a
// predecessor already. Whether old becomes one need not be known yet: while old is on its way, this draft waits before it
// is planned. If old is failed, held, open again, damaged or gone by then, this draft goes on without, and does so for
// good. It is possible while [Draft.SetMeta] is.
func (d *Draft) SetPredecessor(ctx context.Context, old *Draft) error {
	return d.exclusive(ctx, func() error {
		if err := d.editable("set predecessor"); err != nil {
			return err
		}
		r := d.revise(d.State())
		if old == d || r.Predecessor != "" || len(r.Meta.Parents) > 0 {
			return nil
		}
		s := d.store
		s.link(d, "", old.id) // first: from now on old does not go without a word
		now := old.record()
		switch {
		case now.State.onServer():
			r.Meta = r.Meta.withParent(now.PermID)
		case now.State.Pending():
			r.Predecessor = old.id
		}
		var err error
		if r.Predecessor != "" || len(r.Meta.Parents) > 0 {
			err = d.amend(r)
		}
		if d.record().Predecessor == "" {
			s.link(d, old.id, "")
		}
		return err
	})
}

func (m Meta) withParent(permID string) Meta {
	m = m.clone()
	m.Parents = append(m.Parents, permID)
	return m
}

// succession is who waits for whom among the drafts of a Store, under its mutex.
type succession struct {
	waiting map[string]map[*Draft]bool // by ID of the predecessor
	legacy  map[string]string          // permIds of predecessors that are gone and still waited for, by ID

	complete atomic.Bool // all drafts that were on disk are among them
}

// link notes that d waits for another predecessor than before; "" is none.
func (s *Store) link(d *Draft, before, now string) {
	if before == now {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now != "" {
		if s.family.waiting[now] == nil {
			s.family.waiting[now] = make(map[*Draft]bool)
		}
		s.family.waiting[now][d] = true
	}
	if waiting := s.family.waiting[before]; waiting[d] {
		delete(waiting, d)
		if len(waiting) == 0 {
			delete(s.family.waiting, before)
			delete(s.family.legacy, before)
		}
	}
}

// successors returns the drafts that wait for one.
func (s *Store) successors(id string) (list []*Draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d := range s.family.waiting[id] {
		list = append(list, d)
	}
	return list
}

// awaited tells whether a draft may wait for d, which must not go then: after a crash it would be looked for in vain.
func (s *Store) awaited(d *Draft) bool {
	return len(s.successors(d.id)) > 0 || !s.allKnown()
}

// allKnown tells whether the drafts that were on disk have been read.
func (s *Store) allKnown() bool { return s.family.complete.Load() }

// bequeath keeps the permId of a draft that goes for those who wait for it. The mutex is held.
func (s *Store) bequeath(id, permID string) {
	if permID != "" && s.family.waiting[id] != nil {
		s.family.legacy[id] = permID
	}
}

// tellFamily lets the drafts that wait for d, and the one that d has waited for, see what has become of it.
func (d *Draft) tellFamily(before, now *record) {
	s := d.store
	if before.Predecessor != now.Predecessor {
		s.link(d, before.Predecessor, now.Predecessor)
		if old, err := s.Draft(before.Predecessor); err == nil && old.State() == Verified {
			s.recall(old)
		}
	}
	if before.State != now.State {
		for _, successor := range s.successors(d.id) {
			s.recall(successor)
		}
	}
}

// recall ends the pause of a draft.
func (s *Store) recall(d *Draft) {
	d.mu.Lock()
	d.next = time.Time{}
	d.mu.Unlock()
	s.schedule(d)
}

// recallFamilies lets all look again who had to wait for the drafts on disk to be known.
func (s *Store) recallFamilies() {
	for _, d := range s.Drafts() {
		if d.State() == Verified || d.record().Predecessor != "" {
			s.recall(d)
		}
	}
}

// parentOf returns the permId of a predecessor, "" while it is not known.
func (s *Store) parentOf(id string) string {
	s.mu.Lock()
	old, legacy := s.drafts[id], s.family.legacy[id]
	s.mu.Unlock()
	if legacy != "" || old == nil {
		return legacy
	}
	return old.PermID()
}

// fate tells what becomes of a draft's predecessor: its permId, or "", and whether that is final.
func (s *Store) fate(d *Draft) (permID string, final bool) {
	id := d.record().Predecessor
	if permID = s.parentOf(id); permID != "" {
		return permID, true
	}
	old, err := s.Draft(id)
	if err != nil {
		if !s.allKnown() {
			return "", false
		}
		s.look(id) // another process may have made it
		if old, err = s.Draft(id); err != nil {
			return "", true
		}
	}
	if permID = s.parentOf(id); permID != "" {
		return permID, true
	}
	if !old.State().Pending() {
		return s.parentOf(id), true
	}
	for _, earlier := range s.predecessors(d) {
		if earlier == d { // nobody but a damaged journal waits for itself
			return "", true
		}
	}
	return "", false
}

// predecessors returns the drafts that d waits for, the next one first. If they wait for d, it ends with d.
func (s *Store) predecessors(d *Draft) (list []*Draft) {
	seen := make(map[*Draft]bool)
	for at := d; ; {
		id := at.record().Predecessor
		if id == "" {
			return list
		}
		old, err := s.Draft(id)
		if err != nil || seen[old] {
			return list
		}
		seen[old] = true
		list = append(list, old)
		if old == d {
			return list
		}
		at = old
	}
}

// inherit takes over what is known of the draft's predecessor. Only a draft that is to be planned needs to know that
// there is nothing. Token and lock are held.
func (s *Store) inherit(d *Draft) (wait time.Duration, err error) {
	r := d.revise(d.State())
	permID, final := s.fate(d)
	if !final || permID == "" && r.State != Sealed {
		return predecessorPause, nil
	}
	r.Predecessor = ""
	if permID != "" {
		r.Meta = r.Meta.withParent(permID)
	}
	return 0, d.amend(r)
}

// reconsider ends a pause that began when what it was for became known.
func (s *Store) reconsider(d *Draft) {
	switch r := d.record(); {
	case r.State == Verified && !d.kept() && !s.awaited(d):
		d.postpone(0)
	case r.Predecessor != "":
		if permID, final := s.fate(d); final && (r.State == Sealed || permID != "") {
			d.postpone(0)
		}
	}
}

// inherits tells whether the permId of the draft's predecessor is known and not in its record.
func (s *Store) inherits(d *Draft) bool {
	id := d.record().Predecessor
	return id != "" && s.parentOf(id) != ""
}
