package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	maxTries   = 4 // a server that refuses connections is given up after about a second
	firstPause = 150 * time.Millisecond
	maxPause   = 3 * time.Second
)

// retry repeats a call that is safe to repeat while the server is unavailable, with growing, jittered pauses, or with
// the pause that the server asks for, as long as ctx's deadline leaves time for it.
func retry[T any](ctx context.Context, again func(error) bool, call func() (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = firstPause
	pauses.Multiplier = 2.5
	pauses.MaxInterval = maxPause
	left := time.Duration(math.MaxInt64)
	if deadline, ok := ctx.Deadline(); ok {
		left = max(time.Until(deadline), 1)
	}
	return backoff.Retry(ctx, func() (T, error) {
		t, err := call()
		if err != nil && !again(err) {
			err = backoff.Permanent(err)
		}
		return t, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(left))
}

// worthRepeating tells whether the same request may succeed soon.
func worthRepeating(err error) bool {
	if !errors.Is(err, ErrUnavailable) {
		return false
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &record) {
		return false
	}
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// retryAfter returns what the header Retry-After asks for as an error that [retry] understands, or nil.
func retryAfter(h http.Header) error {
	s := h.Get("Retry-After")
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return backoff.RetryAfter(n)
	}
	if t, err := http.ParseTime(s); err == nil {
		return backoff.RetryAfter(int(max(0, math.Ceil(time.Until(t).Seconds()))))
	}
	return nil
}
