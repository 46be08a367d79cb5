package fs

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// What is saved again under its name before the server has it, and how.
func TestTheNextSaveHasTheOneThatIsBeingRegisteredAsParent(t *testing.T) {
	for name, script := range map[string]string{
		"renamed over":                 `cp $L/b $D/f.tmp; mv $D/f.tmp $D/f`,
		"a file manager":               `cp $L/b $D/.goutputstream-X; mv $D/.goutputstream-X $D/f`,
		"written again":                `cp $L/b $D/f`,
		"appended to":                  `truncate -s 0 $D/f; cat $L/b >> $D/f`,
		"an editor that makes backups": `mv $D/f $D/f~; cp $L/b $D/f; rm $D/f~`,
		"rsync":                        `cp $L/b $L/f; rsync -a --ignore-times $L/f $D/`,
		"sed":                          `sed -i s/a/b/ $D/f`,
	} {
		t.Run(name, func(t *testing.T) {
			b := mountBench(t, func(o *labOptions) { o.config = func(c *Config) { c.CloseInBackground = true } })
			stall := b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep, Times: 1})
			b.sh(`cp $L/a $D/f`)
			<-stall.Hit()
			b.sh(script + `; cmp $L/b $D/f; test ! -e $D/f~`)
			stall.Remove()
			found := b.mustHave([]string{"f=a\n"}, []string{"f=b\n"})
			if len(found) == 2 {
				if got := b.parents(found[1].PermID); !slices.Equal(got, []string{found[0].PermID}) {
					t.Errorf("the second, %s, has parents %q, the first is %s", found[1].PermID, got, found[0].PermID)
				}
			}
		})
	}
}

// parents returns the parents of a Dataset as the mount shows them.
func (b *bench) parents(permID string) []string {
	b.t.Helper()
	dir := b.in(permID, ".parents")
	var list []string
	for _, name := range strings.Fields(b.run("sh", "-c", "ls "+dir+" 2>/dev/null || true")) {
		list = append(list, filepath.Base(name))
	}
	return list
}

func TestASaveGoesOnWithoutTheOneThatWasRefused(t *testing.T) {
	b := mountBench(t, func(o *labOptions) { o.config = func(c *Config) { c.CloseInBackground = true } })
	stall := b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep, Times: 1})
	b.server.Faults.Add(openbistest.Fault{Kind: openbistest.Refused, Method: openbistest.CommitStep, Times: 1, Body: "not on Mondays"})
	b.sh(`cp $L/a $D/f`)
	<-stall.Hit()
	b.sh(`cp $L/b $D/f`)
	stall.Remove()
	if found := b.mustHave([]string{"f=b\n"}); len(found) == 1 && len(b.parents(found[0].PermID)) != 0 {
		t.Errorf("parents of what was saved after a refusal: %q", b.parents(found[0].PermID))
	}
}
