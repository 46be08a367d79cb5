package disk

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options are what a Cache is opened with; the zero value is usable.
type Options struct {
	Size   int64        // bytes that the cache may take; 0 means 10 GiB
	Free   int64        // bytes of the disk that it leaves free; 0 means 1 GiB, or a twentieth of a disk where that is less
	Logger *slog.Logger // nil discards
}

const (
	defaultSize = 10 << 30
	defaultFree = 1 << 30

	rerootPause = 10 * time.Second // between two times that a directory which was deleted is made again
)

// Cache is a directory of blocks. It is safe for concurrent use.
type Cache struct {
	dir    string
	opts   Options
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex // held for bookkeeping only
	root     *os.Root
	rooted   time.Time // when root was opened
	closed   bool
	health   health
	full     time.Time // nothing is written before
	saidFull bool
	room     room
	inUse    map[string]int // names of contents with a File that is open
	counts   Stats

	evicting sync.Mutex // held while room is made

	// Tests put faults here.
	readAt  func(*os.File, []byte, int64) (int, error)
	writeAt func(*os.File, []byte, int64) (int, error)
}

// Stats says what a Cache has done since it was opened, and what is in the directory, as far as this process knows.
type Stats struct {
	Hits, Misses int64 // blocks read
	Damaged      int64 // blocks that did not agree with their checksums; they count as misses
	Written      int64 // bytes
	Evictions    int64 // contents
	Used         int64 // bytes
	Limit        int64 // bytes
	Scanned      bool  // Used counts what was there before
	Trouble      error // why the cache is not used at the moment
}

// Open opens the cache in dir and makes the directory if need be. It reads none of what is there: that is done in the
// background. The Cache needs a Close.
func Open(dir string, opts Options) (*Cache, error) {
	c, err := open(dir, opts, true)
	if err != nil {
		return nil, err
	}
	c.wg.Go(func() { c.scan(func(*entry) {}) })
	return c, nil
}

func open(dir string, opts Options, create bool) (*Cache, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, err := openDir(dir, create)
	if err != nil {
		return nil, err
	}
	if opts.Size == 0 {
		opts.Size = defaultSize
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Cache{
		dir: dir, opts: opts, root: root, rooted: time.Now(), inUse: make(map[string]int), room: room{checked: checkFree},
		readAt:  (*os.File).ReadAt,
		writeAt: (*os.File).WriteAt,
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// Close ends what runs in the background. Files give nothing and take nothing from then on.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	root := c.root
	c.mu.Unlock()
	c.cancel()
	c.wg.Wait()
	return root.Close()
}

// Dir returns the absolute path of the directory.
func (c *Cache) Dir() string { return c.dir }

// Stats returns the present figures.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.counts
	s.Used, s.Limit, s.Scanned, s.Trouble = c.room.used, c.opts.Size, c.room.scanned, c.health.cause
	return s
}

func (c *Cache) top() *os.Root {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.root
}

// openFile opens a file of the cache, and makes it, and what is above it, if the flags say so.
func (c *Cache) openFile(id *identity, kind string, flags int) (*os.File, error) {
	root := c.top()
	f, err := root.OpenFile(id.path(kind), flags, 0o600)
	if err == nil || flags&os.O_CREATE == 0 || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := c.mkdir(root, id.shard()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			root, err = c.reroot()
		}
		if err == nil {
			err = c.mkdir(root, id.shard())
		}
		if err != nil {
			return nil, err
		}
	}
	return root.OpenFile(id.path(kind), flags, 0o600)
}

func (*Cache) mkdir(root *os.Root, name string) error {
	err := root.MkdirAll(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// reroot makes the directory again after somebody has deleted it.
func (c *Cache) reroot() (*os.Root, error) {
	c.mu.Lock()
	soon := time.Since(c.rooted) < rerootPause
	c.mu.Unlock()
	if soon {
		return nil, fs.ErrNotExist
	}
	root, err := openDir(c.dir, true)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rooted = time.Now()
	if c.closed {
		_ = root.Close()
		return nil, fs.ErrClosed
	}
	_ = c.root.Close() // its directory is gone
	c.root = root
	return root, nil
}
