package main

import (
	"fmt"
	"path/filepath"

	"github.com/moby/sys/mountinfo"
)

// fsType is the type of our mounts in the mount table.
const fsType = "fuse.openbisfs"

// findMount returns the mount of ours that is on top of dir, or nil. It doesn't touch dir, which may be dead.
func findMount(dir string) (*mountinfo.Info, error) {
	mounts, err := mountinfo.GetMounts(mountinfo.SingleEntryFilter(withoutLinks(dir)))
	if err != nil {
		return nil, fmt.Errorf("read the mount table: %w", err)
	}
	if len(mounts) == 0 || mounts[len(mounts)-1].FSType != fsType {
		return nil, nil
	}
	return mounts[len(mounts)-1], nil
}

// withoutLinks returns dir as the mount table has it: absolute and without symbolic links, as far as can be found out.
func withoutLinks(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		return resolved
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(dir)); err == nil {
		return filepath.Join(parent, filepath.Base(dir))
	}
	return dir
}
