package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// How an upload is carried out.
const (
	parallelSlices = 6
	maxUploadTries = 5 // of the whole, when the session is lost or slices prove too large
)

// UploadDataSet brings the content of ds to where [Client.RegisterDataSet] expects it. progress, if any, is told how many
// bytes of content the server has; its calls do not overlap.
//
// A slice that fails is repeated while there is hope. After an error the call may be made again, also much later: it then
// sends what is missing. The server forgets uploads with the session, and then everything is sent again and progress
// starts at 0. A registration consumes the upload, unless its error says that it was never sent.
//
// Content that is not what ds says is [ErrCorrupt], a name that the server cannot store [ErrRefused].
func (c *Client) UploadDataSet(ctx context.Context, plan Plan, ds *NewDataSet, progress func(sent int64)) error {
	store, err := c.storeURLOf(ctx, plan.DataStore)
	if err != nil {
		return err
	}
	u := c.registrations.upload(plan.UploadID)
	if err := u.take(ctx); err != nil {
		return &Error{Op: "upload", Subject: ds.Name, Err: err}
	}
	defer u.release()
	for range maxUploadTries {
		var l *layout
		l, err = newLayout(plan, ds, c.registrations.sliceSize())
		if err != nil {
			return err
		}
		_, err = withSession(ctx, c, true, func(cred credential) (struct{}, error) {
			u.begin(cred.real, l)
			return struct{}{}, c.send(ctx, u, store, progress)
		})
		switch {
		case errors.Is(err, errTooLarge) && c.registrations.shrinkSlices():
		case errors.Is(err, ErrCorrupt) && u.disown(): // it was not as unchanged as it seemed
		case errors.Is(err, ErrUnauthenticated) && ctx.Err() == nil:
		default:
			return err
		}
	}
	return err
}

// upload is what is known of an upload to a session's workspace.
type upload struct {
	turn chan struct{} // taken by whoever uses the upload

	mu      sync.Mutex
	token   string // of the session whose workspace it is in; a secret
	layout  *layout
	done    []bool // by piece
	left    int
	sent    int64          // bytes of content
	parts   map[int][]part // of files in several slices, by file
	settled bool           // everything is there
	stale   bool           // what is there is of no use
	taken   bool           // the server has consumed it, and removes it itself
	ahead   *ahead         // nil when nothing was sent ahead
}

func (u *upload) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case u.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *upload) release() { <-u.turn }

// begin goes on with the upload in the session with that token, or starts it anew.
func (u *upload) begin(token string, l *layout) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.token == token && !u.stale && len(u.done) == len(l.pieces) {
		u.layout = l
		return
	}
	u.start(token, l)
	if u.ahead != nil && u.ahead.token == token && !u.adopt(l) {
		u.ahead = nil
		u.start(token, l)
	}
}

// start begins anew. The lock is held.
func (u *upload) start(token string, l *layout) {
	u.token, u.layout = token, l
	u.done, u.left, u.sent = make([]bool, len(l.pieces)), len(l.pieces), 0
	u.settled, u.stale, u.taken = false, false, false
	u.parts = make(map[int][]part)
}

// spend has the next upload begin anew. taken tells that the server removes what is there.
func (u *upload) spend(taken bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settled, u.stale, u.taken = false, true, taken
	u.layout, u.done, u.parts, u.ahead = nil, nil, nil, nil
}

// session returns the token of the session that has the complete upload, "" when it is not known to be complete.
func (u *upload) session() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.settled {
		return ""
	}
	return u.token
}

// send sends the pieces that are missing, several at a time.
func (c *Client) send(ctx context.Context, u *upload, store string, progress func(sent int64)) error {
	report := func() {
		if progress != nil {
			progress(u.sent)
		}
	}
	u.mu.Lock()
	token, l, missing := u.token, u.layout, make([]int, 0, u.left)
	for i, done := range u.done {
		if !done {
			missing = append(missing, i)
		}
	}
	report()
	u.mu.Unlock()

	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(parallelSlices)
	for _, i := range missing {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error {
			p := l.pieces[i]
			parts, err := retry(groupCtx, sliceWorthRepeating, func() ([]part, error) {
				body := l.reader(p)
				err := c.writeWorkspace(groupCtx, store, token, p, body)
				_ = body.Close()
				parts, _ := body.read()
				return parts, err
			})
			if err != nil {
				return err
			}
			u.mu.Lock()
			defer u.mu.Unlock()
			if err := u.note(l, i, parts); err != nil {
				return err
			}
			report()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &Error{Op: "upload", Err: err}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settled = true
	return nil
}

// note notes that a piece has arrived, and checks the files that are complete with it.
func (u *upload) note(l *layout, i int, parts []part) error {
	u.done[i] = true
	u.left--
	u.sent += l.content(l.pieces[i])
	for _, p := range parts {
		f := l.files[p.file]
		u.parts[p.file] = append(u.parts[p.file], p)
		all := u.parts[p.file]
		var length int64
		for _, q := range all {
			length += q.length
		}
		if length < f.Size {
			continue
		}
		delete(u.parts, p.file)
		slices.SortFunc(all, func(a, b part) int { return int(min(max(a.offset-b.offset, -1), 1)) })
		var sum uint32
		for _, q := range all {
			sum = combineCRC32(sum, q.crc, q.length)
		}
		if sum != f.CRC32 {
			u.stale = true
			return &Error{
				Op: "upload", Subject: f.Path, Err: ErrCorrupt,
				Message: fmt.Sprintf("the file has changed: its checksum is %08x, it was %08x", sum, f.CRC32),
			}
		}
	}
	return nil
}

// DiscardUpload removes from the server what [Client.UploadDataSet] has left there and no registration has consumed. It
// does its best: what it leaves goes with the session.
func (c *Client) DiscardUpload(ctx context.Context, plan Plan) error {
	u := c.registrations.upload(plan.UploadID)
	if err := u.take(ctx); err != nil {
		return &Error{Op: "discard upload", Err: err}
	}
	defer u.release()
	defer c.registrations.drop(plan.UploadID)
	u.mu.Lock()
	token, taken := u.token, u.taken
	u.mu.Unlock()
	u.spend(true)
	if token == "" {
		token = c.lastingToken(ctx) // perhaps from before a restart
	}
	if token == "" || taken {
		return nil
	}
	store, err := c.storeURLOf(ctx, plan.DataStore)
	if err != nil {
		return err
	}
	err = c.deleteWorkspace(ctx, store, token, plan.workspaceName())
	if errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrNotFound) {
		return nil // it has gone with its session
	}
	return err
}
