package openbistest

// The id classes that requests may contain.
func init() {
	const anyID = "as.dto.common.id.IObjectId"
	permID := map[string]paramType{"permId": textParam}
	identifier := map[string]paramType{"identifier": textParam}
	for _, e := range []struct{ pkg, entity string }{
		{"space", "Space"}, {"project", "Project"}, {"experiment", "Experiment"}, {"sample", "Sample"}, {"dataset", "DataSet"},
		{"datastore", "DataStore"}, {"person", "Person"}, {"tag", "Tag"}, {"vocabulary", "Vocabulary"},
		{"property", "PropertyType"}, {"pat", "PersonalAccessToken"}, {"externaldms", "ExternalDms"}, {"plugin", "Plugin"},
	} {
		prefix := "as.dto." + e.pkg + ".id."
		ids := prefix + "I" + e.entity + "Id"
		define(prefix+e.entity+"PermId", permID, ids, anyID)
		switch e.entity {
		case "Project", "Experiment", "Sample":
			define(prefix+e.entity+"Identifier", identifier, ids, anyID)
		case "Space":
			define(prefix+"SpaceTechId", map[string]paramType{"techId": longParam, "id": textParam}, ids, anyID)
		case "Person":
			define(prefix+"Me", nil, ids, anyID)
		case "Tag":
			define(prefix+"TagCode", map[string]paramType{"code": textParam}, ids, anyID)
		}
	}
	kinds := enumParam("as.dto.entitytype.EntityKind", "MATERIAL", "EXPERIMENT", "SAMPLE", "DATA_SET")
	define("as.dto.entitytype.id.EntityTypePermId", map[string]paramType{"permId": textParam, "entityKind": kinds},
		"as.dto.entitytype.id.IEntityTypeId", anyID)
	define("as.dto.vocabulary.id.VocabularyTermPermId", map[string]paramType{"code": textParam, "vocabularyCode": textParam},
		"as.dto.vocabulary.id.IVocabularyTermId", anyID)
	define("as.dto.property.id.PropertyAssignmentPermId", map[string]paramType{
		"entityTypeId":   objectParam("as.dto.entitytype.id.IEntityTypeId"),
		"propertyTypeId": objectParam("as.dto.property.id.IPropertyTypeId"),
	}, "as.dto.property.id.IPropertyAssignmentId", anyID)
	define("as.dto.service.id.DssServicePermId", map[string]paramType{
		"permId": textParam, "dataStoreId": objectParam("as.dto.datastore.id.IDataStoreId"),
	}, "as.dto.service.id.IDssServiceId", anyID)
	define("as.dto.service.id.CustomASServiceCode", permID, "as.dto.service.id.ICustomASServiceId", anyID)
}

// idParam is a parameter with ids of an entity: "sample", "Sample".
func idParam(pkg, entity string) paramType {
	return listParam(objectParam("as.dto." + pkg + ".id.I" + entity + "Id"))
}

// idText is the string form of an id: what the server uses as key of an answer.
func idText(id *object) string {
	switch id.class.Type {
	case "as.dto.entitytype.id.EntityTypePermId":
		if kind := id.text("entityKind"); kind != "" {
			return id.text("permId") + " (" + kind + ")"
		}
	case "as.dto.vocabulary.id.VocabularyTermPermId":
		return id.text("code") + " (" + id.text("vocabularyCode") + ")"
	case "as.dto.property.id.PropertyAssignmentPermId":
		t, p := id.object("entityTypeId"), id.object("propertyTypeId")
		if t != nil && p != nil {
			return idText(t) + ", " + idText(p)
		}
	case "as.dto.person.id.Me":
		return "Me"
	case "as.dto.space.id.SpaceTechId":
		return id.text("id")
	case "as.dto.tag.id.TagCode":
		return id.text("code")
	}
	if identifier := id.text("identifier"); identifier != "" {
		return identifier
	}
	return id.text("permId")
}
