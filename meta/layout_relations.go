package meta

import (
	"context"
	"slices"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// relative is what an Object or a Dataset is related to.
type relative struct {
	permID string
	label  string
	place  place
}

func objectRelatives(refs []client.ObjectRef) []relative {
	relatives := make([]relative, 0, len(refs))
	for _, r := range refs {
		relatives = append(relatives, relative{permID: r.PermID, label: objectLabel(r.Identifier, r.Code, r.PermID), place: objectPlace(r)})
	}
	return relatives
}

func dataSetRelatives(refs []client.DataSetRef) []relative {
	relatives := make([]relative, 0, len(refs))
	for _, r := range refs {
		relatives = append(relatives, relative{permID: r.PermID, label: encodePermID(r.PermID), place: dataSetPlace(r)})
	}
	return relatives
}

// addRelations adds .parents and .children if there would be something in them.
func (l *layout) addRelations(parents, children []relative, modTime time.Time) {
	for _, relation := range []struct {
		kind      kind
		name      string
		relatives []relative
	}{{kindParents, parentsName, parents}, {kindChildren, childrenName, children}} {
		if slices.ContainsFunc(relation.relatives, func(r relative) bool { return l.tree.contains(r.place) }) {
			l.addExtra(&Entry{
				Name: relation.name, Type: Dir, ModTime: modTime,
				id: id{kind: relation.kind, permID: l.dir.permID, path: l.dir.id.kind.String()},
			})
		}
	}
}

// loadRelatives lists a .parents or .children directory.
func (t *Tree) loadRelatives(ctx context.Context, dir *Entry) (*snapshot, error) {
	owner := t.current(dir.parent)
	var relatives []relative
	switch e := owner.facts().(type) {
	case *client.Object:
		relatives = objectRelatives(e.Parents)
		if dir.id.kind == kindChildren {
			relatives = objectRelatives(e.Children)
		}
	case *client.DataSet:
		relatives = dataSetRelatives(e.Parents)
		if dir.id.kind == kindChildren {
			relatives = dataSetRelatives(e.Children)
		}
	}
	l := t.newLayout(dir, t.clock())
	t.addLinks(ctx, l, relatives, dir.ModTime)
	return l.snapshot(), nil
}

// addLinks adds symlinks to those relatives that have a place in this tree.
func (t *Tree) addLinks(ctx context.Context, l *layout, relatives []relative, modTime time.Time) {
	for _, r := range relatives {
		target, ok := t.linkTarget(ctx, l.dir, r.place)
		if !ok {
			continue
		}
		l.add(&Entry{
			Type: Link, Size: int64(len(target)), ModTime: modTime, Target: target,
			id:     id{kind: kindLink, permID: l.dir.id.permID, path: l.dir.id.kind.String() + "/" + r.permID},
			permID: r.permID,
		}, r.label)
	}
}
