package fs

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// ids returns the permId and the identifiers of an entity of the lab.
func ids(entity any) []string {
	switch e := entity.(type) {
	case *openbistest.Space:
		return []string{e.Code, "/" + e.Code}
	case *openbistest.Project:
		return []string{e.PermID, e.Identifier()}
	case *openbistest.Experiment:
		return []string{e.PermID, e.Identifier()}
	case *openbistest.Sample:
		if e.Experiment == nil {
			return []string{e.PermID, e.Identifier()}
		}
		return []string{e.PermID, e.Identifier(), e.Experiment.Identifier() + "/" + path.Base(e.Identifier())}
	case *openbistest.DataSet:
		return []string{e.PermID}
	}
	return nil
}

// helperResolve returns where the links in DIR of the given NAMES lead to, relative to ROOT, or the errno.
func helperResolve(args []string) (any, error) {
	root, dir := args[0], args[1]
	var names []string
	if err := json.Unmarshal([]byte(args[2]), &names); err != nil {
		return nil, err
	}
	places := make(map[string]string)
	for _, name := range names {
		target, err := os.Readlink(filepath.Join(dir, name))
		if err == nil && !strings.HasPrefix(target, "../..") {
			places[name] = "a link to " + target
			continue
		}
		var place string
		if err == nil {
			place, err = filepath.EvalSymlinks(filepath.Join(dir, name))
		}
		if err != nil {
			places[name] = errorName(err)
			continue
		}
		if places[name], err = filepath.Rel(root, place); err != nil {
			return nil, err
		}
	}
	return places, nil
}

// resolve says where names in .openbis/by-id lead to.
func (l *lab) resolve(names ...string) map[string]string {
	l.t.Helper()
	text, err := json.Marshal(names)
	if err != nil {
		l.t.Fatal(err)
	}
	return helper[map[string]string](l.t, "resolve", l.dir, l.path(".openbis", "by-id"), string(text))
}

func TestEverythingIsFoundByItsID(t *testing.T) {
	for _, user := range []string{"demo", "observer"} {
		t.Run(user, func(t *testing.T) {
			l := mountLab(t, func(o *labOptions) { o.user = user })
			x := expect(l.server.Lab, user)
			all := expect(l.server.Lab, "demo")
			want := make(map[string]string)
			var hidden []string
			for entity := range all.places {
				for _, id := range ids(entity) {
					name := strings.ReplaceAll(id, "/", "%2F")
					if place, ok := x.places[entity]; !ok {
						hidden = append(hidden, name)
					} else if _, ok := entity.(*openbistest.Sample); !ok || want[name] == "" {
						want[name] = place // a Collection comes before an Object of the same identifier
					}
				}
			}
			for _, id := range hidden {
				want[id] = "ENOENT"
			}
			if user == "observer" && len(hidden) == 0 {
				t.Error("the observer sees everything")
			}
			names := make([]string, 0, len(want))
			for name := range want {
				names = append(names, name)
			}
			if diff := cmp.Diff(want, l.resolve(names...)); diff != "" {
				t.Errorf("(-lab +mount):\n%s", diff)
			}
		})
	}
}

func TestByIDFindsNothingElse(t *testing.T) {
	l := mountLab(t, func(o *labOptions) { o.start = "/MATERIALS/AL_FATIGUE" })
	want := map[string]string{
		"%2FMATERIALS%2FAL_FATIGUE":                 ".",
		"∕MATERIALS∕AL_FATIGUE∕CPN-01":              "TENSILE_TESTS/CPN-01",
		"%2Fmaterials%2Fal_fatigue%2Ftensile_tests": "TENSILE_TESTS",
		"MATERIALS":               "ENOENT", // above
		"%2FMATERIALS%2FCOATINGS": "ENOENT", // beside
		"20010101000000000-1":     "ENOENT",
		".git":                    "ENOENT",
		"what is this":            "ENOENT",
		"%2FMATERIALS%2FAL_FATIGUE%2FNOWHERE%2FCPN-01": "ENOENT",
	}
	names := make([]string, 0, len(want))
	for name := range want {
		names = append(names, name)
	}
	if diff := cmp.Diff(want, l.resolve(names...)); diff != "" {
		t.Errorf("(-want +mount):\n%s", diff)
	}
	if got := l.run("ls", "-A", l.path(".openbis", "by-id")); got != "" {
		t.Errorf("by-id lists %q", got)
	}
	l.calls()
	l.resolve("∕MATERIALS∕AL_FATIGUE∕CPN-01", "%2FMATERIALS%2FCOATINGS")
	if n := l.calls(); n != 0 {
		t.Errorf("%d calls for what was just asked", n)
	}
	// What fails is no absence.
	l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Status, Method: "executeOperations", Times: -1, Status: 500})
	if got := l.resolve("20010101000000000-2")["20010101000000000-2"]; got != "EIO" {
		t.Errorf("a server that fails: %s, want EIO", got)
	}
}

func TestTypesVocabulariesAndStatus(t *testing.T) {
	l := mountLab(t, func(o *labOptions) {
		o.config = func(c *Config) { c.Status = func() any { return map[string]string{"state": "well"} } }
	})
	if got := l.run("ls", "-A", l.dir); strings.Contains(got, ".openbis") {
		t.Errorf("the root lists it: %s", got)
	}
	if got, want := strings.Fields(l.run("ls", "-A", l.path(".openbis"))), []string{"README", "by-id", "status.json", "types", "vocabularies"}; !slices.Equal(got, want) {
		t.Errorf(".openbis has %q, want %q", got, want)
	}
	var wanted []string
	for _, v := range l.server.Lab.Vocabularies {
		wanted = append(wanted, v.Code+".json")
	}
	slices.Sort(wanted)
	if got := strings.Fields(l.run("env", "LC_ALL=C", "ls", l.path(".openbis", "vocabularies"))); len(wanted) == 0 || !slices.Equal(got, wanted) {
		t.Errorf("vocabularies are %q, want %q", got, wanted)
	}
	var coupon struct {
		Kind, Code, GeneratedCodePrefix string
		Properties                      []struct {
			Code, DataType, Section string
			Mandatory               bool
		}
	}
	text := l.run("cat", l.path(".openbis", "types", "object", "coupon.json"))
	if err := json.Unmarshal([]byte(text), &coupon); err != nil {
		t.Fatal(err)
	}
	if coupon.Kind != "object" || coupon.Code != "COUPON" || coupon.GeneratedCodePrefix != "CPN" || len(coupon.Properties) != 10 ||
		coupon.Properties[0].Code != "$NAME" || coupon.Properties[5].Section != "Test" {
		t.Errorf("COUPON is %+v", coupon)
	}
	for _, kind := range []string{"collection", "dataset", "object"} {
		l.run("python3", "-c", "import glob, json, sys; assert [json.load(open(f))['code'] for f in glob.glob(sys.argv[1])]", l.path(".openbis", "types", kind, "*.json"))
	}
	if got := l.run("cat", l.path(".openbis", "status.json")); got != "{\n  \"state\": \"well\"\n}\n" {
		t.Errorf("status.json is %q", got)
	}
	if got := l.run("cat", l.path(".openbis", "README")); !strings.Contains(got, "by-id") {
		t.Errorf("README is %q", got)
	}
	if _, stderr, err := l.try("cat", l.path(".openbis", "types", "object", "NONE.json")); err == nil || !strings.Contains(stderr, "No such file") {
		t.Errorf("an unknown type: %v %s", err, stderr)
	}
}

func TestFollowingAllLinksEnds(t *testing.T) {
	l := mountLab(t)
	for path, f := range l.walk() {
		if f.Type == "link" && (filepath.IsAbs(f.Target) || !filepath.IsLocal(filepath.Join(filepath.Dir(path), f.Target))) {
			t.Errorf("%s leads out of the mount: %s", path, f.Target)
		}
	}
	out, stderr, _ := l.try("find", "-L", l.dir, "-type", "l", "-print")
	if out != "" {
		t.Errorf("links that lead nowhere: %s", out)
	}
	for line := range strings.Lines(stderr) {
		if !strings.Contains(line, "File system loop detected") && !strings.Contains(line, "Too many levels") {
			t.Errorf("find -L: %s", line)
		}
	}
	if !strings.Contains(stderr, "File system loop detected") {
		t.Error("the lab has no parents and children that lead back")
	}
}
