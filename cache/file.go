package cache

import (
	"context"
	"errors"
	"io"
)

// File is a handle for cached content. It is safe for concurrent use: reads at
// several places are told apart by where they are, not by who makes them.
type File struct {
	content *content

	// guarded by Store.mu
	closed     bool
	unverified bool  // was given bytes whose checksum was not known to be right
	err        error // they were wrong
}

// Size returns the length of the content in bytes.
func (f *File) Size() int64 { return f.content.key.Size }

// ReadAt reads len(p) bytes from off on, as [io.ReaderAt] does: with fewer
// comes an error, which is io.EOF at the end of the file. When ctx ends, the
// wait ends with its error, and what was being fetched is fetched nevertheless.
// What is present is returned even then.
func (f *File) ReadAt(ctx context.Context, p []byte, off int64) (int, error) {
	rest := f.Size() - off
	switch {
	case off < 0:
		return 0, errors.New("cache: negative offset")
	case len(p) == 0:
		return 0, nil
	case rest <= 0:
		return 0, io.EOF
	}
	var end error
	if int64(len(p)) > rest {
		p, end = p[:rest], io.EOF
	}
	done := 0
	for done < len(p) {
		n, err := f.read(ctx, p[done:], off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, end
}

// read reads the part of p that is in the first blocks it touches. All of them
// are asked for before the first is waited for.
func (f *File) read(ctx context.Context, p []byte, off int64) (int, error) {
	c, s := f.content, f.content.store
	first := off / BlockSize
	count := min((off+int64(len(p))-1)/BlockSize-first+1, s.group)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := f.usable(); err != nil {
		return 0, err
	}
	var blocks [maxGroup]*block
	for i := range count {
		blocks[i] = c.touch(first + i)
	}
	defer func() {
		for _, b := range blocks[:count] {
			b.leave()
		}
	}()
	c.dispatch()

	done := 0
	for i := range count {
		from := int(off + int64(done) - (first+i)*BlockSize)
		to := min(from+len(p)-done, blocks[i].len())
		buf, err := f.await(ctx, &blocks[i], to)
		if err != nil {
			return done, err
		}
		s.mu.Unlock()
		done += copy(p[done:], buf.data[from:to])
		s.mu.Lock()
		s.budget.unpin(buf)
	}
	return done, nil
}

// usable says why the handle can't be read from.
func (f *File) usable() error {
	if f.closed || f.content.store.closed {
		return errClosed
	}
	return f.err
}

// await returns the buffer of *b, pinned, when its first need bytes are there.
// Store.mu is given up while it waits. If *b has gone before, another block takes
// its place.
func (f *File) await(ctx context.Context, b **block, need int) (*buffer, error) {
	c, s := f.content, f.content.store
	for {
		if err := f.usable(); err != nil {
			return nil, err
		}
		switch {
		case (*b).state == gone:
			(*b).leave()
			*b = c.touch((*b).n)
			c.dispatch()
			continue
		case (*b).filled >= need:
			return (*b).pin(f), nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w := &waiter{file: f, need: need, done: make(chan struct{})}
		(*b).waiters = append((*b).waiters, w)
		s.mu.Unlock()
		select {
		case <-w.done:
			s.mu.Lock()
		case <-ctx.Done():
			s.mu.Lock()
			(*b).forget(w)
			return nil, ctx.Err()
		}
		if w.err != nil {
			return nil, w.err
		}
		return w.buf, nil
	}
}

// Close gives the handle up; reads on it fail from then on. With the last
// handle of a file end its streams, and, in the background, its Remote is
// closed when what is being fetched is there. It always returns nil.
func (f *File) Close() error {
	c := f.content
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	delete(c.handles, f)
	if len(c.handles) == 0 {
		c.quiet()
	}
	return nil
}
