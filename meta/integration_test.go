package meta

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// connected returns the tree that a user of a server sees. The user's password is the user's name.
func connected(t *testing.T, s *openbistest.Server, user string, opts Options) *Tree {
	t.Helper()
	c, err := client.New(client.Options{URL: s.URL, User: user, Password: func(context.Context) (string, error) { return user, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	opts.WebURL = s.URL
	s.ResetCounters()
	return newTestTree(t, c, opts)
}

// labView computes from a lab's model what a person's tree has to show, by path.
type labView struct {
	lab    *openbistest.Lab
	person *openbistest.Person
	paths  map[string]string // to what is there
}

func expectedView(t *testing.T, lab *openbistest.Lab, user string) map[string]string {
	t.Helper()
	i := slices.IndexFunc(lab.Persons, func(p *openbistest.Person) bool { return p.UserID == user })
	v := &labView{lab, lab.Persons[i], map[string]string{"/.meta.json": "document"}}
	for _, s := range lab.Spaces {
		if v.person.MaySee(s.Code) {
			v.space(s)
		}
	}
	return v.paths
}

// unlessAmbiguous returns code, or "code [permId]" if it is in taken more than once.
func unlessAmbiguous(code, permID string, taken []string) string {
	n := 0
	for _, other := range taken {
		if other == code {
			n++
		}
	}
	if n > 1 {
		return code + " [" + permID + "]"
	}
	return code
}

func sampleName(s *openbistest.Sample) string { return path.Base(s.Identifier()) }

func (v *labView) entity(at, permID string) {
	v.paths[at] = permID
	v.paths[at+"/.meta.json"] = "document"
}

func (v *labView) space(s *openbistest.Space) {
	at := "/" + s.Code
	v.entity(at, s.Code)
	var taken []string
	for _, p := range v.lab.Projects {
		if p.Space == s {
			taken = append(taken, p.Code)
		}
	}
	for _, o := range v.lab.Samples {
		if o.Space == s && o.Project == nil {
			taken = append(taken, sampleName(o))
		}
	}
	for _, p := range v.lab.Projects {
		if p.Space == s {
			v.project(path.Join(at, unlessAmbiguous(p.Code, p.PermID, taken)), p)
		}
	}
	for _, o := range v.lab.Samples {
		if o.Space == s && o.Project == nil {
			v.sample(path.Join(at, unlessAmbiguous(sampleName(o), o.PermID, taken)), o)
		}
	}
}

func (v *labView) project(at string, p *openbistest.Project) {
	v.entity(at, p.PermID)
	var taken []string
	for _, e := range v.lab.Experiments {
		if e.Project == p {
			taken = append(taken, e.Code)
		}
	}
	for _, o := range v.lab.Samples {
		if o.Project == p && o.Experiment == nil {
			taken = append(taken, sampleName(o))
		}
	}
	for _, e := range v.lab.Experiments {
		if e.Project == p {
			v.experiment(path.Join(at, unlessAmbiguous(e.Code, e.PermID, taken)), e)
		}
	}
	for _, o := range v.lab.Samples {
		if o.Project == p && o.Experiment == nil {
			v.sample(path.Join(at, unlessAmbiguous(sampleName(o), o.PermID, taken)), o)
		}
	}
}

func (v *labView) experiment(at string, e *openbistest.Experiment) {
	v.entity(at, e.PermID)
	for _, o := range v.lab.Samples {
		if o.Experiment == e {
			v.sample(path.Join(at, sampleName(o)), o)
		}
	}
	for _, ds := range v.lab.DataSets {
		if ds.Experiment == e && ds.Sample == nil {
			v.dataSet(path.Join(at, ds.PermID), ds)
		}
	}
}

func (v *labView) sample(at string, o *openbistest.Sample) {
	v.entity(at, o.PermID)
	for _, ds := range v.lab.DataSets {
		if ds.Sample == o {
			v.dataSet(path.Join(at, ds.PermID), ds)
		}
	}
	for name, relatives := range map[string][]*openbistest.Sample{".parents": o.Parents, ".children": o.Children} {
		for _, r := range relatives {
			if r.Space != nil && v.person.MaySee(r.SpaceCode()) {
				v.link(path.Join(at, name), sampleName(r), r.PermID)
			}
		}
	}
}

func (v *labView) dataSet(at string, ds *openbistest.DataSet) {
	v.entity(at, ds.PermID)
	for name, relatives := range map[string][]*openbistest.DataSet{".parents": ds.Parents, ".children": ds.Children} {
		for _, r := range relatives {
			if v.person.MaySee(r.SpaceCode()) {
				v.link(path.Join(at, name), r.PermID, r.PermID)
			}
		}
	}
	for _, c := range ds.Components {
		if v.person.MaySee(c.SpaceCode()) {
			v.paths[path.Join(at, c.PermID)] = "to " + c.PermID
		}
	}
	if ds.Kind != "CONTAINER" {
		v.files(at, ds.Root)
	}
}

func (v *labView) link(dir, name, permID string) {
	v.paths[dir] = "relatives"
	v.paths[dir+"/"+name] = "to " + permID
}

func (v *labView) files(at string, folder *openbistest.Node) {
	if folder == nil {
		return
	}
	for _, n := range folder.Children {
		below := at + "/" + n.Name
		if n.IsFolder() {
			v.paths[below] = "folder"
			v.files(below, n)
			continue
		}
		v.paths[below] = fmt.Sprintf("%d bytes", n.Content.Size())
		if !n.NoCRC {
			v.paths[below] += fmt.Sprintf(", CRC32 %08x", n.Content.CRC32())
		}
	}
}

// seen walks a tree and returns what is there by path; it follows all links.
func seen(t *testing.T, tree *Tree) map[string]string {
	t.Helper()
	all := map[string]string{}
	var walk func(above string, dir *Entry)
	walk = func(above string, dir *Entry) {
		l, err := tree.List(t.Context(), dir)
		if err != nil {
			t.Fatalf("%s: %v", above, err)
		}
		for i := range l.Len() {
			e := l.At(i)
			below := strings.TrimSuffix(above, "/") + "/" + e.Name
			switch {
			case e.Type == Document:
				text, err := tree.Document(t.Context(), e)
				if err != nil || int64(len(text)) != e.Size {
					t.Errorf("%s: %d bytes of %d, %v", below, len(text), e.Size, err)
				}
				all[below] = "document"
			case e.Type == Link:
				target := above + "/" + e.Target
				all[below] = "to " + at(t, tree, path.Clean(target)).permID
			case e.Type == File:
				all[below] = fmt.Sprintf("%d bytes", e.Size)
				if e.File.HasCRC32 {
					all[below] += fmt.Sprintf(", CRC32 %08x", e.File.CRC32)
				}
			case e.id.kind == kindFolder:
				all[below] = "folder"
			case e.permID != "":
				all[below] = e.permID
			default:
				all[below] = "relatives"
			}
			if e.Type == Dir {
				walk(below, e)
			}
		}
	}
	root, err := tree.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	walk("/", root)
	return all
}

func TestTheDemoLabOverHTTP(t *testing.T) {
	for _, user := range []string{"demo", "observer"} {
		t.Run(user, func(t *testing.T) {
			s := openbistest.NewServer(t, openbistest.Options{UnsortedSeed: 11})
			tree := connected(t, s, user, Options{})
			want := expectedView(t, s.Lab, user)
			if len(want) < 50 {
				t.Fatalf("the lab has %d paths only", len(want))
			}
			if diff := cmp.Diff(want, seen(t, tree)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheObserverFindsNothingElse(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	all := seen(t, connected(t, s, "demo", Options{}))
	tree := connected(t, s, "observer", Options{})
	own := seen(t, tree)
	for p := range all {
		if _, visible := own[p]; visible {
			continue
		}
		e, err := tree.Root(t.Context())
		for _, name := range strings.Split(p, "/")[1:] {
			if e, err = tree.Lookup(t.Context(), e, name); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrNotExist) {
			t.Errorf("%s: %v", p, err)
		}
	}
	for _, start := range []string{"/MICROSCOPY", "/GENOMICS"} {
		if _, err := connected(t, s, "observer", Options{Start: start}).Root(t.Context()); !errors.Is(err, ErrNotExist) {
			t.Errorf("start at %s: %v", start, err)
		}
	}
}

func TestTheDeepLabCostsOneCallForEachDirectoryWithEntities(t *testing.T) {
	lab, err := openbistest.ParseLab("deep:3,2,2,10")
	if err != nil {
		t.Fatal(err)
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	tree := connected(t, s, "demo", Options{})
	want := expectedView(t, lab, "demo")
	if diff := cmp.Diff(want, seen(t, tree)); diff != "" {
		t.Fatal(diff)
	}
	directories := 1 // the root
	for _, o := range lab.Samples {
		if len(o.DataSets) > 0 {
			directories++
		}
	}
	directories += len(lab.Spaces) + len(lab.Projects) + len(lab.Experiments) + len(lab.DataSets)
	calls := 0
	for _, n := range s.Calls() {
		calls += n
	}
	if calls > directories {
		t.Errorf("%d calls for %d directories: %v", calls, directories, s.Calls())
	}
	s.ResetCounters()
	seen(t, tree)
	if calls := s.Calls(); len(calls) > 0 {
		t.Errorf("the second walk: %v", calls)
	}
}

func TestTheFirstListingOfALargeCollectionCostsItsPages(t *testing.T) {
	lab, err := openbistest.ParseLab("wide:2100")
	if err != nil {
		t.Fatal(err)
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	tree := connected(t, s, "demo", Options{})
	dir := at(t, tree, "/WIDE/LIBRARY/COMPOUNDS")
	l, err := tree.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if l.Len() != 2101 {
		t.Errorf("%d entries", l.Len())
	}
	calls := 0
	for _, n := range s.Calls() {
		calls += n
	}
	if calls > 6 { // Spaces, Space, Project, two pages, schema
		t.Errorf("calls: %v", s.Calls())
	}
	before := maps.Clone(s.Calls())
	for i := range l.Len() {
		if e := l.At(i); e.Type == Dir {
			if _, err := tree.List(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(before, s.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAServerThatStoppedHadSaidIsStillShown(t *testing.T) {
	s, err := openbistest.Start(openbistest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := client.New(client.Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "demo", nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) }) // there is nobody to log out from
	tree := newTestTree(t, c, Options{TTL: -1})
	space, neverListed := at(t, tree, "/MATERIALS"), at(t, tree, "/MATERIALS/AL_FATIGUE")
	before := names(list(t, tree, "/MATERIALS"))
	s.Close()
	l, err := tree.List(t.Context(), space)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, names(l)); diff != "" {
		t.Error(diff)
	}
	if _, err = tree.List(t.Context(), neverListed); !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
