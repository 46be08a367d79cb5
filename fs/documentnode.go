package fs

import (
	"context"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

var (
	_ fusefs.NodeOpener    = (*documentNode)(nil)
	_ fusefs.NodeGetattrer = (*documentNode)(nil)
	_ fusefs.FileReader    = (*documentHandle)(nil)
)

// documentNode is a file whose text openbisfs writes: .meta.json.
type documentNode struct{ node }

// Open fixes the text that this descriptor reads.
func (n *documentNode) Open(req context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if opensForWriting(flags) {
		return nil, 0, n.refusal()
	}
	ctx, done := n.vol.begin(req, n.vol.listLimit)
	defer done()
	text, err := n.vol.tree.Document(ctx, n.entry.Load())
	if err != nil {
		return nil, 0, n.vol.fail(ctx, "open", n.path(""), err)
	}
	return &documentHandle{text: text}, fuse.FOPEN_NOFLUSH, fusefs.OK
}

// documentHandle is an open document.
type documentHandle struct{ text []byte }

// Read copies from the text that was fixed at open.
func (h *documentHandle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	if off >= int64(len(h.text)) {
		return fuse.ReadResultData(nil), fusefs.OK
	}
	end := min(off+int64(len(dest)), int64(len(h.text)))
	return fuse.ReadResultData(h.text[off:end]), fusefs.OK
}
