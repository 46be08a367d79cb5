package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/openbisfs/openbisfs/fs"
)

// readFlags says how a mount gives content to programs.
type readFlags struct {
	passthrough  autoOff
	crawlers     []string
	crawlerLimit byteSize
}

func (r *readFlags) register(f *pflag.FlagSet) {
	r.passthrough = auto
	f.Var(&r.passthrough, "passthrough", "auto: the kernel reads complete files of the disk cache itself, where it can; off: never")
	r.crawlerLimit = 1 << 30
	f.Var(&r.crawlerLimit, "crawler-limit", "how much each thumbnailer or indexer may download in an hour, a first block of each file; 0: nothing")
	f.StringArrayVar(&r.crawlers, "crawler", nil, "one more program that is treated so, by `NAME`, which may end with *; repeatable; none: forget those that are known")
}

// crawlerNames returns the programs that are to be kept from downloading everything.
func (r *readFlags) crawlerNames() ([]string, error) {
	names := slices.Clone(fs.Crawlers)
	for _, name := range r.crawlers {
		switch {
		case name == "none":
			names = []string{}
		case name == "" || name == "*" || strings.Contains(name, "/"):
			return nil, failf(exitUsage, "--crawler %q: want the name of a program", name)
		default:
			names = append(names, name)
		}
	}
	return names, nil
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
