package staging

import "time"

// Info is what a user wants to know of a draft, also as JSON.
type Info struct {
	ID        string `json:"id"`
	State     State  `json:"state"`
	Error     string `json:"error,omitempty"`
	Name      string `json:"name"`
	Directory bool   `json:"directory,omitempty"`
	Owner     Owner  `json:"owner"`
	Meta      Meta   `json:"meta"`
	Path      string `json:"path"` // of the content on local disk
	// Predecessor is the draft that this one waits for before it is planned, to name its Dataset as the parent.
	Predecessor string     `json:"predecessor,omitempty"`
	Files       int        `json:"files,omitempty"`
	Bytes       int64      `json:"bytes"` // of all files
	Sent        int64      `json:"sent"`  // that the server has
	Attempts    int        `json:"attempts,omitempty"`
	Next        *time.Time `json:"next,omitempty"` // of the next attempt, when one is waited for
	PermID      string     `json:"permId,omitempty"`
	// Settles is until when the server is only asked for the Dataset, because the answer to its registration was lost and
	// it may be working on it still; nil if nothing is lost, or the server would not take it twice.
	Settles   *time.Time `json:"settles,omitempty"`
	Created   time.Time  `json:"created"`
	Changed   time.Time  `json:"changed"`
	Elsewhere bool       `json:"elsewhere,omitempty"` // another process works on it
}

// Info returns one consistent view of the draft.
func (d *Draft) Info() Info {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rec
	info := Info{
		ID: d.id, State: r.State, Name: r.Name, Directory: r.Directory, Owner: r.Owner, Meta: r.Meta.clone(), Path: d.Root(),
		Predecessor: r.Predecessor,
		Bytes:       d.bytes, Attempts: r.Attempts, PermID: r.PermID, Created: r.Created, Changed: r.Changed, Elsewhere: d.foreign,
	}
	info.Sent, _ = d.progress()
	if r.Content != nil {
		info.Files, info.Bytes = r.Content.Files, r.Content.Bytes
	}
	if d.err != nil {
		info.Error = d.err.Error()
	}
	if until := d.store.settles(r); r.State == Registering && until.After(time.Now()) {
		info.Settles = &until
	}
	if next := d.next; r.State.active(d.pinned) && next.After(time.Now()) {
		info.Next = &next
	}
	return info
}
