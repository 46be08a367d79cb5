package openbistest

import (
	"errors"
	"fmt"
)

// The Java classes of what the services throw.
const (
	userFailureClass      = "ch.systemsx.cisd.common.exceptions.UserFailureException"
	invalidSessionClass   = "ch.systemsx.cisd.common.exceptions.InvalidSessionException"
	authorizationClass    = "ch.systemsx.cisd.common.exceptions.AuthorizationFailureException"
	masqueradingClass     = "ch.systemsx.cisd.common.exceptions.MasqueradingException"
	illegalArgumentClass  = "java.lang.IllegalArgumentException"
	runtimeExceptionClass = "java.lang.RuntimeException"
)

// exception is what a service throws.
type exception struct {
	class   string
	message string
	noText  bool // the exception has no message
	cause   string
}

func (e *exception) Error() string { return e.class + ": " + e.message }

// stackTrace is the text that the v3 resolver adds.
func (e *exception) stackTrace() string {
	text := e.class
	if !e.noText {
		text += ": " + e.message
	}
	text += "\n"
	if e.cause != "" {
		text += "\tat ch.ethz.sis.openbis.generic.server.asapi.v3.utils.ExceptionUtils.create(ExceptionUtils.java:27)\n" +
			"Caused by: " + e.cause + "\n"
	}
	return text
}

func newException(class, format string, args ...any) *exception {
	return &exception{class: class, message: fmt.Sprintf(format, args...)}
}

// userFailure is openBIS's exception for what the user did wrong.
func userFailure(format string, args ...any) error {
	return newException(userFailureClass, format, args...)
}

// invalidSession is openBIS's exception for a session that does not exist.
func invalidSession(format string, args ...any) error {
	return newException(invalidSessionClass, format, args...)
}

// authorizationFailure is openBIS's exception for a missing right.
func authorizationFailure(format string, args ...any) error {
	return newException(authorizationClass, "Authorization failure: "+format, args...)
}

// illegalArgument is Java's exception of that name.
func illegalArgument(format string, args ...any) error {
	return newException(illegalArgumentClass, format, args...)
}

// inOperation does to an error what OperationsExecutor.java of openBIS does: user failures lose their subclass, the others become
// runtime exceptions, and the context is appended.
func inOperation(err error, context string) error {
	if err == nil {
		return nil
	}
	e := asException(err)
	wrapped := &exception{class: runtimeExceptionClass, message: e.message, cause: e.class + ": " + e.message}
	switch e.class {
	case userFailureClass, authorizationClass, invalidSessionClass:
		wrapped.class = userFailureClass
	}
	if e.noText {
		wrapped.message, wrapped.cause = e.class, e.class
	}
	wrapped.message += " (Context: [" + context + "])"
	return wrapped
}

// asException returns the exception that err is. An error of this program is masqueraded like a foreign class.
func asException(err error) *exception {
	var e *exception
	if errors.As(err, &e) {
		return e
	}
	return newException(masqueradingClass, "%s", err)
}
