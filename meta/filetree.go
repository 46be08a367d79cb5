package meta

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// fileTree is the file list of a Dataset as folders. It never changes, except
// for the listings that it keeps for its folders.
type fileTree struct {
	folders map[string]*folder // by path; "" is the root
	summary fileSummary
	known   bool // false if the data store knows no files, because they are elsewhere
	nodes   int
	expires time.Time
}

// fileSummary is what a document tells about the files of a Dataset.
type fileSummary struct {
	count int
	bytes int64
}

func (t *fileTree) expiry() time.Time { return t.expires }
func (t *fileTree) cost() int         { return (nodeCost + entryCost) * t.nodes } // a node and, perhaps, its entry

// folder is one folder of a Dataset.
type folder struct {
	nodes []fileNode // sorted by name
	last  atomic.Pointer[folderListing]
}

// fileNode is a file or folder in a folder.
type fileNode struct {
	name string
	file client.File
}

// folderListing is the listing of a folder and the Dataset that its entries refer to.
type folderListing struct {
	listing *Listing
	dataSet *client.DataSet
}

// newFileTree sorts the nodes of a Dataset into folders. It makes the best of
// lists that no file system could have: folders that only their files tell of
// are added, paths that name nothing are left out, and names that are taken
// twice are told apart. odd is told about each case.
func newFileTree(files []client.File, odd func(what, path string)) *fileTree {
	t := &fileTree{folders: map[string]*folder{"": {}}, known: true, nodes: len(files)}
	for _, f := range files {
		if f.Directory {
			f.Path = strings.TrimSuffix(f.Path, "/")
			if f.Path == "" {
				continue // the root needs no mention
			}
		}
		if strings.Contains("/"+f.Path+"/", "//") { // an empty segment
			odd("a path in the list of files names nothing and is left out", f.Path)
			continue
		}
		if f.Directory {
			t.addFolder(f)
			continue
		}
		parent, name := splitPath(f.Path)
		folder := t.addFolder(client.File{DataSet: f.DataSet, Path: parent, Directory: true})
		folder.nodes = append(folder.nodes, fileNode{name: encodeFileName(name, f.Path), file: f})
	}
	for _, folder := range t.folders {
		folder.tidy(odd)
		for _, n := range folder.nodes {
			if !n.file.Directory {
				t.summary.count++
				t.summary.bytes += max(n.file.Size, 0)
			}
		}
	}
	return t
}

// addFolder returns the folder at f.Path, and makes it and those above if they are new.
func (t *fileTree) addFolder(f client.File) *folder {
	if known, ok := t.folders[f.Path]; ok {
		return known
	}
	parent, name := splitPath(f.Path)
	above := t.addFolder(client.File{DataSet: f.DataSet, Path: parent, Directory: true})
	above.nodes = append(above.nodes, fileNode{name: encodeFileName(name, f.Path), file: f})
	added := &folder{}
	t.folders[f.Path] = added
	return added
}

// complete tells whether the server has finished storing the files.
func (t *fileTree) complete() bool {
	if t.summary.count == 0 {
		return false
	}
	for _, folder := range t.folders {
		for _, n := range folder.nodes {
			if !n.file.Directory && !n.file.HasCRC32 {
				return false
			}
		}
	}
	return true
}

// tidy sorts the nodes and makes their names unique: exact names stay, folders
// before files, and others get a hash of their path.
func (f *folder) tidy(odd func(what, path string)) {
	slices.SortStableFunc(f.nodes, func(a, b fileNode) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return rank(a) - rank(b)
	})
	taken := make(map[string]bool)
	for _, n := range f.nodes {
		taken[n.name] = true
	}
	if len(taken) == len(f.nodes) {
		return
	}
	kept := make([]fileNode, 0, len(f.nodes))
	for i, n := range f.nodes {
		namesake := i
		for namesake > 0 && f.nodes[namesake-1].name == n.name {
			namesake--
		}
		if slices.ContainsFunc(f.nodes[namesake:i], n.same) {
			odd("a file is listed twice", n.file.Path)
			continue
		}
		if namesake < i {
			odd("two files have one name, one is renamed", n.file.Path)
			n.name = unusedName(n, taken)
		}
		kept = append(kept, n)
	}
	slices.SortFunc(kept, func(a, b fileNode) int { return strings.Compare(a.name, b.name) })
	f.nodes = kept
}

// same tells whether the server means one thing by two nodes.
func (n fileNode) same(other fileNode) bool {
	return n.file.Path == other.file.Path && n.file.Directory == other.file.Directory
}

// rank says which of several nodes keeps the name.
func rank(n fileNode) int {
	_, own := splitPath(n.file.Path)
	switch exact := own == n.name; {
	case exact && n.file.Directory:
		return 0
	case exact:
		return 1
	case n.file.Directory:
		return 2
	default:
		return 3
	}
}

func unusedName(n fileNode, taken map[string]bool) string {
	for i := 0; ; i++ {
		name := fit(n.name, "~"+hash8(fmt.Sprint(n.file.Path, n.file.Directory, i)), n.file.Path)
		if !taken[name] {
			taken[name] = true
			return name
		}
	}
}

// splitPath splits off the last segment. The parent of a segment alone is the root, "".
func splitPath(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}
