package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"
)

// purpose is what a connection is used for. Each purpose has its own connections, so that downloads never make a
// listing wait, and streams that stand still because nobody reads never make a random read wait.
type purpose int

const (
	metadata purpose = iota // JSON-RPC, and the small requests that control downloads
	streams                 // whole files
	blocks                  // single blocks
	uploads                 // slices of new Datasets
	verdicts                // registrations, which are silent for as long as the server works
)

const dialTimeout = 10 * time.Second

// newHTTPClient returns a client that follows no redirect: the services have none, so one leads to a login page or
// from http to https, and a request with a token must not be sent on.
func newHTTPClient(opts Options, p purpose, jar http.CookieJar) *http.Client {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		MaxConnsPerHost:     opts.MaxConnections,
		MaxIdleConns:        opts.MaxConnections,
		MaxIdleConnsPerHost: opts.MaxConnections,
		IdleConnTimeout:     60 * time.Second,
		ForceAttemptHTTP2:   p == metadata,
	}
	if opts.TLS != nil {
		t.TLSClientConfig = opts.TLS.Clone()
	}
	switch p {
	case metadata:
	case verdicts:
		// A connection that has been idle may be dead, and then nobody knows whether the request has arrived.
		t.DisableKeepAlives = true
	default:
		// Compressed content has no length any more. One connection for each download, so that one that stands
		// still holds up no other: HTTP/1.1.
		t.DisableCompression = true
		t.ResponseHeaderTimeout = opts.BlockTimeout
		t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	return &http.Client{
		Transport: t,
		Jar:       jar,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// transportError finds the sentinel for a request of ctx that has got no complete answer.
func transportError(ctx context.Context, e Error, err error) *Error {
	err = withoutURL(err)
	var netErr net.Error
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		e.Err = context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		e.Err = context.Canceled
	default:
		e.Err = ErrUnavailable
	}
	e.cause = err
	return &e
}

// isNetworkError tells whether err comes from a connection and not from what came over it.
func isNetworkError(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr)
}
