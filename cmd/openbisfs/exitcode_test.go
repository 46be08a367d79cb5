package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

func TestExitCodesForMount(t *testing.T) {
	for code, want := range map[exitCode]exitCode{
		exitOK: 0, exitUsage: 1, exitConfig: 1, exitNoFUSE: 2, exitInterrupted: 8, exitAuth: 32, exitUnreachable: 32, exitNotFound: 32, exitBusy: 32, exitGeneral: 32,
	} {
		if got := code.forMount(); got != want {
			t.Errorf("%d is %d for mount(8), want %d", code, got, want)
		}
	}
}

func TestAnErrorKeepsItsExitCode(t *testing.T) {
	err := failf(exitAuth, "no: %w", os.ErrPermission)
	if got := codeOf(fmt.Errorf("mount: %w", err)); got != exitAuth || !errors.Is(err, os.ErrPermission) {
		t.Error(got, err)
	}
	if codeOf(nil) != exitOK || codeOf(os.ErrPermission) != exitGeneral {
		t.Error(codeOf(nil), codeOf(os.ErrPermission))
	}
}

func TestTheReadmeListsAllExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllSubmatch(readme, -1) {
		listed[string(row[1])] = true
	}
	codes := []exitCode{exitOK, exitGeneral, exitUsage, exitConfig, exitAuth, exitUnreachable, exitNotFound, exitPending, exitUploads, exitDeadMount, exitBusy, exitNoFUSE, exitInterrupted}
	for _, code := range codes {
		if !listed[strconv.Itoa(int(code))] {
			t.Errorf("README.md does not list the exit code %d", code)
		}
	}
	if len(listed) != len(codes) {
		t.Errorf("README.md lists %d exit codes, there are %d", len(listed), len(codes))
	}
}
