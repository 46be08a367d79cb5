package meta

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// collectionOf adds /S/P/C with n Objects of one Dataset each.
func collectionOf(f *fakeSource, n int) *client.Collection {
	f.addSpace("S")
	f.addProject("S", "P")
	c := f.addCollection("/S/P/C")
	for i := range n {
		f.addObject(fmt.Sprintf("/S/P/C/O%06d", i))
	}
	return c
}

func readAll(t testing.TB, r *Reader) []string {
	t.Helper()
	var all []string
	for i := 0; ; i++ {
		e, err := r.At(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			return all
		}
		all = append(all, e.Name)
	}
}

func TestTheFirstNamesDoNotWaitForTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFakeSource()
		c := collectionOf(src, 3000)
		src.pageSize = 500
		// One Dataset is called like the first Object that is still to come, and one like one of the first page.
		src.objects[700].Code = "DS-1"
		src.objects[2].Code = "DS-2"
		for _, o := range []*client.Object{src.objects[700], src.objects[2]} {
			o.Identifier = "/S/P/" + o.Code
		}
		src.addDataSet(c, "DS-1", "a")
		src.addDataSet(c, "DS-2", "a")
		tree := newTestTree(t, src, Options{})
		dir := at(t, tree, "/S/P/C")
		src.taken()
		release := make(chan struct{})
		pages := 0
		src.setIntercept(func(_ context.Context, method, _ string) error {
			if method == "page" {
				if pages++; pages == 2 {
					<-release
				}
			}
			return nil
		})
		r, err := tree.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		var early []*Entry
		for i := range 998 { // without the two that collide
			e, err := r.At(t.Context(), i)
			if err != nil || e == nil {
				t.Fatalf("entry %d: %v, %v", i, e, err)
			}
			early = append(early, e)
		}
		if e, err := tree.Lookup(t.Context(), dir, early[900].Name); err != nil || e.Inode != early[900].Inode {
			t.Errorf("a name that is shown does not resolve: %v", err)
		}
		if e, ready := r.Ready(998); ready {
			t.Errorf("%v is there before its page", e)
		}
		close(release)
		all := readAll(t, r)
		l, err := tree.List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		want := names(l)
		slices.Sort(all)
		if !slices.Equal(all, want) || len(all) != 3003 {
			t.Errorf("%d names, want %d", len(all), len(want))
		}
		if !slices.Contains(all, "DS-1 [o-S-P-C-O000700]") && !slices.Contains(all, "DS-1 [DS-1]") {
			t.Errorf("collisions are not told apart: %q", all[:8])
		}
		for _, e := range early {
			if now, ok := l.Find(e.Name); !ok || now.Inode != e.Inode {
				t.Fatalf("%s was shown, and is not any more", e.Name)
			}
		}
		if n := src.taken()["CollectionContents"]; n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestAListingThatBreaksOffSaysSo(t *testing.T) {
	src := newFakeSource()
	collectionOf(src, 100)
	src.pageSize = 30
	tree := newTestTree(t, src, Options{})
	dir := at(t, tree, "/S/P/C")
	src.failing(client.ErrForbidden, "page")
	r, err := tree.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for ; err == nil && i < 200; i++ {
		_, err = r.At(t.Context(), i)
	}
	if !errors.Is(err, client.ErrForbidden) || i != 31 {
		t.Errorf("%v at %d", err, i)
	}
}

func TestALargeListingFitsIntoItsEstimate(t *testing.T) {
	const n = 50_000
	src := newFakeSource()
	collectionOf(src, n)
	person := &client.Person{UserID: "jdoe", FirstName: "Jane", LastName: "Doe", Email: "jane.doe@lab.example"}
	for i, o := range src.objects {
		o.Properties = map[string]string{"$NAME": fmt.Sprint("Object ", i), "NOTES": "as usual"}
		o.Registrator, o.Modifier = person, person
	}
	used := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	tree := newTestTree(t, src, Options{})
	dir := at(t, tree, "/S/P/C")
	before := used()
	l, err := tree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	grown := used() - before
	s, _ := peek[*snapshot](tree.answers, dir.id)
	estimate := int64(s.cost())
	t.Logf("%d bytes for each Object, %d as an estimate", grown/n, estimate/n)
	if grown > estimate*5/4 || estimate > 600*n {
		t.Errorf("%d Objects take %d KiB, the estimate is %d KiB", l.Len(), grown>>10, estimate>>10)
	}
	if o := l.At(7).facts().(*client.Object); o.Properties["NOTES"] != "as usual" || *o.Registrator != *person || !o.Modified.Equal(modifiedAt) {
		t.Errorf("unpacked: %+v", o)
	}
	runtime.KeepAlive(src)
}

func TestAListingThatTakesLongerThanTheTTLIsStillOfUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFakeSource()
		collectionOf(src, 100)
		src.pageSize = 30
		tree := newTestTree(t, src, Options{TTL: 10 * time.Second})
		dir := at(t, tree, "/S/P/C")
		src.setIntercept(func(_ context.Context, method, _ string) error {
			if method == "page" {
				advance(7 * time.Second)
			}
			return nil
		})
		for i, want := range []int{1, 0, 1} {
			src.taken()
			if _, err := tree.List(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			if n := src.taken()["CollectionContents"]; n != want {
				t.Errorf("listing %d: asked %d times, want %d", i, n, want)
			}
			advance(3 * time.Second)
		}
	})
}
