package fs

import (
	"maps"
	"path"
	"slices"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// expectation is what a user should see of a lab, worked out from the lab
// itself: directories, documents and files by path. Of links it has the places
// that they lead to, by directory, since their names are nobody's promise.
type expectation struct {
	entries map[string]expected
	links   map[string][]string // directory → sorted paths that its links lead to
	places  map[any]string      // of *openbistest.Space, Project, Experiment, Sample and DataSet
}

// expected is what should be at a path.
type expected struct {
	typ        string
	content    openbistest.Content // of a file of a Dataset
	mtime      int64               // seconds, 0 for what has no date of its own
	unreadable bool                // the listing knows already that it is
}

func expect(lab *openbistest.Lab, user string) *expectation {
	x := &expectation{entries: map[string]expected{}, links: map[string][]string{}, places: map[any]string{}}
	var person *openbistest.Person
	for _, p := range lab.Persons {
		if p.UserID == user {
			person = p
		}
	}
	x.place(lab, person)
	x.document(".")
	for entity, place := range x.places {
		x.entity(entity, place)
	}
	for dir := range x.links {
		slices.Sort(x.links[dir])
	}
	return x
}

// place decides where everything is that the person may see.
func (x *expectation) place(lab *openbistest.Lab, person *openbistest.Person) {
	for _, s := range lab.Spaces {
		if person.MaySee(s.Code) {
			x.places[s] = s.Code
		}
	}
	for _, p := range lab.Projects {
		if in, ok := x.places[p.Space]; ok {
			x.places[p] = path.Join(in, p.Code)
		}
	}
	for _, e := range lab.Experiments {
		if in, ok := x.places[e.Project]; ok {
			x.places[e] = path.Join(in, e.Code)
		}
	}
	for _, s := range lab.Samples {
		if in, ok := x.home(s.Space, s.Project, s.Experiment); ok {
			code := s.Code
			if s.Container != nil {
				code = s.Container.Code + ":" + s.Code
			}
			x.places[s] = path.Join(in, code)
		}
	}
	x.renameAmbiguous()
	for _, d := range lab.DataSets {
		var in string
		var ok bool
		if d.Sample != nil {
			in, ok = x.places[d.Sample]
		} else {
			in, ok = x.places[d.Experiment]
		}
		if ok {
			x.places[d] = path.Join(in, d.PermID)
		}
	}
}

func (x *expectation) home(s *openbistest.Space, p *openbistest.Project, e *openbistest.Experiment) (string, bool) {
	var home string
	var ok bool
	switch {
	case e != nil:
		home, ok = x.places[e]
	case p != nil:
		home, ok = x.places[p]
	case s != nil:
		home, ok = x.places[s]
	}
	return home, ok
}

// renameAmbiguous renames a Collection and an Object of one code in one
// Project, and moves what is in the Collection.
func (x *expectation) renameAmbiguous() {
	at := map[string][]any{}
	for entity, place := range x.places {
		at[place] = append(at[place], entity)
	}
	for place, entities := range at {
		if len(entities) < 2 {
			continue
		}
		for _, entity := range entities {
			renamed := place + " [" + permID(entity) + "]"
			for other, otherPlace := range x.places {
				if s, ok := other.(*openbistest.Sample); ok && s.Experiment == entity && otherPlace != renamed {
					x.places[other] = path.Join(renamed, path.Base(otherPlace))
				}
			}
			x.places[entity] = renamed
		}
	}
}

func permID(entity any) string {
	switch e := entity.(type) {
	case *openbistest.Project:
		return e.PermID
	case *openbistest.Experiment:
		return e.PermID
	case *openbistest.Sample:
		return e.PermID
	case *openbistest.DataSet:
		return e.PermID
	default:
		return ""
	}
}

func (x *expectation) dir(place string, mtime int64) {
	x.entries[place] = expected{typ: "dir", mtime: mtime}
	x.document(place)
}

func (x *expectation) document(place string) {
	x.entries[path.Join(place, ".meta.json")] = expected{typ: "file"}
}

func (x *expectation) entity(entity any, place string) {
	switch e := entity.(type) {
	case *openbistest.Space:
		x.dir(place, 0)
	case *openbistest.Project:
		x.dir(place, e.Modified.Unix())
	case *openbistest.Experiment:
		x.dir(place, e.Modified.Unix())
	case *openbistest.Sample:
		x.dir(place, e.Modified.Unix())
		relatives(x, place, ".parents", e.Parents)
		relatives(x, place, ".children", e.Children)
	case *openbistest.DataSet:
		x.dir(place, e.Registered.Unix())
		relatives(x, place, ".parents", e.Parents)
		relatives(x, place, ".children", e.Children)
		for _, c := range e.Components {
			x.link(place, c)
		}
		if e.Root != nil && e.Kind != "CONTAINER" {
			x.files(e, place)
		}
	}
}

func relatives[E comparable](x *expectation, place, name string, all []E) {
	for _, e := range all {
		if x.link(path.Join(place, name), e) {
			x.entries[path.Join(place, name)] = expected{typ: "dir"}
		}
	}
}

// link expects a link to an entity, if that has a place.
func (x *expectation) link(dir string, to any) bool {
	place, ok := x.places[to]
	if ok {
		x.links[dir] = append(x.links[dir], place)
	}
	return ok
}

func (x *expectation) files(d *openbistest.DataSet, place string) {
	mtime := d.Registered.Unix()
	d.Root.Walk(func(p string, n *openbistest.Node) {
		want := expected{typ: "dir", mtime: mtime}
		if !n.IsFolder() {
			want = expected{typ: "file", content: n.Content, mtime: mtime, unreadable: withoutContent(d)}
		}
		x.entries[path.Join(place, p)] = want
	})
}

// withoutContent tells whether the server says that it does not have a
// Dataset's files.
func withoutContent(d *openbistest.DataSet) bool {
	return d.Kind == "LINK" || d.Physical != nil && (d.Physical.Status == "ARCHIVED" || d.Physical.Status == "UNARCHIVE_PENDING")
}

// find returns the first path in order at which is what is asked for.
func (x *expectation) find(t *testing.T, is func(place string, e expected) bool) string {
	t.Helper()
	for _, place := range slices.Sorted(maps.Keys(x.entries)) {
		if is(place, x.entries[place]) {
			return place
		}
	}
	t.Fatal("the lab has nothing like it")
	return ""
}

// file returns the path of a file of that name.
func (x *expectation) file(t *testing.T, name string) string {
	t.Helper()
	return x.find(t, func(place string, e expected) bool { return e.content != nil && path.Base(place) == name })
}

// bigFile returns the path of the largest file.
func (x *expectation) bigFile() (place string, content openbistest.Content) {
	for p, e := range x.entries {
		if e.content != nil && (content == nil || e.content.Size() > content.Size()) {
			place, content = p, e.content
		}
	}
	return place, content
}
