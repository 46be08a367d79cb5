package fs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache"
)

// passthroughAbove is the size in bytes from which on a file is worth it. A
// smaller one is read by a request or two, which costs less than handing it over.
const passthroughAbove = 256 << 10

// PassthroughStatus says whether the kernel reads complete files itself.
type PassthroughStatus struct {
	On     bool   `json:"on"`
	Reason string `json:"reason,omitempty"` // why not
	Opens  int64  `json:"opens"`            // that were answered so, since it was mounted
}

// passthrough hands files that are complete in the disk cache to the kernel,
// which then reads them without asking (FOPEN_PASSTHROUGH, Linux 6.9). Whether
// that works is found out once, when the file system is mounted.
//
// The kernel refuses an open that disagrees with the others of its inode about
// passthrough, and go-fuse counts closes of files that were not passed through as
// if they had been, a moment after Release has returned. So what is handed over
// is decided here, for all opens of a file together, and go-fuse is told no more than the result.
type passthrough struct {
	dir    string // of the cache; "" when nothing is to be handed over
	kernel backingRegistry

	mu       sync.Mutex // held for bookkeeping only
	on       bool
	reason   string
	opens    int64
	backings map[int32]*backing // by descriptor and, negative, by number in the kernel
}

// backingRegistry is the kernel, as far as files are handed over.
type backingRegistry interface {
	RegisterBackingFd(m *fuse.BackingMap) (int32, syscall.Errno)
	UnregisterBackingFd(id int32) syscall.Errno
}

// backing is a file of the disk cache in the hands of the kernel. It lives until
// nobody has it open and go-fuse has forgotten it.
type backing struct {
	opens *fileOpens
	file  *cache.File // protects local from eviction
	local *os.File
	fd    int32
	id    int32 // in the kernel

	// guarded by passthrough.mu
	handles int
	held    bool // go-fuse answers opens with id
}

// fileOpens are the open handles of one file. Guarded by passthrough.mu.
type fileOpens struct {
	cached  int      // through FUSE and the kernel's page cache
	backing *backing // if not nil, all opens go there, and cached is 0
}

func newPassthrough(cfg *Config) *passthrough {
	p := &passthrough{backings: make(map[int32]*backing)}
	switch {
	case cfg.DisablePassthrough:
		p.reason = "switched off"
	case cfg.Cache == nil || cfg.Cache.DiskDir() == "":
		p.reason = "there is no cache on disk"
	default:
		p.dir = cfg.Cache.DiskDir()
	}
	cfg.DisablePassthrough = p.dir == ""
	return p
}

// probe finds out whether the kernel takes files of the cache.
func (p *passthrough) probe(settings *fuse.InitIn) {
	if p.dir == "" {
		return
	}
	err := p.try(settings, p.dir)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on, p.reason = err == nil, ""
	if err != nil {
		p.reason = err.Error()
	}
}

func (p *passthrough) try(settings *fuse.InitIn, dir string) error {
	if settings.Flags64()&fuse.CAP_PASSTHROUGH == 0 {
		return errors.New("the kernel is older than Linux 6.9, or made without it")
	}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("the cache directory: %w", err)
	}
	if !local(st.Type) {
		return errors.New("the cache directory is on a file system that others may change")
	}
	file, err := os.Open(filepath.Join(dir, "CACHEDIR.TAG"))
	if err != nil {
		return fmt.Errorf("the cache directory: %w", err)
	}
	defer file.Close()
	id, errno := p.kernel.RegisterBackingFd(&fuse.BackingMap{Fd: int32(file.Fd())})
	switch errno {
	case 0:
	case syscall.EPERM:
		return errors.New("that takes root (CAP_SYS_ADMIN)")
	case syscall.ELOOP:
		return errors.New("the cache directory is on a stacked file system, such as overlayfs")
	default:
		return fmt.Errorf("the kernel refuses a file of the cache: %w", errno)
	}
	if errno := p.kernel.UnregisterBackingFd(id); errno != 0 {
		return fmt.Errorf("the kernel keeps a file of the cache: %w", errno)
	}
	return nil
}

// local tells whether a file system of this type belongs to this machine. On
// others, files may vanish while they are read, whatever this machine does.
func local(fsType int64) bool {
	switch fsType {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, 0xca451a4e /* bcachefs */, 0x2fc12fc1 /* ZFS */ :
		return true
	default:
		return false
	}
}

func (p *passthrough) status() PassthroughStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PassthroughStatus{On: p.on, Reason: p.reason, Opens: p.opens}
}

// open counts one more handle of a file of size bytes and returns what is
// behind it, nil for FUSE. again opens its content in the cache once more.
func (p *passthrough) open(o *fileOpens, size int64, again func() *cache.File) *backing {
	p.mu.Lock()
	if b := o.backing; b != nil {
		b.handles++
		p.opens++
		p.mu.Unlock()
		return b
	}
	o.cached++
	alone := p.on && o.cached == 1 && size > passthroughAbove
	p.mu.Unlock()
	if !alone {
		return nil
	}
	// Who opens the file meanwhile sees a cached handle, and so it stays.
	b := p.register(o, again())
	if b == nil {
		return nil
	}
	p.mu.Lock()
	if o.cached > 1 {
		p.mu.Unlock()
		p.giveUp(b)
		return nil
	}
	o.cached, o.backing, b.handles = 0, b, 1
	p.backings[b.fd], p.backings[-b.id] = b, b
	p.opens++
	p.mu.Unlock()
	return b
}

// register gives the file to the kernel, if all of it is there.
func (p *passthrough) register(o *fileOpens, file *cache.File) *backing {
	local, ok := file.Local()
	if !ok {
		_ = file.Close()
		return nil
	}
	b := &backing{opens: o, file: file, local: local, fd: int32(local.Fd())}
	var errno syscall.Errno
	if b.id, errno = p.kernel.RegisterBackingFd(&fuse.BackingMap{Fd: b.fd}); errno != 0 {
		b.close()
		return nil // it worked a moment ago: there are too many
	}
	return b
}

func (b *backing) close() {
	_ = b.local.Close()
	_ = b.file.Close()
}

// giveUp takes the file from the kernel. Who has it open goes on.
func (p *passthrough) giveUp(b *backing) {
	_ = p.kernel.UnregisterBackingFd(b.id)
	b.close()
}

// release is told that a handle is gone for good.
func (p *passthrough) release(o *fileOpens, b *backing) {
	p.mu.Lock()
	if b == nil {
		o.cached--
		p.mu.Unlock()
		return
	}
	b.handles--
	p.settle(b)
}

// settle gives the backing up when nobody needs it. It unlocks.
func (p *passthrough) settle(b *backing) {
	unused := b.handles == 0 && !b.held && b.opens.backing == b
	if unused {
		b.opens.backing = nil
		delete(p.backings, b.fd)
		delete(p.backings, -b.id)
	}
	p.mu.Unlock()
	if unused {
		p.giveUp(b)
	}
}

// end closes what is still in use when the mount has gone away from under it.
func (p *passthrough) end() {
	p.mu.Lock()
	left := make(map[*backing]bool)
	for _, b := range p.backings {
		left[b] = true
		b.opens.backing = nil
	}
	clear(p.backings)
	p.on, p.reason = false, "the mount has ended"
	p.mu.Unlock()
	for b := range left {
		p.giveUp(b)
	}
}

// nodeFS is go-fuse's file system of nodes with another idea of backing files.
type nodeFS struct {
	fuse.RawFileSystem
	calls *kernelCalls
}

// kernelCalls are what go-fuse calls of the kernel.
type kernelCalls struct {
	*fuse.Server
	passthrough *passthrough
}

// newNodeFS returns the file system below root.
func newNodeFS(root fusefs.InodeEmbedder, opts *fusefs.Options, p *passthrough) *nodeFS {
	calls := &kernelCalls{passthrough: p}
	opts.ServerCallbacks = calls
	return &nodeFS{RawFileSystem: fusefs.NewNodeFS(root, opts), calls: calls}
}

// Init is called before the first request. The file system of nodes would do no
// more in it than take the server in the place of its callbacks.
func (n *nodeFS) Init(s *fuse.Server) {
	n.calls.Server, n.calls.passthrough.kernel = s, s
	n.calls.passthrough.probe(s.KernelSettings())
}

// RegisterBackingFd returns the number of a file that the kernel has already.
func (k *kernelCalls) RegisterBackingFd(m *fuse.BackingMap) (int32, syscall.Errno) {
	p := k.passthrough
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.backings[m.Fd]
	if b == nil {
		return 0, syscall.EBADF
	}
	b.held = true
	return b.id, 0
}

// UnregisterBackingFd notes that go-fuse has forgotten the file.
func (k *kernelCalls) UnregisterBackingFd(id int32) syscall.Errno {
	p := k.passthrough
	p.mu.Lock()
	b := p.backings[-id]
	if b == nil {
		p.mu.Unlock()
		return 0
	}
	b.held = false
	p.settle(b)
	return 0
}
