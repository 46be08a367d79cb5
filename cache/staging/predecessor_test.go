package staging

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// parentsOf returns the parents of a Dataset on the server.
func (s *fakeServer) parentsOf(permID string) []string {
	for _, ds := range s.registered() {
		if ds.permID == permID {
			return ds.parents
		}
	}
	return nil
}

// second makes a draft that names another one as its predecessor.
func second(t *testing.T, s *Store, old *Draft) *Draft {
	t.Helper()
	d := create(t, s, old.Name(), false)
	put(t, d, "", "the second")
	must(t, d.SetPredecessor(t.Context(), old))
	return d
}

// What becomes of a first save that is being registered when the second is made, and which parents the second has.
func TestPredecessorIsTheParentOnceItIsRegistered(t *testing.T) {
	discard := func(d *Draft) error { return d.Discard(context.Background()) }
	hold := func(d *Draft) error { return d.Hold(context.Background(), "on request") }
	for name, test := range map[string]struct {
		call   remote
		faults []fault
		then   func(*Draft) error
		parent bool
	}{
		"registered late":             {call: registerCall, faults: []fault{stallThenDone}, parent: true},
		"registered at once":          {parent: true},
		"its answer is lost":          {call: registerCall, faults: []fault{unknownDone}, parent: true},
		"its request is lost":         {call: registerCall, faults: []fault{unknownNotDone}, parent: true},
		"the server is away":          {call: planCall, faults: repeat(unknownNotDone, 5), parent: true},
		"refused":                     {call: registerCall, faults: []fault{refusal}},
		"given up":                    {call: registerCall, faults: repeat(retryable, maxFailures)},
		"discarded before it is sent": {call: planCall, faults: repeat(unknownNotDone, 5), then: discard},
		"held before it is sent":      {call: planCall, faults: repeat(unknownNotDone, 5), then: hold},
	} {
		for _, route := range routes {
			t.Run(name+"/"+string(route), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s, server := lab(t, route)
					if test.faults != nil {
						server.fail(test.call, test.faults...)
					}
					first := saved(t, s, "x")
					must(t, first.Seal(t.Context()))
					d := second(t, s, first)
					must(t, d.Seal(t.Context()))
					synctest.Wait()
					if test.then != nil {
						must(t, test.then(first))
					}
					must(t, d.Commit(within(t, 24*time.Hour)))
					var want []string
					if test.parent {
						want = []string{first.PermID()}
					}
					if got := server.parentsOf(d.PermID()); !slices.Equal(got, want) || d.PermID() == first.PermID() {
						t.Errorf("%s has parents %q, want %q", d.PermID(), got, want)
					}
					if d.Info().Predecessor != "" || !slices.Equal(d.Meta().Parents, want) {
						t.Errorf("the draft says %+v", d.Info())
					}
				})
			})
		}
	}
}

func TestPredecessorIsNotRemovedBeforeItIsInherited(t *testing.T) {
	for name, held := range map[string]bool{"open": false, "held": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet)
				server.fail(registerCall, stallThenDone)
				first := saved(t, s, "x")
				must(t, first.Seal(t.Context()))
				d := second(t, s, first)
				if held {
					must(t, d.Hold(t.Context(), "why not"))
				}
				before := d.State()
				first.Release()
				_, err := s.Drain(within(t, 24*time.Hour))
				must(t, err)
				if first.State() != Released {
					t.Errorf("the first is %s", first.State())
				}
				r, err := readRecord(d.dir, d.id)
				must(t, err)
				if r.State != before || r.Predecessor != "" || !slices.Equal(r.Meta.Parents, []string{first.PermID()}) {
					t.Errorf("the journal of the second: %+v", r)
				}
				if held != errors.Is(d.Err(), ErrHeld) {
					t.Errorf("%v", d.Err())
				}
				must(t, d.Commit(within(t, time.Hour)))
				if got := server.parentsOf(d.PermID()); !slices.Equal(got, []string{first.PermID()}) {
					t.Errorf("parents %q", got)
				}
			})
		})
	}
}

func TestPredecessorThatIsDiscardedAfterItIsRegisteredIsTheParent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		first := saved(t, s, "x")
		must(t, first.Commit(t.Context()))
		d := create(t, s, "x", false)
		must(t, first.Discard(t.Context()))
		must(t, d.SetPredecessor(t.Context(), first))
		must(t, d.Commit(t.Context()))
		if got := server.parentsOf(d.PermID()); !slices.Equal(got, []string{first.PermID()}) {
			t.Errorf("parents %q", got)
		}
	})
}

func TestParentsThatTheUserNamesReplaceThePredecessor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.fail(planCall, repeat(unknownNotDone, 3)...)
		first := saved(t, s, "x")
		must(t, first.Seal(t.Context()))
		d := second(t, s, first)
		must(t, d.SetMeta(t.Context(), Meta{Parents: []string{"P"}}))
		must(t, d.SetPredecessor(t.Context(), first))
		must(t, d.Commit(within(t, time.Hour)))
		if got := server.parentsOf(d.PermID()); !slices.Equal(got, []string{"P"}) {
			t.Errorf("parents %q", got)
		}
	})
}

func TestChainOfSavesIsRegisteredInItsOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.JupyterUploader, func(o *Options) { o.Workers = 4 })
		server.fail(registerCall, stallThenDone)
		chain := []*Draft{saved(t, s, "x")}
		must(t, chain[0].Seal(t.Context()))
		for i := range 5 {
			d := second(t, s, chain[i])
			must(t, d.Seal(t.Context()))
			chain = append(chain, d)
		}
		_, err := s.Drain(within(t, 24*time.Hour))
		must(t, err)
		for i, d := range chain[1:] {
			if got := server.parentsOf(d.PermID()); !slices.Equal(got, []string{chain[i].PermID()}) {
				t.Errorf("parents of %d: %q", i+1, got)
			}
		}
	})
}

// No program writes this, but a disk may come back with it.
func TestDraftsThatNameEachOtherAreRegistered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		leave(t, dir, 3, Sealed)
		home := filepath.Join(dir, directoryName("server"))
		entries, err := os.ReadDir(home)
		must(t, err)
		for i, entry := range entries {
			r, err := readRecord(filepath.Join(home, entry.Name()), entry.Name())
			must(t, err)
			r.Predecessor = entries[(i+1)%len(entries)].Name()
			must(t, writeRecord(osDisk{}, filepath.Join(home, entry.Name()), r))
		}
		server := newFakeServer(client.UploadedDataSet)
		s := openTest(t, dir, newFaultDisk(), server.connect(newFaultDisk().dead))
		_, err = s.Drain(within(t, time.Hour))
		must(t, err)
		if n := len(server.registered()); n != 3 {
			t.Errorf("%d datasets", n)
		}
	})
}

func TestSuccessorOfADraftThatIsGoneGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		leave(t, dir, 1, Sealed)
		home := filepath.Join(dir, directoryName("server"))
		entries, err := os.ReadDir(home)
		must(t, err)
		at := filepath.Join(home, entries[0].Name())
		r, err := readRecord(at, entries[0].Name())
		must(t, err)
		r.Predecessor = testID
		must(t, writeRecord(osDisk{}, at, r))
		server := newFakeServer(client.UploadedDataSet)
		s := openTest(t, dir, newFaultDisk(), server.connect(newFaultDisk().dead))
		_, err = s.Drain(within(t, time.Hour))
		must(t, err)
		if sets := server.registered(); len(sets) != 1 || len(sets[0].parents) != 0 {
			t.Errorf("%+v", sets)
		}
	})
}
