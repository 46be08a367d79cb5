package fs

import (
	"sync"
	"time"
)

const (
	failureBurst    = 20              // lines at once
	failureInterval = 1 * time.Second // until another line may follow
)

// failureLog decides which failures are logged: a copy of a thousand files from
// a server that is down must not write a thousand lines. The zero value is
// ready for use.
type failureLog struct {
	mu         sync.Mutex
	spent      int // lines of the burst that are used up
	last       time.Time
	suppressed int
}

// admit tells whether to write a line now, and how many were not written
// since the last one.
func (l *failureLog) admit() (ok bool, suppressed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.spent > 0 {
		regained := int(now.Sub(l.last) / failureInterval)
		l.spent = max(l.spent-regained, 0)
		l.last = l.last.Add(time.Duration(regained) * failureInterval)
	}
	if l.spent == failureBurst {
		l.suppressed++
		return false, 0
	}
	if l.spent == 0 {
		l.last = now
	}
	l.spent++
	suppressed, l.suppressed = l.suppressed, 0
	return true, suppressed
}
