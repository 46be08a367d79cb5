package openbistest

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// order puts the nodes of a folder into the order in which the store returns them. The path-info database has none
// (openBIS source, IPathInfoDAO.java selects without ORDER BY).
func (ds *dataStoreServer) order(nodes []*contentNode) {
	switch {
	case ds.store.NoPathInfo:
		slices.SortFunc(nodes, func(a, b *contentNode) int { return cmp.Compare(a.name(), b.name()) })
	case ds.s.opts.UnsortedSeed >= 0:
		ds.mu.Lock()
		if ds.random == nil {
			ds.random = rand.New(rand.NewPCG(uint64(ds.s.opts.UnsortedSeed), 0x64737331))
		}
		ds.random.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		ds.mu.Unlock()
	}
}

// javaHashOrder returns the keys in the order in which a java.util.HashMap iterates over them, when their hash codes are
// those of a class whose only field is the key (31 + the text's hash code).
func javaHashOrder(keys []string) []string {
	size := uint32(16)
	for len(keys) > int(size)*3/4 {
		size *= 2
	}
	bucket := func(key string) uint32 {
		h := 31 + javaHash(key)
		return (h ^ h>>16) & (size - 1)
	}
	ordered := slices.Clone(keys)
	slices.SortStableFunc(ordered, func(a, b string) int { return cmp.Compare(bucket(a), bucket(b)) })
	return ordered
}

// javaHash is java.lang.String.hashCode.
func javaHash(s string) uint32 {
	var h uint32
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			h = 31*h + uint32(0xd800+r>>10)
			r = 0xdc00 + r&0x3ff
		}
		h = 31*h + uint32(r)
	}
	return h
}
