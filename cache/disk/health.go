package disk

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"
)

const (
	firstRest = time.Minute
	longRest  = 30 * time.Minute
	wellAfter = 10 * time.Minute // without trouble, the next rest is a short one again
	fullRest  = 10 * time.Second // nothing is written for so long when there is no room
	busyRest  = time.Second      // when another process makes room
)

// health says whether the disk is worth trying. Guarded by Cache.mu.
type health struct {
	rest  time.Duration // the last one
	until time.Time     // not tried before
	down  bool
	cause error
}

// usable says whether the disk is to be tried.
func (c *Cache) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && !time.Now().Before(c.health.until)
}

// trouble takes an error of the disk. Those that only say that a file has gone are none; all others keep the cache from
// being used for a while, and are logged the first time.
func (c *Cache) trouble(err error) {
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, os.ErrClosed),
		errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.ENAMETOOLONG):
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	h := &c.health
	if c.closed || time.Now().Before(h.until) {
		return
	}
	if noRoom(err) {
		c.full = time.Now().Add(fullRest)
		if !c.saidFull {
			c.saidFull = true
			c.opts.Logger.Warn("the disk of the cache is full; content is not added to it for now", "error", err)
		}
		return
	}
	if time.Since(h.until) > wellAfter {
		h.rest = 0
	}
	h.rest = min(max(2*h.rest, firstRest), longRest)
	h.until = time.Now().Add(h.rest)
	h.cause = err
	if !h.down {
		h.down = true
		c.opts.Logger.Warn("the disk cache can't be used; going on without", "error", err)
	}
}

// Hung says that the disk did not answer: it rests, as after an error.
func (f *File) Hung() { f.cache.trouble(errHung) }

var errHung = errors.New("it does not answer")

// well notes that the disk has worked.
func (c *Cache) well() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.health.down && !time.Now().Before(c.health.until) {
		c.health.down, c.health.cause = false, nil
		c.opts.Logger.Log(c.ctx, slog.LevelInfo, "the disk cache is used again")
	}
}

func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
