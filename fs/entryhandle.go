package fs

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache/staging"
)

var (
	_ fusefs.FileReader   = (*entryHandle)(nil)
	_ fusefs.FileWriter   = (*entryHandle)(nil)
	_ fusefs.FileFlusher  = (*entryHandle)(nil)
	_ fusefs.FileReleaser = (*entryHandle)(nil)
)

// entryHandle is an open file in a directory draft.
type entryHandle struct {
	staged *staged
	entry  *draftEntry   // nil until the file is known
	file   *staging.File // nil when the local copy was given back
	kept   *readHandle   // then
	write  bool
	wrote  atomic.Bool
}

// openEntry opens a file of the draft, which counts as in use until the handle is closed.
func (n *draftEntry) openEntry(rel string, flags uint32, perm os.FileMode) (*entryHandle, error) {
	write := opensForWriting(flags) || flags&syscall.O_CREAT != 0
	if flags&syscall.O_ACCMODE == syscall.O_WRONLY {
		flags = flags&^syscall.O_ACCMODE | syscall.O_RDWR // the kernel reads pages that are written in part
	}
	n.quiet.opened()
	if r := n.relic.Load(); r != nil {
		if r = r.find(rel); r == nil || r.entry == nil || write {
			n.quiet.closed()
			return nil, staging.ErrSealed
		}
		return &entryHandle{staged: n.staged, kept: n.vol.read(r, rel)}, nil
	}
	file, err := n.draftNow().OpenFile(rel, int(flags), perm)
	if errors.Is(err, syscall.EACCES) && flags&syscall.O_RDWR != 0 {
		file, err = n.draftNow().OpenFile(rel, int(flags&^syscall.O_ACCMODE|syscall.O_WRONLY), perm)
	}
	if err != nil {
		n.quiet.closed()
		return nil, err
	}
	return &entryHandle{staged: n.staged, file: file, write: write}, nil
}

// handles are those that a file is open with. When its name is gone, they are all
// that is left of it.
type handles struct {
	mu  sync.Mutex
	all []*entryHandle
}

// attach says that h is a handle of n.
func (n *draftEntry) attach(h *entryHandle) {
	h.entry = n
	n.handles.mu.Lock()
	defer n.handles.mu.Unlock()
	n.handles.all = append(n.handles.all, h)
}

// handle returns the handle of a request, or else one that is as good: of a
// request about a descriptor the kernel does not always say which.
func (n *draftEntry) handle(f fusefs.FileHandle) *entryHandle {
	if h, ok := f.(*entryHandle); ok {
		return h
	}
	n.handles.mu.Lock()
	defer n.handles.mu.Unlock()
	if len(n.handles.all) == 0 {
		return nil
	}
	return n.handles.all[0]
}

func (h *entryHandle) close() {
	if n := h.entry; n != nil {
		n.handles.mu.Lock()
		n.handles.all = slices.DeleteFunc(n.handles.all, func(other *entryHandle) bool { return other == h })
		n.handles.mu.Unlock()
	}
	if h.kept != nil {
		_ = h.kept.Release(h.staged.vol.life)
	} else if err := h.file.Close(); err != nil {
		h.staged.vol.log.Warn("closing staged content", "draft", h.staged.draftNow().ID(), "err", err)
	}
	s := h.staged
	s.quiet.closed()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveBack()
}

// Read reads local content, or the Dataset's when the local copy was given back.
func (h *entryHandle) Read(req context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if h.kept != nil {
		return h.kept.Read(req, dest, off)
	}
	n, err := h.file.ReadAt(dest, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, h.staged.errno("read", err)
	}
	return fuse.ReadResultData(dest[:n]), fusefs.OK
}

// Write writes local content.
func (h *entryHandle) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	h.wrote.Store(true)
	n, err := h.file.WriteAt(data, off) //nolint:contextcheck // sending ahead outlives the write that begins it
	if n > 0 {
		return uint32(n), fusefs.OK
	}
	h.staged.spoil(damageOf(err))
	return 0, h.staged.errno("write", err)
}

// Flush notices when the program that wrote was killed: then its file, and so
// the draft, is incomplete.
func (h *entryHandle) Flush(req context.Context) syscall.Errno {
	from, ok := fuse.FromContext(req)
	if !h.wrote.Load() || !ok {
		return fusefs.OK
	}
	s := h.staged
	if lookAtCaller(procDir, from.Pid).killed(os.Geteuid() == 0 || s.vol.owner.Uid == uint32(os.Getuid())) {
		s.spoil(wasKilled)
	}
	return fusefs.OK
}

// Release is the end of the handle.
func (h *entryHandle) Release(context.Context) syscall.Errno {
	h.close()
	return fusefs.OK
}
