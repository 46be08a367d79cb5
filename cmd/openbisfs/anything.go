package main

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// mention is what a text says about an entity, by which it can be found.
type mention struct {
	ids  []string // permIds or identifiers, the likelier first
	file string   // path of a file in the Dataset, "" if there is none
	host string   // of the server, "" if it can be any
}

// permIDPattern is how openBIS numbers what it generates permIds for: the time of the registration and a counter.
var permIDPattern = regexp.MustCompile(`^[0-9]{17}-[0-9]+$`)

// parenthesised finds the permId in the names "NAME (permId)" of the newer SFTP server.
var parenthesised = regexp.MustCompile(`(?:^|\s)\(([^()\s]+)\)$`)

// readMention understands permIds, identifiers, pages of the web UIs, download links, and paths of openBIS' own SFTP servers.
func readMention(text string) mention {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		if !strings.Contains(text, "/") {
			return mention{ids: []string{text}}
		}
		return readPath(text)
	}
	u, err := url.Parse(text)
	if err != nil {
		return mention{}
	}
	m := mention{}
	switch u.Scheme {
	case "sftp", "sshfs", "ssh":
		m = readPath(u.Path)
	default:
		m = readPage(u)
	}
	m.host = u.Hostname()
	return m
}

// readPage understands the address of a page. ELN-LIMS has viewName and viewData in the query (MainController.js of openBIS),
// the older UI has entity and permId in the fragment.
func readPage(u *url.URL) mention {
	values := u.Query()
	if fragment, err := url.ParseQuery(u.Fragment); err == nil {
		for key, value := range fragment {
			values[key] = append(values[key], value...)
		}
	}
	var m mention
	for _, key := range []string{"viewData", "permId", "identifier"} {
		for _, value := range values[key] {
			m.ids = append(m.ids, readViewData(value)...)
		}
	}
	if len(m.ids) > 0 {
		return m
	}
	_, path, ok := strings.Cut(u.Path, "/datastore_server/")
	if !ok {
		path = strings.TrimPrefix(strings.TrimPrefix(u.Path, "/openbis"), "/webapp/eln-lims")
	}
	return readPath(path)
}

// readViewData returns the ids in the data of a view: a bare id, or JSON in which it is a string, the first of a list, or a
// member of an object.
func readViewData(data string) []string {
	var value any
	if json.Unmarshal([]byte(data), &value) != nil {
		return []string{data}
	}
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		if len(v) > 0 {
			if s, ok := v[0].(string); ok {
				return []string{s}
			}
		}
	case map[string]any:
		var ids []string
		for _, key := range []string{"permId", "permIdOrIdentifier", "identifier"} {
			if s, ok := v[key].(string); ok {
				ids = append(ids, s)
			}
		}
		return ids
	}
	return []string{data}
}

// readPath understands identifiers, and the paths of the trees that openBIS' SFTP servers have: [DEFAULT/]SPACE/PROJECT/COLLECTION,
// …/Object:CODE, ELN-LIMS/SECTION/SPACE/…, and spaces/SPACE/projects/PROJECT/experiments/…. Behind a Dataset comes a path in it.
func readPath(path string) mention {
	segments := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for i, s := range slices.Backward(segments) {
		if permIDPattern.MatchString(s) {
			return mention{ids: []string{s}, file: strings.Join(segments[i+1:], "/")}
		}
		if found := parenthesised.FindStringSubmatch(s); found != nil {
			return mention{ids: []string{found[1]}, file: strings.Join(segments[i+1:], "/")}
		}
	}
	switch {
	case len(segments) > 0 && segments[0] == "DEFAULT":
		segments = segments[1:]
	case len(segments) > 1 && segments[0] == "ELN-LIMS":
		segments = segments[2:]
	case len(segments) > 1 && segments[0] == "spaces":
		var codes []string
		for i := 1; i < len(segments); i += 2 { // every other one says what follows
			codes = append(codes, segments[i])
		}
		segments = codes
	}
	for i, s := range segments {
		segments[i] = strings.TrimPrefix(s, "Object:")
	}
	if len(segments) == 0 {
		return mention{}
	}
	return mention{ids: []string{"/" + strings.Join(segments, "/")}}
}
