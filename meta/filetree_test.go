package meta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

// show writes a file tree as sorted lines "shown path → listed path (d|f)".
func show(t *fileTree, path, shown string) []string {
	var lines []string
	for _, n := range t.folders[path].nodes {
		mark := "f"
		if n.file.Directory {
			mark = "d"
		}
		lines = append(lines, fmt.Sprintf("%s %q = %q", mark, shown+n.name, n.file.Path))
		if n.file.Directory {
			lines = append(lines, show(t, n.file.Path, shown+n.name+"/")...)
		}
	}
	return lines
}

func dir(path string) client.File  { return client.File{Path: path, Directory: true} }
func file(path string) client.File { return client.File{Path: path, Size: 10, HasCRC32: true} }

func TestFileTreeMakesTheBestOfOddLists(t *testing.T) {
	hash := func(path string, directory bool, i int) string { return "~" + hash8(fmt.Sprint(path, directory, i)) }
	for _, c := range []struct {
		what  string
		files []client.File
		want  []string
		odd   int
		count int
	}{
		{
			"a usual list",
			[]client.File{dir("original"), file("original/a"), dir("original/b"), file("original/b/c")},
			[]string{`d "original" = "original"`, `f "original/a" = "original/a"`, `d "original/b" = "original/b"`, `f "original/b/c" = "original/b/c"`},
			0, 2,
		}, {
			"folders that only their files tell of, in any order",
			[]client.File{file("x/y/z"), dir("x"), file("a")},
			[]string{`f "a" = "a"`, `d "x" = "x"`, `d "x/y" = "x/y"`, `f "x/y/z" = "x/y/z"`},
			0, 2,
		}, {
			"the root and folders with a slash at the end",
			[]client.File{dir(""), dir("/"), dir("x/"), file("x/a")},
			[]string{`d "x" = "x"`, `f "x/a" = "x/a"`},
			0, 1,
		}, {
			"paths that name nothing",
			[]client.File{file(""), file("/etc/passwd"), file("a//b"), file("c/"), file("ok")},
			[]string{`f "ok" = "ok"`},
			4, 1,
		}, {
			"segments that would leave the folder",
			[]client.File{file("../x"), file("a/./b"), file("..")},
			[]string{
				`d "%2E%2E" = ".."`, `f "%2E%2E/x" = "../x"`, `f "%2E%2E` + hash("..", false, 0) + `" = ".."`,
				`d "a" = "a"`, `d "a/%2E" = "a/."`, `f "a/%2E/b" = "a/./b"`,
			},
			1, 3,
		}, {
			"a file that is a folder, too",
			[]client.File{file("x"), dir("x"), file("x/y")},
			[]string{`d "x" = "x"`, `f "x/y" = "x/y"`, `f "x` + hash("x", false, 0) + `" = "x"`},
			1, 2,
		}, {
			"duplicates",
			[]client.File{file("x"), file("x"), dir("d"), dir("d"), file("x")},
			[]string{`d "d" = "d"`, `f "x" = "x"`},
			2, 1,
		}, {
			"an exact name goes before one that had to be encoded",
			[]client.File{file("a\x00b"), file("a%00b")},
			[]string{`f "a%00b" = "a%00b"`, `f "a%00b` + hash("a\x00b", false, 0) + `" = "a\x00b"`},
			1, 2,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			odd := 0
			tree := newFileTree(c.files, func(string, string) { odd++ })
			if diff := cmp.Diff(c.want, show(tree, "", "")); diff != "" {
				t.Error(diff)
			}
			if odd != c.odd {
				t.Errorf("%d oddities, want %d", odd, c.odd)
			}
			if tree.summary.count != c.count || tree.summary.bytes != int64(10*c.count) {
				t.Errorf("the summary is %+v, want %d files", tree.summary, c.count)
			}
		})
	}
}

// Whatever the list: every file that is not left out is shown once, under a
// valid path, and lists of any order give the same tree.
func FuzzFileTree(f *testing.F) {
	f.Add("original/a\noriginal/b/\n../x\na//b\nx\nx/y\nx")
	f.Add("a%00b\na\x00b\n.\n..\n/\n\n~")
	f.Fuzz(func(t *testing.T, list string) {
		var files []client.File
		for _, p := range strings.Split(list, "\n") {
			files = append(files, client.File{Path: p, Directory: strings.HasSuffix(p, "/"), Size: 1})
		}
		ignore := func(string, string) {}
		tree := newFileTree(files, ignore)
		lines := show(tree, "", "")
		for path, folder := range tree.folders {
			seen := map[string]bool{}
			for _, n := range folder.nodes {
				checkBytes(t, n.name)
				if seen[n.name] {
					t.Fatalf("%q twice in %q", n.name, path)
				}
				seen[n.name] = true
			}
		}
		expected := map[string]bool{}
		for _, f := range files {
			if !f.Directory && !slices.Contains(strings.Split(f.Path, "/"), "") {
				expected[f.Path] = true
			}
		}
		shown := 0
		for _, line := range lines {
			if line[0] == 'f' {
				shown++
			}
		}
		if shown != len(expected) || tree.summary.count != shown {
			t.Fatalf("%d files are shown, %d counted, of %d", shown, tree.summary.count, len(expected))
		}
		slices.Reverse(files)
		if diff := cmp.Diff(lines, show(newFileTree(files, ignore), "", "")); diff != "" {
			t.Fatal(diff)
		}
	})
}
