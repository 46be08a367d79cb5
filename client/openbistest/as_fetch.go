package openbistest

import (
	"fmt"
	"strings"
)

// fetchOptions says what to fetch with an entity. Options that a request refers to twice are one instance, so that they may be
// recursive.
type fetchOptions struct {
	class       *fetchClass
	from, count *int64
	cacheMode   string
	sort        *object
	relations   []*fetchOptions // by the index of the class's fields
	flags       []bool          // likewise
	// shape is equal for options that fetch the same, whatever page of it.
	shape int
}

// get returns the options of a relation, nil when it is not wanted. On nil options nothing is wanted.
func (fo *fetchOptions) get(name string) *fetchOptions {
	if fo == nil {
		return nil
	}
	i, ok := fo.class.index[name]
	if !ok {
		panic("openbistest: " + fo.class.Type + " has no " + name)
	}
	return fo.relations[i]
}

// newFetchOptions makes fetch options of what was decoded.
func newFetchOptions(o *object) *fetchOptions {
	if o == nil {
		return nil
	}
	made := make(map[*object]*fetchOptions)
	var order []*fetchOptions
	var build func(o *object) *fetchOptions
	build = func(o *object) *fetchOptions {
		if o == nil {
			return nil
		}
		if fo := made[o]; fo != nil {
			return fo
		}
		c := fetchClasses[o.class.Type]
		fo := &fetchOptions{
			class: c, cacheMode: "NO_CACHE", sort: o.object("sort"),
			relations: make([]*fetchOptions, len(c.fields)), flags: make([]bool, len(c.fields)),
		}
		made[o] = fo
		order = append(order, fo)
		if n, ok := o.fields["from"].(int64); ok {
			fo.from = &n
		}
		if n, ok := o.fields["count"].(int64); ok {
			fo.count = &n
		}
		if mode := o.text("cacheMode"); mode != "" {
			fo.cacheMode = mode
		}
		for i, f := range c.fields {
			if f.class != nil {
				fo.relations[i] = build(o.object(f.name))
			}
			fo.flags[i] = f.flag && o.bool(f.name, false)
		}
		return fo
	}
	fo := build(o)
	findShapes(order)
	return fo
}

// findShapes numbers the options so that those that fetch the same get the same number: it splits groups of seemingly
// equal ones until their relations agree as well, which also settles recursive ones.
func findShapes(all []*fetchOptions) {
	groups := 0
	for {
		numbers := make(map[string]int)
		next := make([]int, len(all))
		for i, fo := range all {
			var b strings.Builder
			fmt.Fprint(&b, fo.shape, fo.class.Type, fo.flags)
			for _, r := range fo.relations {
				if r == nil {
					b.WriteString(" -")
				} else {
					fmt.Fprint(&b, " ", r.shape, r.page())
				}
			}
			n, ok := numbers[b.String()]
			if !ok {
				n = len(numbers) + 1
				numbers[b.String()] = n
			}
			next[i] = n
		}
		for i, fo := range all {
			fo.shape = next[i]
		}
		if len(numbers) == groups {
			return
		}
		groups = len(numbers)
	}
}

// page describes the options' paging and sorting.
func (fo *fetchOptions) page() string {
	s := "["
	if fo.from != nil {
		s += fmt.Sprint(*fo.from)
	}
	s += ","
	if fo.count != nil {
		s += fmt.Sprint(*fo.count)
	}
	for _, sorting := range sortings(fo) {
		s += fmt.Sprint(",", sorting.field, sorting.descending)
	}
	return s + "]"
}

// writeFetchOptions writes options of the request: in full when they come for the first time.
func (w *jsonWriter) fetchOptions(fo *fetchOptions) {
	if fo == nil {
		w.null()
		return
	}
	if !w.open(fo, fo.class.Type) {
		return
	}
	w.name("count")
	w.value(fo.count)
	w.name("from")
	w.value(fo.from)
	w.name("cacheMode")
	w.text(fo.cacheMode)
	w.fetchFields(fo, fo.sort)
	w.end('}')
}

// ownFetchOptions writes the "fetchOptions" of an entity whose translator makes new ones, without the paging and sorting of the
// request but with its relations.
func (w *jsonWriter) ownFetchOptions(fo *fetchOptions) {
	w.name("fetchOptions")
	w.openNew(fo.class.Type)
	w.raw(`"count":null,"from":null,"cacheMode":"NO_CACHE"`)
	w.fetchFields(fo, nil)
	w.end('}')
}

func (w *jsonWriter) fetchFields(fo *fetchOptions, sort *object) {
	for i, f := range fo.class.fields {
		w.name(f.name)
		switch {
		case f.flag:
			w.bool(fo.flags[i])
		case f.class != nil:
			w.fetchOptions(fo.relations[i])
		case f.name == "sort" || f.name == "sortBy":
			w.sortOptions(sort)
		default:
			w.null()
		}
	}
}

// sortOptions writes sort options with a shortcut to the order of each field, which is the same instance as in the list.
func (w *jsonWriter) sortOptions(o *object) {
	if o == nil {
		w.null()
		return
	}
	if !w.open(o, o.class.Type) {
		return
	}
	orders := make(map[string]*object)
	w.name("sortings")
	w.begin('[')
	for _, s := range o.objects("sortings") {
		orders[strings.ReplaceAll(strings.ToLower(s.text("field")), "_", "")] = s.object("order")
		if !w.open(s, s.class.Type) {
			continue
		}
		w.name("field")
		w.text(s.text("field"))
		w.name("order")
		w.sortOrder(s.object("order"))
		w.raw(`"parameters":null`)
		w.end('}')
	}
	w.end(']')
	for _, name := range sortFields[o.class.Type] {
		w.name(name)
		w.sortOrder(orders[strings.ToLower(name)])
	}
	w.end('}')
}

func (w *jsonWriter) sortOrder(o *object) {
	if o == nil {
		w.null()
		return
	}
	if w.open(o, o.class.Type) {
		w.name("asc")
		w.bool(o.bool("asc", true))
		w.end('}')
	}
}
