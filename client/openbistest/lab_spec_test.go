package openbistest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseLabAddsToTheSmallLab(t *testing.T) {
	small := SmallLab()
	for _, c := range []struct {
		spec                                          string
		spaces, projects, collections, objects, datas int // more than in the small lab
	}{
		{"", 0, 0, 0, 0, 0},
		{"small", 0, 0, 0, 0, 0},
		{"wide:25", 1, 1, 1, 25, 25},
		{"small,wide:0", 1, 1, 1, 0, 0},
		{"deep:2,3,4,5", 2, 6, 24, 120, 0},
		{"deep:2,1,1,1,wide:3", 3, 3, 3, 5, 3},
		{"small,deep:2,1,1,1,wide:3", 3, 3, 3, 5, 3},
		{"huge:4,1000,wide:2", 2, 2, 5, 2, 2},
	} {
		l, err := ParseLab(c.spec)
		if err != nil {
			t.Errorf("%q: %v", c.spec, err)
			continue
		}
		got := [...]int{len(l.Spaces) - len(small.Spaces), len(l.Projects) - len(small.Projects), len(l.Experiments) - len(small.Experiments),
			len(l.Samples) - len(small.Samples), len(l.DataSets) - len(small.DataSets)}
		if want := [...]int{c.spaces, c.projects, c.collections, c.objects, c.datas}; got != want {
			t.Errorf("%q adds %v, want %v", c.spec, got, want)
		}
	}
}

func TestParseLabRefusesWhatItDoesNotUnderstand(t *testing.T) {
	for _, spec := range []string{"large", "small:3", "wide", "wide:", "wide:x", "wide:-1", "huge:5", "huge:2000,2000", "wide:1,2", "wide:1,wide:2", "deep:1,2,3",
		"deep:1,2,3,4,5", "deep:2000,2000,2000,2000", "wide:99999999999999999999", "small,", ",small", "small,,wide:1", "Wide:1",
		"files:", "files:/no/such/directory"} {
		if _, err := ParseLab(spec); err == nil {
			t.Errorf("%q was taken", spec)
		}
	}
}

func TestParseLabTakesFilesOfADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a,directory,with:signs")
	if err := os.MkdirAll(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "folder", "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := ParseLab("wide:2,files:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	l.DataSets[len(l.DataSets)-1].Root.Walk(func(path string, n *Node) {
		if n.Content != nil {
			data := make([]byte, n.Content.Size())
			if _, err := n.Content.ReadAt(data, 0); err != nil {
				t.Error(err)
			}
			files[path] = string(data)
		}
	})
	if want := "original/a,directory,with:signs/folder/file"; len(files) != 1 || files[want] != "content" {
		t.Errorf("files %q, want %s", files, want)
	}
}
