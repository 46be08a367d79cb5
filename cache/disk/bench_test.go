package disk

import "testing"

const benchSize = 256 * MiB

func benchFile(b *testing.B) *File {
	c := openCache(b, b.TempDir(), Options{})
	f := fileOf(b, c, Key{Server: "s", DataSet: "d", Path: "p", Size: benchSize})
	b.SetBytes(BlockSize)
	b.ReportAllocs()
	return f
}

// BenchmarkWrite writes blocks of a file that is there in part.
func BenchmarkWrite(b *testing.B) {
	f := benchFile(b)
	block := make([]byte, BlockSize)
	n := 0
	for b.Loop() {
		block[0] = byte(n / int(f.key.blocks())) // what is there already is not written
		f.WriteBlock(int64(n)%f.key.blocks(), block)
		n++
	}
}

// BenchmarkRead reads blocks that are there, from the page cache.
func BenchmarkRead(b *testing.B) {
	f := benchFile(b)
	block := make([]byte, BlockSize)
	for n := range f.key.blocks() {
		f.WriteBlock(n, block)
	}
	n := 0
	for b.Loop() {
		if f.ReadBlock(int64(n)%f.key.blocks(), block) == Absent {
			b.Fatal("absent")
		}
		n++
	}
}

// BenchmarkSmall writes a small file and reads it, as another mount would.
func BenchmarkSmall(b *testing.B) {
	c := openCache(b, b.TempDir(), Options{})
	data := make([]byte, 10<<10)
	b.ReportAllocs()
	key := Key{Server: "s", DataSet: "d", Path: "p", Size: int64(len(data))}
	for b.Loop() {
		key.CRC32++
		key.HasCRC32 = true
		f := c.File(key)
		f.WriteBlock(0, data)
		f.Close()
		f = c.File(key)
		if f.ReadBlock(0, data) == Absent {
			b.Fatal("absent")
		}
		f.Close()
	}
}
