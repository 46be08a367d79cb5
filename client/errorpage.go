package client

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// The download servlet answers everything that goes wrong with a page and the status 200 (openBIS source,
// DatasetDownloadServlet.java, HTMLErrorRenderer.java, PlainTextRendererFactory.java). What marks content is the header
// Content-Disposition, which no page has.

// errEmptyPage is the cause of an error that a data store without path-info database had: it says nothing at all, so
// the session may be gone, the file missing or the user not allowed.
var errEmptyPage = errors.New("the data store answers with an empty page")

// pageError makes an error of the beginning of an answer that is not content.
func pageError(e Error, a answer) *Error {
	e.Status = a.status
	statusError(&e, a)
	if e.Err != nil {
		return &e
	}
	message, ok := pageMessage(a.body)
	switch {
	case len(bytes.TrimSpace(a.body)) == 0:
		e.Err, e.cause = ErrServer, errEmptyPage
	case !ok:
		e.Err, e.cause = ErrProtocol, fmt.Errorf("no data store answers there, but %s", describePage(a))
	default:
		e.Message = redact(shorten(message))
		e.Err = messageError(message)
		if e.Err == nil {
			e.Err = ErrServer
		}
	}
	return &e
}

// pageMessage cuts the message out of a page of the download servlet. The message is not escaped in the HTML form.
func pageMessage(body []byte) (string, bool) {
	s := strings.TrimSpace(string(body))
	for _, form := range []struct{ start, end string }{
		{"<html><body><h1>Error</h1>", "</body></html>"},
		{"<html><body>", "</body></html>"},
		{"Error:", ""},
	} {
		if rest, ok := strings.CutPrefix(s, form.start); ok {
			return strings.TrimSpace(strings.TrimSuffix(rest, form.end)), true
		}
	}
	// A linked Dataset's message comes without heading.
	return s, messageError(s) != nil && !strings.HasPrefix(s, "<")
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>([^<]*)`)

// describePage says in a few words what a page is.
func describePage(a answer) string {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if kind == "" {
		kind = "something"
	}
	title := titleElement.FindSubmatch(a.body)
	if title == nil {
		return kind
	}
	name := strings.Join(strings.Fields(html.UnescapeString(string(title[1]))), " ")
	if name == "" {
		return kind
	}
	if len(name) > 80 {
		name = strings.ToValidUTF8(name[:80], "")
	}
	return fmt.Sprintf("%s titled %q", kind, redact(name))
}
