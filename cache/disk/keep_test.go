package disk

import (
	"bytes"
	"testing"
)

// broken writes the first blocks as a stream does that breaks off then. The bytes of the wrong ones are not right.
func broken(f *File, count int64, wrong ...int64) Verdict {
	p := f.Part()
	data := content(f.key)
	for n := range count {
		p.WriteBlock(n, part(f.key, data, n))
	}
	for _, n := range wrong {
		p.WriteBlock(n, spoiled(f.key, n))
	}
	return p.Keep()
}

func spoiled(key Key, n int64) []byte {
	block := bytes.Clone(part(key, content(key), n))
	block[len(block)/2] ^= 4
	return block
}

func wantStanding(t *testing.T, f *File, want ...Standing) {
	t.Helper()
	block := make([]byte, BlockSize)
	p := f.Presence()
	for n, want := range want {
		got := f.ReadBlock(int64(n), block[:f.key.length(int64(n))])
		if got != want {
			t.Errorf("block %d: standing %d, want %d", n, got, want)
		}
		if there := p.There[0]>>n&1 != 0; there != (want != Absent) {
			t.Errorf("block %d is there: %v", n, there)
		}
		if doubt := p.Provisional != nil && p.Provisional[0]>>n&1 != 0; doubt != (want == Provisional) {
			t.Errorf("block %d is provisional: %v", n, doubt)
		}
	}
}

func TestWhatABrokenStreamBroughtIsProvisional(t *testing.T) {
	dir := t.TempDir()
	c := openCache(t, dir, Options{})
	key := fileKey("f", 4*MiB+3)
	data := content(key)
	f := c.File(key)
	f.WriteBlock(1, part(key, data, 1))
	f.WriteBlock(3, part(key, data, 3))
	if v := broken(f, 3); v != Unsettled {
		t.Errorf("verdict %d", v)
	}
	wantStanding(t, f, Provisional, Confirmed, Provisional, Confirmed, Absent)
	f.Close()
	must(t, c.Close())

	c = openCache(t, dir, Options{})
	f = fileOf(t, c, key)
	wantStanding(t, f, Provisional, Confirmed, Provisional, Confirmed, Absent)
	there(t, f)
	if local, ok := f.Local(); ok {
		_ = local.Close()
		t.Error("handed out")
	}
	f.WriteBlock(2, part(key, data, 2)) // the same, by a burst
	wantStanding(t, f, Provisional, Confirmed, Confirmed, Confirmed, Absent)
	f.WriteBlock(4, part(key, data, 4))
	if v := f.Settle(); v != Right {
		t.Errorf("verdict %d", v)
	}
	wantStanding(t, f, Confirmed, Confirmed, Confirmed, Confirmed, Confirmed)
	local, ok := f.Local()
	if !ok {
		t.Fatal("not handed out")
	}
	wantLocal(t, local, key)
}

func TestWrongProvisionalBlocksAreDroppedWhenTheRestIsThere(t *testing.T) {
	for name, end := range map[string]func(*File){
		"settle":   func(f *File) { f.Settle() },
		"presence": func(f *File) { f.Presence() },
		"local": func(f *File) {
			if local, ok := f.Local(); ok {
				_ = local.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCache(t, t.TempDir(), Options{})
			key := fileKey("f", 4*MiB)
			f := fileOf(t, c, key)
			broken(f, 2, 1)
			f.WriteBlock(2, part(key, content(key), 2))
			f.WriteBlock(3, part(key, content(key), 3))
			end(f)
			wantStanding(t, f, Absent, Absent, Confirmed, Confirmed)
			fill(f)
			wantThere(t, f, 4)
		})
	}
}

func TestAConfirmedBlockConvictsProvisionalOnes(t *testing.T) {
	key := fileKey("f", 5*MiB)
	block := func(n int64) []byte { return part(key, content(key), n) }
	for name, test := range map[string]struct {
		do   func(*File)
		want []Standing
	}{
		"one that is written later": {func(f *File) {
			broken(f, 2, 1)
			f.WriteBlock(1, block(1))
		}, []Standing{Absent, Confirmed, Absent}},
		"one that was there": {func(f *File) {
			f.WriteBlock(1, block(1))
			if v := broken(f, 3, 1); v != Wrong {
				t.Errorf("verdict %d", v)
			}
		}, []Standing{Absent, Confirmed, Absent}},
		"a whole stream": {func(f *File) {
			broken(f, 2, 1)
			p := f.Part()
			for n := int64(1); n < 4; n++ {
				p.WriteBlock(n, block(n))
			}
			if v := p.Confirm(); v != Wrong {
				t.Errorf("verdict %d", v)
			}
		}, []Standing{Absent, Confirmed, Confirmed, Confirmed, Absent}},
		"a whole stream that passed over it": {func(f *File) {
			broken(f, 2, 1)
			p := f.Part()
			for n := int64(2); n < 5; n++ {
				p.WriteBlock(n, block(n))
			}
			if v := p.Confirm(); v != Wrong {
				t.Errorf("verdict %d", v)
			}
		}, []Standing{Absent, Absent, Confirmed, Confirmed, Confirmed}},
	} {
		t.Run(name, func(t *testing.T) {
			f := fileOf(t, openCache(t, t.TempDir(), Options{}), key)
			test.do(f)
			wantStanding(t, f, test.want...)
		})
	}
}

func TestProvisionalBlocksNeverGetIntoAFileThatIsHandedOut(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	key := fileKey("f", 3*MiB)
	f := fileOf(t, c, key)
	confirmed(f)
	local, ok := f.Local()
	if !ok {
		t.Fatal("not handed out")
	}
	f.forget()
	broken(f, 2, 1)
	wantLocal(t, local, key)
}
