package disk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tornWriter lets writes through until the count-th, of which only a part is written, and nothing from then on: as if
// the machine had failed.
func tornWriter(count, part int) func(*os.File, []byte, int64) (int, error) {
	return func(f *os.File, p []byte, off int64) (int, error) {
		count--
		switch {
		case count > 0:
			return f.WriteAt(p, off)
		case count == 0:
			_, err := f.WriteAt(p[:min(part, len(p))], off)
			return len(p), err
		}
		return len(p), nil
	}
}

func TestTornWritesAreNoticed(t *testing.T) {
	key := fileKey("f", 2*MiB+1000)
	for _, how := range []string{"blocks", "part"} {
		// A write of each: header, 3 blocks, 3 records or one run of them, a seal.
		for count := 1; count <= 9; count++ {
			for _, size := range []int{0, 1, 28, 31, 40, 4096, MiB / 2} {
				c := openCache(t, t.TempDir(), Options{})
				c.writeAt = tornWriter(count, size)
				f := c.File(key)
				if how == "part" {
					confirmed(f)
				} else {
					fill(f)
				}
				there(t, f)
				f.Close()

				c.writeAt = (*os.File).WriteAt
				f = fileOf(t, c, key)
				there(t, f)
				if local, ok := f.Local(); ok {
					wantLocal(t, local, key)
				}
				fill(f)
				wantThere(t, f, 3)
			}
		}
	}
}

// TestLostWritesAreNoticed forgets random writes and parts of them, in any order, as a power failure does.
func TestLostWritesAreNoticed(t *testing.T) {
	key := fileKey("f", 5*MiB+1)
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := openCache(t, t.TempDir(), Options{})
		c.writeAt = func(f *os.File, p []byte, off int64) (int, error) {
			switch r.IntN(4) {
			case 0:
				return len(p), nil
			case 1:
				from := r.IntN(len(p))
				_, err := f.WriteAt(p[from:], off+int64(from))
				return len(p), err
			}
			return f.WriteAt(p, off)
		}
		f := c.File(key)
		if seed%2 == 0 {
			fill(f)
		} else {
			confirmed(f)
		}
		there(t, f)
		f.Close()
		f = fileOf(t, c, key)
		there(t, f)
	}
}

func TestDiskErrorsNeverReachReaders(t *testing.T) {
	key := fileKey("f", 3*MiB)
	for _, failure := range []error{syscall.EIO, syscall.ENOSPC, syscall.ESTALE, syscall.EROFS, syscall.ENOTCONN, syscall.EFBIG} {
		t.Run(failure.Error(), func(t *testing.T) {
			var log bytes.Buffer
			c := openCache(t, t.TempDir(), logged(&log))
			f := fileOf(t, c, key)
			c.writeAt = func(f *os.File, p []byte, off int64) (int, error) {
				if off > 0 {
					return 0, &os.PathError{Op: "write", Path: f.Name(), Err: failure}
				}
				return f.WriteAt(p, off)
			}
			for range 10 {
				fill(f)
			}
			there(t, f)
			if lines := strings.Count(log.String(), "\n"); lines > 1 {
				t.Errorf("log: %s", &log)
			}
			c.writeAt = (*os.File).WriteAt
			later(c)
			fill(f)
			wantThere(t, f, 3)

			c.readAt = func(f *os.File, _ []byte, _ int64) (int, error) {
				return 0, &os.PathError{Op: "read", Path: f.Name(), Err: failure}
			}
			log.Reset()
			for range 10 {
				wantThere(t, f, 0)
			}
			if lines := strings.Count(log.String(), "\n"); lines > 1 {
				t.Errorf("log: %s", &log)
			}
			c.readAt = (*os.File).ReadAt
			later(c)
			wantThere(t, f, 3)
		})
	}
}

// later is after every rest.
func later(c *Cache) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.health.until.IsZero() {
		c.health.until = time.Now()
	}
	c.full = time.Time{}
}

func TestRestGrows(t *testing.T) {
	c := openCache(t, t.TempDir(), Options{})
	last := time.Duration(0)
	for range 10 {
		c.trouble(errors.New("broken"))
		if c.usable() {
			t.Fatal("usable")
		}
		if c.health.rest < last || c.health.rest > longRest {
			t.Errorf("rest %v after %v", c.health.rest, last)
		}
		last = c.health.rest
		later(c)
	}
	if last != longRest {
		t.Errorf("rest %v in the end", last)
	}
}
