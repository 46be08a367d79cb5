package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// upload is a draft as the commands see it.
type upload struct {
	staging.Info
	Server string `json:"server"`          // user@URL
	Mount  string `json:"mount,omitempty"` // that works on it

	dir   string // staging directory
	mount *mountinfo.Info
}

// short is the part of the ID that a person types.
func (u *upload) short() string {
	_, random, _ := strings.Cut(u.ID, "-")
	return random
}

// done tells whether openBIS has it.
func (u *upload) done() bool {
	return u.State == staging.Registered || u.State == staging.Verified || u.State == staging.Released
}

// stuck tells whether it waits for the user.
func (u *upload) stuck() bool {
	return u.State == staging.Failed || u.State == staging.Held || u.State == staging.Damaged
}

// counts sums up uploads.
type counts struct {
	Writing int   `json:"writing"` // open
	Pending int   `json:"pending"` // on their way
	Stuck   int   `json:"stuck"`   // failed, held or damaged
	Bytes   int64 `json:"bytes"`   // of these
}

func count(uploads []*upload) (c counts) {
	for _, u := range uploads {
		switch {
		case u.done():
			continue
		case u.stuck():
			c.Stuck++
		case u.State == staging.Opened:
			c.Writing++
		default:
			c.Pending++
		}
		c.Bytes += u.Bytes
	}
	return c
}

// code is what a command ends with that leaves these.
func (c counts) code() exitCode {
	switch {
	case c.Stuck > 0:
		return exitUploads
	case c.Pending > 0 || c.Writing > 0:
		return exitPending
	default:
		return exitOK
	}
}

// area is all staged data that the commands look at.
type area struct {
	uploads []*upload // oldest first
	mounts  []*mounted
}

// mounted is a mount of ours.
type mounted struct {
	*mountInfo
	mount *mountinfo.Info
	err   error // of asking its process
}

// survey looks at everything that is staged: in the staging directory dir and, unless told otherwise, where the mounts of
// this user stage.
func survey(ctx context.Context, dir string, only bool) (*area, error) {
	mounts, err := ourMounts()
	if err != nil {
		return nil, err
	}
	a := new(area)
	known := map[string]*upload{}
	add := func(u *upload) {
		if old := known[u.ID]; old == nil || old.Elsewhere && !u.Elsewhere && u.mount != nil {
			known[u.ID] = u
		}
	}
	dirs := []string{dir}
	for _, m := range mounts {
		r, err := statusOf(ctx, m)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if only && (err != nil || r.Mount.StagingDir != dir) {
			continue
		}
		if err != nil {
			a.mounts = append(a.mounts, &mounted{&mountInfo{MountPoint: m.Mountpoint, Target: m.Source}, m, err})
			continue
		}
		a.mounts = append(a.mounts, &mounted{r.Mount, m, nil})
		if r.Mount.StagingDir == "" {
			continue
		}
		dirs = append(dirs, r.Mount.StagingDir)
		for _, info := range r.Drafts {
			add(&upload{Info: info, Server: r.Mount.Server, Mount: r.Mount.MountPoint, dir: r.Mount.StagingDir, mount: m})
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		left, err := stagedIn(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, u := range left {
			// A mount that has not seen it yet can work on it all the same.
			for _, m := range a.mounts {
				if m.err == nil && m.StagingDir == dir && m.Server == u.Server {
					u.Mount, u.mount = m.MountPoint, m.mount
				}
			}
			if known[u.ID] == nil {
				add(u)
			}
		}
	}
	for _, u := range known {
		a.uploads = append(a.uploads, u)
	}
	slices.SortFunc(a.uploads, func(a, b *upload) int { return cmp.Compare(a.ID, b.ID) })
	return a, nil
}

// stagedIn returns what is in a staging directory, whatever works on it.
func stagedIn(ctx context.Context, dir string) ([]*upload, error) {
	var list []*upload
	for _, server := range stagedServers(dir) {
		err := withStore(ctx, dir, server, func(s *staging.Store) error {
			for _, info := range infos(s.Drafts()) {
				list = append(list, &upload{Info: info, Server: server, dir: dir})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// withStore opens what a staging directory has of a server, for looking and changing: nothing is uploaded.
func withStore(ctx context.Context, dir, server string, do func(*staging.Store) error) error {
	store, err := staging.Open(dir, staging.Options{Server: server, Workers: -1})
	if err != nil {
		return failf(exitConfig, "the staging directory %s can't be used: %w", dir, err)
	}
	defer func() { _ = store.Close(context.WithoutCancel(ctx)) }()
	select {
	case <-store.Scanned():
		return do(store)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var serverInRecord = regexp.MustCompile(`"server":\s*("(?:[^"\\]|\\.)*")`)

// stagedServers returns whose drafts are in a staging directory: every record says it.
func stagedServers(dir string) []string {
	records, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*", "*", "record.json"))
	seen := map[string]bool{} // directories of servers
	var servers []string
	for _, path := range records {
		home := filepath.Dir(filepath.Dir(path))
		if seen[home] {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// A damaged record may still say it.
		var server string
		if m := serverInRecord.FindSubmatch(text); m != nil && json.Unmarshal(m[1], &server) == nil && server != "" {
			seen[home] = true
			servers = append(servers, server)
		}
	}
	return servers
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// pick returns the uploads that the arguments name: by ID or the beginning of its random part, or by a path in a mount,
// which stands for everything below it.
func (a *area) pick(ctx context.Context, args []string) ([]*upload, error) {
	var picked []*upload
	for _, arg := range args {
		found := a.byID(arg)
		if len(found) == 0 && (strings.Contains(arg, "/") || exists(arg)) {
			var err error
			if found, err = a.byPath(ctx, arg); err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, failf(exitNotFound, "nothing in %s waits to be registered", arg)
			}
		} else if len(found) > 1 {
			return nil, failf(exitUsage, "%q could be %s or %s", arg, found[0].ID, found[1].ID)
		}
		if len(found) == 0 {
			return nil, failf(exitNotFound, "there is no upload %q: openbisfs uploads lists them", arg)
		}
		for _, u := range found {
			if !slices.Contains(picked, u) {
				picked = append(picked, u)
			}
		}
	}
	return picked, nil
}

func (a *area) byID(arg string) (found []*upload) {
	for _, u := range a.uploads {
		if u.ID == arg {
			return []*upload{u}
		}
		if arg != "" && (strings.HasPrefix(u.ID, arg) || strings.HasPrefix(u.short(), arg)) {
			found = append(found, u)
		}
	}
	return found
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// entity is what .meta.json says of a directory.
type entity struct {
	PermID string `json:"permId"`
}

func readEntity(dir string) (e entity) {
	text, err := os.ReadFile(filepath.Join(dir, ".meta.json"))
	if err == nil {
		_ = json.Unmarshal(text, &e)
	}
	return e
}

// byPath returns what is not registered of a staged file or directory, of a path inside of one, or of the entity whose
// directory path is and all that are shown below it.
func (a *area) byPath(ctx context.Context, path string) (found []*upload, err error) {
	mount, path, err := mountOf(path)
	if err != nil {
		return nil, err
	}
	var here *mounted
	for _, m := range a.mounts {
		if m.mount.ID == mount.ID {
			here = m
		}
	}
	switch {
	case here == nil || here.err != nil:
		return nil, failf(exitDeadMount, "%s: %w", mount.Mountpoint, errNoProcess)
	case !here.Writable:
		return nil, failf(exitUsage, "the mount on %s is read-only: nothing waits there to be registered", mount.Mountpoint)
	}
	collect := func(match func(u *upload) bool) []*upload {
		for _, u := range a.uploads {
			if u.dir == here.StagingDir && u.Server == here.Server && !u.done() && match(u) {
				found = append(found, u)
			}
		}
		return found
	}
	if path == mount.Mountpoint {
		return collect(func(*upload) bool { return true }), nil
	}
	for at := path; at != mount.Mountpoint; at = filepath.Dir(at) {
		owner := readEntity(filepath.Dir(at))
		name := filepath.Base(at)
		if owner.PermID == "" {
			continue
		}
		list := collect(func(u *upload) bool { return u.Owner.PermID == owner.PermID && u.Name == name })
		if len(list) > 0 {
			return list, nil
		}
	}
	if _, err := os.Lstat(path); err != nil {
		return nil, failf(exitNotFound, "%w", err)
	}
	r, err := ask(ctx, mount, request{Op: opBelow, Path: strings.TrimPrefix(path, mount.Mountpoint)}, nil)
	if err != nil {
		return nil, err
	}
	below := make(map[string]bool, len(r.Drafts))
	for _, info := range r.Drafts {
		below[info.ID] = true
	}
	return collect(func(u *upload) bool { return below[u.ID] }), nil
}

// String names it in a sentence.
func (u *upload) String() string {
	owner := u.Owner.Identifier
	if owner == "" {
		owner = u.Owner.PermID
	}
	return fmt.Sprintf("%s (%s/%s)", u.short(), owner, u.Name)
}
