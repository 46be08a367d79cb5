package openbistest

import (
	"strconv"
	"sync"
	"time"
)

// SmallLab returns the demo lab: three research groups that share an openBIS, and what their data is like when it
// is looked at closely. It is the same every time, apart from what is done to it later.
//
// User "demo", password "demo", sees everything; "observer", password "observer", sees the Space MATERIALS and may change nothing.
//
//	MICROSCOPY  time-lapse and slide imaging, a compound screen on plates; an 8 GiB camera stream; containers
//	GENOMICS    sequencing runs in deep folders; archived and linked data; awkward file names
//	MATERIALS   tensile tests in HDF5, coatings; a Collection and an Object of one code
//	TEACHING    nothing yet
//
// A few Objects belong to a Space only, one ("/PROTOCOL-1") to nobody.
func SmallLab() *Lab {
	s := &smallLab{Lab: NewLab()}
	s.addPeopleAndStores()
	s.addTypes()
	s.addMicroscopy()
	s.addScreening()
	s.addGenomics()
	s.addMaterials()
	s.AddSpace(&Space{Code: "TEACHING", Description: "Practical courses"})
	s.addRelations()
	return s.Lab
}

// smallLab is the demo lab while it is built.
type smallLab struct {
	*Lab
	types   smallTypes
	people  map[string]*Person
	dss2    *DataStore
	tags    map[string]*Tag
	samples map[string]*Sample // by code, for what refers to them
}

// props are property values by property code.
type props = map[string]string

func (s *smallLab) addPeopleAndStores() {
	s.people = make(map[string]*Person)
	for _, p := range []*Person{
		{UserID: "demo", FirstName: "Demo", LastName: "User", Email: "demo@lab.example", Password: "demo"},
		{UserID: "observer", FirstName: "Olga", LastName: "Observer", Email: "observer@lab.example", Password: "observer", Spaces: []string{"MATERIALS"}, ReadOnly: true},
		{UserID: "mkeller", FirstName: "Maria", LastName: "Keller", Email: "maria.keller@lab.example"},
		{UserID: "jsato", FirstName: "Jun", LastName: "Satō", Email: "jun.sato@lab.example"},
		{UserID: "aoezdemir", FirstName: "Ayşe", LastName: "Özdemir", Email: "ayse.oezdemir@lab.example"},
	} {
		s.people[p.UserID] = s.AddPerson(p)
	}
	s.AddDataStore(&DataStore{Code: "DSS1"})
	s.dss2 = s.AddDataStore(&DataStore{Code: "DSS2"})

	s.tags = map[string]*Tag{
		"PUBLICATION_2025": s.AddTag(&Tag{Code: "PUBLICATION_2025", Description: "Data behind the figures of the 2025 paper"}),
		"NEEDS_REVIEW":     s.AddTag(&Tag{Code: "NEEDS_REVIEW", Description: "Somebody should look at this again"}),
	}
	s.samples = make(map[string]*Sample)
}

// on lets what follows be registered by a person from a day on.
func (s *smallLab) on(year int, month time.Month, day, hour, minute int, userID string) {
	s.startClock(time.Date(year, month, day, hour, minute, 4, 217e6, time.UTC))
	s.Author = s.people[userID]
}

// sample adds an Object and remembers it by its code.
func (s *smallLab) sample(o *Sample) *Sample {
	s.samples[o.Code] = s.AddSample(o)
	return o
}

// smallContents are the contents of all small labs, by number of the Dataset and path. The labs are equal, so what is
// made for one serves them all.
var smallContents sync.Map

// AddDataSet is that of [Lab], for a Dataset whose files are the same in every small lab.
func (s *smallLab) AddDataSet(d *DataSet) *DataSet {
	number := strconv.Itoa(len(s.DataSets))
	if d.Root != nil {
		d.Root.Walk(func(path string, n *Node) {
			if n.Content != nil {
				c, _ := smallContents.LoadOrStore(number+"/"+path, n.Content)
				n.Content = c.(Content)
			}
		})
	}
	return s.Lab.AddDataSet(d)
}
