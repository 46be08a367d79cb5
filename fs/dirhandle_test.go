package fs

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { helperCommands["seek"] = helperSeek }

// position is a directory entry and the offset behind it.
type position struct {
	Name   string
	Offset int64
}

// helperSeek lists DIR from the position OFFSET with a small buffer.
func helperSeek(args []string) (any, error) {
	at, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(args[0], unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if _, err := unix.Seek(fd, at, unix.SEEK_SET); err != nil {
		return nil, err
	}
	list := []position{}
	buf := make([]byte, 512)
	for {
		n, err := unix.Getdents(fd, buf)
		if n <= 0 {
			return list, err
		}
		for rest := buf[:n]; len(rest) > 0; {
			const header = 8 + 8 + 2 + 1 // struct linux_dirent64: d_ino, d_off, d_reclen, d_type
			length := binary.NativeEndian.Uint16(rest[16:])
			name, _, _ := bytes.Cut(rest[header:length], []byte{0})
			list = append(list, position{string(name), int64(binary.NativeEndian.Uint64(rest[8:]))})
			rest = rest[length:]
		}
	}
}

func TestAListingGoesOnWhereItWasLeft(t *testing.T) {
	l := mountLab(t, func(o *labOptions) { o.lab = "wide:500" })
	dir := l.path("WIDE", "LIBRARY", "COMPOUNDS")
	helper[[]position](t, "seek", dir, "0") // it arrives in the server's order
	all := helper[[]position](t, "seek", dir, "0")
	if len(all) != 503 { // with ".", ".." and ".meta.json"
		t.Fatalf("%d names, want 503", len(all))
	}
	for i := 0; i < len(all); i += 97 {
		if rest := helper[[]position](t, "seek", dir, strconv.FormatInt(all[i].Offset, 10)); !slices.Equal(rest, all[i+1:]) {
			t.Errorf("after %q come %d names, want %d", all[i].Name, len(rest), len(all)-i-1)
		}
	}
	if end := helper[[]position](t, "seek", dir, "503"); len(end) != 0 {
		t.Errorf("%d names after the end", len(end))
	}
}

func TestAListingHasTheDotsWithTheirInodes(t *testing.T) {
	l := mountLab(t)
	inode := func(path string) string { return strings.TrimSpace(l.run("stat", "-c", "%i", path)) }
	listing := l.run("ls", "-ai", l.path("MATERIALS", "COATINGS"))
	for name, path := range map[string]string{".": l.path("MATERIALS", "COATINGS"), "..": l.path("MATERIALS")} {
		if want := inode(path) + " " + name + "\n"; !strings.Contains(listing, want) {
			t.Errorf("%q is missing in\n%s", want, listing)
		}
	}
}
