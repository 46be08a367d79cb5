package openbistest

import (
	"math/rand/v2"
)

// search is how one kind of entity is searched.
type search[T any] struct {
	find     func(q *searcher, criteria *object) []T
	generate func(q *searcher, criteria *object) onDemand[T] // what the lab does not hold; nil: nothing
	keys     sortKeys[T]
	inMemory bool // searched by the in-memory matchers, which sort by code when nobody asks for an order
	write    func(t *translation, e T, fo *fetchOptions)
}

// run searches and returns a SearchResult.
func (s search[T]) run(as *applicationServer, person *Person, criteria, fetch *object) (jsonValue, error) {
	switch {
	case criteria == nil:
		return nil, illegalArgument("Criteria cannot be null.")
	case fetch == nil:
		return nil, illegalArgument("Fetch options cannot be null.")
	}
	fo := newFetchOptions(fetch)
	if err := checkNestedSorts(fo); err != nil {
		return nil, err
	}
	q := as.s.newSearcher(person)
	found := s.find(q, criteria)
	if q.err != nil {
		return nil, q.err
	}
	if !s.inMemory && as.s.opts.UnsortedSeed >= 0 {
		random := rand.New(rand.NewPCG(uint64(as.s.opts.UnsortedSeed), as.searches.Add(1)))
		random.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	}
	total := len(found)
	var hits []T
	var made onDemand[T]
	if s.generate != nil {
		made = s.generate(q, criteria)
	}
	var err error
	if n := made.where.len(); n > 0 {
		total += n
		hits, err = merge(found, made, fo, s.keys)
	} else {
		hits, err = sortAndPage(found, fo, s.keys, s.inMemory)
	}
	if err != nil {
		return nil, err
	}
	if q.err != nil {
		return nil, q.err
	}
	return &answer{as.s, person, func(t *translation) {
		t.openNew("as.dto.common.search.SearchResult")
		t.name("objects")
		t.begin('[')
		for _, e := range hits {
			s.write(t, e, fo)
		}
		t.end(']')
		t.name("totalCount")
		t.int(int64(total))
		t.end('}')
	}}, nil
}

// get is how one kind of entity is got by ids.
type get[T comparable] struct {
	// find returns the zero value for what does not exist or may not be seen.
	find  func(person *Person, id *object) (T, error)
	write func(t *translation, e T, fo *fetchOptions)
}

// run returns a map from the string forms of the ids, in their order and spelling, to what was found.
func (g get[T]) run(as *applicationServer, person *Person, ids []any, fetch *object) (jsonValue, error) {
	switch {
	case ids == nil:
		return nil, illegalArgument("Ids were null")
	case fetch == nil:
		return nil, illegalArgument("Fetch options cannot be null.")
	}
	fo := newFetchOptions(fetch)
	if err := checkNestedSorts(fo); err != nil {
		return nil, err
	}
	type entry struct {
		key    string
		entity T
	}
	var none T
	var entries []entry
	seen := make(map[string]bool)
	for _, id := range objectsOf(ids) {
		e, err := g.find(person, id)
		if err != nil {
			return nil, err
		}
		if key := idText(id); e != none && !seen[key] {
			seen[key] = true
			entries = append(entries, entry{key, e})
		}
	}
	return &answer{as.s, person, func(t *translation) {
		t.begin('{')
		for _, e := range entries {
			t.key(e.key)
			g.write(t, e.entity, fo)
		}
		t.end('}')
	}}, nil
}

// toOne are the relations that have no order.
var toOne = map[string]bool{
	"type": true, "project": true, "space": true, "experiment": true, "container": true, "sample": true, "dataStore": true,
	"physicalData": true, "linkedData": true, "registrator": true, "modifier": true, "leader": true, "owner": true,
	"propertyType": true, "entityType": true, "vocabulary": true, "externalDms": true, "validationPlugin": true, "plugin": true,
}

// checkNestedSorts refuses an order for a relation to one entity, as SortAndPage.java of openBIS does.
func checkNestedSorts(fo *fetchOptions) error {
	checked := make(map[*fetchOptions]bool)
	var check func(fo *fetchOptions) error
	check = func(fo *fetchOptions) error {
		if fo == nil || checked[fo] {
			return nil
		}
		checked[fo] = true
		for i, r := range fo.relations {
			if toOne[fo.class.fields[i].name] && len(sortings(r)) > 0 {
				return illegalArgument("Nested sort options can be used only for sorting nested collection or map types.")
			}
			if err := check(r); err != nil {
				return err
			}
		}
		return nil
	}
	return check(fo)
}
