package fs

import (
	"context"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/meta"
)

// fragileTree panics when it is asked for a certain name.
type fragileTree struct{ Tree }

func (t fragileTree) Lookup(ctx context.Context, dir *meta.Entry, name string) (*meta.Entry, error) {
	if name == "PANIC" {
		panic("a bug in the tree")
	}
	return t.Tree.Lookup(ctx, dir, name)
}

func TestAPanicIsAnErrorOfItsRequestOnly(t *testing.T) {
	l := mountLab(t, func(o *labOptions) {
		o.expectPanic = true
		o.tree = func(tree Tree) Tree { return fragileTree{tree} }
	})
	if _, stderr, err := l.try("stat", l.path("PANIC")); err == nil || !strings.Contains(stderr, errnoText["EIO"]) {
		t.Errorf("got %q, want EIO", stderr)
	}
	l.mustHaveLogged("a bug in the tree", "fragileTree")
	l.run("ls", "-l", l.dir)
}
