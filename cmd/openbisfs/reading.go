package main

import (
	"errors"

	"github.com/spf13/pflag"
)

// readFlags says how a mount gives content to programs.
type readFlags struct {
	passthrough autoOff
}

func (r *readFlags) register(f *pflag.FlagSet) {
	r.passthrough = auto
	f.Var(&r.passthrough, "passthrough", "auto: the kernel reads complete files of the disk cache itself, where it can; off: never")
}

// autoOff is something that is done where it is possible, or not.
type autoOff string

const (
	auto autoOff = "auto"
	off  autoOff = "off"
)

// Set implements [pflag.Value].
func (a *autoOff) Set(text string) error {
	if text != string(auto) && text != string(off) {
		return errors.New("want auto or off")
	}
	*a = autoOff(text)
	return nil
}
func (a *autoOff) String() string { return string(*a) }

// Type implements [pflag.Value].
func (a *autoOff) Type() string { return "auto|off" }
