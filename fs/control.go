package fs

import (
	"context"
	"hash/fnv"
	"sync/atomic"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.NodeLookuper   = (*controlDir)(nil)
	_ fusefs.NodeReaddirer  = (*controlDir)(nil)
	_ fusefs.NodeGetattrer  = (*controlDir)(nil)
	_ fusefs.NodeOpener     = (*controlFile)(nil)
	_ fusefs.NodeGetattrer  = (*controlFile)(nil)
	_ fusefs.NodeReadlinker = (*controlLink)(nil)
	_ fusefs.NodeGetattrer  = (*controlLink)(nil)
)

// controlName is a directory of the root that is found by its name only. What is
// in it is no part of the server's tree, and made when it is looked at.
const controlName = ".openbis"

// controlNode is a node below the control directory.
type controlNode interface {
	fusefs.InodeEmbedder
	// fill describes it.
	fill(out *fuse.Attr)
	// renew takes over what a newer node of the same name has.
	renew(newer controlNode)
}

// controlDir is a directory.
type controlDir struct {
	node
	// list returns the names to show, with their file types.
	list func(ctx context.Context) ([]controlEntry, error)
	// open returns what a name stands for, nil if it is nothing.
	open func(ctx context.Context, name string) (controlNode, error)
}

// controlEntry is one name in a controlDir.
type controlEntry struct {
	name string
	mode uint32
}

// controlInode makes a stable inode number of a path below the control directory.
func controlInode(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("control\x00" + path))
	return h.Sum64()&^(1<<63) | 2
}

// Lookup finds one name.
func (n *controlDir) Lookup(req context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	ctx, done := n.vol.begin(req, n.vol.listLimit)
	defer done()
	ops, err := n.open(ctx, name)
	if err != nil {
		return nil, n.vol.fail(ctx, "lookup", n.path(name), err)
	}
	if ops == nil {
		return nil, syscall.ENOENT
	}
	return n.controlChild(req, name, ops, out), fusefs.OK
}

// controlChild returns the inode of a name in n, and describes it.
func (n *node) controlChild(ctx context.Context, name string, ops controlNode, out *fuse.EntryOut) *fusefs.Inode {
	ops.fill(&out.Attr)
	id := fusefs.StableAttr{Mode: out.Mode & syscall.S_IFMT, Ino: controlInode(n.Path(nil) + "/" + name)}
	if known := n.GetChild(name); known != nil && known.StableAttr() == id {
		if node, ok := known.Operations().(controlNode); ok {
			node.renew(ops)
			return known
		}
	}
	return n.NewInode(ctx, ops, id)
}

// Readdir lists what there is now.
func (n *controlDir) Readdir(req context.Context) (fusefs.DirStream, syscall.Errno) {
	ctx, done := n.vol.begin(req, n.vol.listLimit)
	defer done()
	entries, err := n.list(ctx)
	if err != nil {
		return nil, n.vol.fail(ctx, "list", n.path(""), err)
	}
	list := make([]fuse.DirEntry, 0, len(entries))
	for _, e := range entries {
		list = append(list, fuse.DirEntry{Name: e.name, Mode: e.mode, Ino: controlInode(n.Path(nil) + "/" + e.name)})
	}
	return fusefs.NewListDirStream(list), fusefs.OK
}

// Getattr describes the directory.
func (n *controlDir) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fill(&out.Attr)
	return fusefs.OK
}

func (n *controlDir) fill(out *fuse.Attr) {
	*out = fuse.Attr{Mode: syscall.S_IFDIR | 0o555&^n.vol.umask, Nlink: 1, Owner: n.vol.owner, Blksize: blockSize}
	out.SetTimes(&n.vol.mounted, &n.vol.mounted, &n.vol.mounted)
}

func (n *controlDir) renew(controlNode) {}

// controlFile is a text that is made when it is opened.
type controlFile struct {
	node
	text atomic.Pointer[func() []byte]
}

func (v *volume) newControlFile(text func() []byte) *controlFile {
	f := &controlFile{node: node{vol: v}}
	f.text.Store(&text)
	return f
}

func (n *controlFile) renew(newer controlNode) {
	if f, ok := newer.(*controlFile); ok {
		n.text.Store(f.text.Load())
	}
}

// Open fixes the text. Its size may be another than stat said, so the kernel
// must not rely on it.
func (n *controlFile) Open(_ context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if opensForWriting(flags) {
		return nil, 0, syscall.EPERM
	}
	return &documentHandle{text: (*n.text.Load())()}, fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH, fusefs.OK
}

// Getattr describes the text as it is now.
func (n *controlFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fill(&out.Attr)
	return fusefs.OK
}

func (n *controlFile) fill(out *fuse.Attr) {
	size := uint64(len((*n.text.Load())()))
	*out = fuse.Attr{
		Mode: syscall.S_IFREG | 0o444&^n.vol.umask, Nlink: 1, Owner: n.vol.owner,
		Size: size, Blocks: (size + sectorSize - 1) / sectorSize, Blksize: blockSize,
	}
	out.SetTimes(&n.vol.mounted, &n.vol.mounted, &n.vol.mounted)
}

// controlLink is a symbolic link into the tree.
type controlLink struct {
	node
	target atomic.Pointer[string]
}

func (v *volume) newControlLink(target string) *controlLink {
	l := &controlLink{node: node{vol: v}}
	l.target.Store(&target)
	return l
}

func (n *controlLink) renew(newer controlNode) {
	if l, ok := newer.(*controlLink); ok {
		n.target.Store(l.target.Load())
	}
}

// Readlink returns the target, relative to the link's directory.
func (n *controlLink) Readlink(context.Context) ([]byte, syscall.Errno) {
	return []byte(*n.target.Load()), fusefs.OK
}

// Getattr describes the link.
func (n *controlLink) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fill(&out.Attr)
	return fusefs.OK
}

func (n *controlLink) fill(out *fuse.Attr) {
	*out = fuse.Attr{Mode: syscall.S_IFLNK | 0o777, Nlink: 1, Owner: n.vol.owner, Size: uint64(len(*n.target.Load())), Blksize: blockSize}
	out.SetTimes(&n.vol.mounted, &n.vol.mounted, &n.vol.mounted)
}
