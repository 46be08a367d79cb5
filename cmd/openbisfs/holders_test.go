package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// background starts a shell script, waits for its first line, and ends it with the test.
func background(t *testing.T, dir, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
	cmd.Dir = dir
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestAProcessThatKeepsAMountBusyIsNamed(t *testing.T) {
	dir := withoutLinks(t.TempDir())
	file := filepath.Join(dir, "data file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inside := background(t, dir, "echo ready; read line")
	reading := background(t, "/", "exec 5<'"+file+"'; echo ready; read line")
	background(t, filepath.Dir(dir), "echo ready; read line")

	found := map[int]holder{}
	for _, h := range holders(dir) {
		found[h.pid] = h
	}
	if len(found) != 2 || found[inside.Process.Pid].uses != dir || found[reading.Process.Pid].uses != file {
		t.Errorf("holders of %s: %v", dir, found)
	}
	if text := describeHolders(dir); !strings.Contains(text, "sh (process ") || !strings.Contains(text, file) {
		t.Error(text)
	}
	if text := describeHolders(filepath.Join(dir, "nothing")); !strings.Contains(text, "may not see") {
		t.Error(text)
	}
}
