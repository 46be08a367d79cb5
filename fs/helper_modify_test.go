package fs

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// modifications are all ways to change something in a directory with a file
// and a subdirectory.
var modifications = map[string]func(dir, file, sub string) error{
	"open for writing":   func(_, file, _ string) error { return open(file, unix.O_WRONLY) },
	"open for both":      func(_, file, _ string) error { return open(file, unix.O_RDWR) },
	"open and truncate":  func(_, file, _ string) error { return open(file, unix.O_WRONLY|unix.O_TRUNC) },
	"open to append":     func(_, file, _ string) error { return open(file, unix.O_WRONLY|unix.O_APPEND) },
	"create":             func(dir, _, _ string) error { return open(filepath.Join(dir, "new"), unix.O_WRONLY|unix.O_CREAT) },
	"create nameless":    func(dir, _, _ string) error { return open(dir, unix.O_WRONLY|unix.O_TMPFILE) },
	"truncate":           func(_, file, _ string) error { return unix.Truncate(file, 0) },
	"unlink":             func(_, file, _ string) error { return unix.Unlink(file) },
	"rmdir":              func(_, _, sub string) error { return unix.Rmdir(sub) },
	"mkdir":              func(dir, _, _ string) error { return unix.Mkdir(filepath.Join(dir, "new"), 0o755) },
	"mknod":              func(dir, _, _ string) error { return unix.Mknod(filepath.Join(dir, "new"), unix.S_IFIFO|0o644, 0) },
	"symlink":            func(dir, _, _ string) error { return unix.Symlink("target", filepath.Join(dir, "new")) },
	"link":               func(dir, file, _ string) error { return unix.Link(file, filepath.Join(dir, "new")) },
	"rename":             func(dir, file, _ string) error { return unix.Rename(file, filepath.Join(dir, "new")) },
	"rename a directory": func(dir, _, sub string) error { return unix.Rename(sub, filepath.Join(dir, "new")) },
	"chmod":              func(_, file, _ string) error { return unix.Chmod(file, 0o600) },
	"chmod a directory":  func(dir, _, _ string) error { return unix.Chmod(dir, 0o700) },
	"chown":              func(_, file, _ string) error { return unix.Chown(file, 1, 1) },
	"set times":          func(_, file, _ string) error { return unix.Utimes(file, make([]unix.Timeval, 2)) },
	"setxattr":           func(_, file, _ string) error { return unix.Setxattr(file, "user.a", []byte("b"), 0) },
	"setxattr on a dir":  func(dir, _, _ string) error { return unix.Setxattr(dir, "user.a", []byte("b"), 0) },
	"removexattr":        func(_, file, _ string) error { return unix.Removexattr(file, "user.a") },
}

func open(path string, flags int) error {
	fd, err := unix.Open(path, flags, 0o644)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// helperModify tries everything on FILE and SUBDIRECTORY of DIR and returns
// the errno names.
func helperModify(args []string) (any, error) {
	results := make(map[string]string)
	for name, modify := range modifications {
		results[name] = errorName(modify(args[0], args[1], args[2]))
	}
	return results, nil
}
