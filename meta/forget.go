package meta

import (
	"sync"
	"time"
)

// forgotten remembers since when what was said about a directory does not hold any more.
type forgotten struct {
	mu    sync.Mutex
	since map[id]time.Time
}

// Forget makes the next listing of an entity's directory ask the server, because something was registered in it. What
// the server was asked before is not believed, even if its answer is still on its way.
func (t *Tree) Forget(dir *Entry) {
	t.forgotten.mu.Lock()
	if t.forgotten.since == nil {
		t.forgotten.since = make(map[id]time.Time)
	}
	t.forgotten.since[dir.id] = t.clock()
	t.forgotten.mu.Unlock()
	t.answers.remove(dir.id)
}

// believed tells whether what was said about a directory at asOf may hold still.
func (t *Tree) believed(dir *Entry, asOf time.Time) bool {
	t.forgotten.mu.Lock()
	defer t.forgotten.mu.Unlock()
	since, ok := t.forgotten.since[dir.id]
	return !ok || asOf.After(since)
}

// remove forgets an answer. A question that is on its way is lost to later callers.
func (a *answers) remove(key id) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.slots.Peek(key); ok {
		a.slots.Remove(key)
		a.forget(s)
	}
}

// Entity returns what is behind the directory of an entity: a [*client.Space], [*client.Project],
// [*client.Collection], [*client.Object] or [*client.DataSet]; nil for everything else.
func (e *Entry) Entity() any { return e.facts() }
