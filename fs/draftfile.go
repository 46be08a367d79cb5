package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

var (
	_ fusefs.NodeOpener    = (*draftFile)(nil)
	_ fusefs.NodeGetattrer = (*draftFile)(nil)
	_ fusefs.NodeSetattrer = (*draftFile)(nil)
	_ fusefs.NodeStatfser  = (*draftFile)(nil)
	_ fusefs.NodeFsyncer   = (*draftFile)(nil)
)

// draftFile is a file that was saved into an Object or a Collection. It is a
// local file until it is registered, and stays under its name afterwards.
type draftFile struct {
	fusefs.Inode
	*staged
}

// Open changes nothing, whatever the flags are: what was registered becomes a
// new draft with the first write.
func (n *draftFile) Open(_ context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if err := n.load(); err != nil {
		return nil, 0, n.errno("open", err)
	}
	return newDraftHandle(n.staged, flags), 0, fusefs.OK
}

// Getattr describes the local file.
func (n *draftFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	return n.errno("stat", n.fill(&out.Attr))
}

// Setattr changes size, times and permissions. What is registered has none but
// its size, and silence is what programs expect that set them late.
func (n *draftFile) Setattr(req context.Context, _ fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if mode, ok := in.GetMode(); ok {
		n.mode.Store(mode & 0o777)
	}
	if size, ok := in.GetSize(); ok {
		ctx, done := n.vol.begin(req, n.vol.closeTimeout)
		defer done()
		if err := n.truncate(ctx, int64(size)); err != nil {
			return n.errno("truncate", err)
		}
		n.saveUnopened()
	}
	if err := n.setTimes(in); err != nil {
		return n.errno("utimes", err)
	}
	return n.errno("stat", n.fill(&out.Attr))
}

// saveUnopened sees to what was changed by name, without a descriptor for writing that will be closed. Readers may have
// it open; their close saves nothing.
func (s *staged) saveUnopened() {
	s.mu.RLock()
	writers := s.writers
	s.mu.RUnlock()
	if writers == 0 && !s.ephemeral() {
		s.saveInBackground()
	}
}

func (s *staged) setTimes(in *fuse.SetAttrIn) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.unlinked || s.draftNow().State() != "open" {
		return nil
	}
	return setLocalTimes(s.draftNow().Root(), in)
}

// setLocalTimes sets the times of a local file that a request has.
func setLocalTimes(path string, in *fuse.SetAttrIn) error {
	atime, hasAtime := in.GetATime()
	mtime, hasMtime := in.GetMTime()
	if !hasAtime && !hasMtime {
		return nil
	}
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Nsec: unix.UTIME_OMIT}}
	if hasAtime {
		times[0] = unix.NsecToTimespec(atime.UnixNano())
	}
	if hasMtime {
		times[1] = unix.NsecToTimespec(mtime.UnixNano())
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, path, times, unix.AT_SYMLINK_NOFOLLOW)
}

// Statfs is that of the staging directory.
func (n *draftFile) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	n.vol.statfs(out)
	return fusefs.OK
}

// Fsync makes the content durable. It never registers.
func (n *draftFile) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if !n.writable {
		return fusefs.OK // what is sealed is durable
	}
	return n.errno("fsync", n.file.Sync())
}

// errno translates the error of an operation on local data, and logs it if the errno says too little.
func (s *staged) errno(op string, err error) syscall.Errno {
	errno := stagedErrno(err)
	if errno != 0 && errno != syscall.ENOENT && errno != syscall.EINTR {
		if ok, suppressed := s.vol.failures.admit(); ok {
			s.vol.log.Warn("request failed", "op", op, "draft", s.draftNow().ID(), "errno", errnoName(errno), "err", err, "suppressed", suppressed)
		}
	}
	return errno
}
