package fs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// pendingDrafts fills a staging directory with copies of one sealed draft, as
// mounts leave them behind that end before their uploads do, and returns the
// paths of the records, the oldest first.
func pendingDrafts(tb testing.TB, dir string, owner *openbistest.Sample, n int) []string {
	tb.Helper()
	store, err := staging.Open(dir, staging.Options{Server: "lab", Workers: -1})
	if err != nil {
		tb.Fatal(err)
	}
	d, err := store.Create(staging.Owner{Kind: staging.Object, PermID: owner.PermID, Identifier: owner.Identifier()}, "pending", false)
	if err == nil {
		err = d.Seal(tb.Context())
	}
	if err != nil {
		tb.Fatal(err)
	}
	pattern := filepath.Dir(d.Root())
	if err := store.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(pattern, "record.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var records []string
	for i := range n {
		id := fmt.Sprintf("20200101T%06d.%03d-aaaaaaaaaa", i/1000, i%1000)
		home := filepath.Join(filepath.Dir(pattern), id)
		if err := os.CopyFS(home, os.DirFS(pattern)); err != nil {
			tb.Fatal(err)
		}
		var record map[string]any
		if err := json.Unmarshal(text, &record); err != nil {
			tb.Fatal(err)
		}
		record["id"], record["name"] = id, fmt.Sprintf("pending-%05d", i)
		changed, err := json.Marshal(record)
		if err == nil {
			err = os.WriteFile(filepath.Join(home, "record.json"), changed, 0o600)
		}
		if err != nil {
			tb.Fatal(err)
		}
		records = append(records, filepath.Join(home, "record.json"))
	}
	if err := os.RemoveAll(pattern); err != nil {
		tb.Fatal(err)
	}
	return records
}

// The oldest record can't be read before somebody writes it: what waited for the
// drafts would wait for ever.
func TestAMountDoesNotWaitForItsPendingUploads(t *testing.T) {
	lab, err := openbistest.ParseLab("small")
	if err != nil {
		t.Fatal(err)
	}
	server := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	isOwner := func(s *openbistest.Sample) bool { return s.Code == filepath.Base(object) }
	drafts := t.TempDir()
	records := pendingDrafts(t, drafts, lab.Samples[slices.IndexFunc(lab.Samples, isOwner)], 30)
	text, err := os.ReadFile(records[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(records[0]); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(records[0], 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(records[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := mountBench(t, func(o *labOptions) { o.server, o.write = server, drafts })
	t.Cleanup(func() { _ = pipe.Close() }) // before the mount ends, which waits for who reads
	t.Cleanup(func() { _ = pipe.Close() })
	b.sh(`ls -R $D >/dev/null; cp $L/a $D/new; cmp $L/a $D/new`)
	select {
	case <-b.drafts.Scanned():
		t.Error("the drafts were read although one can't be")
	default:
	}
	// The reader gets its record, whoever comes later the same from a file.
	if err := os.Rename(records[0], records[0]+".pipe"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(records[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pipe.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	<-b.drafts.Scanned()
	names := strings.Fields(b.run("ls", b.path(".openbis/uploads")))
	if n := len(b.drafts.Drafts()); n != len(names)-1 {
		t.Errorf("%d drafts, %d are listed", n, len(names)-1)
	}
	b.settle()
	if n := len(b.registered()); n != len(records)+1 {
		t.Errorf("%d Datasets are registered, should be %d; drafts: %s", n, len(records)+1, b.states())
	}
}
