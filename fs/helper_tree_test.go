package fs

import (
	"hash/crc32"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// found is what a walk found at one path.
type found struct {
	Path   string // relative to the start
	Type   string // "dir", "file" or "link"
	Mode   uint32 // permission bits
	Size   int64
	Blocks int64
	Inode  uint64
	Links  int
	Mtime  int64 // seconds
	UID    uint32
	GID    uint32
	Target string // of a link
	CRC32  uint32 // of a file that was read
	Read   int64  // bytes that were read
	Error  string // name of the errno of what failed
}

// helperTree walks DIR and reads the files up to LIMIT bytes.
func helperTree(args []string) (any, error) {
	start := args[0]
	limit, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return nil, err
	}
	var all []found
	err = filepath.WalkDir(start, func(path string, _ iofs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(start, path)
		if relErr != nil {
			return relErr
		}
		if err != nil { // a directory that cannot be listed
			all = append(all, found{Path: rel, Type: "dir", Error: errorName(err)})
			return nil
		}
		all = append(all, look(rel, path, limit))
		return nil
	})
	return all, err
}

func look(rel, path string, limit int64) found {
	var st unix.Stat_t
	f := found{Path: rel}
	if err := unix.Lstat(path, &st); err != nil {
		f.Error = errorName(err)
		return f
	}
	f.Mode, f.Size, f.Blocks = st.Mode&0o7777, st.Size, st.Blocks
	f.Inode, f.Links, f.Mtime, f.UID, f.GID = st.Ino, int(st.Nlink), st.Mtim.Sec, st.Uid, st.Gid
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		f.Type = "dir"
	case unix.S_IFLNK:
		f.Type = "link"
		target, err := os.Readlink(path)
		f.Target, f.Error = target, errorName(err)
	case unix.S_IFREG:
		f.Type = "file"
		if st.Size <= limit {
			f.read(path)
		}
	}
	return f
}

func (f *found) read(path string) {
	file, err := os.Open(path)
	if err != nil {
		f.Error = errorName(err)
		return
	}
	defer file.Close()
	sum := crc32.NewIEEE()
	f.Read, err = io.Copy(sum, file)
	f.CRC32, f.Error = sum.Sum32(), errorName(err)
}
