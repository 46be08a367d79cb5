package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/openbisfs/openbisfs/cache/disk"
)

// cacheFlags says where the disk cache is, for `mount` and for the commands that look after it.
type cacheFlags struct {
	cacheDir  string
	cacheSize byteSize
	cacheFree byteSize
}

func (c *cacheFlags) register(f *pflag.FlagSet) {
	c.cacheSize, c.cacheFree = 10<<30, 1<<30
	c.registerDir(f)
	f.Var(&c.cacheSize, "cache-size", "how much of the disk the cache may take; 0: no cache on disk")
	f.Var(&c.cacheFree, "cache-free", "how much of the disk the cache leaves free")
}

func (c *cacheFlags) registerDir(f *pflag.FlagSet) {
	f.StringVar(&c.cacheDir, "cache-dir", "", "keep file content in `DIR`, for several mounts and hosts if you like (default: a directory below ~/.cache)")
}

// resolve returns the absolute path of the cache directory.
func (c *cacheFlags) resolve() (string, error) {
	if c.cacheDir != "" {
		return filepath.Abs(c.cacheDir)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = "/var/cache" // of a user without a home
	}
	return filepath.Join(base, "openbisfs"), nil
}

// cacheJob is the disk cache of a mount.
type cacheJob struct {
	Dir        string
	Size, Free byteSize
}

// job returns nil when there is to be no cache on disk.
func (c *cacheFlags) job(mountPoint string) (*cacheJob, error) {
	if c.cacheSize == 0 {
		return nil, nil
	}
	dir, err := c.resolve()
	if err != nil {
		return nil, fmt.Errorf("--cache-dir: %w", err)
	}
	if mountPoint != "" && within(withoutLinks(dir), withoutLinks(mountPoint)) {
		return nil, failf(exitUsage, "--cache-dir %s can't be inside the mount", dir)
	}
	return &cacheJob{Dir: dir, Size: c.cacheSize, Free: c.cacheFree}, nil
}

// openCache opens the disk cache of a mount. Without one a mount works as well, only slower.
func openCache(job *cacheJob, log *slog.Logger) *disk.Cache {
	if job == nil {
		return nil
	}
	c, err := disk.Open(job.Dir, disk.Options{Size: int64(job.Size), Free: max(1, int64(job.Free)), Logger: log})
	if err != nil {
		log.Warn("there is no cache on disk", "error", err)
		return nil
	}
	return c
}

func runCache(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "cache [status|verify|clear] [flags]")
	var dirs cacheFlags
	dirs.registerDir(f.FlagSet)
	f.registerConfig()
	if err := f.parse(args, 0, 1); err != nil {
		return err
	}
	if _, err := merge(f.FlagSet); err != nil {
		return err
	}
	dir, err := dirs.resolve()
	if err != nil {
		return err
	}
	what := f.Arg(0)
	if what != "" && what != "status" && what != "verify" && what != "clear" {
		return failf(exitUsage, "openbisfs cache %s: want status, verify or clear", what)
	}
	c, err := disk.OpenExisting(dir, disk.Options{})
	if errors.Is(err, os.ErrNotExist) {
		_, err = fmt.Fprintf(inv.out, "%s: nothing is cached\n", dir)
		return err
	}
	if err != nil {
		return failf(exitConfig, "the cache can't be looked at: %w", err)
	}
	defer c.Close()
	switch what {
	case "verify":
		return verifyCache(ctx, inv, c)
	case "clear":
		contents, bytes := c.Clear(false)
		_, err = fmt.Fprintf(inv.out, "%s: removed %s, %s\n", dir, plural(int(contents), "file"), humanBytes(bytes))
		return err
	default:
		return cacheStatus(inv, c)
	}
}

// cacheStatus tells how much of which server's files is there.
func cacheStatus(inv *invocation, c *disk.Cache) error {
	type sum struct{ files, complete, bytes, onDisk int64 }
	var all sum
	for e := range c.Entries {
		all.onDisk += e.Bytes
		if e.Known {
			all.files++
			all.bytes += e.Present
			if e.Present == e.Key.Size {
				all.complete++
			}
		}
	}
	_, err := fmt.Fprintf(inv.out, "%s: %s, %d of them complete, %s of content, %s of disk\n",
		c.Dir(), plural(int(all.files), "file"), all.complete, humanBytes(all.bytes), humanBytes(all.onDisk))
	return err
}

// verifyCache reads all that is there.
func verifyCache(ctx context.Context, inv *invocation, c *disk.Cache) error {
	line := newProgressLine(inv.err)
	v, err := c.Verify(ctx, func(v disk.Verified) {
		line.show("%s, %s read", plural(int(v.Contents), "file"), humanBytes(v.Bytes))
	})
	line.end()
	if err != nil {
		return context.Cause(ctx)
	}
	removed := ""
	if v.Damaged+v.Unknown > 0 {
		removed = ", which are removed now"
	}
	_, err = fmt.Fprintf(inv.out, "%s: %s, %s read: %s and %s damaged%s\n", c.Dir(), plural(int(v.Contents), "file"), humanBytes(v.Bytes),
		plural(int(v.Damaged), "block"), plural(int(v.Unknown), "block map"), removed)
	return err
}
