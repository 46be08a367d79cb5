package client

import (
	"errors"
	"strconv"
	"strings"
)

// The reasons for which a call fails, to be matched with [errors.Is]. A time-out is [context.DeadlineExceeded],
// something that the server does not offer is [errors.ErrUnsupported].
var (
	// ErrNotFound means that the server does not know what was asked for, or hides it.
	ErrNotFound = errors.New("not found")
	// ErrForbidden means that the user lacks the right.
	ErrForbidden = errors.New("permission denied")
	// ErrUnauthenticated means that there is no session: the credentials are wrong, or the session has ended
	// and cannot be renewed with what the client was given.
	ErrUnauthenticated = errors.New("not authenticated")
	// ErrUnavailable means that there is no connection, or that the server cannot answer now.
	ErrUnavailable = errors.New("server unavailable")
	// ErrProtocol means that an answer makes no sense, or that the server could not read the request: usually
	// what answers is no openBIS, or an openBIS that this package does not know.
	ErrProtocol = errors.New("unexpected answer")
	// ErrServer means that the server understood the call and failed to carry it out.
	ErrServer = errors.New("server error")
	// ErrArchived means that the content is in the archive only.
	ErrArchived = errors.New("content is archived")
	// ErrLinked means that the content is in another system.
	ErrLinked = errors.New("content is in an external system")
	// ErrCorrupt means that content arrived with a wrong length or checksum.
	ErrCorrupt = errors.New("content is damaged")
)

// Error is what calls fail with. Its texts never contain a token or a password.
type Error struct {
	Op        string // the method or the kind of request: "searchSpaces", "download"
	Subject   string // what it was about, "" when there is nothing to name
	Status    int    // of HTTP; 0 when there was no answer
	Exception string // name of the server's exception class, without the package
	Message   string // the server's own words, if it had any
	Err       error  // one of the sentinels, or a context's error

	cause error // of the transport, without the URL
}

// Error describes what failed and why, in the server's words where it had some.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Subject != "" {
		b.WriteString(" " + e.Subject)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	switch {
	case e.Message != "":
		b.WriteString(": " + e.Message)
	case e.cause != nil && !errors.Is(e.Err, e.cause):
		b.WriteString(": " + redact(e.cause.Error()))
	case e.Status != 0 && e.Status != 200:
		b.WriteString(": HTTP status " + strconv.Itoa(e.Status))
	}
	return b.String()
}

// Unwrap returns the sentinel and what caused the failure below HTTP, such as a certificate error.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// Permanent tells that the server has given its verdict: the same call would fail the same way. Package cache asks for it.
func (e *Error) Permanent() bool {
	for _, verdict := range []error{ErrNotFound, ErrForbidden, ErrUnauthenticated, ErrArchived, ErrLinked} {
		if errors.Is(e.Err, verdict) {
			return true
		}
	}
	return false
}
