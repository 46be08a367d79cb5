package client

import "context"

// EntityType is a type of Objects, Collections or Datasets.
type EntityType struct {
	Code        string
	Description string
	Prefix      string // of generated codes, for object types
	Properties  []PropertyAssignment
}

// PropertyAssignment says that entities of a type have a property.
type PropertyAssignment struct {
	PropertyType
	Section   string // heading in forms
	Ordinal   int64  // place in forms
	Mandatory bool
}

// ObjectTypes returns all types of Objects.
func (c *Client) ObjectTypes(ctx context.Context) ([]EntityType, error) {
	return c.entityTypes(ctx, sampleEntity, "searchSampleTypes")
}

// CollectionTypes returns all types of Collections.
func (c *Client) CollectionTypes(ctx context.Context) ([]EntityType, error) {
	return c.entityTypes(ctx, experimentEntity, "searchExperimentTypes")
}

// DataSetTypes returns all types of Datasets.
func (c *Client) DataSetTypes(ctx context.Context) ([]EntityType, error) {
	return c.entityTypes(ctx, dataSetEntity, "searchDataSetTypes")
}

func (c *Client) entityTypes(ctx context.Context, e entity, method string) ([]EntityType, error) {
	criteria := typed("as.dto."+string(e)+".search."+e.class()+"TypeSearchCriteria",
		jsonObject{"operator": "AND", "criteria": []jsonObject{}})
	fetch := fetchOptions(string(e), e.class()+"Type", jsonObject{
		"propertyAssignments": fetchOptions("property", "PropertyAssignment", jsonObject{"propertyType": fetchPropertyType()}),
	})
	return listAll(ctx, c, method, criteria, fetch, decodeEntityType)
}

func decodeEntityType(n node) EntityType {
	t := EntityType{Code: n.text("code"), Description: n.text("description"), Prefix: n.text("generatedCodePrefix")}
	for _, a := range n.objects("propertyAssignments") {
		ordinal, _ := a.integer("ordinal")
		t.Properties = append(t.Properties, PropertyAssignment{
			PropertyType: decodePropertyType(a.object("propertyType")),
			Section:      a.text("section"),
			Ordinal:      ordinal,
			Mandatory:    a.bool("mandatory"),
		})
	}
	return t
}
