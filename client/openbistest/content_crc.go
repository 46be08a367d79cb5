package openbistest

import (
	"hash/crc32"
	"math/bits"
)

// The CRC32 of a generated content without generating it. A CRC register r that takes up n bytes m becomes
//
//	Zⁿ(r) + raw(m)
//
// where + is XOR, Z the linear map "take up a zero byte", and raw(m) the register that starts at 0. Unit i of a generated
// content is unit 0 XORed with something linear in i, so raw(unit i) = raw(unit 0) + lin(i) with a linear lin. Thus the
// register over the 2ᵏ units from number i on, i a multiple of 2ᵏ, is
//
//	raw(units 0…2ᵏ-1) + S(lin(i)),   S = 1 + Z' + Z'² + … (2ᵏ terms),   Z' = Z over a whole unit
//
// and all of these double: 8 GiB take 22 steps.

// crcMap is a linear map of CRC registers: the images of the 32 single bits.
type crcMap [32]uint32

func (m *crcMap) apply(v uint32) uint32 {
	var sum uint32
	for ; v != 0; v &= v - 1 {
		sum ^= m[bits.TrailingZeros32(v)]
	}
	return sum
}

// after returns the map "first n, then m".
func (m *crcMap) after(n *crcMap) crcMap {
	var c crcMap
	for i, v := range n {
		c[i] = m.apply(v)
	}
	return c
}

func (m *crcMap) plus(n *crcMap) crcMap {
	var c crcMap
	for i := range c {
		c[i] = m[i] ^ n[i]
	}
	return c
}

// crcRegister lets the register r take up p; unlike [crc32.Update] without inversions before and after.
func crcRegister(r uint32, p []byte) uint32 {
	return ^crc32.Update(^r, crc32.IEEETable, p)
}

// crcSpan is 2ᵏ units.
type crcSpan struct {
	shift crcMap // Z' to the 2ᵏ
	sum   crcMap // S
	raw   uint32 // raw(units 0…2ᵏ-1)
}

// checksum returns the CRC32 of the whole content.
func (g *generated) checksum() uint32 {
	var unit [unitSize]byte
	g.fill(&unit, 0)
	raw0 := crcRegister(0, unit[:])
	lin := func(i uint64) uint32 {
		g.fill(&unit, i)
		return crcRegister(0, unit[:]) ^ raw0
	}

	units := uint64(g.size / unitSize)
	spans := make([]crcSpan, 0, 64)
	span := crcSpan{raw: raw0}
	var zeros [unitSize]byte
	for bit := range 32 {
		span.shift[bit] = crcRegister(1<<bit, zeros[:])
		span.sum[bit] = 1 << bit
	}
	for k := 0; units>>k != 0; k++ {
		spans = append(spans, span)
		shifted := span.shift.after(&span.sum)
		span = crcSpan{
			shift: span.shift.after(&span.shift),
			sum:   span.sum.plus(&shifted),
			raw:   span.shift.apply(span.raw) ^ span.raw ^ span.sum.apply(lin(1<<k)),
		}
	}

	r, first := ^uint32(0), uint64(0)
	for k := len(spans) - 1; k >= 0; k-- {
		if units>>k&1 == 0 {
			continue
		}
		s := &spans[k]
		r = s.shift.apply(r) ^ s.raw ^ s.sum.apply(lin(first))
		first += 1 << k
	}
	g.fill(&unit, units)
	return ^crcRegister(r, unit[:g.size%unitSize])
}
