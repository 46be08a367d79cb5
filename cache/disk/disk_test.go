package disk

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashVariable); dir != "" {
		crashWriter(dir)
	}
	goleak.VerifyTestMain(m)
}

const MiB = 1 << 20

// content returns the bytes of the key's file: those of no two files, and of no two blocks, are equal.
func content(key Key) []byte {
	type file struct {
		path string
		size int64
	}
	id := file{key.Path, key.Size}
	if data, ok := contents.Load(id); ok {
		return data.([]byte)
	}
	var seed [32]byte
	copy(seed[:], fmt.Sprintf("%s %d", key.Path, key.Size))
	data := make([]byte, key.Size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	contents.Store(id, data)
	return data
}

var contents sync.Map

// fileKey returns a key of a file with a checksum.
func fileKey(path string, size int64) Key {
	key := Key{Server: "https://lab.example", DataSet: "20260101-1", Path: path, Size: size}
	key.CRC32, key.HasCRC32 = crc32.ChecksumIEEE(content(key)), true
	return key
}

func openCache(t testing.TB, dir string, opts Options) *Cache {
	t.Helper()
	if opts.Free == 0 {
		opts.Free = 1
	}
	c, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func fileOf(t testing.TB, c *Cache, key Key) *File {
	f := c.File(key)
	t.Cleanup(f.Close)
	return f
}

func part(key Key, data []byte, n int64) []byte {
	return data[n*BlockSize:][:key.length(n)]
}

// fill writes all blocks.
func fill(f *File) {
	data := content(f.key)
	for n := range f.key.blocks() {
		f.WriteBlock(n, part(f.key, data, n))
	}
}

// there returns how many blocks are there, and fails the test if one is wrong.
func there(t testing.TB, f *File) (found int) {
	t.Helper()
	data := content(f.key)
	block := make([]byte, BlockSize)
	for n := range f.key.blocks() {
		block := block[:f.key.length(n)]
		clear(block)
		if f.ReadBlock(n, block) == Absent {
			continue
		}
		found++
		if !bytes.Equal(block, part(f.key, data, n)) {
			t.Errorf("block %d of %s is wrong", n, f.key.Path)
		}
	}
	return found
}

func wantThere(t testing.TB, f *File, want int) {
	t.Helper()
	if got := there(t, f); got != want {
		t.Errorf("%d blocks of %s are there, want %d", got, f.key.Path, want)
	}
}

// path returns where a file of the content is.
func path(c *Cache, key Key, kind string) string {
	id := key.identity()
	return filepath.Join(c.Dir(), id.path(kind))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBlocksSurviveTheProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	keys := []Key{
		fileKey("three and a bit", 3*MiB+17), fileKey("small", 1), fileKey("whole blocks", 2*MiB),
		{Server: "s", DataSet: "d", Path: "no checksum", Size: 5}, fileKey("bad \xff\xfe UTF-8 \n", 10),
	}
	first := openCache(t, dir, Options{})
	for _, key := range keys {
		f := first.File(key)
		wantThere(t, f, 0)
		fill(f)
		wantThere(t, f, int(key.blocks()))
		f.Close()
	}
	must(t, first.Close())
	second := openCache(t, dir, Options{})
	for _, key := range keys {
		wantThere(t, fileOf(t, second, key), int(key.blocks()))
	}
	n := 0
	second.Entries(func(e Entry) bool {
		for _, key := range keys {
			if e.Known && e.Key == key && e.Present == key.Size {
				n++
			}
		}
		return true
	})
	if n != len(keys) {
		t.Errorf("%d entries, want %d", n, len(keys))
	}
}

func TestKeysThatDifferShareNothing(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	base := fileKey("p", 100)
	fill(fileOf(t, c, base))
	for _, change := range []func(*Key){
		func(k *Key) { k.Server += "x" }, func(k *Key) { k.DataSet += "x" }, func(k *Key) { k.Path += "x" },
		func(k *Key) { k.DataSet, k.Path = k.DataSet+k.Path, "" }, func(k *Key) { k.Size++ },
		func(k *Key) { k.CRC32++ }, func(k *Key) { k.HasCRC32 = false },
	} {
		key := base
		change(&key)
		if fileOf(t, c, key).ReadBlock(0, make([]byte, key.Size)) != Absent {
			t.Errorf("%+v has the block of %+v", key, base)
		}
	}
}

func TestEveryDamageIsNoticed(t *testing.T) {
	key := fileKey("f", 3*MiB+100)
	flip := func(kind string, at int64) func(*testing.T, *Cache) {
		return func(t *testing.T, c *Cache) {
			f, err := os.OpenFile(path(c, key, kind), os.O_RDWR, 0)
			must(t, err)
			defer f.Close()
			var b [1]byte
			_, err = f.ReadAt(b[:], at)
			must(t, err)
			b[0] ^= 0x10
			_, err = f.WriteAt(b[:], at)
			must(t, err)
		}
	}
	truncate := func(kind string, size int64) func(*testing.T, *Cache) {
		return func(t *testing.T, c *Cache) { must(t, os.Truncate(path(c, key, kind), size)) }
	}
	remove := func(kinds ...string) func(*testing.T, *Cache) {
		return func(t *testing.T, c *Cache) {
			for _, kind := range kinds {
				must(t, os.Remove(path(c, key, kind)))
			}
		}
	}
	id := key.identity()
	record := id.recordAt(2)
	tests := map[string]struct {
		damage func(*testing.T, *Cache)
		left   int // blocks
	}{
		"a bit of the first block": {flip(dataKind, 0), 3},
		"a bit of the last block":  {flip(dataKind, 3*MiB+99), 3},
		"the number of a record":   {flip(mapKind, record), 3},
		"a checksum of a record":   {flip(mapKind, record+17), 3},
		"the end of a record":      {flip(mapKind, record+31), 3},
		"a cut data file":          {truncate(dataKind, MiB+5), 1},
		"an empty data file":       {truncate(dataKind, 0), 0},
		"a longer data file":       {truncate(dataKind, 9*MiB), 4},
		"a cut map":                {truncate(mapKind, record+5), 2},
		"an empty map":             {truncate(mapKind, 0), 0},
		"no data file":             {remove(dataKind), 0},
		"no map":                   {remove(mapKind), 0},
		"nothing":                  {remove(dataKind, mapKind), 0},
		"a map of another file": {func(t *testing.T, c *Cache) {
			other := fileKey("other", 4*MiB)
			fill(fileOf(t, c, other))
			must(t, os.Rename(path(c, other, mapKind), path(c, key, mapKind)))
		}, 0},
		"the data of another file": {func(t *testing.T, c *Cache) {
			other := fileKey("other", key.Size)
			fill(fileOf(t, c, other))
			must(t, os.Rename(path(c, other, dataKind), path(c, key, dataKind)))
		}, 0},
	}
	for name, test := range tests {
		for _, open := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, open %v", name, open), func(t *testing.T) {
				c := openCache(t, t.TempDir(), Options{})
				f := c.File(key)
				defer func() { f.Close() }()
				fill(f)
				wantThere(t, f, 4)
				if !open {
					f.Close()
				}
				test.damage(t, c)
				if !open {
					f = c.File(key)
				}
				got := there(t, f)
				// What is open goes on to work when only the name is gone.
				if got != test.left && (!open || got != 4) {
					t.Errorf("%d blocks are left, want %d", got, test.left)
				}
				fill(f)
				there(t, f) // sees what is wrong
				fill(f)
				wantThere(t, f, 4)
				local, ok := f.Local()
				if !ok {
					t.Fatal("it is not whole again")
				}
				wantLocal(t, local, key)
			})
		}
	}
}

func TestDirectoryIsOurs(t *testing.T) {
	base := t.TempDir()
	other := filepath.Join(base, "other")
	must(t, os.Mkdir(other, 0o755))
	must(t, os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644))
	if c, err := Open(other, Options{}); err == nil {
		_ = c.Close()
		t.Error("a directory with other files was taken")
	}
	wide := filepath.Join(base, "wide")
	must(t, os.Mkdir(wide, 0o777))
	openCache(t, wide, Options{})
	if info, err := os.Stat(wide); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if c, err := OpenExisting(filepath.Join(base, "none"), Options{}); err == nil {
		_ = c.Close()
		t.Error("a missing directory was opened")
	}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(base, "foreign")
		must(t, os.Mkdir(foreign, 0o777))
		must(t, os.Chown(foreign, 12345, 12345))
		if c, err := Open(foreign, Options{}); err == nil {
			_ = c.Close()
			t.Error("another user's directory was taken")
		}
		link := filepath.Join(base, "link")
		must(t, os.Symlink(wide, link))
		must(t, os.Lchown(link, 12345, 12345))
		if c, err := Open(link, Options{}); err == nil {
			_ = c.Close()
			t.Error("another user's link was followed")
		}
	}
}

func TestLinksInsideLeadNowhere(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	key := fileKey("f", 100)
	precious := filepath.Join(t.TempDir(), "precious")
	must(t, os.WriteFile(precious, []byte("mine"), 0o600))
	must(t, os.MkdirAll(filepath.Dir(path(c, key, dataKind)), 0o700))
	must(t, os.Symlink(precious, path(c, key, dataKind)))
	fill(fileOf(t, c, key))
	if got, err := os.ReadFile(precious); err != nil || string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDeletedDirectoryIsMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c := openCache(t, dir, Options{})
	key := fileKey("f", 2*MiB)
	fill(fileOf(t, c, key))
	must(t, os.RemoveAll(dir))
	f := fileOf(t, c, fileKey("g", 2*MiB))
	fill(f)
	wantThere(t, f, 0) // not at once
	c.mu.Lock()
	c.rooted = c.rooted.Add(-rerootPause)
	c.mu.Unlock()
	fill(f)
	wantThere(t, f, 2)
}

// logged returns an Options whose log goes to the buffer.
func logged(buf *bytes.Buffer) Options {
	return Options{Logger: slog.New(slog.NewTextHandler(buf, nil))}
}
