package fs

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// faultyDisk is a local file system that fails as it is told, for staging directories: a FUSE mount in which a mounting
// process, which knows nothing of it, gets the disk's error from the kernel, or is killed while the kernel carries out its
// request. What is in it can be read beside the mount. Each directory at its top is a disk of its own. It does not
// sync, which tests need not wait for.
type faultyDisk struct {
	dir     string // where the disks are to be used
	backing string // where their content is

	mu    sync.Mutex
	disks map[string]*disk
}

// disk is one of the disks.
type disk struct {
	mu    sync.Mutex
	log   []diskOperation // what was done since the first fault was armed, or recording began
	seen  map[string]int
	fault *diskFault
	dead  bool // nothing is done any more: the process that did it is gone
	count bool
}

// diskOperation is a change of a disk: which, of what, and how often it was done so far.
type diskOperation struct {
	kind, name string
	n          int
}

func (o diskOperation) String() string { return fmt.Sprintf("%s_%s_%d", o.kind, o.name, o.n) }

// diskFault is what happens at an operation: without kill, it and the next times-1 fail with ENOSPC.
type diskFault struct {
	at    diskOperation
	times int
	kill  func() error
	after bool // kill after it was done
	hits  int
}

// newFaultyDisk mounts one until the end of the test.
func newFaultyDisk(t *testing.T) *faultyDisk {
	t.Helper()
	f := &faultyDisk{dir: t.TempDir(), backing: t.TempDir(), disks: make(map[string]*disk)}
	loopback, err := fusefs.NewLoopbackRoot(f.backing)
	if err != nil {
		t.Fatal(err)
	}
	server, err := fusefs.Mount(f.dir, &faultyNode{loopback.(*fusefs.LoopbackNode), f}, &fusefs.Options{
		MountOptions: fuse.MountOptions{FsName: "faulty", Name: "faulty", DisableXAttrs: true, MaxWrite: 128 << 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unmount(context.WithoutCancel(t.Context()), f.dir, true); err != nil {
			t.Error(err)
		}
		server.Wait()
	})
	return f
}

// disk returns the disk of a name, which is recording from now on.
func (f *faultyDisk) disk(name string) *disk {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.disks[name]
	if d == nil {
		d = &disk{seen: make(map[string]int)}
		f.disks[name] = d
	}
	return d
}

// record has operations counted from now on, and the fault, if any, happen.
func (d *disk) record(fault *diskFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count, d.fault = true, fault
}

// operations returns what was done since recording began.
func (d *disk) operations() []diskOperation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]diskOperation(nil), d.log...)
}

// hits returns how many operations the fault has hit.
func (d *disk) hits() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault.hits
}

// repair ends faults, and lets the disk be used by another process.
func (d *disk) repair() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead, d.count = false, false
}

// do carries out one operation on the path, unless a fault is against it. Operations of a disk take turns.
func (f *faultyDisk) do(kind, path string, run func() syscall.Errno) syscall.Errno {
	name, rel, _ := strings.Cut(path, "/")
	d := f.disk(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return syscall.EIO
	}
	if !d.count {
		return run()
	}
	op := diskOperation{kind: kind, name: roleOf(rel)}
	d.seen[op.String()]++
	op.n = d.seen[op.String()]
	d.log = append(d.log, op)
	fault := d.fault
	switch {
	case fault == nil || fault.hits == 0 && op != fault.at || fault.hits >= max(fault.times, 1):
		return run()
	case fault.kill == nil && (kind == "unlink" || kind == "rmdir"):
		return run() // makes space
	case fault.kill == nil:
		fault.hits++
		return syscall.ENOSPC
	}
	fault.hits++
	if fault.after {
		_ = run()
	}
	d.dead = true
	if err := fault.kill(); err != nil {
		panic(err)
	}
	return syscall.EIO
}

var draftName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}-[a-z0-9]+$`)

// roleOf names a path in a staging directory without what differs from run to run.
func roleOf(path string) string {
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, ".new-"):
		return "NEW"
	case strings.HasPrefix(base, ".del-"):
		return "DEL"
	case draftName.MatchString(base):
		return "DRAFT"
	case !strings.Contains(path, "/"):
		return "STAGING"
	}
	return base
}

// faultyNode is a file or directory of a faultyDisk.
type faultyNode struct {
	*fusefs.LoopbackNode
	all *faultyDisk
}

var (
	_ fusefs.NodeWrapChilder    = (*faultyNode)(nil)
	_ fusefs.NodeCreater        = (*faultyNode)(nil)
	_ fusefs.NodeOpener         = (*faultyNode)(nil)
	_ fusefs.NodeCopyFileRanger = (*faultyNode)(nil)
	_ fusefs.NodeMkdirer        = (*faultyNode)(nil)
	_ fusefs.NodeRenamer        = (*faultyNode)(nil)
	_ fusefs.NodeUnlinker       = (*faultyNode)(nil)
	_ fusefs.NodeRmdirer        = (*faultyNode)(nil)
	_ fusefs.NodeSetattrer      = (*faultyNode)(nil)
	_ fusefs.NodeWriter         = (*faultyNode)(nil)
	_ fusefs.NodeWritever       = (*faultyNode)(nil)
	_ fusefs.NodeFsyncer        = (*faultyNode)(nil)
	_ fusefs.NodeOpendirHandler = (*faultyNode)(nil)
)

// WrapChild implements [fusefs.NodeWrapChilder].
func (n *faultyNode) WrapChild(_ context.Context, child fusefs.InodeEmbedder) fusefs.InodeEmbedder {
	return &faultyNode{child.(*fusefs.LoopbackNode), n.all}
}

func (n *faultyNode) path(elem ...string) string {
	return filepath.Join(append([]string{n.Path(nil)}, elem...)...)
}

// Create implements [fusefs.NodeCreater].
func (n *faultyNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (child *fusefs.Inode, fh fusefs.FileHandle, fuseFlags uint32, errno syscall.Errno) {
	errno = n.all.do("create", n.path(name), func() (e syscall.Errno) {
		child, fh, fuseFlags, e = n.LoopbackNode.Create(ctx, name, flags, mode, out)
		return e
	})
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return child, &faultyFile{fh.(*fusefs.LoopbackFile)}, fuseFlags, 0
}

// Open implements [fusefs.NodeOpener].
func (n *faultyNode) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	fh, fuseFlags, errno := n.LoopbackNode.Open(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &faultyFile{fh.(*fusefs.LoopbackFile)}, fuseFlags, 0
}

// faultyFile is an open file of which the kernel does nothing by itself.
type faultyFile struct{ *fusefs.LoopbackFile }

// PassthroughFd implements [fusefs.FilePassthroughFder].
func (*faultyFile) PassthroughFd() (int, bool) { return 0, false }

// CopyFileRange implements [fusefs.NodeCopyFileRanger]: copying is reading and writing.
func (*faultyNode) CopyFileRange(context.Context, fusefs.FileHandle, uint64, *fusefs.Inode, fusefs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.ENOSYS
}

// Mkdir implements [fusefs.NodeMkdirer].
func (n *faultyNode) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (child *fusefs.Inode, errno syscall.Errno) {
	errno = n.all.do("mkdir", n.path(name), func() (e syscall.Errno) {
		child, e = n.LoopbackNode.Mkdir(ctx, name, mode, out)
		return e
	})
	return child, errno
}

// Rename implements [fusefs.NodeRenamer].
func (n *faultyNode) Rename(ctx context.Context, name string, newParent fusefs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	to := filepath.Join(newParent.EmbeddedInode().Path(nil), newName)
	return n.all.do("rename", to, func() syscall.Errno {
		return n.LoopbackNode.Rename(ctx, name, newParent, newName, flags)
	})
}

// Unlink implements [fusefs.NodeUnlinker].
func (n *faultyNode) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.all.do("unlink", n.path(name), func() syscall.Errno { return n.LoopbackNode.Unlink(ctx, name) })
}

// Rmdir implements [fusefs.NodeRmdirer].
func (n *faultyNode) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.all.do("rmdir", n.path(name), func() syscall.Errno { return n.LoopbackNode.Rmdir(ctx, name) })
}

// Setattr implements [fusefs.NodeSetattrer].
func (n *faultyNode) Setattr(ctx context.Context, f fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	set := func() syscall.Errno { return n.LoopbackNode.Setattr(ctx, f, in, out) }
	if _, ok := in.GetSize(); !ok {
		return set()
	}
	return n.all.do("truncate", n.path(), set)
}

// Write implements [fusefs.NodeWriter].
func (n *faultyNode) Write(ctx context.Context, f fusefs.FileHandle, data []byte, off int64) (written uint32, errno syscall.Errno) {
	errno = n.all.do("write", n.path(), func() (e syscall.Errno) {
		written, e = f.(fusefs.FileWriter).Write(ctx, data, off)
		return e
	})
	return written, errno
}

// Writev implements [fusefs.NodeWritever].
func (n *faultyNode) Writev(ctx context.Context, f fusefs.FileHandle, data [][]byte, off int64) (written uint32, errno syscall.Errno) {
	return n.Write(ctx, f, bytes.Join(data, nil), off)
}

// Fsync implements [fusefs.NodeFsyncer].
func (n *faultyNode) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno {
	return n.all.do("fsync", n.path(), func() syscall.Errno { return 0 })
}

// OpendirHandle implements [fusefs.NodeOpendirHandler].
func (n *faultyNode) OpendirHandle(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	fh, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &faultyDirectory{fh.(directoryHandle), n}, fuseFlags, 0
}

// directoryHandle is what the loopback file system opens a directory as.
type directoryHandle interface {
	fusefs.FileReaddirenter
	fusefs.FileSeekdirer
	fusefs.FileReleasedirer
	fusefs.FileFsyncdirer
}

type faultyDirectory struct {
	directoryHandle
	node *faultyNode
}

// Fsyncdir implements [fusefs.FileFsyncdirer].
func (d *faultyDirectory) Fsyncdir(context.Context, uint32) syscall.Errno {
	return d.node.all.do("fsync", d.node.path(), func() syscall.Errno { return 0 })
}
