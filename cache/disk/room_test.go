package disk

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// used sets when a content was used last.
func used(t *testing.T, c *Cache, key Key, ago time.Duration) {
	t.Helper()
	when := time.Now().Add(-ago)
	must(t, os.Chtimes(path(c, key, mapKind), when, when))
}

func exists(c *Cache, key Key) bool {
	_, err := os.Lstat(path(c, key, mapKind))
	return err == nil
}

func TestWhatWasNotUsedForLongestIsEvicted(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{Size: 10 * MiB})
	var keys []Key
	for i := range 9 {
		key := fileKey(fmt.Sprint(i), MiB)
		f := c.File(key)
		fill(f)
		f.Close()
		keys = append(keys, key)
		used(t, c, key, time.Duration(10-i)*time.Hour)
	}
	must(t, c.Pin(keys[1]))
	reading := fileOf(t, c, keys[2])
	wantThere(t, reading, 1)
	used(t, c, keys[2], 9*time.Hour)
	other := openCache(t, c.Dir(), Options{Size: 10 * MiB}) // as another process
	elsewhere := fileOf(t, other, keys[3])
	wantThere(t, elsewhere, 1)
	used(t, c, keys[3], 8*time.Hour)

	extra := fileOf(t, c, fileKey("extra", 2*MiB))
	fill(extra)
	wantThere(t, extra, 2)
	for i, key := range keys {
		want := i != 0 && i != 4 // at least these have to go for two more, and 1, 2 and 3 may not
		if got := exists(c, key); got != want && i < 5 {
			t.Errorf("%d exists: %v", i, got)
		}
	}
	if s := c.Stats(); s.Used > 10*MiB || s.Evictions == 0 {
		t.Errorf("%+v", s)
	}
	wantThere(t, reading, 1)
	wantThere(t, elsewhere, 1)
}

func TestWhatIsLargerThanTheCacheDoesNotFloodIt(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{Size: 6 * MiB})
	f := fileOf(t, c, fileKey("large", 20*MiB))
	fill(f)
	if got := there(t, f); got < 3 || got > 6 {
		t.Errorf("%d blocks are there", got)
	}
	if s := c.Stats(); s.Used > 6*MiB {
		t.Errorf("%+v", s)
	}
}

func TestFreeSpaceOfTheDiskIsKept(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{Free: 1 << 60})
	f := fileOf(t, c, fileKey("f", 2*MiB))
	fill(f)
	wantThere(t, f, 0)
}

func TestOtherProcessesCount(t *testing.T) {
	dir := t.TempDir()
	a, b := openCache(t, dir, Options{Size: 10 * MiB}), openCache(t, dir, Options{Size: 10 * MiB})
	for i := range 40 {
		for _, c := range []*Cache{a, b} {
			f := c.File(fileKey(fmt.Sprintf("%p%d", c, i), MiB))
			fill(f)
			f.Close()
		}
	}
	a.scan(func(*entry) {})
	// Each looks again before a quarter of the rest is used, so that two don't exceed it by more than that.
	if got := a.Stats().Used; got > 13*MiB {
		t.Errorf("%d MiB are used", got/MiB)
	}
}

func TestLeftBehindIsSwept(t *testing.T) {
	dir := t.TempDir()
	c := openCache(t, dir, Options{Size: 4 * MiB})
	keep, gone, orphan := fileKey("keep", MiB), fileKey("gone", MiB), fileKey("orphan", MiB)
	f := c.File(keep)
	fill(f)
	f.Close()
	for _, key := range []Key{gone, keep} {
		dead := c.File(key).Part() // of a process that has been killed
		dead.WriteBlock(0, content(key))
		_ = dead.data.Close()
		old := time.Now().Add(-2 * leftBehind)
		must(t, os.Chtimes(path(c, key, dead.kind), old, old))
	}
	f = c.File(orphan)
	fill(f)
	f.Close()
	must(t, os.Remove(path(c, orphan, mapKind)))
	old := time.Now().Add(-2 * leftBehind)
	must(t, os.Chtimes(path(c, orphan, dataKind), old, old))

	other := openCache(t, dir, Options{Size: 4 * MiB})
	used(t, c, keep, 2*leftBehind)
	must(t, os.Chtimes(path(c, keep, dataKind), old, old))
	other.evicting.Lock()
	other.evict(0, 0)
	other.evicting.Unlock()
	wantThere(t, fileOf(t, other, keep), 1)
	for _, key := range []Key{gone, keep} {
		if n := leftFiles(t, other, key); n != 0 {
			t.Errorf("%d parts of %s are left", n, key.Path)
		}
	}
	if _, err := os.Lstat(path(c, orphan, dataKind)); err == nil {
		t.Error("the data without a map is left")
	}
}

func TestClearAndVerify(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	kept, cleared := fileKey("kept", 2*MiB), fileKey("cleared", 3*MiB)
	for _, key := range []Key{kept, cleared} {
		f := c.File(key)
		fill(f)
		f.Close()
	}
	must(t, c.Pin(kept))
	file, err := os.OpenFile(path(c, kept, dataKind), os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteAt([]byte("wrong"), MiB+7)
	must(t, err)
	must(t, file.Close())
	v, err := c.Verify(t.Context(), func(Verified) {})
	if err != nil || v.Contents != 2 || v.Blocks != 5 || v.Damaged != 1 || v.Bytes != 5*MiB {
		t.Errorf("%+v, %v", v, err)
	}
	if contents, bytes := c.Clear(false); contents != 1 || bytes < 3*MiB {
		t.Errorf("cleared %d, %d bytes", contents, bytes)
	}
	wantThere(t, fileOf(t, c, kept), 1)
	wantThere(t, fileOf(t, c, cleared), 0)
	must(t, c.Unpin(kept))
	if contents, _ := c.Clear(false); contents != 1 {
		t.Errorf("cleared %d", contents)
	}
}
