package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/fs"
)

// mountStatus is what `status --json` says of a mount.
type mountStatus struct {
	mountInfo
	Uploads *counts `json:"uploads,omitempty"` // of a writable mount
	Error   string  `json:"error,omitempty"`
}

// waitingStatus is what `status --json` says of uploads that no mount works on.
type waitingStatus struct {
	Server  string `json:"server"`
	Uploads counts `json:"uploads"`
}

func runStatus(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "status [MNT] [flags]")
	var dirs stagingFlags
	dirs.register(f.FlagSet)
	asJSON := f.Bool("json", false, "print JSON")
	f.registerConfig()
	if err := f.parse(args, 0, 1); err != nil {
		return err
	}
	from, err := merge(f.FlagSet)
	if err != nil {
		return err
	}
	a, err := dirs.survey(ctx, from)
	if err != nil {
		return err
	}
	if f.NArg() == 1 {
		if err := a.only(withoutLinks(f.Arg(0))); err != nil {
			return err
		}
	}
	mounts, waiting, code := a.status()
	if *asJSON {
		err = printJSON(inv, map[string]any{"mounts": mounts, "waiting": waiting})
	} else {
		err = printStatus(inv, mounts, waiting)
	}
	if err == nil && code != exitOK {
		err = &failure{code: code, err: errors.New("not all is well"), said: true}
	}
	return err
}

// only leaves out all but one mount and what it works on.
func (a *area) only(dir string) error {
	for _, m := range a.mounts {
		if m.MountPoint != dir && m.mount.Mountpoint != dir {
			continue
		}
		a.mounts = []*mounted{m}
		var uploads []*upload
		for _, u := range a.uploads {
			if m.err == nil && u.dir == m.StagingDir && u.Server == m.Server {
				uploads = append(uploads, u)
			}
		}
		a.uploads = uploads
		return nil
	}
	return failf(exitNotFound, "no openBIS is mounted on %s", dir)
}

// status sums up, and says with which code a check ends.
func (a *area) status() (mounts []mountStatus, waiting []waitingStatus, code exitCode) {
	type place struct{ dir, server string }
	byPlace := map[place][]*upload{}
	var unmounted []string
	for _, u := range a.uploads {
		p := place{u.dir, u.Server}
		if u.mount == nil && byPlace[p] == nil {
			unmounted = append(unmounted, u.Server)
			waiting = append(waiting, waitingStatus{Server: u.Server})
		}
		byPlace[p] = append(byPlace[p], u)
	}
	code = count(a.uploads).code()
	mounts = []mountStatus{}
	for _, m := range a.mounts {
		s := mountStatus{mountInfo: *m.mountInfo}
		if m.err != nil {
			s.Error = m.err.Error()
			var st unix.Statfs_t
			if errors.Is(unix.Statfs(m.mount.Mountpoint, &st), unix.ENOTCONN) {
				s.Error = "dead: unmount it, or mount it again"
				code = max(code, exitDeadMount)
			}
		}
		if m.Writable {
			c := count(byPlace[place{m.StagingDir, m.Server}])
			s.Uploads = &c
		}
		mounts = append(mounts, s)
	}
	for i, server := range unmounted {
		var all []*upload
		for p, list := range byPlace {
			if p.server == server && list[0].mount == nil {
				all = append(all, list...)
			}
		}
		waiting[i].Uploads = count(all)
	}
	return mounts, waiting, code
}

func printStatus(inv *invocation, mounts []mountStatus, waiting []waitingStatus) error {
	var b strings.Builder
	for _, m := range mounts {
		mode := "read-only"
		if m.Writable {
			mode = "read-write"
		}
		switch {
		case m.Error != "":
			fmt.Fprintf(&b, "%s on %s: %s\n", m.Target, m.MountPoint, m.Error)
			continue
		default:
			fmt.Fprintf(&b, "%s on %s: %s, process %d, since %s\n", m.Target, m.MountPoint, mode, m.Process, m.Since.Local().Format(time.DateTime))
		}
		if m.Passthrough != nil {
			fmt.Fprintf(&b, "  passthrough: %s\n", describePassthrough(m.Passthrough))
		}
		for _, c := range m.Crawlers {
			fmt.Fprintf(&b, "  %s reads everything: %s, %s fetched for it, %s refused\n", c.Program, plural(int(c.Opens), "file"), humanBytes(c.Fetched), plural(int(c.Refused), "read"))
		}
		if m.Uploads != nil {
			fmt.Fprintf(&b, "  uploads: %s\n", m.Uploads)
			room := ""
			if m.Capacity > 0 {
				room = " of " + humanBytes(m.Capacity)
			}
			fmt.Fprintf(&b, "  staged: %s%s in %s\n", humanBytes(m.Staged), room, m.StagingDir)
		}
	}
	for _, w := range waiting {
		fmt.Fprintf(&b, "%s is not mounted with --rw; uploads: %s\n", w.Server, w.Uploads)
	}
	if b.Len() == 0 {
		b.WriteString("nothing is mounted\n")
	}
	_, err := fmt.Fprint(inv.out, b.String())
	return err
}

func describePassthrough(p *fs.PassthroughStatus) string {
	if !p.On {
		return "off: " + p.Reason
	}
	return fmt.Sprintf("on, used for %s", plural(int(p.Opens), "open"))
}

func (c counts) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.Writing, "being written"}, {c.Pending, "on the way"}, {c.Stuck, "failed or held"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
