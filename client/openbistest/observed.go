package openbistest

import (
	"slices"
	"sync"
	"time"
)

// Registration is a Dataset that was registered over the network.
type Registration struct {
	PermID string
	Kind   string // PHYSICAL or CONTAINER
	Type   string
	Owner  string // identifier of the Object or Collection
	User   string
	Store  string // code of the data store
	Route  string // "createUploadedDataSet", the key of a service, or "createDataSets"
	// Files are the paths of all files, from the root of the Dataset.
	Files []string
	At    time.Time // by the server's clock
}

// Slice is one request that wrote to a session workspace or to the upload area of a store's share.
type Slice struct {
	Store  string
	Path   string // as it was written: trimmed, and with the uploadID in front in the area of a share
	Start  int64  // position in the file
	Size   int64  // bytes written, -1 for an empty folder
	Folder bool   // an empty folder
}

// observed is what tests want to know of uploads and registrations.
type observed struct {
	mu            sync.Mutex
	registrations []Registration
	slices        []Slice
}

// Registrations returns what was registered over the network since the server was started, in that order.
func (s *Server) Registrations() []Registration {
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	return slices.Clone(s.observed.registrations)
}

// Slices returns what was uploaded since the last [Server.ResetCounters], in the order in which it was complete.
func (s *Server) Slices() []Slice {
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	return slices.Clone(s.observed.slices)
}

// UploadedBytes returns how many bytes were uploaded since the last [Server.ResetCounters].
func (s *Server) UploadedBytes() int64 {
	var sum int64
	for _, slice := range s.Slices() {
		sum += max(slice.Size, 0)
	}
	return sum
}

func (s *Server) noteSlice(slice Slice) {
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	s.observed.slices = append(s.observed.slices, slice)
}

// noteRegistration notes a data set that is in the lab now. The caller holds the lab's lock.
func (s *Server) noteRegistration(d *DataSet, route string) {
	r := Registration{
		PermID: d.PermID, Kind: d.Kind, Type: d.Type.Code, User: d.Registrator.UserID, Route: route, At: d.Registered,
	}
	if d.Store != nil {
		r.Store = d.Store.Code
	}
	switch {
	case d.Sample != nil:
		r.Owner = d.Sample.Identifier()
	case d.Experiment != nil:
		r.Owner = d.Experiment.Identifier()
	}
	if d.Root != nil {
		d.Root.Walk(func(path string, n *Node) {
			if !n.IsFolder() {
				r.Files = append(r.Files, path)
			}
		})
	}
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	s.observed.registrations = append(s.observed.registrations, r)
}
