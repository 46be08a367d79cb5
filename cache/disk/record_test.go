package disk

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

func TestChecksumOfTheWholeIsMadeOfThoseOfBlocks(t *testing.T) {
	data := make([]byte, 3*MiB+12345)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	for _, size := range []int{1, 1000, MiB, MiB + 1, 3 * MiB, len(data)} {
		w := newWhole()
		for off := 0; off < size; off += MiB {
			block := data[off:min(off+MiB, size)]
			w.add(crc32.ChecksumIEEE(block), len(block))
		}
		if want := crc32.ChecksumIEEE(data[:size]); w.sum != want {
			t.Errorf("%d bytes: %08x, want %08x", size, w.sum, want)
		}
	}
}

func TestRecordIsBoundToItsPlace(t *testing.T) {
	a, b := ptr(fileKey("a", 100*MiB).identityOnly()), ptr(fileKey("b", 10).identityOnly())
	r := a.appendRecord(nil, 7, sums{1, 2, false})
	if s, ok := a.parseRecord(r, 7); !ok || s != (sums{1, 2, false}) {
		t.Errorf("%v, %v", s, ok)
	}
	if _, ok := a.parseRecord(r, 8); ok {
		t.Error("another block")
	}
	if _, ok := b.parseRecord(r, 7); ok {
		t.Error("another content")
	}
	if _, ok := a.parseRecord(make([]byte, recordSize), 0); ok {
		t.Error("zeros")
	}
	for bit := range 8 * recordSize {
		r := bytes.Clone(r)
		r[bit/8] ^= 1 << (bit % 8)
		if _, ok := a.parseRecord(r, 7); ok {
			t.Errorf("bit %d", bit)
		}
	}
	s := seal{Inode: 1, Size: 2, Mtime: 3, Ctime: 4, Boot: 5}
	encoded := a.encodeSeal(s)
	if got, ok := a.parseSeal(encoded); !ok || got != s {
		t.Errorf("%v, %v", got, ok)
	}
	for bit := range 8 * sealSize {
		r := bytes.Clone(encoded)
		r[bit/8] ^= 1 << (bit % 8)
		if _, ok := a.parseSeal(r); ok {
			t.Errorf("bit %d of a seal", bit)
		}
	}
}

func (k Key) identityOnly() identity { return k.identity() }

// FuzzMap gives the parser anything: it accepts only what is exactly the header of a key.
func FuzzMap(f *testing.F) {
	id := fileKey("dir/file \x00\xff \u2028", 3*MiB).identityOnly()
	f.Add(id.appendRecord(bytes.Clone(id.header), 0, sums{1, 2, true}))
	f.Add(Key{Server: "s", Size: 5}.identityOnly().header)
	f.Add([]byte("{\"format\":\"openbisfs block map 1\",\"size\":-1}\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, at, err := parseHeader(data)
		if err != nil {
			return
		}
		id := key.identity()
		if !bytes.Equal(data[:at], id.header) || at != id.recordAt(0) || at%headerUnit != 0 {
			t.Errorf("accepted %q for %+v", data, key)
		}
	})
}

// FuzzRecord flips and replaces: a record that is accepted is one that was made for this place.
func FuzzRecord(f *testing.F) {
	id := fileKey("f", 9*MiB).identityOnly()
	f.Add(id.appendRecord(nil, 3, sums{1, 2, true}), int64(3))
	f.Add(make([]byte, recordSize), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, n int64) {
		if s, ok := id.parseRecord(data, n); ok && !bytes.Equal(id.appendRecord(nil, n, s), data) {
			t.Errorf("accepted %x as block %d", data, n)
		}
		if s, ok := id.parseSeal(data); ok && !bytes.Equal(id.encodeSeal(s), data) {
			t.Errorf("accepted %x as a seal", data)
		}
	})
}
