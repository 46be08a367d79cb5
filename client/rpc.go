package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of what is read from a server.
const (
	maxAnswer = 1 << 30  // of JSON-RPC
	maxPage   = 64 << 10 // of an error page
)

// request is a JSON-RPC request. The id is a text, since a request without one is not answered at all.
type request struct {
	Version string `json:"jsonrpc"`
	ID      string `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// invoke sends one JSON-RPC request within the time for metadata and returns its result. It knows nothing of sessions.
func (c *Client) invoke(ctx context.Context, url, method string, params ...any) (*document, error) {
	if params == nil {
		params = []any{} // absent is not the same for a data store's v1 services
	}
	body, err := json.Marshal(request{"2.0", strconv.FormatInt(c.requests.Add(1), 10), method, params})
	if err != nil {
		return nil, &Error{Op: method, Err: ErrProtocol, cause: err}
	}
	limited, cancel := context.WithTimeout(ctx, c.opts.MetadataTimeout)
	defer cancel()
	send := func() (*document, error) { return c.post(limited, url, method, body) }
	if idempotent(method) {
		return retry(limited, worthRepeating, send)
	}
	return send()
}

// idempotent tells whether a method may be called again when its answer was lost. A second login only makes
// another session, but a second token would stay for weeks.
func idempotent(method string) bool {
	return !strings.HasPrefix(method, "create") || method == "createFastDownloadSession"
}

// post sends the body once.
func (c *Client) post(ctx context.Context, url, method string, body []byte) (*document, error) {
	return c.postBy(ctx, c.metadata, url, method, body)
}

func (c *Client) postBy(ctx context.Context, h *http.Client, url, method string, body []byte) (*document, error) {
	e := Error{Op: method}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, transportError(ctx, e, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	start := time.Now()
	resp, err := h.Do(req)
	if err != nil {
		failed := transportError(ctx, e, err)
		c.log.Debug("call failed", "method", method, "after", time.Since(start), "error", failed)
		return nil, failed
	}
	defer func() { _ = resp.Body.Close() }()
	c.clock.observe(resp.Header)
	body, err = readAnswer(resp)
	c.log.Debug("call", "method", method, "status", resp.StatusCode, "bytes", len(body), "took", time.Since(start))
	if err != nil {
		return nil, transportError(ctx, e, err)
	}
	return decodeAnswer(e, answerOf(resp, body))
}

// readAnswer reads a body that may be large JSON; of anything else it reads the beginning.
func readAnswer(resp *http.Response) ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil || len(head) < maxPage || !looksLikeJSON(head) {
		return head, err
	}
	rest, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return append(head, rest...), err
}

func looksLikeJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// decodeAnswer takes an answer apart. Errors of the application server come with status 200, those of a data store's v1
// services with 500, both as JSON; whatever is no JSON was not written by openBIS.
func decodeAnswer(e Error, a answer) (*document, error) {
	e.Status = a.status
	if !looksLikeJSON(a.body) {
		return nil, noJSON(e, a)
	}
	envelope, err := parseJSON(a.body, "fetchOptions")
	if err != nil {
		if a.status != http.StatusOK {
			return nil, noJSON(e, a)
		}
		e.Err, e.cause = ErrProtocol, err
		return nil, &e
	}
	if failure := envelope.member("error"); failure != nil {
		return nil, rpcError(e, newDocument(*failure))
	}
	for i, key := range envelope.keys {
		if key == "result" && a.status == http.StatusOK {
			return newDocument(envelope.items[i]), nil
		}
	}
	if a.status != http.StatusOK {
		return nil, noJSON(e, a)
	}
	e.Err, e.cause = ErrProtocol, errors.New("JSON that is no answer to a call")
	return nil, &e
}

// rpcError makes an error of the error object of an answer.
func rpcError(e Error, d *document) error {
	failure := d.result()
	code, _ := failure.integer("code")
	data := failure.object("data")
	class := data.text("exceptionTypeName")
	message := failure.text("message")
	if message == "" {
		message = data.text("message")
	}
	e.Exception = shortClass(class)
	e.Message = redact(shorten(message))
	switch code {
	case -32601:
		e.Err = errors.ErrUnsupported
	case -32600, -32602, -32700:
		e.Err = ErrProtocol
	default:
		e.Err = exceptionError(class, message)
	}
	if d.err != nil {
		e.Err = ErrProtocol
	}
	return &e
}

// shorten cuts messages that list every type that the server knows.
func shorten(message string) string {
	const most = 500
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most], "") + "…"
}

// noJSON finds the error for an answer to a JSON-RPC request that is something else: the page of a proxy, of a login
// service, of another web server.
func noJSON(e Error, a answer) error {
	statusError(&e, a)
	switch {
	case e.Err != nil:
	case len(bytes.TrimSpace(a.body)) == 0:
		e.Err, e.cause = ErrProtocol, errors.New("the answer is empty")
	default:
		e.Err, e.cause = ErrProtocol, fmt.Errorf("no openBIS answers there, but %s", describePage(a))
	}
	return &e
}
