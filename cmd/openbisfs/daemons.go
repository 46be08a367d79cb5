package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/sys/mountinfo"
)

// answerLimit bounds how long a command waits for the process behind a mount to say how it is.
const answerLimit = 10 * time.Second

var (
	// errNoProcess says that nobody is behind a mount: it is dead, or not of this machine.
	errNoProcess = errors.New("no process answers for the mount")
	// errNotOurs says that somebody else is behind a mount.
	errNotOurs = errors.New("the mount is another user's")
)

// ourMounts returns all mounts of the type, dead ones too.
func ourMounts() ([]*mountinfo.Info, error) {
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter(fsType))
	if err != nil {
		return nil, fmt.Errorf("read the mount table: %w", err)
	}
	return mounts, nil
}

// mountOf returns the mount of ours that path is in, and path as the mount table would write it.
func mountOf(path string) (*mountinfo.Info, string, error) {
	path = withoutLinks(path)
	mounts, err := mountinfo.GetMounts(mountinfo.ParentsFilter(path))
	if err != nil {
		return nil, "", fmt.Errorf("read the mount table: %w", err)
	}
	var deepest *mountinfo.Info
	for _, m := range mounts {
		if within(path, m.Mountpoint) && (deepest == nil || len(m.Mountpoint) >= len(deepest.Mountpoint)) {
			deepest = m
		}
	}
	if deepest == nil || deepest.FSType != fsType {
		return nil, "", failf(exitNotFound, "%s is not in a mount of openbisfs", path)
	}
	return deepest, path, nil
}

// ask sends a request to the process behind a mount and returns its last reply. Each reply before is given to hear, if
// that is not nil.
func ask(ctx context.Context, mount *mountinfo.Info, req request, hear func(reply)) (reply, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: presenceName(mount.Major, mount.Minor), Net: "unix"})
	if err != nil {
		return reply{}, errNoProcess
	}
	defer conn.Close()
	if uid, err := peerUser(conn); err != nil || os.Getuid() != 0 && uid != 0 && uid != os.Getuid() {
		return reply{}, errNotOurs
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return reply{}, fmt.Errorf("%w: %w", errNoProcess, err)
	}
	for in := json.NewDecoder(conn); ; {
		var r reply
		if err := in.Decode(&r); err != nil {
			if ctx.Err() != nil {
				return reply{}, context.Cause(ctx)
			}
			return reply{}, fmt.Errorf("the process behind %s ended: %w", mount.Mountpoint, err)
		}
		switch {
		case r.Done && r.Error != "":
			return r, errors.New(r.Error)
		case r.Done:
			return r, nil
		case hear != nil:
			hear(r)
		}
	}
}

// statusOf asks the process behind a mount how it is.
func statusOf(ctx context.Context, mount *mountinfo.Info) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	r, err := ask(ctx, mount, request{Op: opStatus}, nil)
	if err == nil && r.Mount == nil {
		err = errors.New("the process behind the mount says nothing")
	}
	if err == nil && r.Mount.StagingDir != "" {
		r.Mount.StagingDir = filepath.Clean(r.Mount.StagingDir)
	}
	return r, err
}
