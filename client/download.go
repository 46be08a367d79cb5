package client

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// errStalled ends a request of which nothing has come for too long.
var errStalled = errors.New("the server stands still")

// watchdog cancels a request when it stands still while somebody waits for it.
type watchdog struct {
	ctx     context.Context // of the request
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

// watch returns a running watchdog, and the context for the request that it watches.
func watch(ctx context.Context, timeout time.Duration) (context.Context, *watchdog) {
	w := &watchdog{timeout: timeout}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(timeout, func() { w.cancel(errStalled) })
	return w.ctx, w
}

func (w *watchdog) pause()  { w.timer.Stop() }
func (w *watchdog) resume() { w.timer.Reset(w.timeout) }

// reader reads under the eyes of the watchdog.
func (w *watchdog) reader(r io.Reader) io.Reader { return watchedReader{w, r} }

type watchedReader struct {
	dog *watchdog
	r   io.Reader
}

func (r watchedReader) Read(p []byte) (int, error) {
	r.dog.resume()
	defer r.dog.pause()
	return r.r.Read(p)
}

// end releases everything.
func (w *watchdog) end() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}

// fail finds the error for a failure of the request.
func (w *watchdog) fail(e Error, err error) *Error {
	if errors.Is(context.Cause(w.ctx), errStalled) {
		e.Err, e.cause = context.DeadlineExceeded, errStalled
		return &e
	}
	return transportError(w.ctx, e, err)
}

// failBody is fail for a body that has begun: an early end is a damage of the content.
func (w *watchdog) failBody(e Error, err error) *Error {
	failed := w.fail(e, err)
	if errors.Is(failed.Err, ErrUnavailable) && errors.Is(err, io.ErrUnexpectedEOF) {
		failed.Err = ErrCorrupt
	}
	return failed
}

// download is the body of a file. See [Content.Stream].
type download struct {
	op      Error
	body    io.Closer
	watched io.Reader
	dog     *watchdog
	start   int64
	missed  int64       // bytes to come
	sum     hash.Hash32 // nil when there is nothing to compare with
	want    uint32
	err     error // what Read returns from now on
}

// get asks the download servlet for the file.
func (t *Content) get(ctx context.Context, store, token string, offset int64) (*download, error) {
	e := Error{Op: "download", Subject: t.subject()}
	ctx, dog := watch(ctx, t.c.opts.BlockTimeout)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, store+"/"+escapePath(t.subject())+"?sessionID="+url.QueryEscape(token), nil)
	if err != nil {
		dog.end()
		return nil, transportError(ctx, e, err)
	}
	req.Header.Set("User-Agent", t.c.opts.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	begun := time.Now()
	resp, err := t.c.streams.Do(req)
	if err != nil {
		failed := dog.fail(e, err)
		dog.end()
		t.c.log.Debug("download failed", "file", t.subject(), "after", time.Since(begun), "error", failed)
		return nil, failed
	}
	t.c.log.Debug("download", "file", t.subject(), "status", resp.StatusCode, "bytes", resp.ContentLength, "took", time.Since(begun))
	start, refusal := t.accept(ctx, e, resp, offset)
	dog.pause()
	if refusal != nil {
		_ = resp.Body.Close()
		dog.end()
		return nil, refusal
	}
	d := &download{op: e, body: resp.Body, watched: dog.reader(resp.Body), dog: dog, start: start, missed: t.file.Size - start}
	if t.file.HasCRC32 && start == 0 {
		d.sum, d.want = crc32.NewIEEE(), t.file.CRC32
	}
	return d, nil
}

// escapePath escapes each element: the server's parser is strict, and a "%2F" would separate.
func escapePath(path string) string {
	elements := strings.Split(path, "/")
	for i, s := range elements {
		elements[i] = url.PathEscape(s)
	}
	return strings.Join(elements, "/")
}

// accept tells content from pages. All of this must be so: the status says success, Content-Disposition is there, which
// no page has, and the length is that of the listing.
func (t *Content) accept(ctx context.Context, e Error, resp *http.Response, offset int64) (start int64, refusal error) {
	e.Status = resp.StatusCode
	if resp.StatusCode == http.StatusPartialContent {
		want := fmt.Sprintf("bytes %d-%d/%d", offset, t.file.Size-1, t.file.Size)
		if offset == 0 || resp.Header.Get("Content-Range") != want {
			e.Err, e.Message = ErrProtocol, "the server sends another part than asked for"
			return 0, &e
		}
		start = offset
	} else if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Disposition") == "" {
		page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
		if err != nil && len(page) == 0 {
			return 0, transportError(ctx, e, err)
		}
		return 0, pageError(e, answerOf(resp, page))
	}
	switch encoding := resp.Header.Get("Content-Encoding"); {
	case encoding != "" && encoding != "identity":
		e.Err, e.Message = ErrProtocol, "the content is compressed although that was not asked for"
	case resp.ContentLength < 0:
		e.Err, e.Message = ErrProtocol, "the content comes without its length"
	case resp.ContentLength != t.file.Size-start:
		e.Err = ErrCorrupt
		e.Message = fmt.Sprintf("the server has %d bytes, listed are %d", resp.ContentLength, t.file.Size-start)
	default:
		return start, nil
	}
	return 0, &e
}

// Read returns the next bytes.
func (d *download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.missed == 0 {
		return 0, d.complete()
	}
	n, err := d.watched.Read(p)
	if int64(n) > d.missed {
		n, err = 0, errors.New("more bytes than announced") // net/http does not let this happen
	}
	d.missed -= int64(n)
	if d.sum != nil {
		_, _ = d.sum.Write(p[:n])
	}
	switch {
	case d.missed == 0:
		if err := d.complete(); !errors.Is(err, io.EOF) {
			return 0, err
		}
		return n, nil
	case errors.Is(err, io.EOF):
		d.err = d.dog.failBody(d.op, io.ErrUnexpectedEOF)
	case err != nil:
		d.err = d.dog.failBody(d.op, err)
	default:
		return n, nil
	}
	return n, d.err
}

// complete gives the verdict on the whole file.
func (d *download) complete() error {
	d.err = io.EOF
	if d.sum != nil && d.sum.Sum32() != d.want {
		e := d.op
		e.Err = ErrCorrupt
		e.Message = fmt.Sprintf("the checksum is %08x, listed is %08x", d.sum.Sum32(), d.want)
		d.err = &e
	}
	return d.err
}

// Close ends the download; what has not come is not fetched.
func (d *download) Close() error {
	d.dog.end()
	return d.body.Close()
}
