package staging

import "github.com/openbisfs/openbisfs/client"

// Twin is a file of a draft as the registered Dataset has it.
type Twin struct {
	Path string // in the draft: relative to the draft directory, "" for a draft that is a file
	// File is the Dataset's, of the same size and checksum. It is a folder where the data store shows the inside of a
	// file instead, which can't be read then.
	File client.File
}

// handover is what somebody waits for who uses the local copy of a draft.
type handover struct {
	twins []Twin // nil while the server's copy is not verified, or incompletely
	tell  func(*client.DataSet, []Twin)
	told  bool
}

// OnVerified has f called, once, when the server is known to have every file of the draft with its size and checksum: at
// once if it is, and otherwise by a worker, before the local copy is removed. f may Pin and Release the draft. From then
// on the local copy is needed for nothing but reading, and who reads it may read the Dataset instead and Release it.
// A draft has one f; another takes its place.
//
// Where the server has no checksums yet it is asked again, also long after the Dataset counts as [Verified], as long as the
// copy is kept. Where it never has any f is not called.
func (d *Draft) OnVerified(f func(ds *client.DataSet, twins []Twin)) {
	d.mu.Lock()
	d.handover.tell, d.handover.told = f, false
	d.mu.Unlock()
	d.handOver()
}

// confirm notes that the server has the draft's files.
func (d *Draft) confirm(twins []Twin) {
	d.mu.Lock()
	d.handover.twins = twins
	d.mu.Unlock()
	d.handOver()
}

// handOver tells who waits for it.
func (d *Draft) handOver() {
	d.mu.Lock()
	h := d.handover
	ready := h.tell != nil && !h.told && h.twins != nil
	if ready {
		d.handover.told = true
		d.handover.tell = nil // it may hold on to much
	}
	r := d.rec
	d.mu.Unlock()
	if ready {
		h.tell(&client.DataSet{PermID: r.PermID, Kind: client.Physical, DataStore: r.Plan.DataStore}, h.twins)
	}
}

// unconfirmed tells whether the server's checksums of a copy that is in use are still asked for. The mutex is held.
func (d *Draft) unconfirmed() bool {
	return d.rec.State == Verified && d.pinned && d.handover.twins == nil
}

// kept tells whether the local copy is in use.
func (d *Draft) kept() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pinned
}
