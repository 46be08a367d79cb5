package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The file-transfer ("fast download") protocol gives access to single chunks of 1 MiB (openBIS source,
// FileTransferServerServlet.java, DownloadServer.java). A download session is made for a list of items, here always one
// file; its chunks are numbered, put into the session's queue by number, and read from a stream, which ends when the
// queue is empty. A stream counts against a limit of the server from its first use until the session is finished.

// transferSession is a download session for one file.
type transferSession struct {
	url    string
	id     string // a secret
	stream string // a secret
	base   int64  // number of the file's first chunk
}

var (
	// errItemsDropped is the cause of an error when the server left all items out: the token is dead, or the file's
	// Dataset is unknown or invisible.
	errItemsDropped = errors.New("the data store offers none of the files")
	// errOtherFile is the cause of an error when the server has a longer or shorter file than the listing says.
	errOtherFile = errors.New("the server has another number of blocks than the listing")
	// errTransferGone is the cause of an error when the server does not know the session: it was restarted.
	errTransferGone = errors.New("the download session is gone")
)

// transferAnswer is what the servlet answers as JSON: the start of a session, or an error, in both cases with status 200.
type transferAnswer struct {
	DownloadSessionID string            `json:"downloadSessionId"`
	Ranges            map[string]string `json:"ranges"`
	StreamIDs         []string          `json:"streamIds"`

	Error     string `json:"error"`
	Exception string `json:"exception-class"`
}

// transferRequest sends a request. Parameters go into the body, as {"name":["value"]}, and not into the URL: that would
// be logged, with the token.
func (c *Client) transferRequest(ctx context.Context, h *http.Client, url string, params map[string]string) (*http.Response, error) {
	values := make(map[string][]string, len(params))
	for k, v := range params {
		values[k] = []string{v}
	}
	body, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if h == c.blocks {
		req.Header.Set("Accept-Encoding", "identity")
	}
	start := time.Now()
	resp, err := h.Do(req)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	c.log.Debug("file-transfer", "method", params["method"], "status", status, "took", time.Since(start))
	return resp, err
}

// control sends a request whose answer is small.
func (c *Client) control(ctx context.Context, e Error, url string, params map[string]string) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, c.opts.BlockTimeout)
	defer cancel()
	resp, err := c.transferRequest(limited, c.metadata, url, params)
	if err != nil {
		return answer{}, transportError(limited, e, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return answer{}, transportError(limited, e, err)
	}
	return answerOf(resp, body), nil
}

// startTransfer opens a download session for the file.
func (t *Content) startTransfer(ctx context.Context, url, token string) (*transferSession, error) {
	e := Error{Op: "file-transfer start", Subject: t.subject()}
	a, err := t.c.control(ctx, e, url, map[string]string{
		"method": "startDownloadSession", "userSessionId": token, "downloadItemIds": t.subject(), "wishedNumberOfStreams": "1",
	})
	if err != nil {
		return nil, err
	}
	e.Status = a.status
	var started transferAnswer
	if a.status != http.StatusOK || json.Unmarshal(a.body, &started) != nil {
		// A data store without this servlet takes its name for that of a Dataset.
		statusError(&e, a)
		if e.Err == nil || errors.Is(e.Err, ErrProtocol) {
			e.Err, e.Message = errors.ErrUnsupported, "the data store has no file-transfer"
		}
		return nil, &e
	}
	if started.Error != "" || started.Exception != "" {
		return nil, started.err(e)
	}
	if started.DownloadSessionID == "" {
		e.Err, e.Message = ErrProtocol, "no download session"
		return nil, &e
	}
	s := &transferSession{url: url, id: started.DownloadSessionID}
	t.left = append(t.left, s) // until it proves good
	if len(started.StreamIDs) == 0 {
		e.Err, e.Message = errors.ErrUnsupported, "no stream"
		return nil, &e
	}
	s.stream = started.StreamIDs[0]
	first, last, ok := parseRange(started.Ranges[t.subject()])
	switch {
	case !ok:
		e.Err, e.Message = ErrProtocol, "no range of chunks for the file"
		return nil, &e
	case last-first != t.lastBlock():
		e.Err, e.cause = ErrCorrupt, errOtherFile
		return nil, &e
	}
	s.base = first
	t.left = t.left[:len(t.left)-1]
	return s, nil
}

// parseRange parses "a:b".
func parseRange(s string) (first, last int64, ok bool) {
	a, b, _ := strings.Cut(s, ":")
	first, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	last, err = strconv.ParseInt(b, 10, 64)
	return first, last, err == nil && first >= 0 && last >= first
}

// err makes an error of the answer.
func (a transferAnswer) err(e Error) *Error {
	e.Exception = shortClass(a.Exception)
	e.Message = redact(shorten(a.Error))
	switch {
	case e.Exception == "DownloadException":
		e.Err = errors.ErrUnsupported // all streams are taken, for now
	case e.Exception == "InvalidDownloadSessionException" || e.Exception == "InvalidDownloadStreamException":
		e.Err, e.cause = ErrServer, errTransferGone
	case strings.Contains(a.Error, "Item ids cannot be null or empty"):
		e.Err, e.cause = ErrForbidden, errItemsDropped
	default:
		e.Err = exceptionError(a.Exception, a.Error)
	}
	return &e
}

// queue puts chunks into the session's queue.
func (t *Content) queue(ctx context.Context, s *transferSession, ranges string) error {
	e := Error{Op: "file-transfer queue", Subject: t.subject()}
	a, err := t.c.control(ctx, e, s.url, map[string]string{
		"method": "queue", "downloadSessionId": s.id, "ranges": ranges,
	})
	if err != nil {
		return err
	}
	return transferFailure(e, a)
}

// transferFailure finds the error in an answer that should be empty.
func transferFailure(e Error, a answer) error {
	e.Status = a.status
	if statusError(&e, a); e.Err != nil {
		return &e
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		return nil
	}
	var failure transferAnswer
	if err := json.Unmarshal(a.body, &failure); err != nil || failure.Error == "" && failure.Exception == "" {
		return pageError(e, a)
	}
	return failure.err(e)
}

// finishTransfer ends a download session. A failure is of no interest: there is nothing more to do about it.
func (t *Content) finishTransfer(ctx context.Context, s *transferSession) {
	e := Error{Op: "file-transfer finish", Subject: t.subject()}
	a, err := t.c.control(ctx, e, s.url, map[string]string{"method": "finishDownloadSession", "downloadSessionId": s.id})
	if err == nil {
		err = transferFailure(e, a)
	}
	if err != nil {
		t.c.log.Debug("download session not finished", "file", t.subject(), "error", err)
	}
}

// FastDownloadSession says where and with which session files can be transferred.
type FastDownloadSession struct {
	URL          string
	SessionToken string   // a secret
	Paths        []string // of those files that are in Datasets that the user may see
}

// CreateFastDownloadSession asks the data store of ds about the transfer of files. [Content.Blocks] does without it: a
// download session can be opened directly.
func (c *Client) CreateFastDownloadSession(ctx context.Context, ds *DataSet, paths ...string) (*FastDownloadSession, error) {
	const method = "createFastDownloadSession"
	url, err := c.storeURLOf(ctx, ds.DataStore)
	if err != nil {
		return nil, err
	}
	ids := make([]jsonObject, 0, len(paths))
	for _, p := range paths {
		ids = append(ids, typed("dss.dto.datasetfile.id.DataSetFilePermId",
			jsonObject{"dataSetId": dataSetPermIDObject(ds.PermID), "filePath": p}))
	}
	d, err := c.call(ctx, service{url: url + dssV3}, method, ids,
		typed("dss.dto.datasetfile.fastdownload.FastDownloadSessionOptions", jsonObject{"wishedNumberOfStreams": 1}))
	if err != nil {
		return nil, about(err, ds.PermID)
	}
	n := d.result()
	s := &FastDownloadSession{URL: n.text("downloadUrl"), SessionToken: n.text("fileTransferUserSessionId")}
	for _, f := range n.objects("files") {
		s.Paths = append(s.Paths, f.text("filePath"))
	}
	if err := d.check(method); err != nil {
		return nil, err
	}
	return s, nil
}
