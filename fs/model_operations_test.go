package fs

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// do carries out an operation in the model and returns the errno that the
// mount should say, and what it should read.
func (m *model) do(op *fileOperation) (unix.Errno, []byte) {
	switch op.Op {
	case "open":
		return m.doOpen(op), nil
	case "dup":
		m.open[op.Other] = m.open[op.Slot]
		return 0, nil
	case "close":
		m.close(op.Slot)
		return 0, nil
	case "pwrite", "write", "map", "map-close", "ftruncate", "pread", "fsync", "fchmod", "fstat":
		return m.doDescriptor(op)
	case "truncate":
		return m.truncate(op), nil
	case "rename":
		return m.rename(op), nil
	case "link":
		return m.link(op), nil
	case "symlink", "mkdir":
		return m.make(op), nil
	case "rmdir", "unlink":
		return m.remove(op), nil
	case "chmod", "utimes":
		return m.setAttributes(op), nil
	}
	panic("no such operation: " + op.Op)
}

func (m *model) doOpen(op *fileOperation) unix.Errno {
	find := m.target
	if op.Flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL {
		find = m.find
	}
	at, errno := find(op.Path)
	if errno != 0 {
		return errno
	}
	access := op.Flags & unix.O_ACCMODE
	write := access != unix.O_RDONLY
	create, truncate := op.Flags&unix.O_CREAT != 0, op.Flags&unix.O_TRUNC != 0
	n := at.node
	switch {
	case n != nil && create && op.Flags&unix.O_EXCL != 0:
		return unix.EEXIST
	case n != nil && n.typ == "dir":
		return unix.EISDIR // never opened otherwise here
	case n == nil && !create:
		return unix.ENOENT
	case at.dir != nil && !at.draft.open && (write || truncate || n == nil):
		return unix.EROFS
	}
	made := n == nil
	if made {
		n = m.add(op.Path, at, &modelNode{typ: "file", mode: op.Mode})
		m.changed(n)
		truncate = false
	}
	m.open[op.Slot] = &modelDescriptor{node: n, read: access != unix.O_WRONLY, write: write, saves: write || made, appends: op.Flags&unix.O_APPEND != 0}
	if truncate {
		m.resize(n, 0)
		m.saveUnlessOpen(n.draft)
	}
	return 0
}

// add puts a new node into the tree.
func (m *model) add(p string, at spot, n *modelNode) *modelNode {
	if n.typ == "dir" {
		n.children = make(map[string]*modelNode)
	}
	if at.dir == nil {
		n.draft = &modelDraft{path: p, root: n, open: true}
		m.staged[p] = n.draft
		return n
	}
	n.draft, n.links = at.draft, 1
	at.dir.children[at.name] = n
	return n
}

// close takes a descriptor away. The last that can write saves.
func (m *model) close(slot int) {
	d := m.open[slot]
	delete(m.open, slot)
	if d.saves && d.node == d.node.draft.root && !m.written(d.node) {
		m.save(d.node.draft, false)
	}
}

func (m *model) resize(n *modelNode, size int64) {
	content := make([]byte, size)
	copy(content, n.content)
	n.content = content
	m.changed(n)
}

func (m *model) write(n *modelNode, off int64, data []byte) {
	if end := off + int64(len(data)); end > int64(len(n.content)) {
		m.resize(n, end)
	}
	copy(n.content[off:], data)
	m.changed(n)
}

func (m *model) doDescriptor(op *fileOperation) (unix.Errno, []byte) {
	d := m.open[op.Slot]
	n := d.node
	switch op.Op {
	case "fsync", "fstat":
	case "fchmod":
		n.chmod(op.Mode)
	case "pread":
		if !d.read {
			return unix.EBADF, nil
		}
		from := min(op.Off, int64(len(n.content)))
		return 0, n.content[from:min(from+op.Size, int64(len(n.content)))]
	case "ftruncate":
		if !d.write {
			return unix.EINVAL, nil
		}
		m.resize(n, op.Size)
	case "pwrite", "write":
		if !d.write {
			return unix.EBADF, nil
		}
		off := op.Off
		if d.appends {
			off = int64(len(n.content)) // on Linux also for pwrite
		}
		m.write(n, off, op.Data)
	case "map":
		m.write(n, op.Off, op.Data)
	case "map-close":
		m.close(op.Slot)
		m.write(n, op.Off, op.Data)
		if n == n.draft.root {
			m.saveUnlessOpen(n.draft)
		}
	}
	return 0, nil
}

func (m *model) truncate(op *fileOperation) unix.Errno {
	at, errno := m.target(op.Path)
	switch {
	case errno != 0:
		return errno
	case at.node == nil:
		return unix.ENOENT
	case at.node.typ == "dir":
		return unix.EISDIR
	case at.dir != nil && !at.draft.open:
		return unix.EROFS
	}
	m.resize(at.node, op.Size)
	if at.dir == nil {
		m.saveUnlessOpen(at.node.draft)
	}
	return 0
}

func (m *model) rename(op *fileOperation) unix.Errno {
	from, errno := m.find(op.Path)
	if errno != 0 {
		return errno
	}
	to, errno := m.find(op.To)
	switch {
	case errno != 0:
		return errno
	case from.node == nil:
		return unix.ENOENT
	case op.Flags&unix.RENAME_NOREPLACE != 0 && to.node != nil:
		return unix.EEXIST
	case slices.Contains(to.dirs, from.node):
		return unix.EINVAL // a folder into itself
	case slices.Contains(from.dirs, to.node):
		return unix.ENOTEMPTY
	case from.node == to.node:
		return 0
	case to.node != nil && from.node.typ == "dir" && to.node.typ != "dir":
		return unix.ENOTDIR
	case to.node != nil && from.node.typ != "dir" && to.node.typ == "dir":
		return unix.EISDIR
	case from.draft != to.draft:
		return unix.EXDEV
	case from.draft != nil && !from.draft.open:
		return unix.EROFS
	case to.node != nil && len(to.node.children) > 0:
		return unix.ENOTEMPTY
	case from.dir == nil && m.owner(op.Path) != m.owner(op.To) && !from.node.draft.open:
		return unix.EXDEV
	}
	if from.dir != nil {
		if to.node != nil {
			to.node.links--
		}
		delete(from.dir.children, from.name)
		to.dir.children[to.name] = from.node
		return 0
	}
	d := from.node.draft
	if to.node != nil {
		to.node.draft.path = ""
	}
	if !d.open {
		m.last[op.Path] = d.is // an editor keeps the old one so, and saves the new one under its name
	}
	delete(m.staged, op.Path)
	m.staged[op.To], d.path = d, op.To
	if !m.written(d.root) {
		m.save(d, true)
	}
	return 0
}

func (m *model) link(op *fileOperation) unix.Errno {
	from, errno := m.find(op.Path)
	switch {
	case errno != 0:
		return errno
	case from.node == nil:
		return unix.ENOENT
	}
	to, errno := m.find(op.To)
	switch {
	case errno != 0:
		return errno
	case to.node != nil:
		return unix.EEXIST
	case from.node.typ == "dir", from.dir == nil, from.draft != to.draft:
		return unix.EPERM
	case !from.draft.open:
		return unix.EROFS
	}
	from.node.links++
	to.dir.children[to.name] = from.node
	return 0
}

// make makes a directory or a symbolic link.
func (m *model) make(op *fileOperation) unix.Errno {
	at, errno := m.find(op.Path)
	switch {
	case errno != 0:
		return errno
	case at.node != nil:
		return unix.EEXIST
	case op.Op == "symlink" && at.dir == nil:
		return unix.EPERM
	case at.dir != nil && !at.draft.open:
		return unix.EROFS
	case op.Op == "symlink":
		m.add(op.Path, at, &modelNode{typ: "link", target: op.To})
	default:
		m.add(op.Path, at, &modelNode{typ: "dir", mode: op.Mode})
	}
	return 0
}

func (m *model) remove(op *fileOperation) unix.Errno {
	at, errno := m.find(op.Path)
	switch {
	case errno != 0:
		return errno
	case at.node == nil:
		return unix.ENOENT
	case op.Op == "rmdir" && at.node.typ != "dir":
		return unix.ENOTDIR
	case op.Op == "unlink" && at.node.typ == "dir":
		return unix.EISDIR
	case at.dir != nil && !at.draft.open:
		return unix.EROFS
	case len(at.node.children) > 0:
		return unix.ENOTEMPTY
	}
	if at.dir != nil {
		at.node.links--
		delete(at.dir.children, at.name)
		return 0
	}
	delete(m.staged, op.Path)
	at.node.draft.path = ""
	return 0
}

func (m *model) setAttributes(op *fileOperation) unix.Errno {
	at, errno := m.target(op.Path)
	switch {
	case errno != 0:
		return errno
	case at.node == nil:
		return unix.ENOENT
	case op.Op == "chmod":
		at.node.chmod(op.Mode)
	}
	return 0
}

// chmod has no effect on what is removed from a directory, or in one that is
// registered. The names themselves show what programs give them.
func (n *modelNode) chmod(mode uint32) {
	if n == n.draft.root || n.draft.open && n.links > 0 {
		n.mode = mode
	}
}

// touched returns the paths that an operation may have changed.
func (op *fileOperation) touched() []string {
	var all []string
	for _, p := range []string{op.Path, op.To} {
		if p != "" && !strings.HasPrefix(p, "/") {
			all = append(all, path.Clean(p))
		}
	}
	return all
}
