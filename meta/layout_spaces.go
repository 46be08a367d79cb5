package meta

import (
	"context"
	"fmt"

	"github.com/openbisfs/openbisfs/client"
)

// loadServer lists the Spaces. Their Projects come in the same answer.
func (t *Tree) loadServer(ctx context.Context, dir *Entry) (*snapshot, error) {
	l := t.newLayout(dir, t.clock())
	spaces, err := t.src.Spaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range spaces {
		l.addSpace(s)
		l.weight += entityCost * len(s.Projects)
	}
	return l.snapshot(), nil
}

// loadSpace lists the Projects of a Space and its Objects without a Project.
func (t *Tree) loadSpace(ctx context.Context, dir *Entry) (*snapshot, error) {
	spaces, err := t.snapshot(ctx, t.server)
	if err != nil {
		return nil, err
	}
	now, ok := spaces.listing.findNode(kindSpace, "", dir.permID)
	if !ok {
		return nil, fmt.Errorf("there is no such Space any more: %w", ErrNotExist)
	}
	space := now.entity.(*client.Space)
	l := t.newLayout(now, t.clock())
	objects, err := t.src.SpaceContents(ctx, space.Code)
	if err != nil {
		return nil, err
	}
	for _, p := range space.Projects {
		l.addProject(p)
	}
	l.addObjects(objects)
	return l.snapshot(), nil
}

// loadProject lists the Collections of a Project and its Objects without a Collection.
func (t *Tree) loadProject(ctx context.Context, dir *Entry) (*snapshot, error) {
	l := t.newLayout(dir, t.clock())
	collections, objects, err := t.src.ProjectContents(ctx, dir.permID)
	if err != nil {
		return nil, err
	}
	for _, c := range collections {
		l.addCollection(c)
	}
	l.addObjects(objects)
	return l.snapshot(), nil
}
