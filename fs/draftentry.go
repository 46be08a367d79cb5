package fs

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
)

var (
	_ fusefs.NodeLookuper   = (*draftEntry)(nil)
	_ fusefs.NodeReaddirer  = (*draftEntry)(nil)
	_ fusefs.NodeGetattrer  = (*draftEntry)(nil)
	_ fusefs.NodeSetattrer  = (*draftEntry)(nil)
	_ fusefs.NodeReadlinker = (*draftEntry)(nil)
	_ fusefs.NodeOpener     = (*draftEntry)(nil)
	_ fusefs.NodeStatfser   = (*draftEntry)(nil)
	_ fusefs.NodeFsyncer    = (*draftEntry)(nil)
)

// draftEntry is a directory draft (root), or a file, folder or symbolic link in
// one. All of it is on local disk.
type draftEntry struct {
	fusefs.Inode
	*staged
	root    bool
	handles handles // of a file
}

// rel returns the path below the draft, false for what is removed.
func (n *draftEntry) rel() (string, bool) {
	var rel string
	for inode := &n.Inode; ; {
		entry, ok := inode.Operations().(*draftEntry)
		if !ok {
			return "", false
		}
		if entry.root {
			return rel, true
		}
		name, parent := inode.Parent()
		if parent == nil {
			return "", false
		}
		rel = path.Join(name, rel)
		inode = parent
	}
}

// local returns the path on local disk of n, or of a name in it.
func (n *draftEntry) local(name string) (rel, file string, err error) {
	rel, ok := n.rel()
	if !ok {
		return "", "", syscall.ENOENT
	}
	rel = path.Join(rel, name)
	file, err = n.draftNow().Path(rel)
	return rel, file, err
}

// open makes the draft writable again, unless the server has it or is about to.
// What was held will be held again.
func (s *staged) open(ctx context.Context) error {
	d := s.draftNow()
	switch d.State() {
	case staging.Opened:
		return nil
	case staging.Registered, staging.Verified, staging.Released:
		return staging.ErrSealed
	}
	held := heldFor(d)
	if err := d.Reopen(ctx); err != nil {
		return err
	}
	if held != nil {
		s.spoil(held) // other files make it no more complete
	}
	return nil
}

// modify calls f with a place in the draft while it can be changed.
func (n *draftEntry) modify(req context.Context, op, name string, f func(d *staging.Draft, rel, file string) error) syscall.Errno {
	ctx, done := n.vol.begin(req, n.vol.closeTimeout)
	defer done()
	if err := n.open(ctx); err != nil {
		return n.errno(op, err)
	}
	defer n.quiet.touch()
	rel, file, err := n.local(name)
	if err == nil {
		err = f(n.draftNow(), rel, file)
	}
	return n.errno(op, err)
}

// describe fills in what stat says of a place in the draft.
func (n *draftEntry) describe(rel, file string, out *fuse.Attr) error {
	if r := n.relic.Load(); r != nil {
		if r = r.find(rel); r == nil {
			return syscall.ENOENT
		}
		*out = r.attr
		return nil
	}
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	n.vol.fillDraft(n.draftNow(), info, out)
	return nil
}

// entry returns the inode of a name, and describes it.
func (n *draftEntry) entry(ctx context.Context, name, rel, file string, out *fuse.EntryOut) (*fusefs.Inode, error) {
	if err := n.describe(rel, file, &out.Attr); err != nil {
		return nil, err
	}
	id := fusefs.StableAttr{Mode: out.Mode & syscall.S_IFMT, Ino: out.Ino}
	out.SetEntryTimeout(draftTTL)
	out.SetAttrTimeout(draftTTL)
	if known := n.GetChild(name); known != nil && known.StableAttr() == id {
		return known, nil
	}
	return n.NewInode(ctx, &draftEntry{staged: n.staged}, id), nil
}

// Lookup finds a local file or folder.
func (n *draftEntry) Lookup(req context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if n.root && name == metadataName {
		return n.lookupMetadata(req, out), fusefs.OK
	}
	rel, file, err := n.local(name)
	if err != nil {
		return nil, n.errno("lookup", err)
	}
	child, err := n.entry(req, name, rel, file, out)
	return child, n.errno("lookup", err)
}

// Readdir lists a local folder.
func (n *draftEntry) Readdir(context.Context) (fusefs.DirStream, syscall.Errno) {
	rel, file, err := n.local("")
	if err != nil {
		return nil, n.errno("list", err)
	}
	var list []fuse.DirEntry
	if n.root {
		list = append(list, fuse.DirEntry{Name: metadataName, Mode: syscall.S_IFREG, Ino: n.metadataInode()})
	}
	entries, err := os.ReadDir(file)
	if r := n.relic.Load(); r != nil { // perhaps since a moment ago
		if r = r.find(rel); r == nil {
			return nil, syscall.ENOENT
		}
		for name, child := range r.names {
			list = append(list, fuse.DirEntry{Name: name, Mode: child.attr.Mode & syscall.S_IFMT, Ino: child.attr.Ino})
		}
		return fusefs.NewListDirStream(list), fusefs.OK
	}
	if err != nil {
		return nil, n.errno("list", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		stat := info.Sys().(*syscall.Stat_t)
		list = append(list, fuse.DirEntry{Name: e.Name(), Mode: stat.Mode & syscall.S_IFMT, Ino: draftInode(n.draftNow().ID(), stat.Ino)})
	}
	return fusefs.NewListDirStream(list), fusefs.OK
}

// Getattr describes the local file, also one that is removed but open.
func (n *draftEntry) Getattr(_ context.Context, f fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if n.root {
		return n.errno("stat", n.fill(&out.Attr))
	}
	var err error
	if h := n.handle(f); h != nil && h.file != nil {
		var info os.FileInfo
		if info, err = h.file.Stat(); err == nil {
			n.vol.fillLocal(info, &out.Attr)
		}
	} else {
		var rel, file string
		if rel, file, err = n.local(""); err == nil {
			err = n.describe(rel, file, &out.Attr)
		}
	}
	if err != nil {
		return n.errno("stat", err)
	}
	out.Ino = n.StableAttr().Ino
	out.SetTimeout(draftTTL)
	return fusefs.OK
}

// Setattr changes the local file. After registration there is nothing that
// could be changed, and permissions and times set late are ignored.
func (n *draftEntry) Setattr(req context.Context, f fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if _, ok := n.rel(); !ok {
		return n.setattrRemoved(req, f, in, out)
	}
	if size, ok := in.GetSize(); ok {
		errno := n.modify(req, "truncate", "", func(d *staging.Draft, rel, _ string) error { return truncateEntry(d, rel, f, int64(size)) })
		if errno != 0 {
			return errno
		}
	}
	mode, hasMode := in.GetMode()
	if n.root && hasMode {
		n.mode.Store(mode & 0o777)
	}
	if n.draftNow().State() == staging.Opened {
		_, file, err := n.local("")
		if err == nil && hasMode && !n.root {
			err = os.Chmod(file, os.FileMode(mode&0o777)|ownerBits(n.IsDir()))
		}
		if err == nil {
			err = setLocalTimes(file, in)
		}
		if err != nil {
			return n.errno("set attributes", err)
		}
		n.quiet.touch()
	}
	return n.Getattr(req, f, out)
}

// setattrRemoved changes the size of a file that is open still. Nobody will see
// what else it would change.
func (n *draftEntry) setattrRemoved(req context.Context, f fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		h := n.handle(f)
		if h == nil || !h.write {
			return syscall.ENOENT
		}
		if err := h.file.Truncate(int64(size)); err != nil {
			return n.errno("truncate", err)
		}
	}
	return n.Getattr(req, f, out)
}

// ownerBits are the permissions without which a draft can't be registered.
func ownerBits(directory bool) os.FileMode {
	if directory {
		return 0o700
	}
	return 0o400
}

func truncateEntry(d *staging.Draft, rel string, f fusefs.FileHandle, size int64) error {
	if h, ok := f.(*entryHandle); ok && h.write {
		h.wrote.Store(true)
		return h.file.Truncate(size)
	}
	file, err := d.OpenFile(rel, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	err = file.Truncate(size)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// Readlink returns the target of a symbolic link.
func (n *draftEntry) Readlink(context.Context) ([]byte, syscall.Errno) {
	_, file, err := n.local("")
	if err != nil {
		return nil, n.errno("readlink", err)
	}
	target, err := os.Readlink(file)
	return []byte(target), n.errno("readlink", err)
}

// Open opens the local file.
func (n *draftEntry) Open(req context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	rel, _, err := n.local("")
	if err != nil {
		return nil, 0, n.errno("open", err)
	}
	if opensForWriting(flags) {
		ctx, done := n.vol.begin(req, n.vol.closeTimeout)
		defer done()
		if err := n.open(ctx); err != nil {
			return nil, 0, n.errno("open", err)
		}
	}
	h, err := n.openEntry(rel, flags&(syscall.O_ACCMODE|syscall.O_TRUNC), 0)
	if err != nil {
		return nil, 0, n.errno("open", err)
	}
	n.attach(h)
	return h, 0, fusefs.OK
}

// Statfs is that of the staging directory.
func (n *draftEntry) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	n.vol.statfs(out)
	return fusefs.OK
}

// Fsync makes a file durable, or the names in a folder.
func (n *draftEntry) Fsync(_ context.Context, f fusefs.FileHandle, _ uint32) syscall.Errno {
	if h, ok := f.(*entryHandle); ok {
		if !h.write {
			return fusefs.OK
		}
		return n.errno("fsync", h.file.Sync())
	}
	_, file, err := n.local("")
	if err != nil || n.relic.Load() != nil {
		return fusefs.OK // removed, or registered
	}
	dir, err := os.Open(file)
	if err != nil {
		return n.errno("fsync", err)
	}
	defer dir.Close()
	return n.errno("fsync", dir.Sync())
}

// lookupRename returns the local paths of a rename within one draft.
func (n *draftEntry) lookupRename(to *draftEntry, name, newName string) (from, target, targetFile string, err error) {
	if from, _, err = n.local(name); err != nil {
		return "", "", "", err
	}
	target, targetFile, err = to.local(newName)
	return from, target, filepath.Clean(targetFile), err
}

// renameFlags are those of renameat2(2) that a draft can do.
const renameFlags = unix.RENAME_NOREPLACE
