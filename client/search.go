package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Page sizes of searches. A page that does not arrive in time is asked for again at half the size.
const (
	maxPageSize = 2000
	minPageSize = 25
)

// SearchSpaces returns the Spaces for which all criteria hold, with their Projects, ordered by code. The order within the
// other searches is that of the permIds, which is nearly that of registration. A search that fails ends with
// the error; entities that come and go while it runs are found or not, but none is returned twice.
func (c *Client) SearchSpaces(ctx context.Context, criteria ...Criterion) iter.Seq2[*Space, error] {
	return searchAll(ctx, c, searchOf[*Space]{spaceEntity, "searchSpaces", "CODE", fetchSpace(), decodeSpace}, criteria)
}

// SearchProjects returns the Projects for which all criteria hold.
func (c *Client) SearchProjects(ctx context.Context, criteria ...Criterion) iter.Seq2[*Project, error] {
	return searchAll(ctx, c, searchOf[*Project]{projectEntity, "searchProjects", "PERM_ID", fetchProject(), decodeProject}, criteria)
}

// SearchCollections returns the Collections for which all criteria hold.
func (c *Client) SearchCollections(ctx context.Context, criteria ...Criterion) iter.Seq2[*Collection, error] {
	return searchAll(ctx, c, searchOf[*Collection]{experimentEntity, "searchExperiments", "PERM_ID", fetchCollection(), decodeCollection}, criteria)
}

// SearchObjects returns the Objects for which all criteria hold, without their Datasets.
func (c *Client) SearchObjects(ctx context.Context, criteria ...Criterion) iter.Seq2[*Object, error] {
	return searchAll(ctx, c, searchOf[*Object]{sampleEntity, "searchSamples", "PERM_ID", fetchObject(), decodeObject}, criteria)
}

// SearchDataSets returns the Datasets for which all criteria hold.
func (c *Client) SearchDataSets(ctx context.Context, criteria ...Criterion) iter.Seq2[*DataSet, error] {
	return searchAll(ctx, c, searchOf[*DataSet]{dataSetEntity, "searchDataSets", "PERM_ID", fetchDataSet(), decodeDataSet}, criteria)
}

// searchOf is what the searches differ in.
type searchOf[T any] struct {
	entity entity
	method string
	order  string
	fetch  jsonObject
	decode func(node) T
}

// searchAll goes through the pages of a search.
func searchAll[T any](ctx context.Context, c *Client, s searchOf[T], criteria []Criterion) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		wanted, err := buildCriteria(s.entity, criteria)
		if err != nil {
			yield(zero, fmt.Errorf("%s: %w", s.method, err))
			return
		}
		seen := make(map[string]bool)
		for from := int64(0); ; {
			d, err := c.pageOf(ctx, func(size int64) (*document, error) {
				return c.call(ctx, c.v3(), s.method, wanted, page(s.fetch, s.entity, s.order, from, size))
			})
			if err != nil {
				yield(zero, err)
				return
			}
			hits, total := d.result().hits()
			for _, n := range hits {
				id := entityID(n)
				if seen[id] {
					continue
				}
				seen[id] = true
				t := s.decode(n)
				if d.err != nil {
					break
				}
				if !yield(t, nil) {
					return
				}
			}
			if d.err != nil {
				yield(zero, &Error{Op: s.method, Err: ErrProtocol, cause: d.err})
				return
			}
			if from += int64(len(hits)); len(hits) == 0 || from >= total {
				return
			}
		}
	}
}

// pageOf gets a page, and when it takes too long a smaller one. The size that worked is kept for later pages; it grows
// again while pages come quickly.
func (c *Client) pageOf(ctx context.Context, get func(size int64) (*document, error)) (*document, error) {
	for {
		size := c.pageSize.Load()
		start := time.Now()
		d, err := get(size)
		switch {
		case err == nil:
			if time.Since(start) < c.opts.MetadataTimeout/4 {
				c.pageSize.CompareAndSwap(size, min(2*size, maxPageSize))
			}
			return d, nil
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) || size <= minPageSize:
			return nil, err
		case !c.alive(ctx):
			return nil, err // it is not for the size of the page
		}
		c.pageSize.CompareAndSwap(size, max(size/2, minPageSize))
	}
}

// alive tells whether the server answers a question that costs it nothing.
func (c *Client) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, c.opts.MetadataTimeout/4)
	defer cancel()
	_, err := c.IsSessionActive(ctx)
	return err == nil
}

// hits returns the objects of a SearchResult and how many there are on all pages together.
func (n node) hits() ([]node, int64) {
	if !n.ok() {
		n.d.fail("there is no search result")
		return nil, 0
	}
	if n.member("objects") == nil {
		n.d.fail("a search result has no objects")
	}
	total, ok := n.integer("totalCount")
	if !ok {
		n.d.fail("a search result has no total count")
	}
	return n.objects("objects"), total
}

// entityID is what identifies an entity, for finding the same one on two pages.
func entityID(n node) string {
	if id := n.permID(); id != "" {
		return id
	}
	return n.text("code")
}
