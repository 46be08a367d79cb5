package main

import (
	"strings"

	"github.com/openbisfs/openbisfs/client"
)

// target is what a mount shows: a server, and where in its tree to start.
type target struct {
	URL   string // "https://host[:port]"
	Start string // "" or "/SPACE[/PROJECT…]"
}

func (t target) String() string { return t.URL + t.Start }

// parseTarget reads the URL that the user gave. openbis:// is another spelling of https://, and what a browser shows
// while it is in the web UI stands for the whole server.
func parseTarget(raw string) (target, error) {
	text := strings.TrimSpace(raw)
	if rest, ok := strings.CutPrefix(text, "openbis://"); ok {
		text = "https://" + rest
	}
	if server, _, ok := strings.Cut(text, "/openbis/webapp/"); ok {
		text = server
	}
	url, start, err := client.ParseURL(text)
	if err != nil {
		return target{}, failf(exitUsage, "%s: %w", withoutUserinfo(raw), err)
	}
	return target{URL: url, Start: start}, nil
}

// withoutUserinfo removes what could be a password from something that is not a good URL.
func withoutUserinfo(raw string) string {
	at := strings.LastIndex(raw, "@")
	if at < 0 {
		return raw
	}
	if scheme := strings.Index(raw, "://"); scheme >= 0 && scheme < at {
		return raw[:scheme+3] + "…@" + raw[at+1:]
	}
	return "…@" + raw[at+1:]
}
