package fs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache/staging"
)

var (
	_ fusefs.NodeOpener    = (*metadataFile)(nil)
	_ fusefs.NodeGetattrer = (*metadataFile)(nil)
	_ fusefs.NodeSetattrer = (*metadataFile)(nil)
	_ fusefs.NodeFsyncer   = (*metadataFile)(nil)
	_ fusefs.FileReader    = (*metadataHandle)(nil)
	_ fusefs.FileWriter    = (*metadataHandle)(nil)
	_ fusefs.FileFlusher   = (*metadataHandle)(nil)
)

// metadataName is the file of a directory draft that says what the Dataset will be.
const metadataName = ".meta.json"

// maxMetadata is the greatest size in bytes of that file.
const maxMetadata = 1 << 20

// metadataText is the text of a draft's metadata file. What the user has written
// is kept as it is, also when it makes no sense.
type metadataText struct {
	staged *staged

	mu    sync.Mutex
	text  []byte // nil: as the draft has it
	dirty bool
}

// draftMetadata is the content of the file.
type draftMetadata struct {
	Type       string            `json:"type"`
	Properties map[string]string `json:"properties"`
	Parents    []string          `json:"parents"`
}

// current returns the text. The lock is held.
func (t *metadataText) current() []byte {
	if t.text != nil {
		return t.text
	}
	m := t.staged.draftNow().Meta()
	shown := draftMetadata{m.Type, m.Properties, m.Parents}
	if shown.Properties == nil {
		shown.Properties = map[string]string{}
	}
	if shown.Parents == nil {
		shown.Parents = []string{}
	}
	text, err := json.MarshalIndent(shown, "", "  ")
	if err != nil {
		return nil // strings can't fail
	}
	return append(text, '\n')
}

// resize changes the text to a size, and returns it to be written to. The lock is held.
func (t *metadataText) resize(size int64) error {
	if size > maxMetadata {
		return syscall.EFBIG
	}
	text := make([]byte, size)
	copy(text, t.current())
	t.text, t.dirty = text, true
	return nil
}

// set replaces the text, and what it says. Nil is what a new draft has.
func (t *metadataText) set(ctx context.Context, text []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text, t.dirty = text, true
	return t.apply(ctx)
}

// apply makes the draft's metadata what the text says. The lock is held.
func (t *metadataText) apply(ctx context.Context) error {
	if !t.dirty {
		return nil
	}
	m, err := parseMetadata(t.text)
	if err == nil {
		err = t.staged.draftNow().SetMeta(ctx, m)
	}
	if err == nil {
		t.dirty = false
	}
	return err
}

// problem is why the text that the user has written is not what the draft has.
func (t *metadataText) problem(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.apply(ctx)
}

// parseMetadata reads a metadata file. The document that a registered Dataset
// has makes sense, too: values that are no strings become what openBIS calls
// them, a vocabulary term its code, a reference its permId. Other keys are ignored.
func parseMetadata(text []byte) (staging.Meta, error) {
	var m staging.Meta
	if len(bytes.TrimSpace(text)) == 0 {
		return m, nil
	}
	var in struct {
		Type       json.RawMessage            `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
		Parents    []json.RawMessage          `json:"parents"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return m, fmt.Errorf("%s: %w: %w", metadataName, syscall.EINVAL, err)
	}
	var err error
	if m.Type, _, err = scalar(in.Type, "code"); err != nil {
		return m, fmt.Errorf("%s: type: %w", metadataName, err)
	}
	for code, value := range in.Properties {
		s, ok, err := scalar(value, "code")
		if err != nil {
			return m, fmt.Errorf("%s: property %s: %w", metadataName, code, err)
		}
		if !ok {
			continue // null: not set
		}
		if m.Properties == nil {
			m.Properties = make(map[string]string)
		}
		m.Properties[code] = s
	}
	for _, value := range in.Parents {
		s, ok, err := scalar(value, "permId")
		if err != nil || !ok {
			return m, fmt.Errorf("%s: parents: %w", metadataName, syscall.EINVAL)
		}
		m.Parents = append(m.Parents, s)
	}
	return m, nil
}

// scalar returns a JSON value as a string; of an object that of a key. Null, or
// nothing, is not ok.
func scalar(value json.RawMessage, key string) (s string, ok bool, err error) {
	value = bytes.TrimSpace(value)
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", false, nil
	case value[0] == '"':
		err = json.Unmarshal(value, &s)
		return s, true, err
	case value[0] == '{':
		var object map[string]json.RawMessage
		if err := json.Unmarshal(value, &object); err != nil {
			return "", false, err
		}
		if inner := bytes.TrimSpace(object[key]); len(inner) > 0 && inner[0] == '"' {
			return scalar(inner, key)
		}
		return "", false, syscall.EINVAL
	case value[0] == '[':
		return "", false, syscall.EINVAL
	}
	return string(value), true, nil // a number or a boolean, as it is written
}

// metadataFile is the metadata file of a directory draft.
type metadataFile struct {
	fusefs.Inode
	*staged
}

func (s *staged) metadataInode() uint64 { return draftInode(s.draftNow().ID(), ^uint64(0)) }

func (n *draftEntry) lookupMetadata(ctx context.Context, out *fuse.EntryOut) *fusefs.Inode {
	id := fusefs.StableAttr{Mode: syscall.S_IFREG, Ino: n.metadataInode()}
	n.fillMetadata(&out.Attr)
	if known := n.GetChild(metadataName); known != nil && known.StableAttr() == id {
		return known
	}
	return n.NewInode(ctx, &metadataFile{staged: n.staged}, id)
}

func (s *staged) fillMetadata(out *fuse.Attr) {
	s.meta.mu.Lock()
	size := len(s.meta.current())
	s.meta.mu.Unlock()
	changed := s.draftNow().Info().Changed
	*out = fuse.Attr{
		Ino: s.metadataInode(), Mode: syscall.S_IFREG | 0o644&^s.vol.umask, Nlink: 1, Owner: s.vol.owner,
		Size: uint64(size), Blocks: (uint64(size) + sectorSize - 1) / sectorSize, Blksize: blockSize,
	}
	out.SetTimes(&changed, &changed, &changed)
}

// Open fails for writing when the draft is registered.
func (n *metadataFile) Open(req context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if opensForWriting(flags) {
		ctx, done := n.vol.begin(req, n.vol.closeTimeout)
		defer done()
		if err := n.open(ctx); err != nil {
			return nil, 0, n.errno("open", err)
		}
	}
	n.quiet.opened()
	return &metadataHandle{n.staged, opensForWriting(flags)}, 0, fusefs.OK
}

// Getattr describes the text.
func (n *metadataFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fillMetadata(&out.Attr)
	return fusefs.OK
}

// Setattr changes the size; everything else has no effect.
func (n *metadataFile) Setattr(req context.Context, _ fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		ctx, done := n.vol.begin(req, n.vol.closeTimeout)
		defer done()
		if err := n.open(ctx); err != nil {
			return n.errno("truncate", err)
		}
		n.meta.mu.Lock()
		err := n.meta.resize(int64(size))
		n.meta.mu.Unlock()
		if err != nil {
			return n.errno("truncate", err)
		}
	}
	n.fillMetadata(&out.Attr)
	return fusefs.OK
}

// Fsync succeeds: the metadata is durable when the file is closed.
func (n *metadataFile) Fsync(context.Context, fusefs.FileHandle, uint32) syscall.Errno {
	return fusefs.OK
}

// metadataHandle is an open metadata file.
type metadataHandle struct {
	*staged
	write bool
}

// Read copies from the text.
func (h *metadataHandle) Read(_ context.Context, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	h.meta.mu.Lock()
	defer h.meta.mu.Unlock()
	text := h.meta.current()
	return fuse.ReadResultData(dest[:copy(dest, text[min(off, int64(len(text))):])]), fusefs.OK
}

// Write changes the text.
func (h *metadataHandle) Write(_ context.Context, data []byte, off int64) (uint32, syscall.Errno) {
	h.meta.mu.Lock()
	defer h.meta.mu.Unlock()
	if err := h.meta.resize(max(off+int64(len(data)), int64(len(h.meta.current())))); err != nil {
		return 0, h.errno("write", err)
	}
	copy(h.meta.text[off:], data)
	return uint32(len(data)), fusefs.OK
}

// Flush makes the draft's metadata what the text says. When it makes no sense,
// the program is told, and the text stays as it is.
func (h *metadataHandle) Flush(req context.Context) syscall.Errno {
	if !h.write {
		return fusefs.OK
	}
	ctx, done := h.vol.begin(req, h.vol.closeTimeout)
	defer done()
	h.meta.mu.Lock()
	defer h.meta.mu.Unlock()
	return h.errno("set metadata", h.meta.apply(ctx))
}

// Release ends the use of the draft.
func (h *metadataHandle) Release(context.Context) syscall.Errno {
	h.quiet.closed()
	return fusefs.OK
}

// becomeMetadata takes over a file that is renamed to the name of the metadata
// file, which is how many programs save.
func (n *draftEntry) becomeMetadata(req context.Context, name string) syscall.Errno {
	return n.modify(req, "set metadata", name, func(d *staging.Draft, rel, file string) error {
		info, err := os.Lstat(file)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() || info.Size() > maxMetadata {
			return syscall.EINVAL
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := n.meta.set(req, text); err != nil {
			return err
		}
		n.vol.background.Go(func() { _ = n.NotifyEntry(metadataName) }) // it is not the file that was renamed
		return d.Remove(rel)
	})
}
