package openbistest

import (
	"maps"
	"sync"
)

// counters says what clients asked for.
type counters struct {
	mu      sync.Mutex
	calls   map[string]int
	content int64
}

// count notes one call: a JSON-RPC method by its name, "download" or "file-transfer/…".
func (s *Server) count(method string) {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	if s.counters.calls == nil {
		s.counters.calls = make(map[string]int)
	}
	s.counters.calls[method]++
}

// countContent notes n bytes of file content that were written to a client.
func (s *Server) countContent(n int64) {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	s.counters.content += n
}

// Calls returns how often each method was called since the last [Server.ResetCounters]. Every element of
// a JSON-RPC batch counts.
func (s *Server) Calls() map[string]int {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	calls := maps.Clone(s.counters.calls)
	if calls == nil {
		calls = make(map[string]int)
	}
	return calls
}

// ContentBytes returns how many bytes of file content were written to clients.
func (s *Server) ContentBytes() int64 {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	return s.counters.content
}

// ResetCounters sets all counters to zero.
func (s *Server) ResetCounters() {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	s.counters.calls = nil
	s.counters.content = 0
	s.observed.mu.Lock()
	defer s.observed.mu.Unlock()
	s.observed.slices = nil
}
