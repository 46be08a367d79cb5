package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	tagFile = "CACHEDIR.TAG"
	tagText = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of openbisfs, which may be deleted at any time.\n# https://bford.info/cachedir/\n"
	version = "v1"
)

// openDir opens the directory of a cache, and makes it if need be. It has to be ours, for nobody else, and used for
// nothing else.
func openDir(dir string, create bool) (*os.Root, error) {
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	link, err := os.Lstat(dir)
	if err != nil {
		return nil, err
	}
	// What others can redirect is no place for this.
	if parent, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil && link.Mode()&fs.ModeSymlink != 0 {
		if owner := ownerOf(link); owner != os.Geteuid() && owner != 0 {
			return nil, fmt.Errorf("%s is a symbolic link of another user (in %s)", dir, parent)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := claim(root, dir, create); err != nil {
		_ = root.Close()
		return nil, err
	}
	return root, nil
}

// claim checks the directory that was opened, whatever is at its path by now.
func claim(root *os.Root, dir string, create bool) error {
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if owner := ownerOf(info); owner != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user (uid %d)", dir, owner)
	}
	if _, err := root.Lstat(tagFile); errors.Is(err, fs.ErrNotExist) {
		if !create {
			return fmt.Errorf("%s is not a cache of openbisfs", dir)
		}
		d, err := root.Open(".")
		if err != nil {
			return err
		}
		names, err := d.Readdirnames(1)
		_ = d.Close()
		// Another process may be doing the same.
		if len(names) > 0 && names[0] != tagFile && names[0] != version && names[0] != lockFile {
			return fmt.Errorf("%s holds other files (%s): the cache needs a directory of its own", dir, names[0])
		}
		_ = err // io.EOF: it is empty
		if err := root.WriteFile(tagFile, []byte(tagText), 0o600); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if info.Mode().Perm() != 0o700 {
		if err := root.Chmod(".", 0o700); err != nil && !errors.Is(err, syscall.EROFS) {
			return err
		}
	}
	if err := root.Mkdir(version, 0o700); err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	return nil
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

func (id *identity) shard() string { return version + "/" + id.name[:2] }

func (id *identity) path(kind string) string { return id.shard() + "/" + id.name + kind }

// kinds of files
const (
	dataKind = ".data"
	mapKind  = ".map"
	pinKind  = ".pin"
	partKind = ".part"
	lockFile = "lock"
)
