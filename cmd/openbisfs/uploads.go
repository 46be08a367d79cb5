package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// uploadsCall is the command line of `uploads`.
type uploadsCall struct {
	stagingFlags
	asJSON bool
	all    bool
}

func runUploads(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "uploads [list | show ID… | retry ID… | discard ID… | export ID… DIR] [flags]")
	var call uploadsCall
	call.register(f.FlagSet)
	f.BoolVar(&call.asJSON, "json", false, "list, show: print JSON")
	f.BoolVar(&call.all, "all", false, "list: also what is registered and still used here; retry: everything that failed or is held")
	f.registerConfig()
	if err := f.parse(args, 0, 1<<16); err != nil {
		return err
	}
	from, err := merge(f.FlagSet)
	if err != nil {
		return err
	}
	action, ids := "list", f.Args()
	if len(ids) > 0 {
		action, ids = ids[0], ids[1:]
	}
	do := map[string]func(context.Context, *invocation, *area, []string) error{
		"list": call.list, "show": call.show, "retry": call.retry, "discard": call.discard, "export": call.export,
	}[action]
	switch {
	case do == nil:
		return failf(exitUsage, "there is no uploads %s: openbisfs %s", action, f.synopsis)
	case (action == "list") != (len(ids) == 0) && (action != "retry" || !call.all):
		return failf(exitUsage, "wrong number of arguments: openbisfs %s", f.synopsis)
	}
	a, err := call.survey(ctx, from)
	if err != nil {
		return err
	}
	return do(ctx, inv, a, ids)
}

func (call *uploadsCall) list(_ context.Context, inv *invocation, a *area, _ []string) error {
	shown := slices.DeleteFunc(slices.Clone(a.uploads), func(u *upload) bool { return u.done() && !call.all })
	if call.asJSON {
		return printJSON(inv, shown)
	}
	if len(shown) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(inv.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tSTATE\tSIZE\tFOR\tNAME\tPROBLEM")
	for _, u := range shown {
		owner := u.Owner.Identifier
		if owner == "" {
			owner = u.Owner.PermID
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.short(), u.State, humanBytes(u.Bytes), printable(owner), printable(u.label()), printable(redact(u.Error)))
	}
	return w.Flush()
}

// label is the name, as ls -p writes it.
func (u *upload) label() string {
	if u.Directory {
		return u.Name + "/"
	}
	return u.Name
}

// printable keeps control characters off the terminal, and everything on one line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '?'
		}
		return r
	}, text)
}

func printJSON(inv *invocation, value any) error {
	e := json.NewEncoder(inv.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

func (call *uploadsCall) show(ctx context.Context, inv *invocation, a *area, ids []string) error {
	uploads, err := a.pick(ctx, ids)
	if err != nil {
		return err
	}
	if call.asJSON {
		return printJSON(inv, uploads)
	}
	w := tabwriter.NewWriter(inv.out, 0, 0, 1, ' ', 0)
	for i, u := range uploads {
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		for _, line := range u.describe() {
			if line[1] != "" {
				_, _ = fmt.Fprintf(w, "%s:\t%s\n", line[0], printable(line[1]))
			}
		}
	}
	return w.Flush()
}

// describe returns everything worth knowing, as pairs.
func (u *upload) describe() [][2]string {
	size := humanBytes(u.Bytes)
	if u.Files > 0 {
		size += " in " + plural(u.Files, "file")
	}
	if u.Sent > 0 && !u.done() {
		size += ", " + humanBytes(u.Sent) + " sent"
	}
	next := ""
	if u.Next != nil {
		next = u.Next.Local().Format(time.DateTime)
	}
	attempts := ""
	if u.Attempts > 0 {
		attempts = fmt.Sprint(u.Attempts)
	}
	properties, _ := json.Marshal(u.Meta.Properties)
	if len(u.Meta.Properties) == 0 {
		properties = nil
	}
	return [][2]string{
		{"id", u.ID},
		{"state", string(u.State)},
		{"problem", redact(u.Error)},
		{"name", u.label()},
		{"for", strings.TrimSpace(u.Owner.Identifier + " " + u.Owner.PermID)},
		{"on", u.Server},
		{"mount", u.Mount},
		{"type", u.Meta.Type},
		{"properties", string(properties)},
		{"parents", strings.Join(u.Meta.Parents, ", ")},
		{"size", size},
		{"permId", u.PermID},
		{"attempts", attempts},
		{"next attempt", next},
		{"waits", u.waits()},
		{"created", u.Created.Local().Format(time.DateTime)},
		{"changed", u.Changed.Local().Format(time.DateTime)},
		{"content", u.Path},
	}
}

// waits tells why an upload is not sent again although it is not registered, and until when.
func (u *upload) waits() string {
	if u.Settles == nil {
		return ""
	}
	return "the answer of openBIS was lost: it is asked whether it has the Dataset, which is sent again after " +
		u.Settles.Local().Format(time.DateTime) + " only, so that it is not registered twice"
}

func (call *uploadsCall) retry(ctx context.Context, inv *invocation, a *area, ids []string) error {
	uploads, err := a.pick(ctx, ids)
	if err != nil {
		return err
	}
	if call.all {
		uploads = slices.DeleteFunc(slices.Clone(a.uploads), func(u *upload) bool { return u.State != staging.Failed && u.State != staging.Held })
	}
	return change(ctx, inv, uploads, opRetry, (*staging.Draft).Retry, func(u *upload) string {
		if u.mount == nil {
			return "goes on when " + u.Server + " is mounted with --rw"
		}
		if why := u.waits(); why != "" {
			return "goes on; " + why
		}
		return "goes on"
	})
}

func (call *uploadsCall) discard(ctx context.Context, inv *invocation, a *area, ids []string) error {
	uploads, err := a.pick(ctx, ids)
	if err != nil {
		return err
	}
	return change(ctx, inv, uploads, opDiscard, (*staging.Draft).Discard, func(*upload) string { return "is discarded" })
}

// change does something to uploads, through the mounts that work on them or else in their staging directories.
func change(ctx context.Context, inv *invocation, uploads []*upload, op operation, do func(*staging.Draft, context.Context) error, done func(*upload) string) error {
	failed := false
	for _, u := range uploads {
		r, err := apply(ctx, u, op, do)
		if err == nil && r.Error != "" {
			err = errors.New(r.Error)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failed = true
			_, _ = fmt.Fprintf(inv.err, "%s: %s: %s\n", inv.name, u, redact(err.Error()))
			continue
		}
		_, _ = fmt.Fprintf(inv.out, "%s %s\n", u, done(u))
	}
	if failed {
		return &failure{code: exitUploads, err: errors.New("not all of it was done"), said: true}
	}
	return nil
}

// apply does something to one upload.
func apply(ctx context.Context, u *upload, op operation, do func(*staging.Draft, context.Context) error) (result, error) {
	if u.mount != nil {
		r, err := ask(ctx, u.mount, request{Op: op, IDs: []string{u.ID}}, nil)
		if err != nil || len(r.Results) != 1 {
			return result{}, err
		}
		if r.Results[0].Error == "" || !r.Results[0].Unknown {
			return r.Results[0], nil
		}
		// The mount has not seen it yet.
	}
	var r result
	err := withStore(ctx, u.dir, u.Server, func(s *staging.Store) error {
		d, err := s.Draft(u.ID)
		if err == nil {
			err = do(d, ctx)
		}
		if err == nil {
			r = outcome(u.ID, d.PermID(), nil)
		}
		return err
	})
	return r, err
}

func (call *uploadsCall) export(ctx context.Context, inv *invocation, a *area, args []string) error {
	if len(args) < 2 {
		return failf(exitUsage, "uploads export: want one or more IDs, and the directory to copy to")
	}
	last := len(args) - 1
	uploads, err := a.pick(ctx, args[:last])
	if err != nil {
		return err
	}
	to, err := filepath.Abs(args[last])
	if err != nil {
		return err
	}
	if info, err := os.Stat(to); err != nil {
		return failf(exitNotFound, "the directory to copy to: %w", err)
	} else if !info.IsDir() {
		return failf(exitNotFound, "%s is not a directory", to)
	}
	for _, u := range uploads {
		err := withStore(ctx, u.dir, u.Server, func(s *staging.Store) error {
			d, err := s.Draft(u.ID)
			if err != nil {
				return err
			}
			path, err := d.Export(ctx, to)
			if err == nil {
				_, _ = fmt.Fprintln(inv.out, path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", u, err)
		}
	}
	return nil
}
