package fs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Flags of a process, from include/linux/sched.h.
const (
	pfExiting  = 0x4
	pfSignaled = 0x400
)

// caller is the process that closes a file.
type caller struct {
	flags    uint64
	exitCode uint64 // as of wait(2); 0 also for who may not know it
	known    bool
}

// parseStat reads what matters of /proc/PID/stat; see proc_pid_stat(5).
func parseStat(text string) caller {
	end := strings.LastIndexByte(text, ')') // of the program's name, which may contain anything
	if end < 0 {
		return caller{}
	}
	const first, flags, exitCode = 3, 9, 52 // numbers of fields, from 1
	fields := strings.Fields(text[end+1:])
	if len(fields) <= exitCode-first {
		return caller{}
	}
	c := caller{known: true}
	var err error
	if c.flags, err = strconv.ParseUint(fields[flags-first], 10, 64); err != nil {
		return caller{}
	}
	c.exitCode, _ = strconv.ParseUint(fields[exitCode-first], 10, 64)
	return c
}

// lookAtCaller finds out about the thread that a request comes from.
func lookAtCaller(proc string, pid uint32) caller {
	if pid == 0 {
		return caller{}
	}
	text, err := os.ReadFile(filepath.Join(proc, strconv.FormatUint(uint64(pid), 10), "stat"))
	if err != nil {
		return caller{}
	}
	return parseStat(string(text))
}

// exiting tells whether the process closes because it ends: nobody will see
// what close returns.
func (c caller) exiting() bool { return c.flags&pfExiting != 0 }

// killed tells whether the process ends by a signal that it did not handle. The
// flag alone is not enough: threads are ended by a signal, too, when one of
// them ends the program, and then the exit code is the program's.
func (c caller) killed(seesExitCodes bool) bool {
	if c.flags&pfExiting == 0 || c.flags&pfSignaled == 0 {
		return false
	}
	return c.exitCode&0x7f != 0 || !seesExitCodes
}
