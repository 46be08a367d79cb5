package main

import (
	"os"
	"testing"
	"time"
)

func TestSizesHaveUnitsOf1024(t *testing.T) {
	for text, want := range map[string]byteSize{
		"0": 0, "4096": 4096, "64K": 64 << 10, "512M": 512 << 20, "512MiB": 512 << 20, "512mb": 512 << 20, "1.5G": 3 << 29, "2TiB": 2 << 40, "1 G": 1 << 30,
	} {
		var b byteSize
		if err := b.Set(text); err != nil || b != want {
			t.Errorf("%q is %d, %v; want %d", text, b, err, want)
		}
		var again byteSize
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%q prints as %q, which is %d, %v", text, b.String(), again, err)
		}
	}
	for _, text := range []string{"", "M", "1X", "-1", "1MM", "9999999T", "ten"} {
		if err := new(byteSize).Set(text); err == nil {
			t.Errorf("%q is a size", text)
		}
	}
}

func TestDurationsMayBeSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{"60": time.Minute, "0.5": time.Second / 2, "90s": 90 * time.Second, "5m": 5 * time.Minute, "0": 0} {
		var d time.Duration
		if err := newSeconds(&d, 0).Set(text); err != nil || d != want {
			t.Errorf("%q is %v, %v; want %v", text, d, err, want)
		}
	}
	for _, text := range []string{"", "-1", "-1s", "soon", "NaN"} {
		if err := new(seconds).Set(text); err == nil {
			t.Errorf("%q is a duration", text)
		}
	}
}

func TestAccountsAreNamesOrNumbers(t *testing.T) {
	for _, c := range []struct {
		group bool
		text  string
		want  int64
	}{{false, "root", 0}, {true, "root", 0}, {false, "1000", 1000}, {true, "0", 0}} {
		a := account{group: c.group}
		if err := a.Set(c.text); err != nil || a.id != c.want {
			t.Errorf("%q is %d, %v; want %d", c.text, a.id, err, c.want)
		}
	}
	for _, text := range []string{"", "no such user", "-1", "4294967295"} {
		if err := new(account).Set(text); err == nil {
			t.Errorf("%q is a user", text)
		}
	}
	if a := (account{id: ownID}); a.or(os.Getuid()) != uint32(os.Getuid()) || a.String() != "" {
		t.Errorf("an account that was not given is %d, %q", a.or(os.Getuid()), a.String())
	}
}

func TestMasksAreOctal(t *testing.T) {
	var m fileMode
	if err := m.Set("0027"); err != nil || m != 0o027 || m.String() != "0027" {
		t.Errorf("mask %s, %v", m.String(), err)
	}
	for _, text := range []string{"", "8", "1777", "-1", "rwx"} {
		if err := m.Set(text); err == nil {
			t.Errorf("%q is a mask", text)
		}
	}
}
