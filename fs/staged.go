package fs

import (
	"errors"
	"hash/fnv"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// staged is a file or directory draft in the directory of its owner. It stays
// what it is when it is renamed, registered, or written to again, which makes
// another draft.
type staged struct {
	vol       *volume
	ino       uint64
	directory bool
	mode      atomic.Uint32 // permission bits that are shown
	draft     atomic.Pointer[staging.Draft]

	// Under the lock of the overlay.
	owner staging.Owner
	name  string
	found bool // was there before this mount used it

	// dirty says that something was written that is not sealed.
	dirty atomic.Bool
	// spoiled is why what was written is incomplete; nil if nothing went wrong.
	spoiled atomic.Pointer[damage]

	// mu is held for reading while content is read or written, and for writing
	// while file is replaced. Nobody waits for the server under it, nor for a long
	// file to be sealed.
	mu        sync.RWMutex
	file      *staging.File // of a file draft; nil when nobody has used it
	writable  bool          // file is
	opens     int           // descriptors that the kernel has
	writers   int           // those for writing
	temporary bool          // was created as what only its maker needs
	unlinked  bool
	shown     bool // somebody has seen it
	// sealing is closed when what is going on ends that nobody may write during: sealing, or
	// fetching what is to be written to; nil if nothing is.
	sealing chan struct{}

	// relic is what stands for the local copy once that was given back; heir is what
	// will when nothing of it is open any more.
	relic atomic.Pointer[relic]
	heir  *relic

	quiet quiet        // of a directory
	meta  metadataText // of a directory
}

func newStaged(vol *volume, d *staging.Draft) *staged {
	s := &staged{vol: vol, ino: draftInode(d.ID(), 0), directory: d.Directory()}
	s.draft.Store(d)
	s.quiet.staged = s
	s.meta.staged = s
	s.mode.Store(0o644 &^ vol.umask)
	if s.directory {
		s.mode.Store(0o755 &^ vol.umask)
	}
	s.watch(d)
	return s
}

// draftInode makes an inode number of a draft and the number that something in
// it has on local disk. The top bit is go-fuse's.
func draftInode(id string, local uint64) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("draft\x00" + id + "\x00"))
	var b [8]byte
	for i := range b {
		b[i] = byte(local >> (8 * i))
	}
	_, _ = h.Write(b[:])
	return h.Sum64()&^(1<<63) | 2
}

func (s *staged) draftNow() *staging.Draft { return s.draft.Load() }

// ephemeral tells whether the name is one that is never registered.
func (s *staged) ephemeral() bool {
	_, name := s.vol.overlay.where(s)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.temporary || staging.Temporary(name)
}

func (s *staged) stable() fusefs.StableAttr {
	if s.directory {
		return fusefs.StableAttr{Mode: syscall.S_IFDIR, Ino: s.ino}
	}
	return fusefs.StableAttr{Mode: syscall.S_IFREG, Ino: s.ino}
}

// newNode returns a node for s.
func (s *staged) newNode() fusefs.InodeEmbedder {
	if s.directory {
		return &draftEntry{staged: s, root: true}
	}
	return &draftFile{staged: s}
}

// fill describes s. Nothing about it is cached by the kernel for long.
func (s *staged) fill(out *fuse.Attr) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.relic.Load(); r != nil {
		*out = r.attr
		out.Ino = s.ino
		out.Mode = out.Mode&syscall.S_IFMT | s.mode.Load()
		return nil
	}
	var info os.FileInfo
	var err error
	if s.file != nil { // it may have no name any more
		info, err = s.file.Stat()
	} else {
		info, err = os.Lstat(s.draftNow().Root())
	}
	if err != nil {
		return err
	}
	s.vol.fillLocal(info, out)
	out.Ino = s.ino
	out.Mode = out.Mode&syscall.S_IFMT | s.mode.Load()
	return nil
}

// fillLocal describes a local file.
func (v *volume) fillLocal(info os.FileInfo, out *fuse.Attr) {
	stat := info.Sys().(*syscall.Stat_t)
	out.FromStat(stat)
	out.Owner = v.owner
	out.Blksize = blockSize
	if info.Mode().IsRegular() {
		out.Blocks = (out.Size + sectorSize - 1) / sectorSize
	}
}

// fillDraft describes a file or folder in a draft.
func (v *volume) fillDraft(d *staging.Draft, info os.FileInfo, out *fuse.Attr) {
	v.fillLocal(info, out)
	out.Ino = draftInode(d.ID(), out.Ino)
}

// readAt reads from the local content.
func (s *staged) readAt(p []byte, off int64) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for s.file == nil {
		s.mu.RUnlock()
		err := s.load()
		s.mu.RLock()
		if err == nil && s.relic.Load() != nil {
			err = staging.ErrGone // but nothing is given back while it is open
		}
		if err != nil {
			return 0, err
		}
	}
	n, err := s.file.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// load opens the local content, if it is here, for reading.
func (s *staged) load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil || s.relic.Load() != nil {
		return nil
	}
	file, err := s.draftNow().OpenFile("", os.O_RDONLY, 0)
	if err == nil {
		s.file, s.writable = file, false
	}
	return err
}

// shut closes the content. The lock is held.
func (s *staged) shut() {
	if s.file != nil {
		if err := s.file.Close(); err != nil {
			s.vol.log.Warn("closing staged content", "draft", s.draftNow().ID(), "err", err)
		}
	}
	s.file, s.writable = nil, false
}

// opened counts descriptors.
func (s *staged) opened(write bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens++
	if write {
		s.writers++
	}
}

// closed is told that a descriptor is gone for good. It tells whether it was
// the last for writing, of something that is still to be saved.
func (s *staged) closed(write bool) (unsaved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens--
	if write {
		s.writers--
	}
	if s.opens == 0 {
		wrote := s.writable
		s.shut()
		if s.unlinked && wrote {
			d := s.draftNow()
			_ = d.Reserve(-d.Info().Bytes) // it was written to after it had been removed
		}
		s.giveBack()
	}
	return write && s.writers == 0 && !s.unlinked && s.dirty.Load()
}
