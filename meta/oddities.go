package meta

import (
	"log/slog"
	"sync"
)

// oddities logs what is wrong with the server's answers: each thing once, since
// it will be the same in the next answer.
type oddities struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[oddity]bool
}

type oddity struct{ what, subject string }

// maxOddities bounds the memory; what comes later is not logged.
const maxOddities = 1000

func (o *oddities) note(what, subject, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := oddity{what, subject}
	if o.seen[key] || len(o.seen) >= maxOddities {
		return
	}
	if o.seen == nil {
		o.seen = make(map[oddity]bool)
	}
	o.seen[key] = true
	o.log.Warn(what, "in", subject, "name", name)
}
