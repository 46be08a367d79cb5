package fs

import (
	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/meta"
)

// notice is told by the staging area of a draft that another process has made, that has become a Dataset, whoever
// asked for it, or that is gone. What was known of its owner's directory does not hold any more.
//
// It waits for nothing. The kernel in particular can't be told here: it takes a notification about a directory only when
// no request that changes the directory is on its way, and such a request may be what waits for this draft.
func (o *overlay) notice(d *staging.Draft) {
	owner := d.Owner().PermID
	o.mu.Lock()
	names := make([]string, 0, 1)
	if o.discover(d) {
		names = append(names, d.Name())
	}
	for name, s := range o.owners[owner] {
		if s.found && s.draftNow() == d && gone(d) {
			delete(o.owners[owner], name)
		}
	}
	dir, node := o.entries[owner], o.nodes[owner]
	o.mu.Unlock()
	if forgetter, ok := o.vol.tree.(interface{ Forget(*meta.Entry) }); ok && dir != nil {
		forgetter.Forget(dir)
	}
	if node == nil {
		return
	}
	if permID := d.PermID(); permID != "" && !gone(d) {
		names = append(names, permID)
	}
	o.vol.background.Go(func() {
		// These are names that nobody can be inside of yet: the kernel takes the ground from under who is. What it does
		// not know it need not forget.
		for _, name := range names {
			_ = node.NotifyEntry(name)
		}
		_ = node.NotifyContent(-1, 0) // attributes only
	})
}

func gone(d *staging.Draft) bool {
	state := d.State()
	return state == staging.Released || state == staging.Discarded
}

// met notes the node of an owner's directory.
func (o *overlay) met(n *dirNode) {
	owner, ok := ownerOf(n.entry.Load())
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nodes[owner.PermID] = n
}

// OnForget is called when the kernel has no more use for the directory.
func (n *dirNode) OnForget() {
	o := n.vol.overlay
	if o == nil {
		return
	}
	owner, ok := ownerOf(n.entry.Load())
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nodes[owner.PermID] == n {
		delete(o.nodes, owner.PermID)
	}
}
