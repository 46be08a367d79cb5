package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The session workspace is a folder that a data store server has for each session and removes after it (openBIS source,
// SessionWorkspaceFileUploadServlet.java). All parameters of an upload are in the query; the body is what is written to
// the file, from the byte startByte on. Nothing is ever truncated.

// errTooLarge is the cause of an error when something before the server takes no request of this size.
var errTooLarge = errors.New("the request is too large")

// writeWorkspace writes a slice of a file into the session workspace. A slice without bytes makes the file.
func (c *Client) writeWorkspace(ctx context.Context, store, token string, p piece, body *sliceReader) error {
	e := Error{Op: "upload", Subject: p.name}
	ctx, dog := watch(ctx, c.opts.BlockTimeout)
	defer dog.end()
	query := url.Values{
		"sessionID": {token}, "filename": {p.name}, "id": {"1"},
		"startByte": {strconv.FormatInt(p.start, 10)}, "endByte": {strconv.FormatInt(max(p.start+p.length-1, 0), 10)},
	}
	if p.folder {
		query.Set("emptyFolder", "true")
	}
	// The server reads a plus as a blank too, but a proxy may not.
	address := store + "/session_workspace_file_upload?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	var content io.Reader = http.NoBody
	if p.length > 0 {
		body.onRead = dog.resume
		content = body
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, content)
	if err != nil {
		return transportError(ctx, e, err)
	}
	req.ContentLength = p.length
	// A form would be eaten by the server's parser of parameters.
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	start := time.Now()
	resp, err := c.uploads.Do(req)
	if _, readErr := body.read(); readErr != nil {
		if err == nil {
			_ = resp.Body.Close()
		}
		return readErr
	}
	if err != nil {
		failed := dog.fail(e, err)
		c.log.Debug("upload failed", "file", p.name, "from", p.start, "after", time.Since(start), "error", failed)
		return failed
	}
	defer func() { _ = resp.Body.Close() }()
	c.clock.observe(resp.Header)
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return dog.fail(e, err)
	}
	c.log.Debug("upload", "file", p.name, "from", p.start, "bytes", p.length, "status", resp.StatusCode, "took", time.Since(start))
	return uploadVerdict(e, p, answerOf(resp, answer))
}

// uploadVerdict checks the answer to a slice. The size in it is that of what was written by this request.
func uploadVerdict(e Error, p piece, a answer) error {
	e.Status = a.status
	if a.status != http.StatusOK {
		return servletError(e, a)
	}
	var written struct {
		Size   *int64 `json:"size"`
		Status string `json:"status"`
	}
	if err := json.Unmarshal(a.body, &written); err != nil || written.Size == nil || written.Status == "" {
		return pageError(e, a)
	}
	switch {
	case written.Status != "ok":
		e.Err, e.Message = ErrServer, "the server says "+strconv.Quote(written.Status)
	case !p.folder && *written.Size != p.length:
		e.Err, e.Message = ErrCorrupt, fmt.Sprintf("the server has written %d bytes of %d", *written.Size, p.length)
	default:
		return nil
	}
	return &e
}

// servletError finds the error in the page that the server makes of an exception in a servlet.
func servletError(e Error, a answer) error {
	switch a.status {
	case http.StatusRequestEntityTooLarge:
		e.Err, e.cause = ErrRefused, errTooLarge
		return &e
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		e.Err, e.Message = ErrRefused, "the path is too long for the server"
		return &e
	case http.StatusInternalServerError:
	default:
		return pageError(e, a)
	}
	message := exceptionText(a)
	if message == "" {
		return pageError(e, a)
	}
	e.Message = redact(shorten(message))
	e.Err = messageError(message)
	if strings.Contains(message, "InvalidSessionException") {
		e.Err = ErrUnauthenticated
	}
	if e.Err == nil {
		e.Err = ErrServer
	}
	return &e
}

var exceptionRow = regexp.MustCompile(`(?is)<th>(?:MESSAGE|CAUSED BY):</th><td>(.*?)</td>`)

// exceptionText cuts the exceptions out of Jetty's error page, in either of its forms.
func exceptionText(a answer) string {
	var fields map[string]any
	if json.Unmarshal(a.body, &fields) == nil {
		var texts []string
		for _, key := range []string{"message", "cause0", "cause1", "cause2"} {
			if s, ok := fields[key].(string); ok && s != "" {
				texts = append(texts, s)
			}
		}
		return strings.Join(texts, "; ")
	}
	var texts []string
	for _, row := range exceptionRow.FindAllSubmatch(a.body, 4) {
		texts = append(texts, strings.TrimSpace(html.UnescapeString(string(row[1]))))
	}
	return strings.Join(texts, "; ")
}

// sliceWorthRepeating tells whether the same slice may be accepted soon. Writing a slice again does no harm.
func sliceWorthRepeating(err error) bool {
	var e *Error
	if !errors.As(err, &e) || errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrRefused) || errors.Is(err, errors.ErrUnsupported) {
		return false
	}
	return worthRepeating(err) || errors.Is(err, errStalled) || errors.Is(err, ErrCorrupt) || e.Status == http.StatusInternalServerError
}

// deleteWorkspace removes a file or folder, with all that is in it, from the session workspace.
func (c *Client) deleteWorkspace(ctx context.Context, store, token, name string) error {
	_, err := c.invoke(ctx, store+dssV1, "deleteSessionWorkspaceFile", token, name)
	return hide(about(err, name), token)
}
