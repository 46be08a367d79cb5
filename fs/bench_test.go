package fs

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// BenchmarkCompleteOnDisk reads a file that is complete in the disk cache,
// beside the same file outside of the mount: in order, and 4 KiB here and there.
func BenchmarkCompleteOnDisk(b *testing.B) {
	const size = 256 << 20
	source, blocks := b.TempDir(), b.TempDir()
	native := filepath.Join(source, "measured.raw")
	if err := os.WriteFile(native, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	lab, err := openbistest.ParseLab("small,files:" + source)
	if err != nil {
		b.Fatal(err)
	}
	server := openbistest.NewServer(b, openbistest.Options{Lab: lab})
	at := func(off bool, use func(path string)) {
		o := defaultOptions()
		o.blocks = blocks
		w, err := wire(b.Context(), server.URL, &o, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		cfg := w.config
		cfg.DisablePassthrough = off
		dir := b.TempDir()
		mounted, err := Mount(b.Context(), dir, cfg)
		if err != nil {
			b.Fatal(err)
		}
		var place string
		for p := range expect(lab, "demo").entries {
			if filepath.Base(p) == "measured.raw" {
				place = p
			}
		}
		use(filepath.Join(dir, place))
		b.Logf("passthrough: %+v", mounted.Passthrough())
		if err := mounted.Unmount(); err != nil {
			b.Error(err)
		}
		if err := w.close(b.Context()); err != nil {
			b.Error(err)
		}
	}
	run := func(b *testing.B, path string, span ...string) {
		cmd := helperCommand(b.Context(), "scan", append([]string{path, fmt.Sprint(b.N)}, span...)...)
		cmd.Stderr = os.Stderr
		b.ResetTimer()
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
	}
	kinds := func(where, path string) {
		b.Run(where+"/sequential", func(b *testing.B) {
			b.SetBytes(size)
			run(b, path)
		})
		b.Run(where+"/random", func(b *testing.B) { run(b, path, "4096") })
	}
	at(true, func(path string) { run(b, path) }) // fills the cache
	for range 2 {
		kinds("native", native)
		at(false, func(path string) {
			run(b, path) // is verified as a whole the first time
			kinds("passthrough", path)
		})
		at(true, func(path string) { kinds("fuse", path) })
	}
}
