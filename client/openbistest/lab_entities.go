package openbistest

import (
	"crypto/md5" // the server's own choice, no secret
	"encoding/hex"
)

// AddSpace adds a Space.
func (l *Lab) AddSpace(s *Space) *Space {
	modified, modifier := s.Registered, s.Registrator // a Space has none of its own
	l.identity(&s.ID, &s.Registered, &modified, &s.Registrator, &modifier)
	l.Spaces = append(l.Spaces, s)
	return s
}

// AddProject adds a Project to its Space.
func (l *Lab) AddProject(p *Project) *Project {
	l.identity(&p.ID, &p.Registered, &p.Modified, &p.Registrator, &p.Modifier)
	if p.PermID == "" {
		p.PermID = permID(p.Registered, p.ID)
	}
	l.Projects = append(l.Projects, p)
	return p
}

// AddExperiment adds a Collection to its Project.
func (l *Lab) AddExperiment(e *Experiment) *Experiment {
	l.identity(&e.ID, &e.Registered, &e.Modified, &e.Registrator, &e.Modifier)
	if e.PermID == "" {
		e.PermID = permID(e.Registered, e.ID)
	}
	l.Experiments = append(l.Experiments, e)
	return e
}

// AddSample adds an Object. From its Collection it gets Project and Space, from its Project the Space.
// Parents, Children, Container and Components are set by [Lab.LinkSamples] and [Lab.AddComponent].
func (l *Lab) AddSample(s *Sample) *Sample {
	l.identity(&s.ID, &s.Registered, &s.Modified, &s.Registrator, &s.Modifier)
	if s.PermID == "" {
		s.PermID = permID(s.Registered, s.ID)
	}
	if s.Experiment != nil {
		s.Project = s.Experiment.Project
	}
	if s.Project != nil {
		s.Space = s.Project.Space
	}
	l.Samples = append(l.Samples, s)
	return s
}

// AddDataSet adds a Dataset to its Object, whose Collection it then has, or else to its Collection.
// Without a kind it is physical. A physical Dataset without physical data is AVAILABLE and as large as its files;
// one without a store is in the Lab's first. Parents, Children, Components and Containers are set by
// [Lab.LinkDataSets] and [Lab.AddToContainer].
func (l *Lab) AddDataSet(d *DataSet) *DataSet {
	l.identity(&d.ID, &d.Registered, &d.Modified, &d.Registrator, &d.Modifier)
	if d.PermID == "" {
		d.PermID = permID(d.Registered, d.ID)
	}
	if d.Kind == "" {
		d.Kind = "PHYSICAL"
	}
	if d.Store == nil && len(l.DataStores) > 0 {
		d.Store = l.DataStores[0]
	}
	l.own(d)
	if d.Kind == "PHYSICAL" {
		d.complete()
	}
	l.DataSets = append(l.DataSets, d)
	return d
}

// own attaches a Dataset to its Object or Collection, which dates their last modification too (openBIS source,
// RelationshipUtils.java).
func (l *Lab) own(d *DataSet) {
	if s := d.Sample; s != nil {
		if s.Space == nil {
			panic("openbistest: a shared sample can't have data sets: " + s.Identifier())
		}
		d.Experiment = s.Experiment
		s.DataSets = append(s.DataSets, d)
		if s.Modified.Before(d.Registered) {
			s.Modified, s.Modifier = d.Registered, d.Registrator
		}
	}
	if e := d.Experiment; e != nil {
		if e.Modified.Before(d.Registered) {
			e.Modified, e.Modifier = d.Registered, d.Registrator
		}
	} else if d.Sample == nil {
		panic("openbistest: data set without an owner: " + d.PermID)
	}
}

// storeUUID is the first part of all locations in a store: the code of the server's database instance.
const storeUUID = "6C2A3C7E-0B53-4F0A-9E7B-5D3E21A1D3F4"

// complete fills in what a data store records of a physical Dataset.
func (d *DataSet) complete() {
	if d.Physical == nil {
		d.Physical = new(PhysicalData)
	}
	p := d.Physical
	if p.Status == "" {
		p.Status = "AVAILABLE"
	}
	if p.ShareID == "" {
		p.ShareID = "1"
	}
	if p.Complete == "" {
		p.Complete = "UNKNOWN"
	}
	if p.SpeedHint == 0 {
		p.SpeedHint = -50
	}
	p.StorageConfirmed = true
	if p.Location == "" {
		sum := md5.Sum([]byte(d.PermID))
		h := hex.EncodeToString(sum[:3])
		p.Location = storeUUID + "/" + h[:2] + "/" + h[2:4] + "/" + h[4:] + "/" + d.PermID
	}
	if p.Size == nil && d.Root != nil {
		size := d.Root.TotalSize()
		p.Size = &size
	}
}

// LinkSamples makes parent a parent of child.
func (l *Lab) LinkSamples(parent, child *Sample) {
	parent.Children = append(parent.Children, child)
	child.Parents = append(child.Parents, parent)
}

// AddComponent puts an Object into a container Object; its identifier then ends in "CONTAINER:CODE".
func (l *Lab) AddComponent(container, component *Sample) {
	if component.Container != nil {
		panic("openbistest: already contained: " + component.Identifier())
	}
	component.Container = container
	container.Components = append(container.Components, component)
}

// LinkDataSets makes parent a parent of child.
func (l *Lab) LinkDataSets(parent, child *DataSet) {
	parent.Children = append(parent.Children, child)
	child.Parents = append(child.Parents, parent)
}

// AddToContainer appends Datasets to the components of a container Dataset.
func (l *Lab) AddToContainer(container *DataSet, components ...*DataSet) {
	if container.Kind != "CONTAINER" {
		panic("openbistest: not a container: " + container.PermID)
	}
	for _, c := range components {
		container.Components = append(container.Components, c)
		c.Containers = append(c.Containers, container)
	}
}
