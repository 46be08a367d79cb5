package fs

import (
	"context"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.FileReader   = (*draftHandle)(nil)
	_ fusefs.FileWriter   = (*draftHandle)(nil)
	_ fusefs.FileFlusher  = (*draftHandle)(nil)
	_ fusefs.FileReleaser = (*draftHandle)(nil)
)

// draftHandle is an open staged file. All handles of a file have the content in common.
type draftHandle struct {
	staged *staged
	write  bool

	mu   sync.Mutex
	kept *readHandle // of what was given back
}

func newDraftHandle(s *staged, flags uint32) *draftHandle {
	h := &draftHandle{staged: s, write: flags&syscall.O_ACCMODE != syscall.O_RDONLY}
	s.opened(h.write)
	return h
}

// Read reads local content, or the Dataset's when the local copy was given back.
func (h *draftHandle) Read(req context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if r := h.staged.relic.Load(); r != nil {
		return h.keep(r).Read(req, dest, off)
	}
	n, err := h.staged.readAt(dest, off)
	if err != nil {
		return nil, h.staged.errno("read", err)
	}
	return fuse.ReadResultData(dest[:n]), fusefs.OK
}

// keep opens a relic. What comes after it is not given back while h is open.
func (h *draftHandle) keep(r *relic) *readHandle {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept == nil {
		_, name := h.staged.vol.overlay.where(h.staged)
		h.kept = h.staged.vol.read(r, name)
	}
	return h.kept
}

// Write writes local content.
func (h *draftHandle) Write(req context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	ctx, done := h.staged.vol.begin(req, h.staged.vol.closeTimeout)
	defer done()
	n, err := h.staged.writeAt(ctx, data, off)
	if n > 0 {
		return uint32(n), fusefs.OK // the rest will fail when it is tried again
	}
	return 0, h.staged.errno("write", err)
}

// Flush is a close of one descriptor, perhaps the last.
func (h *draftHandle) Flush(req context.Context) syscall.Errno {
	if !h.write {
		return fusefs.OK
	}
	var pid uint32
	if from, ok := fuse.FromContext(req); ok {
		pid = from.Pid
	}
	return h.staged.flush(req, pid)
}

// Release is the end of all descriptors and mappings. What was written after the
// last close, or by processes that can't be seen, is saved now.
func (h *draftHandle) Release(ctx context.Context) syscall.Errno {
	s := h.staged
	if h.kept != nil {
		_ = h.kept.Release(ctx)
	}
	if s.closed(h.write) && !s.ephemeral() && s.spoiled.Load() == nil {
		s.saveInBackground()
	}
	return fusefs.OK
}
