package meta

import (
	"slices"
	"strings"
	"sync"
)

// Listing is an immutable snapshot of one directory, sorted by name in byte order.
type Listing struct {
	entries []*Entry
	// document is shown among entries at position documentAt, if there is one.
	// It is separate because it costs more than the rest and is not always wanted.
	document   *Entry
	documentAt int

	index   sync.Once
	aliases aliases
}

// newListing sorts entries, which belong to it from then on. Of two entries of
// one name the first one stays and the others are returned.
func newListing(entries []*Entry) (l *Listing, dropped []*Entry) {
	slices.SortStableFunc(entries, func(a, b *Entry) int { return strings.Compare(a.Name, b.Name) })
	kept := entries[:0]
	for _, e := range entries {
		if n := len(kept); n > 0 && kept[n-1].Name == e.Name {
			dropped = append(dropped, e)
			continue
		}
		kept = append(kept, e)
	}
	return &Listing{entries: kept}, dropped
}

// with returns the same listing with a document in it, unless the directory
// has something of that name.
func (l *Listing) with(document *Entry) *Listing {
	at, taken := l.search(document.Name)
	if taken {
		return l
	}
	return &Listing{entries: l.entries, document: document, documentAt: at}
}

// Len returns the number of entries.
func (l *Listing) Len() int {
	if l.document != nil {
		return len(l.entries) + 1
	}
	return len(l.entries)
}

// At returns entry i of [Listing.Len].
func (l *Listing) At(i int) *Entry {
	switch {
	case l.document == nil || i < l.documentAt:
		return l.entries[i]
	case i == l.documentAt:
		return l.document
	default:
		return l.entries[i-1]
	}
}

// Find returns the entry of exactly that name.
func (l *Listing) Find(name string) (*Entry, bool) {
	if l.document != nil && l.document.Name == name {
		return l.document, true
	}
	if i, ok := l.search(name); ok {
		return l.entries[i], true
	}
	return nil, false
}

func (l *Listing) search(name string) (int, bool) {
	return slices.BinarySearchFunc(l.entries, name, func(e *Entry, name string) int { return strings.Compare(e.Name, name) })
}
