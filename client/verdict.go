package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// refusedError is a refusal whose reason is one of the sentinels too.
type refusedError struct{ reason error }

func (e *refusedError) Error() string   { return fmt.Sprintf("%v: %v", ErrRefused, e.reason) }
func (e *refusedError) Unwrap() []error { return []error{ErrRefused, e.reason} }

func refusedBecause(reason error) error { return &refusedError{reason} }

// unknownOutcome says of a failure that the server may have registered all the same.
func unknownOutcome(err error) error {
	e := Error{Op: "registration"}
	var failed *Error
	if errors.As(err, &failed) {
		e = *failed
	} else {
		e.cause = err
	}
	if e.cause == nil || errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, context.Canceled) {
		e.cause = e.Err
	}
	e.Err = ErrOutcomeUnknown
	return &e
}

// judge finds out what the failure of a request says that was sent. Only two kinds of answers make sure that nothing was
// registered: the server's own refusal, and a status that says that somebody before it has not let the request pass.
func (a *attempt) judge(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return unknownOutcome(err)
	}
	if e.Message == "" && e.Exception == "" { // not the server's words
		if e.Status >= http.StatusMultipleChoices && e.Status < http.StatusInternalServerError {
			return err
		}
		return unknownOutcome(err)
	}
	judged := *e
	a.answered = true
	switch {
	case errors.Is(e.Err, ErrUnauthenticated):
		judged.Err = ErrUnavailable // the next upload gets a new session, or says that there is none
	case errors.Is(e.Err, errors.ErrUnsupported), errors.Is(e.Err, ErrProtocol):
		judged.Err = refusedBecause(e.Err) // there is no such method, or the server could not read the request
	case errors.Is(e.Err, ErrForbidden):
		judged.Err = refusedBecause(ErrForbidden)
	case errors.Is(e.Err, ErrNotFound):
		judged.Err = a.verdict(e.Message)
	case !certain[e.Exception]:
		if judged.Err = a.verdict(e.Message); errors.Is(judged.Err, ErrRefused) {
			judged.Err = ErrOutcomeUnknown
		}
	default:
		judged.Err = a.verdict(e.Message)
	}
	a.answered = !errors.Is(judged.Err, ErrOutcomeUnknown)
	return &judged
}

// certain are the exceptions that the server throws when it refuses. Others may be thrown also when the data store has
// registered and the answer was lost on its way through the application server.
var certain = map[string]bool{
	"UserFailureException": true, "AuthorizationFailureException": true, "IllegalArgumentException": true,
	"EnvironmentFailureException":   true, // of a data store whose dropbox has failed
	"ConfigurationFailureException": true,
}

// verdict finds the sentinel for a message with which a registration has failed. What is not known to be a matter of
// circumstances is a refusal.
func (a *attempt) verdict(message string) error {
	lower := strings.ToLower(message)
	has := func(texts ...string) bool {
		for _, t := range texts {
			if strings.Contains(lower, strings.ToLower(t)) {
				return true
			}
		}
		return false
	}
	reason := messageError(message)
	switch {
	case errors.Is(reason, ErrUnauthenticated), has("InvalidSessionException"):
		return ErrUnavailable
	case has("No uploaded files found", "but found: 0"),
		has(a.plan.UploadID) && has("no such file", "FileNotFoundException", "does not exist", "doesn't exist", "not found"):
		return ErrServer // the upload is gone
	case has("free space", "no space left on device"):
		return ErrServer
	case has("RemoteAccessException", "RemoteConnectFailureException", "SocketTimeoutException", "SocketException", "ConnectException",
		"could not access HTTP invoker", "TimeoutExceptionUnchecked"):
		return ErrOutcomeUnknown // between the data store and the application server
	case has("No plugin registered for key"):
		a.c.registrations.offers.forget()
		return refusedBecause(ErrNotFound)
	case errors.Is(reason, ErrForbidden):
		return refusedBecause(reason)
	case has("has not been found", "no sample found", "no experiment found"):
		return refusedBecause(ErrNotFound)
	}
	return ErrRefused
}
