package fs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// descriptor is an open file as /proc shows it.
type descriptor struct {
	path  string // of the link in /proc/PID/fd
	flags uint32 // of open(2)
	ino   uint64 // 0 where the kernel does not tell: before Linux 5.14
}

// parseFdinfo reads what matters of /proc/PID/fdinfo/FD.
func parseFdinfo(text string) (flags uint32, ino uint64, ok bool) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch key {
		case "flags":
			n, err := strconv.ParseUint(value, 8, 32)
			if err != nil {
				return 0, 0, false
			}
			flags, ok = uint32(n), true
		case "ino":
			n, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				return 0, 0, false
			}
			ino = n
		}
	}
	return flags, ino, ok
}

// writes tells whether d can write to the file of a name and inode number. The
// directory is not compared: it has other names in other places and processes.
func (d descriptor) writes(name string, ino uint64) bool {
	if d.flags&syscall.O_ACCMODE == syscall.O_RDONLY {
		return false
	}
	return named(d.path, name) && (d.ino == ino || d.ino == 0)
}

// named tells whether a link in /proc/PID/fd may be to a file of that name.
func named(path, name string) bool {
	return filepath.Base(strings.TrimSuffix(path, " (deleted)")) == name || filepath.Base(path) == name
}

// openForWriting tells whether any process that this one may look at has a
// descriptor that can write to the file. The program that is closing has given
// its own up before the kernel says so. Nothing is looked at through the mount.
func openForWriting(proc, name string, ino uint64) bool {
	processes, err := os.ReadDir(proc)
	if err != nil {
		return false
	}
	self := strconv.Itoa(os.Getpid())
	for _, process := range processes {
		pid := process.Name()
		if pid == self || pid[0] < '0' || pid[0] > '9' {
			continue
		}
		directory := filepath.Join(proc, pid, "fd")
		links, err := os.ReadDir(directory)
		if err != nil {
			continue // not ours to see, or gone
		}
		for _, link := range links {
			path, err := os.Readlink(filepath.Join(directory, link.Name()))
			if err != nil || !named(path, name) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(proc, pid, "fdinfo", link.Name()))
			if err != nil {
				continue
			}
			d := descriptor{path: path}
			var ok bool
			if d.flags, d.ino, ok = parseFdinfo(string(text)); ok && d.writes(name, ino) {
				return true
			}
		}
	}
	return false
}
