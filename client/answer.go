package client

import (
	"errors"
	"fmt"
	"net/http"
)

// answer is an answer that has been read, or its beginning.
type answer struct {
	status   int
	header   http.Header
	redirect string // where a redirect leads, without path and query
	body     []byte
}

func answerOf(resp *http.Response, body []byte) answer {
	a := answer{status: resp.StatusCode, header: resp.Header, redirect: "nowhere", body: body}
	if u, err := resp.Location(); err == nil {
		a.redirect = u.Scheme + "://" + u.Host
	}
	return a
}

// statusError sets the error for a status other than 200.
func statusError(e *Error, a answer) {
	switch s := a.status; {
	case s == http.StatusOK:
	case s == http.StatusUnauthorized || s == http.StatusProxyAuthRequired:
		e.Err = ErrUnauthenticated
	case s == http.StatusForbidden:
		e.Err = ErrForbidden
	case s == http.StatusMethodNotAllowed || s == http.StatusNotImplemented:
		e.Err = errors.ErrUnsupported
	case s == http.StatusTooManyRequests || s >= 500:
		e.Err, e.cause = ErrUnavailable, retryAfter(a.header)
	case s >= 300 && s < 400:
		e.Err, e.cause = ErrProtocol, fmt.Errorf("the server redirects to %s", a.redirect)
	default:
		e.Err = ErrProtocol
	}
}
