package fs

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestMappedWritesAreSaved(t *testing.T) {
	for _, order := range []string{"map-write-close", "map-close-write"} {
		t.Run(order, func(t *testing.T) {
			b := mountBench(t)
			helper[string](t, "mapped", b.in("f"), "8", "mapped", order)
			b.until("the content is registered", func() bool {
				b.settle()
				for _, ds := range b.registered() {
					if got := b.content(ds); got[0] == "f=mapped\x00\x00" {
						return true
					}
				}
				return false
			})
		})
	}
}

func TestExclusiveAndAppendingDescriptors(t *testing.T) {
	b := mountBench(t)
	if errno := helper[string](t, "flags", b.in("f")); errno != "EEXIST" {
		t.Errorf("O_EXCL of a staged name: %q", errno)
	}
	b.mustHave([]string{"f=one two three"})
}

func TestWhatAKilledProgramWroteIsHeld(t *testing.T) {
	b := mountBench(t)
	cmd := helperCommand(t.Context(), "stuck", b.in("f"), "half")
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
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that it was killed
	b.until("the draft is held", func() bool { return b.drafts.Drafts()[0].State() == staging.Held })
	b.mustHave()
	if got := b.run("cat", b.in("f")); got != "half" {
		t.Errorf("visible is %q", got)
	}
	d := b.drafts.Drafts()[0]
	if text := b.run("cat", b.path(".openbis/uploads", d.ID()+".json")); !strings.Contains(text, "killed") {
		t.Errorf("its document does not say why: %s", text)
	}
	if _, err := b.fs.Commit(t.Context(), object+"/f"); err != nil {
		t.Fatal(err)
	}
	b.mustHave([]string{"f=half"})
}

func TestClosingSaysWhenTheServerRefuses(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.user = "observer" })
	if errno := helper[string](t, "save", b.in("f"), "text"); errno != "EACCES" {
		t.Errorf("close: %q", errno)
	}
	b.mustHave()
	if got := b.run("cat", b.in("f")); got != "text" {
		t.Errorf("staged is %q", got)
	}
	d := b.drafts.Drafts()[0]
	if d.State() != staging.Failed || d.Err() == nil {
		t.Errorf("the draft is %s: %v", d.State(), d.Err())
	}
	if _, _, err := b.trySh("cp $L/a $D/f"); err == nil {
		t.Error("cp has succeeded")
	}
	// Somebody gives the right, and the user tries again.
	b.server.Change(func(lab *openbistest.Lab) {
		for _, p := range lab.Persons {
			p.ReadOnly = false
		}
	})
	if err := b.drafts.Drafts()[0].Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustHave([]string{"f=a\n"})
}

func TestClosingDoesNotWaitForever(t *testing.T) {
	b := mountBench(t, func(o *labOptions) {
		o.config = func(c *Config) { c.CloseTimeout = 300 * time.Millisecond }
	})
	b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep})
	if errno := helper[string](t, "save", b.in("f"), "text"); errno != "ETIMEDOUT" {
		t.Errorf("close: %q", errno)
	}
	b.server.Faults.Clear()
	b.mustHave([]string{"f=text"})
}

// Ctrl-C ends the wait in close, and only the wait: the save goes on.
func TestCtrlCEndsTheWaitForARegistration(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			b := mountBench(t)
			stall := b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep})
			cmd := exec.CommandContext(t.Context(), "cp", b.source("f", "text"), b.in("f"))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-stall.Hit()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("cp says that it has saved")
			}
			b.server.Faults.Clear()
			b.mustHave([]string{"f=text"})
		})
	}
}

func TestClosingInTheBackground(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.config = func(c *Config) { c.CloseInBackground = true } })
	b.sh("cp $L/a $D/f")
	b.mustHave([]string{"f=a\n"})
}

func TestWhereNothingCanBeSaved(t *testing.T) {
	b := mountBench(t)
	b.run("cp", b.source("f", "x"), b.in("f"))
	registered := b.mustHave([]string{"f=x"})[0].PermID
	tests := []struct{ path, want string }{
		{"f", "EPERM"},
		{"MATERIALS/f", "EPERM"},
		{"MATERIALS/AL_FATIGUE/f", "EPERM"},
		{object + "/" + registered + "/f", "EROFS"},
		{object + "/" + registered + "/original/f2", "EROFS"},
		{object + "/" + registered + "/.meta.json", "EROFS"},
	}
	for _, test := range tests {
		errnos := helper[map[string]string](t, "modify", b.path(filepath.Dir(test.path)), b.path(test.path), b.path(filepath.Dir(test.path)))
		got := errnos["create"]
		if strings.HasSuffix(test.path, ".meta.json") {
			got = errnos["open for writing"]
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.path, got, test.want)
		}
	}
	b.mustHave([]string{"f=x"})
}

func TestADraftOfAnEarlierMountIsShown(t *testing.T) {
	dir := t.TempDir()
	first := mountBench(t, func(o *labOptions) { o.write, o.user = dir, "observer" })
	if _, _, err := first.trySh("cp $L/a $D/f"); err == nil {
		t.Fatal("saved without the right to")
	}
	second := mountBench(t, func(o *labOptions) { o.write, o.server = dir, first.server })
	<-second.drafts.Scanned()
	if got := second.run("cat", second.in("f")); got != "a\n" {
		t.Errorf("shown is %q", got)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
