package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

var _ fusefs.NodeStatfser = (*node)(nil)

const (
	// maxNameLen is the longest name in bytes, as on every Linux file system.
	maxNameLen = 255
	// capacity in bytes and inodes: openBIS does not tell how much its
	// stores hold, and zero would make programs believe in a full disk.
	capacityBytes  = 1 << 50
	capacityInodes = 1 << 40
)

// Statfs answers df without asking the server.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	*out = fuse.StatfsOut{
		Bsize:   blockSize,
		Frsize:  blockSize,
		Blocks:  capacityBytes / blockSize,
		Bfree:   capacityBytes / blockSize,
		Bavail:  capacityBytes / blockSize,
		Files:   capacityInodes,
		Ffree:   capacityInodes,
		NameLen: maxNameLen,
	}
	n.vol.statfs(out)
	return fusefs.OK
}

// statfs puts in what is free for writing: of the disk with the staged data, and
// of the limit for it.
func (v *volume) statfs(out *fuse.StatfsOut) {
	if v.overlay == nil {
		return
	}
	free, total := uint64(capacityBytes), uint64(capacityBytes)
	var disk unix.Statfs_t
	if v.stagingDir != "" && unix.Statfs(v.stagingDir, &disk) == nil {
		free = min(free, disk.Bavail*uint64(disk.Bsize))
		total = min(total, disk.Blocks*uint64(disk.Bsize))
	}
	if used, capacity := v.overlay.store.Usage(); capacity > 0 {
		free = min(free, uint64(max(capacity-used, 0)))
		total = min(total, uint64(capacity))
	}
	*out = fuse.StatfsOut{
		Bsize: blockSize, Frsize: blockSize, NameLen: maxNameLen, Files: capacityInodes, Ffree: capacityInodes,
		Blocks: total / blockSize, Bfree: free / blockSize, Bavail: free / blockSize,
	}
}
