package fs

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// The fault matrix: a program saves, through a mount in another process, to a server over HTTP, and one thing goes wrong.
// What can go wrong is not listed here, but found out: an undisturbed save is recorded, and then each call that it has made
// to the server fails in each way, or the server registers after it was given up; the mounting process is killed at each
// change that it has made to the names in its staging directory, which are its journal's transitions; and the disk is full
// at each write. Afterwards there is exactly one Dataset, with the right bytes, or everything that the program was told to
// be saved is staged, and becomes that Dataset when it is tried again.
//
//	go test ./fs -run 'TestFaultMatrix/calls/jupyter-uploader-api/file/createPermIdStrings_1/reset_after'

// routes are all ways to register.
var routes = []string{"dataset-uploader-api", "createUploadedDataSet", "jupyter-uploader-api"}

// uploading is the call with which all routes bring content, registering those with which they have it registered.
const uploading = "session_workspace_file_upload"

var registering = map[string]string{
	"dataset-uploader-api":  "createReportFromAggregationService",
	"createUploadedDataSet": "createUploadedDataSet",
	"jupyter-uploader-api":  "createReportFromAggregationService",
}

// saves are what the programs write.
var saves = map[string]Save{
	"file": {Path: "run 7.csv", Files: map[string][][]byte{
		"": {[]byte("x,y\n"), bytes.Repeat([]byte("1,2\n"), 40_000), []byte("3,4\n")},
	}},
	"directory": {Path: "run 7", Directory: true, Files: map[string][][]byte{
		"a.csv":       {[]byte("x,y\n"), []byte("1,2\n")},
		"empty.txt":   nil,
		"deep/b.bin":  {bytes.Repeat([]byte{0, 255, 7}, 30_000)},
		"deep/µ.json": {[]byte(`{"µ": 1}`)},
	}},
}

// content is what a Dataset of the save has, by path.
func (s *Save) content() map[string][]byte {
	files := make(map[string][]byte)
	for rel, pieces := range s.Files {
		files[filepath.Join(s.Path, rel)] = bytes.Join(pieces, nil)
	}
	return files
}

// callFaults are what happens to a call.
var callFaults = map[string]openbistest.Fault{
	"refused":         {Kind: openbistest.Refused, Body: "Not today.", Times: -1},
	"500":             {Kind: openbistest.Status, Status: http.StatusInternalServerError},
	"reset_before":    {Kind: openbistest.ResetBefore},
	"reset_after":     {Kind: openbistest.ResetAfter},
	"stall":           {Kind: openbistest.Stall},
	"session_expired": {Kind: openbistest.ExpiredSession},
}

// matrix is what the cells share.
type matrix struct {
	disk             *faultyDisk
	mounts, programs *remote

	mu    sync.Mutex
	cells map[string]int // by class
	made  int            // of groups
	ran   int
}

func (m *matrix) count(class string, cells int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cells[class] += cells
	m.made++
}

// cell runs a cell beside others; when nobody has asked for this test, only if it is one of few.
func (m *matrix) cell(t *testing.T, run func()) {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(t.Name()))
	if flag.Lookup("test.run").Value.String() == "" && sum.Sum32()%sample != 0 {
		return
	}
	t.Parallel()
	m.mu.Lock()
	m.ran++
	m.mu.Unlock()
	run()
}

// sample is how many cells there are for each that is run together with all other tests, which the race detector makes slow;
// make faults runs the whole matrix.
const sample = 12

func TestFaultMatrix(t *testing.T) {
	checkLeaks(t)
	m := &matrix{disk: newFaultyDisk(t), cells: make(map[string]int)}
	m.mounts, m.programs = startRemote(t, "mounts"), startRemote(t, "programs")
	groups := 2*len(routes)*len(saves) + len(saves)
	t.Cleanup(func() { // after all cells
		total := 0
		for _, class := range slices.Sorted(maps.Keys(m.cells)) {
			t.Logf("%5d cells: %s", m.cells[class], class)
			total += m.cells[class]
		}
		t.Logf("%5d cells, of which %d were run", total, m.ran)
		if m.made == groups && total < 200 {
			t.Errorf("%d cells, want at least 200", total)
		}
	})
	for kind := range saves {
		for _, route := range routes {
			t.Run("calls/"+route+"/"+kind, func(t *testing.T) { m.callGroup(t, route, kind) })
			t.Run("kill/"+route+"/"+kind, func(t *testing.T) { m.killGroup(t, route, kind) })
		}
		t.Run("full/"+kind, func(t *testing.T) { m.fullGroup(t, routes[0], kind) })
	}
}

// callGroup has each call of a save fail in each way.
func (m *matrix) callGroup(t *testing.T, route, kind string) {
	t.Parallel()
	calls := m.undisturbed(t, route, kind).calls
	delete(calls, "deleteSessionWorkspaceFile") // tidies up in the background: some runs end before it
	for _, method := range []string{uploading, registering[route]} {
		if calls[method] == 0 {
			t.Errorf("an upload without %s: %v", method, calls)
		}
	}
	t.Run(openbistest.CommitStep+"_1/late", func(t *testing.T) {
		late := openbistest.Fault{Kind: openbistest.Late, Method: openbistest.CommitStep, Delay: patience + time.Second}
		m.cell(t, func() { m.failingCall(t, route, kind, late) })
	})
	cells := 1
	for _, method := range slices.Sorted(maps.Keys(calls)) {
		for n := range calls[method] {
			for name, fault := range callFaults {
				cells++
				fault.Method, fault.First = method, n+1
				t.Run(fmt.Sprintf("%s_%d/%s", method, n+1, name), func(t *testing.T) {
					m.cell(t, func() { m.failingCall(t, route, kind, fault) })
				})
			}
		}
	}
	m.count("calls, "+route+", "+kind, cells)
}

// failingCall is a cell: one call to the server fails.
func (m *matrix) failingCall(t *testing.T, route, kind string, fault openbistest.Fault) {
	c := m.newCell(t, route, kind)
	c.mount(m.mounts)
	active := c.server.Faults.Add(fault)
	out := c.save()
	if fault.Times < 0 {
		c.awaitHit(active)
		c.server.Faults.Clear() // the cause is gone
	}
	allowed := []string{""} // what happens once is got over
	switch {
	case fault.Kind != openbistest.Refused:
	case fault.Method == registering[route]:
		allowed = []string{"EINVAL"}
	case fault.Method == uploading:
		allowed = []string{"EIO"}
	default:
		allowed = []string{"EIO", ""} // some calls can be done without
	}
	if !slices.Contains(allowed, out.Errno) {
		t.Errorf("%s: %q, want one of %q", out.Step, out.Errno, allowed)
	}
	if n := len(c.server.Registrations()); n > 1 || n == 0 && out.Errno == "" {
		t.Errorf("after %q there are %d Datasets", out.Errno, n)
	}
	drafts := c.drafts()
	if n := active.Hits(); n == 0 || n > 1 && fault.Times >= 0 {
		t.Errorf("the fault has hit %d times", active.Hits())
	}
	if out.Errno != "" {
		c.mustBeStaged(drafts, c.want.content())
		if !strings.Contains(drafts[0].Reason, "Not today.") {
			t.Errorf("the reason is %q", drafts[0].Reason)
		}
		c.retry()
	}
	c.end(c.want.content())
}

// killGroup has the mounting process die at each transition of the journal.
func (m *matrix) killGroup(t *testing.T, route, kind string) {
	t.Parallel()
	cells := 0
	for _, op := range m.undisturbed(t, route, kind).disk.operations() {
		if op.kind != "rename" {
			continue
		}
		for _, when := range []string{"before", "after"} {
			cells++
			t.Run(fmt.Sprintf("%s/%s", op, when), func(t *testing.T) {
				m.cell(t, func() { m.killed(t, route, kind, diskFault{at: op, after: when == "after"}) })
			})
		}
	}
	if cells < 10 { // draft, manifest, sealed, planned, registering, registered, removed
		t.Errorf("%d points to die at", cells)
	}
	m.count("kill -9 of the mount, "+route+", "+kind, cells)
}

// killed is a cell: the mounting process is killed while it changes its staging directory, and another one takes over.
func (m *matrix) killed(t *testing.T, route, kind string, fault diskFault) {
	c := m.newCell(t, route, kind)
	victim := startRemote(t, "mounts")
	c.mount(victim)
	fault.kill = victim.cmd.Process.Kill
	c.disk.record(&fault)
	out := c.save()
	if out.Errno == "" {
		// It has outlived the save, but not its end.
		if _, err := call[[]DraftStatus](victim, "Drafts", c.dir); err == nil {
			_, _ = call[bool](victim, "Unmount", c.dir)
		}
	}
	if c.disk.hits() != 1 {
		t.Fatalf("nobody was killed; %s: %q", out.Step, out.Errno)
	}
	victim.done()
	c.disk.repair()

	c.mount(m.mounts)
	want := c.want.content()
	drafts := c.drafts()
	switch {
	case len(c.server.Registrations()) > 0:
	case len(out.Taken) == 0 && out.Errno != "":
		if again := c.save(); again.Errno != "" {
			t.Errorf("saving again, %s: %q", again.Step, again.Errno)
		}
	case len(drafts) == 0:
		t.Fatalf("lost: the program was told %s: %q, and %v bytes were taken", out.Step, out.Errno, out.Taken)
	default:
		want = c.taken(out)
		c.mustBeStaged(drafts, want)
		c.retry()
	}
	c.end(want)
}

// fullGroup has the disk full at each write.
func (m *matrix) fullGroup(t *testing.T, route, kind string) {
	t.Parallel()
	cells, kinds := 0, make(map[string]bool)
	for _, op := range m.undisturbed(t, route, kind).disk.operations() {
		kinds[op.kind] = true
		if op.kind == "unlink" || op.kind == "rmdir" {
			continue
		}
		for _, times := range []int{1, 3} {
			cells++
			t.Run(fmt.Sprintf("%s/%d", op, times), func(t *testing.T) {
				m.cell(t, func() { m.fullDisk(t, route, kind, diskFault{at: op, times: times}) })
			})
		}
	}
	for _, kind := range []string{"mkdir", "create", "write", "fsync", "rename"} {
		if !kinds[kind] {
			t.Errorf("a save without a %s", kind)
		}
	}
	m.count("disk full, "+kind, cells)
}

// fullDisk is a cell: the disk has no space for some writes. A program that is told saves again.
func (m *matrix) fullDisk(t *testing.T, route, kind string, fault diskFault) {
	c := m.newCell(t, route, kind)
	c.mount(m.mounts)
	c.disk.record(&fault)
	out := c.save()
	for tries := 0; out.Errno != ""; tries++ {
		if out.Errno != "ENOSPC" {
			t.Errorf("%s: %q, want ENOSPC", out.Step, out.Errno)
		}
		if tries == fault.times {
			t.Fatalf("saved %d times in vain", tries)
		}
		out = c.save()
	}
	if n := len(c.server.Registrations()); n != 1 {
		t.Errorf("saved, and there are %d Datasets", n)
	}
	c.drafts()
	if _, err := call[bool](c.host, "Unmount", c.dir); err != nil && !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Error("unmount:", err)
	}
	c.disk.repair()
	c.mount(m.mounts) // sees to what could not be removed
	c.end(c.want.content())
	if c.disk.hits() == 0 {
		t.Error("the disk was never full")
	}
}

// undisturbed is a save that nothing happens to, from its first write until nothing of it is left on this side.
func (m *matrix) undisturbed(t *testing.T, route, kind string) *cell {
	t.Helper()
	c := m.newCell(t, route, kind)
	c.mount(m.mounts)
	c.disk.record(nil)
	if out := c.save(); out.Errno != "" {
		t.Fatalf("%s: %q", out.Step, out.Errno)
	}
	c.end(c.want.content())
	return c
}

// taken is what the program was told to be saved.
func (c *cell) taken(out Outcome) map[string][]byte {
	all, files := c.want.content(), make(map[string][]byte)
	for rel, n := range out.Taken {
		path := filepath.Join(c.want.Path, rel)
		files[path] = all[path][:n]
	}
	return files
}

// mustBeStaged checks that there is one draft, which needs somebody, and that everything is in it.
func (c *cell) mustBeStaged(drafts []DraftStatus, want map[string][]byte) {
	c.t.Helper()
	if len(drafts) != 1 || drafts[0].State != staging.Failed && drafts[0].State != staging.Held || drafts[0].Reason == "" {
		c.t.Fatalf("staged is %+v", drafts)
	}
	got := make(map[string][]byte)
	root := filepath.Join(c.m.disk.backing, c.name)
	found, err := filepath.Glob(filepath.Join(root, "*", drafts[0].ID, "data"))
	if err != nil || len(found) != 1 {
		c.t.Fatalf("the draft is at %q, %v", found, err)
	}
	for path := range want {
		rel := strings.TrimPrefix(strings.TrimPrefix(path, c.want.Path), "/")
		b, err := os.ReadFile(filepath.Join(found[0], rel))
		if err != nil {
			c.t.Error(err)
		}
		got[path] = b
	}
	c.mustEqual("staged", got, want)
}
