package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/meta"
)

// translation is everything that an entity is called by.
type translation struct {
	Path string `json:"path"` // on this machine
	meta.Location
	File string `json:"file,omitempty"` // in the Dataset
}

func runPath(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "path ANYTHING… [flags]")
	asJSON := f.Bool("json", false, "print a JSON list")
	only := f.String("mount", "", "look in the mount on `MNT` only")
	if err := f.parse(args, 1, 1<<16); err != nil {
		return err
	}
	all := []translation{}
	var failed error
	for _, arg := range f.Args() {
		found, err := translate(ctx, arg, *only)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			failed = err
			if f.NArg() > 1 {
				_, _ = fmt.Fprintf(inv.err, "%s: %s\n", inv.name, redact(err.Error()))
			}
			continue
		}
		all = append(all, found...)
	}
	if *asJSON {
		out := json.NewEncoder(inv.out)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(all); err != nil {
			return err
		}
	} else {
		for i, t := range all {
			if i > 0 {
				_, _ = fmt.Fprintln(inv.out)
			}
			t.print(inv)
		}
	}
	if failed != nil && f.NArg() > 1 {
		return &failure{code: codeOf(failed), err: failed, said: true}
	}
	return failed
}

func (t *translation) print(inv *invocation) {
	for _, line := range [][2]string{
		{"path", t.Path}, {"kind", t.Kind}, {"type", t.Type}, {"identifier", t.Identifier}, {"permId", t.PermID},
		{"file", t.File}, {"url", t.URL}, {"sftp", t.SFTP},
	} {
		if line[1] != "" {
			_, _ = fmt.Fprintf(inv.out, "%-11s %s\n", line[0], line[1])
		}
	}
}

// translate finds what arg means: a path in a mount, or what the mounts know that may be of its server.
func translate(ctx context.Context, arg, only string) ([]translation, error) {
	if exists(arg) && !strings.Contains(arg, "://") {
		if mount, path, err := mountOf(arg); err == nil {
			return translatePath(ctx, mount, path)
		}
	}
	m := readMention(arg)
	if len(m.ids) == 0 {
		return nil, failf(exitUsage, "%s: no permId, no identifier, and no address of a page or file of openBIS", withoutUserinfo(arg))
	}
	mounts, err := mountsFor(m, only)
	if err != nil {
		return nil, err
	}
	var all []translation
	for _, mount := range mounts {
		found, askErr := locate(ctx, mount, m)
		all = append(all, found...)
		if askErr != nil && !errors.Is(askErr, errNotOurs) {
			err = fmt.Errorf("%s: %w", mount.Mountpoint, askErr)
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case err != nil:
		return nil, err
	case len(mounts) == 0:
		return nil, failf(exitNotFound, "%s: no mount to look in: mount the server first", withoutUserinfo(arg))
	}
	return nil, failf(exitNotFound, "%s is in no mount, or you may not see it", withoutUserinfo(arg))
}

// mountsFor returns the mounts that may know what is mentioned.
func mountsFor(m mention, only string) ([]*mountinfo.Info, error) {
	if only != "" {
		mount, err := findMount(only)
		if err == nil && mount == nil {
			err = failf(exitNotFound, "no openBIS is mounted on %s", only)
		}
		return []*mountinfo.Info{mount}, err
	}
	mounts, err := ourMounts()
	if err != nil || m.host == "" {
		return mounts, err
	}
	var same, others []*mountinfo.Info
	for _, mount := range mounts {
		if u, err := url.Parse(mount.Source); err == nil && strings.EqualFold(u.Hostname(), m.host) {
			same = append(same, mount)
		} else if err != nil || u.Host == "" { // it was given another name with --fsname
			others = append(others, mount)
		}
	}
	return append(same, others...), nil
}

// locate asks the process behind a mount.
func locate(ctx context.Context, mount *mountinfo.Info, m mention) ([]translation, error) {
	r, err := ask(ctx, mount, request{Op: opLocate, IDs: m.ids}, nil)
	if err != nil || r.Found == nil {
		return nil, err
	}
	var all []translation
	for _, l := range r.Found.Locations {
		path := filepath.Join(mount.Mountpoint, l.Path)
		file := ""
		if l.Kind == "dataset" && m.file != "" {
			file = m.file
			path = filepath.Join(path, file)
			l.SFTP += "/" + file
		}
		all = append(all, translation{Path: path, Location: l, File: file})
	}
	return all, nil
}

// translatePath finds the entity that a path in a mount is of: the directories have their permIds as extended attributes.
func translatePath(ctx context.Context, mount *mountinfo.Info, path string) ([]translation, error) {
	for dir, file := path, ""; within(dir, mount.Mountpoint); dir, file = filepath.Dir(dir), filepath.Join(filepath.Base(dir), file) {
		value := make([]byte, 1<<10)
		n, err := unix.Getxattr(dir, meta.AttributePrefix+"permId", value)
		switch {
		case errors.Is(err, unix.ENODATA):
			continue
		case err != nil:
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		found, err := locate(ctx, mount, mention{ids: []string{string(value[:n])}, file: file})
		if err == nil && len(found) == 0 {
			err = failf(exitNotFound, "%s is not there any more", path)
		}
		return found, err
	}
	return nil, failf(exitNotFound, "%s belongs to no entity of openBIS", path)
}
