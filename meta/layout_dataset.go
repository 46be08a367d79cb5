package meta

import (
	"context"
	"errors"
	"fmt"

	"github.com/openbisfs/openbisfs/client"
)

// loadDataSet lists the root of a Dataset: its files and folders, or a
// container's components, and what the tree adds.
func (t *Tree) loadDataSet(ctx context.Context, dir *Entry) (*snapshot, error) {
	ds := dir.DataSet
	l := t.newLayout(dir, t.clock())
	var summary *fileSummary
	if ds.Kind == client.Container {
		t.addLinks(ctx, l, dataSetRelatives(ds.Components), ds.Registered)
	} else {
		files, err := t.files(ctx, ds)
		if err != nil {
			return nil, err
		}
		if files.known {
			summary = &files.summary
		}
		l.entries = append(l.entries, t.folderListing(dir, files, "", ds).entries...)
	}
	l.addRelations(dataSetRelatives(ds.Parents), dataSetRelatives(ds.Children), ds.Registered)
	s := l.snapshot()
	s.summary = summary
	return s, nil
}

// files returns the files of a Dataset. They are asked for once, unless the
// server has not finished with them.
func (t *Tree) files(ctx context.Context, ds *client.DataSet) (*fileTree, error) {
	return get(ctx, t.answers, id{kind: answerFiles, permID: ds.PermID}, func(ctx context.Context) (*fileTree, error) {
		asOf := t.clock()
		list, err := t.src.Files(ctx, ds)
		switch {
		case err == nil:
		case ds.Kind == client.Linked && (errors.Is(err, client.ErrLinked) || errors.Is(err, client.ErrNotFound)):
			// what is in another system needs no files here
			return &fileTree{folders: map[string]*folder{"": {}}, expires: t.expiry(asOf)}, nil
		case errors.Is(err, client.ErrNotFound):
			// The Dataset exists. That its files can't be found is a failure, not absence.
			return nil, fmt.Errorf("data store %s does not find the files: %v", ds.DataStore, err) //nolint:errorlint // must not match ErrNotFound
		default:
			return nil, err
		}
		files := newFileTree(list, func(what, path string) { t.odd.note(what, ds.PermID, path) })
		if !files.complete() {
			files.expires = t.expiry(asOf)
		}
		return files, nil
	})
}

// folder lists a folder of a Dataset.
func (t *Tree) folder(ctx context.Context, dir *Entry) (*Listing, error) {
	ds := t.contentOwner(ctx, dir)
	files, err := t.files(ctx, ds)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir.Path(), err)
	}
	if _, ok := files.folders[dir.File.Path]; !ok {
		return nil, fmt.Errorf("list %s: %w", dir.Path(), ErrNotExist)
	}
	return t.folderListing(dir, files, dir.File.Path, ds), nil
}

// contentOwner returns the Dataset that a folder is in, as it is now. If its
// files were not readable, it asks whether they are meanwhile.
func (t *Tree) contentOwner(ctx context.Context, dir *Entry) *client.DataSet {
	owner := dir
	for owner.id.kind == kindFolder {
		owner = owner.parent
	}
	now := t.current(owner)
	if p := now.DataSet.Physical; p != nil && !p.Status.Readable() {
		if _, err := t.snapshot(ctx, now.parent); err == nil {
			now = t.current(owner)
		}
	}
	return now.DataSet
}

// folderListing returns the listing of the folder at path, from earlier if
// nothing about the Dataset has changed that its files show.
func (t *Tree) folderListing(dir *Entry, files *fileTree, path string, ds *client.DataSet) *Listing {
	folder := files.folders[path]
	if last := folder.last.Load(); last != nil && sameContent(last.dataSet, ds) {
		return last.listing
	}
	fixed := files.expires.IsZero()
	entries := make([]*Entry, len(folder.nodes))
	for i, n := range folder.nodes {
		e := &Entry{
			Name: n.name, Type: File, Size: max(n.file.Size, 0), ModTime: ds.Registered,
			DataSet: ds, File: n.file, id: id{kind: kindFile, permID: ds.PermID, path: n.file.Path}, parent: dir, fixed: fixed,
		}
		if n.file.Directory {
			e.Type, e.Size, e.id.kind = Dir, 0, kindFolder
		}
		e.Inode = inode(e.id, 0)
		entries[i] = e
	}
	listing, _ := newListing(entries)
	spill(listing.entries)
	folder.last.Store(&folderListing{listing, ds})
	return listing
}

// sameContent tells whether entries that refer to one of two versions of a
// Dataset are as good as entries that refer to the other.
func sameContent(a, b *client.DataSet) bool {
	return a == b || a.Kind == b.Kind && a.DataStore == b.DataStore && a.Registered.Equal(b.Registered) && status(a) == status(b)
}

func status(ds *client.DataSet) client.ArchivingStatus {
	if ds.Physical == nil {
		return ""
	}
	return ds.Physical.Status
}
