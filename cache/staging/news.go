package staging

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// mostWatched is how many drafts are watched at a time: what changes beyond it is found by scans. The kernel's limit is
// for all programs of the user together.
const mostWatched = 4096

// news hears at once what other processes of this machine do to drafts: that they appear and go, and that records of
// drafts are replaced that were not made here. On a file system that other machines change, too, there are the scans.
// All methods may be called on nil.
type news struct {
	home string
	file *os.File // inotify(7)
	root int32    // the watch on home

	mu      sync.Mutex
	watched map[int32]string // drafts, by ID
}

// listen begins to watch the directory of a server.
func listen(home string) (*news, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	root, err := unix.InotifyAddWatch(fd, home, unix.IN_MOVED_TO|unix.IN_MOVED_FROM|unix.IN_ONLYDIR)
	if err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("inotify_add_watch", err)
	}
	return &news{home: home, file: os.NewFile(uintptr(fd), "inotify"), root: int32(root), watched: make(map[int32]string)}, nil
}

func (n *news) close() {
	if n != nil {
		_ = n.file.Close()
	}
}

// draft watches the record of a draft.
func (n *news) draft(id string) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.watched) >= mostWatched {
		return
	}
	conn, err := n.file.SyscallConn()
	if err != nil {
		return // closed
	}
	_ = conn.Control(func(fd uintptr) {
		// A record is replaced by a rename.
		w, err := unix.InotifyAddWatch(int(fd), filepath.Join(n.home, id), unix.IN_MOVED_TO|unix.IN_ONLYDIR)
		if err == nil {
			n.watched[int32(w)] = id
		}
	})
}

// next waits for news and returns the IDs of the drafts that they are about. all says that some were lost. An error
// means that there will be no more.
func (n *news) next() (ids []string, all bool, err error) {
	var buffer [16 << 10]byte
	size, err := n.file.Read(buffer[:])
	if err != nil {
		return nil, false, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for rest := buffer[:size]; len(rest) >= unix.SizeofInotifyEvent; {
		watch := int32(binary.NativeEndian.Uint32(rest[0:]))
		mask := binary.NativeEndian.Uint32(rest[4:])
		length := binary.NativeEndian.Uint32(rest[12:])
		rest = rest[unix.SizeofInotifyEvent:]
		name := string(bytes.TrimRight(rest[:length], "\x00"))
		rest = rest[length:]
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			all = true
		case watch == n.root:
			if idPattern.MatchString(name) {
				ids = append(ids, name)
			}
		case mask&unix.IN_IGNORED != 0: // the draft's directory is gone
			delete(n.watched, watch)
		case name == recordFile && n.watched[watch] != "":
			ids = append(ids, n.watched[watch])
		}
	}
	return ids, all, nil
}

// hear looks at drafts when there is news of them, until the Store is closed.
func (s *Store) hear() {
	if s.news == nil {
		return
	}
	<-s.scanned
	for {
		ids, all, err := s.news.next()
		if err != nil {
			return
		}
		if all {
			if err := s.scan(); err != nil {
				s.log.Error("reading the staging directory", "err", err)
			}
		}
		for _, id := range ids {
			s.look(id)
		}
	}
}
