package fs

import (
	"bytes"
	"context"
	"fmt"
	iofs "io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// helperAttributes returns the extended attributes of everything below DIR that has any, by path.
func helperAttributes(args []string) (any, error) {
	all := make(map[string]map[string]string)
	err := filepath.WalkDir(args[0], func(path string, _ iofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found, err := attributesOf(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		rel, err := filepath.Rel(args[0], path)
		if len(found) > 0 {
			all[rel] = found
		}
		return err
	})
	return all, err
}

// attributesOf does what libattr does, and finds out whether buffers that are too small are told.
func attributesOf(path string) (map[string]string, error) {
	size, err := unix.Llistxattr(path, nil)
	if err != nil || size == 0 {
		return nil, err
	}
	list := make([]byte, size)
	if got, err := unix.Llistxattr(path, list); err != nil || got != size {
		return nil, fmt.Errorf("a list of %d bytes has %d: %w", size, got, err)
	}
	if _, err := unix.Llistxattr(path, make([]byte, size-1)); err != unix.ERANGE {
		return nil, fmt.Errorf("a list in a buffer that is too small: %w", err)
	}
	found := make(map[string]string)
	for name := range bytes.SplitSeq(bytes.TrimSuffix(list, []byte{0}), []byte{0}) {
		value := make([]byte, 1<<16)
		size, err := unix.Lgetxattr(path, string(name), nil)
		if err != nil {
			return nil, fmt.Errorf("size of %s: %w", name, err)
		}
		got, err := unix.Lgetxattr(path, string(name), value)
		if err != nil || got != size {
			return nil, fmt.Errorf("%s of %d bytes has %d: %w", name, size, got, err)
		}
		if size > 1 {
			if _, err := unix.Lgetxattr(path, string(name), make([]byte, size-1)); err != unix.ERANGE {
				return nil, fmt.Errorf("%s in a buffer that is too small: %w", name, err)
			}
		}
		found[string(name)] = string(value[:got])
	}
	for name, want := range map[string]error{
		"user.none": unix.ENODATA, "user.openbis.none": unix.ENODATA, "user.openbis.property.NONE": unix.ENODATA,
		"security.selinux": unix.EOPNOTSUPP, "system.posix_acl_access": unix.EOPNOTSUPP, "trusted.none": unix.EOPNOTSUPP,
	} {
		if _, err := unix.Lgetxattr(path, name, nil); err != want && (os.Geteuid() == 0 || err != unix.ENODATA) { //nolint:errorlint // errno values
			return nil, fmt.Errorf("%s: %w, want %w", name, err, want)
		}
	}
	return found, nil
}

// attributes works out the attributes of everything in a lab, by path.
func (x *expectation) attributes() map[string]map[string]string {
	all := make(map[string]map[string]string)
	for entity, place := range x.places {
		a := make(map[string]string)
		set := func(permID, identifier string, typ *openbistest.EntityType, properties map[string]string) {
			a["user.openbis.permId"], a["user.openbis.identifier"] = permID, identifier
			if typ != nil {
				a["user.openbis.type"] = typ.Code
			}
			for code, value := range properties {
				a["user.openbis.property."+code] = value
			}
		}
		switch e := entity.(type) {
		case *openbistest.Space:
			set(e.Code, "/"+e.Code, nil, nil)
		case *openbistest.Project:
			set(e.PermID, e.Identifier(), nil, nil)
		case *openbistest.Experiment:
			set(e.PermID, e.Identifier(), e.Type, e.Properties)
		case *openbistest.Sample:
			set(e.PermID, e.Identifier(), e.Type, e.Properties)
		case *openbistest.DataSet:
			set(e.PermID, e.PermID, e.Type, e.Properties)
			status := ""
			switch {
			case e.Kind == "LINK":
				status = "LINKED"
			case e.Physical != nil:
				status = e.Physical.Status
			}
			if status != "" {
				a["user.openbis.status"] = status
			}
			if e.Root != nil && e.Kind != "CONTAINER" {
				contentAttributes(all, e, place, status)
			}
		}
		all[place] = a
	}
	return all
}

func contentAttributes(all map[string]map[string]string, d *openbistest.DataSet, place, status string) {
	justRegistered := d.Properties["$NAME"] == "Just registered" // the data store has no checksums of it yet
	d.Root.Walk(func(p string, n *openbistest.Node) {
		a := make(map[string]string)
		if !n.IsFolder() && !justRegistered {
			a["user.openbis.crc32"] = fmt.Sprintf("%08x", n.Content.CRC32())
		}
		if withoutContent(d) {
			a["user.openbis.status"] = status
		}
		if len(a) > 0 {
			all[path.Join(place, p)] = a
		}
	})
}

func TestAttributesAreTheFactsAndCostNoCall(t *testing.T) {
	l := mountLab(t)
	l.walk()
	l.calls()
	got := helper[map[string]map[string]string](t, "attrs", l.dir)
	if n := l.calls(); n != 0 {
		t.Errorf("%d calls for what was listed", n)
	}
	want := expect(l.server.Lab, "demo").attributes()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-lab +mount):\n%s", diff)
	}
	statuses := map[string]bool{}
	for _, a := range got {
		statuses[a["user.openbis.status"]] = true
	}
	if seen := slices.Sorted(maps.Keys(statuses)); !slices.Contains(seen, "ARCHIVED") || !slices.Contains(seen, "LINKED") {
		t.Errorf("statuses: %q", seen)
	}
}

func TestProgramsReadAttributes(t *testing.T) {
	l := mountLab(t)
	coupon := l.path(object)
	got := l.run("getfattr", "-d", coupon)
	for _, line := range []string{`user.openbis.identifier="/MATERIALS/AL_FATIGUE/CPN-01"`, `user.openbis.type="COUPON"`} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("getfattr -d lacks %s:\n%s", line, got)
		}
	}
	if got := l.run("getfattr", "--only-values", "-n", "user.openbis.property.$name", coupon); got == "" {
		t.Error("a property is not found in another letter case")
	}
	l.run("ls", "-lR", coupon)
	l.calls()
	l.run("ls", "-lR", coupon)
	l.run("cp", "-a", coupon, copyDir(t))
	if n := l.calls(); n != 0 {
		t.Errorf("%d calls for access control lists and security labels", n)
	}
	// What is copied says where it comes from.
	file := expect(l.server.Lab, "demo").file(t, "curve.csv")
	target := filepath.Join(t.TempDir(), "curve.csv")
	l.run("cp", "-a", l.path(file), target)
	if copied := l.run("getfattr", "--only-values", "-n", "user.openbis.crc32", l.path(file)); len(copied) != 8 {
		t.Errorf("crc32 is %q", copied)
	}
}

// copyDir returns a directory for copies from a mount. Directories there are read-only, so what is in a copy of them can
// be removed only when they are not any more.
func copyDir(t *testing.T) string {
	dir := t.TempDir()
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "chmod", "-R", "u+w", dir).CombinedOutput(); err != nil {
			t.Errorf("chmod: %v: %s", err, out)
		}
	})
	return dir
}

func TestValuesThatAreTooLargeForAnAttribute(t *testing.T) {
	lab, err := openbistest.ParseLab("small")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"EMPTY": "", "LARGEST": strings.Repeat("ä", 1<<15), "LARGER": strings.Repeat("x", 1<<16+1), "LINES": "a\n\x01\"b\""}
	place := expect(lab, "demo").places
	var dir string
	for entity, at := range place {
		if e, ok := entity.(*openbistest.Project); ok && e.Code == "AL_FATIGUE" {
			dir = at
		}
	}
	for _, s := range lab.Samples {
		if s.Code == "CPN-01" {
			for code, value := range values {
				s.Properties[code] = value
			}
		}
	}
	l := mountLab(t, func(o *labOptions) { o.server = openbistest.NewServer(t, openbistest.Options{Lab: lab}) })
	got := helper[map[string]map[string]string](t, "attrs", l.path(dir))["TENSILE_TESTS/CPN-01"]
	for code, want := range values {
		value, ok := got["user.openbis.property."+code]
		if ok != (code != "LARGER") || ok && value != want {
			t.Errorf("%s has %d bytes, want %d (%v)", code, len(value), len(want), ok)
		}
	}
	if _, stderr, err := l.try("getfattr", "-n", "user.openbis.property.LARGER", l.path(object)); err == nil || !strings.Contains(stderr, "Argument list too long") {
		t.Errorf("what is too large: %v, %s", err, stderr)
	}
}

func TestAttributesOfWhatIsStaged(t *testing.T) {
	b := mountBench(t)
	source := filepath.Join(t.TempDir(), "run")
	if err := os.MkdirAll(filepath.Join(source, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(source, "sub", "a.txt"), filepath.Join(source, "b.txt")} {
		if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := unix.Setxattr(file, "user.note", []byte("mine"), 0); err != nil {
			t.Fatalf("the file system of the tests' directory has no extended attributes: %v", err)
		}
		if err := unix.Setxattr(file, "user.openbis.crc32", []byte("00000000"), 0); err != nil {
			t.Fatal(err)
		}
	}
	b.run("cp", "-a", "--preserve=xattr", source, b.in("run"))
	got := helper[map[string]map[string]string](t, "attrs", b.in("run"))
	note := map[string]string{"user.note": "mine"}
	if diff := cmp.Diff(map[string]map[string]string{"sub/a.txt": note, "b.txt": note}, got); diff != "" {
		t.Error(diff)
	}
	b.run("setfattr", "-x", "user.note", b.in("run", "b.txt"))
	if got := b.run("getfattr", "-d", b.in("run", "b.txt")); got != "" {
		t.Errorf("removed, but: %s", got)
	}

	b.run("cp", "-a", "--preserve=xattr", filepath.Join(source, "b.txt"), b.in("b.txt"))
	permID := b.registered()[0].PermID
	if got := b.run("getfattr", "--only-values", "-n", "user.openbis.permId", b.in("b.txt")); got != permID {
		t.Errorf("permId of the staged name is %q, want %q", got, permID)
	}
	b.run("setfattr", "-n", "user.late", "-v", "1", b.in("b.txt")) // as chmod
	if _, stderr, err := b.try("setfattr", "-n", "user.a", "-v", "1", b.in(permID)); err == nil || !strings.Contains(stderr, "Read-only") {
		t.Errorf("in a Dataset: %v, %s", err, stderr)
	}
	if _, stderr, err := b.try("setfattr", "-n", "user.a", "-v", "1", b.path("MATERIALS")); err == nil || !strings.Contains(stderr, "not permitted") {
		t.Errorf("in a Space: %v, %s", err, stderr)
	}
	if n := len(b.registered()); n != 1 {
		t.Errorf("%d registrations", n)
	}
}
