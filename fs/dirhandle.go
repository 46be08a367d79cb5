package fs

import (
	"context"
	"math"
	"slices"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/meta"
)

var (
	_ fusefs.FileReaddirenter   = (*dirHandle)(nil)
	_ fusefs.FileSeekdirer      = (*dirHandle)(nil)
	_ fusefs.FileLookuper       = (*dirHandle)(nil)
	_ fusefs.FileReleasedirer   = (*dirHandle)(nil)
	_ fusefs.FileFsyncdirer     = (*dirHandle)(nil)
	_ fusefs.NodeOpendirHandler = (*dirNode)(nil)
)

// dots is the number of entries before all others: "." and "..".
const dots = 2

// dirHandle is an open directory and a position in it. go-fuse serialises the
// calls of one handle.
type dirHandle struct {
	dir    *dirNode
	reader *meta.Reader
	last   *meta.Entry     // the one read last
	staged []*staged       // what is staged beside the listing
	names  []string        // of staged, as they were
	hidden map[string]bool // names of the listing that are staged
	next   int             // 0 is ".", 1 is "..", dots+i is staged i, entries come behind
}

func newDirHandle(dir *dirNode, reader *meta.Reader) *dirHandle {
	return &dirHandle{dir: dir, reader: reader}
}

// stage adds what is staged to the listing.
func (h *dirHandle) stage(staged []*staged) {
	h.staged = staged
	h.hidden = make(map[string]bool, len(staged))
	for _, s := range staged {
		_, name := h.dir.vol.overlay.where(s)
		h.names = append(h.names, name)
		h.hidden[name] = true
	}
}

// Readdirent returns the next name, nil at the end. The offset of an entry is
// the position behind it, so that Seekdir can go there.
func (h *dirHandle) Readdirent(req context.Context) (*fuse.DirEntry, syscall.Errno) {
	var de fuse.DirEntry
	switch {
	case h.next == 0:
		de = fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: h.dir.StableAttr().Ino}
	case h.next == 1:
		de = fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR, Ino: h.dir.parentIno()}
	case h.next < dots+len(h.staged):
		i := h.next - dots
		id := h.staged[i].stable()
		de = fuse.DirEntry{Name: h.names[i], Mode: id.Mode, Ino: id.Ino}
	default:
		e, errno := h.entry(req)
		if e == nil {
			return nil, errno
		}
		id := stableAttr(e)
		de = fuse.DirEntry{Name: e.Name, Mode: id.Mode, Ino: id.Ino}
	}
	h.next++
	de.Off = uint64(h.next)
	return &de, fusefs.OK
}

// entry returns the entry at the next position that has one, nil at the end or
// with an error. Large listings are waited for bit by bit.
func (h *dirHandle) entry(req context.Context) (*meta.Entry, syscall.Errno) {
	for {
		i := h.next - dots - len(h.staged)
		e, ready := h.reader.Ready(i)
		if !ready {
			var errno syscall.Errno
			if e, errno = h.await(req, i); errno != fusefs.OK {
				return nil, errno
			}
		}
		if e == nil || !h.hidden[e.Name] {
			h.last = e
			return e, fusefs.OK
		}
		h.next++
	}
}

func (h *dirHandle) await(req context.Context, i int) (*meta.Entry, syscall.Errno) {
	ctx, done := h.dir.vol.begin(req, h.dir.vol.listLimit)
	defer done()
	e, err := h.reader.At(ctx, i)
	if err != nil {
		return nil, h.dir.vol.fail(ctx, "list", h.dir.path(""), err)
	}
	return e, fusefs.OK
}

// Seekdir continues behind the entry that had this offset.
func (h *dirHandle) Seekdir(_ context.Context, off uint64) syscall.Errno {
	if off > math.MaxInt32 {
		return syscall.EINVAL
	}
	h.next = int(off)
	return fusefs.OK
}

// Lookup describes an entry of the listing for READDIRPLUS, without asking
// anybody.
func (h *dirHandle) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if h.hidden[name] {
		return h.dir.stagedChild(ctx, h.staged[slices.Index(h.names, name)], out)
	}
	e := h.last // nearly always it is the entry that was just read
	if e == nil || e.Name != name {
		var ok bool
		if e, ok = h.reader.Find(name); !ok {
			return nil, syscall.ENOENT
		}
	}
	return h.dir.child(ctx, name, e, out), fusefs.OK
}

// Releasedir has nothing to release but the snapshot, which goes with the handle.
func (h *dirHandle) Releasedir(context.Context, uint32) {}

// Fsyncdir succeeds: programs that sync a directory mean well.
func (h *dirHandle) Fsyncdir(context.Context, uint32) syscall.Errno { return fusefs.OK }
