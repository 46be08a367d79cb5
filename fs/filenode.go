package fs

import (
	"context"
	"fmt"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/meta"
)

var (
	_ fusefs.NodeOpener    = (*fileNode)(nil)
	_ fusefs.NodeGetattrer = (*fileNode)(nil)
)

// fileNode is a file of a Dataset.
type fileNode struct {
	node
	opens fileOpens
}

// Open asks nobody: it fails at once for content that the server said it does
// not have, and leaves the rest to the first read.
func (n *fileNode) Open(ctx context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if opensForWriting(flags) {
		return nil, 0, n.refusal()
	}
	e := n.entry.Load()
	if err := readable(e); err != nil {
		return nil, 0, n.vol.fail(ctx, "open", n.path(""), err)
	}
	open := func() *cache.File {
		return n.vol.cache.Open(n.vol.contentKey(e), func() cache.Remote { return n.vol.remote(e) })
	}
	h := &readHandle{vol: n.vol, path: func() string { return n.path("") }, file: open(), size: e.Size, begun: n.begun, opens: &n.opens}
	if from, ok := fuse.FromContext(ctx); ok {
		if c := n.vol.crawlers.of(from.Pid); c != nil {
			h.crawler = &crawlerReader{crawler: c}
		}
	}
	h.backing = n.vol.passthrough.open(h.opens, h.size, open)
	// Content never changes, so its pages stay valid; there is nothing to flush.
	return h, fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_NOFLUSH, fusefs.OK
}

// contentKey identifies the bytes of a file.
func (v *volume) contentKey(e *meta.Entry) cache.Key {
	return cache.Key{
		Server:   v.server,
		DataSet:  e.File.DataSet,
		Path:     e.File.Path,
		Size:     e.Size,
		CRC32:    e.File.CRC32,
		HasCRC32: e.File.HasCRC32,
	}
}

// readable tells why the content of a file cannot be read, as far as the
// listing knows.
func readable(e *meta.Entry) error {
	ds := e.DataSet
	switch {
	case ds == nil:
		return nil
	case ds.Kind == client.Linked:
		return fmt.Errorf("the files of Dataset %s are in another system, openBIS only links to them: %w", ds.PermID, client.ErrLinked)
	case ds.Physical != nil && !ds.Physical.Status.Readable():
		return fmt.Errorf("Dataset %s is archived (%s), ask for its files with \"openbisfs unarchive\": %w", //nolint:staticcheck // Dataset is a name
			ds.PermID, ds.Physical.Status, client.ErrArchived)
	default:
		return nil
	}
}

// opensForWriting tells whether open(2) with these flags wants to change the file.
func opensForWriting(flags uint32) bool {
	return flags&syscall.O_ACCMODE != syscall.O_RDONLY || flags&syscall.O_TRUNC != 0
}
