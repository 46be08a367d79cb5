package openbistest

import (
	"strings"
	"sync"
)

// store gives the lab's entities by their ids and by what they belong to.
type store struct {
	mu sync.RWMutex

	spaces      map[string]*Space
	projects    map[string]*Project // by permId and by identifier, as are the next two
	experiments map[string]*Experiment
	samples     map[string]*Sample
	dataSets    map[string]*DataSet

	projectsOf       map[*Space][]*Project
	experimentsOf    map[*Project][]*Experiment
	samplesOf        map[*Experiment][]*Sample
	samplesOfSpace   map[*Space][]*Sample
	samplesOfProject map[*Project][]*Sample // with those in its experiments
	dataSetsOf       map[*Experiment][]*DataSet

	huge *huge
}

func newStore(lab *Lab) *store {
	st := new(store)
	st.index(lab)
	return st
}

// lock takes the lock that a method needs and returns the function that gives it back.
func (st *store) lock(writes bool) func() {
	if writes {
		st.mu.Lock()
		return st.mu.Unlock
	}
	st.mu.RLock()
	return st.mu.RUnlock
}

// index notes what the lab has now.
func (st *store) index(lab *Lab) {
	st.spaces = make(map[string]*Space)
	st.projects = make(map[string]*Project)
	st.experiments = make(map[string]*Experiment)
	st.samples = make(map[string]*Sample, 2*len(lab.Samples))
	st.dataSets = make(map[string]*DataSet, len(lab.DataSets))
	st.projectsOf = make(map[*Space][]*Project)
	st.experimentsOf = make(map[*Project][]*Experiment)
	st.samplesOf = make(map[*Experiment][]*Sample)
	st.samplesOfSpace = make(map[*Space][]*Sample)
	st.samplesOfProject = make(map[*Project][]*Sample)
	st.dataSetsOf = make(map[*Experiment][]*DataSet)
	for _, s := range lab.Spaces {
		st.spaces[s.Code] = s
	}
	for _, p := range lab.Projects {
		st.projects[p.PermID] = p
		st.projects[strings.ToUpper(p.Identifier())] = p
		st.projectsOf[p.Space] = append(st.projectsOf[p.Space], p)
	}
	for _, e := range lab.Experiments {
		st.experiments[e.PermID] = e
		st.experiments[strings.ToUpper(e.Identifier())] = e
		st.experimentsOf[e.Project] = append(st.experimentsOf[e.Project], e)
	}
	for _, s := range lab.Samples {
		st.samples[s.PermID] = s
		st.samples[strings.ToUpper(s.Identifier())] = s
		if s.Space != nil {
			st.samplesOfSpace[s.Space] = append(st.samplesOfSpace[s.Space], s)
		}
		if s.Project != nil {
			st.samplesOfProject[s.Project] = append(st.samplesOfProject[s.Project], s)
		}
		if s.Experiment != nil {
			st.samplesOf[s.Experiment] = append(st.samplesOf[s.Experiment], s)
		}
	}
	for _, d := range lab.DataSets {
		st.addDataSet(d)
	}
	st.huge = lab.huge
}

// addDataSet notes a data set that was added to the lab. The caller holds the lock for writing.
func (st *store) addDataSet(d *DataSet) {
	st.dataSets[d.PermID] = d
	if d.Experiment != nil {
		st.dataSetsOf[d.Experiment] = append(st.dataSetsOf[d.Experiment], d)
	}
}

// dataSet returns the data set of that code, nil when there is none.
func (st *store) dataSet(code string) *DataSet {
	if d := st.dataSets[code]; d != nil {
		return d
	}
	if ordinal, ok := st.huge.dataSetOf(code); ok {
		return st.huge.dataSet(ordinal)
	}
	return nil
}

// sample returns the sample of that permId or identifier in upper case, nil when there is none.
func (st *store) sample(key string) *Sample {
	if s := st.samples[key]; s != nil || !strings.HasPrefix(key, "/") && strings.HasPrefix(key, hugeCode) {
		return s
	}
	if ordinal, ok := st.huge.sampleOf(key); ok {
		return st.huge.sample(ordinal)
	}
	return nil
}
