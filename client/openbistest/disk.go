package openbistest

import (
	"errors"
	"hash/crc32"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// disk is the directory in which a server keeps what clients upload and what is registered of it, so that no upload is ever in memory.
type disk struct {
	mu   sync.Mutex
	root string // "" until it is needed
	last int
}

// path returns the path of a file or folder below the directory, which is made when it is first needed. The names may contain anything.
func (d *disk) path(names ...string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root == "" {
		root, err := os.MkdirTemp("", "openbistest-")
		if err != nil {
			return "", err
		}
		d.root = root
	}
	path := d.root
	for _, name := range names {
		path = filepath.Join(path, "_"+url.PathEscape(name)) // never "..", never empty
	}
	return path, nil
}

// fresh makes a new folder.
func (d *disk) fresh(names ...string) (string, error) {
	parent, err := d.path(names...)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	for {
		d.mu.Lock()
		d.last++
		path := filepath.Join(parent, strconv.Itoa(d.last))
		d.mu.Unlock()
		// A folder that a server before this one made is passed over.
		if err := os.Mkdir(path, 0o700); !errors.Is(err, os.ErrExist) {
			return path, err
		}
	}
}

func (d *disk) remove() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root == "" {
		return nil
	}
	return os.RemoveAll(d.root)
}

// fileContent is the content of a file on disk.
type fileContent struct {
	path string
	size int64
	once sync.Once
	sum  uint32
}

var _ Content = (*fileContent)(nil)

// Size implements Content.
func (c *fileContent) Size() int64 { return c.size }

// ReadAt implements io.ReaderAt. It opens the file every time: nothing tells when a content is not needed any more.
func (c *fileContent) ReadAt(p []byte, off int64) (int, error) {
	f, err := os.Open(c.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return f.ReadAt(p, off)
}

// CRC32 implements Content. It reads the file once; 0 stands for a file that can't be read.
func (c *fileContent) CRC32() uint32 {
	c.once.Do(func() {
		f, err := os.Open(c.path)
		if err != nil {
			return
		}
		defer f.Close()
		h := crc32.NewIEEE()
		if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 1<<20)); err == nil {
			c.sum = h.Sum32()
		}
	})
	return c.sum
}

// nodeOf returns the file tree of what is at path.
func nodeOf(path string) (*Node, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return File(filepath.Base(path), &fileContent{path: path, size: info.Size()}), nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	folder := Folder(filepath.Base(path))
	for _, e := range entries {
		child, err := nodeOf(filepath.Join(path, e.Name()))
		if err != nil {
			return nil, err
		}
		folder.Children = append(folder.Children, child)
	}
	return folder, nil
}

// copyFile copies a file to a new one, or overwrites one.
func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// isFolder tells whether there is a folder at path.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
