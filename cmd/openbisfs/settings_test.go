package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// merged returns the flags of `mount` after the command line, the environment and a configuration file.
func merged(t *testing.T, config string, args ...string) (*mountCall, origins, error) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if config != "" {
		path := filepath.Join(home, ".config", "openbisfs", "config.toml")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inv := &invocation{name: "openbisfs", out: t.Output(), err: t.Output()}
	f := newFlagSet(inv, "mount")
	var call mountCall
	call.register(inv, f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	from, err := merge(f.FlagSet)
	return &call, from, err
}

func TestAFlagWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	t.Setenv("OPENBISFS_DIR_TTL", "20s")
	t.Setenv("OPENBISFS_UID", "20")
	t.Setenv("OPENBISFS_ALLOW_OTHER", "true")
	call, from, err := merged(t, "dir-ttl = \"30s\"\nuid = 30\ngid = 30\ncache_memory = \"64M\"\ndata-store-url = [\"A=https://a\", \"B=https://b\"]\n", "--dir-ttl=10s")
	if err != nil {
		t.Fatal(err)
	}
	if call.dirTTL.Seconds() != 10 || call.uid.id != 20 || call.gid.id != 30 || !call.allowOther || call.cacheMemory != 64<<20 {
		t.Errorf("merged: %+v", call)
	}
	if diff := cmp.Diff([]string{"A=https://a", "B=https://b"}, call.dataStoreURLs); diff != "" {
		t.Error(diff)
	}
	want := origins{"dir-ttl": fromFlag, "uid": fromEnvironment, "allow-other": fromEnvironment, "gid": fromFile, "cache-memory": fromFile, "data-store-url": fromFile}
	if diff := cmp.Diff(want, from); diff != "" {
		t.Error(diff)
	}
}

func TestNoConfigurationFileIsNoError(t *testing.T) {
	if call, from, err := merged(t, ""); err != nil || len(from) > 0 || call.dirTTL.Seconds() != 60 {
		t.Errorf("%+v %v %v", call, from, err)
	}
}

func TestAConfigurationFileThatWasAskedForMustExist(t *testing.T) {
	_, _, err := merged(t, "", "--config", filepath.Join(t.TempDir(), "none.toml"))
	if codeOf(err) != exitConfig {
		t.Errorf("error %v, exit code %d", err, codeOf(err))
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	for config, want := range map[string]string{
		"dir-tll = 5":           `no setting "dir-tll"`,
		"uid = \"nosuchuser\"":  "no user",
		"password = \"geheim\"": "password-file",
		"token = \"geheim\"":    "token-file",
		"[uid]\nx = 1":          "must be a value",
		"uid = ":                "config.toml",
	} {
		_, _, err := merged(t, config)
		if codeOf(err) != exitConfig || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v (exit code %d), want %q", config, err, codeOf(err), want)
		}
	}
	t.Setenv("OPENBISFS_UMASK", "rwx")
	if _, _, err := merged(t, ""); codeOf(err) != exitUsage || !strings.Contains(err.Error(), "OPENBISFS_UMASK") {
		t.Errorf("a wrong value in the environment: %v", err)
	}
}
