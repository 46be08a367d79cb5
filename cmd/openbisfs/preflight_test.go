package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// expectFailure checks that err has the exit code and says what to do.
func expectFailure(t *testing.T, err error, code exitCode, advice string) {
	t.Helper()
	if codeOf(err) != code || !strings.Contains(err.Error(), advice) {
		t.Errorf("%v (exit code %d), want code %d and %q", err, codeOf(err), code, advice)
	}
	if strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("more than one line: %q", err)
	}
}

func TestAMachineWithoutFUSEIsExplained(t *testing.T) {
	expectFailure(t, checkDevice(filepath.Join(t.TempDir(), "fuse")), exitNoFUSE, "modprobe fuse")

	t.Setenv("PATH", t.TempDir())
	expectFailure(t, checkFusermount(false), exitNoFUSE, "install the package fuse3")
	if err := checkFusermount(true); err != nil {
		t.Error("root mounts without fusermount3:", err)
	}
}

func TestAllowOtherNeedsTheAdministratorsConsent(t *testing.T) {
	config := filepath.Join(t.TempDir(), "fuse.conf")
	advice := "needs the line user_allow_other in " + config
	expectFailure(t, checkAllowOther(config, false), exitNoFUSE, advice)
	for content, allowed := range map[string]bool{
		"#user_allow_other\n": false, "mount_max = 5\n": false, "user_allow_other\n": true, "mount_max = 5\n user_allow_other \n": true,
	} {
		if err := os.WriteFile(config, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkAllowOther(config, false); allowed && err != nil {
			t.Errorf("%q: %v", content, err)
		} else if !allowed {
			expectFailure(t, err, exitNoFUSE, advice)
		}
	}
	if err := checkAllowOther(filepath.Join(t.TempDir(), "none"), true); err != nil {
		t.Error("root needs no consent:", err)
	}
}

func TestAMountPointThatCannotBeUsedIsExplained(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var warnings bytes.Buffer
	inv := &invocation{name: "openbisfs", err: &warnings}
	expectFailure(t, checkMountPoint(inv, filepath.Join(dir, "none")), exitNotFound, "mkdir")
	expectFailure(t, checkMountPoint(inv, file), exitNotFound, "not a directory")
	if err := checkMountPoint(inv, t.TempDir()); err != nil || warnings.Len() > 0 {
		t.Errorf("an empty directory: %v %s", err, warnings.String())
	}
	if err := checkMountPoint(inv, dir); err != nil || !strings.Contains(warnings.String(), "is not empty") {
		t.Errorf("a directory with something in it: %v, %q", err, warnings.String())
	}
}

func TestOnlyTheOwnerCanEnterWithoutAllowOther(t *testing.T) {
	job := &mountJob{MountPoint: t.TempDir(), UID: uint32(os.Getuid()) + 1}
	expectFailure(t, preflight(&invocation{err: t.Output()}, job), exitUsage, "--allow-other")
}

func TestWhatCanBeReadOnTheWayIsSaidLoudly(t *testing.T) {
	for _, c := range []struct {
		url      string
		insecure bool
		loud     bool
	}{
		{"https://lab.example", false, false}, {"https://lab.example", true, true}, {"http://lab.example", false, true},
		{"http://127.0.0.1:8080", false, false}, {"http://[::1]:8080", false, false}, {"http://localhost", false, false},
	} {
		var warnings bytes.Buffer
		job := &mountJob{Target: target{URL: c.url}, Insecure: c.insecure, MountPoint: t.TempDir(), UID: uint32(os.Getuid())}
		if err := preflight(&invocation{err: &warnings}, job); err != nil {
			t.Fatal(err)
		}
		if loud := strings.Contains(warnings.String(), "anyone on the way"); loud != c.loud {
			t.Errorf("%s, insecure %v: %q", c.url, c.insecure, warnings.String())
		}
	}
}
