package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// abandon is what a Store's process leaves behind when it dies: files and no locks.
func abandon(s *Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(ctx)
}

// testContent is what the drafts of the matrix consist of.
var testContent = map[string][]byte{
	"run 7/a.csv":       []byte("x,y\n1,2\n"),
	"run 7/deep/er/b":   make([]byte, 70_000),
	"run 7/empty.txt":   {},
	"run 7/deep/µ.json": []byte(`{"µ": 1}`),
}

// cell is one combination of the fault matrix.
type cell struct {
	route  client.Route
	call   remote
	fault  fault
	before fault // what makes staging call find
	crash  int   // at which rename the process dies; -1 never
	after  bool  // after the rename
	failAt int   // at which disk operation the disk fails; -1 never
	errno  error
}

func (c cell) String() string {
	s := fmt.Sprintf("%s/%s/%s", c.route, c.call, c.fault)
	if c.before != "" {
		s += " after register " + string(c.before)
	}
	when := "before"
	if c.after {
		when = "after"
	}
	if c.crash >= 0 {
		s += fmt.Sprintf("/crash %s rename %d", when, c.crash)
	}
	if c.failAt >= 0 {
		s += fmt.Sprintf("/%v at operation %d", c.errno, c.failAt)
	}
	return s
}

// user is a person with a mount: saves, asks again when asked to decide, mounts again when the mount died.
type user struct {
	tb     testing.TB
	dir    string
	server *fakeServer
	disk   *faultDisk
	store  *Store
	ahead  int64
	keeps  bool // reads the local copy until the server's is verified

	refused map[string]bool // drafts, by ID, that were found failed
}

// part is when the user has no more use for the local copy.
func (u *user) part(d *Draft) {
	if !u.keeps {
		d.Release()
		return
	}
	d.OnVerified(func(ds *client.DataSet, twins []Twin) {
		if len(twins) != len(testContent) || ds.PermID != d.PermID() {
			u.tb.Errorf("verified as %v of %s, which is %s", twins, ds.PermID, d.PermID())
		}
		for _, twin := range twins {
			want := testContent["run 7/"+twin.Path]
			path, _ := d.Path(twin.Path)
			if got, err := os.ReadFile(path); err != nil && !u.disk.dead.Load() || err == nil && !bytes.Equal(got, want) {
				u.tb.Errorf("the local %q: %d bytes, %v", twin.Path, len(got), err)
			}
			if f := twin.File; !f.HasCRC32 || f.CRC32 != crc32.ChecksumIEEE(want) || f.Path != "original/run 7/"+twin.Path {
				u.tb.Errorf("twin %+v", twin)
			}
		}
		d.Release()
	})
}

// keeps tells whether the user of a cell does.
func (c cell) keeps() bool { return c.call == filesCall || c.route == client.JupyterUploader }

func (u *user) mount() {
	u.store = openTest(u.tb, u.dir, u.disk, u.server.connect(u.disk.dead), func(o *Options) {
		o.Rescan, o.Ahead = 6*time.Hour, u.ahead
	})
}

// save stages the test's content and commits it, again when the local disk says no.
func (u *user) save() {
	var d *Draft
	for try := 0; d == nil || d.State() == Opened || d.State() == Held || d.State() == Failed; try++ {
		if try == 10 {
			u.tb.Fatalf("can't save: %v", d.Err())
		}
		if u.disk.dead.Load() {
			return
		}
		if d == nil {
			made, err := u.store.Create(testOwner, "run 7", true)
			if err != nil {
				continue
			}
			if err := fill(made, testContent); err != nil {
				if err := made.Discard(context.Background()); err != nil {
					u.tb.Fatal(err)
				}
				continue
			}
			d = made
			u.part(d)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := d.Commit(ctx)
		cancel()
		if err == nil && len(u.server.registered()) == 0 {
			u.tb.Fatal("committed, and the server does not have it")
		}
	}
}

// fill writes files into a draft directory.
func fill(d *Draft, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		rel := name[len("run 7/"):]
		for i, c := range rel {
			if c != '/' {
				continue
			}
			if err := d.Mkdir(rel[:i], 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
		}
		if err := write(d, rel, files[name]); err != nil {
			return err
		}
	}
	return nil
}

func write(d *Draft, rel string, content []byte) error {
	f, err := d.OpenFile(rel, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	return errors.Join(err, f.Close())
}

// settle lets time pass until nothing is on its way, decides what needs a decision, and mounts again after a crash.
func (u *user) settle() {
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
		go func(died <-chan struct{}) {
			select {
			case <-died:
				cancel()
			case <-ctx.Done():
			}
		}(u.disk.died)
		_, err := u.store.Drain(ctx)
		cancel()
		if u.disk.dead.Load() {
			abandon(u.store)
			u.disk = newFaultDisk()
			u.mount()
			continue
		}
		if err != nil {
			u.tb.Fatalf("not drained: %v: %+v", err, infos(u.store))
		}
		retried := false
		for _, d := range u.store.Drafts() {
			if s := d.State(); s == Held || s == Failed {
				retried = true
				if s == Failed && u.refused != nil {
					u.refused[d.ID()] = true
				}
				if err := d.Retry(context.Background()); err != nil && !u.disk.dead.Load() {
					u.tb.Logf("retry: %v", err)
				}
				d.Release()
			}
		}
		if !retried && !u.disk.dead.Load() {
			return
		}
	}
	u.tb.Fatalf("no end: %+v", infos(u.store))
}

func infos(s *Store) (infos []Info) {
	for _, d := range s.Drafts() {
		infos = append(infos, d.Info())
	}
	return infos
}

// played is what a cell's first process did.
type played struct {
	renames, ops int  // on disk
	unused       bool // the call that was to fail was never made
}

// run plays one cell.
func (c cell) run(t *testing.T) (p played) {
	synctest.Test(t, func(t *testing.T) {
		u := &user{tb: t, dir: t.TempDir(), server: newFakeServer(c.route), disk: newFaultDisk(), keeps: c.keeps()}
		first := u.disk
		first.crash, first.after, first.failAt, first.errno = c.crash, c.after, c.failAt, c.errno
		if c.before != "" {
			u.server.fail(registerCall, c.before)
		}
		if c.call != "" {
			u.server.fail(c.call, c.fault)
		}
		u.mount()
		<-u.store.Scanned()
		if c.crash < 0 || c.failAt >= 0 {
			first.arm()
			u.save()
		} else {
			u.saveAndCrash()
		}
		u.settle()
		<-time.After(24 * time.Hour) // whatever is stalled
		u.settle()
		u.server.checkOnce(t, testContent)
		if left := infos(u.store); len(left) != 0 {
			t.Fatalf("left behind: %+v", left)
		}
		if used, _ := u.store.Usage(); used != 0 {
			t.Errorf("%d bytes are counted for nothing", used)
		}
		entries, err := os.ReadDir(u.store.dir)
		if err != nil || len(entries) != 0 {
			t.Fatalf("left in the staging directory: %v %v", entries, err)
		}
		first.mu.Lock()
		p = played{renames: first.renames, ops: len(first.ops), unused: u.server.count(c.call) == 0}
		first.mu.Unlock()
		abandon(u.store)
	})
	return p
}

// saveAndCrash saves on a disk on which the process dies once the content is written and the commit begins: what is
// not written yet nobody has been told to be safe.
func (u *user) saveAndCrash() {
	d, err := u.store.Create(testOwner, "run 7", true)
	if err != nil {
		u.tb.Fatal(err)
	}
	if err := fill(d, testContent); err != nil {
		u.tb.Fatal(err)
	}
	u.part(d)
	u.disk.arm()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = d.Commit(ctx)
}

var (
	routes = []client.Route{client.DatasetUploader, client.UploadedDataSet, client.JupyterUploader}
	calls  = []remote{planCall, uploadCall, registerCall, findCall, discardCall, filesCall}
	faults = []fault{refusal, retryable, unknownDone, unknownNotDone, stallThenDone, expired}
)

// cells generates every combination of route, call and fault.
func cells() (all []cell) {
	for _, route := range routes {
		for _, call := range calls {
			for _, f := range faults {
				c := cell{route: route, call: call, fault: f, crash: -1, failAt: -1}
				if call != findCall {
					all = append(all, c)
					continue
				}
				for _, before := range []fault{unknownDone, unknownNotDone, stallThenDone} {
					c.before = before
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// Whatever call fails however, and wherever the process dies meanwhile: the server has exactly one Dataset with the right
// bytes in the end, and nothing is left behind. The crash points of a combination are the transitions that it writes.
func TestEveryFaultAndCrashEndsInExactlyOneDataset(t *testing.T) {
	combinations, total := 0, 0
	for _, c := range cells() {
		t.Run(c.String(), func(t *testing.T) {
			combinations++
			run := c.run(t)
			total++
			if run.renames < 6 { // manifest, sealed, planned, registering, registered, removed
				t.Errorf("%d transitions on disk", run.renames)
			}
			if run.unused || c.route != client.DatasetUploader && c.call != registerCall && c.call != findCall {
				return // the route does not need the call, or it is the same on all of them
			}
			crashing := c
			for n := range run.renames {
				for _, after := range []bool{false, true} {
					crashing.crash, crashing.after = n, after
					t.Run(fmt.Sprintf("crash at %d, after %v", n, after), func(t *testing.T) { crashing.run(t) })
					total++
				}
			}
		})
	}
	t.Logf("%d cells", total)
	if combinations == len(cells()) && total < 1000 {
		t.Errorf("%d cells, want at least 1000", total)
	}
}

// Whichever single operation on the local disk fails, with a full disk or a broken one, while content is written, sealed
// and journalled: either the user is told, and saving again works, or nobody notices.
func TestEveryFailureOfTheLocalDiskEndsInExactlyOneDataset(t *testing.T) {
	total := 0
	for _, route := range routes {
		for _, before := range []fault{"", unknownDone, unknownNotDone} {
			good := cell{route: route, call: registerCall, fault: before, crash: -1, failAt: -1}
			if before == "" {
				good.call = ""
			}
			ops := good.run(t).ops
			for n := range ops {
				for _, errno := range []error{syscall.ENOSPC, syscall.EIO} {
					c := good
					c.failAt, c.errno = n, errno
					t.Run(c.String(), func(t *testing.T) { c.run(t) })
					total++
				}
			}
		}
	}
	t.Logf("%d cells", total)
	if total < 300 {
		t.Errorf("%d cells, want at least 300", total)
	}
}
