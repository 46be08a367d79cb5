package client

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// memoryContent is the content of a file in memory.
type memoryContent struct{ *bytes.Reader }

func (memoryContent) Close() error { return nil }

// newFile is a file with that content.
func newFile(path string, content []byte) NewFile {
	return NewFile{
		Path: path, Size: int64(len(content)), CRC32: crc32.ChecksumIEEE(content),
		Content: func() (FileContent, error) { return memoryContent{bytes.NewReader(content)}, nil },
	}
}

// awkwardDraft is a draft directory with all that an archive may have.
func awkwardDraft() *NewDataSet {
	random := rand.New(rand.NewPCG(1, 2))
	large := make([]byte, 300_000)
	for i := range large {
		large[i] = byte(random.Uint32())
	}
	return &NewDataSet{
		Name: "draft", Directory: true, Folders: []string{"empty", "deep/er/empty"},
		Files: []NewFile{
			newFile("a.txt", []byte("a")), newFile("none", nil), newFile("deep/large.bin", large),
			newFile(" blanks ", []byte("1")), newFile("ünï/çødé – 日本.txt", []byte("2")), newFile(`back\slash "quoted" 'n & %20+;#?=`, []byte("3")),
			newFile("new\nline", []byte("4")), newFile("-dash", []byte("5")), newFile("also none", nil),
		},
	}
}

func imageOf(ds *NewDataSet) (*zipImage, []byte, error) {
	z := newZipImage(zipEntries(ds))
	r := &sliceReader{files: ds.Files, segments: z.segments(0, z.length)}
	all, err := io.ReadAll(r)
	return z, all, err
}

func TestArchiveIsTheSameWhereverItIsCut(t *testing.T) {
	ds := awkwardDraft()
	z, all, err := imageOf(ds)
	if err != nil || int64(len(all)) != z.length {
		t.Fatalf("%d bytes of %d, %v", len(all), z.length, err)
	}
	for _, size := range []int64{1, 7, 29, 30, 31, 100, 4096, 299_999} {
		var cut []byte
		first := int64(0)
		if size < 20 {
			first = max(0, z.length-3000) // single bytes of the directory only
			cut = slices.Clone(all[:first])
		}
		for off := first; off < z.length; off += size {
			r := &sliceReader{files: ds.Files, segments: z.segments(off, size)}
			b, err := io.ReadAll(r)
			if err != nil || int64(len(b)) != min(size, z.length-off) {
				t.Fatalf("%d bytes at %d of %d, %v", len(b), off, size, err)
			}
			cut = append(cut, b...)
		}
		if !bytes.Equal(cut, all) {
			t.Errorf("slices of %d bytes make another archive", size)
		}
	}
}

// wantContents are the contents by name, folders end in a slash.
func wantContents(t *testing.T, ds *NewDataSet) map[string]string {
	t.Helper()
	want := make(map[string]string)
	for _, f := range ds.Folders {
		want[f+"/"] = ""
	}
	for _, f := range ds.Files {
		c, err := f.Content()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(io.NewSectionReader(c, 0, f.Size))
		if err != nil {
			t.Fatal(err)
		}
		want[f.Path] = string(b)
	}
	return want
}

func TestArchiveIsReadByOthers(t *testing.T) {
	ds := awkwardDraft()
	_, all, err := imageOf(ds)
	if err != nil {
		t.Fatal(err)
	}
	want := wantContents(t, ds)
	name := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
	for reader, read := range map[string]func(context.Context, string) (map[string]string, error){
		"Go": readByGo, "Python": readByPython, "unzip": readByUnzip,
	} {
		t.Run(reader, func(t *testing.T) {
			got, err := read(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Errorf("%d entries, want %d", len(got), len(want))
			}
			for name, content := range want {
				if got[name] != content {
					t.Errorf("%q has %d bytes, want %d", name, len(got[name]), len(content))
				}
			}
		})
	}
}

func readByGo(_ context.Context, name string) (map[string]string, error) {
	r, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	got := make(map[string]string)
	for _, f := range r.File {
		c, err := f.Open()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(c)
		if err != nil {
			return nil, err
		}
		got[f.Name] = string(b)
	}
	return got, nil
}

func readByPython(ctx context.Context, name string) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "python3", "-c", `
import json, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
json.dump({i.filename: z.read(i).decode("latin-1") for i in z.infolist()}, sys.stdout)`, name).Output()
	if err != nil {
		return nil, fmt.Errorf("python3: %w", err)
	}
	var latin1, got map[string]string
	if err := json.Unmarshal(out, &latin1); err != nil {
		return nil, err
	}
	got = make(map[string]string)
	for name, s := range latin1 {
		b := make([]byte, 0, len(s))
		for _, r := range s {
			b = append(b, byte(r))
		}
		got[name] = string(b)
	}
	return got, nil
}

func readByUnzip(ctx context.Context, name string) (map[string]string, error) {
	dir := filepath.Join(filepath.Dir(name), "unzipped")
	unzip := exec.CommandContext(ctx, "unzip", "-q", "-^", "-d", dir, name)
	unzip.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := unzip.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("unzip: %w: %s", err, out)
	}
	got := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel := strings.TrimPrefix(path, dir+"/")
		if d.IsDir() {
			if list, err := os.ReadDir(path); err != nil || len(list) > 0 {
				return err
			}
			got[rel+"/"] = ""
			return nil
		}
		b, err := os.ReadFile(path)
		got[rel] = string(b)
		return err
	})
	return got, err
}

// The archive is written as a sparse file: everything but the content, which is zeros.
func TestArchiveOfMoreThan4GiB(t *testing.T) {
	const size = 5 << 30
	zeros := combineCRC32(0, 0, 0)
	block := crc32.ChecksumIEEE(make([]byte, 1<<20))
	for range size >> 20 {
		zeros = combineCRC32(zeros, block, 1<<20)
	}
	last := []byte("after all that")
	ds := &NewDataSet{Name: "d", Directory: true, Files: []NewFile{
		{Path: "zeros", Size: size, CRC32: zeros}, newFile("last", last),
	}}
	z := newZipImage(zipEntries(ds))
	name := filepath.Join(t.TempDir(), "large.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	off := int64(0)
	for _, s := range z.segments(0, z.length) {
		data := s.data
		if data == nil && s.file == 1 {
			data = last
		}
		if _, err := f.WriteAt(data, off); err != nil {
			t.Fatal(err)
		}
		off += int64(len(s.data)) + s.length
	}
	if err := f.Close(); err != nil || off != z.length {
		t.Fatalf("%d bytes of %d, %v", off, z.length, err)
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-c", `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
print([(i.filename, i.file_size, i.CRC) for i in z.infolist()], z.read("last"))
with z.open("zeros") as f: f.read(1000)`, name).Output()
	want := fmt.Sprintf("[('zeros', %d, %d), ('last', %d, %d)] b'after all that'\n", int64(size), zeros, len(last), crc32.ChecksumIEEE(last))
	if err != nil || string(out) != want {
		t.Errorf("Python reads %s, %v; want %s", out, err, want)
	}
	if out, err := exec.CommandContext(t.Context(), "unzip", "-p", name, "last").CombinedOutput(); err != nil || string(out) != string(last) {
		t.Errorf("unzip reads %q, %v", out, err)
	}
	r, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if r.File[0].UncompressedSize64 != size {
		t.Errorf("Go reads a size of %d", r.File[0].UncompressedSize64)
	}
}

func TestArchiveOfMoreThan65535Entries(t *testing.T) {
	ds := &NewDataSet{Name: "d", Directory: true}
	for i := range 66_000 {
		ds.Files = append(ds.Files, newFile(fmt.Sprintf("%05d", i), nil))
	}
	_, all, err := imageOf(ds)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "many.zip")
	if err := os.WriteFile(name, all, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-c", "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))", name).Output()
	if err != nil || string(out) != "66000\n" {
		t.Errorf("Python finds %s entries, %v", out, err)
	}
	if out, err := exec.CommandContext(t.Context(), "unzip", "-tqq", name).CombinedOutput(); err != nil {
		t.Errorf("unzip: %s, %v", out, err)
	}
}

func TestEmptyArchive(t *testing.T) {
	z, all, err := imageOf(&NewDataSet{Name: "d", Directory: true})
	if err != nil || z.length != 22 {
		t.Fatalf("%d bytes, %v", z.length, err)
	}
	r, err := zip.NewReader(bytes.NewReader(all), z.length)
	if err != nil || len(r.File) != 0 {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestChecksumsAreCombined(t *testing.T) {
	b := []byte(strings.Repeat("All that glitters is not gold. ", 1000))
	for _, cut := range []int{0, 1, 2, 3, 1000, 8191, len(b) - 1, len(b)} {
		got := combineCRC32(crc32.ChecksumIEEE(b[:cut]), crc32.ChecksumIEEE(b[cut:]), int64(len(b)-cut))
		if want := crc32.ChecksumIEEE(b); got != want {
			t.Errorf("cut at %d: %08x, want %08x", cut, got, want)
		}
	}
}
