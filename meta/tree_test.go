package meta

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

// smallLab has one of everything that has a place.
func smallLab() *fakeSource {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addSpace("OTHER")
	src.addObject("/LAB/BENCH")
	src.addProject("LAB", "P")
	o := src.addObject("/LAB/P/LOOSE")
	src.addDataSet(o, "DS-LOOSE", "original/x.csv")
	c := src.addCollection("/LAB/P/C")
	src.addDataSet(c, "DS-C", "original/raw/", "original/raw/1.tif", "original/raw/2.tif", "README.md")
	with := src.addObject("/LAB/P/C/WITH")
	src.addDataSet(with, "DS-1", "original/a.csv")
	src.addDataSet(with, "DS-2", "original/b.csv")
	src.addObject("/LAB/P/C/WITHOUT")
	relate(with, o)
	return src
}

// walkAll lists everything below e and returns the paths.
func walkAll(t testing.TB, tree *Tree, e *Entry) []string {
	t.Helper()
	l, err := tree.List(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range l.Len() {
		child := l.At(i)
		paths = append(paths, child.Path())
		if child.Type == Dir {
			paths = append(paths, walkAll(t, tree, child)...)
		}
	}
	return paths
}

func TestTheTreeHasTheLayoutOfTheContract(t *testing.T) {
	tree := newTestTree(t, smallLab(), Options{})
	want := []string{
		"/.meta.json",
		"/LAB",
		"/LAB/.meta.json",
		"/LAB/BENCH",
		"/LAB/BENCH/.meta.json",
		"/LAB/P",
		"/LAB/P/.meta.json",
		"/LAB/P/C",
		"/LAB/P/C/.meta.json",
		"/LAB/P/C/DS-C",
		"/LAB/P/C/DS-C/.meta.json",
		"/LAB/P/C/DS-C/README.md",
		"/LAB/P/C/DS-C/original",
		"/LAB/P/C/DS-C/original/raw",
		"/LAB/P/C/DS-C/original/raw/1.tif",
		"/LAB/P/C/DS-C/original/raw/2.tif",
		"/LAB/P/C/WITH",
		"/LAB/P/C/WITH/.children",
		"/LAB/P/C/WITH/.children/LOOSE",
		"/LAB/P/C/WITH/.meta.json",
		"/LAB/P/C/WITH/DS-1",
		"/LAB/P/C/WITH/DS-1/.meta.json",
		"/LAB/P/C/WITH/DS-1/original",
		"/LAB/P/C/WITH/DS-1/original/a.csv",
		"/LAB/P/C/WITH/DS-2",
		"/LAB/P/C/WITH/DS-2/.meta.json",
		"/LAB/P/C/WITH/DS-2/original",
		"/LAB/P/C/WITH/DS-2/original/b.csv",
		"/LAB/P/C/WITHOUT",
		"/LAB/P/C/WITHOUT/.meta.json",
		"/LAB/P/LOOSE",
		"/LAB/P/LOOSE/.meta.json",
		"/LAB/P/LOOSE/.parents",
		"/LAB/P/LOOSE/.parents/WITH",
		"/LAB/P/LOOSE/DS-LOOSE",
		"/LAB/P/LOOSE/DS-LOOSE/.meta.json",
		"/LAB/P/LOOSE/DS-LOOSE/original",
		"/LAB/P/LOOSE/DS-LOOSE/original/x.csv",
		"/OTHER",
		"/OTHER/.meta.json",
	}
	if diff := cmp.Diff(want, walkAll(t, tree, at(t, tree, "/"))); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesHaveTheServersSizesAndDates(t *testing.T) {
	tree := newTestTree(t, smallLab(), Options{})
	for _, c := range []struct {
		path    string
		typ     Type
		size    int64
		modTime time.Time
	}{
		{"/LAB", Dir, 0, registered},
		{"/LAB/P", Dir, 0, modifiedAt},
		{"/LAB/P/C", Dir, 0, modifiedAt},
		{"/LAB/P/C/WITH", Dir, 0, modifiedAt},
		{"/LAB/P/C/DS-C", Dir, 0, modifiedAt},
		{"/LAB/P/C/DS-C/original", Dir, 0, registered},
		{"/LAB/P/C/DS-C/original/raw/2.tif", File, 102, registered},
		{"/LAB/P/C/WITH/.children", Dir, 0, modifiedAt},
		{"/LAB/P/C/WITH/.children/LOOSE", Link, int64(len("../../../LOOSE")), modifiedAt},
	} {
		e := at(t, tree, c.path)
		if e.Type != c.typ || e.Size != c.size || !e.ModTime.Equal(c.modTime) {
			t.Errorf("%s: type %d, size %d, modified %v", c.path, e.Type, e.Size, e.ModTime)
		}
	}
	f := at(t, tree, "/LAB/P/C/DS-C/original/raw/2.tif")
	if f.DataSet == nil || f.DataSet.PermID != "DS-C" || f.File.Path != "original/raw/2.tif" || !f.Immutable() {
		t.Errorf("the file is %+v", f)
	}
	if d := at(t, tree, "/LAB/P/C/DS-C/original"); !d.Immutable() || d.DataSet == nil || d.File.Path != "original" {
		t.Errorf("the folder is %+v", d)
	}
	if d := at(t, tree, "/LAB/P/C/DS-C"); d.Immutable() || d.DataSet == nil || d.File.Path != "" {
		t.Errorf("the Dataset is %+v", d)
	}
	if d := at(t, tree, "/LAB/P/C/DS-C/.meta.json"); d.Immutable() || !d.ModTime.Equal(registered) {
		t.Errorf("the document is %+v", d)
	}
}

func TestInodesAreDifferentThroughoutTheTreeAndEqualInTheNextMount(t *testing.T) {
	inodes := func() map[string]uint64 {
		tree := newTestTree(t, smallLab(), Options{})
		all := map[string]uint64{}
		for _, p := range walkAll(t, tree, at(t, tree, "/")) {
			all[p] = at(t, tree, p).Inode
		}
		return all
	}
	first := inodes()
	if diff := cmp.Diff(first, inodes()); diff != "" {
		t.Error(diff)
	}
	owner := map[uint64]string{}
	for p, n := range first {
		if other, taken := owner[n]; taken {
			t.Errorf("%s and %s are both %d", p, other, n)
		}
		owner[n] = p
	}
}

func TestAWalkCostsOneCallForEachDirectoryWithEntities(t *testing.T) {
	src := newFakeSource()
	for s := range 2 {
		space := fmt.Sprint("S", s)
		src.addSpace(space)
		for p := range 3 {
			src.addProject(space, fmt.Sprint("P", p))
			for c := range 2 {
				path := fmt.Sprintf("/%s/P%d/C%d", space, p, c)
				src.addCollection(path)
				for o := range 20 {
					src.addObject(fmt.Sprintf("%s/O%d", path, o)).Properties = map[string]string{"X": "1"}
				}
			}
		}
	}
	tree := newTestTree(t, src, Options{})
	walkAll(t, tree, at(t, tree, "/"))
	want := map[string]int{"Instance": 1, "Schema": 1, "Spaces": 1, "SpaceContents": 2, "ProjectContents": 6, "CollectionContents": 12}
	if diff := cmp.Diff(want, src.taken()); diff != "" {
		t.Error(diff)
	}
	walkAll(t, tree, at(t, tree, "/"))
	if diff := cmp.Diff(map[string]int{}, src.taken()); diff != "" {
		t.Errorf("the second walk: %s", diff)
	}
}

func TestLookupsDoNotPayForDocuments(t *testing.T) {
	src := smallLab()
	tree := newTestTree(t, src, Options{})
	at(t, tree, "/LAB/P/C/WITH")
	want := map[string]int{"Spaces": 1, "SpaceContents": 1, "ProjectContents": 1, "CollectionContents": 1}
	if diff := cmp.Diff(want, src.taken()); diff != "" {
		t.Error(diff)
	}
	dir := at(t, tree, "/LAB/P/C/WITH")
	for _, name := range []string{".git", ".DS_Store", "desktop.ini", "autorun.inf", "with", "NOBODY"} {
		if _, err := tree.Lookup(t.Context(), dir, name); !errors.Is(err, ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(map[string]int{}, src.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestTheRootNeedsNoServer(t *testing.T) {
	src := smallLab()
	src.failing(client.ErrUnavailable)
	tree := newTestTree(t, src, Options{})
	root, err := tree.Root(t.Context())
	if err != nil || root.Type != Dir || root.Inode != RootInode {
		t.Fatalf("the root is %+v, %v", root, err)
	}
	if diff := cmp.Diff(map[string]int{}, src.taken()); diff != "" {
		t.Error(diff)
	}
	if _, err := tree.List(t.Context(), root); !errors.Is(err, client.ErrUnavailable) || errors.Is(err, ErrNotExist) {
		t.Errorf("its listing: %v", err)
	}
}

func TestATreeCanStartAnywhere(t *testing.T) {
	for _, c := range []struct{ start, path string }{
		{"", "/"},
		{"/", "/"},
		{"/lab", "/LAB"},
		{"LAB/P/", "/LAB/P"},
		{"/LAB/P/C", "/LAB/P/C"},
		{"/lab/p/c/with", "/LAB/P/C/WITH"},
		{"/LAB/P/C/WITH/DS-1", "/LAB/P/C/WITH/DS-1"},
		{"/LAB/P/C/DS-C/original/raw", "/LAB/P/C/DS-C/original/raw"},
	} {
		src := smallLab()
		tree := newTestTree(t, src, Options{Start: c.start})
		root, err := tree.Root(t.Context())
		if err != nil {
			t.Errorf("%s: %v", c.start, err)
			continue
		}
		if root.Path() != c.path {
			t.Errorf("%s starts at %s", c.start, root.Path())
		}
		if again, _ := tree.Root(t.Context()); again != root {
			t.Errorf("%s has two roots", c.start)
		}
		whole := newTestTree(t, src, Options{})
		if root.Inode != at(t, whole, c.path).Inode {
			t.Errorf("%s has another inode than the same directory in the whole tree", c.start)
		}
	}
	for _, start := range []string{"/NONE", "/LAB/NONE/C", "/LAB/P/C/DS-C/none"} {
		tree := newTestTree(t, smallLab(), Options{Start: start})
		if _, err := tree.Root(t.Context()); !errors.Is(err, ErrNotExist) {
			t.Errorf("%s: %v", start, err)
		}
	}
	tree := newTestTree(t, smallLab(), Options{Start: "/LAB/P/C/DS-C/README.md"})
	if _, err := tree.Root(t.Context()); !errors.Is(err, ErrNotDir) {
		t.Errorf("a file as root: %v", err)
	}
}

func TestNothingButDirectoriesIsListed(t *testing.T) {
	tree := newTestTree(t, smallLab(), Options{})
	for _, path := range []string{"/.meta.json", "/LAB/P/C/DS-C/README.md", "/LAB/P/LOOSE/.parents/WITH"} {
		if _, err := tree.List(t.Context(), at(t, tree, path)); !errors.Is(err, ErrNotDir) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAClosedTreeSaysSo(t *testing.T) {
	tree := New(smallLab(), Options{})
	root, _ := tree.Root(t.Context())
	tree.Close()
	if _, err := tree.List(t.Context(), root); err == nil || errors.Is(err, ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
