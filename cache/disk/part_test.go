package disk

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// confirmed writes all blocks as a stream does.
func confirmed(f *File) {
	p := f.Part()
	data := content(f.key)
	for n := range f.key.blocks() {
		p.WriteBlock(n, part(f.key, data, n))
	}
	p.Confirm()
}

func wantLocal(t testing.TB, local *os.File, key Key) {
	t.Helper()
	defer local.Close()
	got, err := io.ReadAll(local)
	if err != nil || !bytes.Equal(got, content(key)) {
		t.Errorf("local file: %d bytes, want %d; %v", len(got), key.Size, err)
	}
}

func leftFiles(t testing.TB, c *Cache, key Key) (n int) {
	t.Helper()
	for _, e := range c.scanShard(ptr(key.identity()).shard()) {
		n += len(e.parts)
	}
	return n
}

func ptr[T any](v T) *T { return &v }

func TestPartCountsWhenItIsConfirmed(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	key := fileKey("f", 4*MiB+3)
	data := content(key)
	for _, test := range []struct {
		name          string
		before, parts []int64
		discard       bool
		want          int
	}{
		{name: "all", parts: []int64{0, 1, 2, 3, 4}, want: 5},
		{name: "most", parts: []int64{0, 2, 3, 4}, want: 4},
		{name: "discarded", before: []int64{1}, parts: []int64{0, 2, 3, 4}, discard: true, want: 1},
		{name: "the start was there", before: []int64{0, 1}, parts: []int64{2, 3, 4}, want: 5},
		{name: "most was there", before: []int64{0, 1, 2}, parts: []int64{3, 4}, want: 5},
		{name: "the same", before: []int64{0, 1, 2}, parts: []int64{0, 1, 2}, want: 3},
		{name: "nothing", before: []int64{0}, want: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.Clear(true)
			f := c.File(key)
			defer f.Close()
			for _, n := range test.before {
				f.WriteBlock(n, part(key, data, n))
			}
			p := f.Part()
			for _, n := range test.parts {
				p.WriteBlock(n, part(key, data, n))
			}
			wantThere(t, f, len(test.before))
			if test.discard {
				p.Discard()
			} else {
				p.Confirm()
			}
			wantThere(t, f, test.want)
			if n := leftFiles(t, c, key); n != 0 {
				t.Errorf("%d parts are left", n)
			}
			local, ok := f.Local()
			if ok != (test.want == 5) {
				t.Errorf("Local: %v", ok)
			}
			if ok {
				wantLocal(t, local, key)
			}
		})
	}
}

func TestReaderGoesOnWhenAPartTakesThePlace(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	key := fileKey("f", 3*MiB)
	reader, writer := fileOf(t, c, key), fileOf(t, c, key)
	fill(reader)
	wantThere(t, reader, 3)
	local, ok := reader.Local()
	if !ok {
		t.Fatal("not local")
	}
	confirmed(writer)
	wantThere(t, reader, 3)
	wantThere(t, writer, 3)
	wantLocal(t, local, key)
	reader.WriteBlock(1, part(key, content(key), 1))
	wantThere(t, writer, 3)
}

func TestContentThatIsNotWhatItsChecksumSaysIsDropped(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	key := fileKey("f", 3*MiB)
	key.CRC32++
	f := fileOf(t, c, key)
	fill(f)
	if local, ok := f.Local(); ok {
		_ = local.Close()
		t.Error("handed out")
	}
	wantThere(t, f, 0)
}

func TestLocalIsVerifiedOnceAndAgainAfterAChange(t *testing.T) {
	for _, size := range []int64{1, 3*MiB + 5, smallFile + 7} {
		c := openCache(t, t.TempDir(), Options{})
		key := fileKey("f", size)
		f := fileOf(t, c, key)
		if _, ok := f.Local(); ok {
			t.Fatal("nothing is handed out")
		}
		fill(f)
		local, ok := f.Local()
		if size > smallFile {
			if ok {
				t.Fatal("a large file was verified in the foreground")
			}
			c.wg.Wait()
			local, ok = f.Local()
		}
		if !ok {
			t.Fatal("not handed out")
		}
		wantLocal(t, local, key)

		reads := 0
		c.readAt = func(file *os.File, p []byte, off int64) (int, error) {
			reads += len(p)
			return file.ReadAt(p, off)
		}
		local, ok = f.Local()
		if !ok || reads > 1000 {
			t.Errorf("again: %v, %d bytes read", ok, reads)
		}
		_ = local.Close()

		must(t, os.WriteFile(path(c, key, dataKind), append([]byte("x"), content(key)[1:]...), 0o600))
		if local, ok := f.Local(); ok && content(key)[0] != 'x' {
			_ = local.Close()
			t.Error("a changed file is handed out")
		}
		c.wg.Wait()
		if local, ok := f.Local(); ok && content(key)[0] != 'x' {
			_ = local.Close()
			t.Error("a changed file is handed out later")
		}
	}
}
