package fs

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/meta"
)

// volume is what all nodes of one mount share.
type volume struct {
	tree   Tree
	cache  *cache.Store
	remote func(*meta.Entry) cache.Remote
	server string // part of the identity of cached content

	siblings    *siblings
	passthrough *passthrough
	crawlers    *crawlers

	owner   fuse.Owner
	umask   uint32
	dirTTL  time.Duration
	mounted time.Time // the times of a directory that has none of its own

	overlay           *overlay // nil: nothing can be written
	stagingDir        string
	commitAfter       time.Duration
	closeTimeout      time.Duration
	renameTimeout     time.Duration
	closeInBackground bool
	background        tasks

	listLimit time.Duration // a request for names or attributes waits no longer
	readLimit time.Duration // a READ waits no longer

	dir      string // mount point, for messages
	status   func() any
	log      *slog.Logger
	failures failureLog

	// life ends when the mount ends. Operations run on it, never on the
	// context of a request.
	life context.Context
}

// node is what the nodes of all types have in common. A node keeps no more
// than the identity of what it stands for: go-fuse drops a new node when it
// knows one of the same inode number already, so whatever can change is in
// the entry, and look-ups refresh it in the node that stays.
type node struct {
	fusefs.Inode
	vol   *volume
	entry atomic.Pointer[meta.Entry]
}

func (n *node) refresh(e *meta.Entry) { n.entry.Store(e) }

// refresher is implemented by all nodes.
type refresher interface{ refresh(e *meta.Entry) }

// newNode returns a node of the type that e needs.
func (v *volume) newNode(e *meta.Entry) fusefs.InodeEmbedder {
	var ops interface {
		fusefs.InodeEmbedder
		refresher
	}
	switch e.Type {
	case meta.Dir:
		ops = &dirNode{node{vol: v}}
	case meta.Document:
		ops = &documentNode{node{vol: v}}
	case meta.Link:
		ops = &linkNode{node{vol: v}}
	default:
		ops = &fileNode{node: node{vol: v}}
	}
	ops.refresh(e)
	return ops
}
