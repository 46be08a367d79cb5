package fs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
	"github.com/openbisfs/openbisfs/meta"
)

// smallFiles mounts a lab with a folder of small files, each of its number, and returns the paths in the order of their names.
func smallFiles(t *testing.T, count int) (l *lab, paths []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%03d", i)), fmt.Appendf(nil, "%04d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	l = mountLab(t, func(o *labOptions) { o.lab = "files:" + dir })
	folder := strings.TrimSpace(l.run("find", filepath.Join(l.dir, "FILES"), "-type", "d", "-name", "files"))
	for i := range count {
		paths = append(paths, filepath.Join(folder, fmt.Sprintf("f%03d", i)))
	}
	return l, paths
}

func TestFilesReadInOrderAreFetchedAhead(t *testing.T) {
	const count = 200
	l, paths := smallFiles(t, count)
	l.server.ResetCounters()
	// The folder is listed in the background: only what is read after that counts.
	read := 0
	for ahead := 0; ahead < 4; ahead = l.server.Calls()["download"] - read {
		if read == count {
			t.Fatalf("%d files were read, and nothing was fetched ahead: %v", read, l.server.Calls())
		}
		if got, want := l.run("cat", paths[read]), fmt.Sprintf("%04d", read); got != want {
			t.Fatalf("%s has %q", paths[read], got)
		}
		read++
	}
	for ; read < count; read++ {
		if got, want := l.run("cat", paths[read]), fmt.Sprintf("%04d", read); got != want {
			t.Fatalf("%s has %q", paths[read], got)
		}
	}
	if n := l.server.Calls()["download"]; n != count {
		t.Errorf("%d downloads of %d files", n, count)
	}
}

func TestCopyingAFolderFetchesLittleTwice(t *testing.T) {
	const count = 100
	l, paths := smallFiles(t, count)
	l.server.ResetCounters()
	to := filepath.Join(copyDir(t), "copy")
	l.run("cp", "-r", filepath.Dir(paths[0]), to)
	for i := range count {
		got, err := os.ReadFile(filepath.Join(to, fmt.Sprintf("f%03d", i)))
		if want := fmt.Sprintf("%04d", i); err != nil || string(got) != want {
			t.Errorf("file %d has %q, %v", i, got, err)
		}
	}
	// What looked like an order for a moment and was none is given up, and fetched when it is read.
	if n := l.server.Calls()["download"]; n < count || n > count+count/4 {
		t.Errorf("%d downloads of %d files", n, count)
	}
}

func TestFilesReadInNoOrderAreNotFetchedAhead(t *testing.T) {
	const count = 400 // so that the few that are read are in no order of inode numbers either
	l, paths := smallFiles(t, count)
	l.server.ResetCounters()
	read := 0
	for i := 0; i < count; i += count / 5 {
		l.run("cat", paths[i])
		l.run("cat", paths[count-1-i])
		read += 2
	}
	if n := l.server.Calls()["download"]; n != read {
		t.Errorf("%d downloads, %d files were read", n, read)
	}
}

func TestAFileThatFailsAheadFailsItsReaderOnly(t *testing.T) {
	const count = 40
	l, paths := smallFiles(t, count)
	fault := l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Method: "download", First: 8, Times: 20, Status: 404})
	for i, path := range paths[:7] {
		if got, want := l.run("cat", path), fmt.Sprintf("%04d", i); got != want {
			t.Errorf("%s has %q", path, got)
		}
	}
	fault.Remove()
	for i, path := range paths {
		if got, want := l.run("cat", path), fmt.Sprintf("%04d", i); got != want {
			t.Errorf("%s has %q", path, got)
		}
	}
}

func TestOrdersSayWhatToFetch(t *testing.T) {
	files := make([]*meta.Entry, 200)
	for i := range files {
		files[i] = &meta.Entry{Inode: uint64(1000 + i), Size: 10 << 10}
	}
	files[5].Size, files[6].Size = siblingLargest+1, 0
	o := newOrder(files)
	asked := make(map[uint64]int)
	read := func(i int) (n int) {
		for _, e := range o.read(files[i]) {
			asked[e.Inode]++
			n++
		}
		return n
	}
	if n := read(0) + read(1); n != 0 {
		t.Errorf("%d files ahead of a reader of two", n)
	}
	if n := read(2); n != siblingStep-2 || asked[1005] > 0 || asked[1006] > 0 {
		t.Errorf("%d files ahead of the third: %v", n, asked)
	}
	if n := read(2) + read(1); n != 0 {
		t.Errorf("%d files for who reads again", n)
	}
	for i := 3; i < len(files); i++ {
		read(i)
		if o.until-o.next > siblingFiles {
			t.Fatalf("%d files ahead of file %d", o.until-o.next, i)
		}
	}
	for i := range files {
		want := 1
		if i < 3 || i == 5 || i == 6 {
			want = 0
		}
		if asked[files[i].Inode] != want {
			t.Errorf("file %d was asked for %d times", i, asked[files[i].Inode])
		}
	}
	if n := read(100) + read(50) + read(0); n != 0 {
		t.Errorf("%d files ahead of a reader in no order", n)
	}

	for i := range files {
		files[i].Size = siblingLargest
	}
	o = newOrder(files)
	clear(asked)
	for i := range 20 {
		read(i)
	}
	if ahead := o.until - o.next; ahead*siblingLargest > siblingBytes {
		t.Errorf("%d large files ahead", ahead)
	}
}
