package openbistest

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"testing"
)

// allFiles calls check for every file and archive of a lab that is not too large to be read.
func allFiles(t *testing.T, l *Lab, check func(t *testing.T, n *Node, content []byte)) {
	const tooLarge = 64 << 20
	for _, d := range l.DataSets {
		if d.Root == nil {
			continue
		}
		d.Root.Walk(func(path string, n *Node) {
			if n.Content == nil || n.Content.Size() > tooLarge {
				return
			}
			t.Run(path, func(t *testing.T) {
				b, err := io.ReadAll(io.NewSectionReader(n.Content, 0, 1<<62))
				if err != nil {
					t.Fatal(err)
				}
				check(t, n, b)
			})
		})
	}
}

func TestContentsHaveTheSizeAndCRC32TheyClaim(t *testing.T) {
	l, err := ParseLab("small,wide:20")
	if err != nil {
		t.Fatal(err)
	}
	allFiles(t, l, func(t *testing.T, n *Node, content []byte) {
		if n.Content.Size() != int64(len(content)) {
			t.Errorf("size %d, but %d bytes", n.Content.Size(), len(content))
		}
		if got, want := n.Content.CRC32(), crc32.ChecksumIEEE(content); got != want {
			t.Errorf("CRC32 %08x, but its bytes have %08x", got, want)
		}
	})
}

func TestContentsAreReadAtAnyOffset(t *testing.T) {
	l, err := ParseLab("small,wide:2")
	if err != nil {
		t.Fatal(err)
	}
	allFiles(t, l, func(t *testing.T, n *Node, content []byte) {
		size := int64(len(content))
		for _, off := range []int64{0, 1, 13, 4095, 4097, 65537, 1<<20 - 1, 1 << 20, size / 2, size - 1, size, size + 1} {
			for _, length := range []int64{0, 1, 100, 4096, 9001} {
				checkReadAt(t, n.Content, content, max(off, 0), length)
			}
		}
	})
}

// checkReadAt checks one ReadAt against the whole content and the rules of io.ReaderAt.
func checkReadAt(t *testing.T, c Content, content []byte, off, length int64) {
	t.Helper()
	p := make([]byte, length)
	k, err := c.ReadAt(p, off)
	size := int64(len(content))
	want := content[min(off, size):min(off+length, size)]
	if !bytes.Equal(p[:k], want) {
		t.Errorf("%d bytes at %d: %d bytes that are not those of the content", length, off, k)
	}
	if k < len(p) && !errors.Is(err, io.EOF) || k == len(p) && err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes at %d: %d bytes with error %v", length, off, k, err)
	}
}
