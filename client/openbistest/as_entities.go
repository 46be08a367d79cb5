package openbistest

import "strings"

// operation is a search or get: a method of its own and an operation of executeOperations.
type operation struct {
	method string // "searchSamples", "getSamples"
	pkg    string // of its classes: "sample"
	params []paramType
	run    func(person *Person, args []any) (jsonValue, error)
}

// addEntityMethods adds the searches and gets.
func (as *applicationServer) addEntityMethods(methods map[string]method) {
	for _, op := range as.operations() {
		methods[op.method] = method{
			params: append([]paramType{textParam}, op.params...),
			call: as.withSession(func(session *session, args []any) (any, error) {
				return op.run(session.Person, args)
			}),
		}
	}
}

// searching makes the operation "search<Plural>" for "package.Entity".
func searching[T any](as *applicationServer, plural, key string, s search[T]) operation {
	pkg, _, _ := strings.Cut(key, ".")
	return operation{"search" + plural, pkg, []paramType{searchParam(key), fetchParam(key)},
		func(person *Person, args []any) (jsonValue, error) {
			return s.run(as, person, argObject(args[0]), argObject(args[1]))
		}}
}

// getting makes the operation "get<Plural>" for "package.Entity" with ids of that name.
func getting[T comparable](as *applicationServer, plural, key string, ids paramType, g get[T]) operation {
	pkg, _, _ := strings.Cut(key, ".")
	return operation{"get" + plural, pkg, []paramType{ids, fetchParam(key)},
		func(person *Person, args []any) (jsonValue, error) {
			list, _ := args[0].([]any)
			return g.run(as, person, list, argObject(args[1]))
		}}
}

func (as *applicationServer) operations() []operation {
	lab := as.s.Lab
	ops := []operation{
		searching(as, "Spaces", "space.Space",
			search[*Space]{find: (*searcher).spaces, keys: spaceKey, write: (*translation).writeSpace}),
		getting(as, "Spaces", "space.Space", idParam("space", "Space"),
			get[*Space]{find: as.findSpace, write: (*translation).writeSpace}),
		searching(as, "Projects", "project.Project",
			search[*Project]{find: (*searcher).projects, keys: projectKey, write: (*translation).writeProject}),
		getting(as, "Projects", "project.Project", idParam("project", "Project"),
			get[*Project]{find: as.findProject, write: (*translation).writeProject}),
		searching(as, "Experiments", "experiment.Experiment",
			search[*Experiment]{find: (*searcher).experiments, keys: experimentKey, write: (*translation).writeExperiment}),
		getting(as, "Experiments", "experiment.Experiment", idParam("experiment", "Experiment"),
			get[*Experiment]{find: as.findExperiment, write: (*translation).writeExperiment}),
		searching(as, "Samples", "sample.Sample",
			search[*Sample]{find: (*searcher).samples, generate: (*searcher).generatedSamples, keys: sampleKey, write: (*translation).writeSample}),
		getting(as, "Samples", "sample.Sample", idParam("sample", "Sample"),
			get[*Sample]{find: as.findSample, write: (*translation).writeSample}),
		searching(as, "DataSets", "dataset.DataSet",
			search[*DataSet]{find: (*searcher).dataSets, generate: (*searcher).generatedDataSets, keys: dataSetKey, write: (*translation).writeDataSet}),
		getting(as, "DataSets", "dataset.DataSet", idParam("dataset", "DataSet"),
			get[*DataSet]{find: as.findDataSet, write: (*translation).writeDataSet}),
		searching(as, "PropertyTypes", "property.PropertyType", search[*PropertyType]{
			find: all(func() []*PropertyType { return lab.PropertyTypes }, (*searcher).propertyType),
			keys: propertyTypeKey, inMemory: true, write: (*translation).writePropertyType}),
		getting(as, "PropertyTypes", "property.PropertyType", idParam("property", "PropertyType"), get[*PropertyType]{
			find:  byPermID(func() []*PropertyType { return lab.PropertyTypes }, func(p *PropertyType) string { return p.Code }),
			write: (*translation).writePropertyType}),
		searching(as, "PropertyAssignments", "property.PropertyAssignment", search[assignedProperty]{
			find: as.allAssignments, keys: assignmentKey, inMemory: true, write: (*translation).writeAssignment}),
		searching(as, "Vocabularies", "vocabulary.Vocabulary", search[*Vocabulary]{
			find: all(func() []*Vocabulary { return lab.Vocabularies }, (*searcher).vocabulary),
			keys: vocabularyKey, inMemory: true, write: (*translation).writeVocabulary}),
		getting(as, "Vocabularies", "vocabulary.Vocabulary", idParam("vocabulary", "Vocabulary"), get[*Vocabulary]{
			find:  byPermID(func() []*Vocabulary { return lab.Vocabularies }, func(v *Vocabulary) string { return v.Code }),
			write: (*translation).writeVocabulary}),
		searching(as, "VocabularyTerms", "vocabulary.VocabularyTerm", search[vocabularyTerm]{
			find: all(as.allTerms, (*searcher).term), keys: termKey, inMemory: true, write: (*translation).writeTerm}),
		getting(as, "VocabularyTerms", "vocabulary.VocabularyTerm", idParam("vocabulary", "VocabularyTerm"),
			get[vocabularyTerm]{find: as.findTerm, write: (*translation).writeTerm}),
		searching(as, "DataStores", "datastore.DataStore", search[*DataStore]{
			find: all(func() []*DataStore { return lab.DataStores }, (*searcher).dataStore),
			keys: dataStoreKey, inMemory: true, write: (*translation).writeDataStore}),
		searching(as, "AggregationServices", "service.AggregationService", search[aggregationService]{
			find: all(as.s.aggregationServices, (*searcher).aggregationService),
			keys: serviceKey, inMemory: true, write: (*translation).writeAggregationService}),
		searching(as, "Persons", "person.Person", search[*Person]{
			find: all(func() []*Person { return lab.Persons }, (*searcher).personSearch),
			keys: personKey, inMemory: true, write: (*translation).writePerson}),
		getting(as, "Persons", "person.Person", idParam("person", "Person"),
			get[*Person]{find: as.findPerson, write: (*translation).writePerson}),
		searching(as, "Tags", "tag.Tag", search[*Tag]{find: as.allTags, keys: tagKey, inMemory: true, write: (*translation).writeTag}),
		getting(as, "Tags", "tag.Tag", idParam("tag", "Tag"), get[*Tag]{find: as.findTag, write: (*translation).writeTag}),
	}
	for _, kind := range []struct {
		key   string
		kind  EntityKind
		types func() []*EntityType
	}{
		{"sample.SampleType", SampleKind, func() []*EntityType { return lab.SampleTypes }},
		{"experiment.ExperimentType", ExperimentKind, func() []*EntityType { return lab.ExperimentTypes }},
		{"dataset.DataSetType", DataSetKind, func() []*EntityType { return lab.DataSetTypes }},
	} {
		_, name, _ := strings.Cut(kind.key, ".")
		ops = append(ops,
			searching(as, name+"s", kind.key, search[*EntityType]{
				find: all(kind.types, (*searcher).entityType), keys: typeKey, write: (*translation).writeType}),
			getting(as, name+"s", kind.key, idParam("entitytype", "EntityType"), get[*EntityType]{
				find: typeFinder(kind.kind, kind.types), write: (*translation).writeType}))
	}
	return ops
}

// all searches everything of a kind.
func all[T comparable](list func() []T, match func(q *searcher, c *object, e T) bool) func(*searcher, *object) []T {
	return func(q *searcher, c *object) []T {
		return filter(list(), func(e T) bool { return match(q, c, e) })
	}
}

// byPermID finds what everybody may see by its permId.
func byPermID[T any](list func() []*T, permID func(*T) string) func(*Person, *object) (*T, error) {
	return func(_ *Person, id *object) (*T, error) {
		for _, e := range list() {
			if permID(e) == id.text("permId") {
				return e, nil
			}
		}
		return nil, nil
	}
}

func (as *applicationServer) allTerms() []vocabularyTerm {
	var list []vocabularyTerm
	for _, v := range as.s.Lab.Vocabularies {
		list = append(list, termsOf(v)...)
	}
	return list
}

func (as *applicationServer) allAssignments(q *searcher, c *object) []assignedProperty {
	var list []assignedProperty
	for _, types := range [][]*EntityType{as.s.Lab.SampleTypes, as.s.Lab.ExperimentTypes, as.s.Lab.DataSetTypes} {
		for _, t := range types {
			for _, a := range assignedTo(t) {
				if q.assignment(c, t, a.PropertyAssignment) {
					list = append(list, a)
				}
			}
		}
	}
	return list
}

func (as *applicationServer) allTags(q *searcher, c *object) []*Tag {
	return filter(as.s.Lab.Tags, func(t *Tag) bool {
		return q.tagVisible(t) && q.group(c, func(child *object) bool { return q.attribute(child, tagAttributes(t)) })
	})
}
