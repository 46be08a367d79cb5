package meta

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

func TestADatasetsOwnFilesWinOverWhatIsAdded(t *testing.T) {
	src := smallLab()
	o := src.objects[2]
	ds := src.addDataSet(o, "DS-OWN", ".meta.json", ".parents/x")
	parent := src.dataSets[0]
	ds.Parents = []client.DataSetRef{dataSetRefOf(parent)}
	ds.Children = []client.DataSetRef{dataSetRefOf(parent)}
	tree := newTestTree(t, src, Options{})
	if diff := cmp.Diff([]string{".children", ".meta.json", ".parents"}, names(list(t, tree, "/LAB/P/C/WITH/DS-OWN"))); diff != "" {
		t.Error(diff)
	}
	if e := at(t, tree, "/LAB/P/C/WITH/DS-OWN/.meta.json"); e.Type != File || e.Size != 100 {
		t.Errorf(".meta.json is %+v", e)
	}
	if diff := cmp.Diff([]string{"x"}, names(list(t, tree, "/LAB/P/C/WITH/DS-OWN/.parents"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"DS-LOOSE"}, names(list(t, tree, "/LAB/P/C/WITH/DS-OWN/.children"))); diff != "" {
		t.Error(diff)
	}
}

func TestAContainerIsADirectoryOfLinksToItsComponents(t *testing.T) {
	src := smallLab()
	with, loose := src.objects[2], src.objects[1]
	box := src.addDataSet(with, "BOX")
	box.Kind, box.Physical, box.DataStore = client.Container, nil, ""
	for _, ds := range src.dataSets {
		if ds != box {
			box.Components = append(box.Components, dataSetRefOf(ds))
		}
	}
	box.Components = append(box.Components, client.DataSetRef{PermID: "NOWHERE"})
	inner := src.addDataSet(loose, "INNER")
	inner.Kind = client.Container
	inner.Components = []client.DataSetRef{dataSetRefOf(box)}
	tree := newTestTree(t, src, Options{})
	l := list(t, tree, "/LAB/P/C/WITH/BOX")
	got := map[string]string{}
	for i := range l.Len() {
		got[l.At(i).Name] = l.At(i).Target
	}
	want := map[string]string{
		".meta.json": "", "DS-1": "../DS-1", "DS-2": "../DS-2", "DS-C": "../../DS-C", "DS-LOOSE": "../../../LOOSE/DS-LOOSE",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if e := at(t, tree, "/LAB/P/LOOSE/INNER/box"); e.Target != "../../C/WITH/BOX" {
		t.Errorf("the inner container links to %q", e.Target)
	}
	if calls := src.taken(); calls["Files"] != 0 {
		t.Errorf("containers were asked for their files: %v", calls)
	}
}

func TestALinkedDatasetShowsWhatIsKnown(t *testing.T) {
	for _, err := range []error{client.ErrLinked, client.ErrNotFound} {
		src := smallLab()
		ds := src.addDataSet(src.objects[2], "FAR")
		ds.Kind, ds.Physical = client.Linked, nil
		src.failing(fmt.Errorf("files: %w", err), "Files")
		tree := newTestTree(t, src, Options{})
		if diff := cmp.Diff([]string{".meta.json"}, names(list(t, tree, "/LAB/P/C/WITH/FAR"))); diff != "" {
			t.Error(diff)
		}
	}
	src := smallLab()
	ds := src.addDataSet(src.objects[2], "FAR", "original/a")
	ds.Kind, ds.Physical = client.Linked, nil
	tree := newTestTree(t, src, Options{})
	if diff := cmp.Diff([]string{".meta.json", "original"}, names(list(t, tree, "/LAB/P/C/WITH/FAR"))); diff != "" {
		t.Error(diff)
	}
	src.failing(client.ErrForbidden, "Files")
	tree = newTestTree(t, src, Options{})
	if _, err := tree.List(t.Context(), at(t, tree, "/LAB/P/C/WITH/FAR")); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

func TestAnArchivedDatasetListsAndNoticesThatItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		ds := src.dataSets[1] // DS-C
		ds.Physical = &client.PhysicalData{Status: client.Archived}
		tree := newTestTree(t, src, Options{})
		folder := at(t, tree, "/LAB/P/C/DS-C/original/raw")
		e, err := tree.Lookup(t.Context(), folder, "1.tif")
		if err != nil {
			t.Fatal(err)
		}
		if e.DataSet.Physical.Status != client.Archived {
			t.Errorf("the status is %v", e.DataSet.Physical.Status)
		}
		src.mu.Lock()
		back := *ds
		back.Physical = &client.PhysicalData{Status: client.Available}
		src.dataSets[1] = &back
		src.mu.Unlock()
		advance(time.Hour)
		src.taken()
		again, err := tree.Lookup(t.Context(), folder, "1.tif")
		if err != nil {
			t.Fatal(err)
		}
		if again.DataSet.Physical.Status != client.Available || again.Inode != e.Inode {
			t.Errorf("then %v", again.DataSet.Physical.Status)
		}
		if diff := cmp.Diff(map[string]int{"CollectionContents": 1}, src.taken()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFolderListingsAreMadeOnce(t *testing.T) {
	tree := newTestTree(t, smallLab(), Options{})
	first := list(t, tree, "/LAB/P/C/DS-C/original/raw")
	if again := list(t, tree, "/LAB/P/C/DS-C/original/raw"); again != first {
		t.Error("two listings of an immutable folder")
	}
	a, b := list(t, tree, "/LAB/P/C"), list(t, tree, "/LAB/P/C")
	for i := range a.Len() {
		if a.At(i) != b.At(i) {
			t.Errorf("two entries for %s", a.At(i).Name)
		}
	}
}
