package fs

import (
	"strings"
	"testing"
	"time"
)

func TestAWideCollectionCostsFewCallsOnceAndNoneAgain(t *testing.T) {
	const objects = 10_000
	l := mountLab(t, func(o *labOptions) { o.lab, o.metadata = "wide:10000", time.Minute })
	dir := l.path("WIDE", "LIBRARY", "COMPOUNDS")
	l.calls()
	listing := l.run("ls", "-l", dir)
	if n := strings.Count(listing, "CMP-"); n != objects {
		t.Errorf("%d Objects listed, want %d", n, objects)
	}
	if n := l.calls(); n > 12 {
		t.Errorf("the first ls -l cost %d calls, want at most 12", n)
	} else {
		t.Logf("the first ls -l cost %d calls", n)
	}
	if again := l.run("ls", "-l", dir); again != listing {
		t.Error("the second ls -l says something else")
	}
	if n := l.calls(); n != 0 {
		t.Errorf("the second ls -l cost %d calls, want none", n)
	}
	// The Objects' own directories came with the Collection.
	if n := strings.Count(l.run("find", dir, "-mindepth", "2", "-maxdepth", "2", "-type", "d"), "\n"); n != objects {
		t.Errorf("%d Datasets, want %d", n, objects)
	}
	if n := l.calls(); n != 0 {
		t.Errorf("listing all Objects cost %d calls, want none", n)
	}
}

func TestADeepTreeCostsACallForEachDirectoryWithEntitiesAtMost(t *testing.T) {
	l := mountLab(t, func(o *labOptions) { o.lab = "deep:5,5,5,40" })
	l.calls()
	found := l.run("sh", "-c", `find "$1"/DEEP-*`, "sh", l.dir)
	const objects, collections, projects, spaces = 5 * 5 * 5 * 40, 5 * 5 * 5, 5 * 5, 5
	if n := strings.Count(found, "/.meta.json\n"); n != objects+collections+projects+spaces {
		t.Errorf("%d documents found, want one for each of %d entities", n, objects+collections+projects+spaces)
	}
	const directories = 1 + spaces + projects + collections // with the root
	calls := l.server.Calls()
	if n := l.calls(); n > directories {
		t.Errorf("find cost %d calls, want at most %d: %v", n, directories, calls)
	} else {
		t.Logf("find cost %d calls for %d directories with entities", n, directories)
	}
}
