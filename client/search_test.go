package client

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// collect returns what a search finds.
func collect[T any](t *testing.T, search iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for e, err := range search {
		if err != nil {
			t.Error(err)
			break
		}
		all = append(all, e)
	}
	return all
}

func TestSearches(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	everySearch(t, login(t, s, "demo"), s)
}

func everySearch(t *testing.T, c *Client, s *openbistest.Server) {
	t.Helper()
	ctx, lab := t.Context(), s.Lab
	same(t, "spaces", codes(collect(t, c.SearchSpaces(ctx)), func(s *Space) string { return s.Code }),
		codes(lab.Spaces, func(s *openbistest.Space) string { return s.Code }))

	space := lab.Spaces[0].Code
	same(t, "projects", codes(collect(t, c.SearchProjects(ctx, InSpace(strings.ToLower(space)))), func(p *Project) string { return p.Identifier }),
		codes(filter(lab.Projects, func(p *openbistest.Project) bool { return p.Space.Code == space }), (*openbistest.Project).Identifier))

	project := lab.Experiments[0].Project
	same(t, "collections", codes(collect(t, c.SearchCollections(ctx, InProject(project.PermID))), func(e *Collection) string { return e.Identifier }),
		codes(filter(lab.Experiments, func(e *openbistest.Experiment) bool { return e.Project == project }), (*openbistest.Experiment).Identifier))
	experiment := lab.Experiments[0]
	same(t, "a collection", codes(collect(t, c.SearchCollections(ctx, Identifier(strings.ToLower(experiment.Identifier())))), func(e *Collection) string { return e.PermID }),
		[]string{experiment.PermID})

	middle := lab.Samples[len(lab.Samples)/2]
	for _, test := range []struct {
		name     string
		criteria []Criterion
		want     func(o *openbistest.Sample) bool
	}{
		{"all", nil, func(*openbistest.Sample) bool { return true }},
		{"type", []Criterion{TypeCode(strings.ToLower(middle.Type.Code))}, func(o *openbistest.Sample) bool { return o.Type == middle.Type }},
		{"permId", []Criterion{PermID(middle.PermID)}, func(o *openbistest.Sample) bool { return o == middle }},
		{"one of two", []Criterion{AnyOf(PermID(middle.PermID), PermID(lab.Samples[0].PermID))}, func(o *openbistest.Sample) bool { return o == middle || o == lab.Samples[0] }},
		{"two at once", []Criterion{AllOf(PermID(middle.PermID), PermID(lab.Samples[0].PermID))}, func(*openbistest.Sample) bool { return false }},
		{"shared", []Criterion{NoSpace()}, func(o *openbistest.Sample) bool { return o.Space == nil }},
		{"in the space alone", []Criterion{InSpace(space), NoProject()}, func(o *openbistest.Sample) bool { return o.SpaceCode() == space && o.Project == nil }},
		{"in no collection", []Criterion{InProject(project.PermID), NoCollection()}, func(o *openbistest.Sample) bool { return o.Project == project && o.Experiment == nil }},
		{"in a collection", []Criterion{InCollection(experiment.PermID)}, func(o *openbistest.Sample) bool { return o.Experiment == experiment }},
		{"beginning of the code", []Criterion{CodeStartsWith(strings.ToLower(middle.Code[:2]))}, func(o *openbistest.Sample) bool {
			return o.Container == nil && strings.HasPrefix(o.Code, middle.Code[:2]) || o.Container != nil && strings.HasPrefix(o.Container.Code, middle.Code[:2])
		}},
		{"since", []Criterion{RegisteredSince(middle.Registered)}, func(o *openbistest.Sample) bool {
			return !o.Registered.Truncate(time.Millisecond).Before(middle.Registered.Truncate(time.Millisecond))
		}},
		{"modified since", []Criterion{ModifiedSince(middle.Modified)}, func(o *openbistest.Sample) bool {
			return !o.Modified.Truncate(time.Millisecond).Before(middle.Modified.Truncate(time.Millisecond))
		}},
	} {
		found := collect(t, c.SearchObjects(ctx, test.criteria...))
		same(t, "objects: "+test.name, codes(found, func(o *Object) string { return o.Identifier }), codes(filter(lab.Samples, test.want), (*openbistest.Sample).Identifier))
		if !slices.IsSortedFunc(found, func(a, b *Object) int { return strings.Compare(a.PermID, b.PermID) }) {
			t.Errorf("%s: not in order", test.name)
		}
	}
	for property, value := range middle.Properties {
		for _, o := range collect(t, c.SearchObjects(ctx, Property(strings.ToLower(property), value))) {
			if o.Properties[property] != value {
				t.Errorf("%s: got %v", property, o.Properties)
			}
		}
	}

	owned := lab.DataSets[slices.IndexFunc(lab.DataSets, func(d *openbistest.DataSet) bool { return d.Sample != nil })]
	for _, test := range []struct {
		name     string
		criteria []Criterion
		want     func(d *openbistest.DataSet) bool
	}{
		{"all", nil, func(*openbistest.DataSet) bool { return true }},
		{"of an object", []Criterion{OfObject(owned.Sample.PermID)}, func(d *openbistest.DataSet) bool { return d.Sample == owned.Sample }},
		{"of a collection alone", []Criterion{InCollection(experiment.PermID), NoObject()}, func(d *openbistest.DataSet) bool { return d.Experiment == experiment && d.Sample == nil }},
		{"archived", []Criterion{Archiving(Archived)}, func(d *openbistest.DataSet) bool { return d.Physical != nil && d.Physical.Status == "ARCHIVED" }},
		{"code", []Criterion{Code(owned.PermID)}, func(d *openbistest.DataSet) bool { return d == owned }},
	} {
		same(t, "datasets: "+test.name, codes(collect(t, c.SearchDataSets(ctx, test.criteria...)), func(d *DataSet) string { return d.PermID }),
			codes(filter(lab.DataSets, test.want), func(d *openbistest.DataSet) string { return d.PermID }))
	}
}

func TestACriterionThatDoesNotFitIsRefusedWithoutACall(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	for _, search := range []iter.Seq2[*DataSet, error]{
		c.SearchDataSets(t.Context(), InSpace("LAB")), c.SearchDataSets(t.Context(), AnyOf(NoProject())),
	} {
		for d, err := range search {
			if d != nil || !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("got %v, %v", d, err)
			}
		}
	}
	wantCalls(t, s, map[string]int{})
}

func TestASearchGoesOnToFurtherPagesAndStopsWhenItsLoopDoes(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	ten := func() { c.pageSize.Store(10) }
	c.opts.MetadataTimeout = time.Minute // the page does not grow on a slow machine

	ten()
	next, stop := iter.Pull2(c.SearchObjects(t.Context()))
	for range 10 {
		if _, err, ok := next(); err != nil || !ok {
			t.Fatal(err)
		}
	}
	wantCalls(t, s, map[string]int{"searchSamples": 1})
	stop()
	wantCalls(t, s, map[string]int{"searchSamples": 1})

	ten()
	all := collect(t, c.SearchObjects(t.Context()))
	same(t, "objects", codes(all, func(o *Object) string { return o.PermID }), codes(s.Lab.Samples, func(o *openbistest.Sample) string { return o.PermID }))
	if n := s.Calls()["searchSamples"]; n < 3 {
		t.Errorf("%d calls", n)
	}
}

func TestASearchEndsWithItsError(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	c.pageSize.Store(10)
	s.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Status: 500, Method: "searchSamples", First: 2})
	found, failed := 0, 0
	for o, err := range c.SearchObjects(t.Context()) {
		switch {
		case err == nil && failed == 0:
			found++
		case o == nil && errors.Is(err, ErrUnavailable):
			failed++
		default:
			t.Errorf("got %v, %v", o, err)
		}
	}
	if found != 10 || failed != 1 {
		t.Errorf("%d found, %d errors", found, failed)
	}
}

func TestGets(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	everyGet(t, login(t, s, "demo"), s)
}

func everyGet(t *testing.T, c *Client, s *openbistest.Server) {
	t.Helper()
	ctx, lab := t.Context(), s.Lab
	const missing = "19990101000000000-1"
	check := func(what string, n int, err error, same bool) {
		t.Helper()
		if err != nil || n != 2 || !same {
			t.Errorf("%s: %d found, %v, the same: %v", what, n, err, same)
		}
	}
	low := strings.ToLower

	code := lab.Spaces[0].Code
	spaces, err := c.GetSpaces(ctx, code, low(code), "NO-SUCH")
	check("spaces", len(spaces), err, spaces[code] != nil && spaces[low(code)] != nil && len(spaces[code].Projects) > 0)

	p := lab.Projects[0]
	projects, err := c.GetProjects(ctx, p.PermID, low(p.Identifier()), missing, "/NO/SUCH")
	check("projects", len(projects), err, projects[p.PermID].Code == projects[low(p.Identifier())].Code)

	e := lab.Experiments[0]
	collections, err := c.GetCollections(ctx, e.PermID, low(e.Identifier()), missing)
	check("collections", len(collections), err, collections[e.PermID].Identifier == collections[low(e.Identifier())].Identifier)

	o := lab.Samples[slices.IndexFunc(lab.Samples, func(o *openbistest.Sample) bool { return o.Experiment != nil && o.Container == nil })]
	long := o.Experiment.Identifier() + "/" + o.Code
	elsewhere := o.Project.Identifier() + "/ELSEWHERE/" + o.Code
	objects, err := c.GetObjects(ctx, o.PermID, low(long), missing, elsewhere)
	check("objects", len(objects), err, objects[o.PermID].Identifier == objects[low(long)].Identifier && len(objects[o.PermID].DataSets) == len(o.DataSets))
	objects, err = c.GetObjects(ctx, o.Identifier(), lab.Samples[1].PermID)
	check("objects", len(objects), err, objects[o.Identifier()].PermID == o.PermID)

	a, b := lab.DataSets[0].PermID, lab.DataSets[1].PermID
	dataSets, err := c.GetDataSets(ctx, a, b, missing)
	check("datasets", len(dataSets), err, dataSets[a].PermID == a && dataSets[b].PermID == b)
	dataSets, err = c.GetDataSets(ctx)
	if err != nil || len(dataSets) != 0 {
		t.Errorf("nothing asked for: %v, %v", dataSets, err)
	}
}

func TestUnarchive(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	archived := func(d *openbistest.DataSet) bool { return d.Physical != nil && d.Physical.Status == "ARCHIVED" }
	ds, d := dataSet(t, c, s, archived)
	if ds.Physical.Status != Archived {
		t.Errorf("got %+v", ds.Physical)
	}
	if err := c.UnarchiveDataSets(t.Context(), d.PermID); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetDataSets(t.Context(), d.PermID)
	if err != nil || got[d.PermID].Physical.Status == Archived {
		t.Errorf("got %+v, %v", got[d.PermID].Physical, err)
	}
}
