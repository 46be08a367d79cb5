package client

import (
	"errors"
	"strings"
)

// exceptionError finds the sentinel for an exception of the server: by its class where the class says something, else
// by its message. The application server turns most classes into UserFailureException or RuntimeException, so that
// only the message is left (openBIS source, OperationsExecutor.java and v3 ExceptionUtils.java).
func exceptionError(class, message string) error {
	switch name := shortClass(class); {
	case name == "InvalidSessionException":
		return ErrUnauthenticated
	case name == "AuthorizationFailureException":
		return ErrForbidden
	case name == "UnsupportedOperationException":
		return errors.ErrUnsupported
	case strings.HasPrefix(class, "com.fasterxml.jackson."):
		return ErrProtocol // the server could not read our request
	}
	if err := messageError(message); err != nil {
		return err
	}
	return ErrServer
}

// shortClass returns a class name without its package.
func shortClass(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }

// messageError finds the sentinel for a message of the server, nil when the message says nothing known.
// The table is in order: the first phrase that occurs decides.
func messageError(message string) error {
	// A store without path-info database names the folder on its disk when that is no longer there: archived.
	if strings.HasPrefix(message, "/") && strings.HasSuffix(message, "doesn't exist") {
		return ErrArchived
	}
	for _, p := range phrases {
		if strings.Contains(message, p.text) {
			return p.err
		}
	}
	return nil
}

// phrases are texts of the openBIS source: DefaultSessionManager.java and AbstractPersonalAccessTokenConverter.java
// for sessions, DatasetDownloadServlet.java and the content providers for content.
var phrases = []struct {
	text string
	err  error
}{
	// Sessions.
	{"Download session expired", ErrUnauthenticated},
	{"user is not logged in", ErrUnauthenticated},
	{"Session no longer available", ErrUnauthenticated},
	{"Session id not specified in the URL", ErrUnauthenticated},
	{"Personal access token is no", ErrUnauthenticated}, // "no longer valid", "not yet valid"
	{"Personal access token session does not exist", ErrUnauthenticated},
	{"Hash cannot be empty", ErrUnauthenticated},
	{"No 'sessionToken' specified", ErrUnauthenticated},
	{"Invalid download session id", ErrNotFound},
	{"Invalid download stream", ErrNotFound},
	// Rights.
	{"Authorization failure", ErrForbidden},
	{"Access denied to object", ErrForbidden},
	{"is not accessible", ErrForbidden},
	{"is not permitted to login", ErrForbidden},
	// The verdict "no access" that the data store has kept for this session (DatasetSessionAuthorizer.java);
	// an unknown Dataset is an "Unknown data set".
	{"Data set does not exist.", ErrForbidden},
	// Content.
	{"currently unavailable", ErrArchived},
	{"might be archived", ErrArchived},
	{"No content information is stored with this linked dataset", ErrLinked},
	{"Unknown data set", ErrNotFound},
	{"has not been found", ErrNotFound},
	{"not found.", ErrNotFound},
	{"does not exist", ErrNotFound},
	{"doesn't exist", ErrNotFound},
	{"Personal access tokens are disabled", errors.ErrUnsupported},
}
