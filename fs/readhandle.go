package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client"
)

var (
	_ fusefs.FileReader   = (*readHandle)(nil)
	_ fusefs.FileReleaser = (*readHandle)(nil)

	_ fusefs.FilePassthroughFder = (*readHandle)(nil)
)

// failureHold is how long a failed read is failed again without another try.
// The kernel asks twice: first to fill its page cache, then, because the page
// is still missing, for the page alone. The program must not wait twice.
const failureHold = time.Second

// readHandle is an open file of a Dataset.
type readHandle struct {
	vol  *volume
	path func() string // for messages
	file *cache.File
	size int64
	// begun is told of reads of the start; nil tells nobody.
	begun func()

	opens   *fileOpens     // nil: of a file that is never passed through
	backing *backing       // nil: read through FUSE
	crawler *crawlerReader // nil: of a program that reads what somebody wants

	mu     sync.Mutex
	failed failedRead
}

// failedRead is a part of a file that could not be read, and when.
type failedRead struct {
	from, to int64
	errno    syscall.Errno
	at       time.Time
}

// Read fills dest as far as the file reaches. Anything less is an error: the
// kernel takes a short answer for the end of the file.
func (h *readHandle) Read(req context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	want := min(int64(len(dest)), h.size-off)
	if want <= 0 {
		return fuse.ReadResultData(nil), fusefs.OK
	}
	if errno := h.justFailed(off, off+want); errno != 0 {
		return nil, errno
	}
	if off == 0 && h.begun != nil && h.crawler == nil {
		h.begun()
	}
	ctx, done := h.vol.begin(req, h.vol.readLimit)
	defer done()
	got, err := h.readAt(ctx, dest[:want], off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && int64(got) != want {
		err = fmt.Errorf("%d of %d bytes at offset %d: %w", got, want, off, client.ErrCorrupt)
	}
	if errors.Is(err, errCrawler) {
		h.crawler.refused(h.path())
		return nil, errnoOf(err) // what is refused now may be cached in a moment
	}
	if err != nil {
		errno := h.vol.fail(ctx, "read", h.path(), err)
		h.remember(failedRead{off, off + want, errno, time.Now()})
		return nil, errno
	}
	return fuse.ReadResultData(dest[:want]), fusefs.OK
}

// readAt reads from the cache, and for whom it is done, from the server.
func (h *readHandle) readAt(ctx context.Context, p []byte, off int64) (int, error) {
	if h.crawler != nil {
		n, err := h.file.ReadCached(p, off)
		if !errors.Is(err, cache.ErrNotCached) {
			return n, err
		}
		if !h.crawler.allow(off, int64(len(p)), h.size) {
			return 0, errCrawler
		}
	}
	return h.file.ReadAt(ctx, p, off)
}

// justFailed returns the error of a read of the same part a moment ago, or 0.
func (h *readHandle) justFailed(from, to int64) syscall.Errno {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := &h.failed
	if f.errno == 0 || to <= f.from || from >= f.to || time.Since(f.at) > failureHold {
		return 0
	}
	return f.errno
}

func (h *readHandle) remember(f failedRead) {
	if f.errno == syscall.EINTR {
		return // that was about the program, not about the file
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = f
}

// PassthroughFd returns what the kernel reads itself.
func (h *readHandle) PassthroughFd() (int, bool) {
	if h.backing == nil {
		return 0, false
	}
	return int(h.backing.fd), true
}

// Release gives the content back to the cache. The kernel ignores errors here.
func (h *readHandle) Release(context.Context) syscall.Errno {
	if err := h.file.Close(); err != nil {
		h.vol.log.Debug("closing content failed", "path", h.path(), "err", err)
	}
	if h.opens != nil {
		h.vol.passthrough.release(h.opens, h.backing)
	}
	return fusefs.OK
}
