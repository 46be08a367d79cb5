package fs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// fileOperation is one system call, or a few that belong together, on a path or on
// an open descriptor, which is known by its slot.
type fileOperation struct {
	Op    string
	Path  string   `json:",omitempty"` // relative to the mount point
	To    string   `json:",omitempty"`
	Slot  int      `json:",omitempty"`
	Other int      `json:",omitempty"` // the slot of a duplicate
	Flags int      `json:",omitempty"`
	Mode  uint32   `json:",omitempty"`
	Off   int64    `json:",omitempty"`
	Size  int64    `json:",omitempty"`
	Data  []byte   `json:",omitempty"`
	Names []string `json:",omitempty"` // below Path: what a walk goes into
}

// fileAnswer is what came of an operation.
type fileAnswer struct {
	Error string    `json:",omitempty"` // name of the errno
	Data  []byte    `json:",omitempty"`
	Seen  []sighted `json:",omitempty"`
}

// sighted is what a look or a walk found at a path.
type sighted struct {
	Path    string // relative to the start
	Type    string // "dir", "file", "link", or "other" for what a walk did not go into
	Mode    uint32 `json:",omitempty"`
	Size    int64  `json:",omitempty"`
	Mtime   int64  `json:",omitempty"` // seconds
	Target  string `json:",omitempty"`
	Content []byte `json:",omitempty"`
}

// operator keeps descriptors between operations.
type operator struct {
	root string
	fds  map[int]int
}

// helperOperate carries out operations in DIR, which come on standard input as
// JSON and are answered one by one, until the input ends.
func helperOperate(args []string) (any, error) {
	o := &operator{root: args[0], fds: make(map[int]int)}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var op fileOperation
		if err := in.Decode(&op); errors.Is(err, io.EOF) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		var a fileAnswer
		err := o.do(&op, &a)
		a.Error = errorName(err)
		if err := out.Encode(a); err != nil {
			return nil, err
		}
	}
}

func (o *operator) at(rel string) string { return filepath.Join(o.root, rel) }

func (o *operator) do(op *fileOperation, a *fileAnswer) error {
	path, fd := o.at(op.Path), o.fds[op.Slot]
	switch op.Op {
	case "open":
		fd, err := unix.Open(path, op.Flags, op.Mode)
		if err == nil {
			o.fds[op.Slot] = fd
		}
		return err
	case "dup":
		other, err := unix.Dup(fd)
		if err == nil {
			o.fds[op.Other] = other
		}
		return err
	case "close":
		delete(o.fds, op.Slot)
		return unix.Close(fd)
	case "pwrite":
		return whole(unix.Pwrite(fd, op.Data, op.Off))(op.Data)
	case "write":
		return whole(unix.Write(fd, op.Data))(op.Data)
	case "pread":
		a.Data = make([]byte, op.Size)
		n, err := unix.Pread(fd, a.Data, op.Off)
		a.Data = a.Data[:max(n, 0)]
		return err
	case "map":
		return o.throughMapping(fd, op, nil)
	case "map-close":
		delete(o.fds, op.Slot)
		return o.throughMapping(fd, op, func() error { return unix.Close(fd) })
	case "ftruncate":
		return unix.Ftruncate(fd, op.Size)
	case "fchmod":
		return unix.Fchmod(fd, op.Mode)
	case "fsync":
		return unix.Fsync(fd)
	case "fstat":
		s, err := sightedFrom(func(st *unix.Stat_t) error { return unix.Fstat(fd, st) })
		a.Seen = []sighted{s}
		return err
	case "look":
		s, err := look1(path)
		a.Seen = []sighted{s}
		return err
	case "walk":
		var err error
		a.Seen, err = o.walk(op)
		return err
	}
	return o.byName(op, path)
}

// byName does what needs no descriptor.
func (o *operator) byName(op *fileOperation, path string) error {
	switch op.Op {
	case "truncate":
		return unix.Truncate(path, op.Size)
	case "rename":
		return unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, o.at(op.To), uint(op.Flags))
	case "link":
		return unix.Link(path, o.at(op.To))
	case "symlink":
		return unix.Symlink(op.To, path)
	case "mkdir":
		return unix.Mkdir(path, op.Mode)
	case "rmdir":
		return unix.Rmdir(path)
	case "unlink":
		return unix.Unlink(path)
	case "chmod":
		return unix.Chmod(path, op.Mode)
	case "utimes":
		at := unix.NsecToTimeval(op.Size * int64(time.Second))
		return unix.Utimes(path, []unix.Timeval{at, at})
	}
	return fmt.Errorf("no such operation: %q", op.Op)
}

// whole checks that a write has written everything.
func whole(n int, err error) func(data []byte) error {
	return func(data []byte) error {
		if err == nil && n != len(data) {
			return fmt.Errorf("%d of %d bytes were written", n, len(data))
		}
		return err
	}
}

// throughMapping writes Data at Off through a mapping of Size bytes. between is
// called when the mapping is there.
func (o *operator) throughMapping(fd int, op *fileOperation, between func() error) error {
	mapped, err := unix.Mmap(fd, 0, int(op.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	if between != nil {
		if err := between(); err != nil {
			return err
		}
	}
	copy(mapped[op.Off:], op.Data)
	if err := unix.Msync(mapped, unix.MS_SYNC); err != nil {
		return err
	}
	return unix.Munmap(mapped)
}

func sightedFrom(stat func(*unix.Stat_t) error) (sighted, error) {
	var st unix.Stat_t
	if err := stat(&st); err != nil {
		return sighted{}, err
	}
	s := sighted{Mode: st.Mode & 0o7777, Size: st.Size, Mtime: st.Mtim.Sec}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		s.Type, s.Size = "dir", 0
	case unix.S_IFLNK:
		s.Type, s.Mode = "link", 0
	case unix.S_IFREG:
		s.Type = "file"
	}
	return s, nil
}

// look1 describes what is at a path, with its content.
func look1(path string) (sighted, error) {
	s, err := sightedFrom(func(st *unix.Stat_t) error { return unix.Lstat(path, st) })
	switch {
	case err != nil:
	case s.Type == "file":
		s.Content, err = os.ReadFile(path)
	case s.Type == "link":
		s.Target, err = os.Readlink(path)
	}
	return s, err
}

// walk describes everything below a directory, but of what is in the directory
// itself only what has one of the Names. No Names stands for all.
func (o *operator) walk(op *fileOperation) ([]sighted, error) {
	var all []sighted
	known := make(map[string]bool)
	for _, name := range op.Names {
		known[name] = true
	}
	var visit func(rel string) error
	visit = func(rel string) error {
		entries, err := os.ReadDir(o.at(filepath.Join(op.Path, rel)))
		if err != nil {
			return err
		}
		for _, e := range entries {
			child := filepath.Join(rel, e.Name())
			if rel == "" && len(known) > 0 && !known[e.Name()] {
				all = append(all, sighted{Path: child, Type: "other"})
				continue
			}
			s, err := look1(o.at(filepath.Join(op.Path, child)))
			if err != nil {
				return fmt.Errorf("%s: %w", child, err)
			}
			s.Path = child
			all = append(all, s)
			if s.Type == "dir" {
				if err := visit(child); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return all, visit("")
}
