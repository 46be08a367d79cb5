package openbistest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// rawPath returns the path of the request as it was sent.
func rawPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if i := strings.Index(path, "://"); i > 0 && !strings.HasPrefix(path, "/") { // absolute form, as sent to proxies
		path = path[i+3:]
		path = path[strings.IndexByte(path+"/", '/'):]
	}
	return path
}

// javaPath is java.net.URI.getPath: a strict parser for what comes before the query, with its error message.
func javaPath(raw string) (string, error) {
	index := 0 // in UTF-16 units
	for _, c := range raw {
		if !legalInPath(c) {
			return "", newException("java.net.URISyntaxException", "Illegal character in path at index %d: %s", index, raw)
		}
		index++
		if c > 0xffff {
			index++
		}
	}
	path, err := url.PathUnescape(raw)
	if err != nil {
		return "", newException("java.net.URISyntaxException", "Malformed escape pair at index %d: %s", strings.IndexByte(raw, '%'), raw)
	}
	return strings.ToValidUTF8(path, "\ufffd"), nil
}

// legalInPath tells whether java.net.URI takes the character in a path: RFC 2396 and everything else beyond ASCII.
func legalInPath(c rune) bool {
	switch {
	case c >= utf8.RuneSelf:
		return c != utf8.RuneError && c > 0x9f
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	default:
		return strings.ContainsRune("_-!.~'()*,;:$&+=@/%", c)
	}
}

// badMessage tells whether Jetty refuses the path before any servlet sees it.
func badMessage(raw string) bool { return strings.Contains(raw, "%00") }

// query returns the parameters of the query string. Unlike [url.ParseQuery] it takes a semicolon for a character like any other.
func query(r *http.Request) url.Values {
	values, _ := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // what is wrong is left out
	return values
}

// dataSetPath splits the path of a download request into the data set's code and the path inside of it.
func dataSetPath(path string) (code, inside string, err error) {
	const prefix = contextPath + "/"
	if !strings.HasPrefix(path, prefix) {
		return "", "", newException("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException",
			"Request URI '%s' expected to start with '%s'.", path, prefix)
	}
	code, inside, _ = strings.Cut(path[len(prefix):], "/")
	return code, inside, nil
}

// latin1 encodes s as ISO-8859-1. What it does not have becomes a question mark.
func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xff {
			c = '?'
		}
		b = append(b, byte(c))
	}
	return b
}

func itoa(i int) string { return fmt.Sprint(i) }
