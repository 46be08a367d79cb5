package meta

import (
	"slices"
	"strings"
)

// aliases finds the entries of a listing by what they are called elsewhere. Its
// slices have the entries that stand for an entity, in order of a folded name.
type aliases struct {
	byLabel  []*Entry
	byPermID []*Entry
}

// fold makes names that differ in letter case only equal.
func fold(name string) string { return strings.ToUpper(name) }

func foldedLabel(e *Entry) string  { return fold(e.label) }
func foldedPermID(e *Entry) string { return fold(e.permID) }

func (l *Listing) aliasIndex() *aliases {
	l.index.Do(func() {
		for _, e := range l.entries {
			if e.permID != "" {
				l.aliases.byLabel = append(l.aliases.byLabel, e)
			}
		}
		l.aliases.byPermID = slices.Clone(l.aliases.byLabel)
		sortBy(l.aliases.byLabel, foldedLabel)
		sortBy(l.aliases.byPermID, foldedPermID)
	})
	return &l.aliases
}

func sortBy(entries []*Entry, key func(*Entry) string) {
	slices.SortFunc(entries, func(a, b *Entry) int { return strings.Compare(key(a), key(b)) })
}

// equalRange returns the entries whose key is folded.
func equalRange(entries []*Entry, key func(*Entry) string, folded string) []*Entry {
	i, _ := slices.BinarySearchFunc(entries, folded, func(e *Entry, s string) int { return strings.Compare(key(e), s) })
	n := i
	for n < len(entries) && key(entries[n]) == folded {
		n++
	}
	return entries[i:n]
}

// findAlias returns the entity that name means though it is not listed so: its
// code in any letter case, its permId, or "NAME [permId]". A code that two
// siblings have means neither of them, except that Datasets, which have no
// codes but permIds, stand back.
func (l *Listing) findAlias(name string) (*Entry, bool) {
	if strings.HasPrefix(name, ".") {
		return nil, false // the tree's own names, and those that programs look for everywhere
	}
	index := l.aliasIndex()
	folded := fold(name)
	if named := coded(equalRange(index.byLabel, foldedLabel, folded)); len(named) > 0 {
		return named[0], len(named) == 1
	}
	if found := equalRange(index.byPermID, foldedPermID, folded); len(found) > 0 {
		return found[0], len(found) == 1
	}
	label, rest, ok := cutLast(folded, " [")
	permID, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return nil, false
	}
	for _, e := range equalRange(index.byPermID, foldedPermID, permID) {
		if foldedLabel(e) == label {
			return e, true
		}
	}
	return nil, false
}

// coded returns those of entries whose name is a code.
func coded(entries []*Entry) []*Entry {
	if len(entries) < 2 {
		return entries
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e *Entry) bool { return e.id.kind == kindDataSet })
}

// findNode returns the entry of one kind and label, or of one kind and permId
// if label is empty.
func (l *Listing) findNode(k kind, label, permID string) (*Entry, bool) {
	index := l.aliasIndex()
	found := equalRange(index.byPermID, foldedPermID, fold(permID))
	if label != "" {
		found = equalRange(index.byLabel, foldedLabel, fold(label))
	}
	for _, e := range found {
		if e.id.kind == k {
			return e, true
		}
	}
	return nil, false
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
