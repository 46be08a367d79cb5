package client

import (
	"context"
	"io"

	"golang.org/x/sync/errgroup"
)

// aheadSlices is how many slices of a file that is being written are sent at a time.
const aheadSlices = 3

// Growing is the content of a file that is being written, as [Client.UploadAhead] reads it.
type Growing interface {
	io.ReaderAt
	// Await waits until the bytes before end are written. An error says that no more is to be sent ahead.
	Await(ctx context.Context, end int64) error
	// Reading is told that the bytes from off up to end are about to be read, to be sent.
	Reading(off, end int64)
	// Unchanged tells whether none of these bytes has been written since Reading was told of them.
	Unchanged(off, end int64) bool
}

// UploadAhead sends the beginning of a Dataset's only file while that is still being written: of ds, size and checksum of
// the file are not used. It sends slices as they become complete and ends when content says so, after everything
// that was sent has been answered. [Client.UploadDataSet] then finds what it need not send: slices that are
// unchanged. The others it sends again, which is safe, because nobody is writing the old ones any more.
//
// After an error that is not certain: a request may be on its way still. The plan is then of no use, and another one has to
// be made. The same is true when the file ends before what was sent of it, because the server truncates nothing.
func (c *Client) UploadAhead(ctx context.Context, plan Plan, ds *NewDataSet, content Growing) error {
	slice := c.registrations.sliceSize()
	l, err := newLayout(plan, ds, slice)
	if err != nil {
		return err
	}
	store, err := c.storeURLOf(ctx, plan.DataStore)
	if err != nil {
		return err
	}
	u := c.registrations.upload(plan.UploadID)
	if err := u.take(ctx); err != nil {
		return &Error{Op: "upload", Subject: ds.Name, Err: err}
	}
	defer u.release()
	cred, err := c.credential(ctx, true)
	if err != nil {
		return err
	}
	a := &ahead{token: cred.real, name: l.pieces[0].name, content: content, parts: make(map[int64]part)}
	var first, header int64
	if l.archive != nil {
		// The header has the checksum, so that its slice is the last.
		first, header = 1, l.archive.entries[0].headerLen()
	}
	file := NewFile{Content: func() (FileContent, error) { return openGrowing{content}, nil }}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(aheadSlices)
	for n := first; ; n++ {
		off := n*slice - header
		if content.Await(groupCtx, off+slice) != nil {
			break
		}
		group.Go(func() error {
			content.Reading(off, off+slice)
			body := &sliceReader{files: []NewFile{file}, segments: []segment{{offset: off, length: slice}}}
			err := c.writeWorkspace(groupCtx, store, cred.real, piece{name: a.name, start: n * slice, length: slice}, body)
			_ = body.Close()
			if err != nil {
				return err
			}
			parts, err := body.read()
			u.mu.Lock()
			defer u.mu.Unlock()
			if len(parts) == 1 {
				a.parts[n*slice] = parts[0]
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &Error{Op: "upload", Subject: ds.Name, Err: err}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ahead = a
	return nil
}

// openGrowing is Growing content that somebody else closes.
type openGrowing struct{ Growing }

// Close does nothing.
func (openGrowing) Close() error { return nil }

// ahead is what was sent of a file before it was complete.
type ahead struct {
	token   string // of the session whose workspace it is in; a secret
	name    string // in the workspace
	content Growing
	parts   map[int64]part // by the place in the workspace's file
}

// adopt notes as done what was sent ahead and is right still. It returns false when not all of it can have been right.
// The lock is held.
func (u *upload) adopt(l *layout) bool {
	a := u.ahead
	for i, p := range l.pieces {
		sent, ok := a.parts[p.start]
		if !ok || p.name != a.name {
			continue
		}
		segments := l.segments(p)
		if len(segments) != 1 || segments[0].data != nil || segments[0].offset != sent.offset || segments[0].length != sent.length {
			continue
		}
		if !a.content.Unchanged(sent.offset, sent.offset+sent.length) {
			continue
		}
		if u.note(l, i, []part{sent}) != nil {
			return false
		}
	}
	return true
}

// disown forgets what was sent ahead, if anything.
func (u *upload) disown() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	had := u.ahead != nil
	u.ahead = nil
	return had
}
