package fs

import (
	"bufio"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// names lists the Object that the tests save to.
func (b *bench) names() []string { return strings.Fields(b.run("ls", b.in())) }

func (b *bench) refuse() *openbistest.ActiveFault {
	return b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Refused, Method: openbistest.CommitStep, Times: -1, Body: "not on Mondays"})
}

// The listings of these tests are believed for an hour, and no staging directory is scanned.

func TestADatasetThatIsRegisteredOnRequestShowsAtOnce(t *testing.T) {
	b := mountBench(t)
	refusal := b.refuse()
	if _, _, err := b.trySh(`cp $L/a $D/f`); err == nil {
		t.Fatal("cp succeeds")
	}
	before := b.names()
	if _, _, err := b.try("ls", b.in("20991231235959999-1")); err == nil {
		t.Fatal("a Dataset of the future")
	}
	refusal.Remove()
	d := b.drafts.Drafts()[0]
	if err := d.Commit(t.Context()); err != nil { // as the command does that is given an ID
		t.Fatal(err)
	}
	if after := b.names(); len(after) != len(before)+1 || !slices.Contains(after, d.PermID()) {
		t.Errorf("%q is listed after %q; the new Dataset is %s", after, before, d.PermID())
	}
}

func TestWhatIsRegisteredInTheBackgroundShowsAtOnce(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.config = func(c *Config) { c.CloseInBackground = true } })
	before := len(b.names())
	b.sh(`cp $L/a $D/f`)
	b.settle()
	if after := b.names(); len(after) != before+2 {
		t.Errorf("%q are listed", after)
	}
}

// mountElsewhere mounts the server in another process, with the same staging directory, and returns the mount point.
func mountElsewhere(t *testing.T, server *openbistest.Server, drafts string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := helperCommand(context.WithoutCancel(t.Context()), "mount", server.URL, dir, drafts)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Unmount(dir, false); err != nil {
			t.Error(err)
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
	})
	return dir
}

func TestTwoMountsOfOneUserSeeWhatTheOtherSaves(t *testing.T) {
	drafts := t.TempDir()
	b := mountBench(t, func(o *labOptions) { o.write = drafts })
	other := mountElsewhere(t, b.server, drafts) + "/" + object
	before := b.names()
	b.run("cp", b.source("f", "a\n"), other+"/f")
	permID := b.registered()[0].PermID
	b.until("the Dataset is listed", func() bool { return slices.Contains(b.names(), permID) })
	if after := b.names(); len(after) > len(before)+2 {
		t.Errorf("%q is listed after %q", after, before)
	}

	b.refuse()
	if _, _, err := b.try("cp", b.source("g", "b\n"), other+"/g"); err == nil {
		t.Fatal("cp succeeds")
	}
	b.until("what was refused is shown", func() bool { return slices.Contains(b.names(), "g") })
	if got := b.run("cat", b.in("g")); got != "b\n" {
		t.Errorf("it reads %q", got)
	}
	b.run("sh", "-c", `grep -q Mondays `+b.path(".openbis/uploads")+`/*.json`)
	b.run("rm", other+"/g")
	b.until("it is shown no more", func() bool { return !slices.Contains(b.names(), "g") })
}

func TestACommandBesideTheMountIsNoticed(t *testing.T) {
	dir := t.TempDir()
	b := mountBench(t, func(o *labOptions) { o.write = dir })
	b.sh(`cp $L/a $D/f`)
	beside, err := staging.Open(dir, staging.Options{Server: "lab", Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := beside.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	d, err := beside.Create(b.drafts.Drafts()[0].Owner(), "beside.txt", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Hold(t.Context(), "because"); err != nil {
		t.Fatal(err)
	}
	b.until("the draft shows", func() bool { return slices.Contains(b.names(), "beside.txt") })
	if err := d.Discard(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.until("the draft is gone", func() bool { return !slices.Contains(b.names(), "beside.txt") })
}
