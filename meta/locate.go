package meta

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// Location says what an id means and where that is.
type Location struct {
	Kind       string `json:"kind"` // "space", "project", "collection", "object" or "dataset", as in documents
	PermID     string `json:"permId"`
	Identifier string `json:"identifier"` // of a Dataset its permId
	Type       string `json:"type,omitempty"`
	URL        string `json:"url,omitempty"` // page in the web UI
	// SFTP is the path that openBIS' own SFTP server has for the Datasets of the entity.
	SFTP string `json:"sftp"`
	// Path leads from the root of the tree to the entity's directory: names with "/" between them, "" for the root itself.
	Path string `json:"path"`
}

// foundAnswer is the answer to what an id means.
type foundAnswer struct {
	found   *client.Found
	expires time.Time
}

func (a *foundAnswer) expiry() time.Time { return a.expires }
func (a *foundAnswer) cost() int         { return 1 << 10 }

// Locate finds what an id means, a permId or an identifier as [client.Client.Resolve] takes them, and where it is in this
// tree. More than one is found only if a Collection, or a Project, and an Object have one identifier. It fails with
// ErrNotExist if there is nothing, nothing that the user may see, or nothing in this tree. It costs one call, and those for
// the Spaces and Projects on the way if they are not known.
func (t *Tree) Locate(ctx context.Context, id string) ([]Location, error) {
	root, err := t.Root(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := get(ctx, t.answers, idOf(id), func(ctx context.Context) (*foundAnswer, error) {
		asOf := t.clock()
		found, err := t.src.Resolve(ctx, id)
		if err != nil {
			return nil, err
		}
		return &foundAnswer{found, t.expiry(asOf)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", id, err)
	}
	var all []Location
	for _, candidate := range t.candidates(answer.found) {
		if target, ok := t.linkTarget(ctx, root, candidate.place); ok && target != ".." && !strings.HasPrefix(target, "../") {
			candidate.location.Path = strings.TrimPrefix(target, ".")
			candidate.location.SFTP = candidate.place.sftp()
			all = append(all, candidate.location)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("resolve %s: %w", id, ErrNotExist)
	}
	return all, nil
}

func idOf(resolved string) id { return id{kind: answerFound, permID: resolved} }

// candidate is something that an id may mean.
type candidate struct {
	location Location
	place    place
}

func (t *Tree) candidates(f *client.Found) []candidate {
	var all []candidate
	if s := f.Space; s != nil {
		all = append(all, candidate{
			Location{Kind: "space", PermID: s.PermID, Identifier: "/" + s.Code, URL: t.web.page(s)},
			identifierPlace("/" + s.Code),
		})
	}
	if p := f.Project; p != nil {
		all = append(all, candidate{
			Location{Kind: "project", PermID: p.PermID, Identifier: p.Identifier, URL: t.web.page(p)},
			identifierPlace(p.Identifier),
		})
	}
	if c := f.Collection; c != nil {
		all = append(all, candidate{
			Location{Kind: "collection", PermID: c.PermID, Identifier: c.Identifier, Type: c.Type, URL: t.web.page(c)},
			identifierPlace(c.Identifier),
		})
	}
	if o := f.Object; o != nil {
		all = append(all, candidate{
			Location{Kind: "object", PermID: o.PermID, Identifier: o.Identifier, Type: o.Type, URL: t.web.page(&client.Object{PermID: o.PermID})},
			objectPlace(*o),
		})
	}
	if d := f.DataSet; d != nil {
		all = append(all, candidate{
			Location{Kind: "dataset", PermID: d.PermID, Identifier: d.PermID, Type: d.Type, URL: t.web.page(&client.DataSet{PermID: d.PermID})},
			dataSetPlace(*d),
		})
	}
	return all
}

// identifierPlace returns where a Space, a Project or a Collection is.
func identifierPlace(identifier string) place {
	var p place
	for i, code := range strings.Split(strings.TrimPrefix(identifier, "/"), "/") {
		p = append(p, step{kind: kindSpace + kind(i), label: encodeName(code)})
	}
	return p
}

// sftp returns the path of a place on openBIS' own SFTP server, in its tree of codes. There an Object in a Collection has
// no directory of its own, and "Object:CODE" stands for others (openBIS source, sftp/v3/V3*.java).
func (p place) sftp() string {
	path := "/DEFAULT"
	inCollection := false
	for _, s := range p {
		switch {
		case s.kind == kindObject && inCollection:
			continue
		case s.kind == kindObject:
			path += "/Object:" + decodeName(s.label)
		default:
			path += "/" + decodeName(s.label)
		}
		inCollection = inCollection || s.kind == kindCollection
	}
	return path
}

// Resolve finds out what an id means.
func (w *watchedSource) Resolve(ctx context.Context, id string) (*client.Found, error) {
	found, err := w.Source.Resolve(ctx, id)
	w.as.note(err)
	return found, err
}
