package cache

import (
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"sync"
	"time"
)

// content is what the handles of one Key share. It exists while there is a
// handle, a block or a fetch. Guarded by Store.mu.
type content struct {
	store   *Store
	key     Key
	total   int64 // blocks
	handles map[*File]struct{}
	blocks  map[int64]*block
	window  window
	level   *level // nil: there is no disk cache, or nobody needs it

	queue    []*block  // queued blocks that no stream comes by, the oldest first; some are gone
	bursting bool      // a goroutine works on the queue
	streams  []*stream // few, and some of them stopped
	fetches  int       // goroutines that may use the Remote
	progress time.Time // when the last bytes came

	barred   time.Time // until then, Blocks is not supported
	broken   bool      // a stream failed: read ahead by bursts
	distrust bool      // a checksum failed: no stream if it can be helped

	opening sync.Mutex // not under Store.mu: open may take its time
	open    func() Remote
	remote  Remote
	idle    *time.Timer // runs while the Remote is unused
}

func newContent(s *Store, key Key) *content {
	total := (key.Size + BlockSize - 1) / BlockSize
	return &content{
		store:    s,
		key:      key,
		total:    total,
		handles:  make(map[*File]struct{}),
		blocks:   make(map[int64]*block),
		window:   newWindow(total, s.opts.Memory/BlockSize),
		distrust: s.distrusted.Contains(key),
	}
}

// begin and end enclose a fetch.
func (c *content) begin() {
	c.fetches++
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
}

func (c *content) end() {
	c.fetches--
	c.settle()
}

// settle gives up what is not needed: the Remote at once without handles and
// after a while with them, and the content itself when it is empty.
func (c *content) settle() {
	switch {
	case c.fetches > 0:
	case len(c.handles) == 0:
		c.release()
		c.leaveDisk()
		if len(c.blocks) == 0 && c.level == nil && c.store.contents[c.key] == c {
			delete(c.store.contents, c.key)
		}
	case c.remote != nil && c.idle == nil:
		var timer *time.Timer
		timer = time.AfterFunc(idlePeriod, func() {
			c.store.mu.Lock()
			defer c.store.mu.Unlock()
			if c.idle == timer {
				c.release()
			}
		})
		c.idle = timer
	}
}

// release closes the Remote in the background.
func (c *content) release() {
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
	remote := c.remote
	if remote == nil {
		return
	}
	c.remote = nil
	c.store.wg.Go(func() {
		if err := remote.Close(); err != nil {
			c.log(slog.LevelDebug, "closing a file at the server", err)
		}
	})
}

// acquire returns the Remote, for a fetch; it is called without Store.mu.
func (c *content) acquire() (Remote, error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	s := c.store
	s.mu.Lock()
	remote, open, closed := c.remote, c.open, s.closed || len(c.handles) == 0
	s.mu.Unlock()
	switch {
	case closed:
		return nil, errClosed
	case remote != nil:
		return remote, nil
	}
	remote = open()
	if remote == nil {
		return nil, errors.New("cache: no access to the content")
	}
	s.mu.Lock()
	c.remote = remote
	s.mu.Unlock()
	return remote, nil
}

// quiet ends what nobody needs any more when the last handle is closed. Who
// opens the file next is another reader.
func (c *content) quiet() {
	c.window = newWindow(c.total, c.store.opts.Memory/BlockSize)
	c.broken = false
	for _, st := range c.streams {
		st.retire()
	}
	for _, b := range c.blocks {
		b.setAhead(false)
		if b.state == queued && b.interest == 0 {
			b.drop()
		}
	}
	c.settle()
}

// shut ends everything when the Store is closed.
func (c *content) shut() {
	clear(c.handles)
	for _, b := range c.blocks {
		if b.state == queued {
			b.fail(errClosed)
			continue
		}
		b.refuse(func(*File) error { return errClosed })
	}
	c.quiet()
}

// check compares content that is a single block with its checksum. Longer
// content is checked by the Remote.
func (c *content) check(data []byte) error {
	if c.total > 1 || !c.key.HasCRC32 {
		return nil
	}
	if sum := crc32.ChecksumIEEE(data); sum != c.key.CRC32 {
		return fmt.Errorf("checksum is %08x, not %08x", sum, c.key.CRC32)
	}
	return nil
}

// distrusts remembers that a stream's checksum failed.
func (c *content) distrusts(err error) {
	c.distrust = true
	c.store.distrusted.Add(c.key, struct{}{})
	c.log(slog.LevelWarn, "content failed its checksum", err)
}

// condemn drops what streams have brought and no checksum has confirmed, and
// ends the handles that were given any of it: what they have read is wrong.
func (c *content) condemn(err error) {
	c.distrusts(err)
	for f := range c.handles {
		if f.unverified {
			f.err = fmt.Errorf("%w: %s/%s: %w", ErrCorrupt, c.key.DataSet, c.key.Path, err)
		}
	}
	for _, st := range c.streams {
		st.stop()
	}
	for _, b := range c.blocks {
		if b.state == resident && (b.source != nil || b.doubtful) {
			b.drop()
			continue
		}
		b.refuse(func(f *File) error { return f.err })
	}
}

func (c *content) log(level slog.Level, text string, err error) {
	c.store.opts.Logger.Log(c.store.ctx, level, text, "dataset", c.key.DataSet, "path", c.key.Path, "error", err)
}
