package fs

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/meta"
)

// overlayPause is how often drafts of other processes are looked for.
const overlayPause = time.Second

// overlay knows what is staged in the directories of Objects and Collections,
// by name. A staged name hides what the server has under it. Its lock is held
// for bookkeeping only, and may be taken while that of a [staged] is held.
type overlay struct {
	vol   *volume
	store *staging.Store

	mu      sync.Mutex
	looked  time.Time
	known   map[string]bool // drafts, by ID, that are or were shown
	owners  map[string]map[string]*staged
	entries map[string]*meta.Entry   // of the owners whose directories were used
	nodes   map[string]*dirNode      // of the owners whose directories the kernel knows
	last    map[place]*staging.Draft // what a name was last registered as, or is being registered as for good
}

// place is a name in an owner's directory.
type place struct{ owner, name string }

func newOverlay(vol *volume, store *staging.Store) *overlay {
	o := &overlay{
		vol: vol, store: store, known: make(map[string]bool), owners: make(map[string]map[string]*staged),
		entries: make(map[string]*meta.Entry), nodes: make(map[string]*dirNode), last: make(map[place]*staging.Draft),
	}
	store.Watch(o.notice)
	return o
}

// ownerOf tells what owns the Datasets in a directory, if it takes any.
func ownerOf(dir *meta.Entry) (owner staging.Owner, ok bool) {
	switch entity := dir.Entity().(type) {
	case *client.Object:
		return staging.Owner{Kind: staging.Object, PermID: entity.PermID, Identifier: entity.Identifier}, true
	case *client.Collection:
		return staging.Owner{Kind: staging.Collection, PermID: entity.PermID, Identifier: entity.Identifier}, true
	}
	return staging.Owner{}, false
}

// find returns what is staged under a name in a directory, or nil.
func (o *overlay) find(dir *meta.Entry, name string) *staged {
	owner, ok := ownerOf(dir)
	if !ok {
		return nil
	}
	o.look()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries[owner.PermID] = dir
	return o.owners[owner.PermID][name]
}

// list returns everything that is staged in a directory, sorted by name.
func (o *overlay) list(dir *meta.Entry) []*staged {
	owner, ok := ownerOf(dir)
	if !ok {
		return nil
	}
	o.look()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries[owner.PermID] = dir
	return slices.SortedFunc(maps.Values(o.owners[owner.PermID]), func(a, b *staged) int { return cmp.Compare(a.name, b.name) })
}

// create makes a draft, and shows it under its name.
func (o *overlay) create(dir *meta.Entry, name string, directory bool) (*staged, error) {
	owner, _ := ownerOf(dir)
	draft, err := o.store.Create(owner, name, directory)
	if err != nil {
		return nil, err
	}
	s := newStaged(o.vol, draft)
	s.owner, s.name = owner, name
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries[owner.PermID] = dir
	o.known[draft.ID()] = true
	o.put(s)
	return s, nil
}

// put shows s. The lock is held.
func (o *overlay) put(s *staged) {
	names := o.owners[s.owner.PermID]
	if names == nil {
		names = make(map[string]*staged)
		o.owners[s.owner.PermID] = names
	}
	names[s.name] = s
}

// take hides s.
func (o *overlay) take(s *staged) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(s)
}

func (o *overlay) drop(s *staged) {
	if names := o.owners[s.owner.PermID]; names[s.name] == s {
		delete(names, s.name)
	}
}

// move shows s under another name, in place of what had it.
func (o *overlay) move(s *staged, owner staging.Owner, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(s)
	s.owner, s.name = owner, name
	o.put(s)
}

// where returns the place of s.
func (o *overlay) where(s *staged) (owner staging.Owner, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.owner, s.name
}

// found tells whether s was there before this mount, which shows it until it is
// registered, and longer only if somebody has seen it.
func (o *overlay) found(s *staged) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.found
}

// know keeps a draft that continues a staged name from being shown by itself.
func (o *overlay) know(d *staging.Draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.known[d.ID()] = true
}

// registered is told that a name has become a Dataset. It may be another's name, or draft, by then.
func (o *overlay) registered(s *staged, d *staging.Draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := place{s.owner.PermID, s.name}
	if o.last[at] == nil || s.draftNow() == d && o.owners[at.owner][at.name] == s {
		o.last[at] = d
	}
}

// precede is told that a name is another's, and that nothing keeps the draft that had it from becoming a Dataset.
func (o *overlay) precede(owner staging.Owner, name string, d *staging.Draft) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last[place{owner.PermID, name}] = d
}

// previous returns what a name was registered as in this mount, or is being registered as, before s; nil if nothing.
func (o *overlay) previous(s *staged) *staging.Draft {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last[place{s.owner.PermID, s.name}]
}

// look takes notice of drafts that were there before this mount, or that others
// make. Those that are being written by another process are left to it.
func (o *overlay) look() {
	o.mu.Lock()
	if time.Since(o.looked) < overlayPause {
		o.mu.Unlock()
		return
	}
	o.looked = time.Now()
	o.mu.Unlock()
	drafts := o.store.Drafts()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range drafts { // oldest first: the newest of a name is shown
		o.discover(d)
	}
	for _, names := range o.owners {
		for name, s := range names {
			if state := s.draftNow().State(); s.found && s.relic.Load() == nil && (state == staging.Released || state == staging.Discarded) {
				delete(names, name)
			}
		}
	}
}

// discover shows a draft that this mount has not made, and tells whether it is a new one. The lock is held.
func (o *overlay) discover(d *staging.Draft) bool {
	if o.known[d.ID()] {
		return false
	}
	switch d.State() {
	case staging.Opened, staging.Damaged, staging.Verified, staging.Released, staging.Discarded:
		return false
	}
	o.known[d.ID()] = true
	s := newStaged(o.vol, d)
	s.owner, s.name = d.Owner(), d.Name()
	if other := o.owners[s.owner.PermID][s.name]; other == nil || other.found {
		s.found = true
		o.put(s)
	}
	return true
}
