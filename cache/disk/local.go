package disk

import (
	"errors"
	"hash/crc32"
	"hash/fnv"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	smallFile = 16 << 20        // is verified while the caller waits
	settled   = 5 * time.Minute // after that long, the kernel has written what it was given to the disk
)

// Local returns the content as a file of its own, from offset 0 on, if all of it is there and right, for whoever gives
// it to the kernel to read from. The caller closes the file, before the File: so long it is not evicted.
//
// The data file of a content is read and compared as a whole once; then it is sealed, and as long as stat(2) describes
// it as it was, the answer takes no time. A large file that is not sealed yet is refused, and read in the background: it
// is there for the next caller.
func (f *File) Local() (*os.File, bool) {
	c := f.cache
	if f.key.Size == 0 || !c.usable() {
		return nil, false
	}
	h, err := f.open(false, nil)
	if err != nil {
		c.trouble(err)
		return nil, false
	}
	if f.replaced(h) {
		if h, err = f.open(false, h); err != nil {
			c.trouble(err)
			return nil, false
		}
	}
	if now, ok := describe(h.data); ok && now.Size > uint64(f.key.Size) && !h.readOnly {
		_ = h.data.Truncate(f.key.Size) // what is behind the end is nobody's
	}
	if !f.sealed(h) {
		if f.key.Size > smallFile {
			f.sealLater()
			return nil, false
		}
		if !f.verify(h) {
			return nil, false
		}
	}
	// A descriptor of its own, read-only, which lives as long as the caller wants.
	file, err := c.openFile(&f.id, dataKind, os.O_RDONLY)
	if err != nil {
		c.trouble(err)
		return nil, false
	}
	here, err := h.data.Stat()
	there, err2 := file.Stat()
	if err != nil || err2 != nil || !os.SameFile(here, there) || !f.sealed(h) {
		_ = file.Close()
		return nil, false
	}
	return file, true
}

// sealLater verifies and seals the file in the background, once at a time.
func (f *File) sealLater() {
	f.mu.Lock()
	busy := f.sealing || f.closed
	f.sealing = true
	f.mu.Unlock()
	c := f.cache
	c.mu.Lock()
	if c.closed {
		busy = true
	}
	if !busy {
		c.wg.Go(func() {
			if h, err := f.open(false, nil); err == nil {
				f.verify(h)
			}
			f.mu.Lock()
			f.sealing = false
			f.mu.Unlock()
		})
	}
	c.mu.Unlock()
}

// verify reads the whole content and seals the file if it is right. The checksum of the content itself is compared too.
func (f *File) verify(h *handles) bool {
	c := f.cache
	before, ok := describe(h.data)
	if !ok || f.Settle() != Right {
		return false
	}
	block := make([]byte, min(BlockSize, f.key.Size))
	sum := uint32(0)
	for n, total := int64(0), f.key.blocks(); n < total; n++ {
		if c.ctx.Err() != nil {
			return false
		}
		block := block[:f.key.length(n)]
		if _, recorded, right, err := f.compare(h, n, block); !right {
			c.trouble(err)
			if recorded && err == nil {
				f.damaged(h, n)
			}
			return false
		}
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	if f.key.HasCRC32 && sum != f.key.CRC32 {
		return false
	}
	if after, ok := describe(h.data); !ok || after != before {
		return false
	}
	return f.sealAs(h)
}

// describe returns what stat(2) says of a data file.
func describe(file *os.File) (seal, bool) {
	info, err := file.Stat()
	if err != nil {
		return seal{}, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return seal{}, false
	}
	return seal{Inode: st.Ino, Size: uint64(st.Size), Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano()}, true
}

// sealAs seals the file as it is now.
func (f *File) sealAs(h *handles) bool {
	s, ok := describe(h.data)
	if !ok || s.Size != uint64(f.key.Size) || h.readOnly {
		return false
	}
	if time.Since(time.Unix(0, s.Mtime)) < settled {
		s.Boot = bootID()
		if s.Boot == 0 {
			return false
		}
	}
	if _, err := f.cache.writeAt(h.index, f.id.encodeSeal(s), f.id.recordAt(f.key.blocks())); err != nil {
		f.cache.trouble(err)
		return false
	}
	return true
}

// sealed says whether the file is as it was sealed.
func (f *File) sealed(h *handles) bool {
	now, ok := describe(h.data)
	if !ok || now.Size != uint64(f.key.Size) {
		return false
	}
	var r [sealSize]byte
	if _, err := f.cache.readAt(h.index, r[:], f.id.recordAt(f.key.blocks())); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	s, ok := f.id.parseSeal(r[:])
	if !ok || s.Boot != 0 && s.Boot != bootID() {
		return false
	}
	s.Boot = 0
	return s == now
}

// bootID tells one boot of one machine from all others; 0 if it is not known.
var bootID = sync.OnceValue(func() uint64 {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(text)
	return h.Sum64() | 1
})
