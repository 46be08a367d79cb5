package cache

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/openbisfs/openbisfs/cache/disk"
)

const (
	// BlockSize is the unit of caching and of random access, in bytes: the chunk of openBIS's file-transfer protocol.
	BlockSize = disk.BlockSize

	defaultMemory       = 256 << 20
	minMemory           = 8 << 20
	defaultBlockTimeout = 30 * time.Second

	idlePeriod      = 30 * time.Second // a paused stream and an unused Remote are given up after it
	unsupportedTime = time.Minute      // how long Blocks is not tried again where it was not supported
	maxAttempts     = 3                // for one block, the first included
	maxBurst        = 8                // blocks of one call, so that a jump does not wait for a long read-ahead
	maxStreams      = 8                // of large files, in the whole store
	streamsPerFile  = 4                // where Blocks is not supported: of as many readers at different places
	streamReach     = 4                // blocks beyond its read-ahead for which a stream is waited for
	maxGroup        = 8                // blocks that one read waits for at a time
	maxFree         = 8                // buffers kept for reuse
	maxDistrusted   = 4096             // files remembered for a failed checksum
)

// Key names immutable content: two files of one Key have the same bytes.
type Key = disk.Key

// Options are what a Store is made with; the zero value is usable.
type Options struct {
	// Memory is the cap for all buffers, in bytes; 0 means 256 MiB, and less than 8 MiB means 8 MiB. Go's collector
	// lets the heap grow beyond what is in use, so a program that cares calls debug.SetMemoryLimit with a little more.
	Memory int64
	// BlockTimeout is how long a block may be waited for without any progress; 0 means 30 s.
	BlockTimeout time.Duration
	// Disk is where blocks are kept beyond memory; nil means nowhere. It has to be open until the Store is closed.
	Disk   *disk.Cache
	Logger *slog.Logger // nil discards
}

// Store caches blocks of many files. It is safe for concurrent use.
//
// One mutex guards all state of a Store, its files and its fetches: it is held
// for look-ups and bookkeeping only, never while bytes are moved or waited for.
type Store struct {
	opts   Options
	group  int64 // blocks that one read waits for at a time
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // fetches and closing Remotes

	mu         sync.Mutex
	closed     bool
	contents   map[Key]*content
	streams    map[*stream]struct{} // of files with more than one block
	distrusted *simplelru.LRU[Key, struct{}]
	budget     budget
	behind     behind
	counts     Stats

	diskPatience time.Duration
}

// New returns an empty Store. It needs a Close.
func New(opts Options) *Store {
	if opts.Memory == 0 {
		opts.Memory = defaultMemory
	}
	opts.Memory = max(opts.Memory, minMemory)
	if opts.BlockTimeout == 0 {
		opts.BlockTimeout = defaultBlockTimeout
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		opts:       opts,
		group:      min(maxGroup, max(1, opts.Memory/BlockSize/8)),
		contents:   make(map[Key]*content),
		streams:    make(map[*stream]struct{}),
		distrusted: newLRU[Key](maxDistrusted),
		budget:     newBudget(opts.Memory),

		diskPatience: min(diskPatience, opts.BlockTimeout/4),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Open returns a handle for the content of key, which needs a Close. It does
// not touch the network: open is called when bytes are needed that are not
// here, at most once at a time for all handles of key, and the Remote that it
// returns is closed when the last of them is, or when it was idle for 30 s (and
// open is called again for the next). open may be called until Close.
func (s *Store) Open(key Key, open func() Remote) *File {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contents[key]
	if c == nil {
		c = newContent(s, key)
		if !s.closed {
			s.contents[key] = c
		}
	}
	f := &File{content: c}
	c.handles[f] = struct{}{}
	c.below()
	c.open = open
	return f
}

// Close ends all fetches, fails all reads with [fs.ErrClosed] and waits, for at
// most BlockTimeout, until every Remote is closed and what is to be kept on disk
// is written.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		s.cancel()
		for _, c := range s.contents {
			c.shut()
		}
	}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(done)
	}()
	timeout := time.NewTimer(s.opts.BlockTimeout)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-timeout.C:
		return fmt.Errorf("cache: connections did not end within %v: %w", s.opts.BlockTimeout, context.DeadlineExceeded)
	}
}

var errClosed = fmt.Errorf("cache: %w", fs.ErrClosed)
