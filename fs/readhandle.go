package fs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client"
)

var (
	_ fusefs.FileReader   = (*readHandle)(nil)
	_ fusefs.FileReleaser = (*readHandle)(nil)
)

// readHandle is an open file of a Dataset.
type readHandle struct {
	node *node
	file *cache.File
	size int64
}

// Read fills dest as far as the file reaches. Anything less is an error: the
// kernel takes a short answer for the end of the file.
func (h *readHandle) Read(req context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	want := min(int64(len(dest)), h.size-off)
	if want <= 0 {
		return fuse.ReadResultData(nil), fusefs.OK
	}
	vol := h.node.vol
	ctx, done := vol.begin(req, vol.readLimit)
	defer done()
	got, err := h.file.ReadAt(ctx, dest[:want], off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && int64(got) != want {
		err = fmt.Errorf("%d of %d bytes at offset %d: %w", got, want, off, client.ErrCorrupt)
	}
	if err != nil {
		return nil, vol.fail(ctx, "read", h.node.path(""), err)
	}
	return fuse.ReadResultData(dest[:want]), fusefs.OK
}

// Release gives the content back to the cache. The kernel ignores errors here.
func (h *readHandle) Release(context.Context) syscall.Errno {
	if err := h.file.Close(); err != nil {
		h.node.vol.log.Debug("closing content failed", "path", h.node.path(""), "err", err)
	}
	return fusefs.OK
}
