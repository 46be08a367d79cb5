package meta

import (
	"context"
	"errors"
	"strings"

	"github.com/openbisfs/openbisfs/client"
)

// place is where an entity is: the way to it from the server's root. A place
// without steps is none.
type place []step

// step is one directory on a way. Entities are told apart as references to
// them allow: Objects and Datasets by permId, those above by their codes.
type step struct {
	kind   kind
	label  string
	permID string // of Objects and Datasets
}

func (s step) same(other step) bool {
	return s.kind == other.kind && s.permID == other.permID && (s.permID != "" || fold(s.label) == fold(other.label))
}

// objectPlace returns where an Object is. Shared Objects are nowhere.
func objectPlace(r client.ObjectRef) place {
	if r.Space == "" || r.PermID == "" || r.Collection != "" && r.Project == "" {
		return nil
	}
	p := place{{kind: kindSpace, label: encodeName(r.Space)}}
	if r.Project != "" {
		p = append(p, step{kind: kindProject, label: encodeName(r.Project)})
	}
	if r.Collection != "" {
		p = append(p, step{kind: kindCollection, label: encodeName(r.Collection)})
	}
	return append(p, step{kind: kindObject, label: objectLabel(r.Identifier, r.Code, r.PermID), permID: r.PermID})
}

// dataSetPlace returns where a Dataset is: with its Object if it has one.
func dataSetPlace(r client.DataSetRef) place {
	var p place
	if r.Object != nil {
		p = objectPlace(*r.Object)
	} else if codes := strings.Split(r.Collection, "/"); len(codes) == 4 && codes[0] == "" {
		p = place{
			{kind: kindSpace, label: encodeName(codes[1])},
			{kind: kindProject, label: encodeName(codes[2])},
			{kind: kindCollection, label: encodeName(codes[3])},
		}
	}
	if p == nil || r.PermID == "" {
		return nil
	}
	return append(p, step{kind: kindDataSet, label: encodePermID(r.PermID), permID: r.PermID})
}

// way returns the steps to a directory that is in the tree, and the
// directories that they lead through, with the server's root first.
func way(dir *Entry) (place, []*Entry) {
	if dir.parent == nil {
		return nil, []*Entry{dir}
	}
	p, through := way(dir.parent)
	s := step{kind: dir.id.kind, label: dir.label}
	switch s.kind {
	case kindObject, kindDataSet:
		s.permID = dir.permID
	case kindFolder:
		s.label = dir.File.Path
	}
	return append(p, s), append(through, dir)
}

// commonSteps returns the length of the way that two places share.
func commonSteps(a, b place) int {
	n := 0
	for n < len(a) && n < len(b) && a[n].same(b[n]) {
		n++
	}
	return n
}

// contains tells whether a place is in this tree, as far as that is known
// without asking.
func (t *Tree) contains(p place) bool {
	if len(p) == 0 {
		return false
	}
	t.mu.Lock()
	root := t.root
	t.mu.Unlock()
	if root != nil {
		if above, _ := way(root); commonSteps(above, p) < len(above) {
			return false
		}
	}
	if spaces, ok := peek[*snapshot](t.answers, t.server.id); ok {
		_, visible := spaces.listing.findNode(kindSpace, p[0].label, "")
		return visible
	}
	return true
}

// linkTarget returns the path of a place relative to the directory that the
// link is in, and false if the place is not in this tree.
func (t *Tree) linkTarget(ctx context.Context, dir *Entry, to place) (string, bool) {
	if !t.contains(to) {
		return "", false
	}
	from, through := way(dir)
	common := commonSteps(from, to)
	names, ok := t.walk(ctx, through[common], to[common:])
	if !ok {
		return "", false
	}
	segments := make([]string, 0, len(from)-common+len(names))
	for range len(from) - common {
		segments = append(segments, "..")
	}
	segments = append(segments, names...)
	if len(segments) == 0 {
		return ".", true
	}
	return strings.Join(segments, "/"), true
}

// walk returns the names on the way from a directory, and false if there is no
// such way. A directory that can't be listed is no reason to deny a link:
// then, the names are those that its entries have in the absence of siblings
// of their names.
func (t *Tree) walk(ctx context.Context, dir *Entry, steps place) ([]string, bool) {
	names := make([]string, 0, len(steps))
	for _, s := range steps {
		name := fit(s.label, "", s.permID)
		if dir != nil {
			listing, err := t.listingToCross(ctx, dir)
			dir = nil
			if listing != nil {
				e, ok := listing.findNode(s.kind, s.labelIfCoded(), s.permID)
				if !ok {
					return nil, false
				}
				name, dir = e.Name, e
			} else if errors.Is(err, ErrNotExist) || errors.Is(err, client.ErrNotFound) {
				return nil, false
			}
		}
		names = append(names, name)
	}
	return names, true
}

func (s step) labelIfCoded() string {
	if s.permID != "" {
		return ""
	}
	return s.label
}

// listingToCross returns the listing of a directory on the way of a link. Those
// of Collections and Objects can be large, so they are used only if they are known
// already: there, look-ups find an Object by its code, and a Dataset by its permId,
// whatever their siblings are called.
func (t *Tree) listingToCross(ctx context.Context, dir *Entry) (*Listing, error) {
	switch dir.id.kind {
	case kindRoot, kindSpace, kindProject:
		s, err := t.snapshot(ctx, dir)
		if err != nil {
			return nil, err
		}
		return s.listing, nil
	default:
		s, ok := peek[*snapshot](t.answers, dir.id)
		if !ok || !fresh(s, t.clock()) {
			return nil, nil
		}
		return s.listing, nil
	}
}
