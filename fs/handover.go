package fs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/meta"
)

// relic is what stays of a staged file or folder when its local copy was given
// back: what stat says, and where the content is.
type relic struct {
	attr  fuse.Attr
	entry *meta.Entry       // the Dataset's file; nil for a folder
	names map[string]*relic // of a folder
}

// find returns what is at a path below a folder, nil if nothing is.
func (r *relic) find(rel string) *relic {
	if rel == "" {
		return r
	}
	for name := range strings.SplitSeq(rel, "/") {
		if r = r.names[name]; r == nil {
			return nil
		}
	}
	return r
}

// watch waits until the server is known to have the draft of s, to read from
// there what is in the way here.
func (s *staged) watch(d *staging.Draft) {
	d.OnVerified(func(ds *client.DataSet, twins []staging.Twin) {
		if d.Pin() == nil { // it is not too late
			s.vol.background.Go(func() { s.handOver(d, ds, twins) })
		}
	})
}

// handOver gives the content of a draft to the cache, under the names that it has
// in the Dataset, and then prepares to do without the local copy.
func (s *staged) handOver(d *staging.Draft, ds *client.DataSet, twins []staging.Twin) {
	for _, twin := range twins {
		if err := s.vol.put(d, ds, twin); err != nil {
			s.vol.log.Debug("not cached", "draft", d.ID(), "path", twin.Path, "err", err)
		}
	}
	r, err := s.vol.relicOf(d, ds, twins)
	if err != nil {
		s.vol.log.Debug("the staged copy stays", "draft", d.ID(), "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draftNow() != d || s.unlinked:
		d.Release() // nobody reads it
	case !s.shown && s.vol.overlay.found(s):
		s.heir = r
		d.Release()
	case r != nil:
		s.heir = r
		s.giveBack()
	}
}

// show keeps what the name stands for, the local copy or its relic, for as long as the mount lives.
func (s *staged) show() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = true
	s.giveBack()
	if s.relic.Load() != nil {
		return nil
	}
	return s.draftNow().Pin()
}

// put offers one file to the cache.
func (v *volume) put(d *staging.Draft, ds *client.DataSet, twin staging.Twin) error {
	if twin.File.Directory {
		return nil
	}
	file, err := d.OpenFile(twin.Path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(v.cache.Put(v.life, v.contentKey(twinEntry(ds, twin)), file), file.Close())
}

// twinEntry is a Dataset's file by which content is found, as in a listing.
func twinEntry(ds *client.DataSet, twin staging.Twin) *meta.Entry {
	return &meta.Entry{Name: filepath.Base(twin.File.Path), Type: meta.File, Size: twin.File.Size, DataSet: ds, File: twin.File}
}

// relicOf describes the local copy of a draft. Files that were not registered are
// not in it: they go with the copy. A file that the data store shows as a folder can't
// be read from there, and is an error, as is a symbolic link, which the Dataset does not have.
func (v *volume) relicOf(d *staging.Draft, ds *client.DataSet, twins []staging.Twin) (*relic, error) {
	entries := make(map[string]*meta.Entry, len(twins))
	for _, twin := range twins {
		if twin.File.Directory {
			return nil, &fs.PathError{Op: "read", Path: twin.File.Path, Err: syscall.EISDIR}
		}
		entries[twin.Path] = twinEntry(ds, twin)
	}
	var top *relic
	err := filepath.WalkDir(d.Root(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(d.Root(), path)
		if err != nil {
			return err
		}
		if rel == "." {
			rel = ""
		}
		if entry.Type() == fs.ModeSymlink {
			return &fs.PathError{Op: "read", Path: rel, Err: errors.ErrUnsupported}
		}
		content := entries[rel]
		if content == nil && !entry.IsDir() {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		r := &relic{entry: content}
		v.fillDraft(d, info, &r.attr)
		if entry.IsDir() {
			r.names = make(map[string]*relic)
		}
		if top == nil {
			top = r
			return nil
		}
		folder, name := filepath.Split(rel)
		top.find(strings.TrimSuffix(folder, "/")).names[name] = r
		return v.life.Err()
	})
	if err != nil {
		return nil, err
	}
	return top, nil
}

// giveBack removes the local copy, when nobody has anything of it open. The lock is held.
func (s *staged) giveBack() {
	r := s.heir
	if r == nil || s.opens > 0 || !s.quiet.unlessOpen(func() { s.relic.Store(r) }) {
		return
	}
	s.heir = nil
	s.shut()
	s.draftNow().Release()
}

// read opens the content of a relic's file.
func (v *volume) read(r *relic, name string) *readHandle {
	e := r.entry
	file := v.cache.Open(v.contentKey(e), func() cache.Remote { return v.remote(e) })
	return &readHandle{vol: v, path: func() string { return name }, file: file, size: e.Size}
}

// relicReader reads a relic's file as a program would.
type relicReader struct {
	ctx  context.Context
	file *cache.File
}

// ReadAt implements [io.ReaderAt].
func (r relicReader) ReadAt(p []byte, off int64) (int, error) { return r.file.ReadAt(r.ctx, p, off) }
