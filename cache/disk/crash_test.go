package disk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

const (
	crashVariable  = "OPENBISFS_TEST_CRASH_DIR"
	stressVariable = "OPENBISFS_STRESS" // how long the long tests take, such as 10m
)

func crashKeys() []Key {
	return []Key{fileKey("large", 6*MiB+5), fileKey("small", 100), fileKey("middle", 2*MiB), fileKey("other", 3*MiB+1)}
}

// crashWriter is a process that writes until it is killed.
func crashWriter(dir string) {
	c, err := Open(dir, Options{Size: 8 * MiB, Free: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println("writing")
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			keys := crashKeys()
			for {
				f := c.File(keys[rand.IntN(len(keys))])
				if (rand.IntN(2)+i)%2 == 0 {
					fill(f)
				} else {
					confirmed(f)
				}
				f.Close()
			}
		})
	}
	wg.Wait()
}

func TestKilledWriterLeavesNothingWrong(t *testing.T) {
	dir := t.TempDir()
	for range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), crashVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		_, err = out.Read(make([]byte, 1))
		must(t, err)
		<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()

		c := openCache(t, dir, Options{Size: 8 * MiB})
		for _, key := range crashKeys() {
			f := c.File(key)
			there(t, f)
			if local, ok := f.Local(); ok {
				wantLocal(t, local, key)
			}
			f.Close()
		}
		must(t, c.Close())
	}
}

// stressTime is a second or two, or what the environment says.
func stressTime(t *testing.T) time.Duration {
	d, err := time.ParseDuration(os.Getenv(stressVariable))
	if text := os.Getenv(stressVariable); text != "" && err != nil {
		t.Fatalf("%s=%s: %v", stressVariable, strconv.Quote(text), err)
	}
	return max(d, 2*time.Second)
}

// TestCachesOnOneDirectory has two caches, as of two processes, written, read, evicted, cut and deleted at random.
func TestCachesOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	deadline := time.Now().Add(stressTime(t))
	var wg sync.WaitGroup
	for range 2 {
		c := openCache(t, dir, Options{Size: 9 * MiB})
		wg.Go(func() {
			for time.Now().Before(deadline) {
				c.scan(func(e *entry) {
					id := identity{name: e.name}
					switch rand.IntN(6) {
					case 0, 1:
						c.remove(e, true)
					case 2:
						c.remove(e, false)
					case 3:
						if f, err := c.openFile(&id, dataKind, os.O_RDWR); err == nil {
							_ = f.Truncate(rand.Int64N(5 * MiB))
							_ = f.Close()
						}
					case 4:
						if f, err := c.openFile(&id, mapKind, os.O_RDWR); err == nil {
							_, _ = f.WriteAt([]byte{byte(rand.IntN(256))}, rand.Int64N(500))
							_ = f.Close()
						}
					}
				})
			}
		})
		for i := range 8 {
			wg.Go(func() {
				keys := crashKeys()
				for n := i; time.Now().Before(deadline); n++ {
					f := c.File(keys[n%len(keys)])
					switch rand.IntN(3) {
					case 0:
						fill(f)
					case 1:
						confirmed(f)
					}
					there(t, f)
					later(c)
					f.Close()
				}
			})
		}
	}
	wg.Wait()
}
