package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// Entry describes a content in the directory.
type Entry struct {
	Key     Key
	Known   bool      // Key could be read
	Name    string    // of its files
	Bytes   int64     // on disk
	Present int64     // bytes of its blocks
	Used    time.Time // the last time
	Pinned  bool
}

// OpenExisting opens a cache to look after it, without making anything.
func OpenExisting(dir string, opts Options) (*Cache, error) { return open(dir, opts, false) }

// Entries calls yield for all contents, in no order, until it returns false.
func (c *Cache) Entries(yield func(Entry) bool) {
	done := false
	c.scan(func(e *entry) {
		if done {
			return
		}
		entry := Entry{Name: e.name, Bytes: e.bytes, Used: e.used, Pinned: e.pinned}
		if key, present, err := c.readMap(e.name); err == nil {
			entry.Key, entry.Known, entry.Present = key, true, present
		}
		done = !yield(entry)
	})
}

// readMap returns whose map it is, and how much it says is there.
func (c *Cache) readMap(name string) (Key, int64, error) {
	id := identity{name: name}
	if len(name) < 2 {
		return Key{}, 0, errNotMap
	}
	file, err := c.top().OpenFile(id.path(mapKind), os.O_RDONLY, 0)
	if err != nil {
		return Key{}, 0, err
	}
	head := make([]byte, maxHeader)
	got, err := c.readAt(file, head, 0)
	_ = file.Close()
	if err != nil && !errors.Is(err, io.EOF) {
		return Key{}, 0, err
	}
	key, _, err := parseHeader(head[:got])
	if err != nil {
		return Key{}, 0, err
	}
	if key.identity().name != name {
		return Key{}, 0, errNotMap
	}
	f := c.File(key)
	f.quiet = true
	defer f.Close()
	present := int64(0)
	f.records(func(n int64, _ sums) bool {
		present += int64(key.length(n))
		return true
	})
	return key, present, nil
}

// Verified is what Verify has found.
type Verified struct {
	Contents, Blocks, Bytes int64
	Damaged                 int64 // blocks, which are gone now
	Unknown                 int64 // contents whose map could not be read, which are gone now
}

// Verify reads everything, and removes what is damaged. It calls progress after each block.
func (c *Cache) Verify(ctx context.Context, progress func(Verified)) (Verified, error) {
	var v Verified
	block := make([]byte, BlockSize)
	c.scan(func(e *entry) {
		if ctx.Err() != nil || !e.mapped {
			return
		}
		v.Contents++
		key, _, err := c.readMap(e.name)
		if err != nil {
			if errors.Is(err, errNotMap) && c.remove(e, false) {
				v.Unknown++
			}
			return
		}
		f := c.File(key)
		f.quiet = true
		defer f.Close()
		var there []int64
		f.records(func(n int64, _ sums) bool {
			there = append(there, n)
			return true
		})
		for _, n := range there {
			if ctx.Err() != nil {
				return
			}
			v.Blocks++
			v.Bytes += int64(key.length(n))
			if f.ReadBlock(n, block[:key.length(n)]) == Absent {
				v.Damaged++
			}
			progress(v)
		}
		f.Settle()
	})
	return v, ctx.Err()
}

// Clear removes everything that is not pinned, with pinned also that, and returns how much that was. What is being read
// is removed too: its readers go on.
func (c *Cache) Clear(pinned bool) (contents, bytes int64) {
	c.scan(func(e *entry) {
		if (pinned || !e.pinned) && c.remove(e, true) {
			contents, bytes = contents+1, bytes+e.bytes
		}
	})
	c.freed(bytes)
	return contents, bytes
}

// Pin keeps the content of key from eviction, also what comes later.
func (c *Cache) Pin(key Key) error {
	id := key.identity()
	file, err := c.openFile(&id, pinKind, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	return file.Close()
}

// Unpin takes Pin back.
func (c *Cache) Unpin(key Key) error {
	id := key.identity()
	if err := c.top().Remove(id.path(pinKind)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
