package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// growth is content of which everything is written already, and that changes afterwards.
type growth struct {
	io.ReaderAt
	size int64

	mu   sync.Mutex
	read [][2]int64
	lies bool // says that all is unchanged
}

var errComplete = errors.New("it is complete")

func (g *growth) Await(_ context.Context, end int64) error {
	if end > g.size {
		return errComplete
	}
	return nil
}

func (g *growth) Reading(off, end int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.read = append(g.read, [2]int64{off, end})
}

func (g *growth) Unchanged(off, end int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lies || slices.Contains(g.read, [2]int64{off, end})
}

// change is a write after everything was read.
func (g *growth) change(at int64) {
	g.read = slices.DeleteFunc(g.read, func(p [2]int64) bool { return p[0] <= at && at < p[1] })
}

func TestWhatWasSentAheadIsNotSentAgainUnlessItHasChanged(t *testing.T) {
	const slices = 12
	for _, route := range routes {
		for _, test := range []struct {
			name    string
			change  func(c []byte, g *growth) []byte
			again   int // slices of those that were sent
			prepare func(r *registrar)
		}{
			{"unchanged", nil, 0, nil},
			{"changed", func(c []byte, g *growth) []byte { c[5*testSlice+7]++; g.change(5*testSlice + 7); return c }, 1, nil},
			{"longer", func(c []byte, _ *growth) []byte { return append(c, noise(3*testSlice)...) }, 0, nil},
			{"changed without a word", func(c []byte, g *growth) []byte { c[3*testSlice]++; g.lies = true; return c }, slices, nil},
			{"the session is another", nil, slices, func(r *registrar) { r.s.ExpireSessions() }},
			{"slices are smaller now", nil, slices, func(r *registrar) { r.registrations.slice /= 2 }},
		} {
			t.Run(string(route)+" "+test.name, func(t *testing.T) {
				r := newRegistrar(t, route, openbistest.Options{})
				content := noise(slices*testSlice + 99)
				g := &growth{ReaderAt: bytes.NewReader(bytes.Clone(content)), size: int64(len(content))}
				plan := r.plan()
				ds := r.draft(&NewDataSet{Name: "run 7.bin", Files: []NewFile{{}}})
				if err := r.UploadAhead(t.Context(), plan, ds, g); err != nil {
					t.Fatal(err)
				}
				ahead := r.s.Calls()["session_workspace_file_upload"]
				if ahead < slices-1 || ahead > slices {
					t.Errorf("%d slices were sent ahead", ahead)
				}
				if test.change != nil {
					content = test.change(content, g)
				}
				if test.prepare != nil {
					test.prepare(r)
				}
				ds.Files = []NewFile{newFile("", content)}
				id, err := r.do(plan, ds)
				if err != nil {
					t.Fatal(err)
				}
				r.wantDataSet(id, ds)
				r.wantRegistrations(1)
				total := r.s.Calls()["session_workspace_file_upload"]
				least := (len(content)+testSlice-1)/testSlice + test.again - 1
				if total < least || test.again == 0 && total > least+2 {
					t.Errorf("%d slices altogether, want %d", total, least)
				}
			})
		}
	}
}

func TestAFailureOfAnUploadAheadIsSaid(t *testing.T) {
	for name, fault := range map[string]openbistest.Fault{
		"reset before": {Kind: openbistest.ResetBefore}, "reset after": {Kind: openbistest.ResetAfter},
		"server error": {Kind: openbistest.Status, Status: 500}, "session": {Kind: openbistest.ExpiredSession},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistrar(t, UploadedDataSet, openbistest.Options{})
			content := noise(5 * testSlice)
			fault.Method = "session_workspace_file_upload"
			r.s.Faults.Add(fault)
			plan := r.plan()
			ds := r.draft(&NewDataSet{Name: "run 7.bin", Files: []NewFile{{}}})
			g := &growth{ReaderAt: bytes.NewReader(content), size: int64(len(content))}
			if err := r.UploadAhead(t.Context(), plan, ds, g); err == nil {
				t.Error("no error")
			}
			if err := r.DiscardUpload(t.Context(), plan); err != nil {
				t.Error(err)
			}
			ds.Files = []NewFile{newFile("", content)}
			id, err := r.do(r.plan(), ds)
			if err != nil {
				t.Fatal(err)
			}
			r.wantDataSet(id, ds)
		})
	}
}
