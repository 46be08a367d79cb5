package meta

import (
	"context"
	"sync"
)

// arrivals are the entries of a directory whose listing is under way, in the order in which they came.
type arrivals struct {
	mu      sync.Mutex
	entries []*Entry
	byName  map[string]*Entry
	changed chan struct{} // closed when there are more, and then replaced
}

func newArrivals() *arrivals {
	return &arrivals{byName: make(map[string]*Entry), changed: make(chan struct{})}
}

// add publishes entries, which may not be changed from then on.
func (a *arrivals) add(entries ...*Entry) {
	if a == nil || len(entries) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries = append(a.entries, entries...)
	for _, e := range entries {
		a.byName[e.Name] = e
	}
	close(a.changed)
	a.changed = make(chan struct{})
}

// at returns entry i, or else nil and what is closed when there are more.
func (a *arrivals) at(i int) (*Entry, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i < len(a.entries) {
		return a.entries[i], nil
	}
	return nil, a.changed
}

// named returns the entry of that name, or else nil and what is closed when there are more.
func (a *arrivals) named(name string) (*Entry, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.byName[name]; e != nil {
		return e, nil
	}
	return nil, a.changed
}

// arrived returns the entry of a name in a directory whose listing is under way, as soon as it has arrived: who has read a
// name can use it. It returns nil when the whole listing has to tell, or is there.
func (t *Tree) arrived(ctx context.Context, dir *Entry, name string) *Entry {
	f := t.arriving(dir) //nolint:contextcheck // the question outlives whoever asks it
	if f == nil {
		return nil
	}
	for {
		e, more := f.arriving.named(name)
		if e != nil {
			return e
		}
		select {
		case <-more:
		case <-f.done:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// Reader goes through the entries of a directory, each once, and need not wait for the last to have the first. It is for
// one user at a time.
type Reader struct {
	tree *Tree
	dir  *Entry
	// complete has all entries; it is nil while they still arrive.
	complete *Listing
	flight   *flight
	rest     []*Entry // what the listing has beyond what had arrived, once it is complete
	arrived  int      // entries that came before rest
	ended    bool
}

// Open begins to read a directory. What is known is there at once, in the order of the names; what the server is asked for
// comes in the server's order, as soon as it is there. It fails as [Tree.List] does, or at [Reader.At].
func (t *Tree) Open(ctx context.Context, dir *Entry) (*Reader, error) {
	if dir.id.kind == kindCollection {
		if f := t.arriving(dir); f != nil { //nolint:contextcheck // the question outlives whoever asks it
			return &Reader{tree: t, dir: dir, flight: f}, nil
		}
	}
	l, err := t.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &Reader{tree: t, dir: dir, complete: l}, nil
}

// arriving returns the question about a Collection that is on its way, after asking it if need be; nil if there is something
// better: an answer that is believed, or need not be waited for, or a failure.
func (t *Tree) arriving(dir *Entry) *flight {
	_, f, patience, err := t.answers.begin(dir.id, func(ctx context.Context, arriving *arrivals) (answer, error) {
		s, err := t.load(ctx, t.current(dir), arriving)
		if s == nil {
			return nil, err
		}
		return s, err
	})
	if err != nil || patience > 0 {
		return nil
	}
	return f
}

// Ready returns entry i, nil behind the last one, if it need not wait for that.
func (r *Reader) Ready(i int) (e *Entry, ready bool) {
	switch {
	case r.complete != nil:
		if i < r.complete.Len() {
			return r.complete.At(i), true
		}
		return nil, true
	case r.ended && i >= r.arrived:
		if i -= r.arrived; i < len(r.rest) {
			return r.rest[i], true
		}
		return nil, true
	}
	e, _ = r.flight.arriving.at(i)
	return e, e != nil
}

// At is Ready that waits for the server.
func (r *Reader) At(ctx context.Context, i int) (*Entry, error) {
	for {
		if e, ready := r.Ready(i); ready {
			return e, nil
		}
		e, more := r.flight.arriving.at(i)
		if e != nil {
			return e, nil
		}
		select {
		case <-more:
		case <-r.flight.done:
			if err := r.finish(ctx); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// finish finds out what had not arrived when the listing was complete: what was held back for its name, and what the tree adds.
func (r *Reader) finish(ctx context.Context) error {
	if r.flight.err != nil {
		return r.flight.err
	}
	l, err := r.tree.withDocument(ctx, r.flight.value.(*snapshot))
	if err != nil {
		return err
	}
	r.flight.arriving.mu.Lock()
	arrived := r.flight.arriving.entries
	r.flight.arriving.mu.Unlock()
	r.ended, r.arrived = true, len(arrived)
	if l.document != nil && len(arrived) == len(l.entries) {
		r.rest = []*Entry{l.document}
		return nil
	}
	shown := make(map[id]bool, len(arrived))
	for _, e := range arrived {
		shown[e.id] = true
	}
	for i := range l.Len() {
		if e := l.At(i); !shown[e.id] {
			r.rest = append(r.rest, e)
		}
	}
	return nil
}

// Find returns the entry of exactly that name among those that are there.
func (r *Reader) Find(name string) (*Entry, bool) {
	if r.complete != nil {
		return r.complete.Find(name)
	}
	for _, e := range r.rest {
		if e.Name == name {
			return e, true
		}
	}
	select {
	case <-r.flight.done:
		if r.flight.err == nil {
			return r.flight.value.(*snapshot).listing.Find(name)
		}
	default:
	}
	return nil, false
}
