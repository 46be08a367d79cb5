package openbistest

import "strings"

// searchType is the "@type" of criteria: "sample.Sample" is as.dto.sample.search.SampleSearchCriteria.
func searchType(key string) string {
	pkg, name, _ := strings.Cut(key, ".")
	return "as.dto." + pkg + ".search." + name + "SearchCriteria"
}

// searchParam is a parameter with the criteria of that key.
func searchParam(key string) paramType { return objectParam(searchType(key)) }

const anyCriteria = "as.dto.common.search.ISearchCriteria"

// compositeCriteria contain other criteria.
var compositeCriteria = `space.Space project.Project experiment.Experiment experiment.ExperimentType
	sample.Sample sample.SampleParents sample.SampleChildren sample.SampleContainer sample.SampleType
	dataset.DataSet dataset.DataSetParents dataset.DataSetChildren dataset.DataSetContainer dataset.DataSetType
	dataset.PhysicalData dataset.LinkedData dataset.StorageFormat dataset.FileFormatType dataset.LocatorType
	externaldms.ExternalDms datastore.DataStore entitytype.EntityType material.MaterialType
	property.PropertyType property.PropertyAssignment vocabulary.Vocabulary vocabulary.VocabularyTerm
	person.Person person.Registrator person.Modifier tag.Tag pat.PersonalAccessToken pat.PersonalAccessTokenOwner
	service.AggregationService service.CustomASService`

// stringCriteria compare a text.
var stringCriteria = `common.Code common.PermId common.Identifier common.StringProperty common.StrictlyStringProperty
	common.ControlledVocabularyProperty common.SampleProperty common.AnyProperty common.AnyField common.Name
	common.StringField common.TextAttribute common.Description common.Label person.UserId person.FirstName person.LastName
	person.Email dataset.ShareId dataset.Location dataset.ExternalCode dataset.Path pat.PersonalAccessTokenSessionName`

// noCriteria test for absence.
var noCriteria = "space.NoSpace project.NoProject experiment.NoExperiment sample.NoSample sample.NoSampleContainer"

func init() {
	operator := enumParam("as.dto.common.search.SearchOperator", "AND", "OR")
	fieldType := enumParam("as.dto.common.search.SearchFieldType", "PROPERTY", "ATTRIBUTE", "ANY_PROPERTY", "ANY_FIELD")
	children := listParam(objectParam(anyCriteria))

	composite := map[string]paramType{"criteria": children, "operator": operator, "negated": boolParam}
	for _, key := range strings.Fields(compositeCriteria) {
		define(searchType(key), composite, anyCriteria)
	}
	define("dss.dto.datasetfile.search.DataSetFileSearchCriteria", composite, anyCriteria)
	for _, key := range strings.Fields(noCriteria) {
		define(searchType(key), map[string]paramType{"negated": boolParam}, anyCriteria)
	}
	field := func(value paramType) map[string]paramType {
		return map[string]paramType{
			"fieldName": textParam, "fieldType": fieldType, "fieldValue": value, "useWildcards": boolParam, "negated": boolParam,
		}
	}
	for _, key := range strings.Fields(stringCriteria) {
		define(searchType(key), field(objectParam("as.dto.common.search.AbstractStringValue")), anyCriteria)
	}
	for _, key := range []string{"common.Codes", "person.UserIds", "common.Ids"} {
		value := listParam(textParam)
		if key == "common.Ids" {
			value = listParam(objectParam("as.dto.common.id.IObjectId"))
		}
		define(searchType(key), field(value), anyCriteria)
	}
	define(searchType("common.Id"), map[string]paramType{"id": objectParam("as.dto.common.id.IObjectId"), "negated": boolParam}, anyCriteria)
	for _, key := range []string{"common.RegistrationDate", "common.ModificationDate", "common.DateProperty", "dataset.AccessDate"} {
		fields := field(objectParam("as.dto.common.search.IDate"))
		fields["timeZone"] = objectParam("as.dto.common.search.ITimeZone")
		define(searchType(key), fields, anyCriteria)
	}
	for _, key := range []string{"common.NumberProperty", "dataset.Size", "dataset.SpeedHint"} {
		define(searchType(key), field(objectParam("as.dto.common.search.AbstractNumberValue")), anyCriteria)
	}
	for _, key := range []string{
		"common.BooleanProperty", "dataset.PresentInArchive", "dataset.StorageConfirmation", "dataset.ArchivingRequested", "sample.Listable",
	} {
		define(searchType(key), field(boolParam), anyCriteria)
	}
	define(searchType("dataset.Status"), field(enumParam("as.dto.dataset.ArchivingStatus",
		"AVAILABLE", "LOCKED", "ARCHIVED", "UNARCHIVE_PENDING", "ARCHIVE_PENDING", "BACKUP_PENDING")), anyCriteria)
	define(searchType("dataset.Complete"), field(enumParam("as.dto.dataset.Complete", "YES", "NO", "UNKNOWN")), anyCriteria)
	for _, typ := range []string{"sample.Sample", "sample.SampleParents", "sample.SampleChildren", "sample.SampleContainer"} {
		withRelation(searchType(typ), "as.dto.sample.search.SampleSearchRelation", "SAMPLE", "PARENTS", "CHILDREN", "CONTAINER")
	}
	for _, typ := range []string{"dataset.DataSet", "dataset.DataSetParents", "dataset.DataSetChildren", "dataset.DataSetContainer"} {
		withRelation(searchType(typ), "as.dto.dataset.search.DataSetSearchRelation", "DATASET", "PARENTS", "CHILDREN", "CONTAINER")
	}
	defineSearchValues()
}

// withRelation adds the field that tells in which role the entity is searched. Only the class counts.
func withRelation(typ, enum string, constants ...string) {
	fields := map[string]paramType{"relation": enumParam(enum, constants...)}
	for name, t := range classes[typ].fields {
		fields[name] = t
	}
	classes[typ].fields = fields
}

func defineSearchValues() {
	const prefix = "as.dto.common.search."
	for _, name := range strings.Fields(`EqualTo StartsWith EndsWith Contains ContainsExactly Matches LessThan LessThanOrEqualTo
		GreaterThan GreaterThanOrEqualTo`) {
		define(prefix+"String"+name+"Value", map[string]paramType{"value": textParam}, prefix+"AbstractStringValue")
	}
	define(prefix+"AnyStringValue", nil, prefix+"AbstractStringValue")
	for _, name := range strings.Fields("EqualTo LaterThan LaterThanOrEqualTo EarlierThan EarlierThanOrEqualTo") {
		define(prefix+"Date"+name+"Value", map[string]paramType{"value": textParam}, prefix+"IDate")
		define(prefix+"DateObject"+name+"Value", map[string]paramType{"value": dateParam}, prefix+"IDate")
	}
	for _, name := range strings.Fields("EqualTo LessThan LessThanOrEqualTo GreaterThan GreaterThanOrEqualTo") {
		define(prefix+"Number"+name+"Value", map[string]paramType{"value": anyParam}, prefix+"AbstractNumberValue")
	}
	define(prefix+"ServerTimeZone", nil, prefix+"ITimeZone")
	define(prefix+"TimeZone", map[string]paramType{"hourOffset": intParam}, prefix+"ITimeZone")
}
