package meta

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/openbisfs/openbisfs/client"
)

const (
	// errorHold is how long a failure is remembered.
	errorHold = time.Second
	// staleGrace is how long a caller for whom there is an old answer waits for
	// a new one while the server is known to be out of reach.
	staleGrace = time.Second
	// slotCost is what remembering anything takes, in bytes.
	slotCost = 256
	// probeInterval is how often, while the server is out of reach, a caller for whom there is an old answer finds out
	// whether it still is. All others have the old answers at once, or walking through a tree would take a wait for each directory.
	probeInterval = 5 * time.Second
)

// answer is what the server said about one thing.
type answer interface {
	// expiry returns when to ask again; the zero time means never.
	expiry() time.Time
	// cost returns how much memory the answer takes, in bytes, as an estimate.
	cost() int
}

// answers remembers answers, up to a total cost, and asks for what it does not
// have: once for all who want it, in a goroutine that depends on none of them.
type answers struct {
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	timeout time.Duration // of one question, with all its pages
	budget  int
	clock   func() time.Time
	// down tells whether the server is known to be out of reach.
	down func() bool

	mu     sync.Mutex
	closed bool
	probe  time.Time // when to try a server again that is out of reach
	total  int
	slots  *simplelru.LRU[id, *slot] // from least to most recently used
}

// slot is the place of one answer.
type slot struct {
	known    answer // nil: nothing yet
	err      error  // of the last question, if it failed
	errUntil time.Time
	flight   *flight // the question that is being asked, if any
	charged  int     // what the slot counts for in answers.total
	gone     bool    // forgotten: it counts for nothing
}

// flight is a question on its way. Its results are set before done is closed.
type flight struct {
	arriving *arrivals // of a listing
	done     chan struct{}
	value    answer
	err      error
}

// errClosed is what a closed tree answers.
var errClosed = errors.New("the tree is closed")

func newAnswers(timeout time.Duration, budget int, clock func() time.Time, down func() bool) *answers {
	life, end := context.WithCancel(context.Background())
	slots, err := simplelru.NewLRU[id, *slot](math.MaxInt, nil)
	if err != nil {
		panic(err) // for a size below 1 only
	}
	return &answers{life: life, end: end, timeout: timeout, budget: budget, clock: clock, down: down, slots: slots}
}

// close cancels all questions and waits for their goroutines.
func (a *answers) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.end()
	a.running.Wait()
}

// get returns the answer about key, from memory as long as it has not expired.
// If ask fails because the server is out of reach, an expired answer is
// returned, or the one that ask returns beside its error. The end of ctx ends
// the wait, not the question.
func get[A interface {
	comparable
	answer
}](ctx context.Context, a *answers, key id, ask func(context.Context) (A, error)) (A, error) {
	return getArriving(ctx, a, key, func(ctx context.Context, _ *arrivals) (A, error) { return ask(ctx) })
}

// getArriving is get for a question whose answer arrives bit by bit.
func getArriving[A interface {
	comparable
	answer
}](ctx context.Context, a *answers, key id, ask func(context.Context, *arrivals) (A, error)) (A, error) {
	var none A
	known, f, patience, err := a.begin(key, func(ctx context.Context, arriving *arrivals) (answer, error) { //nolint:contextcheck // the question outlives whoever asks it
		value, err := ask(ctx, arriving)
		if any(value) == any(none) {
			return nil, err
		}
		return value, err
	})
	switch {
	case err != nil:
		return none, err
	case f == nil:
		return known.(A), nil
	}
	var giveUp <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		giveUp = timer.C
	}
	select {
	case <-f.done:
	case <-giveUp:
		return known.(A), nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
	if f.err != nil {
		return none, f.err
	}
	return f.value.(A), nil
}

// peek returns what is known about key, however old, and asks nobody.
func peek[A answer](a *answers, key id) (A, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.slots.Get(key); ok && s.known != nil {
		return s.known.(A), true
	}
	var none A
	return none, false
}

// begin returns either a usable answer, or an error, or the flight to wait for;
// patience limits that wait if there is an answer to fall back on.
func (a *answers) begin(key id, ask func(context.Context, *arrivals) (answer, error)) (known answer, f *flight, patience time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, nil, 0, errClosed
	}
	now := a.clock()
	s, ok := a.slots.Get(key)
	if !ok {
		s = &slot{}
		a.slots.Add(key, s)
		a.charge(s)
	}
	if s.known != nil && fresh(s.known, now) {
		return s.known, nil, 0, nil
	}
	if s.err != nil && now.Before(s.errUntil) {
		if s.known != nil && outOfReach(s.err) {
			return s.known, nil, 0, nil
		}
		return nil, nil, 0, s.err
	}
	if s.known != nil && a.down() {
		if now.Before(a.probe) {
			return s.known, nil, 0, nil
		}
		a.probe = now.Add(probeInterval)
		patience = staleGrace
	}
	if s.flight == nil {
		s.flight = &flight{arriving: newArrivals(), done: make(chan struct{})}
		a.running.Add(1)
		go a.fly(s, s.flight, ask)
	}
	return s.known, s.flight, patience, nil
}

func fresh(known answer, now time.Time) bool {
	expiry := known.expiry()
	return expiry.IsZero() || now.Before(expiry)
}

func (a *answers) fly(s *slot, f *flight, ask func(context.Context, *arrivals) (answer, error)) {
	defer a.running.Done()
	ctx, cancel := context.WithTimeout(a.life, a.timeout)
	defer cancel()
	value, err := guard(ctx, f.arriving, ask)

	a.mu.Lock()
	defer a.mu.Unlock()
	defer close(f.done)
	s.flight = nil
	s.err, f.err = err, err
	if err == nil {
		s.known, f.value = value, value
		a.charge(s)
		return
	}
	s.errUntil = a.clock().Add(errorHold)
	if !outOfReach(err) {
		return
	}
	if value != nil && (s.known == nil || s.known.expiry().Before(value.expiry())) {
		s.known = value
		a.charge(s)
	}
	if s.known != nil {
		f.value, f.err = s.known, nil
	}
}

// longer returns the context of a question that may take ten times as long as others, and ends with the tree as they do.
func (a *answers) longer(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*a.timeout)
	stop := context.AfterFunc(a.life, cancel)
	return longer, func() { stop(); cancel() }
}

// guard turns a panic into an error: it must not end a mount.
func guard(ctx context.Context, arriving *arrivals, ask func(context.Context, *arrivals) (answer, error)) (value answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			value, err = nil, fmt.Errorf("internal error: %v\n%s", r, debug.Stack())
		}
	}()
	return ask(ctx, arriving)
}

// charge accounts for what s holds now, and forgets the least recently used
// answers if that is too much. A slot that is in flight is only lost to later
// callers.
func (a *answers) charge(s *slot) {
	if s.gone {
		return
	}
	a.total -= s.charged
	s.charged = slotCost
	if s.known != nil {
		s.charged += s.known.cost()
	}
	a.total += s.charged
	for a.total > a.budget && a.slots.Len() > 1 {
		_, old, _ := a.slots.RemoveOldest()
		a.forget(old)
	}
}

func (a *answers) forget(s *slot) {
	a.total -= s.charged
	s.charged, s.gone = 0, true
}

// outOfReach tells whether an error says nothing about what was asked for.
func outOfReach(err error) bool {
	return errors.Is(err, client.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}
