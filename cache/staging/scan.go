package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// scanLoop looks for drafts that this process did not create: at once, and then from time to time.
func (s *Store) scanLoop() {
	first := true
	for {
		if err := s.scan(); err != nil {
			s.log.Error("reading the staging directory", "err", err)
		} else if s.ctx.Err() == nil && s.family.complete.CompareAndSwap(false, true) {
			s.recallFamilies()
		}
		if first {
			close(s.scanned)
			first = false
		}
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(s.opts.Rescan):
		}
	}
}

// scan looks at every draft once.
func (s *Store) scan() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if s.ctx.Err() != nil {
			return nil
		}
		name := entry.Name()
		switch {
		case idPattern.MatchString(name):
			seen[name] = true
			s.look(name)
		case strings.HasPrefix(name, newPrefix) || strings.HasPrefix(name, delPrefix):
			s.sweep(name)
		}
	}
	for _, d := range s.Drafts() {
		if !seen[d.id] {
			s.lookAgain(d)
		}
	}
	return nil
}

// look takes notice of one draft on disk.
func (s *Store) look(id string) {
	s.mu.Lock()
	d := s.drafts[id]
	s.mu.Unlock()
	if d != nil {
		s.lookAgain(d)
		return
	}
	s.news.draft(id) // before it is read, so that nothing is missed
	d = newDraft(s, id)
	d.rec = &record{ID: id, Name: id, State: Damaged}
	r, err := readRecord(d.dir, id)
	switch {
	case errors.Is(err, ErrGone):
		return
	case err != nil:
		s.log.Error("a draft can't be read; its content is left alone", "draft", id, "path", d.Root(), "err", err)
		d.err = err
	default:
		// Without its lock the record may be the last word of a dead process or the present one of a live one. It
		// matters for an open draft only: the others are read again when they are worked on.
		if r.State == Opened {
			d.rec = r
			d.orphan()
		} else {
			d.adopt(recovered(r, time.Now().UTC()))
		}
		if r.Content == nil {
			d.setBytes(measure(d.Root()))
		}
	}
	if state := d.State(); state == Released || state == Discarded {
		return
	}
	predecessor := d.record().Predecessor
	s.link(d, "", predecessor)
	s.mu.Lock()
	known := s.drafts[id] != nil || s.closed // created by this process meanwhile
	if !known {
		s.drafts[id] = d
	}
	s.mu.Unlock()
	if known {
		s.link(d, predecessor, "")
	} else {
		s.tellWatcher(d)
		s.schedule(d)
	}
}

// orphan finds out whether an open draft has a living owner. The token is held, or nobody knows the draft yet.
func (d *Draft) orphan() {
	_ = d.acquire() // the state and Err tell
	d.relinquish()
}

// lookAgain follows what another process has done to a draft that is known.
func (s *Store) lookAgain(d *Draft) {
	select {
	case d.token <- struct{}{}:
	default:
		return // it is being worked on here
	}
	defer s.schedule(d)
	defer func() { <-d.token }()
	d.mu.Lock()
	state, mine := d.rec.State, d.own || d.unsaved
	foreign := d.foreign
	d.mu.Unlock()
	if mine || state == Released || state == Discarded {
		return
	}
	info, err := os.Stat(filepath.Join(d.dir, recordFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(d.dir); errors.Is(err, fs.ErrNotExist) {
			d.vanish()
		}
	case err == nil && (foreign || info.ModTime().After(d.seen)):
		d.seen = info.ModTime()
		d.follow()
	}
}

// follow reads the record of a draft that another process may be at work on.
func (d *Draft) follow() {
	if err := d.acquire(); err == nil || !errors.Is(err, ErrBusy) {
		d.relinquish()
		return
	}
	if r, err := readRecord(d.dir, d.id); err == nil {
		d.adopt(r)
	}
}

// sweep removes what is left of a draft that was being made or removed when its process died: neither has content that
// anybody was promised.
func (s *Store) sweep(name string) {
	dir := filepath.Join(s.dir, name)
	if strings.HasPrefix(name, newPrefix) {
		// Its maker has made the directory and may be about to lock it.
		if info, err := os.Stat(dir); err != nil || time.Since(info.ModTime()) < time.Minute {
			return
		}
	}
	lock, err := lockDraft(dir)
	if err != nil {
		return // somebody is at it
	}
	defer lock.unlock()
	if err := s.disk.RemoveAll(dir); err != nil {
		s.log.Warn("removing leftovers", "path", dir, "err", err)
	}
}

// measure adds up the sizes of all files below a path.
func measure(root string) (bytes int64) {
	_ = filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // what can't be read counts nothing
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
