package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
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
	return fusefs.OK
}
