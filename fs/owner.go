package fs

import (
	"context"
	"errors"
	"os"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/meta"
)

// refusal is the errno for changes where nothing can be changed.
func (n *node) refusal() syscall.Errno {
	if n.vol.overlay == nil || inDataSet(n.entry.Load()) {
		return syscall.EROFS
	}
	if _, parent := n.Parent(); parent != nil { // of a document
		if dir, ok := parent.Operations().(*dirNode); ok && inDataSet(dir.entry.Load()) {
			return syscall.EROFS
		}
	}
	return syscall.EPERM
}

func inDataSet(e *meta.Entry) bool { return e != nil && e.DataSet != nil }

// owns tells whether new Datasets can be made in the directory.
func (n *dirNode) owns() bool {
	if n.vol.overlay == nil {
		return false
	}
	_, ok := ownerOf(n.entry.Load())
	return ok
}

// Setattr succeeds without effect where Datasets can be made: programs that
// copy a directory set its times and permissions.
func (n *dirNode) Setattr(ctx context.Context, f fusefs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if !n.owns() {
		return n.refusal()
	}
	return n.Getattr(ctx, f, out)
}

// Create makes a file draft.
func (n *dirNode) Create(req context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	if !n.owns() {
		return nil, nil, 0, n.refusal()
	}
	s, err := n.vol.overlay.create(n.entry.Load(), name, false)
	if err != nil {
		return nil, nil, 0, stagedErrno(err)
	}
	s.mode.Store(mode & 0o777)
	s.temporary = staging.TemporaryFile(name, os.FileMode(mode&0o777))
	s.dirty.Store(true)
	h := newDraftHandle(s, flags|syscall.O_RDWR) // its close saves, also of one that can only read
	if err := s.fill(&out.Attr); err != nil {
		return nil, nil, 0, s.errno("create", err)
	}
	return n.NewInode(req, s.newNode(), s.stable()), h, 0, fusefs.OK
}

// Mkdir makes a directory draft.
func (n *dirNode) Mkdir(req context.Context, name string, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	if !n.owns() {
		return nil, n.refusal()
	}
	s, err := n.vol.overlay.create(n.entry.Load(), name, true)
	if err != nil {
		return nil, stagedErrno(err)
	}
	s.mode.Store(mode & 0o777)
	if err := s.fill(&out.Attr); err != nil {
		return nil, s.errno("mkdir", err)
	}
	return n.NewInode(req, s.newNode(), s.stable()), fusefs.OK
}

// Mknod refuses: a Dataset has files only, which programs make with Create.
func (n *dirNode) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Symlink refuses: a link is no Dataset.
func (n *dirNode) Symlink(context.Context, string, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Link refuses: a name is a Dataset.
func (n *dirNode) Link(context.Context, fusefs.InodeEmbedder, string, *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	return nil, n.refusal()
}

// Tmpfile is not supported; programs do without.
func (n *dirNode) Tmpfile(context.Context, uint32, uint32, *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	if n.owns() {
		return nil, nil, 0, syscall.EOPNOTSUPP
	}
	return nil, nil, 0, n.refusal()
}

// Unlink removes a staged file. A registered Dataset stays; its file's name goes.
func (n *dirNode) Unlink(_ context.Context, name string) syscall.Errno {
	s := n.staged(name)
	if s == nil || s.directory {
		return n.refusal()
	}
	return s.errno("unlink", s.remove())
}

// Rmdir removes an empty directory draft.
func (n *dirNode) Rmdir(_ context.Context, name string) syscall.Errno {
	s := n.staged(name)
	if s == nil || !s.directory {
		return n.refusal()
	}
	if !s.empty() {
		return syscall.ENOTEMPTY
	}
	return s.errno("rmdir", s.remove())
}

// staged returns what is staged under a name, or nil.
func (n *dirNode) staged(name string) *staged {
	if n.vol.overlay == nil {
		return nil
	}
	n.vol.overlay.met(n)
	return n.vol.overlay.find(n.entry.Load(), name)
}

// remove discards what is staged. Descriptors keep the content.
func (s *staged) remove() error {
	if err := s.discard(); err != nil {
		return err
	}
	s.vol.overlay.take(s)
	return nil
}

func (s *staged) discard() error {
	s.quiet.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.draftNow()
	if s.opens > 0 && s.file == nil && s.relic.Load() == nil && !s.directory {
		// Whoever has it open reads and writes on, as in any file that was removed.
		open := d.State() == staging.Opened
		flags := os.O_RDONLY
		if open {
			flags = os.O_RDWR
		}
		file, err := d.OpenFile("", flags, 0)
		if err != nil {
			return err
		}
		s.file, s.writable = file, open
	}
	switch d.State() {
	case staging.Registered, staging.Verified, staging.Released:
		d.Release()
	default:
		err := d.Discard(s.vol.life)
		if _, name := s.vol.overlay.where(s); err != nil && underWay(d) && name != d.Name() {
			d.Release() // what the Dataset is called is not removed: an editor removes its backup
			err = nil
		}
		if err != nil && !errors.Is(err, staging.ErrGone) {
			return err
		}
	}
	s.unlinked = true
	s.dirty.Store(false)
	return nil
}

// empty tells whether a directory draft has nothing in it.
func (s *staged) empty() bool {
	entries, err := os.ReadDir(s.draftNow().Root())
	return err == nil && len(entries) == 0
}

// Rename gives a draft another name or another owner.
func (n *dirNode) Rename(req context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	s := n.staged(name)
	if s == nil {
		return n.refusal()
	}
	to, ok := newParent.(*dirNode)
	switch {
	case !ok:
		return syscall.EXDEV // a program that moves will copy
	case !to.owns():
		return to.refusal()
	case flags&^unix.RENAME_NOREPLACE != 0:
		return syscall.EINVAL
	}
	ctx, done := n.vol.begin(req, n.vol.closeTimeout)
	defer done()
	replaced := to.staged(newName)
	if replaced == s {
		return fusefs.OK
	}
	if errno := to.replaceable(ctx, s, replaced, newName, flags); errno != 0 {
		return errno
	}
	owner, _ := ownerOf(to.entry.Load())
	if err := s.rename(ctx, owner, newName); err != nil {
		return s.errno("rename", err)
	}
	unsaved := s.dirty.Load() // as soon as it has the name, others save it, too
	if replaced != nil {
		old := replaced.draftNow()
		if err := replaced.discard(); err != nil {
			n.vol.log.Info("what was replaced is on its way already", "draft", old.ID(), "err", err)
		}
		if underWay(old) {
			n.vol.overlay.precede(owner, newName, old)
		}
	}
	n.vol.overlay.move(s, owner, newName)
	if !unsaved && !s.directory {
		return fusefs.OK
	}
	return s.saveRenamed(ctx, name)
}

// replaceable tells why a name can't be given to s.
func (n *dirNode) replaceable(ctx context.Context, s, replaced *staged, name string, flags uint32) syscall.Errno {
	if replaced == nil {
		_, err := n.vol.tree.Lookup(ctx, n.entry.Load(), name)
		switch {
		case errors.Is(err, meta.ErrNotExist):
			return 0
		case err != nil:
			return n.vol.fail(ctx, "rename", n.path(name), err)
		case flags&unix.RENAME_NOREPLACE != 0:
			return syscall.EEXIST
		default:
			return syscall.EPERM
		}
	}
	switch {
	case flags&unix.RENAME_NOREPLACE != 0:
		return syscall.EEXIST
	case s.directory && !replaced.directory:
		return syscall.ENOTDIR
	case !s.directory && replaced.directory:
		return syscall.EISDIR
	case s.directory && !replaced.empty():
		return syscall.ENOTEMPTY
	}
	return 0
}

// rename renames the draft, if it is one still. A name that is registered, or being
// registered, is renamed in this mount only.
func (s *staged) rename(ctx context.Context, owner staging.Owner, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.draftNow()
	switch d.State() {
	case staging.Registered, staging.Verified, staging.Released:
		return s.keepDataset(d, owner)
	case staging.Opened, staging.Held, staging.Failed:
	default: // on its way: it turns around
		err := d.Reopen(ctx)
		if err != nil && underWay(d) {
			return s.keepDataset(d, owner)
		}
		if err != nil {
			return err
		}
		s.dirty.Store(true)
	}
	return d.Rename(ctx, owner, name)
}

// keepDataset lets what is or becomes a Dataset have another name here, with the same owner.
// What is saved under its name next has it as parent.
func (s *staged) keepDataset(d *staging.Draft, owner staging.Owner) error {
	from, name := s.vol.overlay.where(s)
	if owner.PermID != from.PermID {
		return syscall.EXDEV
	}
	s.vol.overlay.precede(from, name, d)
	return nil
}

// saveRenamed registers what has got its final name after it was written. It
// waits for the outcome, as closing does, but only for as long as it takes a
// server to refuse: the kernel lets nobody into the directory meanwhile. The name
// is the new one in any case, as the data of a file that could not be closed
// stays under its name. Until the kernel has its answer, /proc shows the old name.
func (s *staged) saveRenamed(ctx context.Context, oldName string) syscall.Errno {
	s.mu.Lock()
	s.temporary = false
	s.mu.Unlock()
	if s.directory {
		s.quiet.touch()
		return fusefs.OK
	}
	if s.ephemeral() || openForWriting(procDir, oldName, s.ino) {
		return fusefs.OK
	}
	if d := s.spoiled.Load(); d != nil {
		s.hold(d)
		return fusefs.OK
	}
	if s.vol.closeInBackground {
		return s.save(ctx, false)
	}
	d, err := s.seal(ctx, false)
	if err != nil {
		return s.failed("rename", err)
	}
	if d == nil { // sealed when the kernel said that it was closed, while it was renamed
		d = s.draftNow()
		if state := d.State(); !state.Pending() && state != staging.Failed {
			return fusefs.OK
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.vol.renameTimeout)
	defer cancel()
	err = outcome(ctx, d)
	switch {
	case err == nil:
		s.vol.overlay.registered(s, d)
		return fusefs.OK
	case errors.Is(err, staging.ErrPending):
		s.vol.follow(s, d)
		return fusefs.OK
	}
	if errno := s.failed("rename", err); errno != syscall.EINVAL {
		return errno
	}
	// Programs take EINVAL for a flag that is not supported, and try without.
	return syscall.EIO
}
