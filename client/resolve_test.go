package client

import (
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestEveryIDResolvesInOneCall(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	s.ResetCounters()
	n := 0
	resolve := func(id string) *Found {
		t.Helper()
		n++
		found, err := c.Resolve(t.Context(), id)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		return found
	}
	for _, e := range s.Lab.Spaces {
		for _, id := range []string{e.Code, strings.ToLower(e.Code), "/" + e.Code} {
			if f := resolve(id); f.Space == nil || f.Space.Code != e.Code {
				t.Errorf("%s is %+v", id, f)
			}
		}
	}
	for _, e := range s.Lab.Projects {
		for _, id := range []string{e.PermID, e.Identifier(), strings.ToLower(e.Identifier())} {
			if f := resolve(id); f.Project == nil || f.Project.PermID != e.PermID || f.Project.Space != e.Space.Code {
				t.Errorf("%s is %+v", id, f)
			}
		}
	}
	for _, e := range s.Lab.Experiments {
		for _, id := range []string{e.PermID, e.Identifier()} {
			if f := resolve(id); f.Collection == nil || f.Collection.PermID != e.PermID || f.Collection.Identifier != e.Identifier() {
				t.Errorf("%s is %+v", id, f)
			}
		}
	}
	for _, e := range s.Lab.Samples {
		ids := []string{e.PermID}
		if e.Space != nil {
			ids = append(ids, e.Identifier())
		}
		if e.Experiment != nil {
			last := e.Identifier()[strings.LastIndex(e.Identifier(), "/"):]
			ids = append(ids, e.Experiment.Identifier()+last)
			if f := resolve(e.Project.Identifier() + "/NOWHERE" + last); !f.None() {
				t.Errorf("in another Collection: %+v", f)
			}
		}
		for _, id := range ids {
			if f := resolve(id); f.Object == nil || f.Object.PermID != e.PermID {
				t.Errorf("%s is %+v", id, f)
			}
		}
	}
	for _, e := range s.Lab.DataSets {
		if f := resolve(e.PermID); f.DataSet == nil || f.DataSet.PermID != e.PermID {
			t.Errorf("%s is %+v", e.PermID, f)
		}
	}
	if calls := s.Calls()["executeOperations"]; calls != n {
		t.Errorf("%d calls for %d ids", calls, n)
	}
	s.ResetCounters()
	for _, id := range []string{"", "/", "//", "A/B", "/A//B", "/A/B/C/D/E", "a b", "/A/B C", "/A/'/C/D", "/A/B/*/D"} {
		if f := resolve(id); !f.None() {
			t.Errorf("%q is %+v", id, f)
		}
	}
	if calls := s.Calls()["executeOperations"]; calls != 0 {
		t.Errorf("%d calls for what no server can have", calls)
	}
	if f := resolve("20010101000000000-1"); !f.None() {
		t.Errorf("an unknown permId is %+v", f)
	}
}
