package fs

import (
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// model is what the directories of a few owners should look like after what was
// done in them: a plain tree in memory, which knows nothing of journals, servers
// or the kernel.
type model struct {
	owners []string                 // paths of directories that take Datasets
	staged map[string]*modelDraft   // by path
	last   map[string]*modelSaved   // what a path was registered as last
	open   map[int]*modelDescriptor // by slot
	saved  []*modelSaved            // everything that was registered, in that order
}

// modelSaved is a registered Dataset.
type modelSaved struct {
	owner   string
	name    string
	content map[string]string // files by path, which begins with name
	folders []string          // empty ones
	parent  *modelSaved
	// late says that nobody was waiting for the registration.
	late bool
}

// modelDraft is what a staged name stands for.
type modelDraft struct {
	path   string // "" when the name is removed
	root   *modelNode
	dirty  bool        // a file that was written to and is not registered as it is
	open   bool        // not registered as it is
	is     *modelSaved // when it is
	parent *modelSaved
}

// modelNode is a file, a folder or a symbolic link in a draft, or the draft itself.
type modelNode struct {
	draft    *modelDraft
	typ      string // "dir", "file" or "link"
	mode     uint32
	content  []byte
	target   string
	children map[string]*modelNode
	links    int // names in a directory draft
}

// modelDescriptor is an open descriptor.
type modelDescriptor struct {
	node        *modelNode
	read, write bool
	saves       bool // when it is closed: it writes, or has made the file
	appends     bool
}

func newModel(owners ...string) *model {
	return &model{owners: owners, staged: make(map[string]*modelDraft), last: make(map[string]*modelSaved), open: make(map[int]*modelDescriptor)}
}

// spot is where a path leads to.
type spot struct {
	draft *modelDraft // that it is in, nil for an owner's directory
	dirs  []*modelNode
	dir   *modelNode // that has the name, the last of dirs; nil in an owner's directory
	name  string
	node  *modelNode // nil if there is none
}

// find follows a path below an owner, but not a symbolic link in the end. It fails as the kernel does when something
// on the way is no directory.
func (m *model) find(p string) (spot, unix.Errno) { return m.follow(p, false) }

// target follows a path to its end.
func (m *model) target(p string) (spot, unix.Errno) { return m.follow(p, true) }

func (m *model) follow(p string, last bool) (spot, unix.Errno) {
	owner := m.owner(p)
	elements := strings.Split(strings.TrimPrefix(p, owner+"/"), "/")
	at := spot{name: elements[0]}
	if d := m.staged[path.Join(owner, elements[0])]; d != nil {
		at.node = d.root
	}
	for _, name := range elements[1:] {
		var errno unix.Errno
		at, errno = at.through()
		switch {
		case errno != 0:
			return at, errno
		case at.node == nil:
			return at, unix.ENOENT
		case at.node.typ != "dir":
			return at, unix.ENOTDIR
		}
		at = spot{draft: at.node.draft, dirs: append(slices.Clone(at.dirs), at.node), dir: at.node, name: name, node: at.node.children[name]}
	}
	if last {
		return at.through()
	}
	return at, 0
}

// through follows symbolic links. They lead to a name in the same directory, or to nowhere.
func (at spot) through() (spot, unix.Errno) {
	const most = 40
	for hops := 0; at.node != nil && at.node.typ == "link"; hops++ {
		switch {
		case hops == most:
			return at, unix.ELOOP
		case path.IsAbs(at.node.target):
			return at, unix.ENOENT
		}
		at.name = at.node.target
		at.node = at.dir.children[at.name]
	}
	return at, 0
}

func (m *model) owner(p string) string {
	var longest string
	for _, owner := range m.owners {
		if strings.HasPrefix(p, owner+"/") && len(owner) > len(longest) {
			longest = owner
		}
	}
	return longest
}

// anyOpen tells whether there is such a descriptor.
func (m *model) anyOpen(such func(*modelDescriptor) bool) bool {
	for _, d := range m.open {
		if such(d) {
			return true
		}
	}
	return false
}

func (m *model) written(n *modelNode) bool {
	return m.anyOpen(func(d *modelDescriptor) bool { return d.write && d.node == n })
}

// changed is told that a file draft has other content than before.
func (m *model) changed(n *modelNode) {
	d := n.draft
	if n != d.root {
		return
	}
	if !d.open {
		d.open, d.parent, d.is = true, d.is, nil
	}
	d.dirty = true
}

// save registers a file draft that was written to.
func (m *model) save(d *modelDraft, late bool) {
	if !d.dirty || d.path == "" || staging.Temporary(path.Base(d.path)) {
		return
	}
	d.dirty = false
	m.register(d, map[string]string{path.Base(d.path): string(d.root.content)}, nil, late)
}

// saveUnlessOpen is save when no descriptor will be closed that does it.
func (m *model) saveUnlessOpen(d *modelDraft) {
	if !m.anyOpen(func(other *modelDescriptor) bool { return other.saves && other.node == d.root }) {
		m.save(d, true)
	}
}

func (m *model) register(d *modelDraft, content map[string]string, folders []string, late bool) {
	if d.parent == nil {
		d.parent = m.last[d.path]
	}
	saved := &modelSaved{owner: m.owner(d.path), name: path.Base(d.path), content: content, folders: folders, parent: d.parent, late: late}
	d.open, d.is = false, saved
	m.last[d.path] = saved
	m.saved = append(m.saved, saved)
}

// commit registers what a path is in. It tells whether that is possible.
func (m *model) commit(p string) bool {
	d := m.staged[p]
	switch {
	case d == nil:
		return false
	case !d.open:
		return true
	}
	if d.root.typ == "dir" && d.parent == nil {
		d.parent = m.last[p]
	}
	switch {
	case staging.Temporary(path.Base(p)):
		return false
	case d.root.typ == "file":
		m.save(d, false)
		return true
	}
	content := make(map[string]string)
	var folders []string
	var visit func(at string, n *modelNode) bool
	visit = func(at string, n *modelNode) bool {
		filled := false
		for name, child := range n.children {
			to := path.Join(at, name)
			if staging.Temporary(name) {
				continue
			}
			filled = true
			switch child.typ {
			case "link":
				behind, errno := spot{dir: n, node: child}.through()
				if errno != 0 || behind.node == nil || behind.node.typ != "file" {
					return false
				}
				content[to] = string(behind.node.content)
			case "file":
				content[to] = string(child.content)
			case "dir":
				if !visit(to, child) {
					return false
				}
			}
		}
		if !filled {
			folders = append(folders, at)
		}
		return true
	}
	if !visit(path.Base(p), d.root) || len(content) == 0 {
		return false
	}
	m.register(d, content, folders, false)
	return true
}

// sight is what a walk of an owner's directory should find.
func (m *model) sight(owner string) map[string]sighted {
	all := make(map[string]sighted)
	var visit func(at string, n *modelNode)
	visit = func(at string, n *modelNode) {
		all[at] = n.sighted(at)
		for name, child := range n.children {
			visit(path.Join(at, name), child)
		}
		if n.typ == "dir" && n == n.draft.root {
			all[path.Join(at, metadataName)] = sighted{Path: path.Join(at, metadataName), Type: "file"}
		}
	}
	for p, d := range m.staged {
		if m.owner(p) == owner {
			visit(path.Base(p), d.root)
		}
	}
	return all
}

func (n *modelNode) sighted(at string) sighted {
	s := sighted{Path: at, Type: n.typ, Mode: n.mode, Target: n.target, Size: int64(len(n.target))}
	if n.typ == "file" {
		s.Size, s.Content = int64(len(n.content)), n.content
	}
	return s
}

// names returns what is staged in an owner's directory.
func (m *model) names(owner string) []string {
	var names []string
	for p := range m.staged {
		if m.owner(p) == owner {
			names = append(names, path.Base(p))
		}
	}
	slices.Sort(names)
	return names
}

// paths returns the paths of everything staged, sorted.
func (m *model) paths() []string {
	var all []string
	for _, owner := range m.owners {
		for p := range m.sight(owner) {
			if path.Base(p) != metadataName {
				all = append(all, path.Join(owner, p))
			}
		}
	}
	slices.Sort(all)
	return all
}

// slots returns those of the open descriptors, sorted.
func (m *model) slots() []int { return slices.Sorted(maps.Keys(m.open)) }
