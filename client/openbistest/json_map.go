package openbistest

import (
	"cmp"
	"slices"
)

// decodeTextMap decodes a map of texts, keeping its order.
func decodeTextMap(v any) (any, error) {
	o, ok := v.(*jsonObject)
	if !ok {
		return nil, mismatched("java.util.LinkedHashMap", v)
	}
	m := &jsonObject{Names: o.Names, Values: make(map[string]any, len(o.Names))}
	for _, name := range o.Names {
		value := o.get(name)
		if value == nil {
			m.Values[name] = nil
			continue
		}
		s, ok := asText(value)
		if !ok {
			return nil, mismatched("java.lang.String", value)
		}
		m.Values[name] = s
	}
	return m, nil
}

// javaStringOrder returns the keys in the order in which a java.util.HashMap with text keys iterates over them. Keys in one bucket
// are in alphabetical order.
func javaStringOrder(keys []string) []string {
	size := uint32(16)
	for len(keys) > int(size)*3/4 {
		size *= 2
	}
	bucket := func(key string) uint32 {
		h := javaHash(key)
		return (h ^ h>>16) & (size - 1)
	}
	ordered := slices.Clone(keys)
	slices.SortFunc(ordered, func(a, b string) int {
		if c := cmp.Compare(bucket(a), bucket(b)); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return ordered
}
