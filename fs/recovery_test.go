package fs

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestAMountThatIsKilledLosesNothing(t *testing.T) {
	content, err := openbistest.ParseLab("small")
	if err != nil {
		t.Fatal(err)
	}
	server := openbistest.NewServer(t, openbistest.Options{Lab: content})
	dir, drafts := t.TempDir(), t.TempDir()
	cmd := helperCommand(t.Context(), "mount", server.URL, dir, drafts)
	cmd.Stderr = os.Stderr
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
	// One is sealed and can't be registered yet, one is being written.
	server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep, Times: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	saving := helperCommand(ctx, "save", dir+"/"+object+"/saved", "saved")
	if err := saving.Start(); err != nil {
		t.Fatal(err)
	}
	writing := helperCommand(ctx, "stuck", dir+"/"+object+"/open", "half")
	text, err := writing.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writing.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(text).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	waitForCall(t, server, openbistest.CommitStep)
	for _, p := range []*os.Process{cmd.Process, saving.Process, writing.Process} {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	}
	_, _, _ = cmd.Wait(), saving.Wait(), writing.Wait() // all were killed
	server.Faults.Clear()

	b := mountBench(t, func(o *labOptions) { o.server, o.dir, o.write = server, dir, drafts })
	<-b.drafts.Scanned()
	b.until("the saved file is registered", func() bool {
		b.settle()
		for _, d := range b.drafts.Drafts() {
			if d.Name() == "saved" && d.State().Pending() {
				return false
			}
		}
		return true
	})
	var saved int
	for _, r := range server.Registrations() {
		if strings.HasSuffix(r.Owner, "CPN-01") {
			saved++
		}
	}
	if saved != 1 {
		t.Errorf("%d Datasets of the Object; drafts: %s", saved, b.states())
	}
	if got := b.run("cat", b.in("open")); got != "half" {
		t.Errorf("what was being written reads %q", got)
	}
	for _, d := range b.drafts.Drafts() {
		if d.Name() == "open" && d.State() != staging.Held {
			t.Errorf("what was being written is %s", d.State())
		}
	}
}

// waitForCall waits until the server was called.
func waitForCall(t *testing.T, server *openbistest.Server, method string) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); server.Calls()["session_workspace_file_upload"] == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%s was not reached; calls: %v", method, server.Calls())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestAFullStagingDirectoryIsToldWhileWriting(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.capacity = 1 << 20 })
	_, stderr, err := b.trySh(`head -c 2000000 /dev/zero > $L/big; cp $L/big $D/big`)
	if err == nil || !strings.Contains(stderr, "No space left") {
		t.Errorf("cp: %v, %s", err, stderr)
	}
	if d := b.drafts.Drafts()[0]; d.State() != staging.Held {
		t.Errorf("what was written in part is %s", d.State())
	}
	b.sh(`rm $D/big; cp $L/a $D/small`)
	b.mustHave([]string{"small=a\n"})
}

func TestRewritingMakesTheOldOneTheParent(t *testing.T) {
	b := mountBench(t)
	b.sh(`cp $L/a $D/f`)
	first := b.registered()[0].PermID
	b.sh(`cp $L/b $D/f`)
	for _, ds := range b.registered() {
		if ds.PermID == first {
			continue
		}
		if parents := b.run("ls", b.in(ds.PermID, ".parents")); parents != first+"\n" {
			t.Errorf("the parents of the second are %q", parents)
		}
	}
	b.mustHave([]string{"f=a\n"}, []string{"f=b\n"})
}

func TestEveryRoute(t *testing.T) {
	for _, route := range []string{"createUploadedDataSet", "dataset-uploader-api", "jupyter-uploader-api"} {
		t.Run(route, func(t *testing.T) {
			b := mountBench(t, never, func(o *labOptions) { o.simulator.Routes, o.dropbox = []string{route}, route })
			b.sh(`cp $L/a $D/f; cp -r $L $D/d`)
			if _, err := b.fs.Commit(t.Context(), object+"/d"); err != nil {
				t.Fatal(err)
			}
			b.settle()
			if n := len(b.registered()); n != 2 {
				t.Errorf("%d Datasets; drafts: %s", n, b.states())
			}
			for _, ds := range b.registered() {
				var text string
				for _, line := range b.content(ds) {
					text += line
				}
				if !strings.Contains(text, "a\n") {
					t.Errorf("%s has %q", ds.PermID, text)
				}
			}
		})
	}
}
