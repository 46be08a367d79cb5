package meta

import (
	"errors"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

// targets returns the links of a directory.
func targets(t testing.TB, tree *Tree, path string) map[string]string {
	t.Helper()
	l := list(t, tree, path)
	all := map[string]string{}
	for i := range l.Len() {
		all[l.At(i).Name] = l.At(i).Target
	}
	return all
}

// relatedLab has an Object with relatives near and far.
func relatedLab() (src *fakeSource, self *client.Object) {
	src = ambiguousLab()
	src.addSpace("FAR")
	src.addProject("FAR", "Q")
	src.addCollection("/FAR/Q/C")
	src.addCollection("/LAB/P/C")
	self = src.addObject("/LAB/P/C/SELF")
	for _, p := range []string{
		"/LAB/P/C/NEAR", "/LAB/P/X/IN_AMBIGUOUS", "/LAB/TWIN/IN_TWIN", "/FAR/Q/C/DEEP", "/FAR/FLAT", "/LAB/P/C/SELF2",
	} {
		relate(src.addObject(p), self)
	}
	for _, o := range src.objects {
		if o.PermID == "o-LAB-P-X" || o.PermID == "o-LAB-TWIN" {
			relate(o, self)
		}
	}
	relate(self, self)
	shared := src.addObject("/LAB/SHARED")
	shared.Space, shared.Identifier = "", "/SHARED"
	relate(shared, self)
	hidden := src.addObject("/HIDDEN/OBJECT")
	relate(hidden, self)
	gone := src.addObject("/LAB/P/GONE")
	relate(gone, self)
	src.objects = src.objects[:len(src.objects)-1]
	return src, self
}

func TestLinksLeadToTheDisplayedNames(t *testing.T) {
	src, _ := relatedLab()
	tree := newTestTree(t, src, Options{})
	want := map[string]string{
		"NEAR":         "../../NEAR",
		"SELF":         "..",
		"SELF2":        "../../SELF2",
		"IN_AMBIGUOUS": "../../../X [c-LAB-P-X]/IN_AMBIGUOUS",
		"X":            "../../../X [o-LAB-P-X]",
		"IN_TWIN":      "../../../../TWIN [p-LAB-TWIN]/IN_TWIN",
		"TWIN":         "../../../../TWIN [o-LAB-TWIN]",
		"DEEP":         "../../../../../FAR/Q/C/DEEP",
		"FLAT":         "../../../../../FAR/FLAT",
	}
	if diff := cmp.Diff(want, targets(t, tree, "/LAB/P/C/SELF/.parents")); diff != "" {
		t.Error(diff)
	}
	resolveAll(t, tree, "/LAB/P/C/SELF/.parents")
	calls := src.taken()
	if calls["CollectionContents"] > 3 { // C, and X and FAR/Q/C when the links were followed
		t.Errorf("calls: %v", calls)
	}
}

// resolveAll follows all links of a directory.
func resolveAll(t testing.TB, tree *Tree, dir string) {
	t.Helper()
	for name, target := range targets(t, tree, dir) {
		if target == "" {
			continue
		}
		e := at(t, tree, path.Join(dir, target))
		link := at(t, tree, path.Join(dir, name))
		if e.permID != link.permID {
			t.Errorf("%s/%s leads to %s", dir, name, e.Path())
		}
	}
}

func TestListingLinksDoesNotListOtherCollections(t *testing.T) {
	src, _ := relatedLab()
	tree := newTestTree(t, src, Options{})
	list(t, tree, "/LAB/P/C/SELF/.parents")
	want := map[string]int{"Spaces": 1, "SpaceContents": 2, "ProjectContents": 3, "CollectionContents": 1}
	if diff := cmp.Diff(want, src.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestLinksStayInsideATreeThatStartsFurtherDown(t *testing.T) {
	src, _ := relatedLab()
	for _, c := range []struct {
		start, path string
		want        []string
	}{
		{"/LAB", "/P/C/SELF/.parents", []string{"IN_AMBIGUOUS", "IN_TWIN", "NEAR", "SELF", "SELF2", "TWIN", "X"}},
		{"/LAB/P", "/C/SELF/.parents", []string{"IN_AMBIGUOUS", "NEAR", "SELF", "SELF2", "X"}},
		{"/LAB/P/C", "/SELF/.parents", []string{"NEAR", "SELF", "SELF2"}},
		{"/LAB/P/C/SELF", "/.parents", []string{"SELF"}},
	} {
		tree := newTestTree(t, src, Options{Start: c.start})
		if diff := cmp.Diff(c.want, names(list(t, tree, c.path))); diff != "" {
			t.Errorf("%s: %s", c.start, diff)
		}
		for name, target := range targets(t, tree, c.path) {
			depth := strings.Count(c.path, "/")
			if ups := strings.Count(target, ".."); ups > depth {
				t.Errorf("%s: %s leaves the tree with %s", c.start, name, target)
			}
		}
	}
	// nothing is left for the relatives of NEAR in a tree that starts there
	tree := newTestTree(t, src, Options{Start: "/LAB/P/C/NEAR"})
	if _, err := tree.Lookup(t.Context(), at(t, tree, "/"), ".children"); !errors.Is(err, ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRelativesOfOneNameAreToldApart(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	src.addProject("LAB", "Q")
	self := src.addObject("/LAB/P/SELF")
	relate(src.addObject("/LAB/P/A"), self)
	relate(src.addObject("/LAB/Q/A"), self)
	relate(src.addObject("/LAB/Q/B"), self)
	tree := newTestTree(t, src, Options{})
	want := map[string]string{"A [o-LAB-P-A]": "../../A", "A [o-LAB-Q-A]": "../../../Q/A", "B": "../../../Q/B"}
	if diff := cmp.Diff(want, targets(t, tree, "/LAB/P/SELF/.parents")); diff != "" {
		t.Error(diff)
	}
	resolveAll(t, tree, "/LAB/P/SELF/.parents")
}

func TestOneUnreachableProjectDoesNotTakeItsLinksAway(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	src.addProject("LAB", "Q")
	self := src.addObject("/LAB/P/SELF")
	relate(src.addObject("/LAB/Q/A"), self)
	relate(src.addObject("/LAB/P/B"), self)
	tree := newTestTree(t, src, Options{})
	dir := at(t, tree, "/LAB/P/SELF/.parents")
	src.failing(client.ErrServer)
	l, err := tree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A", "B"}, names(l)); diff != "" {
		t.Error(diff)
	}
	if l.At(0).Target != "../../../Q/A" {
		t.Errorf("A is at %s", l.At(0).Target)
	}
}

func TestDatasetsHaveRelativesToo(t *testing.T) {
	src := smallLab()
	loose, c, one := src.dataSets[0], src.dataSets[1], src.dataSets[2]
	one.Parents = []client.DataSetRef{dataSetRefOf(loose), dataSetRefOf(c)}
	loose.Children = []client.DataSetRef{dataSetRefOf(one)}
	tree := newTestTree(t, src, Options{})
	want := map[string]string{"DS-LOOSE": "../../../../LOOSE/DS-LOOSE", "DS-C": "../../../DS-C"}
	if diff := cmp.Diff(want, targets(t, tree, "/LAB/P/C/WITH/DS-1/.parents")); diff != "" {
		t.Error(diff)
	}
	resolveAll(t, tree, "/LAB/P/C/WITH/DS-1/.parents")
	resolveAll(t, tree, "/LAB/P/LOOSE/DS-LOOSE/.children")
}
