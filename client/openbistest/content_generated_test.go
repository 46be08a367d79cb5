package openbistest

import (
	"errors"
	"hash/crc32"
	"io"
	"testing"
)

func TestGeneratedContentHasTheCRC32OfItsBytes(t *testing.T) {
	for _, size := range []int64{0, 1, 4095, 4096, 4097, 3 * 4096, 1 << 20, 5<<20 + 4711} {
		for _, seed := range []uint64{0, 1, 99} {
			c := Generated(size, seed)
			h := crc32.NewIEEE()
			n, err := io.Copy(h, io.NewSectionReader(c, 0, 1<<62))
			if err != nil || n != size {
				t.Fatalf("size %d: read %d bytes, %v", size, n, err)
			}
			if got, want := c.CRC32(), h.Sum32(); got != want {
				t.Errorf("size %d, seed %d: CRC32 %08x, its bytes have %08x", size, seed, got, want)
			}
		}
	}
}

func TestBigFileHasTheCRC32ThatReadingItGave(t *testing.T) {
	const want = 0x8a0f9570 // of all 8 GiB, once read through hash/crc32
	big := Generated(BigFileSize, bigFileSeed)
	if got := big.CRC32(); got != want {
		t.Errorf("CRC32 %08x, want %08x", got, want)
	}
}

func TestGeneratedContentDiffersEverywhere(t *testing.T) {
	big := Generated(BigFileSize, bigFileSeed)
	seen := make(map[[8]byte]int64)
	for _, block := range []int64{0, 1, 2, 255, 256, 257, 4096, 8191} { // of 1 MiB
		for unit := range int64(4) {
			for _, within := range []int64{0, 8, 2048, 4088} {
				var word [8]byte
				off := block<<20 + unit*unitSize + within
				if _, err := big.ReadAt(word[:], off); err != nil {
					t.Fatal(err)
				}
				if other, ok := seen[word]; ok {
					t.Errorf("the 8 bytes at %d are those at %d", off, other)
				}
				seen[word] = off
			}
		}
	}
	last := make([]byte, 2)
	if n, err := big.ReadAt(last, BigFileSize-1); n != 1 || !errors.Is(err, io.EOF) {
		t.Errorf("across the end: %d bytes, %v", n, err)
	}
}
