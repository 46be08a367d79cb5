package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

var update = flag.Bool("update", false, "write the golden files")

// documentedLab has everything that a document can show.
func documentedLab() *fakeSource {
	src := newFakeSource()
	jdoe := &client.Person{UserID: "jdoe", FirstName: "Jane", LastName: "Doe", Email: "jane@lab.example"}
	robot := &client.Person{UserID: "robot"}
	src.instance = &client.Instance{
		URL: "https://lab.example/openbis", APIVersion: "3.6", User: jdoe,
		Server:     map[string]string{"openbis-version": "20.10.7", "api-version": "3.6", "archiving-configured": "true"},
		DataStores: []client.DataStore{{Code: "DSS1", DownloadURL: "https://dss.example/datastore_server"}},
	}
	src.schema = typesLab()
	s := src.addSpace("LAB")
	s.Description, s.Registrator = "Microscopy & more, größer <1 µm>", jdoe
	p := src.addProject("LAB", "P")
	p.Description, p.Registrator, p.Modifier, p.Leader = "Pilot", jdoe, robot, jdoe
	c := src.addCollection("/LAB/P/C")
	c.Properties, c.Tags, c.Registrator, c.Modifier = map[string]string{"$NAME": "Time lapse", "N": "12"}, []string{"Z", "A"}, jdoe, robot
	o := src.addObject("/LAB/P/C/O")
	o.Properties = map[string]string{"COLOUR": "RED", "OK": "true", "X": "1.50", "WHEN": "2025-03-01 10:00:00 +0100", "$NAME": "日本 \"quoted\"\n"}
	o.Tags, o.Registrator, o.Modifier = []string{"T"}, jdoe, jdoe
	for _, path := range []string{"/LAB/P/C/PARENT2", "/LAB/P/C/PARENT1"} {
		relate(src.addObject(path), o)
	}
	relate(o, src.addObject("/LAB/CHILD"))
	ds := src.addDataSet(o, "DS", "original/", "original/a.tif", "original/b.tif")
	ds.Properties, ds.Tags, ds.Registrator, ds.Modifier = map[string]string{"NAME": "Stack"}, []string{"T"}, jdoe, robot
	ds.Physical = &client.PhysicalData{Status: client.Archived, Size: 203, Location: "1FD/ab/cd/ef/DS", ShareID: "1", Complete: "YES", PresentInArchive: true}
	linked := src.addDataSet(c, "LINKED")
	linked.Kind, linked.Physical = client.Linked, nil
	linked.Linked = &client.LinkedData{ExternalCode: "X1", ExternalDMS: "GIT", Copies: []client.ContentCopy{{
		ExternalDMS: "GIT", Path: "/repo", GitCommitHash: "c0ffee", GitRepositoryID: "r1",
	}}}
	box := src.addDataSet(c, "BOX")
	box.Kind, box.Physical, box.DataStore = client.Container, nil, ""
	box.Components = []client.DataSetRef{dataSetRefOf(linked), dataSetRefOf(ds)}
	box.Parents = []client.DataSetRef{dataSetRefOf(ds)}
	ds.Children = []client.DataSetRef{dataSetRefOf(box)}
	return src
}

func TestDocuments(t *testing.T) {
	tree := newTestTree(t, documentedLab(), Options{WebURL: "https://lab.example/openbis"})
	for name, path := range map[string]string{
		"openbis": "/", "space": "/LAB", "project": "/LAB/P", "collection": "/LAB/P/C", "object": "/LAB/P/C/O",
		"object_in_space": "/LAB/CHILD", "dataset": "/LAB/P/C/O/DS", "dataset_linked": "/LAB/P/C/LINKED", "dataset_container": "/LAB/P/C/BOX",
	} {
		t.Run(name, func(t *testing.T) {
			e := at(t, tree, path+"/.meta.json")
			text, err := tree.Document(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			if e.Size != int64(len(text)) || e.Type != Document {
				t.Errorf("%d bytes are announced, %d come", e.Size, len(text))
			}
			if !bytes.HasSuffix(text, []byte("}\n")) || !json.Valid(text) {
				t.Error("not a JSON text with a newline at the end")
			}
			listed, ok := list(t, tree, path).Find(".meta.json")
			if !ok || listed.Inode != e.Inode || listed.Size != e.Size {
				t.Errorf("listed as %+v, found as %+v", listed, e)
			}
			golden := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(golden, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDocumentsAreTheSameWhateverTheOrderOfTheAnswer(t *testing.T) {
	one, other := documentedLab(), documentedLab()
	o := other.objects[0]
	o.Parents[0], o.Parents[1] = o.Parents[1], o.Parents[0]
	c := other.collections[0]
	c.Tags[0], c.Tags[1] = c.Tags[1], c.Tags[0]
	for _, path := range []string{"/LAB/P/C/O/.meta.json", "/LAB/P/C/.meta.json"} {
		var texts [2]string
		for i, src := range []*fakeSource{one, other} {
			tree := newTestTree(t, src, Options{})
			text, err := tree.Document(t.Context(), at(t, tree, path))
			if err != nil {
				t.Fatal(err)
			}
			texts[i] = string(text)
		}
		if texts[0] != texts[1] {
			t.Error(cmp.Diff(texts[0], texts[1]))
		}
	}
}

func TestDocumentsWithoutWebUIHaveNoLinks(t *testing.T) {
	tree := newTestTree(t, documentedLab(), Options{})
	text, err := tree.Document(t.Context(), at(t, tree, "/LAB/.meta.json"))
	if err != nil || !strings.Contains(string(text), `"url": null`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestADocumentThatCannotBeMadeHidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := documentedLab()
		src.failing(client.ErrServer, "Instance", "Schema")
		tree := newTestTree(t, src, Options{})
		for path, entries := range map[string]int{"/": 2, "/LAB/P/C/O": 4} {
			l := list(t, tree, path)
			if l.Len() != entries {
				t.Errorf("%s has %q", path, names(l))
			}
			e, ok := l.Find(".meta.json")
			if !ok || e.Size != 0 {
				t.Fatalf("%s: %+v", path, e)
			}
			if _, err := tree.Document(t.Context(), e); !errors.Is(err, client.ErrServer) || errors.Is(err, ErrNotExist) {
				t.Errorf("%s: %v", path, err)
			}
		}
		broken := at(t, tree, "/.meta.json")
		src.setIntercept(nil)
		advance(errorHold)
		if text, err := tree.Document(t.Context(), broken); err != nil || len(text) == 0 {
			t.Errorf("afterwards: %q, %v", text, err)
		}
		if e := at(t, tree, "/LAB/P/C/O/.meta.json"); e.Size == 0 {
			t.Error("the size is still unknown")
		}
	})
}

func TestADocumentFollowsTheListingOfItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := documentedLab()
		tree := newTestTree(t, src, Options{TTL: time.Minute})
		before := at(t, tree, "/LAB/P/C/.meta.json")
		src.mu.Lock()
		changed := *src.collections[0]
		changed.Properties = map[string]string{"$NAME": "Another name"}
		src.collections[0] = &changed
		src.mu.Unlock()
		advance(30 * time.Second)
		list(t, tree, "/LAB/P/C") // younger than its parent's listing from now on
		advance(30 * time.Second)
		text, err := tree.Document(t.Context(), at(t, tree, "/LAB/P/C/.meta.json"))
		if err != nil || !strings.Contains(string(text), "Another name") {
			t.Errorf("%s, %v", text, err)
		}
		old, err := tree.Document(t.Context(), before)
		if err != nil || int64(len(old)) != before.Size || !strings.Contains(string(old), "Time lapse") {
			t.Errorf("the old document is %d bytes, was %d: %v", len(old), before.Size, err)
		}
	})
}

func TestTheSchemaIsAskedForAgainWhenItLacksSomething(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := documentedLab()
		tree := newTestTree(t, src, Options{TTL: time.Minute})
		document := func() string {
			t.Helper()
			text, err := tree.Document(t.Context(), at(t, tree, "/LAB/P/C/O/.meta.json"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		document()
		src.mu.Lock()
		o := *src.objects[0]
		o.Properties = map[string]string{"COLOUR": "BLUE"}
		src.objects[0] = &o
		src.mu.Unlock()
		src.taken()
		advance(time.Minute)
		if text := document(); !strings.Contains(text, `"code": "BLUE"`) || src.taken()["Schema"] != 1 {
			t.Errorf("with an unknown term: %s", text)
		}
		document()
		if src.taken()["Schema"] != 0 {
			t.Error("asked again within the TTL")
		}
		src.mu.Lock()
		src.schema.Vocabularies["COLOURS"].Terms["BLUE"] = client.VocabularyTerm{Code: "BLUE", Label: "Deep blue"}
		src.mu.Unlock()
		advance(time.Minute)
		if text := document(); !strings.Contains(text, `"label": "Deep blue"`) {
			t.Errorf("with a new term: %s", text)
		}
		src.taken()
		advance(time.Hour)
		document()
		if src.taken()["Schema"] != 0 {
			t.Error("asked though nothing was unknown")
		}
		// an old schema is better than none
		src.mu.Lock()
		o = *src.objects[0]
		o.Properties = map[string]string{"COLOUR": "GREEN", "N": "1"}
		src.objects[0] = &o
		src.mu.Unlock()
		src.failing(client.ErrServer, "Schema")
		advance(time.Hour)
		if text := document(); !strings.Contains(text, `"N": 1`) {
			t.Errorf("with the old schema: %s", text)
		}
	})
}
