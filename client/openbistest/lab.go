package openbistest

import (
	"strconv"
	"time"
)

// Lab is everything that a simulated openBIS server knows. Its slices are in order of registration.
//
// The Add and Link methods keep what the real server guarantees: permIds and technical ids come from one sequence,
// relations are set on both ends, an Object in a Collection has the Collection's Project and Space, and the
// Dataset of an Object has the Object's Collection. They panic when they are asked for something that the server would
// refuse. A Lab is not safe for concurrent use while something is added to it.
type Lab struct {
	Persons         []*Person
	Spaces          []*Space
	Projects        []*Project
	Experiments     []*Experiment
	Samples         []*Sample
	DataSets        []*DataSet
	DataStores      []*DataStore
	SampleTypes     []*EntityType
	ExperimentTypes []*EntityType
	DataSetTypes    []*EntityType
	PropertyTypes   []*PropertyType
	Vocabularies    []*Vocabulary
	Tags            []*Tag
	ExternalDMS     []*ExternalDMS

	// Clock dates what is added, for its permId as well as for its registration. The default is a made-up clock that
	// starts at a fixed date and goes on a little with every call, so that a Lab is the same every time.
	Clock func() time.Time
	// Author registers what is added without a registrator.
	Author *Person

	sequence int64
	huge     *huge // nil: none
}

// labStart is when the default clock of a Lab starts.
var labStart = time.Date(2025, time.January, 13, 8, 2, 11, 417e6, time.UTC)

// NewLab returns an empty Lab: no users, no types, no data store.
func NewLab() *Lab {
	l := new(Lab)
	l.startClock(labStart)
	return l
}

// startClock lets the Lab's clock go on from t, by some seconds and milliseconds with every call.
func (l *Lab) startClock(t time.Time) {
	l.Clock = func() time.Time {
		t = t.Add(17*time.Second + 293*time.Millisecond)
		return t
	}
}

// identity gives a new entity its technical id, its registration date unless it has one, and its registrator and
// modifier unless it has them.
func (l *Lab) identity(id *int64, registered, modified *time.Time, registrator, modifier **Person) {
	l.sequence++
	*id = l.sequence
	if registered.IsZero() {
		*registered = l.Clock()
	}
	if modified.IsZero() {
		*modified = *registered
	}
	if *registrator == nil {
		*registrator = l.Author
	}
	if *modifier == nil {
		*modifier = *registrator
	}
}

// permID returns "yyyyMMddHHmmssSSS-<id>", as openBIS source, PermIdDAO.java.
func permID(registered time.Time, id int64) string {
	b := make([]byte, 0, 28)
	b = registered.AppendFormat(b, "20060102150405.000")
	b = append(b[:14], b[15:]...) // without the dot
	return string(strconv.AppendInt(append(b, '-'), id, 10))
}

// AddPerson adds a user. The first one becomes the Lab's Author.
func (l *Lab) AddPerson(p *Person) *Person {
	if p.Registered.IsZero() {
		p.Registered = l.Clock()
	}
	if l.Author == nil {
		l.Author = p
	}
	l.Persons = append(l.Persons, p)
	return p
}

// AddDataStore adds a data store.
func (l *Lab) AddDataStore(s *DataStore) *DataStore {
	if s.Registered.IsZero() {
		s.Registered = l.Clock()
	}
	l.DataStores = append(l.DataStores, s)
	return s
}

// AddVocabulary adds a vocabulary; terms without an ordinal are numbered from 1.
func (l *Lab) AddVocabulary(v *Vocabulary) *Vocabulary {
	if v.Registered.IsZero() {
		v.Registered = l.Clock()
	}
	if v.Registrator == nil {
		v.Registrator = l.Author
	}
	for i, t := range v.Terms {
		if t.Ordinal == 0 {
			t.Ordinal = int64(i + 1)
		}
	}
	l.Vocabularies = append(l.Vocabularies, v)
	return v
}

// AddPropertyType adds a property type.
func (l *Lab) AddPropertyType(p *PropertyType) *PropertyType {
	if p.Registered.IsZero() {
		p.Registered = l.Clock()
	}
	if p.Registrator == nil {
		p.Registrator = l.Author
	}
	l.PropertyTypes = append(l.PropertyTypes, p)
	return p
}

// AddType adds an entity type to the list of its kind.
func (l *Lab) AddType(t *EntityType) *EntityType {
	if t.Modified.IsZero() {
		t.Modified = l.Clock()
	}
	switch t.Kind {
	case ExperimentKind:
		l.ExperimentTypes = append(l.ExperimentTypes, t)
	case SampleKind:
		l.SampleTypes = append(l.SampleTypes, t)
	case DataSetKind:
		l.DataSetTypes = append(l.DataSetTypes, t)
	default:
		panic("openbistest: entity type " + t.Code + " of no kind")
	}
	return t
}

// AddTag adds a tag (metaproject) of a user.
func (l *Lab) AddTag(t *Tag) *Tag {
	if t.Registered.IsZero() {
		t.Registered = l.Clock()
	}
	if t.Owner == nil {
		t.Owner = l.Author
	}
	l.Tags = append(l.Tags, t)
	return t
}

// AddExternalDMS adds an external data management system.
func (l *Lab) AddExternalDMS(d *ExternalDMS) *ExternalDMS {
	l.ExternalDMS = append(l.ExternalDMS, d)
	return d
}

// NextPermID mints the permId of a data set that is not added yet (createPermIdStrings).
func (l *Lab) NextPermID() string {
	l.sequence++
	return permID(l.Clock(), l.sequence)
}
