package fs

import (
	"context"
	"os"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
)

var (
	_ fusefs.NodeCreater   = (*draftEntry)(nil)
	_ fusefs.NodeMkdirer   = (*draftEntry)(nil)
	_ fusefs.NodeSymlinker = (*draftEntry)(nil)
	_ fusefs.NodeLinker    = (*draftEntry)(nil)
	_ fusefs.NodeMknoder   = (*draftEntry)(nil)
	_ fusefs.NodeUnlinker  = (*draftEntry)(nil)
	_ fusefs.NodeRmdirer   = (*draftEntry)(nil)
	_ fusefs.NodeRenamer   = (*draftEntry)(nil)
)

// Create makes a local file.
func (n *draftEntry) Create(req context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	var child *fusefs.Inode
	var h *entryHandle
	errno := n.modify(req, "create", name, func(_ *staging.Draft, rel, file string) (err error) {
		// The kernel sees to it that only who may write does; truncating needs a file that can be written to.
		flags := flags&(syscall.O_TRUNC|syscall.O_EXCL) | syscall.O_CREAT | syscall.O_RDWR
		if h, err = n.openEntry(rel, flags, os.FileMode(mode&0o777)|0o600); err != nil {
			return err
		}
		h.wrote.Store(true)
		if err = os.Chmod(file, os.FileMode(mode&0o777)|ownerBits(false)); err == nil {
			child, err = n.entry(req, name, rel, file, out)
		}
		if err != nil {
			h.close()
		}
		return err
	})
	if errno != 0 {
		return nil, nil, 0, errno
	}
	if entry, ok := child.Operations().(*draftEntry); ok {
		entry.attach(h)
	}
	return child, h, 0, fusefs.OK
}

// Mkdir makes a local folder.
func (n *draftEntry) Mkdir(req context.Context, name string, mode uint32, out *fuse.EntryOut) (child *fusefs.Inode, errno syscall.Errno) {
	errno = n.modify(req, "mkdir", name, func(d *staging.Draft, rel, file string) (err error) {
		if err := d.Mkdir(rel, os.FileMode(mode&0o777)); err != nil {
			return err
		}
		child, err = n.entry(req, name, rel, file, out)
		return err
	})
	return child, errno
}

// Symlink makes a local link. openBIS has none: what it leads to is registered in its place.
func (n *draftEntry) Symlink(req context.Context, target, name string, out *fuse.EntryOut) (child *fusefs.Inode, errno syscall.Errno) {
	errno = n.modify(req, "symlink", name, func(_ *staging.Draft, rel, file string) (err error) {
		if err := os.Symlink(target, file); err != nil {
			return err
		}
		child, err = n.entry(req, name, rel, file, out)
		return err
	})
	return child, errno
}

// Link makes a hard link within the draft. Each name will be a file of its own in the Dataset.
func (n *draftEntry) Link(req context.Context, target fusefs.InodeEmbedder, name string, out *fuse.EntryOut) (child *fusefs.Inode, errno syscall.Errno) {
	from, ok := target.(*draftEntry)
	if !ok || from.staged != n.staged || n.root && name == metadataName {
		return nil, syscall.EPERM // programs that try copy instead
	}
	errno = n.modify(req, "link", name, func(_ *staging.Draft, rel, file string) error {
		_, old, err := from.local("")
		if err != nil {
			return err
		}
		if err := os.Link(old, file); err != nil {
			return err
		}
		child, err = n.entry(req, name, rel, file, out)
		return err
	})
	return child, errno
}

// Mknod refuses special files, which openBIS does not have.
func (n *draftEntry) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, syscall.EPERM
}

// Unlink removes a local file.
func (n *draftEntry) Unlink(req context.Context, name string) syscall.Errno {
	if n.root && name == metadataName {
		return n.modify(req, "unlink", "", func(*staging.Draft, string, string) error { return n.meta.set(req, nil) })
	}
	return n.modify(req, "unlink", name, func(d *staging.Draft, rel, _ string) error { return d.Remove(rel) })
}

// Rmdir removes an empty local folder.
func (n *draftEntry) Rmdir(req context.Context, name string) syscall.Errno {
	return n.modify(req, "rmdir", name, func(d *staging.Draft, rel, _ string) error { return d.Remove(rel) })
}

// Rename renames within the draft. To everywhere else programs copy.
func (n *draftEntry) Rename(req context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to, ok := newParent.(*draftEntry)
	switch {
	case !ok || to.staged != n.staged:
		return syscall.EXDEV
	case flags&^renameFlags != 0:
		return syscall.EINVAL
	case n.root && name == metadataName:
		return syscall.EXDEV
	case to.root && newName == metadataName:
		return n.becomeMetadata(req, name)
	}
	return n.modify(req, "rename", name, func(d *staging.Draft, _, _ string) error {
		from, target, file, err := n.lookupRename(to, name, newName)
		if err != nil {
			return err
		}
		if flags&unix.RENAME_NOREPLACE != 0 {
			if _, err := os.Lstat(file); err == nil {
				return syscall.EEXIST
			}
		}
		return d.Move(from, target)
	})
}
