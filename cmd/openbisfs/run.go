package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

// invocation is one run of the program: what it was called as, and where it writes.
type invocation struct {
	name   string // for messages: "openbisfs", or "mount.openbisfs" when mount(8) calls
	helper bool   // called by mount(8): its flags and its exit codes
	// byMount means that mount(8) may have written the options: it calls the helper, or through mount.fuse3 the program itself.
	byMount bool
	out     io.Writer
	err     io.Writer
	token   string // of the environment
}

// command is a subcommand.
type command struct {
	name    string
	args    string // synopsis of the arguments
	summary string
	run     func(ctx context.Context, inv *invocation, args []string) error
	hidden  bool
}

func commands() []command {
	return []command{
		{name: "mount", args: "URL MNT", summary: "mount a server, or a part of it, as a drive", run: runMount},
		{name: "umount", args: "MNT", summary: "unmount and wait for the end of the daemon", run: runUmount},
		{name: "status", args: "[MNT]", summary: "tell what is mounted, and what waits to be registered", run: runStatus},
		{name: "uploads", args: "[list]", summary: "list, show, retry, discard or export what is not registered yet", run: runUploads},
		{name: "commit", args: "PATH…", summary: "register now what was saved, and wait for the outcome", run: runCommit},
		{name: "cache", args: "[status|verify|clear]", summary: "tell what is cached on disk, check it, or remove it", run: runCache},
		{name: "path", args: "ANYTHING…", summary: "translate permId, identifier, web page and path into each other", run: runPath},
		{name: "demo", args: "[MNT]", summary: "start a built-in openBIS with a small lab and mount it", run: runDemo},
		{name: "doctor", args: "[URL [MNT]]", summary: "check this machine, the server and the credentials", run: runDoctor},
		{name: "version", summary: "print the version", run: runVersion},
		{name: daemonCommand, hidden: true, run: runDaemon},
	}
}

// run does what args (with the program's name in front) ask for and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) exitCode {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	inv := &invocation{name: "openbisfs", out: stdout, err: stderr}
	// No child process inherits the token.
	inv.token = os.Getenv(tokenVariable)
	_ = os.Unsetenv(tokenVariable)

	if len(args) > 0 {
		if base := filepath.Base(args[0]); strings.HasPrefix(base, "mount.") {
			inv.name, inv.helper, inv.byMount = base, true, true
		}
		args = args[1:]
	}
	err := dispatch(ctx, inv, args)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	code := codeOf(err)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		code, err = exitInterrupted, errors.New("interrupted")
	}
	var f *failure
	if !errors.As(err, &f) || !f.said {
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", inv.name, redact(err.Error()))
	}
	if inv.helper {
		return code.forMount()
	}
	return code
}

func dispatch(ctx context.Context, inv *invocation, args []string) error {
	if inv.helper {
		return runMount(ctx, inv, args)
	}
	if len(args) == 0 {
		usage(inv.err)
		return failf(exitUsage, "no command given")
	}
	switch args[0] {
	case "help", "-h", "--help":
		usage(inv.out)
		return nil
	case "-V", "--version":
		return runVersion(ctx, inv, nil)
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		return c.run(ctx, inv, args[1:])
	}
	// What mount.fuse3 runs: openbisfs URL MNT -o …
	if strings.Contains(args[0], "://") || strings.HasPrefix(args[0], "-") {
		inv.byMount = true
		return runMount(ctx, inv, args)
	}
	return failf(exitUsage, "there is no command %q: openbisfs help lists them", args[0])
}

func usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("openbisfs mounts an openBIS server as a drive.\n\nUsage:\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(&b, "  %-33s %s\n", "openbisfs "+strings.TrimSpace(c.name+" "+c.args), c.summary)
		}
	}
	b.WriteString("  openbisfs URL MNT [-o opt,opt…]   as mount(8) and fstab call it\n\n")
	b.WriteString("openbisfs COMMAND --help lists the flags. Try it without a server: openbisfs demo\n")
	_, _ = io.WriteString(w, b.String())
}
