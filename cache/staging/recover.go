package staging

import "time"

// interrupted is why an open draft is held whose process is gone.
const interrupted = "the mount ended while it was being written"

// recovered returns what a record means to a process that did not write it, and holds the draft's lock. Nothing has
// been done yet, and nothing need be written: reading the record again gives the same.
func recovered(r *record, now time.Time) *record {
	c := *r
	switch r.State {
	case Opened:
		// Only a live process knows whether a writer has finished.
		c.State, c.Reason = Held, interrupted
	case Uploading, Uploaded:
		// The upload was in the workspace of a session that is gone.
		c.State = Planned
	case Registering:
		// The request may have been sent, and it may be running still.
		if r.UnknownSince == nil {
			c.UnknownSince = &now
		}
	default:
		return r
	}
	return &c
}
