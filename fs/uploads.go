package fs

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strings"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache/staging"
)

var (
	_ fusefs.NodeLookuper  = (*controlDir)(nil)
	_ fusefs.NodeReaddirer = (*controlDir)(nil)
	_ fusefs.NodeGetattrer = (*controlDir)(nil)
	_ fusefs.NodeOpener    = (*controlFile)(nil)
	_ fusefs.NodeGetattrer = (*controlFile)(nil)
)

// controlName is a directory of the root that is found by its name only.
const controlName = ".openbis"

const uploadsReadme = `Each file here is one upload that is not finished, or whose local copy is still in use:
what it is, where it is to go, what state it is in, and the server's own words if something is wrong.
The data itself is at "path". See "openbisfs uploads --help" for retry, discard and export.
`

// controlDir is a directory that is no part of the server's tree. What is in it
// is made when it is looked at.
type controlDir struct {
	node
	names func() []string
	open  func(name string) (fusefs.InodeEmbedder, bool)
}

func (v *volume) newControlDir() *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.names = func() []string { return []string{"uploads"} }
	d.open = func(name string) (fusefs.InodeEmbedder, bool) { return v.newUploadsDir(), name == "uploads" }
	return d
}

func (v *volume) newUploadsDir() *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.names = func() []string {
		names := []string{"README"}
		for _, draft := range v.overlay.store.Drafts() {
			names = append(names, draft.ID()+".json")
		}
		return names
	}
	d.open = func(name string) (fusefs.InodeEmbedder, bool) {
		if name == "README" {
			return v.newControlFile(func() []byte { return []byte(uploadsReadme) }), true
		}
		id, ok := strings.CutSuffix(name, ".json")
		draft, err := v.overlay.store.Draft(id)
		if !ok || err != nil {
			return nil, false
		}
		return v.newControlFile(func() []byte { return draftDocument(draft) }), true
	}
	return d
}

// draftDocument is what the user is told about a draft.
func draftDocument(d *staging.Draft) []byte {
	text, err := json.MarshalIndent(d.Info(), "", "  ")
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	return append(text, '\n')
}

// controlInode makes a stable inode number of a path below the control directory.
func controlInode(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("control\x00" + path))
	return h.Sum64()&^(1<<63) | 2
}

// Lookup finds one name.
func (n *controlDir) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	ops, ok := n.open(name)
	if !ok {
		return nil, syscall.ENOENT
	}
	id := fusefs.StableAttr{Mode: syscall.S_IFREG, Ino: controlInode(n.Path(nil) + "/" + name)}
	if dir, ok := ops.(*controlDir); ok {
		id.Mode = syscall.S_IFDIR
		dir.fill(&out.Attr)
	} else {
		ops.(*controlFile).fill(&out.Attr)
	}
	if known := n.GetChild(name); known != nil && known.StableAttr() == id {
		return known, fusefs.OK
	}
	return n.NewInode(ctx, ops, id), fusefs.OK
}

// Readdir lists what there is now.
func (n *controlDir) Readdir(context.Context) (fusefs.DirStream, syscall.Errno) {
	var list []fuse.DirEntry
	for _, name := range n.names() {
		mode := uint32(syscall.S_IFREG)
		if name == "uploads" {
			mode = syscall.S_IFDIR
		}
		list = append(list, fuse.DirEntry{Name: name, Mode: mode, Ino: controlInode(n.Path(nil) + "/" + name)})
	}
	return fusefs.NewListDirStream(list), fusefs.OK
}

// Getattr describes the directory.
func (n *controlDir) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fill(&out.Attr)
	return fusefs.OK
}

func (n *controlDir) fill(out *fuse.Attr) {
	*out = fuse.Attr{Mode: syscall.S_IFDIR | 0o555&^n.vol.umask, Nlink: 1, Owner: n.vol.owner, Blksize: blockSize}
	out.SetTimes(&n.vol.mounted, &n.vol.mounted, &n.vol.mounted)
}

// controlFile is a text that is made when it is opened.
type controlFile struct {
	node
	text func() []byte
}

func (v *volume) newControlFile(text func() []byte) *controlFile {
	return &controlFile{node: node{vol: v}, text: text}
}

// Open fixes the text. Its size may be another than stat said, so the kernel
// must not rely on it.
func (n *controlFile) Open(_ context.Context, flags uint32) (fusefs.FileHandle, uint32, syscall.Errno) {
	if opensForWriting(flags) {
		return nil, 0, syscall.EPERM
	}
	return &documentHandle{text: n.text()}, fuse.FOPEN_DIRECT_IO | fuse.FOPEN_NOFLUSH, fusefs.OK
}

// Getattr describes the text as it is now.
func (n *controlFile) Getattr(_ context.Context, _ fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.fill(&out.Attr)
	return fusefs.OK
}

func (n *controlFile) fill(out *fuse.Attr) {
	size := uint64(len(n.text()))
	*out = fuse.Attr{
		Mode: syscall.S_IFREG | 0o444&^n.vol.umask, Nlink: 1, Owner: n.vol.owner,
		Size: size, Blocks: (size + sectorSize - 1) / sectorSize, Blksize: blockSize,
	}
	out.SetTimes(&n.vol.mounted, &n.vol.mounted, &n.vol.mounted)
}

// controlDirectory finds the control directory below the root.
func (n *dirNode) controlDirectory(ctx context.Context, out *fuse.EntryOut) *fusefs.Inode {
	ops := n.vol.newControlDir()
	ops.fill(&out.Attr)
	id := fusefs.StableAttr{Mode: syscall.S_IFDIR, Ino: controlInode(controlName)}
	if known := n.GetChild(controlName); known != nil && known.StableAttr() == id {
		return known
	}
	return n.NewInode(ctx, ops, id)
}
