package client

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// login returns a client of the server for a user whose password is the user's name.
func login(t *testing.T, s *openbistest.Server, user string, change ...func(*Options)) *Client {
	t.Helper()
	opts := Options{URL: s.URL, User: user, Password: func(context.Context) (string, error) { return user, nil }}
	for _, f := range change {
		f(&opts)
	}
	c := newTestClient(t, opts)
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.ResetCounters()
	return c
}

// wantCalls checks what the server was asked for since the counters were reset.
func wantCalls(t *testing.T, s *openbistest.Server, want map[string]int) {
	t.Helper()
	if got := s.Calls(); !maps.Equal(got, want) {
		t.Errorf("calls: %v, want %v", got, want)
	}
}

// dataSet returns the Dataset of the lab for which the condition holds.
func dataSet(t *testing.T, c *Client, s *openbistest.Server, condition func(*openbistest.DataSet) bool) (*DataSet, *openbistest.DataSet) {
	t.Helper()
	i := slices.IndexFunc(s.Lab.DataSets, condition)
	if i < 0 {
		t.Fatal("the lab has no such dataset")
	}
	d := s.Lab.DataSets[i]
	got, err := c.GetDataSets(t.Context(), d.PermID)
	if err != nil || got[d.PermID] == nil {
		t.Fatalf("dataset %s: %v", d.PermID, err)
	}
	return got[d.PermID], d
}

// nodes returns all nodes of a dataset by path, without the root.
func nodes(root *openbistest.Node) map[string]*openbistest.Node {
	all := make(map[string]*openbistest.Node)
	var walk func(prefix string, n *openbistest.Node)
	walk = func(prefix string, n *openbistest.Node) {
		for _, child := range n.Children {
			all[prefix+child.Name] = child
			walk(prefix+child.Name+"/", child)
		}
	}
	if root != nil {
		walk("", root)
	}
	return all
}
