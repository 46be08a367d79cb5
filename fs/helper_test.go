package fs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// The process that serves a mount must not use it: the Go runtime believes that
// file operations do not wait for the process itself. So the tests use their
// mounts from other processes: ordinary commands, and the test binary
// started again as the helper below.

// helperVariable in the environment makes the test binary run a helper command
// instead of tests.
const helperVariable = "OPENBISFS_TEST_HELPER"

// helperCommands take their arguments and return what is printed as JSON.
var helperCommands = map[string]func(args []string) (any, error){
	"tree":    helperTree,
	"read":    helperRead,
	"mmap":    helperMmap,
	"scan":    helperScan,
	"modify":  helperModify,
	"mount":   helperMount,
	"mapped":  helperMapped,
	"flags":   helperOpenFlags,
	"stuck":   helperStuck,
	"save":    helperSave,
	"serve":   helperServe,
	"attrs":   helperAttributes,
	"resolve": helperResolve,
	"operate": helperOperate,
}

func helperMain(command string, args []string) int {
	run, ok := helperCommands[command]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such helper:", command)
		return 2
	}
	answer, err := run(args)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// helperCommand prepares the helper as another process, with its working
// directory outside of every mount.
func helperCommand(ctx context.Context, command string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), helperVariable+"="+command)
	return cmd
}

// helper runs a helper command and decodes its answer.
func helper[T any](t *testing.T, command string, args ...string) T {
	t.Helper()
	cmd := helperCommand(t.Context(), command, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("helper %s %q: %v", command, args, err)
	}
	var answer T
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("helper %s %q: %v", command, args, err)
	}
	return answer
}

// errorName is the symbolic name of the errno in err, "" for nil.
func errorName(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return ""
	case errors.As(err, &errno):
		return unix.ErrnoName(errno)
	default:
		return err.Error()
	}
}
