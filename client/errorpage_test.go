package client

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestPagesOfTheDownloadServletBecomeErrors(t *testing.T) {
	const code, path = "20230914160000456-31", "original/a b.tif"
	for _, test := range []struct {
		name, message string
		want          error
	}{
		{"unknown dataset", "Unknown data set: " + code, ErrNotFound},
		{"missing path", "Resource '" + path + "' does not exist.", ErrNotFound},
		{"missing path in a container", "Resource '" + path + "' doesn't exist.", ErrNotFound},
		{"node that is gone", "Resource '" + path + "' does not exist in data set '" + code + "'.", ErrNotFound},
		{"no access", "Data set '" + code + "' is not accessible.", ErrForbidden},
		{"archived", "Resource '" + path + "' is currently unavailable. It might be archived.", ErrArchived},
		{"archived, by way of a container", "Resource is currently unavailable. It might be in an archive.", ErrArchived},
		{"archived, no path info", "/home/openbis/store/1/F/2/" + code + "/original doesn't exist", ErrArchived},
		{"no token", "Session id not specified in the URL", ErrUnauthenticated},
		{"token not yet valid", "Personal access token is not yet valid.", ErrUnauthenticated},
		{"token no longer valid", "Personal access token is no longer valid.", ErrUnauthenticated},
		{"token without session", "Personal access token session does not exist.", ErrUnauthenticated},
		{"linked", "No content information is stored with this linked dataset.", ErrLinked},
		{"anything else", "java.io.IOException: Input/output error", ErrServer},
		{"illegal character", "Illegal character in path at index 3: /a|b", ErrServer},
	} {
		for form, page := range map[string]string{
			"html":  "<html><body><h1>Error</h1>\n" + test.message + "\n</body></html>\n",
			"plain": "Error:\n" + test.message + "\n",
		} {
			err := pageError(Error{Op: "download"}, page200("text/html;charset=utf-8", page))
			if !errors.Is(err, test.want) || err.Message != test.message {
				t.Errorf("%s as %s: got %v", test.name, form, err)
			}
		}
	}
}

func TestPagesWithoutTheUsualForm(t *testing.T) {
	for _, test := range []struct {
		name, page string
		want       error
		says       string
	}{
		{"expired session", "<html><body>Download session expired.</body></html>", ErrUnauthenticated, "expired"},
		{"linked dataset, bare", "No content information is stored with this linked dataset.", ErrLinked, ""},
		{"empty page", "", ErrServer, "empty page"},
		{"blank page", "\r\n", ErrServer, "empty page"},
		{"folder listing", "<html><head><style type='text/css'>x</style></head><body>Folder: does not exist</body></html>", ErrProtocol, "text/html"},
		{"login page", "<!DOCTYPE html><html><head><TITLE>Sign in\n to SWITCH</TITLE></head></html>", ErrProtocol, "Sign in to SWITCH"},
		{"some text", "OK", ErrProtocol, "text/html"},
	} {
		err := pageError(Error{Op: "download"}, page200("text/html", test.page))
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestStatusesOtherThan200(t *testing.T) {
	for status, want := range map[int]error{
		301: ErrProtocol, 400: ErrProtocol, 401: ErrUnauthenticated, 403: ErrForbidden, 404: ErrProtocol, 405: errors.ErrUnsupported,
		414: ErrProtocol, 429: ErrUnavailable, 500: ErrUnavailable, 502: ErrUnavailable, 503: ErrUnavailable,
	} {
		a := page200("text/html", "<html><body><h1>Error</h1>\nUnknown data set: X\n</body></html>")
		a.status = status
		err := pageError(Error{Op: "download"}, a)
		if !errors.Is(err, want) || err.Status != status {
			t.Errorf("%d: got %v", status, err)
		}
	}
}

// page200 is an answer with a page.
func page200(contentType, body string) answer {
	return answer{status: 200, header: http.Header{"Content-Type": {contentType}}, body: []byte(body)}
}
