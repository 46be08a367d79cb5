package client

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// ParseURL splits what a user types, https://host[:port][/openbis[/openbis]][/SPACE/PROJECT…], into the server's URL
// without the "/openbis" of its API and the start path, "" or "/SPACE/PROJECT…". The first one or two elements
// belong to the server when they are "openbis" in lower case; a Space is written in upper case.
// A URL with a user, a query or a fragment is refused: credentials don't belong into a URL.
func ParseURL(raw string) (base, start string, err error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The text of the parser's error has the URL in it, and that may have a password.
		return "", "", errors.New("not a URL: want https://host[:port][/SPACE/PROJECT…]")
	}
	switch {
	case u.User != nil:
		return "", "", errors.New("the URL must not contain a user or a password")
	case u.Scheme != "https" && u.Scheme != "http" || u.Opaque != "" || u.Hostname() == "":
		return "", "", errors.New("not the URL of a server: want https://host[:port][/SPACE/PROJECT…]")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", "", errors.New("the URL must not contain a query or a fragment")
	}
	start = path.Clean("/" + u.Path)
	for range 2 {
		if rest, ok := strings.CutPrefix(start, "/openbis"); ok && (rest == "" || rest[0] == '/') {
			start = rest
		}
	}
	if start == "/" {
		start = ""
	}
	return u.Scheme + "://" + u.Host, start, nil
}

// serverURL is [ParseURL] for a URL that is only a server's.
func serverURL(raw string) (string, error) {
	base, start, err := ParseURL(raw)
	if err != nil {
		return "", err
	}
	if start != "" {
		return "", fmt.Errorf("the server's URL has the path %q after it", start)
	}
	return base, nil
}

// storePath is where a data store server has its services.
const storePath = "/datastore_server"

// storeURL makes a data store's URL of the download URL that it has registered at the application server: with or
// without "/datastore_server", with or without a trailing slash, or empty behind a proxy that serves both
// (openBIS source, DataStoreApiUrlUtilities.java).
func storeURL(registered, server string) (string, error) {
	s := strings.TrimRight(strings.TrimSpace(registered), "/")
	if s == "" {
		s = server
	}
	if s != server && !strings.Contains(registered, "://") {
		scheme, _, _ := strings.Cut(server, "://")
		s = scheme + "://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("the data store's download URL is not a URL")
	}
	if !strings.HasSuffix(s, storePath) {
		s += storePath
	}
	return s, nil
}
