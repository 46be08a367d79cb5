package meta

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInodesAreStableDistinctAndIn63Bits(t *testing.T) {
	// These numbers are in users' backups: they must not change.
	for _, c := range []struct {
		id   id
		want uint64
	}{
		{id{kind: kindRoot}, 1},
		{id{kind: kindSpace, permID: "LAB"}, 1648407440280334942},
		{id{kind: kindObject, permID: "20250301100000123-7"}, 977707882862600566},
		{id{kind: kindFile, permID: "20250301100000123-8", path: "original/a.csv"}, 6661909145827198845},
		{id{kind: kindDocument, permID: "20250301100000123-7", path: "object"}, 457127313890348293},
	} {
		if got := inode(c.id, 0); got != c.want {
			t.Errorf("inode(%+v) = %d, want %d", c.id, got, c.want)
		}
	}
	seen := map[uint64]id{}
	for k := kindSpace; k <= kindLink; k++ {
		for i := range 200 {
			for _, path := range []string{"", "a", "a/b"} {
				one := id{k, fmt.Sprint("2025-", i), path}
				n := inode(one, 0)
				if other, taken := seen[n]; taken {
					t.Fatalf("%+v and %+v are both %d", one, other, n)
				}
				if n <= RootInode || n >= 1<<63 {
					t.Fatalf("%+v is %d", one, n)
				}
				seen[n] = one
			}
		}
	}
}

func TestEqualInodesInADirectorySpillInAnyOrder(t *testing.T) {
	make3 := func() []*Entry {
		var entries []*Entry
		for _, p := range []string{"1", "2", "3"} {
			entries = append(entries, &Entry{Inode: 42, id: id{kind: kindObject, permID: p}})
		}
		return entries
	}
	numbers := func(entries []*Entry) map[string]uint64 {
		m := map[string]uint64{}
		for _, e := range entries {
			m[e.id.permID] = e.Inode
		}
		return m
	}
	forward := make3()
	spill(forward)
	backward := make3()
	slices.Reverse(backward)
	spill(backward)
	got := numbers(forward)
	if diff := cmp.Diff(got, numbers(backward)); diff != "" {
		t.Error(diff)
	}
	if got["1"] != 42 || got["2"] == 42 || got["3"] == 42 || got["2"] == got["3"] {
		t.Errorf("numbers are %v", got)
	}
}
