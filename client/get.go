package client

import (
	"context"
	"strings"
)

// The Get methods return entities by the ids that were asked for, in the caller's spelling. An id is a permId, or
// an identifier when it has a slash at its beginning. What does not exist or is not visible is absent from the map.

// GetSpaces returns Spaces, with their Projects, by code.
func (c *Client) GetSpaces(ctx context.Context, codes ...string) (map[string]*Space, error) {
	return getAll(ctx, c, "getSpaces", codes, func(id string) jsonObject {
		return typed("as.dto.space.id.SpacePermId", jsonObject{"permId": strings.ToUpper(id)})
	}, fetchSpace(), decodeSpace)
}

// GetProjects returns Projects by permId or "/SPACE/PROJECT".
func (c *Client) GetProjects(ctx context.Context, ids ...string) (map[string]*Project, error) {
	return getAll(ctx, c, "getProjects", ids, idOf(projectEntity), fetchProject(), decodeProject)
}

// GetCollections returns Collections by permId or "/SPACE/PROJECT/COLLECTION".
func (c *Client) GetCollections(ctx context.Context, ids ...string) (map[string]*Collection, error) {
	return getAll(ctx, c, "getExperiments", ids, idOf(experimentEntity), fetchCollection(), decodeCollection)
}

// GetObjects returns Objects, with their Datasets, by permId or identifier. Beside the server's own identifiers
// it takes "/SPACE/PROJECT/COLLECTION/OBJECT", for an Object that is in that Collection.
func (c *Client) GetObjects(ctx context.Context, ids ...string) (map[string]*Object, error) {
	objects, err := getAll(ctx, c, "getSamples", ids, func(id string) jsonObject {
		short, _ := withoutCollection(id)
		return idOf(sampleEntity)(short)
	}, fetchObjectWithDataSets(), decodeObject)
	for id, o := range objects {
		if _, collection := withoutCollection(id); collection != "" && !strings.EqualFold(collection, o.Collection) {
			delete(objects, id)
		}
	}
	return objects, err
}

// withoutCollection makes the server's identifier of one with four parts.
func withoutCollection(id string) (short, collection string) {
	parts := strings.Split(id, "/")
	if len(parts) != 5 || parts[0] != "" {
		return id, ""
	}
	return "/" + parts[1] + "/" + parts[2] + "/" + parts[4], parts[3]
}

// GetDataSets returns Datasets by permId.
func (c *Client) GetDataSets(ctx context.Context, permIDs ...string) (map[string]*DataSet, error) {
	return getAll(ctx, c, "getDataSets", permIDs, dataSetPermIDObject, fetchDataSet(), decodeDataSet)
}

func dataSetPermIDObject(permID string) jsonObject {
	return typed("as.dto.dataset.id.DataSetPermId", jsonObject{"permId": permID})
}

// idOf makes id objects. Codes are upper case, and the server does not convert what comes as JSON.
func idOf(e entity) func(id string) jsonObject {
	class := "as.dto." + string(e) + ".id." + e.class()
	return func(id string) jsonObject {
		if strings.HasPrefix(id, "/") {
			return typed(class+"Identifier", jsonObject{"identifier": strings.ToUpper(id)})
		}
		return typed(class+"PermId", jsonObject{"permId": id})
	}
}

// getAll calls a get method. Its result is a map whose keys are the ids as they were sent.
func getAll[T any](ctx context.Context, c *Client, method string, ids []string, idObject func(string) jsonObject,
	fetch jsonObject, decode func(node) T,
) (map[string]T, error) {
	all := make(map[string]T, len(ids))
	if len(ids) == 0 {
		return all, nil
	}
	sent := make([]jsonObject, 0, len(ids))
	for _, id := range ids {
		sent = append(sent, idObject(id))
	}
	d, err := c.call(ctx, c.v3(), method, sent, fetch)
	if err != nil {
		return nil, err
	}
	result := d.result()
	if !result.ok() {
		d.fail("the result is no map")
	}
	for i, id := range ids {
		key, ok := sent[i]["permId"].(string)
		if !ok {
			key, _ = sent[i]["identifier"].(string)
		}
		if n := result.object(key); n.ok() {
			all[id] = decode(n)
		}
	}
	if err := d.check(method); err != nil {
		return nil, err
	}
	return all, nil
}
