package fs

import (
	"errors"
	"sync"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// quiet finds out when a directory draft is complete: when for a while nothing
// in it was changed and no file in it was open.
type quiet struct {
	staged *staged

	mu      sync.Mutex
	timer   *time.Timer
	opens   int
	stopped bool
}

// touch says that something was changed.
func (q *quiet) touch() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.restart()
}

// restart begins the quiet period anew. The lock is held.
func (q *quiet) restart() {
	after := q.staged.vol.commitAfter
	if q.stopped || q.opens > 0 || after <= 0 {
		if q.timer != nil {
			q.timer.Stop()
		}
		return
	}
	if q.timer == nil {
		q.timer = time.AfterFunc(after, q.elapsed)
		return
	}
	q.timer.Reset(after)
}

func (q *quiet) opened() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.opens++
	q.restart()
}

func (q *quiet) closed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.opens--
	q.restart()
}

// unlessOpen calls f if no file in the directory is open, and lets nobody open one meanwhile.
func (q *quiet) unlessOpen(f func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.opens > 0 {
		return false
	}
	f()
	return true
}

// stop ends all waiting, for good.
func (q *quiet) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	q.restart()
}

// elapsed commits the draft in the background.
func (q *quiet) elapsed() {
	q.mu.Lock()
	busy := q.stopped || q.opens > 0
	q.mu.Unlock()
	s := q.staged
	if busy || s.vol.life.Err() != nil || s.ephemeral() || s.draftNow().State() != staging.Opened {
		return
	}
	s.vol.background.Go(func() { s.complete() })
}

// complete seals a directory draft and follows its registration, or holds it
// with the reason why it can't be registered.
func (s *staged) complete() {
	d := s.draftNow()
	var reason string
	if damage := s.spoiled.Swap(nil); damage != nil {
		reason = damage.reason
	} else {
		if err := inherit(s.vol.life, d, s.vol.overlay.previous(s)); err != nil {
			s.vol.log.Warn("the Dataset will not have its predecessor as parent", "draft", d.ID(), "err", err)
		}
		err := s.meta.problem(s.vol.life)
		if err == nil {
			err = d.Seal(s.vol.life)
		}
		switch {
		case err == nil:
			s.vol.follow(s, d)
			return
		case errors.Is(err, staging.ErrEmpty):
			return // the next change starts the period anew
		case errors.Is(err, staging.ErrBusy):
			s.quiet.touch()
			return
		case s.vol.life.Err() != nil || d.State() != staging.Opened:
			return
		}
		reason = err.Error()
	}
	if err := d.Hold(s.vol.life, reason); err != nil {
		s.vol.log.Error("holding a draft", "draft", d.ID(), "reason", reason, "err", err)
		return
	}
	_, name := s.vol.overlay.where(s)
	s.vol.log.Error("a draft is held; it will not be registered by itself", "draft", d.ID(), "name", name, "reason", reason)
}
