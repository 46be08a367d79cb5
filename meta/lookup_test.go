package meta

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

// ambiguousLab has a Collection and an Object of one code in a Project, and a
// Project and an Object of one code in a Space.
func ambiguousLab() *fakeSource {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	src.addProject("LAB", "TWIN")
	src.addObject("/LAB/TWIN")
	src.addCollection("/LAB/P/X")
	src.addObject("/LAB/P/X")
	src.addObject("/LAB/P/Y")
	contained := src.addObject("/LAB/P/A1")
	contained.Identifier = "/LAB/P/PLATE:A1"
	return src
}

func TestACodeIsFoundInAnyLetterCase(t *testing.T) {
	tree := newTestTree(t, ambiguousLab(), Options{})
	for _, c := range []struct{ path, want string }{
		{"/LAB/P/Y", "Y"},
		{"/lab/p/y", "Y"},
		{"/Lab/P/plate:a1", "PLATE:A1"},
		{"/lab/p/O-LAB-P-Y", "Y"},                 // by permId
		{"/lab/p/o-lab-p-y", "Y"},                 //
		{"/lab/p/Y [o-LAB-P-Y]", "Y"},             // as it would be called with a namesake
		{"/lab/p/X [c-LAB-P-X]", "X [c-LAB-P-X]"}, // as listed
		{"/lab/p/c-lab-p-x", "X [c-LAB-P-X]"},
		{"/lab/twin [p-LAB-TWIN]", "TWIN [p-LAB-TWIN]"},
	} {
		if got := at(t, tree, c.path).Name; got != c.want {
			t.Errorf("%s is %q, want %q", c.path, got, c.want)
		}
	}
}

func TestAnAmbiguousCodeIsNobody(t *testing.T) {
	tree := newTestTree(t, ambiguousLab(), Options{})
	p := at(t, tree, "/LAB/P")
	for _, name := range []string{"X", "x", "Y [c-LAB-P-X]", "Z", ".git", ".DS_Store", "desktop.ini", "", "[]", " ["} {
		if e, err := tree.Lookup(t.Context(), p, name); !errors.Is(err, ErrNotExist) {
			t.Errorf("%q is %v, %v", name, e, err)
		}
	}
	want := []string{".meta.json", "PLATE:A1", "X [c-LAB-P-X]", "X [o-LAB-P-X]", "Y"}
	if diff := cmp.Diff(want, names(list(t, tree, "/LAB/P"))); diff != "" {
		t.Error(diff)
	}
	want = []string{".meta.json", "P", "TWIN [o-LAB-TWIN]", "TWIN [p-LAB-TWIN]"}
	if diff := cmp.Diff(want, names(list(t, tree, "/LAB"))); diff != "" {
		t.Error(diff)
	}
}

func TestCodesThatStartWithADotDoNotLookLikeTheTreesOwnNames(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	src.addObject("/LAB/P/.META.JSON")
	src.addObject("/LAB/P/.PARENTS")
	tree := newTestTree(t, src, Options{})
	want := []string{"%2EMETA.JSON", "%2EPARENTS", ".meta.json"}
	if diff := cmp.Diff(want, names(list(t, tree, "/LAB/P"))); diff != "" {
		t.Error(diff)
	}
	if e := at(t, tree, "/LAB/P/.meta.json"); e.Type != Document {
		t.Errorf(".meta.json is %v", e.Type)
	}
	if _, err := tree.Lookup(t.Context(), at(t, tree, "/LAB/P"), ".parents"); !errors.Is(err, ErrNotExist) {
		t.Errorf(".parents: %v", err)
	}
}

func TestAnObjectGoesBeforeADatasetThatIsCalledLikeIt(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	c := src.addCollection("/LAB/P/C")
	src.addObject("/LAB/P/C/D1")
	src.addDataSet(c, "D1")
	tree := newTestTree(t, src, Options{})
	want := []string{".meta.json", "D1 [D1]", "D1 [o-LAB-P-C-D1]"}
	if diff := cmp.Diff(want, names(list(t, tree, "/LAB/P/C"))); diff != "" {
		t.Error(diff)
	}
	if e := at(t, tree, "/LAB/P/C/d1"); e.id.kind != kindObject {
		t.Errorf("d1 is the %v", e.id.kind)
	}
}

// Whatever the siblings: every listed name leads to its entity, and so do
// "CODE [permId]" and, if no code looks like it, the permId.
func TestEveryListedNameResolves(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	codes := []string{"A", "B", "C.", ".D", "2025-1", "2025-2", "a"}
	for range 500 {
		src := newFakeSource()
		src.addSpace("LAB")
		src.addProject("LAB", "P")
		c := src.addCollection("/LAB/P/C")
		for i := range r.IntN(12) {
			if permID := fmt.Sprint("2025-", i); r.IntN(3) == 0 {
				src.addDataSet(c, permID)
				continue
			}
			src.addObject("/LAB/P/C/" + codes[r.IntN(len(codes))]).PermID = fmt.Sprint("2025-", i)
		}
		tree := New(src, Options{})
		dir := at(t, tree, "/LAB/P/C")
		l, err := tree.List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		for i := range l.Len() {
			e := l.At(i)
			aliases := []string{e.Name}
			if e.permID != "" {
				aliases = append(aliases, e.label+" ["+e.permID+"]", strings.ToLower(e.label)+" ["+e.permID+"]")
			}
			for _, name := range aliases {
				found, err := tree.Lookup(t.Context(), dir, name)
				if err != nil || found.Inode != e.Inode {
					t.Fatalf("%q among %q is %v, %v", name, names(l), found, err)
				}
			}
		}
		tree.Close()
	}
}

func TestListingsAreSortedByBytesAndFindWhatTheyList(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	c := src.addCollection("/LAB/P/C")
	src.addDataSet(c, "D", "!first", "-x", ".a", ".z", "B", "a", "ä", "original/x")
	tree := newTestTree(t, src, Options{})
	l := list(t, tree, "/LAB/P/C/D")
	want := []string{"!first", "-x", ".a", ".meta.json", ".z", "B", "a", "original", "ä"}
	if diff := cmp.Diff(want, names(l)); diff != "" {
		t.Error(diff)
	}
	for i := range l.Len() {
		if e, ok := l.Find(l.At(i).Name); !ok || e != l.At(i) {
			t.Errorf("%q is not found", l.At(i).Name)
		}
	}
	for _, name := range []string{"", "A", "zz", ".metb"} {
		if e, ok := l.Find(name); ok {
			t.Errorf("%q is %v", name, e)
		}
	}
}

func TestDuplicatesInAnAnswerAreShownOnce(t *testing.T) {
	src := newFakeSource()
	src.addSpace("LAB")
	src.addProject("LAB", "P")
	o := src.addObject("/LAB/P/O")
	src.objects = append(src.objects, o)
	src.spaces = append(src.spaces, &client.Space{PermID: "", Code: ""})
	tree := newTestTree(t, src, Options{})
	if diff := cmp.Diff([]string{".meta.json", "O"}, names(list(t, tree, "/LAB/P"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{".meta.json", "?", "LAB"}, names(list(t, tree, "/"))); diff != "" {
		t.Error(diff)
	}
}
