package fs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/meta"
)

// Commit registers the draft at a path, relative to the mount point, or the one
// that the path is in, and waits for the outcome until ctx ends. It fails with
// [meta.ErrNotExist] if nothing is staged there.
func (s *Server) Commit(ctx context.Context, path string) (*staging.Draft, error) {
	v := s.vol
	if v.overlay == nil {
		return nil, fmt.Errorf("commit %s: mounted read-only: %w", path, errors.ErrUnsupported)
	}
	dir, err := v.tree.Root(ctx)
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if found := v.overlay.find(dir, name); found != nil {
			return found.draftNow(), found.commit(ctx)
		}
		if dir, err = v.tree.Lookup(ctx, dir, name); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("commit %s: nothing is staged there: %w", path, meta.ErrNotExist)
}

// CommitDraft registers a draft, as it is shown if it is, and waits for the
// outcome until ctx ends.
func (s *Server) CommitDraft(ctx context.Context, d *staging.Draft) error {
	if s.vol.overlay != nil {
		for _, shown := range s.vol.overlay.drafts() {
			if shown.draftNow() == d {
				return shown.commit(ctx)
			}
		}
	}
	return d.Commit(ctx)
}

// Below returns the drafts that belong to the entity at a path, relative to the
// mount point, or to one that is shown below it.
func (s *Server) Below(ctx context.Context, path string) ([]*staging.Draft, error) {
	v := s.vol
	if v.overlay == nil {
		return nil, nil
	}
	dir, err := v.tree.Root(ctx)
	if err != nil {
		return nil, err
	}
	for name := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' }) {
		dir, err = v.tree.Lookup(ctx, dir, name)
		if errors.Is(err, meta.ErrNotExist) {
			return nil, nil // something staged, perhaps, but no entity
		}
		if err != nil {
			return nil, err
		}
	}
	owners := make(map[string]bool)
	prefix := ""
	switch entity := dir.Entity().(type) {
	case nil:
		if path = strings.Trim(path, "/"); path != "" {
			return nil, nil
		}
		prefix = "/" // the whole server
	case *client.Space:
		prefix = "/" + entity.Code + "/"
	case *client.Project:
		prefix = entity.Identifier + "/"
	case *client.Collection:
		// Its code is no part of its Objects' identifiers.
		reader, err := v.tree.Open(ctx, dir)
		if err != nil {
			return nil, err
		}
		owners[entity.PermID] = true
		for i := 0; ; i++ {
			e, err := reader.At(ctx, i)
			if err != nil {
				return nil, err
			}
			if e == nil {
				break
			}
			if object, ok := e.Entity().(*client.Object); ok {
				owners[object.PermID] = true
			}
		}
	case *client.Object:
		owners[entity.PermID] = true
	}
	var drafts []*staging.Draft
	for _, d := range v.overlay.store.Drafts() {
		if owner := d.Owner(); owners[owner.PermID] || prefix != "" && strings.HasPrefix(owner.Identifier, prefix) {
			drafts = append(drafts, d)
		}
	}
	return drafts, nil
}

// The kernel says later that a file is not open any more than it says so to the
// program that has closed it: a draft may be busy for a moment.
const (
	releaseTries = 40
	releasePause = 25 * time.Millisecond
)

// commit registers s now, also if it was held.
func (s *staged) commit(ctx context.Context) error {
	s.spoiled.Store(nil)
	if _, err := s.seal(ctx, false); err != nil {
		return err
	}
	if err := s.meta.problem(ctx); err != nil {
		return err
	}
	d := s.draftNow()
	switch d.State() {
	case staging.Registered, staging.Verified, staging.Released:
		return nil
	case staging.Opened:
		if err := inherit(ctx, d, s.vol.overlay.previous(s)); err != nil {
			return err
		}
	}
	err := d.Commit(ctx)
	for tries := 0; tries < releaseTries && errors.Is(err, staging.ErrBusy) && d.State() == staging.Opened; tries++ {
		time.Sleep(releasePause)
		err = d.Commit(ctx)
	}
	if err != nil {
		if errors.Is(err, staging.ErrPending) {
			s.vol.follow(s, d)
		}
		return err
	}
	s.vol.overlay.registered(s, d)
	return nil
}

// CommitDirectories begins the registration of all directory drafts that are
// being written still, as before unmounting. It does not wait for the outcome:
// see [staging.Store.Drain]. Drafts with temporary names, with nothing in them,
// or with files that are open, stay as they are.
func (s *Server) CommitDirectories() {
	if s.vol.overlay == nil {
		return
	}
	for _, d := range s.vol.overlay.drafts() {
		if d.directory && !d.ephemeral() && d.draftNow().State() == staging.Opened {
			d.quiet.stop()
			d.complete()
		}
	}
}

// drafts returns everything that is shown.
func (o *overlay) drafts() []*staged {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []*staged
	for _, names := range o.owners {
		for _, s := range names {
			all = append(all, s)
		}
	}
	return all
}

// end stops what waits for quiet directories.
func (o *overlay) end() {
	o.store.Watch(nil)
	for _, s := range o.drafts() {
		s.quiet.stop()
		s.mu.Lock()
		s.shut() // the kernel does not always say that a file is closed before it ends
		s.mu.Unlock()
	}
}
