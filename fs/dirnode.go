package fs

import (
	"context"
	"errors"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/meta"
)

var (
	_ fusefs.NodeLookuper       = (*dirNode)(nil)
	_ fusefs.NodeOpendirHandler = (*dirNode)(nil)
	_ fusefs.NodeGetattrer      = (*dirNode)(nil)
	_ fusefs.NodeOnForgetter    = (*dirNode)(nil)
)

// dirNode is a directory: the root, an entity or a folder of a Dataset.
type dirNode struct{ node }

// Lookup finds one name. Most look-ups follow a listing and are answered from it.
func (n *dirNode) Lookup(req context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if len(name) > maxNameLen {
		return nil, syscall.ENAMETOOLONG
	}
	if s := n.staged(name); s != nil {
		return n.stagedChild(req, s, out)
	}
	if name == controlName && n.IsRoot() && n.entry.Load().DataSet == nil { // a Dataset may have one of its own
		return n.controlChild(req, name, n.vol.newControlDir(), out), fusefs.OK
	}
	ctx, done := n.vol.begin(req, n.vol.listLimit)
	defer done()
	e, err := n.vol.tree.Lookup(ctx, n.entry.Load(), name)
	if name == controlName && n.IsRoot() && errors.Is(err, meta.ErrNotExist) {
		return n.controlChild(req, name, n.vol.newControlDir(), out), fusefs.OK
	}
	if err != nil {
		return nil, n.vol.fail(ctx, "lookup", n.path(name), err)
	}
	return n.child(req, name, e, out), fusefs.OK
}

// OpendirHandle opens the listing. What is not known yet is waited for when it is read.
func (n *dirNode) OpendirHandle(req context.Context, _ uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	ctx, done := n.vol.begin(req, n.vol.listLimit)
	defer done()
	reader, err := n.vol.tree.Open(ctx, n.entry.Load())
	if err != nil {
		return nil, 0, n.vol.fail(ctx, "list", n.path(""), err)
	}
	h := newDirHandle(n, reader)
	if n.vol.overlay != nil {
		n.vol.overlay.met(n)
		h.stage(n.vol.overlay.list(n.entry.Load()))
	}
	return h, 0, fusefs.OK
}

// stagedChild returns the inode of something staged, whose name stays for as long as the mount lives.
func (n *dirNode) stagedChild(ctx context.Context, s *staged, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if err := s.show(); err != nil {
		return nil, s.errno("lookup", err)
	}
	if err := s.fill(&out.Attr); err != nil {
		return nil, s.errno("lookup", err)
	}
	return n.NewInode(ctx, s.newNode(), s.stable()), fusefs.OK
}

// child returns the inode of an entry of this directory and describes it in out.
func (n *dirNode) child(ctx context.Context, name string, e *meta.Entry, out *fuse.EntryOut) *fusefs.Inode {
	n.vol.fillEntry(e, out)
	id := stableAttr(e)
	if known := n.GetChild(name); known != nil && known.StableAttr() == id {
		if r, ok := known.Operations().(refresher); ok {
			r.refresh(e)
			return known
		}
	}
	return n.NewInode(ctx, n.vol.newNode(e), id)
}
