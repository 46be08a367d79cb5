package meta

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAForgottenDirectoryIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{})
		for _, path := range []string{"/LAB/P/C", "/LAB/P/C/WITH"} { // the second is known from the first
			list(t, tree, path)
			dir := at(t, tree, path)
			src.taken()
			list(t, tree, path)
			if calls := src.taken(); len(calls) != 0 {
				t.Errorf("%s: asked without a reason: %v", path, calls)
			}
			advance(time.Millisecond)
			tree.Forget(dir)
			list(t, tree, path)
			if calls := src.taken(); len(calls) == 0 {
				t.Errorf("%s: not asked again", path)
			}
			list(t, tree, path)
			if calls := src.taken(); len(calls) != 0 {
				t.Errorf("%s: asked twice: %v", path, calls)
			}
		}
	})
}
