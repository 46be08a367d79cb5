package cache

import "testing"

const benchSize = 64 * MiB

// BenchmarkSequentialWarm reads blocks that are present, 128 KiB at a time as the kernel does.
func BenchmarkSequentialWarm(b *testing.B) {
	s := newStore(b, Options{})
	f := openFake(b, s, newFake(benchSize))
	p := make([]byte, 128<<10)
	readAll(b, f, 0, benchSize)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		if _, err := f.ReadAt(b.Context(), p, off); err != nil {
			b.Fatal(err)
		}
		off = (off + int64(len(p))) % benchSize
	}
}

// BenchmarkSequentialCold reads a file that is not there, by one stream.
func BenchmarkSequentialCold(b *testing.B) {
	p := make([]byte, 128<<10)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		s := New(Options{Memory: 32 * MiB})
		r := newFake(benchSize)
		f := s.Open(r.key(), r.open)
		for off := int64(0); off < benchSize; off += int64(len(p)) {
			if _, err := f.ReadAt(b.Context(), p, off); err != nil {
				b.Fatal(err)
			}
		}
		_ = f.Close()
		_ = s.Close()
	}
}

// BenchmarkRandomCold reads 4 KiB of a block that is not there.
func BenchmarkRandomCold(b *testing.B) {
	s := newStore(b, Options{Memory: minMemory})
	r := newFake(8 << 30)
	f := openFake(b, s, r)
	p := make([]byte, 4096)
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		off = (off + 1009*MiB) % r.size
		if _, err := f.ReadAt(b.Context(), p, off); err != nil {
			b.Fatal(err)
		}
	}
}
