package staging

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// runTwice plays one cell of a file that is saved again while its first save is on its way. The process may die from
// when the second save names the first. It returns how many transitions were written from then on.
func (c cell) runTwice(t *testing.T) (renames int) {
	synctest.Test(t, func(t *testing.T) {
		u := &user{tb: t, dir: t.TempDir(), server: newFakeServer(c.route), disk: newFaultDisk(), refused: make(map[string]bool)}
		disk := u.disk
		disk.crash, disk.after, disk.failAt = c.crash, c.after, -1
		if c.before != "" {
			u.server.fail(registerCall, c.before)
		}
		if c.call != "" {
			u.server.fail(c.call, c.fault)
		}
		u.mount()
		<-u.store.Scanned()
		first := create(t, u.store, "x", false)
		put(t, first, "", "first")
		first.Release()
		d := create(t, u.store, "x", false)
		put(t, d, "", "the second")
		d.Release()
		must(t, first.Seal(t.Context()))
		// Whether the first is on its way or there by now is the race detector's and the scheduler's choice.
		disk.arm()
		err := d.SetPredecessor(t.Context(), first)
		named := err == nil && !disk.dead.Load()
		if err == nil {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			_ = d.Commit(ctx)
			cancel()
		}
		u.settle()
		<-time.After(24 * time.Hour) // whatever is stalled
		u.settle()

		found := make(map[string]*fakeDataSet)
		for _, ds := range u.server.registered() {
			found[string(ds.files["x"])] = ds
		}
		contents := slices.Sorted(maps.Keys(found))
		if len(u.server.registered()) != 2 || !slices.Equal(contents, []string{"first", "the second"}) {
			t.Fatalf("%d datasets, of %q", len(u.server.registered()), contents)
		}
		parents := found["the second"].parents
		right := slices.Equal(parents, []string{found["first"].permID})
		if orphan := len(parents) == 0 && (!named || u.refused[first.ID()]); !right && !orphan {
			t.Errorf("the second has parents %q, the first is %s", parents, found["first"].permID)
		}
		if len(found["first"].parents) != 0 {
			t.Errorf("the first has parents %q", found["first"].parents)
		}
		if left := infos(u.store); len(left) != 0 {
			t.Fatalf("left behind: %+v", left)
		}
		disk.mu.Lock()
		renames = disk.renames
		disk.mu.Unlock()
		abandon(u.store)
	})
	return renames
}

// A file is saved, and saved again before the server has the first: whatever fails however, and wherever the process dies,
// there are two Datasets in the end, and the first is the parent of the second unless it was refused.
func TestEveryFaultAndCrashLeavesTheParent(t *testing.T) {
	total := 0
	for _, c := range cells() {
		t.Run(c.String(), func(t *testing.T) {
			n := c.runTwice(t)
			total++
			if c.call != registerCall {
				return
			}
			crashing := c
			for crashing.crash = range n {
				for _, crashing.after = range []bool{false, true} {
					t.Run(fmt.Sprintf("crash at %d, after %v", crashing.crash, crashing.after), func(t *testing.T) { crashing.runTwice(t) })
					total++
				}
			}
		})
	}
	t.Logf("%d cells", total)
	if !testing.Short() && total < 400 && t.Context().Err() == nil {
		t.Errorf("%d cells, want at least 400", total)
	}
}
