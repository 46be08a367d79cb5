package meta

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// kind is a kind of node. Its numbers are of no importance, its names go into
// inode numbers.
type kind uint8

const (
	kindRoot kind = iota
	kindSpace
	kindProject
	kindCollection
	kindObject
	kindDataSet
	kindFolder
	kindFile
	kindDocument
	kindParents
	kindChildren
	kindLink

	// not nodes, but answers that are remembered beside those about directories
	answerInstance
	answerSchema
	answerFiles
	answerFound
	answerTypes
)

var kindNames = [...]string{
	kindRoot: "openbis", kindSpace: "space", kindProject: "project", kindCollection: "collection",
	kindObject: "object", kindDataSet: "dataset", kindFolder: "folder", kindFile: "file",
	kindDocument: "document", kindParents: "parents", kindChildren: "children", kindLink: "link",
	answerInstance: "instance", answerSchema: "schema", answerFiles: "files",
	answerFound: "found", answerTypes: "types",
}

func (k kind) String() string { return kindNames[k] }

// id is what makes a node the same node in every listing and in every mount.
type id struct {
	kind   kind
	permID string // of the entity that the node is or belongs to
	path   string // within that entity
}

// RootInode is the inode number of the server's root.
const RootInode = 1

// inode hashes an identity to an inode number: FNV-1a without the top bit,
// which go-fuse reserves for numbers that it makes up. round tells apart what
// would share a number.
func inode(i id, round int) uint64 {
	if i.kind == kindRoot {
		return RootInode
	}
	h := fnv.New64a()
	for _, s := range []string{i.kind.String(), i.permID, i.path} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	for ; round > 0; round-- {
		_, _ = h.Write([]byte{'+'})
	}
	n := h.Sum64() &^ (1 << 63)
	if n <= RootInode { // 0 means "none" to many programs
		n += 2
	}
	return n
}

// spill gives entries of one directory whose numbers are equal different ones.
// Who keeps the number does not depend on the order of the entries.
func spill(entries []*Entry) {
	first := make(map[uint64]*Entry, len(entries))
	var clashing []*Entry
	for _, e := range entries {
		other, taken := first[e.Inode]
		if !taken {
			first[e.Inode] = e
			continue
		}
		if compareIDs(e.id, other.id) < 0 {
			first[e.Inode], e = e, other
		}
		clashing = append(clashing, e)
	}
	slices.SortFunc(clashing, func(a, b *Entry) int { return compareIDs(a.id, b.id) })
	for _, e := range clashing {
		for round := 1; ; round++ {
			n := inode(e.id, round)
			if _, taken := first[n]; !taken {
				e.Inode = n
				first[n] = e
				break
			}
		}
	}
}

func compareIDs(a, b id) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.permID, b.permID), cmp.Compare(a.path, b.path))
}
