package openbistest

import (
	"encoding/binary"
	"io"
	"math/bits"
	"sync"
)

// Generated returns a Content of any size that looks like noise, costs neither memory nor disk, and is made as it is read,
// at any offset. Every aligned 8 bytes differ from those 4 KiB, or any multiple of it, further on: misplaced blocks are noticed.
// Its CRC32 takes no reading. Contents of different seeds differ.
func Generated(size int64, seed uint64) Content {
	return &generated{size: size, seed: seed}
}

// unitSize is the period of the noise below the part that depends on the position.
const (
	unitSize  = 4096
	unitWords = unitSize / 8
)

type generated struct {
	size int64
	seed uint64

	noiseOnce sync.Once
	noise     *[unitWords]uint64 // unit 0
	sumOnce   sync.Once
	sum       uint32
}

// base returns unit 0: what splitmix64 makes of the seed.
func (g *generated) base() *[unitWords]uint64 {
	g.noiseOnce.Do(func() {
		g.noise = new([unitWords]uint64)
		for j := range g.noise {
			g.noise[j] = splitmix(g.seed*unitWords + uint64(j))
		}
	})
	return g.noise
}

// splitmix is the output function of the splitmix64 generator (Steele, Lea, Flood 2014).
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// spread makes a unit's number into what is XORed into all its words, rotated by the number of the word. It is one-to-one,
// and linear over GF(2), which the CRC32 rests on (xorshift64, Marsaglia 2003).
func spread(unit uint64) uint64 {
	unit ^= unit << 13
	unit ^= unit >> 7
	return unit ^ unit<<17
}

// fill writes one unit.
func (g *generated) fill(dst *[unitSize]byte, unit uint64) {
	s := spread(unit)
	for j, w := range g.base() {
		binary.LittleEndian.PutUint64(dst[8*j:], w^bits.RotateLeft64(s, j))
	}
}

// Size implements Content.
func (g *generated) Size() int64 { return g.size }

// CRC32 implements Content.
func (g *generated) CRC32() uint32 {
	g.sumOnce.Do(func() { g.sum = g.checksum() })
	return g.sum
}

// ReadAt implements io.ReaderAt.
func (g *generated) ReadAt(p []byte, off int64) (int, error) {
	var unit [unitSize]byte
	n := 0
	for n < len(p) {
		if off >= g.size {
			return n, io.EOF
		}
		g.fill(&unit, uint64(off/unitSize))
		piece := unit[off%unitSize : min(unitSize, off%unitSize+g.size-off)]
		k := copy(p[n:], piece)
		n += k
		off += int64(k)
	}
	return n, nil
}
