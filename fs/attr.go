package fs

import (
	"context"
	"syscall"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/meta"
)

const (
	// contentTTL is how long the kernel believes in the files and folders of
	// a Dataset, which never change.
	contentTTL = 6 * time.Hour
	// draftTTL is how long it believes in what is in a directory draft, which
	// changes through itself only.
	draftTTL = time.Second
	// negativeTTL is how long it believes that a name does not exist. People
	// create things in the web UI and then look.
	negativeTTL = time.Second

	// blockSize is st_blksize. Programs that buffer read that much at a time.
	blockSize = 4096
	// sectorSize is the unit of st_blocks.
	sectorSize = 512
)

// Getattr answers from memory, always: no stat waits for the network. News
// come with look-ups, which the kernel repeats when its time is up.
func (n *node) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	e := n.entry.Load()
	n.vol.fillAttr(e, &out.Attr)
	out.SetTimeout(n.vol.ttl(e))
	return fusefs.OK
}

// stableAttr returns what never changes about an entry: its type and number.
func stableAttr(e *meta.Entry) fusefs.StableAttr {
	return fusefs.StableAttr{Mode: fileType(e), Ino: e.Inode}
}

func fileType(e *meta.Entry) uint32 {
	switch e.Type {
	case meta.Dir:
		return syscall.S_IFDIR
	case meta.Link:
		return syscall.S_IFLNK
	default:
		return syscall.S_IFREG
	}
}

// fillEntry describes an entry in the answer to a look-up.
func (v *volume) fillEntry(e *meta.Entry, out *fuse.EntryOut) {
	v.fillAttr(e, &out.Attr)
	ttl := v.ttl(e)
	out.SetEntryTimeout(ttl)
	out.SetAttrTimeout(ttl)
}

func (v *volume) fillAttr(e *meta.Entry, out *fuse.Attr) {
	out.Ino = e.Inode
	out.Owner = v.owner
	out.Nlink = 1
	out.Blksize = blockSize
	switch e.Type {
	case meta.Dir:
		out.Mode = syscall.S_IFDIR | (0o555|v.writeBits())&^v.umask
	case meta.Link:
		out.Mode = syscall.S_IFLNK | 0o777
		out.Size = uint64(len(e.Target))
	default:
		out.Mode = syscall.S_IFREG | (0o444|v.writeBits())&^v.umask
		out.Size = uint64(max(e.Size, 0))
		out.Blocks = (out.Size + sectorSize - 1) / sectorSize
	}
	mtime := e.ModTime
	if mtime.IsZero() {
		mtime = v.mounted
	}
	out.SetTimes(&mtime, &mtime, &mtime)
}

// writeBits are the permissions to write. With them the file system itself says
// why something can't be changed, and not the kernel, which knows one reason only.
func (v *volume) writeBits() uint32 {
	if v.overlay != nil {
		return 0o200
	}
	return 0
}

// ttl is how long the kernel may believe in the name and the attributes of an
// entry. Content that the server cannot give now gets a second look soon.
func (v *volume) ttl(e *meta.Entry) time.Duration {
	if e.Immutable() && readable(e) == nil {
		return contentTTL
	}
	return v.dirTTL
}
