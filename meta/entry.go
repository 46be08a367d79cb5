package meta

import (
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// Type is what an entry is to a file system.
type Type uint8

// The types of entries.
const (
	Dir      Type = iota + 1
	File          // a file of a Dataset
	Document      // a file that the tree writes itself; see [Tree.Document]
	Link          // a relative symlink
)

// Entry is one name in the tree and what was known about it when its directory
// was listed. It is immutable. Two entries of the same Inode are the same
// thing, and have the same Type, however far apart in time they were listed.
type Entry struct {
	Name    string
	Type    Type
	Inode   uint64
	Size    int64     // bytes; exact for a File, a Document and a Link, 0 for a Dir
	ModTime time.Time // zero when unknown, as for the root
	Target  string    // of a Link
	// DataSet is set for the directory of a Dataset and for its files and folders.
	DataSet *client.DataSet
	// File is set for files and folders of a Dataset; a folder has its Path, too.
	File client.File

	id     id
	parent *Entry
	entity any       // behind the directory of an entity: *client.Space …, an Object as *packed; see facts
	asOf   time.Time // when entity was asked for
	doc    *document // of a Document
	// label is the name without what a collision added, and permID what else
	// the entry answers to. Both are empty for names that nothing stands for.
	label  string
	permID string
	fixed  bool
}

// Immutable tells whether the entry can never change: files and folders of a
// Dataset that the server has finished storing.
func (e *Entry) Immutable() bool { return e.fixed }

// Path returns the path of the entry from the server's root, also when the tree
// starts further down: "/SPACE/PROJECT".
func (e *Entry) Path() string {
	if e.parent == nil {
		return "/"
	}
	if e.parent.parent == nil {
		return "/" + e.Name
	}
	return e.parent.Path() + "/" + e.Name
}
