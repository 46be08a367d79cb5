package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// Blocks fetches the blocks first … first+count-1 by way of file-transfer and hands each of them to deliver, in any
// order, as soon as it is there and its checksum is right. deliver owns the data; an error of it ends the call and is
// returned. Where single blocks cannot be had, the error is [errors.ErrUnsupported]: members of an HDF5 container, paths
// that the protocol cannot express, a server without the protocol or, for the moment, without a free stream. Whatever the
// error, the blocks that were delivered are right.
func (t *Content) Blocks(ctx context.Context, first, count int64, deliver func(n int64, data []byte) error) error {
	if first < 0 || count < 0 || first+count-1 > t.lastBlock() {
		return fmt.Errorf("blocks %d+%d are not in %s", first, count, t.subject())
	}
	if err := t.readable("file-transfer"); err != nil {
		return err
	}
	if !transferable(t.file.Path) {
		return &Error{Op: "file-transfer", Subject: t.subject(), Err: errors.ErrUnsupported, Message: "this path cannot be asked for"}
	}
	if err := t.take(ctx); err != nil {
		return &Error{Op: "file-transfer", Subject: t.subject(), Err: err}
	}
	defer t.release()
	b := &burst{deliver: deliver, missing: make(map[int64]bool, count)}
	for n := first; n < first+count; n++ {
		b.missing[n] = true
	}
	_, err := retry(ctx, b.worthRepeating, func() (struct{}, error) {
		for len(b.missing) > 0 {
			before := len(b.missing)
			if err := t.round(ctx, b); err != nil {
				t.abandon()
				return struct{}{}, err
			}
			if len(b.missing) == before {
				t.abandon()
				return struct{}{}, &Error{Op: "file-transfer", Subject: t.subject(), Err: ErrCorrupt, Message: "the server sent no chunk that was asked for"}
			}
		}
		return struct{}{}, nil
	})
	return err
}

// lastBlock is the number of the file's last block. A file without bytes has one without bytes.
func (t *Content) lastBlock() int64 { return max(t.file.Size-1, 0) / BlockSize }

// blockLen is the length of a block.
func (t *Content) blockLen(n int64) int64 { return min(t.file.Size-n*BlockSize, BlockSize) }

// transferable tells whether single blocks of a file can be asked for. Items are listed with commas and trimmed. Members of
// HDF5 containers have no file on the server's disk, and a chunk of them is right only the first time.
func transferable(path string) bool {
	if strings.Contains(path, ",") || strings.TrimFunc(path, func(r rune) bool { return r <= ' ' }) != path {
		return false
	}
	elements := strings.Split(path, "/")
	return !slices.ContainsFunc(elements[:len(elements)-1], func(name string) bool {
		name = strings.ToLower(name)
		return strings.HasSuffix(name, ".h5ar") || strings.HasSuffix(name, ".h5") || strings.HasSuffix(name, ".hdf5")
	})
}

// take waits for the turn, until ctx ends.
func (t *Content) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Content) release() { <-t.turn }

// burst is a call of Blocks.
type burst struct {
	deliver func(n int64, data []byte) error
	missing map[int64]bool
	stop    error // of deliver
}

// worthRepeating tells whether another round, with a new download session, may succeed.
func (b *burst) worthRepeating(err error) bool {
	if b.stop != nil || errors.Is(err, errOtherFile) {
		return false
	}
	return worthRepeating(err) || errors.Is(err, ErrCorrupt) || errors.Is(err, errTransferGone)
}

// round queues what is missing and takes what the stream has.
func (t *Content) round(ctx context.Context, b *burst) error {
	s, err := t.session(ctx)
	if err != nil {
		return err
	}
	if err := t.queue(ctx, s, b.ranges(s.base)); err != nil {
		return err
	}
	e := Error{Op: "file-transfer download", Subject: t.subject()}
	ctx, dog := watch(ctx, t.c.opts.BlockTimeout)
	defer dog.end()
	resp, err := t.c.transferRequest(ctx, t.c.blocks, s.url, map[string]string{
		"method": "download", "downloadSessionId": s.id, "downloadStreamId": s.stream,
		"numberOfChunks": strconv.Itoa(len(b.missing)),
	})
	if err != nil {
		return dog.fail(e, err)
	}
	defer func() { _ = resp.Body.Close() }()
	e.Status = resp.StatusCode
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); resp.StatusCode != 200 || kind != "application/octet-stream" {
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
		if err != nil {
			return dog.fail(e, err)
		}
		return transferFailure(e, answerOf(resp, body))
	}
	stream := dog.reader(resp.Body)
	for {
		c, err := readChunk(stream)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.chunkFailure(dog, e, err)
		}
		if err := t.dispatch(e, s, b, c); err != nil {
			return err
		}
	}
}

// chunkFailure finds the error for a chunk that could not be read.
func (t *Content) chunkFailure(dog *watchdog, e Error, err error) error {
	failed := dog.fail(e, err)
	if errors.Is(failed.Err, ErrUnavailable) && !isNetworkError(err) {
		failed.Err = ErrCorrupt
	}
	return failed
}

// dispatch delivers a chunk by its number. Chunks that nobody waits for are left over from a download that was broken off.
func (t *Content) dispatch(e Error, s *transferSession, b *burst, c chunk) error {
	n := c.sequence - s.base
	if !b.missing[n] {
		return nil
	}
	if c.offset != n*BlockSize || int64(len(c.payload)) != t.blockLen(n) {
		e.Err, e.Message = ErrCorrupt, fmt.Sprintf("chunk %d is not the block %d of the listing", c.sequence, n)
		return &e
	}
	delete(b.missing, n)
	if err := b.deliver(n, c.payload); err != nil {
		b.stop = err
		return err
	}
	return nil
}

// ranges writes the missing blocks as ranges of chunk numbers: "3:5,8:8".
func (b *burst) ranges(base int64) string {
	blocks := make([]int64, 0, len(b.missing))
	for n := range b.missing {
		blocks = append(blocks, n)
	}
	slices.Sort(blocks)
	var parts []string
	for i := 0; i < len(blocks); {
		j := i
		for j+1 < len(blocks) && blocks[j+1] == blocks[j]+1 {
			j++
		}
		parts = append(parts, fmt.Sprintf("%d:%d", base+blocks[i], base+blocks[j]))
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// session returns the open download session, or opens one.
func (t *Content) session(ctx context.Context) (*transferSession, error) {
	if t.transfer != nil {
		return t.transfer, nil
	}
	t.finishLeft(ctx)
	url, err := t.c.storeURLOf(ctx, t.ds.DataStore)
	if err != nil {
		return nil, err
	}
	s, err := withSession(ctx, t.c, true, func(cred credential) (*transferSession, error) {
		s, err := t.startTransfer(ctx, url+transfer, cred.real)
		return s, t.c.blameSession(ctx, cred, err)
	})
	if len(t.left) > 0 || s != nil {
		t.c.remember(t)
	}
	t.transfer = s
	return s, err
}

// abandon gives the download session up after a failure: what is left in its queue would come first next time. It is
// finished later, since this is no time to wait for the server.
func (t *Content) abandon() {
	if t.transfer != nil {
		t.left = append(t.left, t.transfer)
		t.transfer = nil
	}
}

func (t *Content) finishLeft(ctx context.Context) {
	for _, s := range t.left {
		t.finishTransfer(ctx, s)
	}
	t.left = nil
}

// finish ends all download sessions of the file.
func (t *Content) finish(ctx context.Context) {
	if t.take(ctx) != nil {
		return
	}
	defer t.release()
	t.abandon()
	t.finishLeft(ctx)
	t.c.forget(t)
}

// remember has the client finish the download sessions of t when it is closed.
func (c *Client) remember(t *Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transfers[t] = struct{}{}
}

func (c *Client) forget(t *Content) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.transfers, t)
}
