package meta

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// nameParts are what names are made of by chance: what has to be encoded, what encoding makes of it, what
// collisions add, and letters that are easily confused.
var nameParts = []string{
	"a", "A", "b", "é", "e\u0301", "ß", "/", "∕", "%", "%2F", "%25", "2", "F", ".", "..", " ", "[", "]", " [1]", " [A]", " [a]",
	"~", ":", "\\", "\x00", "\n", "\u202e", "\x7f", "\xff", "日本", strings.Repeat("x", 120), strings.Repeat("日", 60),
}

func randomName(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(3) {
		b.WriteString(nameParts[r.IntN(len(nameParts))])
	}
	return b.String()
}

// TestNamesOfAnyMultiset checks what is promised of names for 100,000 random sets of siblings, among which many have the
// same name: each has a valid name, nobody else has it, it leads back to its bearer, the entity's own name can be read
// from it, and who comes and goes renames only those with whom there is an ambiguity.
func TestNamesOfAnyMultiset(t *testing.T) {
	t.Parallel()
	const sets = 100_000
	r := rand.New(rand.NewPCG(7, 8))
	kinds := []kind{kindCollection, kindObject, kindDataSet}
	for range sets {
		var pool []string
		for range 1 + r.IntN(4) {
			pool = append(pool, randomName(r))
		}
		var entries []*Entry
		for i := range 1 + r.IntN(6) {
			name := pool[r.IntN(len(pool))]
			k := kinds[r.IntN(len(kinds))]
			entries = append(entries, &Entry{Type: Dir, id: id{kind: k, permID: fmt.Sprint(i)}, permID: fmt.Sprint(i), label: labelOf(name, fmt.Sprint(i))})
			if got := decodeName(encodeName(name)); got != name {
				t.Fatalf("%q is encoded to %q, and that is %q", name, encodeName(name), got)
			}
		}
		all := listed(entries)
		if all.Len() != len(entries) {
			t.Fatalf("%d names for %d entries", all.Len(), len(entries))
		}
		for i := range all.Len() {
			checkFileName(t, all.At(i).Name)
			checkResolves(t, all, all.At(i))
		}
		gone := r.IntN(len(entries))
		checkStable(t, all, listed(slices.Delete(slices.Clone(entries), gone, gone+1)), entries[gone])
	}
}

// listed names entries as in a listing of them.
func listed(entries []*Entry) *Listing {
	siblings := make([]sibling, 0, len(entries))
	for _, e := range entries {
		siblings = append(siblings, siblingOf(e))
	}
	named := make([]*Entry, 0, len(entries))
	for i, name := range displayNames(siblings) {
		e := *entries[i]
		e.Name = name
		named = append(named, &e)
	}
	l, _ := newListing(named)
	return l
}

func checkResolves(t *testing.T, l *Listing, e *Entry) {
	t.Helper()
	if found, ok := l.Find(e.Name); !ok || found != e {
		t.Fatalf("%q leads to %+v, want %+v", e.Name, found, e)
	}
	if found, ok := l.findNode(e.id.kind, "", e.permID); !ok || found != e {
		t.Fatalf("permId %s leads to %+v, want %+v", e.permID, found, e)
	}
	// What was noted down in an ambiguity is good for ever, unless another has just that name.
	long := e.label + " [" + e.permID + "]"
	for i := range l.Len() {
		if fold(l.At(i).label) == fold(long) {
			return
		}
	}
	if other, taken := l.Find(long); taken && other != e {
		return
	}
	if found, ok := l.findAlias(long); !ok || found != e {
		t.Fatalf("%q leads to %+v, want %+v", long, found, e)
	}
}

// checkStable compares the names of siblings with those that they have without one of them.
func checkStable(t *testing.T, with, without *Listing, gone *Entry) {
	t.Helper()
	before := make(map[id]string)
	for i := range with.Len() {
		before[with.At(i).id] = with.At(i).Name
	}
	changed := []sibling{siblingOf(gone)}
	var renamed []*Entry
	for i := range without.Len() {
		if e := without.At(i); before[e.id] != e.Name {
			renamed = append(renamed, e)
			changed = append(changed, siblingOf(e))
		}
	}
	// One of its two names is a way to call another that came, went, or was renamed.
	for _, e := range renamed {
		if !slices.ContainsFunc(changed, func(s sibling) bool {
			return s != siblingOf(e) && (canBe(s, e.Name) || canBe(s, before[e.id]))
		}) {
			t.Fatalf("%q was %q because of %+v, which it can't be confused with", e.Name, before[e.id], gone)
		}
	}
}

func canBe(s sibling, name string) bool {
	return s.display(byName) == name || s.display(byCode) == name || s.display(byPermID) == name || s.display(byKind) == name
}

func siblingOf(e *Entry) sibling {
	return sibling{name: e.label, code: e.label, permID: encodePermID(e.permID), kind: e.id.kind}
}
