package staging

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFileCountsUntilItsLastNameIsRemoved(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d, err := s.Create(testOwner, "d", true)
	must(t, err)
	f, err := d.OpenFile("a", os.O_RDWR|os.O_CREATE, 0o600)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 100), 0)
	must(t, err)
	must(t, f.Close())
	put(t, d, "c", "")
	must(t, os.Link(filepath.Join(d.Root(), "a"), filepath.Join(d.Root(), "b")))
	for _, step := range []struct {
		what string
		do   func() error
		want int64
	}{
		{"one of two names is removed", func() error { return d.Remove("a") }, 100},
		{"the last is renamed", func() error { return d.Move("b", "a") }, 100},
		{"the last is replaced", func() error { return d.Move("c", "a") }, 0},
	} {
		must(t, step.do())
		if used, _ := s.Usage(); used != step.want {
			t.Errorf("when %s, %d bytes are counted, should be %d", step.what, used, step.want)
		}
	}
}
