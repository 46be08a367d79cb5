package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNoSecretPassesTheLog(t *testing.T) {
	const (
		session  = "jdoe-230914102255123x5A0F5A0F5A0F5A0F5A0F5A0F5A0F5A0F"
		personal = "$pat-jdoe-230914102255123x00112233445566778899AABBCCDDEEFF"
		password = "correct horse, battery"
	)
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log := newLogger(newRedactor(&out, &credentials{User: "jdoe", Password: password}), slog.LevelDebug, format)
		log.Debug("get https://lab/x?sessionID="+session+"&y=1", "token", personal, "what", password, slog.Group("deep", "url", "https://lab/?sessionID=opaque&z"))
		log.Info("harmless", "path", "/MATERIALS/jdoe")
		for _, secret := range []string{session, personal, password, "opaque", "5A0F", "00112233"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: the log has %q:\n%s", format, secret, out.String())
			}
		}
		if !strings.Contains(out.String(), "/MATERIALS/jdoe") || !strings.Contains(out.String(), "y=1") {
			t.Errorf("%s: too much is gone:\n%s", format, out.String())
		}
	}
}

func TestEachMountPointHasItsLog(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	if got := logFileName("/mnt/lab one"); got != "/state/openbisfs/mnt-lab one.log" {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/home/jdoe")
	if got := logFileName("/mnt/lab"); got != "/home/jdoe/.local/state/openbisfs/mnt-lab.log" {
		t.Error(got)
	}
	t.Setenv("HOME", "") // as under mount(8) at boot
	if got := logFileName("/mnt/lab"); got != "/var/log/openbisfs/mnt-lab.log" {
		t.Error(got)
	}
	if got := filepath.Base(logFileName(strings.Repeat("/deep", 100))); len(got) > 255 {
		t.Errorf("a name of %d bytes", len(got))
	}
}

func TestTheLogIsOnlyForItsOwnerAndPutAsideWhenLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "lab.log")
	for range 2 {
		f, err := openLog(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(rotateAt + 1); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatal(info, err)
		}
	}
	if _, err := os.Stat(path + ".1"); err != nil {
		t.Error("the large log was not put aside:", err)
	}
}
