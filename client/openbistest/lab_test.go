package openbistest

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"
)

var permIDForm = regexp.MustCompile(`^\d{17}-\d+$`)

var codeForm = regexp.MustCompile(`^[A-Z0-9_.-]{1,100}$`)

// checkLab checks what the real server guarantees of all entities.
func checkLab(t *testing.T, l *Lab) {
	t.Helper()
	c := labChecker{T: t, permIDs: map[string]bool{}, identifiers: map[string]bool{}, ids: map[int64]bool{}}
	for _, s := range l.Spaces {
		c.entity(s.ID, "", "/"+s.Code, s.Code, s.Registrator, s.Registrator, s.Registered, s.Registered)
	}
	for _, p := range l.Projects {
		c.entity(p.ID, p.PermID, p.Identifier(), p.Code, p.Registrator, p.Modifier, p.Registered, p.Modified)
	}
	c.identifiers = map[string]bool{} // an Object without Project may be called as a Project is
	for _, e := range l.Experiments {
		c.entity(e.ID, e.PermID, e.Identifier(), e.Code, e.Registrator, e.Modifier, e.Registered, e.Modified)
		c.properties(e.Identifier(), e.Type, e.Properties)
	}
	c.identifiers = map[string]bool{}
	for _, s := range l.Samples {
		c.entity(s.ID, s.PermID, s.Identifier(), s.Code, s.Registrator, s.Modifier, s.Registered, s.Modified)
		c.properties(s.Identifier(), s.Type, s.Properties)
		c.sample(s)
	}
	for _, d := range l.DataSets {
		c.entity(d.ID, d.PermID, d.PermID, d.PermID, d.Registrator, d.Modifier, d.Registered, d.Modified)
		c.properties(d.PermID, d.Type, d.Properties)
		c.dataSet(d)
	}
}

type labChecker struct {
	*testing.T
	permIDs, identifiers map[string]bool
	ids                  map[int64]bool
}

func (c labChecker) entity(id int64, permID, identifier, code string, registrator, modifier *Person, registered, modified time.Time) {
	if c.ids[id] || id <= 0 {
		c.Errorf("%s: id %d is zero or taken", identifier, id)
	}
	c.ids[id] = true
	if permID != "" {
		if c.permIDs[permID] || !permIDForm.MatchString(permID) {
			c.Errorf("%s: permId %q is malformed or taken", identifier, permID)
		}
		c.permIDs[permID] = true
	}
	if c.identifiers[identifier] {
		c.Errorf("%s: the identifier is taken", identifier)
	}
	c.identifiers[identifier] = true
	if !codeForm.MatchString(code) {
		c.Errorf("%s: the server takes no such code", identifier)
	}
	if registrator == nil || modifier == nil || registered.IsZero() || modified.Before(registered) {
		c.Errorf("%s: registered %v by %v, modified %v by %v", identifier, registered, registrator, modified, modifier)
	}
}

func (c labChecker) properties(identifier string, t *EntityType, values map[string]string) {
	if t == nil {
		c.Errorf("%s: has no type", identifier)
		return
	}
	assigned := make(map[string]bool)
	for _, a := range t.Assignments {
		p := a.PropertyType
		assigned[p.Code] = true
		value, ok := values[p.Code]
		if !ok {
			if a.Mandatory {
				c.Errorf("%s: misses the mandatory property %s", identifier, p.Code)
			}
			continue
		}
		if err := checkValue(p, value); err != nil {
			c.Errorf("%s: %s: %v", identifier, p.Code, err)
		}
	}
	for code := range values {
		if !assigned[code] {
			c.Errorf("%s: type %s has no property %s", identifier, t.Code, code)
		}
	}
}

func (c labChecker) sample(s *Sample) {
	id := s.Identifier()
	if e := s.Experiment; e != nil && (s.Project != e.Project || s.Space != e.Project.Space) {
		c.Errorf("%s: is not in the Project and Space of its Collection", id)
	}
	if s.Project != nil && s.Space != s.Project.Space {
		c.Errorf("%s: is not in the Space of its Project", id)
	}
	for _, p := range s.Parents {
		if !slices.Contains(p.Children, s) {
			c.Errorf("%s: is no child of its parent %s", id, p.Identifier())
		}
	}
	for _, p := range s.Children {
		if !slices.Contains(p.Parents, s) {
			c.Errorf("%s: is no parent of its child %s", id, p.Identifier())
		}
	}
	for _, p := range s.Components {
		if p.Container != s || p.Space != s.Space || p.Project != s.Project {
			c.Errorf("%s: does not contain %s", id, p.Identifier())
		}
	}
	for _, d := range s.DataSets {
		if d.Sample != s {
			c.Errorf("%s: does not own its Dataset %s", id, d.PermID)
		}
	}
}

func (c labChecker) dataSet(d *DataSet) {
	switch {
	case d.Sample == nil && d.Experiment == nil:
		c.Errorf("%s: belongs to nothing", d.PermID)
	case d.Sample != nil && (d.Experiment != d.Sample.Experiment || !slices.Contains(d.Sample.DataSets, d) || d.Sample.Space == nil):
		c.Errorf("%s: does not belong to the Object %s as it should", d.PermID, d.Sample.Identifier())
	}
	if d.Store == nil {
		c.Errorf("%s: is in no data store", d.PermID)
	}
	if (d.Kind == "PHYSICAL") != (d.Physical != nil) || (d.Kind == "LINK") != (d.Linked != nil) || (d.Kind == "CONTAINER") && d.Root != nil {
		c.Errorf("%s: is not what a Dataset of kind %s is", d.PermID, d.Kind)
	}
	for _, p := range d.Children {
		if !slices.Contains(p.Parents, d) {
			c.Errorf("%s: is no parent of its child %s", d.PermID, p.PermID)
		}
	}
	for _, p := range d.Components {
		if !slices.Contains(p.Containers, d) {
			c.Errorf("%s: does not contain %s", d.PermID, p.PermID)
		}
	}
	if d.Root == nil {
		return
	}
	paths := make(map[string]bool)
	d.Root.Walk(func(path string, n *Node) {
		if paths[path] || n.Name == "" || len(n.Name) > 255 {
			c.Errorf("%s: %q is there twice, or impossible", d.PermID, path)
		}
		paths[path] = true
	})
	if d.Physical != nil && *d.Physical.Size != d.Root.TotalSize() {
		c.Errorf("%s: has %d bytes of files, but says %d", d.PermID, d.Root.TotalSize(), *d.Physical.Size)
	}
}

func TestLabOfEverySizeKeepsTheInvariantsOfTheServer(t *testing.T) {
	for _, spec := range []string{"", "small", "wide:30", "deep:2,3,2,4", "small,wide:1,deep:1,1,1,0"} {
		t.Run(spec, func(t *testing.T) {
			l, err := ParseLab(spec)
			if err != nil {
				t.Fatal(err)
			}
			checkLab(t, l)
		})
	}
}

func TestAddingKeepsTheInvariantsOfTheServer(t *testing.T) {
	l := SmallLab()
	collection := l.Experiments[0]
	before := collection.Modified
	object := l.AddSample(&Sample{Code: "NEW", Type: collection.Type, Experiment: collection})
	dataSet := l.AddDataSet(&DataSet{Type: l.DataSetTypes[0], Sample: object, Root: Original(File("a.txt", Text("abc")))})
	checkLab(t, l)
	if object.Project != collection.Project || dataSet.Experiment != collection {
		t.Errorf("Object in %v, Dataset in %v", object.Project, dataSet.Experiment)
	}
	if !object.Modified.Equal(dataSet.Registered) || !collection.Modified.After(before) {
		t.Errorf("the new Dataset did not date its Object (%v) and Collection (%v)", object.Modified, collection.Modified)
	}
	if p := dataSet.Physical; p.Status != "AVAILABLE" || *p.Size != 3 || p.Location == "" {
		t.Errorf("physical data %+v", p)
	}
}

func TestPermIDsFollowTheClock(t *testing.T) {
	l := SmallLab()
	now := time.Date(2026, time.February, 3, 4, 5, 6, 78e6, time.UTC)
	l.Clock = func() time.Time { return now }
	project := l.AddProject(&Project{Code: "NEW", Space: l.Spaces[0]})
	if want := fmt.Sprintf("20260203040506078-%d", project.ID); project.PermID != want || !project.Registered.Equal(now) {
		t.Errorf("permId %s of %v, want %s", project.PermID, project.Registered, want)
	}
	if id := l.NextPermID(); id == project.PermID || !permIDForm.MatchString(id) {
		t.Errorf("next permId %s", id)
	}
}

func TestImpossibleEntitiesAreRefused(t *testing.T) {
	l := SmallLab()
	shared := l.AddSample(&Sample{Code: "SHARED", Type: l.SampleTypes[0]})
	for name, add := range map[string]func(){
		"Dataset of a shared Object": func() { l.AddDataSet(&DataSet{Type: l.DataSetTypes[0], Sample: shared}) },
		"Dataset of nothing":         func() { l.AddDataSet(&DataSet{Type: l.DataSetTypes[0]}) },
		"contained twice": func() {
			l.AddComponent(l.Samples[0], shared)
			l.AddComponent(l.Samples[1], shared)
		},
		"components of a physical Dataset": func() { l.AddToContainer(l.DataSets[0], l.DataSets[1]) },
		"type of no kind":                  func() { l.AddType(&EntityType{Code: "X"}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("was taken")
				}
			}()
			add()
		})
	}
}
