package main

import (
	"testing"

	"github.com/openbisfs/openbisfs/cache/staging"
)

func staged(state staging.State) *upload {
	return &upload{Info: staging.Info{ID: "20260301T101500.123-" + string(state) + "xx", State: state, Bytes: 1}}
}

func TestTheWorstUploadDecidesTheExitCode(t *testing.T) {
	for _, c := range []struct {
		states []staging.State
		want   exitCode
	}{
		{nil, exitOK},
		{[]staging.State{staging.Registered, staging.Verified, staging.Released}, exitOK},
		{[]staging.State{staging.Registered, staging.Opened}, exitPending},
		{[]staging.State{staging.Sealed}, exitPending},
		{[]staging.State{staging.Registering}, exitPending},
		{[]staging.State{staging.Uploading, staging.Held}, exitUploads},
		{[]staging.State{staging.Failed, staging.Sealed}, exitUploads},
		{[]staging.State{staging.Damaged}, exitUploads},
	} {
		var uploads []*upload
		for _, s := range c.states {
			uploads = append(uploads, staged(s))
		}
		if got := count(uploads).code(); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.states, got, c.want)
		}
	}
}

func TestUploadsAreNamedByIDOrTheBeginningOfIt(t *testing.T) {
	a := &area{uploads: []*upload{staged("failed"), staged("held"), staged("heldtoo")}}
	for arg, want := range map[string]int{
		"20260301T101500.123-failedxx": 1, "failedxx": 1, "fail": 1, "held": 2, "heldx": 1, "2026": 3, "x": 0, "": 0,
	} {
		if got := a.byID(arg); len(got) != want {
			t.Errorf("%q stands for %d uploads, want %d", arg, len(got), want)
		}
	}
	for _, arg := range []string{"held", "nosuch", ""} {
		if got, err := a.pick(t.Context(), []string{arg}); err == nil {
			t.Errorf("%q picks %v, want an error", arg, got)
		}
	}
}

func TestNoUploadWritesToTheTerminalWhatItLikes(t *testing.T) {
	if got := printable("a\x1b[2Jb\nc\u009bd é"); got != "a?[2Jb c?d é" {
		t.Errorf("printed: %q", got)
	}
}
