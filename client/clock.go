package client

import (
	"net/http"
	"sync"
	"time"
)

// serverClock is what the answers say about the server's idea of the time.
type serverClock struct {
	mu     sync.Mutex
	known  bool
	offset time.Duration // from the clock of this machine
}

// How far the guess at the server's time may be wrong. The header Date has seconds, and need not come from the machine
// that registers; without it there is only the clock of this machine.
const (
	dateSlack   = 5 * time.Second
	clockMargin = 15 * time.Minute
)

// observe reads the header Date. A server without a proxy before it may not send it.
func (s *serverClock) observe(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.offset = true, time.Until(date)
}

// before returns a time that has certainly passed on the server.
func (s *serverClock) before() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	margin := clockMargin
	if s.known {
		margin = dateSlack
	}
	return time.Now().Add(s.offset - margin).UTC().Truncate(time.Millisecond)
}
