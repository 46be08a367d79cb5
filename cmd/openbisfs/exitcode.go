package main

import (
	"errors"
	"fmt"
)

// exitCode is what the process ends with. The numbers are documented in the README and never change their meaning.
type exitCode int

// The exit codes.
const (
	exitOK          exitCode = 0
	exitGeneral     exitCode = 1   // anything else
	exitUsage       exitCode = 2   // unknown command, flag, option or value
	exitConfig      exitCode = 3   // configuration file, credentials file or certificate file can't be used
	exitAuth        exitCode = 4   // credentials wrong or expired
	exitUnreachable exitCode = 5   // server unknown, not answering, not trusted, or no openBIS
	exitNotFound    exitCode = 6   // no such mount point, mount, or path on the server
	exitPending     exitCode = 7   // uploads are not done yet
	exitUploads     exitCode = 8   // uploads failed, or wait for the user
	exitDeadMount   exitCode = 9   // a dead mount is in the way and could not be cleaned
	exitBusy        exitCode = 10  // mount point in use
	exitNoFUSE      exitCode = 11  // this machine or user may not mount with FUSE
	exitInterrupted exitCode = 130 // Ctrl-C
)

// forMount returns the code that mount(8) documents for its helpers.
func (c exitCode) forMount() exitCode {
	switch c {
	case exitOK:
		return 0
	case exitUsage, exitConfig:
		return 1 // incorrect invocation or permissions
	case exitNoFUSE:
		return 2 // system error
	case exitInterrupted:
		return 8 // user interrupt
	default:
		return 32 // mount failure
	}
}

// failure is an error that knows the exit code.
type failure struct {
	code exitCode
	err  error
	said bool // the user has been told
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// failf makes a failure with a message for the user; %w keeps a cause.
func failf(code exitCode, format string, args ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, args...)}
}

// codeOf returns the exit code for err.
func codeOf(err error) exitCode {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	default:
		return exitGeneral
	}
}

// alreadySaid returns err, of which the user has been told, for its exit code only.
func alreadySaid(err error) error {
	return &failure{code: codeOf(err), err: err, said: true}
}
