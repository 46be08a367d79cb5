package fs

import (
	"context"
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

// dots is the number of entries before the first of the listing: "." and "..".
const dots = 2

// dirHandle is an open directory: a snapshot and a position in it. go-fuse
// serialises the calls of one handle.
type dirHandle struct {
	dir     *dirNode
	listing *meta.Listing
	staged  []*staged       // what is staged beside the listing
	names   []string        // of staged, as they were
	hidden  map[string]bool // names of the listing that are staged
	next    int             // 0 is ".", 1 is "..", dots+i is entry i, then staged
}

func newDirHandle(dir *dirNode, listing *meta.Listing) *dirHandle {
	return &dirHandle{dir: dir, listing: listing}
}

// stage adds what is staged to the snapshot.
func (h *dirHandle) stage(staged []*staged) {
	h.staged = staged
	for _, s := range staged {
		_, name := h.dir.vol.overlay.where(s)
		h.names = append(h.names, name)
		if _, ok := h.listing.Find(name); ok {
			if h.hidden == nil {
				h.hidden = make(map[string]bool)
			}
			h.hidden[name] = true
		}
	}
}

// Readdirent returns the next name, nil at the end. The offset of an entry is
// the position behind it, so that Seekdir can go there.
func (h *dirHandle) Readdirent(context.Context) (*fuse.DirEntry, syscall.Errno) {
	var de fuse.DirEntry
	for i := h.next - dots; i >= 0 && i < h.listing.Len() && h.hidden[h.listing.At(i).Name]; i++ {
		h.next++
	}
	switch {
	case h.next == 0:
		de = fuse.DirEntry{Name: ".", Mode: syscall.S_IFDIR, Ino: h.dir.StableAttr().Ino}
	case h.next == 1:
		de = fuse.DirEntry{Name: "..", Mode: syscall.S_IFDIR, Ino: h.dir.parentIno()}
	case h.next-dots < h.listing.Len():
		e := h.listing.At(h.next - dots)
		id := stableAttr(e)
		de = fuse.DirEntry{Name: e.Name, Mode: id.Mode, Ino: id.Ino}
	case h.next-dots < h.listing.Len()+len(h.staged):
		i := h.next - dots - h.listing.Len()
		id := h.staged[i].stable()
		de = fuse.DirEntry{Name: h.names[i], Mode: id.Mode, Ino: id.Ino}
	default:
		return nil, fusefs.OK
	}
	h.next++
	de.Off = uint64(h.next)
	return &de, fusefs.OK
}

// Seekdir continues behind the entry that had this offset.
func (h *dirHandle) Seekdir(_ context.Context, off uint64) syscall.Errno {
	if off > uint64(dots+h.listing.Len()+len(h.staged)) {
		return syscall.EINVAL
	}
	h.next = int(off)
	return fusefs.OK
}

// Lookup describes an entry of the snapshot for READDIRPLUS, without asking
// anybody.
func (h *dirHandle) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	for i, s := range h.staged {
		if h.names[i] == name {
			return h.dir.stagedChild(ctx, s, out)
		}
	}
	e, ok := h.lookupEntry(name)
	if !ok {
		return nil, syscall.ENOENT
	}
	return h.dir.child(ctx, name, e, out), fusefs.OK
}

func (h *dirHandle) lookupEntry(name string) (*meta.Entry, bool) {
	// nearly always it is the entry that was just read
	if i := h.next - dots - 1; i >= 0 && i < h.listing.Len() {
		if e := h.listing.At(i); e.Name == name {
			return e, true
		}
	}
	return h.listing.Find(name)
}

// Releasedir has nothing to release but the snapshot, which goes with the handle.
func (h *dirHandle) Releasedir(context.Context, uint32) {}

// Fsyncdir succeeds: programs that sync a directory mean well.
func (h *dirHandle) Fsyncdir(context.Context, uint32) syscall.Errno { return fusefs.OK }
