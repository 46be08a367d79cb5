package staging

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// create makes a draft and ends the test if it can't.
func create(tb testing.TB, s *Store, name string, directory bool) *Draft {
	tb.Helper()
	d, err := s.Create(testOwner, name, directory)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// put writes a file into a draft and ends the test if it can't.
func put(tb testing.TB, d *Draft, rel, content string) {
	tb.Helper()
	if err := write(d, rel, []byte(content)); err != nil {
		tb.Fatal(err)
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestSealRecordsWhatIsToBeRegisteredAndNoJunk(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "run 7", true)
	for _, dir := range []string{"a", "a/b", "empty", "junk only", ".Trash-1000"} {
		must(t, d.Mkdir(dir, 0o755))
	}
	put(t, d, "a/b/x.csv", "1,2\n")
	put(t, d, "zero", "")
	for _, junk := range []string{".x.swp", "Thumbs.db", "a/x.csv~", "junk only/4913", ".Trash-1000/old.csv"} {
		put(t, d, junk, "junk")
	}
	must(t, write(d, ".x.csv.aB3xYz", []byte("rsync was killed")))
	must(t, os.Chmod(filepath.Join(d.Root(), ".x.csv.aB3xYz"), 0o600))
	must(t, d.Seal(t.Context()))

	m, err := readManifest(d.dir, d.record().Content)
	must(t, err)
	slices.SortFunc(m.Files, func(a, b sealedFile) int { return strings.Compare(a.Path, b.Path) })
	want := &manifest{
		Files: []sealedFile{
			{"a/b/x.csv", 4, crc32.ChecksumIEEE([]byte("1,2\n"))},
			{"zero", 0, 0},
		},
		Folders: []string{"empty", "junk only"},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if info := d.Info(); info.State != Sealed || info.Files != 2 || info.Bytes != 4 {
		t.Errorf("got %+v", info)
	}
	must(t, d.Seal(t.Context())) // again
	if err := write(d, "late", nil); !errors.Is(err, syscall.EROFS) {
		t.Errorf("writing to a sealed draft: %v, want EROFS", err)
	}
	if f, err := d.OpenFile("a/b/x.csv", os.O_RDONLY, 0); err != nil {
		t.Errorf("reading a sealed draft: %v", err)
	} else {
		_ = f.Close()
	}
}

func TestSealOfAFile(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	for _, content := range []string{"", "x", strings.Repeat("0123456789abcdef", 200_000)} {
		d := create(t, s, "x.bin", false)
		put(t, d, "", content)
		must(t, d.Seal(t.Context()))
		ds, err := d.dataSet()
		must(t, err)
		b, err := readAll(ds.Files[0])
		if err != nil || string(b) != content || ds.Files[0].Path != "" || ds.Directory || ds.Object != testOwner.PermID || ds.Type != "RAW_DATA" {
			t.Errorf("%d bytes: %v, %+v", len(b), err, ds)
		}
	}
}

func TestSealRefusesWhatCanNotBeRegistered(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	link := func(target string) func(*Draft) {
		return func(d *Draft) { put(t, d, "x", ""); must(t, os.Symlink(target, filepath.Join(d.Root(), "link"))) }
	}
	for name, test := range map[string]struct {
		draft string
		fill  func(d *Draft)
		want  error
	}{
		"an empty directory":      {"d", func(*Draft) {}, ErrEmpty},
		"folders only":            {"d", func(d *Draft) { must(t, d.Mkdir("a", 0o755)) }, ErrEmpty},
		"junk only":               {"d", func(d *Draft) { put(t, d, ".DS_Store", "x") }, ErrEmpty},
		"a link that dangles":     {"d", link("nowhere"), ErrLink},
		"a link to the outside":   {"d", link("../record.json"), ErrLink},
		"an absolute link":        {"d", link("/etc/passwd"), ErrLink},
		"a link to a folder":      {"d", link("."), ErrLink},
		"a link to itself":        {"d", link("link"), ErrLink},
		"a named pipe":            {"d", func(d *Draft) { must(t, syscall.Mkfifo(filepath.Join(d.Root(), "y"), 0o644)) }, errors.ErrUnsupported},
		"a name that is no UTF-8": {"d", func(d *Draft) { put(t, d, "\xff", "") }, syscall.EILSEQ},
		"a temporary name":        {"x.swp~", func(d *Draft) { put(t, d, "x", "") }, ErrTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			d := create(t, s, test.draft, true)
			test.fill(d)
			if err := d.Seal(t.Context()); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if d.State() != Opened {
				t.Errorf("draft is %s, want it open still", d.State())
			}
		})
	}
}

func TestSealWaitsForNobodyWhoIsWriting(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "x", false)
	f, err := d.OpenFile("", os.O_RDWR, 0)
	must(t, err)
	if err := d.Seal(t.Context()); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("got %v, want EBUSY", err)
	}
	must(t, f.Close())
	must(t, d.Seal(t.Context()))
}

func TestFailedFsyncHoldsTheDraft(t *testing.T) {
	disk := newFaultDisk()
	s := openTest(t, t.TempDir(), disk, nil)
	d := create(t, s, "x", false)
	put(t, d, "", "content")
	disk.failAt, disk.errno = 1, syscall.EIO // open, sync
	disk.arm()
	if err := d.Seal(t.Context()); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, want EIO", err)
	}
	if d.State() != Held || !errors.Is(d.Err(), ErrHeld) {
		t.Errorf("draft is %s: %v", d.State(), d.Err())
	}
}

// What the promise of Commit needs is on disk before the first byte is sent: the order of all operations is checked.
func TestEverythingIsDurableBeforeItIsRelaidOn(t *testing.T) {
	disk := newFaultDisk()
	s := openTest(t, t.TempDir(), disk, nil)
	disk.arm()
	d := create(t, s, "d", true)
	must(t, d.Mkdir("a", 0o755))
	put(t, d, "a/x", "content")
	must(t, d.Seal(t.Context()))
	want := []string{
		"mkdir NEW", "mkdir data",
		"open record.json.tmp", "write record.json.tmp", "sync record.json.tmp", "rename record.json", "syncdir NEW",
		"rename DRAFT", "syncdir HOME",
		"mkdir a", "open x", "write x",
		"open x", "sync x", "syncdir data", "syncdir a",
		"open files.jsonl.tmp", "write files.jsonl.tmp", "sync files.jsonl.tmp", "rename files.jsonl", "syncdir DRAFT",
		"open record.json.tmp", "write record.json.tmp", "sync record.json.tmp", "rename record.json", "syncdir DRAFT",
	}
	got := disk.log()
	if len(got) == len(want) {
		slices.Sort(got[12:16]) // these go in parallel
		slices.Sort(want[12:16])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
