package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/moby/sys/mountinfo"

	"github.com/openbisfs/openbisfs/cache/staging"
)

func runCommit(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "commit PATH|ID… [flags]")
	var dirs stagingFlags
	dirs.register(f.FlagSet)
	var timeout time.Duration
	f.Var(newSeconds(&timeout, 0), "timeout", "wait for the outcome this long at most; 0: as long as it takes")
	f.registerConfig()
	if err := f.parse(args, 1, 1<<16); err != nil {
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
	uploads, err := a.pick(ctx, f.Args())
	if err != nil {
		return err
	}
	for _, u := range uploads {
		if u.mount == nil {
			return failf(exitPending, "%s waits until %s is mounted with --rw", u, u.Server)
		}
	}
	waiting := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var failures []error
	for len(uploads) > 0 {
		// One request for each mount.
		mount := uploads[0].mount
		var here []*upload
		uploads = slices.DeleteFunc(uploads, func(u *upload) bool {
			if u.mount.ID == mount.ID {
				here = append(here, u)
				return true
			}
			return false
		})
		err := commitOn(waiting, inv, mount, here)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = failf(exitPending, "not registered yet: it goes on in the background, and openbisfs uploads shows it")
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	// What failed matters more than what takes its time.
	slices.SortStableFunc(failures, func(a, b error) int { return int(codeOf(b)) - int(codeOf(a)) })
	if len(failures) > 0 {
		return failures[0]
	}
	return nil
}

// commitOn has the uploads of one mount registered and tells the outcome of each.
func commitOn(ctx context.Context, inv *invocation, mount *mountinfo.Info, uploads []*upload) error {
	req := request{Op: opCommit}
	for _, u := range uploads {
		req.IDs = append(req.IDs, u.ID)
	}
	line := newProgressLine(inv.err)
	r, err := ask(ctx, mount, req, line.hear)
	line.end()
	if err != nil {
		return err
	}
	if len(r.Results) != len(uploads) {
		return errors.New("the process behind the mount says nothing of the outcome")
	}
	code := exitOK
	for i, u := range uploads {
		got := r.Results[i]
		if got.Unknown {
			got, err = apply(ctx, u, opCommit, (*staging.Draft).Retry)
			if err == nil {
				got.Pending, got.Error = true, "goes on in the background"
			} else {
				got.Error = err.Error()
			}
		}
		switch {
		case got.Error == "":
			_, _ = fmt.Fprintf(inv.out, "%s is registered: %s\n", u, got.PermID)
			continue
		case got.Pending:
			code = max(code, exitPending)
		default:
			code = exitUploads
		}
		_, _ = fmt.Fprintf(inv.err, "%s: %s: %s\n", inv.name, u, redact(got.Error))
	}
	if code != exitOK {
		return &failure{code: code, err: errors.New("not everything is registered"), said: true}
	}
	return nil
}
