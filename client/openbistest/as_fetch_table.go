package openbistest

import "strings"

// fetchClass is a class of fetch options: which relations can be asked for, in the order in which the server writes them.
type fetchClass struct {
	Type   string
	fields []fetchField
	index  map[string]int
}

// fetchField is one field of a fetchClass.
type fetchField struct {
	name  string
	class *fetchClass // of a relation
	flag  bool        // a boolean
}

// fetchTable lists the fetch options by package and entity. "name:Class" is a relation, "name?" a boolean;
// "sort" and "sortBy" stand where the server writes them.
var fetchTable = map[string]string{
	"space.Space":           "registrator:person.Person samples:sample.Sample projects:project.Project sort sortBy",
	"project.Project":       "experiments:experiment.Experiment samples:sample.Sample history spaceHistory experimentsHistory samplesHistory unknownHistory space:space.Space registrator:person.Person modifier:person.Person leader:person.Person attachments:attachment.Attachment sort sortBy",
	"experiment.Experiment": "type:experiment.ExperimentType project:project.Project dataSets:dataset.DataSet samples:sample.Sample history propertiesHistory projectHistory samplesHistory dataSetsHistory unknownHistory properties:property.Property materialProperties:material.Material sampleProperties:sample.Sample tags:tag.Tag registrator:person.Person modifier:person.Person attachments:attachment.Attachment sort sortBy",
	"sample.Sample":         "type:sample.SampleType project:project.Project space:space.Space experiment:experiment.Experiment properties:property.Property materialProperties:material.Material sampleProperties:sample.Sample parents:sample.Sample children:sample.Sample container:sample.Sample components:sample.Sample dataSets:dataset.DataSet history propertiesHistory spaceHistory projectHistory experimentHistory parentsHistory childrenHistory containerHistory componentsHistory dataSetsHistory unknownHistory tags:tag.Tag registrator:person.Person modifier:person.Person attachments:attachment.Attachment sort sortBy",
	"dataset.DataSet":       "type:dataset.DataSetType dataStore:datastore.DataStore physicalData:dataset.PhysicalData linkedData:dataset.LinkedData experiment:experiment.Experiment sample:sample.Sample properties:property.Property materialProperties:material.Material sampleProperties:sample.Sample parents:dataset.DataSet children:dataset.DataSet containers:dataset.DataSet components:dataset.DataSet tags:tag.Tag history propertiesHistory experimentHistory sampleHistory parentsHistory childrenHistory containersHistory componentsHistory contentCopiesHistory unknownHistory modifier:person.Person registrator:person.Person sort sortBy",

	"dataset.PhysicalData":    "storageFormat:dataset.StorageFormat fileFormatType:dataset.FileFormatType locatorType:dataset.LocatorType sort sortBy",
	"dataset.LinkedData":      "externalDms:externaldms.ExternalDms sort sortBy",
	"dataset.StorageFormat":   "sort sortBy",
	"dataset.FileFormatType":  "sort sortBy",
	"dataset.LocatorType":     "sort sortBy",
	"externaldms.ExternalDms": "sort sortBy",
	"datastore.DataStore":     "sort sortBy",

	"sample.SampleType":           "propertyAssignments:property.PropertyAssignment semanticAnnotations:semanticannotation.SemanticAnnotation validationPlugin:plugin.Plugin sort sortBy",
	"experiment.ExperimentType":   "propertyAssignments:property.PropertyAssignment validationPlugin:plugin.Plugin sort sortBy",
	"dataset.DataSetType":         "propertyAssignments:property.PropertyAssignment validationPlugin:plugin.Plugin sort sortBy",
	"material.MaterialType":       "propertyAssignments:property.PropertyAssignment validationPlugin:plugin.Plugin sort sortBy",
	"entitytype.EntityType":       "propertyAssignments:property.PropertyAssignment sort sortBy",
	"property.Property":           "sortBy",
	"property.PropertyType":       "vocabulary:vocabulary.Vocabulary materialType:material.MaterialType sampleType:sample.SampleType semanticAnnotations:semanticannotation.SemanticAnnotation registrator:person.Person sort sortBy",
	"property.PropertyAssignment": "entityType:entitytype.EntityType propertyType:property.PropertyType semanticAnnotations:semanticannotation.SemanticAnnotation registrator:person.Person sort plugin:plugin.Plugin sortBy",
	"vocabulary.Vocabulary":       "registrator:person.Person terms:vocabulary.VocabularyTerm sort sortBy",
	"vocabulary.VocabularyTerm":   "vocabulary:vocabulary.Vocabulary registrator:person.Person sort sortBy",

	"person.Person":              "space:space.Space registrator:person.Person roleAssignments:roleassignment.RoleAssignment webAppSettings allWebAppSettings? sort",
	"tag.Tag":                    "experiments:experiment.Experiment samples:sample.Sample dataSets:dataset.DataSet materials:material.Material owner:person.Person sort sortBy",
	"plugin.Plugin":              "script registrator:person.Person sort sortBy",
	"session.SessionInformation": "person:person.Person creatorPerson:person.Person sort sortBy",
	"pat.PersonalAccessToken":    "owner:person.Person registrator:person.Person modifier:person.Person sort sortBy",

	// What no simulated lab has; it can be asked for and is always empty.
	"attachment.Attachment":                 "registrator:person.Person previousVersion:attachment.Attachment content sort sortBy",
	"material.Material":                     "type:material.MaterialType history registrator:person.Person properties:property.Property materialProperties:material.Material sampleProperties:sample.Sample tags:tag.Tag sort sortBy",
	"semanticannotation.SemanticAnnotation": "entityType:entitytype.EntityType propertyType:property.PropertyType propertyAssignment:property.PropertyAssignment sort sortBy",
	"roleassignment.RoleAssignment":         "space:space.Space project:project.Project user:person.Person authorizationGroup:authorizationgroup.AuthorizationGroup registrator:person.Person sort sortBy",
	"authorizationgroup.AuthorizationGroup": "registrator:person.Person users:person.Person roleAssignments:roleassignment.RoleAssignment sort sortBy",
	"history.HistoryEntry":                  "author:person.Person sort sortBy",
	"service.AggregationService":            "sort sortBy",
	"service.CustomASService":               "sort sortBy",
	"query.Query":                           "registrator:person.Person sort sortBy",
}

// sortShortcuts are the fields after "sortings" in sort options; what is not listed has those of "".
var sortShortcuts = map[string]string{
	"":                      "registrationDate code modificationDate permId",
	"project.Project":       "identifier registrationDate code modificationDate permId",
	"experiment.Experiment": "identifier type fetchedFieldsScore registrationDate code modificationDate permId",
	"sample.Sample":         "identifier type fetchedFieldsScore registrationDate code modificationDate permId",
	"dataset.DataSet":       "type fetchedFieldsScore registrationDate code modificationDate permId",
}

// fetchClasses are the classes of fetchTable by their "@type"; sortFields are the shortcuts by the type of sort options.
var (
	fetchClasses = make(map[string]*fetchClass)
	sortFields   = make(map[string][]string)
)

func init() {
	for key := range fetchTable {
		fetchClasses[fetchTypeOf(key, "FetchOptions")] = new(fetchClass)
	}
	for key, line := range fetchTable {
		typ, sort := fetchTypeOf(key, "FetchOptions"), fetchTypeOf(key, "SortOptions")
		shortcuts, ok := sortShortcuts[key]
		if !ok {
			shortcuts = sortShortcuts[""]
		}
		sortFields[sort] = strings.Fields(shortcuts)
		define(sort, map[string]paramType{"sortings": listParam(objectParam("as.dto.common.fetchoptions.Sorting"))})

		c := fetchClasses[typ]
		c.Type, c.index = typ, make(map[string]int)
		params := map[string]paramType{
			"from": intParam, "count": intParam, "sort": objectParam(sort),
			"cacheMode": enumParam("as.dto.common.fetchoptions.CacheMode", "NO_CACHE", "CACHE", "RELOAD_AND_CACHE"),
		}
		for _, word := range strings.Fields(line) {
			name, relation, isRelation := strings.Cut(word, ":")
			f := fetchField{name: name}
			switch {
			case isRelation:
				f.class = fetchClasses[fetchTypeOf(relation, "FetchOptions")]
				params[name] = objectParam(fetchTypeOf(relation, "FetchOptions"))
			case strings.HasSuffix(name, "?"):
				f.name, f.flag = strings.TrimSuffix(name, "?"), true
				params[f.name] = boolParam
			case strings.HasSuffix(strings.ToLower(name), "history"):
				f.class = fetchClasses[fetchTypeOf("history.HistoryEntry", "FetchOptions")]
				params[name] = fetchParam("history.HistoryEntry")
			}
			c.index[f.name] = len(c.fields)
			c.fields = append(c.fields, f)
		}
		define(typ, params)
	}
	define("as.dto.common.fetchoptions.Sorting", map[string]paramType{
		"field": textParam, "order": objectParam("as.dto.common.fetchoptions.SortOrder"), "parameters": anyParam,
	})
	define("as.dto.common.fetchoptions.SortOrder", map[string]paramType{"asc": boolParam})
}

// fetchTypeOf is the "@type" of "package.Entity" with that suffix.
func fetchTypeOf(key, suffix string) string {
	pkg, entity, _ := strings.Cut(key, ".")
	return "as.dto." + pkg + ".fetchoptions." + entity + suffix
}

// fetchParam is a parameter with the fetch options of "package.Entity".
func fetchParam(key string) paramType { return objectParam(fetchTypeOf(key, "FetchOptions")) }
