package openbistest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// huge is a part of a Lab that is too large to be held: Collections of Objects with one Dataset each, made whenever
// somebody asks for them and forgotten with the answer. Everything about an Object follows from its ordinal, from
// 0 on: the ordinals of a Collection are consecutive, and codes, permIds and dates ascend with them. What is made cannot be
// changed, and takes no new Datasets; what is added to its Collections is held like everything else.
type huge struct {
	collections []*Experiment
	ordinal     map[*Experiment]int // of the first Object
	each        int                 // Objects in a Collection
	first       int64               // technical id of the first Object; its Dataset has the next one
	sampleType  *EntityType
	dataSetType *EntityType
	store       *DataStore
	author      *Person
}

// hugeStart is when the first Object of a huge part was registered, long before all others; the next followed every second.
var hugeStart = time.Date(2015, time.March, 2, 6, 0, 0, 0, time.UTC)

// hugeCode is the beginning of the codes of Objects in a huge part.
const hugeCode = "OBJ-"

// hugePair is what one ordinal stands for.
type hugePair struct {
	sample               Sample
	dataSet              DataSet
	inSample             [1]*DataSet
	root, original, file Node
	inRoot, inOriginal   [1]*Node
	content              spectrum
}

// AddHuge adds the Space HUGE with the Project LAB of c Collections COLLECTION-001, …, of o Objects OBJ-0000001, … each,
// numbered through all of them, with one small Dataset each: original/spectrum.csv, 1686 bytes. None of the Objects and
// Datasets is in the Lab's lists: they are made when they are asked for. A Lab can be made huge once.
func (l *Lab) AddHuge(c, o int) {
	sampleType, experimentType, dataSetType := l.generatedTypes()
	space := l.AddSpace(&Space{Code: "HUGE", Description: "More than fits"})
	project := l.AddProject(&Project{Code: "LAB", Space: space, Description: "Large Collections"})
	h := &huge{each: o, ordinal: make(map[*Experiment]int), sampleType: sampleType, dataSetType: dataSetType, author: l.Author}
	if len(l.DataStores) > 0 {
		h.store = l.DataStores[0]
	}
	for i := range c {
		e := l.AddExperiment(&Experiment{Code: numbered("COLLECTION-", 3, i+1), Type: experimentType, Project: project,
			Properties: props{"$NAME": numbered("Collection ", 1, i+1)}})
		h.collections = append(h.collections, e)
		h.ordinal[e] = i * o
	}
	h.first = l.sequence + 1
	l.sequence += 2 * int64(h.len())
	l.huge = h
}

// len returns the number of Objects, which is that of Datasets. A nil part is empty.
func (h *huge) len() int {
	if h == nil {
		return 0
	}
	return len(h.collections) * h.each
}

func (h *huge) registered(ordinal int) time.Time {
	return hugeStart.Add(time.Duration(ordinal) * time.Second)
}

// hugeNamed are the properties of all Datasets of huge parts.
var hugeNamed = props{"$NAME": "Spectrum"}

// pair makes what an ordinal stands for.
func (h *huge) pair(ordinal int) *hugePair {
	collection := h.collections[ordinal/h.each]
	p := &hugePair{content: spectrum(ordinal)}
	id, at := h.first+2*int64(ordinal), h.registered(ordinal)
	p.sample = Sample{
		ID: id, PermID: permID(at, id), Code: hugeCode + padded(ordinal+1), Type: h.sampleType,
		Space: collection.Project.Space, Project: collection.Project, Experiment: collection,
		Properties:  props{"$NAME": "Object " + strconv.Itoa(ordinal+1)},
		Registrator: h.author, Modifier: h.author, Registered: at, Modified: at,
	}
	p.dataSet = DataSet{
		ID: id + 1, PermID: permID(at, id+1), Kind: "PHYSICAL", Type: h.dataSetType, Store: h.store, Properties: hugeNamed,
		Experiment: collection, Sample: &p.sample, Root: &p.root,
		Registrator: h.author, Modifier: h.author, Registered: at, Modified: at,
	}
	p.inSample[0], p.inRoot[0], p.inOriginal[0] = &p.dataSet, &p.original, &p.file
	p.sample.DataSets = p.inSample[:]
	p.root.Children = p.inRoot[:]
	p.original.Name, p.original.Children = "original", p.inOriginal[:]
	p.file.Name, p.file.Content = "spectrum.csv", &p.content
	p.dataSet.complete()
	return p
}

func (h *huge) sample(ordinal int) *Sample   { return &h.pair(ordinal).sample }
func (h *huge) dataSet(ordinal int) *DataSet { return &h.pair(ordinal).dataSet }

// padded is a number of at least seven digits, so that codes are ordered like numbers.
func padded(n int) string {
	s := strconv.Itoa(n)
	if len(s) < 7 {
		s = "0000000"[len(s):] + s
	}
	return s
}

// owns tells whether a technical id belongs to the part.
func (h *huge) owns(id int64) bool { return h != nil && id >= h.first && id < h.first+2*int64(h.len()) }

// sampleOf returns the ordinal of the Object of a permId, code or identifier in upper case.
func (h *huge) sampleOf(key string) (ordinal int, ok bool) {
	if h.len() == 0 {
		return 0, false
	}
	if ordinal, ok = h.byPermID(key, 0); ok {
		return ordinal, true
	}
	code, found := strings.CutPrefix(key, h.collections[0].Project.Identifier()+"/")
	if !found {
		code = key
	}
	digits, found := strings.CutPrefix(code, hugeCode)
	n, err := strconv.Atoi(digits)
	ordinal = n - 1
	if !found || err != nil || ordinal < 0 || ordinal >= h.len() || padded(n) != digits {
		return 0, false
	}
	return ordinal, true
}

// dataSetOf returns the ordinal of the Dataset of a permId.
func (h *huge) dataSetOf(permID string) (ordinal int, ok bool) { return h.byPermID(permID, 1) }

// byPermID returns the ordinal of a permId, of Objects (0) or Datasets (1).
func (h *huge) byPermID(key string, parity int64) (int, bool) {
	_, number, found := strings.Cut(key, "-")
	id, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || !h.owns(id) || (id-h.first)%2 != parity {
		return 0, false
	}
	ordinal := int((id - h.first) / 2)
	return ordinal, permID(h.registered(ordinal), id) == key
}

// span is a range of ordinals: from the first up to, but not including, the second.
type span struct{ from, to int }

// spans are ranges in ascending order that have nothing in common.
type spans []span

func (s spans) len() int {
	n := 0
	for _, r := range s {
		n += r.to - r.from
	}
	return n
}

// at returns the ordinal at a position.
func (s spans) at(i int) int {
	for _, r := range s {
		if n := r.to - r.from; i >= n {
			i -= n
			continue
		}
		return r.from + i
	}
	panic("openbistest: there is no such ordinal")
}

// intersect returns what is in both.
func (s spans) intersect(other spans) spans {
	both := spans{}
	for _, a := range s {
		for _, b := range other {
			if r := (span{max(a.from, b.from), min(a.to, b.to)}); r.from < r.to {
				both = append(both, r)
			}
		}
	}
	return both
}

// normal sorts ranges and joins those that touch or overlap.
func (s spans) normal() spans {
	slices.SortFunc(s, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	joined := spans{}
	for _, r := range s {
		if n := len(joined); n > 0 && r.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, r.to)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
