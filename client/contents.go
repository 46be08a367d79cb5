package client

import (
	"context"
	"slices"
)

// The methods of this file answer for one directory of the tree each, with one request: executeOperations carries out
// several searches in one call (openBIS source, SynchronousOperationExecutor.java). Further pages are asked for only when
// the server says that there is more.

// Spaces returns all Spaces with their Projects, in one call.
func (c *Client) Spaces(ctx context.Context) ([]*Space, error) {
	d, err := c.call(ctx, c.v3(), "searchSpaces", searchCriteria(spaceEntity, "AND"), sorted(fetchSpace(), spaceEntity, "CODE"))
	if err != nil {
		return nil, err
	}
	hits, _ := d.result().hits()
	spaces := make([]*Space, 0, len(hits))
	for _, n := range hits {
		spaces = append(spaces, decodeSpace(n))
	}
	return spaces, d.check("searchSpaces")
}

// SpaceContents returns the Objects of a Space that are in no Project.
func (c *Client) SpaceContents(ctx context.Context, spaceCode string) ([]*Object, error) {
	objects := &found[*Object]{decode: decodeObject}
	err := c.contents(ctx,
		&operation{entity: sampleEntity, fetch: fetchObjectWithDataSets(), found: objects,
			criteria: []Criterion{InSpace(spaceCode), NoProject(), NoCollection()}})
	return objects.list(), err
}

// ProjectContents returns a Project's Collections, and its Objects that are in none of them.
func (c *Client) ProjectContents(ctx context.Context, projectPermID string) ([]*Collection, []*Object, error) {
	collections := &found[*Collection]{decode: decodeCollection}
	objects := &found[*Object]{decode: decodeObject}
	err := c.contents(ctx,
		&operation{entity: experimentEntity, fetch: fetchCollection(), found: collections,
			criteria: []Criterion{InProject(projectPermID)}},
		&operation{entity: sampleEntity, fetch: fetchObjectWithDataSets(), found: objects,
			criteria: []Criterion{InProject(projectPermID), NoCollection()}})
	return collections.list(), objects.list(), err
}

// CollectionContents returns a Collection's Objects with their Datasets, and the Datasets that belong to the
// Collection and to no Object.
func (c *Client) CollectionContents(ctx context.Context, collectionPermID string) ([]*Object, []*DataSet, error) {
	objects := &found[*Object]{decode: decodeObject}
	dataSets := &found[*DataSet]{decode: decodeDataSet}
	err := c.contents(ctx,
		&operation{entity: sampleEntity, fetch: fetchObjectWithDataSets(), found: objects,
			criteria: []Criterion{InCollection(collectionPermID)}},
		&operation{entity: dataSetEntity, fetch: fetchDataSet(), found: dataSets,
			criteria: []Criterion{InCollection(collectionPermID), NoObject()}})
	return objects.list(), dataSets.list(), err
}

// CollectionPage is a part of a Collection's contents.
type CollectionPage struct {
	// Again says that hits have moved while their pages were fetched, so that all of them come again, beginning with this page.
	Again    bool
	Objects  []*Object  // with their Datasets, in the order of their permIds
	DataSets []*DataSet // of the Collection itself
	// DataSetsDone says that no Datasets come after this page.
	DataSetsDone bool
}

// CollectionPages is [Client.CollectionContents] page by page, each as soon as it is there. Within one round nothing comes
// twice. It ends with the error of take, if it has one.
func (c *Client) CollectionPages(ctx context.Context, collectionPermID string, take func(CollectionPage) error) error {
	objects := &found[*Object]{decode: decodeObject}
	dataSets := &found[*DataSet]{decode: decodeDataSet}
	inObjects := &operation{entity: sampleEntity, fetch: fetchObjectWithDataSets(), found: objects,
		criteria: []Criterion{InCollection(collectionPermID)}}
	itself := &operation{entity: dataSetEntity, fetch: fetchDataSet(), found: dataSets,
		criteria: []Criterion{InCollection(collectionPermID), NoObject()}}
	return c.contentsInPages(ctx, func(again bool) error {
		page := CollectionPage{Again: again, Objects: objects.items, DataSets: dataSets.items, DataSetsDone: itself.done}
		objects.items, dataSets.items = nil, nil
		return take(page)
	}, inObjects, itself)
}

// ObjectContents returns an Object's Datasets.
func (c *Client) ObjectContents(ctx context.Context, objectPermID string) ([]*DataSet, error) {
	dataSets := &found[*DataSet]{decode: decodeDataSet}
	err := c.contents(ctx,
		&operation{entity: dataSetEntity, fetch: fetchDataSet(), found: dataSets,
			criteria: []Criterion{OfObject(objectPermID)}})
	return dataSets.list(), err
}

// operation is a search as part of executeOperations, over all of its pages.
type operation struct {
	entity   entity
	criteria []Criterion
	fetch    jsonObject
	found    collector

	from, total int64
	done        bool
}

// collector takes the hits of a search.
type collector interface {
	add(n node)
	reset()
}

// found collects hits, each once: between two pages the hits may have moved.
type found[T any] struct {
	decode func(node) T
	seen   map[string]bool
	items  []T
}

func (f *found[T]) add(n node) {
	id := entityID(n)
	if f.seen[id] {
		return
	}
	if f.seen == nil {
		f.seen = make(map[string]bool)
	}
	f.seen[id] = true
	f.items = append(f.items, f.decode(n))
}

func (f *found[T]) reset() { f.seen, f.items = nil, nil }

func (f *found[T]) list() []T { return slices.Clip(f.items) }

// contents carries out the operations. When hits vanish while their pages are fetched, later ones move to earlier pages and
// one would be missed, so it starts again, but not for ever.
func (c *Client) contents(ctx context.Context, operations ...*operation) error {
	return c.contentsInPages(ctx, func(bool) error { return nil }, operations...)
}

// contentsInPages is contents that calls taken after each request, and tells it when the first page comes again.
func (c *Client) contentsInPages(ctx context.Context, taken func(again bool) error, operations ...*operation) error {
	const maxRestarts = 3
	for round := range maxRestarts {
		for _, o := range operations {
			o.from, o.total, o.done = 0, 0, false
			o.found.reset()
		}
		again := round > 0
		moved, err := c.allPages(ctx, operations, func() error {
			err := taken(again)
			again = false
			return err
		})
		if err != nil {
			for _, o := range operations {
				o.found.reset()
			}
			return err
		}
		if !moved {
			break
		}
	}
	return nil
}

// allPages goes through the pages of all operations and tells whether hits have vanished meanwhile.
func (c *Client) allPages(ctx context.Context, operations []*operation, taken func() error) (moved bool, err error) {
	for {
		open := slices.DeleteFunc(slices.Clone(operations), func(o *operation) bool { return o.done })
		if len(open) == 0 {
			return moved, nil
		}
		d, err := c.pageOf(ctx, func(size int64) (*document, error) {
			requests := make([]jsonObject, 0, len(open))
			for _, o := range open {
				r, err := o.request(size)
				if err != nil {
					return nil, err
				}
				requests = append(requests, r)
			}
			return c.execute(ctx, requests)
		})
		if err != nil {
			return false, err
		}
		results := d.result().objects("results")
		if len(results) != len(open) {
			d.fail("%d results for %d operations", len(results), len(open))
			return false, d.check("executeOperations")
		}
		for i, o := range open {
			if o.take(results[i]) {
				moved = true
			}
		}
		if err := d.check("executeOperations"); err != nil {
			return false, err
		}
		if err := taken(); err != nil {
			return false, err
		}
	}
}

// execute calls executeOperations. Without an execution id the server stores nothing about it.
func (c *Client) execute(ctx context.Context, operations []jsonObject) (*document, error) {
	return c.call(ctx, c.v3(), "executeOperations", operations,
		typed("as.dto.operation.SynchronousOperationExecutionOptions", nil))
}

// request is the operation for its next page.
func (o *operation) request(size int64) (jsonObject, error) {
	criteria, err := buildCriteria(o.entity, o.criteria)
	if err != nil {
		return nil, err
	}
	return typed("as.dto."+string(o.entity)+".search.Search"+o.entity.class()+"sOperation", jsonObject{
		"criteria": criteria, "fetchOptions": page(o.fetch, o.entity, "PERM_ID", o.from, size),
	}), nil
}

// take takes a page and tells whether hits have vanished since the page before.
func (o *operation) take(result node) (moved bool) {
	hits, total := result.object("searchResult").hits()
	for _, n := range hits {
		o.found.add(n)
	}
	moved = o.from > 0 && total < o.total
	o.from, o.total = o.from+int64(len(hits)), total
	o.done = len(hits) == 0 || o.from >= total
	return moved
}

// check returns what made no sense in the document as the error of op.
func (d *document) check(op string) error {
	if d.err == nil {
		return nil
	}
	return &Error{Op: op, Err: ErrProtocol, cause: d.err}
}
