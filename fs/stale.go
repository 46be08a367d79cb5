package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// CleanStale unmounts dead mounts of this file system from dir: those whose
// process was killed, where every access fails with "transport endpoint is not
// connected". Living mounts, and mounts of others, are left alone.
func CleanStale(dir string) error { return cleanStale(context.Background(), dir) }

func cleanStale(ctx context.Context, dir string) error {
	dir, err := resolveMountPoint(dir)
	if err != nil {
		return err
	}
	for {
		ours, err := isMounted(dir)
		if err != nil || !ours || !isDead(dir) {
			return err
		}
		// A shell may still stand in it; it gains nothing from waiting.
		if err := unmount(ctx, dir, true); err != nil {
			return fmt.Errorf("a dead mount is in the way: %w", err)
		}
	}
}

// isDead tells whether the process behind the mount on dir is gone. Stat would
// not do: the kernel answers it from memory, for as long as the dead process
// had said that it may.
func isDead(dir string) bool {
	var st unix.Statfs_t
	err := unix.Statfs(dir, &st)
	return errors.Is(err, unix.ENOTCONN) || errors.Is(err, unix.ECONNABORTED)
}

// isMounted tells whether a mount of this file system, dead or alive, is on
// dir. It touches no mount.
func isMounted(dir string) (bool, error) {
	mounts, err := mountinfo.GetMounts(mountinfo.SingleEntryFilter(dir))
	if err != nil {
		return false, fmt.Errorf("reading the mount table: %w", err)
	}
	return len(mounts) > 0 && mounts[len(mounts)-1].FSType == "fuse."+fileSystemName, nil
}

// resolveMountPoint makes dir absolute and free of symbolic links. The last
// element may be dead: it is not looked into.
func resolveMountPoint(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	const maxLinks = 40 // as the kernel
	for range maxLinks {
		parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
		if err != nil {
			return "", fmt.Errorf("mount point: %w", err)
		}
		dir = filepath.Join(parent, filepath.Base(dir))
		target, err := os.Readlink(dir)
		if err != nil {
			return dir, nil // no link, or nothing that can be read: Stat will tell
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(parent, target)
		}
		dir = target
	}
	return "", fmt.Errorf("mount point %s: %w", dir, unix.ELOOP)
}

// closeDeviceOnExec keeps the FUSE device from programs that this process
// starts: one that outlived it would keep the mount alive, and hanging. When
// mounting directly, go-fuse leaves the descriptor inheritable.
func closeDeviceOnExec() {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil || target != "/dev/fuse" {
			continue
		}
		if fd, err := strconv.Atoi(entry.Name()); err == nil {
			unix.CloseOnExec(fd)
		}
	}
}
