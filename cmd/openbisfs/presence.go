package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// While a mount lives, its process holds an abstract socket that is named after the mount's device number, which is
// unique on the machine. So commands can find the process, speak with it (control.go), and see it end, without a file that
// could be left behind. Names of such sockets are open to all users of the machine: either side looks who the other is.

func presenceName(major, minor int) string { return fmt.Sprintf("@openbisfs/%d:%d", major, minor) }

// announce makes this process known as the one behind the mount on dir, and answers what it is asked. The returned
// function ends that.
func announce(ctx context.Context, dir string, answers *controlled) func() {
	mount, err := findMount(dir)
	if err != nil || mount == nil {
		return func() {}
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "unix", presenceName(mount.Major, mount.Minor))
	if err != nil {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		answers.serve(ctx, listener)
	}()
	return func() {
		_ = listener.Close()
		<-ended
	}
}

// process is a handle of a running process that stays right when its id is used again.
type process struct {
	pid int
	fd  *os.File
}

// findProcess returns the process behind a mount of ours, or nil.
func findProcess(major, minor int) *process {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: presenceName(major, minor), Net: "unix"})
	if err != nil {
		return nil
	}
	defer conn.Close()
	peer, err := peerOf(conn)
	if err != nil {
		return nil
	}
	fd, err := unix.PidfdOpen(int(peer.Pid), 0)
	if err != nil {
		return nil
	}
	return &process{int(peer.Pid), os.NewFile(uintptr(fd), "pidfd")}
}

// errStillRunning says that a process has not ended in time.
var errStillRunning = errors.New("still running")

// wait returns when the process has ended.
func (p *process) wait(ctx context.Context, limit time.Duration) error {
	defer p.fd.Close()
	const step = 50 * time.Millisecond
	for deadline := time.Now().Add(limit); ; {
		fds := []unix.PollFd{{Fd: int32(p.fd.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(step.Milliseconds()))
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for process %d: %w", p.pid, err)
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return errStillRunning
		}
	}
}
