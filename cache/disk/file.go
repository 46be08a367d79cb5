package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// touchEvery is how often the use of a content is recorded while it goes on.
const touchEvery = time.Minute

// File is the content of one Key in the cache, be it there or not. Its methods come back when the disk does, and never
// wait for anything else. It is safe for concurrent use.
type File struct {
	cache *Cache
	key   Key
	id    identity

	opening sync.Mutex   // held while the files are opened
	layout  sync.RWMutex // held while blocks are written; exclusively while another file takes the data file's place

	mu      sync.Mutex
	closed  bool
	handles *handles // nil until there is something
	touched atomic.Int64
	sealing bool
	quiet   bool // whoever looks after the cache does not count as a user
}

// handles are the open files of a content. Whoever uses them when they are closed finds the block absent.
type handles struct {
	data, index *os.File
	readOnly    bool
}

func (h *handles) close() {
	_ = h.data.Close()
	_ = h.index.Close()
}

// File returns the content of key. It does not touch the disk. It needs a Close.
func (c *Cache) File(key Key) *File {
	f := &File{cache: c, key: key, id: key.identity()}
	c.mu.Lock()
	c.inUse[f.id.name]++
	c.mu.Unlock()
	return f
}

// Close gives the File up: from then on it gives nothing and takes nothing.
func (f *File) Close() {
	f.mu.Lock()
	h, closed := f.handles, f.closed
	f.handles, f.closed = nil, true
	f.mu.Unlock()
	if closed {
		return
	}
	if h != nil {
		f.touch()
		h.close()
	}
	c := f.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inUse[f.id.name]--; c.inUse[f.id.name] == 0 {
		delete(c.inUse, f.id.name)
	}
}

// open returns the handles; with create it makes the files. stale, if not nil, are handles that are of no use any more.
func (f *File) open(create bool, stale *handles) (*handles, error) {
	f.opening.Lock()
	defer f.opening.Unlock()
	f.mu.Lock()
	h, closed := f.handles, f.closed
	f.mu.Unlock()
	switch {
	case closed:
		return nil, os.ErrClosed
	case h != nil && h != stale && (!create || !h.readOnly):
		return h, nil
	}
	h, err := f.openHandles(create)
	if err != nil && create {
		return nil, err
	}
	f.mu.Lock()
	old, closed := f.handles, f.closed
	if !closed {
		f.handles = h
	}
	f.mu.Unlock()
	if old != nil {
		old.close()
	}
	if closed && h != nil {
		h.close()
		return nil, os.ErrClosed
	}
	if err == nil {
		f.touch()
	}
	return h, err
}

func (f *File) openHandles(create bool) (*handles, error) {
	h := new(handles)
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	var err error
	h.index, err = f.cache.openFile(&f.id, mapKind, flags)
	if !create && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)) {
		h.readOnly, flags = true, os.O_RDONLY
		h.index, err = f.cache.openFile(&f.id, mapKind, flags)
	}
	if err != nil {
		return nil, err
	}
	// A hint for who evicts, and only that.
	_ = unix.Flock(int(h.index.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	h.data, err = f.cache.openFile(&f.id, dataKind, flags)
	if err == nil {
		err = f.prepare(h, create)
	}
	if err != nil {
		_ = h.index.Close()
		if h.data != nil {
			_ = h.data.Close()
		}
		return nil, err
	}
	return h, nil
}

// prepare checks the header of the map, and, with create, writes it and gives the data file its length.
func (f *File) prepare(h *handles, create bool) error {
	c := f.cache
	header := make([]byte, len(f.id.header))
	_, err := c.readAt(h.index, header, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	right := string(header) == string(f.id.header)
	if !create {
		if !right {
			return fmt.Errorf("the header of a map is damaged: %w", fs.ErrNotExist)
		}
		return nil
	}
	if !right {
		if _, err := c.writeAt(h.index, f.id.header, 0); err != nil {
			return err
		}
	}
	info, err := h.data.Stat()
	if err != nil {
		return err
	}
	if info.Size() == f.key.Size {
		return nil
	}
	// It is new, or was cut: what the map says is not about it.
	if err := h.index.Truncate(int64(len(f.id.header))); err != nil {
		return err
	}
	return h.data.Truncate(f.key.Size)
}

// touch records that the content is used.
func (f *File) touch() {
	if f.quiet {
		return
	}
	now := time.Now()
	f.touched.Store(now.UnixNano())
	_ = f.cache.top().Chtimes(f.id.path(mapKind), now, now)
}

// records calls yield for each block with a valid record, in order, while it returns true.
func (f *File) records(yield func(n int64, s sums) bool) {
	if !f.cache.usable() {
		return
	}
	h, err := f.open(false, nil)
	if err != nil {
		f.cache.trouble(err)
		return
	}
	var buf [4096 * recordSize / 8]byte
	for n, total := int64(0), f.key.blocks(); n < total; {
		got, err := f.cache.readAt(h.index, buf[:min(int64(len(buf)), (total-n)*recordSize)], f.id.recordAt(n))
		if err != nil && !errors.Is(err, io.EOF) {
			f.cache.trouble(err)
			return
		}
		got -= got % recordSize
		if got == 0 {
			return
		}
		for i := 0; i < got; i += recordSize {
			if s, ok := f.id.parseRecord(buf[i:i+recordSize], n); ok && !yield(n, s) {
				return
			}
			n++
		}
	}
}

// ReadBlock reads block n into p, which has its length, and says what it is. If it is absent, p is of no use.
func (f *File) ReadBlock(n int64, p []byte) Standing {
	c := f.cache
	if n < 0 || n >= f.key.blocks() || len(p) != f.key.length(n) || !c.usable() {
		return Absent
	}
	s, found, err := f.read(n, p)
	c.trouble(err)
	standing := Absent
	if found {
		standing = s.standing()
		c.well()
		if time.Since(time.Unix(0, f.touched.Load())) > touchEvery {
			f.touch()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found {
		c.counts.Hits++
	} else {
		c.counts.Misses++
	}
	return standing
}

func (f *File) read(n int64, p []byte) (sums, bool, error) {
	h, err := f.open(false, nil)
	if err != nil {
		return sums{}, false, err
	}
	for again := false; ; again = true {
		s, recorded, right, err := f.compare(h, n, p)
		if right {
			return s, true, nil
		}
		if err != nil && !errors.Is(err, os.ErrClosed) && !errors.Is(err, syscall.ESTALE) {
			return sums{}, false, err
		}
		// The files may have been evicted, and others may be in their place.
		if !again && f.replaced(h) {
			if h, err = f.open(false, h); err != nil {
				return sums{}, false, err
			}
			continue
		}
		if recorded && err == nil {
			f.damaged(h, n)
		}
		return sums{}, false, nil
	}
}

// compare reads block n and its record, and says whether there is a record, and whether the block agrees with it.
func (f *File) compare(h *handles, n int64, p []byte) (s sums, recorded, right bool, err error) {
	s, recorded, err = f.record(h, n)
	if !recorded || err != nil {
		return s, recorded, false, err
	}
	got, err := f.cache.readAt(h.data, p, n*BlockSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return s, true, false, err
	}
	return s, true, got == len(p) && s.castagnoli == castagnoliOf(p), nil
}

func (f *File) record(h *handles, n int64) (sums, bool, error) {
	var r [recordSize]byte
	if _, err := f.cache.readAt(h.index, r[:], f.id.recordAt(n)); err != nil {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return sums{}, false, err
	}
	s, ok := f.id.parseRecord(r[:], n)
	return s, ok, nil
}

// replaced says whether the files at the paths are not those that are open.
func (f *File) replaced(h *handles) bool {
	for kind, file := range map[string]*os.File{dataKind: h.data, mapKind: h.index} {
		there, err := f.cache.top().Lstat(f.id.path(kind))
		if err != nil {
			return true
		}
		here, err := file.Stat()
		if err != nil || !os.SameFile(here, there) {
			return true
		}
	}
	return false
}

// damaged takes back the record of a block that does not agree with it. Another process may just have written both anew;
// then a good block is forgotten, which costs a fetch.
func (f *File) damaged(h *handles, n int64) {
	c := f.cache
	c.mu.Lock()
	c.counts.Damaged++
	c.mu.Unlock()
	if !h.readOnly {
		_, _ = c.writeAt(h.index, make([]byte, recordSize), f.id.recordAt(n))
	}
	c.opts.Logger.Debug("a block of the disk cache is damaged", "dataset", f.key.DataSet, "path", f.key.Path, "block", n)
}

// WriteBlock keeps block n, whose bytes have to be verified. It makes room for them if it can; whether it could is seen
// later, by whether the block is there.
func (f *File) WriteBlock(n int64, p []byte) {
	c := f.cache
	if n < 0 || n >= f.key.blocks() || len(p) != f.key.length(n) || !c.usable() {
		return
	}
	f.layout.RLock()
	err := f.write(n, p, sumsOf(p))
	f.layout.RUnlock()
	c.trouble(err)
}

var errNoRoom = fmt.Errorf("no room in the cache: %w", fs.ErrExist)

func (f *File) write(n int64, p []byte, s sums) error {
	c := f.cache
	h, err := f.open(true, nil)
	if err != nil {
		return err
	}
	if linked(h.data) && linked(h.index) {
		switch old, ok, _ := f.record(h, n); {
		case ok && old == s:
			return nil // which saves a write; if the block is damaged, who reads it will see
		case ok && old.same(s):
			return f.writeRecord(h, n, s) // it was provisional
		case ok && old.provisional:
			f.Reject() // a stream that brought one wrong block is not believed the others
		}
	} else if h, err = f.open(true, h); err != nil {
		return err
	}
	if !c.makeRoom(int64(len(p))) {
		return errNoRoom
	}
	if _, err := c.writeAt(h.data, p, n*BlockSize); err != nil {
		return err
	}
	if err := f.writeRecord(h, n, s); err != nil {
		return err
	}
	c.written(len(p))
	return nil
}

func (f *File) writeRecord(h *handles, n int64, s sums) error {
	var r [recordSize]byte
	_, err := f.cache.writeAt(h.index, f.id.appendRecord(r[:0], n, s), f.id.recordAt(n))
	return err
}

// linked says whether an open file still has a name.
func linked(file *os.File) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink > 0
}
