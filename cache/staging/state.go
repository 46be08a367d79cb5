package staging

// State is where a draft is on its way to the server; the package comment has the table.
type State string

// The states of a draft.
const (
	Opened      State = "open"
	Sealed      State = "sealed"
	Planned     State = "planned"
	Uploading   State = "uploading"
	Uploaded    State = "uploaded"
	Registering State = "registering"
	Registered  State = "registered"
	Verified    State = "verified"
	Failed      State = "failed"
	Held        State = "held"

	// These are never written to a record.
	Released  State = "released"
	Discarded State = "discarded"
	Damaged   State = "damaged"
)

// Pending tells whether a draft in this state is on its way to being registered without anybody's doing.
func (s State) Pending() bool {
	switch s {
	case Sealed, Planned, Uploading, Uploaded, Registering:
		return true
	}
	return false
}

// recorded tells whether a record may have this state.
func (s State) recorded() bool {
	switch s {
	case Opened, Sealed, Planned, Uploading, Uploaded, Registering, Registered, Verified, Failed, Held:
		return true
	}
	return false
}

// onServer tells whether the server is known to have the Dataset.
func (s State) onServer() bool {
	return s == Registered || s == Verified || s == Released
}

// active tells whether there is work for a worker.
func (s State) active(pinned bool) bool {
	return s.Pending() || s == Registered || s == Verified && !pinned
}
