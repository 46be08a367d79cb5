package meta

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAmbiguousSiblingsAreAllRenamed(t *testing.T) {
	for _, c := range []struct {
		what     string
		siblings []sibling
		want     []string
	}{
		{
			"different names stay",
			[]sibling{{"A", "A", "1", kindObject}, {"B", "B", "2", kindObject}},
			[]string{"A", "B"},
		}, {
			"names differ, then codes tell apart",
			[]sibling{{"Pilot", "E1", "1", kindCollection}, {"Pilot", "E2", "2", kindCollection}, {"Other", "E3", "3", kindCollection}},
			[]string{"Pilot [E1]", "Pilot [E2]", "Other"},
		}, {
			"a Collection and an Object of one code",
			[]sibling{{"X", "X", "1", kindCollection}, {"X", "X", "2", kindObject}},
			[]string{"X [1]", "X [2]"},
		}, {
			"only those that codes do not tell apart get permIds",
			[]sibling{{"N", "A", "1", kindObject}, {"N", "A", "2", kindObject}, {"N", "B", "3", kindObject}},
			[]string{"N [1]", "N [2]", "N [B]"},
		}, {
			"a name that looks like a generated one",
			[]sibling{{"N", "A", "1", kindObject}, {"N", "B", "2", kindObject}, {"N [A]", "C", "3", kindObject}},
			[]string{"N [1]", "N [B]", "N [A] [C]"},
		}, {
			"one permId in two kinds",
			[]sibling{{"X", "X", "X", kindObject}, {"X", "X", "X", kindDataSet}},
			[]string{"X [X object]", "X [X dataset]"},
		}, {
			"names in different letter case are different",
			[]sibling{{"a", "a", "1", kindObject}, {"A", "A", "2", kindObject}},
			[]string{"a", "A"},
		},
	} {
		if diff := cmp.Diff(c.want, displayNames(c.siblings)); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
	}
}

// randomSiblings returns siblings whose names clash a lot, also with generated names.
func randomSiblings(r *rand.Rand) []sibling {
	pool := []string{"A", "B", "A [A]", "A [1]", "A [2]", "B [A]", "A [1 object]", strings.Repeat("long ", 60), strings.Repeat("long ", 60) + "x"}
	kinds := []kind{kindProject, kindCollection, kindObject, kindDataSet}
	var all []sibling
	seen := map[string]bool{}
	for range r.IntN(14) {
		s := sibling{name: pool[r.IntN(len(pool))], code: pool[r.IntN(2)], permID: fmt.Sprint(r.IntN(9)), kind: kinds[r.IntN(len(kinds))]}
		if key := s.permID + s.kind.String(); !seen[key] {
			seen[key] = true
			all = append(all, s)
		}
	}
	return all
}

func TestDisplayNamesAreUniqueWhateverTheSiblings(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		siblings := randomSiblings(r)
		names := displayNames(siblings)
		seen := map[string]bool{}
		for i, name := range names {
			checkFileName(t, name)
			if seen[name] {
				t.Fatalf("%q twice among %q for %+v", name, names, siblings)
			}
			seen[name] = true
			if len(siblings[i].name) < 200 && !strings.HasPrefix(name, siblings[i].name) {
				t.Fatalf("%+v is called %q", siblings[i], name)
			}
		}
	}
}

func TestDisplayNamesDoNotDependOnTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		siblings := randomSiblings(r)
		want := map[sibling]string{}
		for i, name := range displayNames(siblings) {
			want[siblings[i]] = name
		}
		r.Shuffle(len(siblings), func(i, j int) { siblings[i], siblings[j] = siblings[j], siblings[i] })
		for i, name := range displayNames(siblings) {
			if want[siblings[i]] != name {
				t.Fatalf("%+v is %q or %q", siblings[i], want[siblings[i]], name)
			}
		}
	}
}

func TestANewSiblingRenamesNobodyButItsNamesakes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	codes := []string{"A", "B", "C", "D", "E"}
	for range 2000 {
		// codes never look like generated names
		var siblings []sibling
		for i := range 1 + r.IntN(10) {
			code := codes[r.IntN(len(codes))]
			siblings = append(siblings, sibling{code, code, fmt.Sprint("2025-", i), kindObject})
		}
		before := displayNames(siblings[:len(siblings)-1])
		after := displayNames(siblings)
		added := siblings[len(siblings)-1]
		for i, name := range before {
			if siblings[i].name != added.name && after[i] != name {
				t.Fatalf("%q became %q because of %+v", name, after[i], added)
			}
		}
	}
}
