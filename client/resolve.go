package client

import (
	"context"
	"regexp"
	"strings"
)

// Found is what an id means: one entity, or, because different kinds have identifiers of one form, one of each kind.
type Found struct {
	Space      *Space      // without its Projects
	Project    *Project    // without people
	Collection *Collection // permId, identifier, code and type only
	Object     *ObjectRef
	DataSet    *DataSetRef
}

// None tells whether nothing was found.
func (f *Found) None() bool { return *f == Found{} }

// code is what the server takes as a part of an identifier; anything else would be an error of its parser.
var code = regexp.MustCompile(`^[A-Za-z0-9_.\-:$]+$`)

// Resolve finds out what an id means, in one call: a permId of an entity of any kind (of a Space, that is its code), or an
// identifier: "/SPACE", "/SPACE/PROJECT", "/SPACE/PROJECT/COLLECTION", "/SPACE/OBJECT", "/SPACE/PROJECT/OBJECT" or
// "/SPACE/PROJECT/COLLECTION/OBJECT". What does not exist or is not visible is not found.
func (c *Client) Resolve(ctx context.Context, id string) (*Found, error) {
	gets, wanted := resolving(id)
	found := new(Found)
	if len(gets) == 0 {
		return found, nil
	}
	operations := make([]jsonObject, 0, len(gets))
	for _, g := range gets {
		operations = append(operations, typed("as.dto."+string(g.entity)+".get.Get"+g.entity.class()+"sOperation",
			jsonObject{"objectIds": []jsonObject{g.id}, "fetchOptions": g.fetch}))
	}
	d, err := c.execute(ctx, operations)
	if err != nil {
		return nil, err
	}
	results := d.result().objects("results")
	if len(results) != len(gets) {
		d.fail("%d results for %d operations", len(results), len(gets))
		return nil, d.check("executeOperations")
	}
	for i, g := range gets {
		key, ok := g.id["permId"].(string)
		if !ok {
			key, _ = g.id["identifier"].(string)
		}
		if n := results[i].object("objectMap").object(key); n.ok() {
			g.take(found, n)
		}
	}
	if found.Object != nil && wanted != "" && !strings.EqualFold(wanted, found.Object.Collection) {
		found.Object = nil
	}
	return found, d.check("executeOperations")
}

// resolution gets an entity of one kind.
type resolution struct {
	entity entity
	id     jsonObject
	fetch  jsonObject
	take   func(f *Found, n node)
}

// resolving returns what to ask for, nothing if the server can't have it, and in which Collection an Object has to be.
func resolving(id string) (gets []resolution, collection string) {
	if short, in := withoutCollection(id); in != "" {
		if code.MatchString(in) {
			gets, _ = resolving(short)
		}
		for _, g := range gets {
			if g.entity == sampleEntity {
				return []resolution{g}, in
			}
		}
		return nil, ""
	}
	parts := strings.Split(strings.TrimPrefix(id, "/"), "/")
	for _, part := range parts {
		if !code.MatchString(part) {
			return nil, ""
		}
	}
	of := map[entity]resolution{
		spaceEntity: {fetch: fetchOptions("space", "Space", nil), take: func(f *Found, n node) { f.Space = decodeSpace(n) }},
		projectEntity: {
			fetch: fetchOptions("project", "Project", jsonObject{"space": fetchOptions("space", "Space", nil)}),
			take:  func(f *Found, n node) { f.Project = decodeProject(n) },
		},
		experimentEntity: {
			fetch: fetchOptions("experiment", "Experiment", jsonObject{"type": fetchOptions("experiment", "ExperimentType", nil)}),
			take:  func(f *Found, n node) { f.Collection = decodeCollection(n) },
		},
		sampleEntity:  {fetch: fetchObjectRef(), take: func(f *Found, n node) { r := decodeObjectRef(n); f.Object = &r }},
		dataSetEntity: {fetch: fetchDataSetRef(), take: func(f *Found, n node) { r := decodeDataSetRef(n); f.DataSet = &r }},
	}
	add := func(kinds ...entity) {
		for _, e := range kinds {
			r := of[e]
			switch r.entity = e; e {
			case spaceEntity:
				r.id = typed("as.dto.space.id.SpacePermId", jsonObject{"permId": strings.ToUpper(parts[0])})
			case dataSetEntity:
				r.id = dataSetPermIDObject(id)
			default:
				r.id = idOf(e)(id)
			}
			gets = append(gets, r)
		}
	}
	switch {
	case !strings.HasPrefix(id, "/"):
		if len(parts) == 1 {
			add(spaceEntity, projectEntity, experimentEntity, sampleEntity, dataSetEntity)
		}
	case len(parts) == 1:
		add(spaceEntity)
	case len(parts) == 2:
		add(projectEntity, sampleEntity)
	case len(parts) == 3:
		add(experimentEntity, sampleEntity)
	}
	return gets, ""
}
