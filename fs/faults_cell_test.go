package fs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// What the cells wait for. A server that stalls is given up after a while; what it may still do is waited for longer.
const (
	patience = 3 * time.Second
	settled  = 8 * time.Second
)

// cell is a mount of its own server with its own staging directory.
type cell struct {
	t      *testing.T
	m      *matrix
	route  string
	want   Save // its path is relative to the Object
	name   string
	dir    string // mount point
	server *openbistest.Server
	disk   *disk
	host   *remote        // of the mount; nil when there is none
	calls  map[string]int // that the save has made
}

func (m *matrix) newCell(t *testing.T, route, kind string) *cell {
	t.Helper()
	lab, err := openbistest.ParseLab("small")
	if err != nil {
		t.Fatal(err)
	}
	c := &cell{t: t, m: m, route: route, want: saves[kind], dir: t.TempDir()}
	c.name = strings.NewReplacer("/", "-", "'", "").Replace(strings.TrimPrefix(t.Name(), "TestFaultMatrix/"))
	c.server = openbistest.NewServer(t, openbistest.Options{Lab: lab, Routes: []string{route}, PathInfoDelay: -1, MaxSessionsPerUser: -1})
	if err := os.Mkdir(filepath.Join(m.disk.backing, c.name), 0o700); err != nil {
		t.Fatal(err)
	}
	c.disk = m.disk.disk(c.name)
	t.Cleanup(c.clean)
	return c
}

// clean takes away what a cell that has failed leaves behind.
func (c *cell) clean() {
	c.server.Faults.Clear()
	if c.host != nil {
		if _, err := call[bool](c.host, "Unmount", c.dir); err != nil {
			c.t.Log("unmount:", err)
		}
	}
	if mounted, err := isMounted(c.dir); err != nil || mounted {
		c.t.Error("it is mounted still:", err, unmount(context.WithoutCancel(c.t.Context()), c.dir, true))
	}
	if !c.t.Failed() {
		return
	}
	for _, op := range c.disk.operations() {
		c.t.Log("disk: ", op)
	}
	for line := range strings.Lines(c.m.mounts.log.String()) {
		if strings.Contains(line, "cell="+c.name+" ") {
			c.t.Log("mount:", strings.TrimSpace(line))
		}
	}
}

// mount has a process mount the server, and look at the Object once. Calls are counted from then on.
func (c *cell) mount(host *remote) {
	c.t.Helper()
	_, err := call[bool](host, "Mount", MountOrder{
		Name: c.name, URL: c.server.URL, Dir: c.dir, Drafts: filepath.Join(c.m.disk.dir, c.name), Route: c.route,
		Metadata: patience, Registration: patience, Settle: settled,
	})
	if err != nil {
		c.t.Fatal("mount:", err)
	}
	c.host = host
	if _, err := call[[]string](c.m.programs, "List", filepath.Join(c.dir, object)); err != nil {
		c.t.Fatal("list:", err)
	}
	c.server.ResetCounters()
}

// save has a program save; a directory is committed then. The outcome is what the user is told.
func (c *cell) save() Outcome {
	c.t.Helper()
	order := c.want
	order.Path = filepath.Join(c.dir, object, c.want.Path)
	out, err := call[Outcome](c.m.programs, "Save", order)
	if err != nil {
		c.t.Fatal(err)
	}
	if out.Errno == "" && c.want.Directory {
		out.Step = "commit"
		if out.Errno, err = call[string](c.host, "Commit", Place{c.dir, filepath.Join(object, c.want.Path)}); err != nil {
			out.Errno = err.Error()
		}
	}
	return out
}

// drafts waits until nothing is on its way any more, and returns what is staged then.
func (c *cell) drafts() []DraftStatus {
	c.t.Helper()
	all, err := call[[]DraftStatus](c.host, "Drafts", c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	return all
}

// awaitHit waits until a fault has happened.
func (c *cell) awaitHit(f *openbistest.ActiveFault) {
	c.t.Helper()
	select {
	case <-f.Hit():
	case <-time.After(time.Minute):
		c.t.Fatal("nothing has failed")
	}
}

func (c *cell) retry() {
	c.t.Helper()
	if _, err := call[bool](c.host, "Retry", c.dir); err != nil {
		c.t.Fatal("retry:", err)
	}
}

// end checks that there is one Dataset, with the files, and that after unmounting nothing is left to be done.
func (c *cell) end(want map[string][]byte) {
	c.t.Helper()
	drafts := c.drafts()
	underWay := func(d DraftStatus) bool {
		return slices.Contains([]string{"sealed", "planned", "uploading", "uploaded", "registering"}, string(d.State))
	}
	for limit := time.Now().Add(time.Minute); slices.ContainsFunc(drafts, underWay) && time.Now().Before(limit); {
		drafts = c.drafts() // what was begun goes on by itself
	}
	c.calls = c.server.Calls()
	if _, err := call[bool](c.host, "Unmount", c.dir); err != nil {
		c.t.Fatal("unmount:", err)
	}
	c.host = nil
	all := c.server.Registrations()
	if len(all) != 1 {
		c.t.Fatalf("%d Datasets, want 1: %+v; drafts: %+v", len(all), all, drafts)
	}
	c.mustEqual("registered", c.registered(all[0].PermID), want)
	left, err := filepath.Glob(filepath.Join(c.m.disk.backing, c.name, "*", "[^.]*"))
	if err != nil || len(left) > 0 {
		c.t.Errorf("staged is still %q, %v; drafts were %+v", left, err, drafts)
	}
}

// registered returns the files of a Dataset by their path, without the folders that routes put around them.
func (c *cell) registered(permID string) map[string][]byte {
	c.t.Helper()
	files := make(map[string][]byte)
	c.server.Change(func(lab *openbistest.Lab) {
		i := slices.IndexFunc(lab.DataSets, func(d *openbistest.DataSet) bool { return d.PermID == permID })
		lab.DataSets[i].Root.Walk(func(path string, n *openbistest.Node) {
			if n.IsFolder() {
				return
			}
			b := make([]byte, n.Content.Size())
			if _, err := n.Content.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
				c.t.Error(err)
			}
			name := path
			if _, rel, ok := strings.Cut("/"+path, "/"+c.want.Path); ok {
				name = c.want.Path + rel
			}
			files[name] = b
		})
	})
	return files
}

func (c *cell) mustEqual(what string, got, want map[string][]byte) {
	c.t.Helper()
	if maps.EqualFunc(got, want, bytes.Equal) {
		return
	}
	sizes := func(files map[string][]byte) map[string]int {
		m := make(map[string]int)
		for path, b := range files {
			m[path] = len(b)
		}
		return m
	}
	c.t.Errorf("%s is %v, want %v", what, sizes(got), sizes(want))
}
