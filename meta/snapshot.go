package meta

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// snapshot is what is known about one directory.
type snapshot struct {
	dir     *Entry
	listing *Listing // without the document
	expires time.Time
	weight  int
	summary *fileSummary // of a Dataset whose files are known

	// full is the listing with the document, once somebody wanted it.
	full atomic.Pointer[Listing]
}

func (s *snapshot) expiry() time.Time { return s.expires }
func (s *snapshot) cost() int         { return s.weight }

// snapshot returns what is known about a directory that is not a folder of a
// Dataset, from memory or from the server.
func (t *Tree) snapshot(ctx context.Context, dir *Entry) (*snapshot, error) {
	if dir.Type != Dir {
		return nil, fmt.Errorf("%s: %w", dir.Path(), ErrNotDir)
	}
	s, err := getArriving(ctx, t.answers, dir.id, func(ctx context.Context, arriving *arrivals) (*snapshot, error) {
		return t.load(ctx, t.current(dir), arriving)
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir.Path(), err)
	}
	return s, nil
}

// load asks the server about a directory. It may return a snapshot beside an
// error: what is known if the server can't be asked. Entries of large directories
// are in arriving before it returns.
func (t *Tree) load(ctx context.Context, dir *Entry, arriving *arrivals) (*snapshot, error) {
	switch dir.id.kind {
	case kindRoot:
		return t.loadServer(ctx, dir)
	case kindSpace:
		return t.loadSpace(ctx, dir)
	case kindProject:
		return t.loadProject(ctx, dir)
	case kindCollection:
		return t.loadCollection(ctx, dir, arriving)
	case kindObject:
		return t.loadObject(ctx, dir)
	case kindDataSet:
		return t.loadDataSet(ctx, dir)
	case kindParents, kindChildren:
		return t.loadRelatives(ctx, dir)
	default:
		return nil, ErrNotDir
	}
}

// current returns the latest that is known about the entity behind e, without
// asking anybody: a directory that has been open for long has an old entry.
func (t *Tree) current(e *Entry) *Entry {
	if e.parent == nil || e.entity == nil {
		return e
	}
	s, ok := peek[*snapshot](t.answers, e.parent.id)
	if !ok {
		return e
	}
	found, ok := s.listing.Find(e.Name)
	if !ok || found.id != e.id {
		found, ok = s.listing.findNode(e.id.kind, "", e.permID)
	}
	if !ok || found.id != e.id || found.asOf.Before(e.asOf) {
		return e
	}
	return found
}

// withDocument returns the listing with the directory's document, if such a
// directory has one. A document that can't be made is listed nevertheless: the
// error is that of whoever reads it.
func (t *Tree) withDocument(ctx context.Context, s *snapshot) (*Listing, error) {
	if !hasDocument(s.dir.id.kind) {
		return s.listing, nil
	}
	dir := t.current(s.dir)
	if full := s.full.Load(); full != nil && (full.document == nil || full.document.parent.entity == dir.entity && full.document.doc.err == nil) {
		return full, nil
	}
	document, err := t.newDocument(ctx, dir, s.summary)
	if err != nil {
		return nil, err
	}
	full := s.listing.with(document)
	s.full.Store(full)
	return full, nil
}
