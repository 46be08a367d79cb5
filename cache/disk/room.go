package disk

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	checkFree  = 16 << 20         // bytes written between two looks at how much the disk has free
	leftBehind = 10 * time.Minute // after that long, a part or data file that belongs to nothing is rubbish
)

// room is what is known of how much there is. Guarded by Cache.mu.
type room struct {
	used    int64 // bytes in the directory, as far as known
	since   int64 // bytes written since the last scan
	enough  int64 // bytes that may be written before the next
	scanned bool
	checked int64 // bytes written since the last look at the free space, plus checkFree before the first
}

// makeRoom says whether n more bytes may be written, and evicts what was not used for long if they may not.
func (c *Cache) makeRoom(n int64) bool {
	c.mu.Lock()
	r := &c.room
	now := time.Now()
	switch {
	case now.Before(c.full):
		c.mu.Unlock()
		return false
	case r.used+n <= c.opts.Size && (!r.scanned || r.since+n <= r.enough) && r.checked+n <= checkFree:
		c.mu.Unlock()
		return true
	}
	c.mu.Unlock()

	c.evicting.Lock()
	defer c.evicting.Unlock()
	c.mu.Lock()
	need := r.used+n > c.opts.Size || r.scanned && r.since+n > r.enough // who waited for the lock may find it done
	c.mu.Unlock()
	free, ok := c.free()
	short := int64(0)
	if ok {
		short = c.keepFree() + n - free
	}
	if !need && short <= 0 {
		c.mu.Lock()
		r.checked = 0
		c.mu.Unlock()
		return true
	}
	rest := fullRest
	if !c.evict(n, short) {
		rest = busyRest
	}
	free, ok = c.free()
	c.mu.Lock()
	defer c.mu.Unlock()
	r.checked = 0
	if r.used+n <= c.opts.Size && (!ok || free >= n+c.keepFreeLocked()) {
		c.saidFull = false
		return true
	}
	// Everything that is left is in use, or pinned.
	c.full = now.Add(rest)
	return false
}

// written counts what was written.
func (c *Cache) written(n int) {
	c.well()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Written += int64(n)
	c.room.used += int64(n)
	c.room.since += int64(n)
	c.room.checked += int64(n)
}

func (c *Cache) freed(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room.used = max(0, c.room.used-n)
}

// free returns how much the disk has free.
func (c *Cache) free() (int64, bool) {
	dir, err := c.top().Open(".")
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Free == 0 {
		c.opts.Free = min(defaultFree, int64(st.Blocks)*st.Bsize/20)
	}
	return int64(st.Bavail) * st.Bsize, true
}

func (c *Cache) keepFree() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keepFreeLocked()
}

func (c *Cache) keepFreeLocked() int64 { return c.opts.Free }

// entry is a content in the directory.
type entry struct {
	name   string
	used   time.Time // the last time
	bytes  int64     // on disk, of all its files
	pinned bool
	mapped bool     // has a map
	parts  []string // paths
	newest time.Time
}

// scan looks at all that is there and sets how much it is.
func (c *Cache) scan(yield func(*entry)) {
	var total int64
	for shard := range 256 {
		if c.ctx.Err() != nil {
			return
		}
		for _, e := range c.scanShard(version + "/" + string("0123456789abcdef"[shard>>4]) + string("0123456789abcdef"[shard&15])) {
			total += e.bytes
			yield(e)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.room.scanned {
		total = max(total, c.room.used) // what was written meanwhile may have been missed
	}
	c.counted(total)
}

// counted sets how much there is. With several processes at work, each looks again well before all of the rest is used.
func (c *Cache) counted(total int64) {
	c.room.used, c.room.since, c.room.scanned = total, 0, true
	c.room.enough = max((c.opts.Size-total)/4, c.opts.Size/100)
}

func (c *Cache) scanShard(path string) map[string]*entry {
	dir, err := c.top().Open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.trouble(err)
		}
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	c.trouble(err)
	entries := make(map[string]*entry)
	for _, file := range names {
		var st unix.Stat_t
		if err := unix.Fstatat(int(dir.Fd()), file, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			continue
		}
		name, kind := splitName(file)
		e := entries[name]
		if e == nil {
			e = &entry{name: name}
			entries[name] = e
		}
		e.bytes += st.Blocks * 512
		changed := time.Unix(st.Mtim.Unix())
		if changed.After(e.newest) {
			e.newest = changed
		}
		switch kind {
		case mapKind:
			e.mapped, e.used = true, changed
		case pinKind:
			e.pinned = true
		case partKind:
			e.parts = append(e.parts, path+"/"+file)
		}
	}
	return entries
}

// splitName returns the name of the content and the kind of the file.
func splitName(file string) (name, kind string) {
	for i := range len(file) {
		if file[i] == '.' {
			name = file[:i]
			break
		}
	}
	for _, kind := range []string{dataKind, mapKind, pinKind, partKind} {
		if len(file) > len(kind) && file[len(file)-len(kind):] == kind {
			return name, kind
		}
	}
	return name, ""
}

// evict makes room for n bytes, and for short bytes on the disk, and a tenth of the size more, so that it is not called
// again soon. It is called with c.evicting held, and returns false if another process is just doing it.
func (c *Cache) evict(n, short int64) bool {
	// Two processes need not do it at the same time.
	if lock, err := c.top().OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		defer lock.Close()
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			return false
		}
	}
	var all []*entry
	var total int64
	c.scan(func(e *entry) {
		all = append(all, e)
		total += e.bytes
	})
	target := total
	if total+n > c.opts.Size {
		target = c.opts.Size - max(n, c.opts.Size/10)
	}
	if short > 0 {
		target = min(target, total-short-c.opts.Size/50)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.used.UnixNano(), b.used.UnixNano()) })
	for _, e := range all {
		total -= c.sweep(e)
	}
	for _, e := range all {
		if total <= target || c.ctx.Err() != nil {
			break
		}
		if e.mapped && !e.pinned && c.remove(e, false) {
			total -= e.bytes
			c.mu.Lock()
			c.counts.Evictions++
			c.mu.Unlock()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted(total)
	return true
}

// sweep removes what was left behind by a process that has ended, and returns how much that was.
func (c *Cache) sweep(e *entry) int64 {
	if time.Since(e.newest) < leftBehind {
		return 0
	}
	if !e.mapped && !e.pinned {
		if c.remove(e, false) {
			return e.bytes
		}
		return 0
	}
	for _, path := range e.parts {
		if c.idle(path) {
			_ = c.top().Remove(path)
		}
	}
	return 0
}

// remove deletes a content, unless it is in use; force does it even then. The map goes first: what is without a map is
// not read.
func (c *Cache) remove(e *entry, force bool) bool {
	id := identity{name: e.name}
	if len(e.name) < 2 {
		return false
	}
	if !force {
		c.mu.Lock()
		own := c.inUse[e.name] > 0
		c.mu.Unlock()
		if own || !c.idle(id.path(mapKind)) {
			return false
		}
		for _, part := range e.parts {
			if !c.idle(part) {
				return false
			}
		}
	}
	root := c.top()
	err := root.Remove(id.path(mapKind))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.trouble(err)
		return false
	}
	for _, path := range append([]string{id.path(dataKind), id.path(pinKind)}, e.parts...) {
		if err := root.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			c.trouble(err)
		}
	}
	return true
}

// idle says whether no process uses a file, as far as locks tell.
func (c *Cache) idle(path string) bool {
	file, err := c.top().OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return true
	}
	defer file.Close()
	return !errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
