package meta

import "github.com/openbisfs/openbisfs/client"

type spaceDocument struct {
	commonPart
	Description *string `json:"description"`
}

func (d *document) space(s *client.Space) spaceDocument {
	identifier := "/" + s.Code
	return spaceDocument{
		commonPart{
			Kind: "space", Code: s.Code, Identifier: &identifier, PermID: s.PermID,
			Properties: map[string]any{}, Tags: []string{}, Parents: []refPart{}, Children: []refPart{},
			Registrator: personOf(s.Registrator), RegistrationDate: dateOf(s.Registered), ModificationDate: dateOf(s.Modified),
			URL: orNull(d.web.page(s)),
		},
		orNull(s.Description),
	}
}

type projectDocument struct {
	commonPart
	Description *string     `json:"description"`
	Leader      *personPart `json:"leader"`
}

func (d *document) project(p *client.Project) projectDocument {
	return projectDocument{
		commonPart{
			Kind: "project", Code: p.Code, Identifier: orNull(p.Identifier), PermID: p.PermID,
			Properties: map[string]any{}, Tags: []string{}, Parents: []refPart{}, Children: []refPart{},
			Registrator: personOf(p.Registrator), RegistrationDate: dateOf(p.Registered),
			Modifier: personOf(p.Modifier), ModificationDate: dateOf(p.Modified),
			URL: orNull(d.web.page(p)),
		},
		orNull(p.Description), personOf(p.Leader),
	}
}

func (d *document) collection(c *client.Collection) commonPart {
	return commonPart{
		Kind: "collection", Code: c.Code, Identifier: orNull(c.Identifier), PermID: c.PermID,
		Type: orNull(c.Type), Name: orNull(propertyName(c.Properties)), Properties: d.properties(c.Properties), Tags: tagsOf(c.Tags),
		Registrator: personOf(c.Registrator), RegistrationDate: dateOf(c.Registered),
		Modifier: personOf(c.Modifier), ModificationDate: dateOf(c.Modified),
		Parents: []refPart{}, Children: []refPart{},
		URL: orNull(d.web.page(c)),
	}
}

type objectDocument struct {
	commonPart
	Collection *string `json:"collection"`
}

func (d *document) object(o *client.Object) objectDocument {
	collection := ""
	if o.Collection != "" && o.Project != "" {
		collection = "/" + o.Space + "/" + o.Project + "/" + o.Collection
	}
	return objectDocument{
		commonPart{
			Kind: "object", Code: o.Code, Identifier: orNull(o.Identifier), PermID: o.PermID,
			Type: orNull(o.Type), Name: orNull(propertyName(o.Properties)), Properties: d.properties(o.Properties), Tags: tagsOf(o.Tags),
			Registrator: personOf(o.Registrator), RegistrationDate: dateOf(o.Registered),
			Modifier: personOf(o.Modifier), ModificationDate: dateOf(o.Modified),
			Parents: objectRefs(o.Parents), Children: objectRefs(o.Children),
			URL: orNull(d.web.page(o)),
		},
		orNull(collection),
	}
}
