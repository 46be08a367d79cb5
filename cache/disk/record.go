package disk

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	recordSize = 32
	sealSize   = 64

	provisionalMark = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sums are the checksums of a block, and whether nothing but they say that it is right.
type sums struct {
	castagnoli, ieee uint32
	provisional      bool
}

// same says whether both are of the same bytes.
func (s sums) same(as sums) bool { return s.castagnoli == as.castagnoli && s.ieee == as.ieee }

func sumsOf(data []byte) sums {
	return sums{castagnoli: crc32.Checksum(data, castagnoli), ieee: crc32.ChecksumIEEE(data)}
}

// appendRecord appends the record of block n.
func (id *identity) appendRecord(to []byte, n int64, s sums) []byte {
	start := len(to)
	to = binary.LittleEndian.AppendUint64(to, uint64(n))
	to = binary.LittleEndian.AppendUint64(to, id.tag)
	to = binary.LittleEndian.AppendUint32(to, s.castagnoli)
	to = binary.LittleEndian.AppendUint32(to, s.ieee)
	mark := uint32(0)
	if s.provisional {
		mark = provisionalMark
	}
	to = binary.LittleEndian.AppendUint32(to, mark)
	return binary.LittleEndian.AppendUint32(to, crc32.Checksum(to[start:], castagnoli))
}

// parseRecord returns the checksums of block n, if that is what the record is about.
func (id *identity) parseRecord(r []byte, n int64) (sums, bool) {
	if len(r) != recordSize || binary.LittleEndian.Uint32(r[28:]) != crc32.Checksum(r[:28], castagnoli) ||
		binary.LittleEndian.Uint64(r) != uint64(n) || binary.LittleEndian.Uint64(r[8:]) != id.tag ||
		binary.LittleEndian.Uint32(r[24:]) > provisionalMark {
		return sums{}, false
	}
	return sums{
		castagnoli: binary.LittleEndian.Uint32(r[16:]), ieee: binary.LittleEndian.Uint32(r[20:]),
		provisional: binary.LittleEndian.Uint32(r[24:]) == provisionalMark,
	}, true
}

// recordAt returns where the record of block n is in the map. The seal is where that of the block behind the last would be.
func (id *identity) recordAt(n int64) int64 { return int64(len(id.header)) + n*recordSize }

// seal describes a data file that was right as a whole. Whoever changes the file, or puts another in its place, changes
// what stat(2) says. Boot is the boot of the machine in which the file was checked, as what is written may be lost at
// the next; 0 when it had been on disk long enough.
type seal struct {
	Inode, Size  uint64
	Mtime, Ctime int64 // nanoseconds
	Boot         uint64
}

func (id *identity) encodeSeal(s seal) []byte {
	to := make([]byte, 0, sealSize)
	to = append(to, "sealed\x00\x00"...)
	to = binary.LittleEndian.AppendUint64(to, id.tag)
	to = binary.LittleEndian.AppendUint64(to, s.Inode)
	to = binary.LittleEndian.AppendUint64(to, s.Size)
	to = binary.LittleEndian.AppendUint64(to, uint64(s.Mtime))
	to = binary.LittleEndian.AppendUint64(to, uint64(s.Ctime))
	to = binary.LittleEndian.AppendUint64(to, s.Boot)
	to = binary.LittleEndian.AppendUint32(to, 0)
	return binary.LittleEndian.AppendUint32(to, crc32.Checksum(to, castagnoli))
}

func (id *identity) parseSeal(r []byte) (seal, bool) {
	if len(r) != sealSize || string(r[:8]) != "sealed\x00\x00" || binary.LittleEndian.Uint64(r[8:]) != id.tag ||
		binary.LittleEndian.Uint32(r[56:]) != 0 ||
		binary.LittleEndian.Uint32(r[60:]) != crc32.Checksum(r[:60], castagnoli) {
		return seal{}, false
	}
	return seal{
		Inode: binary.LittleEndian.Uint64(r[16:]), Size: binary.LittleEndian.Uint64(r[24:]),
		Mtime: int64(binary.LittleEndian.Uint64(r[32:])), Ctime: int64(binary.LittleEndian.Uint64(r[40:])),
		Boot: binary.LittleEndian.Uint64(r[48:]),
	}, true
}

// whole is a checksum (IEEE) that is put together from those of blocks.
type whole struct {
	sum   uint32
	block shift // by a block
}

// shift is what following bytes do to a CRC-32: a matrix of bits by columns, modulo the generator.
type shift [32]uint32

func newWhole() *whole {
	var s shift // by one bit
	s[0] = crc32.IEEE
	for i := 1; i < len(s); i++ {
		s[i] = 1 << (i - 1)
	}
	return &whole{block: s.repeated(8 * BlockSize)}
}

// add appends a block of the given length and checksum.
func (w *whole) add(sum uint32, length int) {
	if length == BlockSize {
		w.sum = w.block.times(w.sum) ^ sum
		return
	}
	w.sum = combine(w.sum, sum, length)
}

// combine returns the checksum of a followed by length bytes of checksum b.
func combine(a, b uint32, length int) uint32 {
	var bit shift
	bit[0] = crc32.IEEE
	for i := 1; i < len(bit); i++ {
		bit[i] = 1 << (i - 1)
	}
	s := bit.repeated(8 * length)
	return s.times(a) ^ b
}

func (s *shift) times(v uint32) (sum uint32) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= s[i]
		}
	}
	return sum
}

// repeated returns s n times, in as many squarings as n has bits.
func (s *shift) repeated(n int) (r shift) {
	for i := range r {
		r[i] = 1 << i
	}
	for power := *s; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = power.after(&r)
		}
		power = power.after(&power)
	}
	return r
}

func (s *shift) after(t *shift) (r shift) {
	for i, column := range t {
		r[i] = s.times(column)
	}
	return r
}

func castagnoliOf(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }
