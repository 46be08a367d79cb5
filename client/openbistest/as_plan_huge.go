package openbistest

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// A search in the huge part of a lab finds ordinals. Most criteria are answered by ranges of them; only what these leave
// open is evaluated for each Object, which is made for that and dropped again.

// onDemand are hits in the huge part, made as they are wanted.
type onDemand[T any] struct {
	where spans
	make  func(ordinal int) T
}

func (q *searcher) generatedSamples(c *object) onDemand[*Sample] {
	return onDemand[*Sample]{q.hugeSamples(c), q.s.store.huge.sample}
}

func (q *searcher) generatedDataSets(c *object) onDemand[*DataSet] {
	return onDemand[*DataSet]{q.hugeDataSets(c), q.s.store.huge.dataSet}
}

func (q *searcher) hugeSamples(c *object) spans {
	h := q.s.store.huge
	return q.hugeHits(c, false, func(ordinal int) bool { return q.sampleMatches(c, h.sample(ordinal)) })
}

func (q *searcher) hugeDataSets(c *object) spans {
	h := q.s.store.huge
	return q.hugeHits(c, true, func(ordinal int) bool { return q.dataSetMatches(c, h.dataSet(ordinal)) })
}

func (q *searcher) hugeHits(c *object, dataSets bool, match func(ordinal int) bool) spans {
	h := q.s.store.huge
	if h.len() == 0 || !q.person.MaySee(h.space().Code) {
		return nil
	}
	where, exact := q.hugeRange(c, dataSets)
	if exact {
		return where
	}
	return where.filter(match)
}

func (s spans) filter(match func(ordinal int) bool) spans {
	kept := spans{}
	for _, r := range s {
		for i := r.from; i < r.to; i++ {
			switch n := len(kept); {
			case !match(i):
			case n > 0 && kept[n-1].to == i:
				kept[n-1].to++
			default:
				kept = append(kept, span{i, i + 1})
			}
		}
	}
	return kept
}

// hugeRange returns ranges that have all that the criteria accept, and whether they accept all of it.
func (q *searcher) hugeRange(c *object, dataSets bool) (where spans, exact bool) {
	h := q.s.store.huge
	where = spans{{0, h.len()}}
	children := c.objects("criteria")
	if c.bool("negated", false) || c.text("operator") == "OR" && len(children) > 1 {
		return where, false
	}
	exact = true
	var dates []*object
	for _, child := range children {
		if name := criteriaName(child); (name == "RegistrationDate" || name == "ModificationDate") && !child.bool("negated", false) {
			dates = append(dates, child)
			continue
		}
		some, known := q.hugeChild(child, dataSets)
		if !known {
			exact = false
			continue
		}
		where = where.intersect(some)
	}
	for _, child := range dates {
		match := q.date(child)
		where = where.filter(func(ordinal int) bool { return match(h.registered(ordinal)) })
	}
	return where, exact
}

// hugeChild returns exactly what one criterion accepts, if ranges can tell.
func (q *searcher) hugeChild(child *object, dataSets bool) (where spans, known bool) {
	h := q.s.store.huge
	if child.bool("negated", false) && child.class.Type != searchType("sample.Sample") && child.class.Type != searchType("dataset.DataSet") {
		return nil, false
	}
	everything := func(all bool) (spans, bool) {
		if all {
			return spans{{0, h.len()}}, true
		}
		return spans{}, true
	}
	project := h.collections[0].Project
	switch child.class.Type {
	case searchType("experiment.Experiment"):
		where = spans{}
		for _, e := range q.experiments(child) {
			if from, ok := h.ordinal[e]; ok {
				where = append(where, span{from, from + h.each})
			}
		}
		return where.normal(), true
	case searchType("sample.Sample"):
		return q.hugeSamples(child), true
	case searchType("dataset.DataSet"):
		return q.hugeDataSets(child), true
	case searchType("project.Project"):
		return everything(q.project(child, project))
	case searchType("space.Space"):
		return everything(q.space(child, project.Space))
	case searchType("sample.SampleType"):
		return everything(q.entityType(child, h.sampleType))
	case searchType("dataset.DataSetType"):
		return everything(q.entityType(child, h.dataSetType))
	case searchType("space.NoSpace"), searchType("project.NoProject"), searchType("experiment.NoExperiment"), searchType("sample.NoSample"):
		return everything(false)
	case searchType("common.Codes"):
		where = spans{}
		codes, _ := child.fields["fieldValue"].([]any)
		for _, code := range codes {
			text, _ := code.(string)
			where = append(where, h.exact("Code", text, dataSets)...)
		}
		return where.normal(), true
	}
	if kind, text, ok := exactly(child); ok {
		return h.exact(kind, text, dataSets), true
	}
	return nil, false
}

// exact returns what has a code, permId or identifier.
func (h *huge) exact(kind, text string, dataSets bool) spans {
	var ordinal int
	var found bool
	switch {
	case dataSets:
		ordinal, found = h.dataSetOf(text)
	case kind == "PermId":
		ordinal, found = h.byPermID(text, 0)
	case kind == "Code" && strings.HasPrefix(text, hugeCode), kind == "Identifier" && strings.HasPrefix(text, "/"):
		ordinal, found = h.sampleOf(text)
	}
	if !found {
		return spans{}
	}
	return spans{{ordinal, ordinal + 1}}
}

func (h *huge) space() *Space { return h.collections[0].Project.Space }

// ascending are the sort fields that ascend with the ordinals.
var ascending = map[string]bool{"CODE": true, "PERM_ID": true, "IDENTIFIER": true, "REGISTRATION_DATE": true, "MODIFICATION_DATE": true}

// merge orders and cuts a list together with hits of the huge part, of which it makes no more than are wanted.
func merge[T any](list []T, made onDemand[T], fo *fetchOptions, keys sortKeys[T]) ([]T, error) {
	by := sortings(fo)
	n := made.where.len()
	if len(by) > 0 && !ascending[by[0].field] {
		for i := range n {
			list = append(list, made.make(made.where.at(i)))
		}
		return sortAndPage(list, fo, keys, false)
	}
	at := func(i int) T { return made.make(made.where.at(i)) }
	places := make([]int, len(list)) // of the list's entities in the whole
	if len(by) == 0 {
		for i := range list {
			places[i] = i
		}
	} else {
		unpaged := *fo
		unpaged.from, unpaged.count = nil, nil
		var err error
		if list, err = sortAndPage(list, &unpaged, keys, false); err != nil {
			return nil, err
		}
		if by[0].descending {
			at = func(i int) T { return made.make(made.where.at(n - 1 - i)) }
		}
		for i, e := range list {
			own, _ := keys(e, by[0].field)
			places[i] = i + sort.Search(n, func(j int) bool {
				other, _ := keys(at(j), by[0].field)
				return compareKeys(other, own, by[0].descending) > 0
			})
		}
	}
	from, to := 0, n+len(list)
	if fo.from != nil {
		from = int(min(max(*fo.from, 0), int64(to)))
	}
	if fo.count != nil {
		to = from + int(min(max(*fo.count, 0), int64(to-from)))
	}
	hits := make([]T, 0, to-from)
	held, _ := slices.BinarySearchFunc(places, from, cmp.Compare[int])
	for i := from; i < to; i++ {
		if held < len(list) && places[held] == i {
			hits = append(hits, list[held])
			held++
			continue
		}
		hits = append(hits, at(i-held))
	}
	return hits, nil
}

// samplesIn returns the Objects of a Collection, those that have to be made for it only if they are wanted.
func (st *store) samplesIn(e *Experiment, wanted bool) []*Sample {
	from, ok := 0, false
	if st.huge != nil {
		from, ok = st.huge.ordinal[e]
	}
	if !wanted || !ok {
		return st.samplesOf[e]
	}
	list := slices.Clone(st.samplesOf[e])
	for i := range st.huge.each {
		list = append(list, st.huge.sample(from+i))
	}
	return list
}

// dataSetsIn returns the Datasets of a Collection, with those of its Objects.
func (st *store) dataSetsIn(e *Experiment, wanted bool) []*DataSet {
	from, ok := 0, false
	if st.huge != nil {
		from, ok = st.huge.ordinal[e]
	}
	if !wanted || !ok {
		return st.dataSetsOf[e]
	}
	list := slices.Clone(st.dataSetsOf[e])
	for i := range st.huge.each {
		list = append(list, st.huge.dataSet(from+i))
	}
	return list
}
