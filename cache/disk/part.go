package disk

import (
	"crypto/rand"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Part takes the blocks of a content that are not verified yet. Nobody reads them before they are
// confirmed or kept. WriteBlock
// may be called by several goroutines; when all calls have returned, Confirm, Keep or Discard is called, once.
type Part struct {
	file *File
	kind string // of its name

	mu   sync.Mutex
	data *os.File // nil: not made yet, or given up
	made bool
	sums map[int64]sums
}

// Part returns a new Part, which is empty. It does not touch the disk.
func (f *File) Part() *Part {
	return &Part{file: f, kind: "." + rand.Text() + partKind, sums: make(map[int64]sums)}
}

// open returns the file of the part, and makes it at the first call; nil if that did not succeed.
func (p *Part) open() (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made {
		return p.data, nil
	}
	p.made = true
	data, err := p.file.cache.openFile(&p.file.id, p.kind, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	_ = unix.Flock(int(data.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err := data.Truncate(p.file.key.Size); err != nil {
		_ = data.Close()
		p.remove()
		return nil, err
	}
	p.data = data
	return data, nil
}

// WriteBlock keeps block n, as far as there is room.
func (p *Part) WriteBlock(n int64, data []byte) {
	c := p.file.cache
	if !c.usable() {
		return
	}
	file, err := p.open()
	if err != nil || file == nil {
		c.trouble(err)
		return
	}
	if !c.makeRoom(int64(len(data))) {
		return
	}
	s := sumsOf(data)
	if _, err := c.writeAt(file, data, n*BlockSize); err != nil {
		c.trouble(err)
		return
	}
	c.written(len(data))
	p.mu.Lock()
	p.sums[n] = s
	p.mu.Unlock()
}

// Discard forgets what was written.
func (p *Part) Discard() {
	if p.data == nil {
		return
	}
	_ = p.data.Close()
	p.data = nil
	p.remove()
	p.file.cache.freed(int64(len(p.sums)) * BlockSize)
}

func (p *Part) remove() { _ = p.file.cache.top().Remove(p.file.id.path(p.kind)) }

// Confirm makes what was written part of the content: it was right. The larger of the two files stays, and gets what
// only the other has. It says what is known of the content then.
func (p *Part) Confirm() Verdict {
	defer p.Discard()
	c, f := p.file.cache, p.file
	if p.data == nil || len(p.sums) == 0 || !c.usable() {
		return Unsettled
	}
	f.layout.Lock()
	defer f.layout.Unlock()
	there := f.sums()
	wrong := false
	for n, s := range there {
		if mine, ok := p.sums[n]; ok && s.provisional && !s.same(mine) {
			f.Reject()
			there, wrong = f.sums(), true
			break
		}
	}
	var verdict Verdict
	var err error
	if len(there) > len(p.sums) {
		if err = p.copyInto(); err == nil {
			verdict = f.Settle()
		}
	} else {
		verdict, err = p.replace(there)
	}
	c.trouble(err)
	if wrong {
		return Wrong
	}
	return verdict
}

// Keep makes what was written a provisional part of the content: the stream that brought it has broken off, and what it
// brought is as good as what its reader was given. It says what is known of the content then.
//
// Unverified bytes are not written to a data file that others use, since it may be whole by then, and the kernel may
// read from it. So the part takes its place, and gets what was there; if that is very much, the part is forgotten.
func (p *Part) Keep() Verdict {
	defer p.Discard()
	c, f := p.file.cache, p.file
	if p.data == nil || len(p.sums) == 0 || !c.usable() {
		return Unsettled
	}
	f.layout.Lock()
	defer f.layout.Unlock()
	there := f.sums()
	news := false
	for n, mine := range p.sums {
		s, ok := there[n]
		if ok && !s.provisional && !s.same(mine) {
			return Wrong // at least here
		}
		if ok && s.same(mine) {
			mine = s
		} else {
			mine.provisional = true
		}
		p.sums[n] = mine
		news = news || !ok
	}
	if !news || len(there) > mostCopied && len(there) > len(p.sums) {
		return Unsettled
	}
	verdict, err := p.replace(there)
	c.trouble(err)
	return verdict
}

// mostCopied is how many blocks are copied to keep others.
const mostCopied = 1 << 10

// copyInto writes the blocks to the content's own files.
func (p *Part) copyInto() error {
	block := make([]byte, BlockSize)
	for n, s := range p.sums {
		block := block[:p.file.key.length(n)]
		if _, err := p.file.cache.readAt(p.data, block, n*BlockSize); err != nil {
			return err
		}
		if castagnoliOf(block) != s.castagnoli {
			continue
		}
		if err := p.file.write(n, block, s); err != nil {
			return err
		}
	}
	return nil
}

// replace puts the part in the place of the data file. Who has that one open goes on with it.
func (p *Part) replace(there map[int64]sums) (Verdict, error) {
	c, f := p.file.cache, p.file
	block := make([]byte, BlockSize)
	for n, s := range there {
		if _, ok := p.sums[n]; ok {
			continue
		}
		block := block[:f.key.length(n)]
		if f.ReadBlock(n, block) == Absent || !sumsOf(block).same(s) {
			continue
		}
		if _, err := c.writeAt(p.data, block, n*BlockSize); err != nil {
			return Unsettled, err
		}
		p.sums[n] = s
	}
	old, err := f.open(true, nil)
	if err != nil {
		return Unsettled, err
	}
	root := c.top()
	if err := root.Rename(f.id.path(p.kind), f.id.path(dataKind)); err != nil {
		return Unsettled, err
	}
	c.freed(int64(len(there)) * BlockSize) // of the file that had the name
	h, err := f.open(true, old)
	if err != nil {
		return Unsettled, err
	}
	if err := p.writeRecords(h); err != nil {
		return Unsettled, err
	}
	verdict := Unsettled
	if int64(len(p.sums)) == f.key.blocks() {
		if verdict = f.Settle(); verdict == Right {
			f.sealAs(h) // nobody else has written this file
		}
	}
	_ = p.data.Close()
	p.data = nil
	return verdict, nil
}

// writeRecords writes all records, by one write if the part has all blocks.
func (p *Part) writeRecords(h *handles) error {
	f := p.file
	run := make([]byte, 0, 4096*recordSize)
	first := int64(0)
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		_, err := f.cache.writeAt(h.index, run, f.id.recordAt(first))
		run = run[:0]
		return err
	}
	for n, total := int64(0), f.key.blocks(); n < total; n++ {
		s, ok := p.sums[n]
		if !ok || len(run) == cap(run) {
			if err := flush(); err != nil {
				return err
			}
		}
		if ok {
			if len(run) == 0 {
				first = n
			}
			run = f.id.appendRecord(run, n, s)
		}
	}
	return flush()
}
