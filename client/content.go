package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// BlockSize is the size of the blocks of [Content.Blocks]: that of the data store's chunks. The last block of a file is
// shorter.
const BlockSize = 1 << 20

// Content is the content of one file of a Dataset. Content of registered Datasets never changes. Its methods are safe for
// concurrent use; calls of Blocks take turns. It needs a Close after Blocks.
type Content struct {
	c    *Client
	ds   *DataSet
	file File

	turn     chan struct{} // taken by whoever uses what follows
	transfer *transferSession
	left     []*transferSession // broken off, to be finished
}

// Content gives access to the content of f, a file of ds. It does not touch the network.
func (c *Client) Content(ds *DataSet, f File) *Content {
	return &Content{c: c, ds: ds, file: f, turn: make(chan struct{}, 1)}
}

// Stream returns the file's bytes from start to the end. A data store as it comes ignores offsets, so that start is 0;
// otherwise it is offset. The body is right or fails: its length is that of the listing, and when the whole file is
// read and its checksum is known, the last bytes are held back until the checksum is right.
//
// ctx is the body's for as long as it is read. Nobody reading for a while is no failure; the server standing still for
// [Options.BlockTimeout] while somebody reads is, and ends in [context.DeadlineExceeded].
func (t *Content) Stream(ctx context.Context, offset int64) (body io.ReadCloser, start int64, err error) {
	if offset < 0 || offset > t.file.Size {
		return nil, 0, fmt.Errorf("offset %d is not in %s", offset, t.subject())
	}
	if err := t.readable("download"); err != nil {
		return nil, 0, err
	}
	url, err := t.c.storeURLOf(ctx, t.ds.DataStore)
	if err != nil {
		return nil, 0, err
	}
	d, err := withSession(ctx, t.c, true, func(cred credential) (*download, error) {
		d, err := retry(ctx, worthRepeating, func() (*download, error) { return t.get(ctx, url, cred.real, offset) })
		return d, t.c.blameSession(ctx, cred, err)
	})
	if err != nil {
		return nil, 0, err
	}
	return d, d.start, nil
}

// Close ends the file-transfer session, if Blocks has opened one. It says farewell to the server, but does not wait long.
func (t *Content) Close() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.c.life), t.c.opts.MetadataTimeout)
	defer cancel()
	t.finish(ctx)
	return nil
}

// subject names the file in errors.
func (t *Content) subject() string { return t.ds.PermID + "/" + t.file.Path }

// readable fails for content that is known to be elsewhere.
func (t *Content) readable(op string) error {
	e := Error{Op: op, Subject: t.subject()}
	switch {
	case t.file.Directory:
		e.Err, e.Message = errors.ErrUnsupported, "it is a folder"
	case t.ds.Kind == Linked:
		e.Err = ErrLinked
	case t.ds.Physical != nil && !t.ds.Physical.Status.Readable():
		e.Err, e.Message = ErrArchived, strings.ToLower(strings.ReplaceAll(string(t.ds.Physical.Status), "_", " "))
	default:
		return nil
	}
	return &e
}

// blameSession asks about the session when err may be the way in which a data store says that it is gone: a store without
// path-info database answers everything with an empty page, one that has not yet heard of the end of the session denies
// access, the access guard of the v1 interface does so for five minutes (DssServiceRpcAuthorizationAdvisor.java), and
// file-transfer drops every item.
func (c *Client) blameSession(ctx context.Context, cred credential, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if !errors.Is(err, errEmptyPage) && !errors.Is(err, ErrForbidden) {
		return err
	}
	active, activeErr := c.tokenActive(ctx, c.v3(), cred.real)
	if activeErr != nil || active {
		return err
	}
	dead := *e
	dead.Err = ErrUnauthenticated
	return &dead
}
