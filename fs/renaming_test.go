package fs

import (
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// patient renames wait as long as it takes.
func patient(o *labOptions) { o.config = func(c *Config) { c.RenameTimeout = time.Minute } }

func TestARefusedRenameFailsAndKeepsTheData(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"rename": {`cp $L/b $D/f.part && python3 -c 'import os, sys; os.rename(*sys.argv[1:])' $D/f.part $D/f`, "Input/output error"},
		"mv":     {`cp $L/b $D/f.part && mv $D/f.part $D/f`, ""}, // it looks for the old name then, and complains of that
		"rsync":  {`cp $L/b $L/f && rsync -a $L/f $D/`, "Input/output error"},
	} {
		t.Run(name, func(t *testing.T) {
			b := mountBench(t, patient)
			refusal := b.refuse()
			if _, stderr, err := b.trySh(test.script); err == nil || !strings.Contains(stderr, test.want) {
				t.Errorf("%v: %s", err, stderr)
			}
			if got := b.run("sh", "-c", "ls -A "+b.in()+"; cat "+b.in("f")); !strings.HasSuffix(got, "b\n") || strings.Contains(got, "part") {
				t.Errorf("left is %q", got)
			}
			b.mustHave()
			refusal.Remove()
			for _, d := range b.drafts.Drafts() {
				if err := d.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			b.mustHave([]string{"f=b\n"})
		})
	}
}

func TestSedFailsWhenTheServerRefuses(t *testing.T) {
	b := mountBench(t, patient)
	b.sh(`cp $L/a $D/f`)
	b.refuse()
	if _, stderr, err := b.trySh(`sed -i s/a/c/ $D/f`); err == nil || !strings.Contains(stderr, "Input/output error") {
		t.Errorf("%v: %s", err, stderr)
	}
	if got := b.run("cat", b.in("f")); got != "c\n" {
		t.Errorf("staged is %q", got)
	}
	b.mustHave([]string{"f=a\n"})
}

func TestARenameWaitsForNoSlowServer(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.config = func(c *Config) { c.RenameTimeout = 100 * time.Millisecond } })
	stall := b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep, Times: 1})
	b.sh(`cp $L/a $D/f.part; mv $D/f.part $D/f; cat $D/f`)
	stall.Remove()
	b.mustHave([]string{"f=a\n"})
}
