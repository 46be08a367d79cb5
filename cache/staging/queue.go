package staging

import (
	"container/heap"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstPause = time.Second
	maxPause   = 5 * time.Minute // for a draft
	maxAway    = time.Minute     // for all drafts while the server is away
)

// newPauses returns growing pauses with jitter.
func newPauses(longest time.Duration) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval, b.RandomizationFactor = firstPause, 2, longest, 0.3
	return b
}

// queue says which draft is worked on next. Drafts that somebody waits for come first. While the server is away the
// others wait together, so that ten thousand drafts do not ask for it one by one.
type queue struct {
	mu     sync.Mutex
	urgent dueHeap
	rest   dueHeap
	wake   chan struct{}

	away  *backoff.ExponentialBackOff
	until time.Time // rest waits until then
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), away: newPauses(maxAway)}
}

// add puts a draft where it belongs; it may be in the queue already.
func (q *queue) add(d *Draft, due time.Time, urgent bool) {
	q.mu.Lock()
	q.take(d)
	d.due = due
	h := &q.rest
	if urgent {
		h = &q.urgent
	}
	d.heap = h
	heap.Push(h, d)
	q.mu.Unlock()
	q.signal()
}

// remove takes a draft out.
func (q *queue) remove(d *Draft) {
	q.mu.Lock()
	q.take(d)
	q.mu.Unlock()
}

func (q *queue) take(d *Draft) {
	if d.heap != nil {
		heap.Remove(d.heap, d.index)
		d.heap = nil
	}
}

// next takes out the draft whose turn it is. Without one it returns how long there will be none, if nothing is added;
// less than 0 means for ever.
func (q *queue) next(now time.Time) (*Draft, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wait := time.Duration(-1)
	for _, h := range [...]*dueHeap{&q.urgent, &q.rest} {
		if len(*h) == 0 {
			continue
		}
		d := (*h)[0]
		due := d.due
		if h == &q.rest && due.Before(q.until) {
			due = q.until
		}
		if !due.After(now) {
			q.take(d)
			if len(q.urgent)+len(q.rest) > 0 {
				q.signal()
			}
			return d, 0
		}
		if left := due.Sub(now); wait < 0 || left < wait {
			wait = left
		}
	}
	return nil, wait
}

// signal wakes a worker that waits for work.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// serverAway lets all but the urgent drafts wait, longer each time.
func (q *queue) serverAway() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := time.Now(); !now.Before(q.until) {
		q.until = now.Add(q.away.NextBackOff())
	}
}

// serverBack ends that.
func (q *queue) serverBack() {
	q.mu.Lock()
	waiting := !q.until.IsZero()
	q.until = time.Time{}
	q.away.Reset()
	q.mu.Unlock()
	if waiting {
		q.signal()
	}
}

// dueHeap implements [heap.Interface]: the draft that is due first is on top, the older one of two.
type dueHeap []*Draft

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].id < h[j].id
}
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *dueHeap) Push(x any) {
	d := x.(*Draft)
	d.index = len(*h)
	*h = append(*h, d)
}
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return d
}
