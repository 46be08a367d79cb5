package main

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/fs"
)

func runUmount(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "umount MNT [--lazy] [--timeout DURATION]")
	lazy := f.BoolP("lazy", "z", false, "unmount although programs use it; they keep what they have open")
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
	return err
}
