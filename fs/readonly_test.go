package fs

import (
	"os"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNothingCanBeChanged(t *testing.T) {
	tests := []struct {
		name   string
		config func(*Config)
		want   func(errno string) bool
	}{
		{"as the kernel says", nil, func(errno string) bool { return errno == "EROFS" }},
		{"as the nodes say", func(c *Config) { c.writable = true }, func(errno string) bool {
			switch {
			case os.Geteuid() != 0 && (errno == "EACCES" || errno == "EPERM"): // the mode bits forbid it first
				return true
			default:
				return errno == "EROFS"
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := mountLab(t, func(o *labOptions) { o.config, o.start = test.config, "/MATERIALS" })
			before := l.walk()
			file := path.Join("MATERIALS", expect(l.server.Lab, "demo").file(t, "curve.csv"))[len("MATERIALS/MATERIALS/"):]
			for _, target := range []struct{ dir, file, sub string }{
				{".", ".meta.json", "COATINGS"},
				{"COATINGS", "COATINGS/.meta.json", "COATINGS/PVD_TRIALS"},
				{path.Dir(path.Dir(file)), file, path.Dir(file)},
			} {
				for modification, errno := range helper[map[string]string](t, "modify", l.path(target.dir), l.path(target.file), l.path(target.sub)) {
					if !test.want(errno) {
						t.Errorf("%s in %q: %q", modification, target.dir, errno)
					}
				}
			}
			if diff := cmp.Diff(before, l.walk()); diff != "" {
				t.Errorf("something has changed:\n%s", diff)
			}
		})
	}
}
