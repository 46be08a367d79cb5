package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestConnectFindsOutWhoAndWhatIsThere(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	i, err := c.Instance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, map[string]int{}) // Connect has asked
	if i.URL != s.URL || i.APIVersion != "3.6" || i.User.UserID != "demo" || i.User.Email == "" || i.Server["openbis-version"] == "" {
		t.Errorf("got %+v", i)
	}
	var stores []DataStore
	for _, d := range s.Lab.DataStores {
		stores = append(stores, DataStore{Code: d.Code, DownloadURL: s.StoreURL(d.Code) + "/datastore_server"})
	}
	if !slices.Equal(i.DataStores, stores) || len(stores) < 2 {
		t.Errorf("got %v, want %v", i.DataStores, stores)
	}
	list, err := c.ListDataStores(t.Context())
	if err != nil || !slices.Equal(list, stores) {
		t.Errorf("listDataStores: %v, %v", list, err)
	}
}

func TestEveryDirectoryOfTheLabCostsOneCallAndHasWhatTheLabHas(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	ctx := t.Context()
	lab := s.Lab

	one := func(method string) {
		t.Helper()
		wantCalls(t, s, map[string]int{method: 1})
		s.ResetCounters()
	}
	spaces, err := c.Spaces(ctx)
	if err != nil {
		t.Fatal(err)
	}
	one("searchSpaces")
	same(t, "spaces", codes(spaces, func(s *Space) string { return s.Code }), codes(lab.Spaces, func(s *openbistest.Space) string { return s.Code }))

	for _, space := range spaces {
		want := filter(lab.Projects, func(p *openbistest.Project) bool { return p.Space.Code == space.Code })
		same(t, "projects of "+space.Code, codes(space.Projects, func(p *Project) string { return p.Identifier + p.Space + p.PermID }),
			codes(want, func(p *openbistest.Project) string { return p.Identifier() + space.Code + p.PermID }))
		objects, err := c.SpaceContents(ctx, space.Code)
		if err != nil {
			t.Fatal(err)
		}
		one("executeOperations")
		sameObjects(t, objects, filter(lab.Samples, func(o *openbistest.Sample) bool { return o.SpaceCode() == space.Code && o.Project == nil }))
		for _, project := range space.Projects {
			collections, objects, err := c.ProjectContents(ctx, project.PermID)
			if err != nil {
				t.Fatal(err)
			}
			one("executeOperations")
			in := func(p *openbistest.Project) bool { return p != nil && p.PermID == project.PermID }
			same(t, "collections of "+project.Identifier, codes(collections, func(e *Collection) string { return e.Identifier + e.PermID + e.Type }),
				codes(filter(lab.Experiments, func(e *openbistest.Experiment) bool { return in(e.Project) }),
					func(e *openbistest.Experiment) string { return e.Identifier() + e.PermID + e.Type.Code }))
			sameObjects(t, objects, filter(lab.Samples, func(o *openbistest.Sample) bool { return in(o.Project) && o.Experiment == nil }))
			for _, collection := range collections {
				objects, dataSets, err := c.CollectionContents(ctx, collection.PermID)
				if err != nil {
					t.Fatal(err)
				}
				one("executeOperations")
				of := func(e *openbistest.Experiment) bool { return e != nil && e.PermID == collection.PermID }
				sameObjects(t, objects, filter(lab.Samples, func(o *openbistest.Sample) bool { return of(o.Experiment) }))
				sameDataSets(t, dataSets, filter(lab.DataSets, func(d *openbistest.DataSet) bool { return of(d.Experiment) && d.Sample == nil }))
				for _, o := range objects {
					dataSets, err := c.ObjectContents(ctx, o.PermID)
					if err != nil {
						t.Fatal(err)
					}
					one("executeOperations")
					if diff := cmp.Diff(dataSets, o.DataSets); diff != "" && len(dataSets)+len(o.DataSets) > 0 {
						t.Errorf("datasets of %s, alone and in the collection: %s", o.Identifier, diff)
					}
				}
			}
		}
	}
}

// codes maps a slice and sorts the result.
func codes[T any](list []T, f func(T) string) []string {
	all := make([]string, 0, len(list))
	for _, e := range list {
		all = append(all, f(e))
	}
	slices.Sort(all)
	return all
}

func filter[T any](list []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(e T) bool { return !keep(e) })
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func sameObjects(t *testing.T, got []*Object, want []*openbistest.Sample) {
	t.Helper()
	byID := make(map[string]*openbistest.Sample)
	for _, o := range want {
		byID[o.PermID] = o
	}
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d", len(got), len(want))
	}
	ref := func(o *openbistest.Sample) ObjectRef {
		r := ObjectRef{PermID: o.PermID, Identifier: o.Identifier(), Code: o.Code, Type: o.Type.Code, Space: o.SpaceCode()}
		if o.Project != nil {
			r.Project = o.Project.Code
		}
		if o.Experiment != nil {
			r.Collection = o.Experiment.Code
		}
		return r
	}
	refs := func(list []*openbistest.Sample) []ObjectRef {
		var all []ObjectRef
		for _, o := range list {
			all = append(all, ref(o))
		}
		return all
	}
	byPermID := func(a, b ObjectRef) int { return strings.Compare(a.PermID, b.PermID) }
	for _, o := range got {
		w := byID[o.PermID]
		if w == nil {
			t.Errorf("unexpected object %s", o.Identifier)
			continue
		}
		if diff := cmp.Diff(ref(w), o.ref()); diff != "" {
			t.Error(diff)
		}
		for _, relation := range []struct{ got, want []ObjectRef }{{o.Parents, refs(w.Parents)}, {o.Children, refs(w.Children)}} {
			slices.SortFunc(relation.got, byPermID)
			slices.SortFunc(relation.want, byPermID)
			if diff := cmp.Diff(relation.want, relation.got); diff != "" {
				t.Errorf("%s: %s", o.Identifier, diff)
			}
		}
		if !maps.Equal(o.Properties, w.Properties) || o.Properties == nil {
			t.Errorf("%s: properties %v, want %v", o.Identifier, o.Properties, w.Properties)
		}
		if userID(o.Registrator) != w.Registrator.UserID || userID(o.Modifier) != w.Modifier.UserID ||
			o.Registered.UnixMilli() != w.Registered.UnixMilli() || o.Modified.UnixMilli() != w.Modified.UnixMilli() {
			t.Errorf("%s: %v %v %v %v", o.Identifier, o.Registrator, o.Modifier, o.Registered, o.Modified)
		}
		if !o.DataSetsFetched {
			t.Errorf("%s: datasets not fetched", o.Identifier)
		}
		same(t, "tags of "+o.Identifier, o.Tags, codes(filter(w.Tags, func(*openbistest.Tag) bool { return len(o.Tags) > 0 }), func(t *openbistest.Tag) string { return t.Code }))
		sameDataSets(t, o.DataSets, w.DataSets)
	}
}

func sameDataSets(t *testing.T, got []*DataSet, want []*openbistest.DataSet) {
	t.Helper()
	byID := make(map[string]*openbistest.DataSet)
	for _, d := range want {
		byID[d.PermID] = d
	}
	if len(got) != len(want) {
		t.Fatalf("%d datasets, want %d", len(got), len(want))
	}
	ids := func(refs []DataSetRef) []string { return codes(refs, func(r DataSetRef) string { return r.PermID }) }
	wantIDs := func(list []*openbistest.DataSet) []string {
		return codes(list, func(d *openbistest.DataSet) string { return d.PermID })
	}
	for _, d := range got {
		w := byID[d.PermID]
		if w == nil {
			t.Errorf("unexpected dataset %s", d.PermID)
			continue
		}
		if string(d.Kind) != w.Kind || d.Type != w.Type.Code || w.Store != nil && d.DataStore != w.Store.Code || !maps.Equal(d.Properties, w.Properties) {
			t.Errorf("got %+v", d)
		}
		same(t, "parents of "+d.PermID, ids(d.Parents), wantIDs(w.Parents))
		same(t, "children of "+d.PermID, ids(d.Children), wantIDs(w.Children))
		same(t, "components of "+d.PermID, ids(d.Components), wantIDs(w.Components))
		same(t, "containers of "+d.PermID, slices.Sorted(slices.Values(d.Containers)), wantIDs(w.Containers))
		if (d.Physical == nil) != (w.Physical == nil) || w.Physical != nil && string(d.Physical.Status) != w.Physical.Status {
			t.Errorf("%s: physical data %+v, want %+v", d.PermID, d.Physical, w.Physical)
		}
		if (d.Linked == nil) != (w.Linked == nil) || w.Linked != nil && len(d.Linked.Copies) != len(w.Linked.Copies) {
			t.Errorf("%s: linked data %+v, want %+v", d.PermID, d.Linked, w.Linked)
		}
		switch {
		case w.Sample == nil && (d.Object != nil || d.Collection != w.Experiment.Identifier()):
			t.Errorf("%s: object %v, collection %s", d.PermID, d.Object, d.Collection)
		case w.Sample != nil && (d.Object == nil || d.Object.Identifier != w.Sample.Identifier() || d.Object.Type != w.Sample.Type.Code):
			t.Errorf("%s: object %v", d.PermID, d.Object)
		case w.Experiment != nil && d.Collection != w.Experiment.Identifier():
			t.Errorf("%s: collection %s", d.PermID, d.Collection)
		}
	}
}

func TestSchemaHasAllPropertyTypesAndTerms(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	schema, err := c.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, map[string]int{"executeOperations": 1})
	if len(schema.Properties) != len(s.Lab.PropertyTypes) || len(schema.Vocabularies) != len(s.Lab.Vocabularies) {
		t.Errorf("%d property types, %d vocabularies", len(schema.Properties), len(schema.Vocabularies))
	}
	for _, p := range s.Lab.PropertyTypes {
		want := PropertyType{Code: p.Code, Label: p.Label, DataType: string(p.DataType)}
		if p.Vocabulary != nil {
			want.Vocabulary = p.Vocabulary.Code
		}
		if got := schema.Properties[p.Code]; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for _, v := range s.Lab.Vocabularies {
		got := schema.Vocabularies[v.Code]
		if len(got.Terms) != len(v.Terms) {
			t.Errorf("%s has %d terms", v.Code, len(got.Terms))
		}
		for _, term := range v.Terms {
			if got.Terms[term.Code].Label != term.Label {
				t.Errorf("%s: got %+v", v.Code, got.Terms[term.Code])
			}
		}
	}
}

func TestALargeCollectionComesInPagesWithoutGapOrTwin(t *testing.T) {
	const n = 450
	lab := openbistest.SmallLab()
	lab.AddWide(n)
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	c := login(t, s, "demo", func(o *Options) { o.MetadataTimeout = time.Minute })
	c.pageSize.Store(100) // and then 200
	collection := lab.Experiments[len(lab.Experiments)-1]
	objects, dataSets, err := c.CollectionContents(t.Context(), collection.PermID)
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, s, map[string]int{"executeOperations": 3})
	seen := make(map[string]bool)
	for _, o := range objects {
		seen[o.Code] = true
		if len(o.DataSets) != 1 {
			t.Fatalf("%s has %d datasets", o.Code, len(o.DataSets))
		}
	}
	if len(objects) != n || len(seen) != n || len(dataSets) != 0 {
		t.Errorf("%d objects, %d codes, %d datasets", len(objects), len(seen), len(dataSets))
	}
}

// changing lets something happen at the server after the first call of a method.
type changing struct {
	next   http.RoundTripper
	method string
	change func()
	once   sync.Once
}

func (c *changing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := c.next.RoundTrip(r)
	if bytes.Contains(body, []byte(c.method)) {
		c.once.Do(c.change)
	}
	return resp, err
}

func TestObjectsThatComeAndGoBetweenTwoPages(t *testing.T) {
	const n = 50
	for name, change := range map[string]func(*openbistest.Lab){
		"one is deleted": func(l *openbistest.Lab) {
			l.Samples = slices.DeleteFunc(l.Samples, func(o *openbistest.Sample) bool { return o.Code == "CMP-000003" })
		},
		"one is added": func(l *openbistest.Lab) {
			last := l.Samples[len(l.Samples)-1]
			l.AddSample(&openbistest.Sample{Code: "NEW", Type: last.Type, Experiment: last.Experiment})
		},
	} {
		t.Run(name, func(t *testing.T) {
			lab := openbistest.NewLab()
			lab.Author = lab.AddPerson(&openbistest.Person{UserID: "demo", Password: "demo"})
			lab.AddDataStore(&openbistest.DataStore{Code: "DSS1"})
			lab.AddWide(n)
			s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
			c := login(t, s, "demo", func(o *Options) { o.MetadataTimeout = time.Minute })
			c.metadata.Transport = &changing{next: c.metadata.Transport, method: "executeOperations", change: func() { s.Change(change) }}
			c.pageSize.Store(10)
			objects, _, err := c.CollectionContents(t.Context(), lab.Experiments[0].PermID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "objects", codes(objects, func(o *Object) string { return o.Code }), codes(lab.Samples, func(o *openbistest.Sample) string { return o.Code }))
		})
	}
}

func TestAPageThatTakesTooLongIsAskedForAtHalfTheSize(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	c.opts.MetadataTimeout = 300 * time.Millisecond
	slow := s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: "executeOperations", Times: 2})
	objects, _, err := c.CollectionContents(t.Context(), s.Lab.Experiments[0].PermID)
	if err != nil || len(objects) == 0 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	if slow.Hits() != 2 || c.pageSize.Load() > maxPageSize/2 {
		t.Errorf("%d time-outs, page size %d", slow.Hits(), c.pageSize.Load())
	}
}

func TestAServerThatStandsStillIsATimeout(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	c.opts.MetadataTimeout = 50 * time.Millisecond
	s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Times: -1})
	if _, err := c.Spaces(t.Context()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	size := c.pageSize.Load()
	if _, err := c.ObjectContents(t.Context(), "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if again := c.pageSize.Load(); again != size {
		t.Errorf("the page size went from %d to %d, though no page would have come", size, again)
	}
	s.Faults.Clear()
}

func TestACancelledCallIsNoTimeout(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	stall := s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: "searchSpaces"})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := c.Spaces(ctx)
		failed <- err
	}()
	<-stall.Hit()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestObserverSeesOneSpaceAndNothingOfTheOthers(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "observer")
	ctx := t.Context()
	spaces, err := c.Spaces(ctx)
	if err != nil || len(spaces) != 1 {
		t.Fatalf("%d spaces, %v", len(spaces), err)
	}
	visible := spaces[0].Code
	for _, p := range s.Lab.Projects {
		collections, objects, err := c.ProjectContents(ctx, p.PermID)
		if err != nil || p.Space.Code != visible && len(collections)+len(objects) > 0 {
			t.Errorf("%s: %d collections, %d objects, %v", p.Identifier(), len(collections), len(objects), err)
		}
	}
	for _, e := range s.Lab.Experiments {
		objects, dataSets, err := c.CollectionContents(ctx, e.PermID)
		if err != nil || e.Project.Space.Code != visible && len(objects)+len(dataSets) > 0 {
			t.Errorf("%s: %d objects, %d datasets, %v", e.Identifier(), len(objects), len(dataSets), err)
		}
	}
	for _, d := range s.Lab.DataSets {
		if d.SpaceCode() == visible {
			continue
		}
		hidden := &DataSet{PermID: d.PermID, Kind: DataSetKind(d.Kind), DataStore: d.Store.Code}
		if files, err := c.ListFiles(ctx, hidden); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %d files, %v", d.PermID, len(files), err)
		}
		if files, err := c.SearchFiles(ctx, hidden); err != nil || len(files) > 0 {
			t.Errorf("%s: %d files, %v", d.PermID, len(files), err)
		}
		content := c.Content(&DataSet{PermID: d.PermID, DataStore: d.Store.Code}, File{Path: "original/x", Size: 1})
		if _, _, err := content.Stream(ctx, 0); !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrArchived) && !errors.Is(err, ErrServer) {
			t.Errorf("%s: %v", d.PermID, err)
		}
	}
}

func TestPagesOfACollectionAreThereOneByOne(t *testing.T) {
	lab, err := openbistest.ParseLab("wide:700")
	if err != nil {
		t.Fatal(err)
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	c := login(t, s, "demo", func(o *Options) { o.MetadataTimeout = time.Minute })
	collection := lab.Experiments[len(lab.Experiments)-1]
	s.Change(func(lab *openbistest.Lab) {
		lab.AddDataSet(&openbistest.DataSet{Type: lab.DataSetTypes[0], Experiment: collection, Root: openbistest.Root()})
	})
	c.pageSize.Store(300)
	objects, dataSets, pages := 0, 0, 0
	seen := make(map[string]bool)
	err = c.CollectionPages(t.Context(), collection.PermID, func(page CollectionPage) error {
		pages++
		for _, o := range page.Objects {
			if seen[o.PermID] || len(o.DataSets) != 1 {
				t.Errorf("%s: seen %v, %d Datasets", o.Code, seen[o.PermID], len(o.DataSets))
			}
			seen[o.PermID] = true
		}
		if !page.DataSetsDone || page.Again {
			t.Errorf("page %d: %+v", pages, page)
		}
		objects, dataSets = objects+len(page.Objects), dataSets+len(page.DataSets)
		return nil
	})
	if err != nil || objects != 700 || dataSets != 1 || pages < 2 {
		t.Errorf("%d Objects and %d Datasets in %d pages: %v", objects, dataSets, pages, err)
	}
	stop := errors.New("enough")
	if err := c.CollectionPages(t.Context(), collection.PermID, func(CollectionPage) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
}
