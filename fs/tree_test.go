package fs

import (
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// walk reads the whole mount with the helper, by path.
func (l *lab) walk() map[string]found {
	l.t.Helper()
	all := make(map[string]found)
	for _, f := range helper[[]found](l.t, "tree", l.dir, strconv.Itoa(readLimit)) {
		all[f.Path] = f
	}
	return all
}

func TestTheTreeIsWhatTheUserMaySeeOfTheLab(t *testing.T) {
	for _, user := range []string{"demo", "observer"} {
		t.Run(user, func(t *testing.T) {
			l := mountLab(t, func(o *labOptions) { o.user = user })
			want := expect(l.server.Lab, user)
			got := l.walk()
			links := make(map[string][]string)
			for place, f := range got {
				if f.Type == "link" {
					links[path.Dir(place)] = append(links[path.Dir(place)], path.Join(path.Dir(place), f.Target))
					continue
				}
				e, ok := want.entries[place]
				switch {
				case place == ".":
				case !ok:
					t.Errorf("%q is not in the lab", place)
				default:
					checkEntry(t, place, f, e)
				}
			}
			for place := range want.entries {
				if _, ok := got[place]; !ok {
					t.Errorf("%q is missing", place)
				}
			}
			for dir := range links {
				slices.Sort(links[dir])
			}
			if diff := cmp.Diff(want.links, links); diff != "" {
				t.Errorf("links (-lab +mount):\n%s", diff)
			}
		})
	}
}

func checkEntry(t *testing.T, place string, f found, want expected) {
	t.Helper()
	if f.Type != want.typ {
		t.Errorf("%q is a %s, want a %s", place, f.Type, want.typ)
	}
	if want.mtime != 0 && f.Mtime != want.mtime {
		t.Errorf("%q was modified at %d, want %d", place, f.Mtime, want.mtime)
	}
	if f.Type == "dir" {
		return
	}
	if f.Size > 0 && f.Blocks*sectorSize < f.Size {
		t.Errorf("%q of %d bytes occupies %d blocks", place, f.Size, f.Blocks)
	}
	if want.unreadable {
		if f.Error != "EIO" || f.Read != 0 {
			t.Errorf("%q: error %q after %d bytes, want EIO at once", place, f.Error, f.Read)
		}
		return
	}
	if f.Error != "" {
		t.Errorf("reading %q: %s", place, f.Error)
	}
	if want.content == nil { // a document
		if f.Read != f.Size || f.Size == 0 {
			t.Errorf("%q has %d bytes, and %d could be read", place, f.Size, f.Read)
		}
		return
	}
	if f.Size != want.content.Size() {
		t.Errorf("%q has %d bytes, want %d", place, f.Size, want.content.Size())
	}
	if f.Size <= readLimit && (f.Read != f.Size || f.CRC32 != want.content.CRC32()) {
		t.Errorf("%q: %d bytes of CRC32 %08x, want %d of %08x", place, f.Read, f.CRC32, f.Size, want.content.CRC32())
	}
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	l := mountLab(t)
	if broken := l.run("find", l.dir, "-xtype", "l"); broken != "" {
		t.Errorf("broken links:\n%s", broken)
	}
	if n := strings.Count(l.run("find", l.dir, "-type", "l"), "\n"); n == 0 {
		t.Error("no links at all")
	}
}

func TestInodesAreUniqueAndTheSameInEveryMount(t *testing.T) {
	first := mountLab(t)
	want := first.walk()
	if err := first.fs.Unmount(); err != nil {
		t.Fatal(err)
	}
	second := mountLab(t, func(o *labOptions) { o.server = first.server })
	inodes := make(map[uint64]string)
	for place, f := range second.walk() {
		if f.Inode != want[place].Inode {
			t.Errorf("%q has inode %d, had %d before", place, f.Inode, want[place].Inode)
		}
		if other, taken := inodes[f.Inode]; taken {
			t.Errorf("%q and %q have inode %d", place, other, f.Inode)
		}
		inodes[f.Inode] = place
	}
	if len(inodes) != len(want) {
		t.Errorf("%d entries, %d before", len(inodes), len(want))
	}
}

func TestAMountCanStartInTheMiddle(t *testing.T) {
	l := mountLab(t, func(o *labOptions) { o.start = "/materials/COATINGS" })
	want := expect(l.server.Lab, "demo")
	got := slices.Sorted(maps.Keys(l.walk()))
	if !slices.Contains(got, "PVD_TRIALS/TIN-1/.meta.json") {
		t.Errorf("the Project's content is missing in %q", got)
	}
	for _, place := range got {
		if strings.Contains(place, ".parents") || strings.Contains(place, ".children") {
			continue // links out of the mount are left out
		}
		if _, ok := want.entries[path.Join("MATERIALS/COATINGS", place)]; !ok {
			t.Errorf("%q is not in the Project", place)
		}
	}
}

func TestNamesAreFoundInAnyLetterCase(t *testing.T) {
	l := mountLab(t)
	upper := l.run("stat", "-c", "%i", l.path("MATERIALS", "COATINGS"))
	if lower := l.run("stat", "-c", "%i", l.path("materials", "coatings")); lower != upper {
		t.Errorf("inode %s in lower case, %s in upper case", lower, upper)
	}
	// The names that a listing shows are the entity's own all the same.
	if got := l.run("ls", l.path("materials")); !strings.Contains(got, "COATINGS\n") || strings.Contains(got, "coatings") {
		t.Errorf("listing: %q", got)
	}
}

func TestEverythingBelongsToOneOwnerAndMayBeReadAsTheUmaskSays(t *testing.T) {
	uid, gid := uint32(1234), uint32(5678)
	if os.Geteuid() != 0 { // who is not root can't enter what belongs to others
		uid, gid = uint32(os.Getuid()), uint32(os.Getgid())
	}
	l := mountLab(t, func(o *labOptions) {
		o.start = "/MATERIALS"
		o.config = func(c *Config) { c.UID, c.GID, c.Umask = uid, gid, 0o027 }
	})
	for place, f := range l.walk() {
		want := map[string]uint32{"dir": 0o550, "file": 0o440, "link": 0o777}[f.Type]
		if f.UID != uid || f.GID != gid || f.Mode != want {
			t.Errorf("%q: owner %d:%d, mode %o, want %d:%d and %o", place, f.UID, f.GID, f.Mode, uid, gid, want)
		}
		if f.Links != 1 {
			t.Errorf("%q has %d links", place, f.Links)
		}
	}
}
