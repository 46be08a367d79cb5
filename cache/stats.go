package cache

// Stats counts what a Store did since it was made, and what it holds now.
type Stats struct {
	Hits      int64 // blocks touched by reads and present
	Misses    int64 // blocks touched by reads and not, or not yet complete
	Fetched   int64 // bytes received, with those that were discarded
	FromDisk  int64 // bytes read from the disk cache
	Evictions int64 // blocks dropped to make room
	Resident  int64 // bytes of complete blocks
	InFlight  int64 // bytes of buffers that are being filled
	Peak      int64 // bytes of all buffers, the most there ever were
	Files     int   // files with a handle or a block
	Streams   int   // open streams of files with more than one block
}

// Stats returns the present figures.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := s.counts
	stats.Evictions = s.budget.evictions
	stats.Resident = s.budget.resident
	stats.InFlight = s.budget.used - s.budget.resident - s.budget.detached - int64(len(s.budget.free))*BlockSize
	stats.Peak = s.budget.peak
	stats.Files = len(s.contents)
	stats.Streams = len(s.streams)
	return stats
}
