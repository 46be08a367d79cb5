package cache

import (
	"errors"
	"math/bits"
	"time"

	"github.com/openbisfs/openbisfs/cache/disk"
)

// ledger has the checksums of blocks of a content of which some are provisional: a stream brought them that broke off,
// in this process or in one before. When it has all, they show whether those were right. Guarded by Store.mu.
type ledger struct {
	sums    []uint32
	known   []uint64 // bit n%64 of element n/64: sums has that of block n
	doubt   []uint64 // it is provisional
	missing int64
}

var errDoubtful = errors.New("what a stream that broke off has brought is not right")

func newLedger(blocks int64, p disk.Presence) *ledger {
	l := &ledger{sums: p.Sums, known: make([]uint64, len(p.There)), doubt: make([]uint64, len(p.There)), missing: blocks}
	for n := range blocks {
		if bit(p.There, n) {
			l.enter(n, p.Sums[n], bit(p.Provisional, n))
		}
	}
	return l
}

func bit(set []uint64, n int64) bool { return int(n/64) < len(set) && set[n/64]&(1<<(n%64)) != 0 }

func count(set []uint64) (n int64) {
	for _, word := range set {
		n += int64(bits.OnesCount64(word))
	}
	return n
}

// enter notes the checksum of block n, and returns false if it shows that a provisional block is wrong.
func (l *ledger) enter(n int64, sum uint32, doubtful bool) bool {
	known, doubted := bit(l.known, n), bit(l.doubt, n)
	switch {
	case !known:
		l.known[n/64] |= 1 << (n % 64)
		l.missing--
		if doubtful {
			l.doubt[n/64] |= 1 << (n % 64)
		}
	case doubtful:
		return l.sums[n] == sum
	case doubted:
		l.doubt[n/64] &^= 1 << (n % 64)
		if l.sums[n] != sum {
			return false
		}
	}
	l.sums[n] = sum
	return true
}

// record opens the ledger of a content when there are provisional blocks on disk, and enters what is there.
func (c *content) record(p disk.Presence) {
	l := c.level
	if p.Provisional == nil || !c.key.HasCRC32 {
		if l.ledger != nil && count(p.There) == c.total {
			c.acquit()
		}
		return
	}
	if l.ledger == nil {
		l.ledger = newLedger(c.total, p)
		return
	}
	for n := range c.total {
		if bit(p.There, n) && !l.ledger.enter(n, p.Sums[n], bit(p.Provisional, n)) {
			c.convict(errDoubtful)
			return
		}
	}
	c.weigh()
}

// vouch enters a verified block, before it is readable. So a file is not read to its end from the disk and from the
// server without its checksum having been found right.
func (c *content) vouch(n int64, sum uint32) {
	if c.level == nil || c.level.ledger == nil {
		return
	}
	if !c.level.ledger.enter(n, sum, false) {
		c.convict(errDoubtful)
		return
	}
	c.weigh()
}

// weigh decides about the provisional blocks when all checksums are known. It takes 30 ns for each block.
func (c *content) weigh() {
	l := c.level.ledger
	switch {
	case l == nil || l.missing > 0:
	case c.key.Confirms(l.sums):
		c.acquit()
	default:
		c.convict(errDoubtful)
	}
}

// acquit trusts the provisional blocks.
func (c *content) acquit() {
	c.level.ledger = nil
	for _, b := range c.blocks {
		b.doubtful = false
	}
}

// convict drops the provisional blocks, here and on disk; the handles that were given any of them fail.
func (c *content) convict(err error) {
	c.condemn(err)
	if l := c.level; l != nil {
		l.ledger = nil
		l.convictions++
		l.rejecting++
		l.set, l.asked = nil, time.Now() // what is left is known when it has been asked for again
		c.store.write(deferred{content: c, level: l, task: reject})
	}
}
