package meta

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

var _ Source = (*fakeSource)(nil)

// fakeSource is a Source in memory that counts its calls and can be told to fail or to wait.
type fakeSource struct {
	mu          sync.Mutex
	spaces      []*client.Space
	objects     []*client.Object // with the permIds of their Collections in collectionOf
	collections []*client.Collection
	dataSets    []*client.DataSet
	files       map[string][]client.File
	schema      *client.Schema
	instance    *client.Instance
	calls       map[string]int
	pageSize    int // of a Collection's contents; 0: all at once
	// intercept, if set, is called before each call is answered, without a lock.
	intercept func(ctx context.Context, method, subject string) error
}

func newFakeSource() *fakeSource {
	return &fakeSource{
		files:    map[string][]client.File{},
		calls:    map[string]int{},
		schema:   &client.Schema{Properties: map[string]client.PropertyType{}, Vocabularies: map[string]client.Vocabulary{}},
		instance: &client.Instance{URL: "https://openbis.example/openbis", APIVersion: "3.6", User: &client.Person{UserID: "jdoe"}},
	}
}

var registered = time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
var modifiedAt = time.Date(2025, 4, 2, 11, 30, 0, 5e6, time.UTC)

func (f *fakeSource) addSpace(code string) *client.Space {
	s := &client.Space{PermID: code, Code: code, Registered: registered, Modified: registered}
	f.spaces = append(f.spaces, s)
	return s
}

func (f *fakeSource) addProject(space, code string) *client.Project {
	p := &client.Project{PermID: "p-" + space + "-" + code, Identifier: "/" + space + "/" + code, Code: code, Space: space, Registered: registered, Modified: modifiedAt}
	for _, s := range f.spaces {
		if s.Code == space {
			s.Projects = append(s.Projects, p)
		}
	}
	return p
}

func (f *fakeSource) addCollection(identifier string) *client.Collection {
	codes := strings.Split(identifier, "/")
	c := &client.Collection{PermID: "c" + strings.ReplaceAll(identifier, "/", "-"), Identifier: identifier, Code: codes[3], Type: "COLLECTION", Registered: registered, Modified: modifiedAt}
	f.collections = append(f.collections, c)
	return c
}

// addObject adds an Object at a path: "/SPACE/OBJECT", "/SPACE/PROJECT/OBJECT" or "/SPACE/PROJECT/COLLECTION/OBJECT".
func (f *fakeSource) addObject(path string) *client.Object {
	codes := strings.Split(path, "/")[1:]
	o := &client.Object{
		PermID: "o" + strings.ReplaceAll(path, "/", "-"), Code: codes[len(codes)-1], Type: "SAMPLE",
		Space: codes[0], Registered: registered, Modified: modifiedAt,
	}
	o.Identifier = "/" + codes[0] + "/" + o.Code
	if len(codes) > 2 {
		o.Project = codes[1]
		o.Identifier = "/" + codes[0] + "/" + codes[1] + "/" + o.Code
	}
	if len(codes) > 3 {
		o.Collection = codes[2]
	}
	f.objects = append(f.objects, o)
	return o
}

func ref(o *client.Object) client.ObjectRef {
	return client.ObjectRef{PermID: o.PermID, Identifier: o.Identifier, Code: o.Code, Type: o.Type, Space: o.Space, Project: o.Project, Collection: o.Collection}
}

func relate(parent, child *client.Object) {
	parent.Children = append(parent.Children, ref(child))
	child.Parents = append(child.Parents, ref(parent))
}

// addDataSet adds a Dataset to an *client.Object or a *client.Collection, with files of the given paths ("/" at the end: a folder).
func (f *fakeSource) addDataSet(owner any, permID string, paths ...string) *client.DataSet {
	ds := &client.DataSet{
		PermID: permID, Kind: client.Physical, Type: "RAW_DATA", DataStore: "DSS1", Registered: registered, Modified: modifiedAt,
		Physical: &client.PhysicalData{Status: client.Available, Size: -1},
	}
	switch o := owner.(type) {
	case *client.Object:
		r := ref(o)
		ds.Object = &r
	case *client.Collection:
		ds.Collection = o.Identifier
	}
	for i, p := range paths {
		file := client.File{DataSet: permID, Path: strings.TrimSuffix(p, "/"), Directory: strings.HasSuffix(p, "/")}
		if !file.Directory {
			file.Size, file.CRC32, file.HasCRC32 = int64(100+i), uint32(i), true
		}
		f.files[permID] = append(f.files[permID], file)
	}
	f.dataSets = append(f.dataSets, ds)
	return ds
}

func dataSetRefOf(ds *client.DataSet) client.DataSetRef {
	return client.DataSetRef{PermID: ds.PermID, Type: ds.Type, Object: ds.Object, Collection: ds.Collection}
}

// called counts a call and lets it fail.
func (f *fakeSource) called(ctx context.Context, method, subject string) error {
	f.mu.Lock()
	f.calls[method]++
	intercept := f.intercept
	f.mu.Unlock()
	if intercept != nil {
		if err := intercept(ctx, method, subject); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// taken returns the calls since it was asked last.
func (f *fakeSource) taken() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = map[string]int{}
	return calls
}

func (f *fakeSource) setIntercept(intercept func(ctx context.Context, method, subject string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = intercept
}

// failing lets all calls of the given methods (none: all) fail with err.
func (f *fakeSource) failing(err error, methods ...string) {
	f.setIntercept(func(_ context.Context, method, _ string) error {
		if len(methods) == 0 || slices.Contains(methods, method) {
			return err
		}
		return nil
	})
}

func (f *fakeSource) Instance(ctx context.Context) (*client.Instance, error) {
	if err := f.called(ctx, "Instance", ""); err != nil {
		return nil, err
	}
	return f.instance, nil
}

func (f *fakeSource) Schema(ctx context.Context) (*client.Schema, error) {
	if err := f.called(ctx, "Schema", ""); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return &client.Schema{Properties: maps.Clone(f.schema.Properties), Vocabularies: maps.Clone(f.schema.Vocabularies)}, nil
}

func (f *fakeSource) ObjectTypes(ctx context.Context) ([]client.EntityType, error) {
	return []client.EntityType{{Code: "SAMPLE"}}, f.called(ctx, "ObjectTypes", "")
}

func (f *fakeSource) CollectionTypes(ctx context.Context) ([]client.EntityType, error) {
	return []client.EntityType{{Code: "COLLECTION"}}, f.called(ctx, "CollectionTypes", "")
}

func (f *fakeSource) DataSetTypes(ctx context.Context) ([]client.EntityType, error) {
	return []client.EntityType{{Code: "RAW_DATA"}}, f.called(ctx, "DataSetTypes", "")
}

func (f *fakeSource) Resolve(ctx context.Context, id string) (*client.Found, error) {
	if err := f.called(ctx, "Resolve", id); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	found := new(client.Found)
	for _, s := range f.spaces {
		if id == s.Code || id == "/"+s.Code {
			found.Space = s
		}
		for _, p := range s.Projects {
			if id == p.PermID || id == p.Identifier {
				found.Project = p
			}
		}
	}
	for _, c := range f.collections {
		if id == c.PermID || id == c.Identifier {
			found.Collection = c
		}
	}
	for _, o := range f.objects {
		if id == o.PermID || id == o.Identifier {
			r := ref(o)
			found.Object = &r
		}
	}
	for _, ds := range f.dataSets {
		if id == ds.PermID {
			r := dataSetRefOf(ds)
			found.DataSet = &r
		}
	}
	return found, nil
}

func (f *fakeSource) Spaces(ctx context.Context) ([]*client.Space, error) {
	if err := f.called(ctx, "Spaces", ""); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return copies(f.spaces, func(*client.Space) bool { return true }), nil
}

func (f *fakeSource) SpaceContents(ctx context.Context, spaceCode string) ([]*client.Object, error) {
	if err := f.called(ctx, "SpaceContents", spaceCode); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return copies(f.objects, func(o *client.Object) bool { return o.Space == spaceCode && o.Project == "" }), nil
}

func (f *fakeSource) ProjectContents(ctx context.Context, projectPermID string) ([]*client.Collection, []*client.Object, error) {
	if err := f.called(ctx, "ProjectContents", projectPermID); err != nil {
		return nil, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	collections := copies(f.collections, func(c *client.Collection) bool {
		codes := strings.Split(c.Identifier, "/")
		return "p-"+codes[1]+"-"+codes[2] == projectPermID
	})
	objects := copies(f.objects, func(o *client.Object) bool {
		return o.Project != "" && o.Collection == "" && "p-"+o.Space+"-"+o.Project == projectPermID
	})
	return collections, objects, nil
}

func (f *fakeSource) CollectionPages(ctx context.Context, collectionPermID string, take func(client.CollectionPage) error) error {
	if err := f.called(ctx, "CollectionContents", collectionPermID); err != nil {
		return err
	}
	objects, dataSets := f.collectionContents(collectionPermID)
	size := max(f.pageSize, 1)
	if f.pageSize == 0 {
		size = max(len(objects), len(dataSets), 1)
	}
	for first := true; first || len(objects)+len(dataSets) > 0; first = false {
		if !first {
			if err := f.called(ctx, "page", collectionPermID); err != nil {
				return err
			}
		}
		n, m := min(size, len(objects)), min(size, len(dataSets))
		page := client.CollectionPage{Objects: objects[:n], DataSets: dataSets[:m], DataSetsDone: m == len(dataSets)}
		objects, dataSets = objects[n:], dataSets[m:]
		if err := take(page); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeSource) collectionContents(collectionPermID string) ([]*client.Object, []*client.DataSet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	objects := copies(f.objects, func(o *client.Object) bool {
		return o.Collection != "" && "c-"+o.Space+"-"+o.Project+"-"+o.Collection == collectionPermID
	})
	for _, o := range objects {
		o.DataSets, o.DataSetsFetched = f.dataSetsOf(o.PermID), true
	}
	dataSets := copies(f.dataSets, func(ds *client.DataSet) bool {
		return ds.Collection != "" && "c"+strings.ReplaceAll(ds.Collection, "/", "-") == collectionPermID
	})
	return objects, dataSets
}

func (f *fakeSource) ObjectContents(ctx context.Context, objectPermID string) ([]*client.DataSet, error) {
	if err := f.called(ctx, "ObjectContents", objectPermID); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dataSetsOf(objectPermID), nil
}

func (f *fakeSource) dataSetsOf(objectPermID string) []*client.DataSet {
	return copies(f.dataSets, func(ds *client.DataSet) bool { return ds.Object != nil && ds.Object.PermID == objectPermID })
}

func (f *fakeSource) Files(ctx context.Context, ds *client.DataSet) ([]client.File, error) {
	if err := f.called(ctx, "Files", ds.PermID); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	files, ok := f.files[ds.PermID]
	if !ok {
		return nil, fmt.Errorf("files of %s: %w", ds.PermID, client.ErrNotFound)
	}
	return slices.Clone(files), nil
}

// copies returns new copies of those of all that belong, as every answer of a server is new.
func copies[T any](all []*T, belongs func(*T) bool) []*T {
	var some []*T
	for _, one := range all {
		if belongs(one) {
			c := *one
			some = append(some, &c)
		}
	}
	return some
}

// newTestTree returns a tree of src that ends with the test.
func newTestTree(t testing.TB, src Source, opts Options) *Tree {
	t.Helper()
	tree := New(src, opts)
	t.Cleanup(tree.Close)
	return tree
}

// at returns the entry at a path below the root of the tree, by look-ups.
func at(t testing.TB, tree *Tree, path string) *Entry {
	t.Helper()
	e, err := tree.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		if e, err = tree.Lookup(t.Context(), e, name); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return e
}

func list(t testing.TB, tree *Tree, path string) *Listing {
	t.Helper()
	l, err := tree.List(t.Context(), at(t, tree, path))
	if err != nil {
		t.Fatalf("list %s: %v", path, err)
	}
	return l
}

func names(l *Listing) []string {
	var all []string
	for i := range l.Len() {
		all = append(all, l.At(i).Name)
	}
	return all
}
