package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Every operation that would change something is refused, on nodes of every
// type: with EROFS on a read-only mount and in Datasets, else with EPERM.
// Directories that take new Datasets have operations of their own. On a read-only
// mount the kernel refuses first; this is for the kernel that does not, e.g. after
// a remount with rw. Silence would not do: go-fuse lets Unlink and Rmdir succeed
// when a node does not have them.
var (
	_ fusefs.NodeSetattrer     = (*node)(nil)
	_ fusefs.NodeSetxattrer    = (*node)(nil)
	_ fusefs.NodeRemovexattrer = (*node)(nil)
	_ fusefs.NodeCreater       = (*node)(nil)
	_ fusefs.NodeTmpfiler      = (*node)(nil)
	_ fusefs.NodeMkdirer       = (*node)(nil)
	_ fusefs.NodeMknoder       = (*node)(nil)
	_ fusefs.NodeLinker        = (*node)(nil)
	_ fusefs.NodeSymlinker     = (*node)(nil)
	_ fusefs.NodeUnlinker      = (*node)(nil)
	_ fusefs.NodeRmdirer       = (*node)(nil)
	_ fusefs.NodeRenamer       = (*node)(nil)
	_ fusefs.NodeWriter        = (*node)(nil)
	_ fusefs.NodeAllocater     = (*node)(nil)
	_ fusefs.NodeFsyncer       = (*node)(nil)
)

// Setattr refuses chmod, chown, truncate and utimes.
func (n *node) Setattr(context.Context, fusefs.FileHandle, *fuse.SetAttrIn, *fuse.AttrOut) syscall.Errno {
	return n.refusal()
}

// Setxattr refuses to set an extended attribute.
func (n *node) Setxattr(context.Context, string, []byte, uint32) syscall.Errno { return n.refusal() }

// Removexattr refuses to remove an extended attribute.
func (n *node) Removexattr(context.Context, string) syscall.Errno { return n.refusal() }

// Create refuses a new file.
func (n *node) Create(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	return nil, nil, 0, n.refusal()
}

// Tmpfile refuses a file without a name.
func (n *node) Tmpfile(context.Context, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	return nil, nil, 0, n.refusal()
}

// Mkdir refuses a new directory.
func (n *node) Mkdir(context.Context, string, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Mknod refuses a new special file.
func (n *node) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Link refuses a hard link.
func (n *node) Link(context.Context, fusefs.InodeEmbedder, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Symlink refuses a symbolic link.
func (n *node) Symlink(context.Context, string, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Unlink refuses to remove a file.
func (n *node) Unlink(context.Context, string) syscall.Errno { return n.refusal() }

// Rmdir refuses to remove a directory.
func (n *node) Rmdir(context.Context, string) syscall.Errno { return n.refusal() }

// Rename refuses to move anything.
func (n *node) Rename(context.Context, string, fusefs.InodeEmbedder, string, uint32) syscall.Errno {
	return n.refusal()
}

// Write refuses data.
func (n *node) Write(context.Context, fusefs.FileHandle, []byte, int64) (uint32, syscall.Errno) {
	return 0, n.refusal()
}

// Allocate refuses to reserve space.
func (n *node) Allocate(context.Context, fusefs.FileHandle, uint64, uint64, uint32) syscall.Errno {
	return n.refusal()
}

// Fsync succeeds: everything that was read is as durable as it was.
func (n *node) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno { return fusefs.OK }
