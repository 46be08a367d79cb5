package fs

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// span is a part of a file in bytes.
type span struct{ off, length int64 }

func (s span) crc(t *testing.T, content openbistest.Content) uint32 {
	t.Helper()
	buf := make([]byte, s.length)
	if n, err := content.ReadAt(buf, s.off); int64(n) != s.length {
		t.Fatal(err)
	}
	return crc32.ChecksumIEEE(buf)
}

func (s span) String() string { return fmt.Sprintf("%d:%d", s.off, s.length) }

// blocksOf counts the blocks that spans touch.
func blocksOf(spans []span) int64 {
	touched := make(map[int64]bool)
	for _, s := range spans {
		for n := s.off / cache.BlockSize; n <= (s.off+s.length-1)/cache.BlockSize; n++ {
			touched[n] = true
		}
	}
	return int64(len(touched))
}

func TestRandomReadsOfABigFileCostTheBlocksTheyTouch(t *testing.T) {
	l := mountLab(t)
	place, content := expect(l.server.Lab, "demo").bigFile()
	random := rand.New(rand.NewPCG(1, 2))
	spans := make([]span, 100)
	args := []string{l.path(place)}
	for i := range spans {
		const page = 4096
		spans[i] = span{random.Int64N(content.Size()/page) * page, page}
		args = append(args, spans[i].String())
	}
	l.server.ResetCounters()
	for i, got := range helper[[]readAnswer](t, "read", args...) {
		if got.Error != "" || got.CRC32 != spans[i].crc(t, content) {
			t.Errorf("read %v: CRC32 %08x, error %q", spans[i], got.CRC32, got.Error)
		}
	}
	l.mustHaveFetched(blocksOf(spans) * cache.BlockSize)
}

// mustHaveFetched checks how much content the server sent.
func (l *lab) mustHaveFetched(most int64) {
	l.t.Helper()
	got := l.server.ContentBytes()
	l.t.Logf("the server sent %d bytes of content (%.2f blocks), at most %d are due: %v", got, float64(got)/cache.BlockSize, most, l.server.Calls())
	if got == 0 || got > most {
		l.t.Errorf("the server sent %d bytes of content, want 1 … %d", got, most)
	}
}

func TestTheEndsOfABigFileCostTheBlocksTheyTouch(t *testing.T) {
	for _, program := range []string{"head", "tail"} {
		t.Run(program, func(t *testing.T) {
			l := mountLab(t)
			place, content := expect(l.server.Lab, "demo").bigFile()
			l.server.ResetCounters()
			s := span{0, 1 << 20}
			readAhead := int64(cache.BlockSize) // of the kernel, which looks over the end of what head wants
			if program == "tail" {
				s.off = content.Size() - s.length
				readAhead = 0 // there is nothing after the end
			}
			out := l.run(program, "-c", "1M", l.path(place))
			if crc := crc32.ChecksumIEEE([]byte(out)); crc != s.crc(t, content) {
				t.Errorf("%d bytes of CRC32 %08x", len(out), crc)
			}
			l.mustHaveFetched(blocksOf([]span{s})*cache.BlockSize + readAhead)
		})
	}
}

func TestReadersOfTheSameRangeShareOneFetch(t *testing.T) {
	l := mountLab(t)
	place, content := expect(l.server.Lab, "demo").bigFile()
	const readers, blocks = 8, 4
	s := span{100 * cache.BlockSize, blocks * cache.BlockSize}
	l.server.ResetCounters()
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), "dd", "if="+l.path(place), "bs=1M", "skip=100", "count="+strconv.Itoa(blocks), "iflag=direct", "status=none")
			cmd.Dir = "/"
			out, err := cmd.Output()
			if err != nil || crc32.ChecksumIEEE(out) != s.crc(t, content) {
				t.Errorf("%d bytes: %v", len(out), err)
			}
		})
	}
	wg.Wait()
	const readAhead = 2 * blocks // the cache may see a sequential reader
	l.mustHaveFetched((blocks + readAhead) * cache.BlockSize)
	if sent, once := l.server.ContentBytes(), s.length; sent >= readers*once/2 {
		t.Errorf("%d readers cost %d bytes, as much as if they had not shared", readers, sent)
	}
}

func TestMappedFilesReadLikeOthers(t *testing.T) {
	l := mountLab(t)
	want := expect(l.server.Lab, "demo")
	for _, name := range []string{"one_byte.raw", "frame_1_mib_and_1.raw", "scan_5_mib.raw"} {
		place := want.file(t, name)
		content := want.entries[place].content
		got := helper[readAnswer](t, "mmap", l.path(place))
		if int64(got.N) != content.Size() || got.CRC32 != content.CRC32() {
			t.Errorf("%s: %d bytes of CRC32 %08x, want %d of %08x", name, got.N, got.CRC32, content.Size(), content.CRC32())
		}
	}
}

func TestWhatWasReadOnceIsNotAskedForAgain(t *testing.T) {
	l := mountLab(t)
	place := expect(l.server.Lab, "demo").file(t, "scan_5_mib.raw")
	first := l.run("cat", l.path(place))
	l.calls()
	if again := l.run("cat", l.path(place)); again != first {
		t.Error("the file reads differently the second time")
	}
	// Without the kernel's pages it comes from the cache.
	l.run("dd", "if="+l.path(place), "of=/dev/null", "bs=1M", "iflag=direct", "status=none")
	if n := l.calls(); n != 0 {
		t.Errorf("reading again cost %d calls", n)
	}
}

func TestOpenAsksNobody(t *testing.T) {
	l := mountLab(t)
	place := expect(l.server.Lab, "demo").file(t, "scan_5_mib.raw")
	l.run("stat", l.path(place))
	l.calls()
	if got := helper[[]readAnswer](t, "read", l.path(place)); len(got) != 0 {
		t.Error(got)
	}
	if n := l.calls(); n != 0 {
		t.Errorf("opening and closing cost %d calls", n)
	}
}

func TestReadsAcrossTheEndAreShort(t *testing.T) {
	l := mountLab(t)
	want := expect(l.server.Lab, "demo")
	place := want.file(t, "frame_1_mib_and_1.raw")
	size := want.entries[place].content.Size()
	got := helper[[]readAnswer](t, "read", l.path(place), fmt.Sprint(size-10, ":100"), fmt.Sprint(size, ":100"), fmt.Sprint(size+1<<20, ":100"))
	for i, n := range []int{10, 0, 0} {
		if got[i].N != n || got[i].Error != "EOF" {
			t.Errorf("read %d: %d bytes and %q, want %d and the end", i, got[i].N, got[i].Error, n)
		}
	}
}
