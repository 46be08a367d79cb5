package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
)

var (
	_ fusefs.NodeReadlinker = (*linkNode)(nil)
	_ fusefs.NodeGetattrer  = (*linkNode)(nil)
)

// linkNode is a symbolic link to another place in the tree.
type linkNode struct{ node }

// Readlink returns the target, relative to the link's directory.
func (n *linkNode) Readlink(context.Context) ([]byte, syscall.Errno) {
	return []byte(n.entry.Load().Target), fusefs.OK
}
