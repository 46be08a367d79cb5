package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/fs"
)

func runUmount(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "umount MNT [flags]")
	lazy := f.BoolP("lazy", "z", false, "unmount although programs use it; they keep what they have open")
	drain := registerWait(f)
	var timeout time.Duration
	f.Var(newSeconds(&timeout, 30*time.Second), "timeout", "how long to wait for the end of the daemon")
	if err := f.parse(args, 1, 1); err != nil {
		return err
	}
	dir := withoutLinks(f.Arg(0))
	mount, err := findMount(dir)
	if err != nil {
		return err
	}
	if mount == nil {
		return failf(exitNotFound, "no openBIS is mounted on %s", dir)
	}
	var staged *mountInfo
	if status, err := statusOf(ctx, mount); err == nil && status.Mount.Writable {
		staged = status.Mount
	}
	if drain.asked && staged != nil {
		if err := awaitUploads(ctx, inv, mount, drain.limit); err != nil {
			return err
		}
	}
	daemon := findProcess(mount.Major, mount.Minor)
	switch err := fs.Unmount(dir, *lazy); {
	case errors.Is(err, unix.EBUSY):
		return failf(exitBusy, "%s is in use: %s. End that, or use --lazy", dir, describeHolders(dir))
	case err != nil:
		return err
	}
	if daemon == nil || *lazy {
		return nil // a lazily unmounted file system ends with its last user
	}
	err = daemon.wait(ctx, timeout)
	if errors.Is(err, errStillRunning) {
		inv.warn("%s is unmounted, but process %d has not ended yet", dir, daemon.pid)
		return nil
	}
	if err != nil || staged == nil {
		return err
	}
	return reportLeft(ctx, inv, staged, drain.asked)
}

// registerWait adds the flag --wait.
func registerWait(f *flagSet) *waitLimit {
	w := new(waitLimit)
	f.Var(w, "wait", "before, wait until everything is registered that was saved; with a `DURATION`, that long at most")
	f.Lookup("wait").NoOptDefVal = waitForever
	return w
}

// awaitUploads waits until nothing of a mount is on its way to the server.
func awaitUploads(ctx context.Context, inv *invocation, mount *mountinfo.Info, limit time.Duration) error {
	waiting := ctx
	if limit > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	line := newProgressLine(inv.err)
	_, err := ask(waiting, mount, request{Op: opDrain}, line.hear)
	line.end()
	if errors.Is(err, context.DeadlineExceeded) {
		return failf(exitPending, "not everything is registered after %s: %s stays mounted, and openbisfs uploads tells what is missing", limit, mount.Mountpoint)
	}
	return err
}

// reportLeft says what an ended mount has left in its staging directory. Who waited for the uploads gets an exit code.
func reportLeft(ctx context.Context, inv *invocation, m *mountInfo, waited bool) error {
	uploads, err := stagedIn(ctx, m.StagingDir)
	if err != nil {
		return err
	}
	uploads = slices.DeleteFunc(uploads, func(u *upload) bool { return u.Server != m.Server })
	left := count(uploads)
	code := left.code()
	if code == exitOK {
		return nil
	}
	text := fmt.Sprintf("%s is unmounted; uploads left: %s. They are kept, and openbisfs uploads lists them", m.MountPoint, left)
	for _, u := range uploads {
		if u.stuck() {
			_, _ = fmt.Fprintf(inv.err, "%s: %s is %s: %s\n", inv.name, u, u.State, printable(redact(u.Error)))
		}
	}
	if waited {
		return failf(code, "%s", text)
	}
	inv.warn("%s", text)
	return nil
}

// waitForever is how the value of --wait says that there is no limit.
const waitForever = "forever"

// waitLimit is a flag that is given with or without a duration.
type waitLimit struct {
	asked bool
	limit time.Duration // 0: none
}

func (w *waitLimit) Set(text string) error {
	w.asked, w.limit = true, 0
	if text == waitForever {
		return nil
	}
	return (*seconds)(&w.limit).Set(text)
}

func (w *waitLimit) String() string {
	if !w.asked {
		return ""
	}
	return w.limit.String()
}
func (w *waitLimit) Type() string { return "duration" }
