package openbistest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSmallLabIsLargeEnough(t *testing.T) {
	l := SmallLab()
	types := make(map[*EntityType]bool)
	for _, s := range l.Samples {
		types[s.Type] = true
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"Spaces", len(l.Spaces), 3},
		{"Projects", len(l.Projects), 4},
		{"Collections", len(l.Experiments), 6},
		{"Objects", len(l.Samples), 40},
		{"types of Objects", len(types), 5},
		{"Datasets", len(l.DataSets), 20},
		{"vocabularies", len(l.Vocabularies), 2},
		{"data stores", len(l.DataStores), 2},
		{"tags", len(l.Tags), 2},
	} {
		if c.got < c.want {
			t.Errorf("%d %s, want %d at least", c.got, c.what, c.want)
		}
	}
}

func TestSmallLabHasEveryDataType(t *testing.T) {
	l := SmallLab()
	have := make(map[DataType]bool)
	use := func(t *EntityType, values map[string]string) {
		for _, a := range t.Assignments {
			if _, ok := values[a.PropertyType.Code]; ok {
				have[a.PropertyType.DataType] = true
			}
		}
	}
	for _, s := range l.Samples {
		use(s.Type, s.Properties)
	}
	for _, e := range l.Experiments {
		use(e.Type, e.Properties)
	}
	for _, want := range []DataType{"INTEGER", "REAL", "BOOLEAN", "VARCHAR", "MULTILINE_VARCHAR", "TIMESTAMP", "DATE", "CONTROLLEDVOCABULARY",
		"XML", "HYPERLINK", "SAMPLE", "JSON"} {
		if !have[want] {
			t.Errorf("no property of type %s has a value", want)
		}
	}
}

// has tells whether any of the entities is as wanted.
func has[E any](t *testing.T, what string, all []E, is func(E) bool) {
	t.Helper()
	if !slices.ContainsFunc(all, is) {
		t.Errorf("no %s", what)
	}
}

func TestSmallLabHasEveryKindOfObject(t *testing.T) {
	l := SmallLab()
	has(t, "Object without Collection", l.Samples, func(s *Sample) bool { return s.Project != nil && s.Experiment == nil })
	has(t, "Object without Project", l.Samples, func(s *Sample) bool { return s.Space != nil && s.Project == nil })
	has(t, "shared Object", l.Samples, func(s *Sample) bool { return s.Space == nil })
	has(t, "contained Object", l.Samples, func(s *Sample) bool { return s.Identifier() == "/MICROSCOPY/SCREENING/PLATE-001:A1" })
	has(t, "tagged Object", l.Samples, func(s *Sample) bool { return len(s.Tags) > 1 })
	has(t, "tagged Collection", l.Experiments, func(e *Experiment) bool { return len(e.Tags) > 0 })
	has(t, "empty Project", l.Projects, func(p *Project) bool {
		return !slices.ContainsFunc(l.Samples, func(s *Sample) bool { return s.Project == p })
	})
	parent := func(differ func(p, s *Sample) bool) func(*Sample) bool {
		return func(s *Sample) bool {
			return slices.ContainsFunc(s.Parents, func(p *Sample) bool { return s.Space != nil && p.Space != nil && differ(p, s) })
		}
	}
	has(t, "parent in another Collection", l.Samples, parent(func(p, s *Sample) bool { return p.Project == s.Project && p.Experiment != s.Experiment }))
	has(t, "parent in another Project", l.Samples, parent(func(p, s *Sample) bool { return p.Space == s.Space && p.Project != s.Project }))
	has(t, "parent in another Space", l.Samples, parent(func(p, s *Sample) bool { return p.Space != s.Space }))
	has(t, "Collection and Object of one code", l.Samples, func(s *Sample) bool {
		return s.Experiment == nil && s.Project != nil && slices.ContainsFunc(l.Experiments, func(e *Experiment) bool {
			return e.Project == s.Project && e.Code == s.Code
		})
	})
	has(t, "repeated name", l.Samples, func(s *Sample) bool {
		return slices.ContainsFunc(l.Samples, func(o *Sample) bool {
			return o != s && o.Experiment == s.Experiment && s.Properties["$NAME"] != "" && o.Properties["$NAME"] == s.Properties["$NAME"]
		})
	})
}

func TestSmallLabHasEveryKindOfDataset(t *testing.T) {
	l := SmallLab()
	all := l.DataSets
	node := func(is func(path string, n *Node) bool) func(*DataSet) bool {
		return func(d *DataSet) bool {
			found := false
			if d.Root != nil {
				d.Root.Walk(func(path string, n *Node) { found = found || is(path, n) })
			}
			return found
		}
	}
	has(t, "Dataset of an Object", all, func(d *DataSet) bool { return d.Sample != nil && d.Experiment != nil })
	has(t, "Dataset of a Collection", all, func(d *DataSet) bool { return d.Sample == nil })
	has(t, "Dataset of an Object without Collection", all, func(d *DataSet) bool { return d.Sample != nil && d.Experiment == nil && d.Sample.Project != nil })
	has(t, "Dataset of an Object without Project", all, func(d *DataSet) bool { return d.Sample != nil && d.Sample.Project == nil })
	has(t, "Dataset with a parent in another Space", all, func(d *DataSet) bool {
		return slices.ContainsFunc(d.Parents, func(p *DataSet) bool { return p.SpaceCode() != d.SpaceCode() })
	})
	has(t, "three levels of folders", all, node(func(path string, _ *Node) bool {
		return path == "original/RUN_0042/Data/L001/fastq/S1_L001_R1_001.fastq"
	}))
	has(t, "empty folder", all, node(func(_ string, n *Node) bool { return n.IsFolder() && len(n.Children) == 0 }))
	has(t, "empty file", all, node(func(_ string, n *Node) bool { return !n.IsFolder() && n.Content.Size() == 0 }))
	has(t, "archive shown as a folder", all, node(func(_ string, n *Node) bool { return n.HDF5Archive && len(n.Children) > 0 }))
	has(t, "file without CRC", all, node(func(_ string, n *Node) bool { return n.NoCRC }))
	has(t, "file of 8 GiB", all, node(func(_ string, n *Node) bool { return n.Name == "big.raw" && n.Content.Size() == 8<<30 }))
	has(t, "Dataset without the folder original", all, func(d *DataSet) bool { return d.Root != nil && d.Root.Children[0].Name != "original" })
	has(t, "file .meta.json", all, func(d *DataSet) bool { return d.Root != nil && d.Root.Children[0].Name == ".meta.json" })
	has(t, "container of Datasets with a path in common", all, func(d *DataSet) bool { return len(d.Components) == 2 })
	has(t, "empty container", all, func(d *DataSet) bool { return d.Kind == "CONTAINER" && len(d.Components) == 0 })
	has(t, "linked Dataset with files", all, func(d *DataSet) bool { return d.Kind == "LINK" && d.Root != nil && len(d.Linked.Copies) == 2 })
	has(t, "linked Dataset without files", all, func(d *DataSet) bool { return d.Kind == "LINK" && d.Root == nil })
	has(t, "Dataset in a second store", all, func(d *DataSet) bool { return d.Store == l.DataStores[1] })
	for _, status := range []string{"AVAILABLE", "LOCKED", "BACKUP_PENDING", "ARCHIVED", "UNARCHIVE_PENDING"} {
		has(t, "Dataset that is "+status, all, func(d *DataSet) bool { return d.Physical != nil && d.Physical.Status == status })
	}
}

func TestObserverSeesExactlyOneSpace(t *testing.T) {
	l := SmallLab()
	seen := make(map[string][]string)
	for _, p := range l.Persons {
		for _, s := range l.Spaces {
			if p.Password != "" && p.MaySee(s.Code) {
				seen[p.UserID] = append(seen[p.UserID], s.Code)
			}
		}
	}
	want := map[string][]string{"demo": {"MICROSCOPY", "GENOMICS", "MATERIALS", "TEACHING"}, "observer": {"MATERIALS"}}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestSmallLabIsTheSameEveryTime(t *testing.T) {
	a, b := SmallLab(), SmallLab()
	for i := range a.Samples {
		if a.Samples[i].PermID != b.Samples[i].PermID || !a.Samples[i].Modified.Equal(b.Samples[i].Modified) {
			t.Errorf("%s is %s of %v, then %s of %v", a.Samples[i].Identifier(), a.Samples[i].PermID, a.Samples[i].Modified, b.Samples[i].PermID, b.Samples[i].Modified)
		}
	}
	for i := range a.DataSets {
		if a.DataSets[i].PermID != b.DataSets[i].PermID || a.DataSets[i].Root != nil && a.DataSets[i].Root == b.DataSets[i].Root {
			t.Errorf("%s: not the same, or shared", a.DataSets[i].PermID)
		}
	}
}
