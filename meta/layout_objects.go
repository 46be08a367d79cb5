package meta

import (
	"context"
	"slices"

	"github.com/openbisfs/openbisfs/client"
)

// loadCollection lists the Objects of a Collection and its own Datasets. The
// Objects bring their Datasets with them.
func (t *Tree) loadCollection(ctx context.Context, dir *Entry, arriving *arrivals) (*snapshot, error) {
	// Many pages take their time. Each of their requests has a limit of its own.
	ctx, cancel := t.answers.longer(ctx)
	defer cancel()
	asOf := t.clock()
	var l *layout
	var early *earlyNames
	err := t.src.CollectionPages(ctx, dir.permID, func(page client.CollectionPage) error {
		switch {
		case l == nil:
			l = t.newLayout(dir, asOf)
			early = newEarlyNames(arriving)
		case page.Again:
			l = t.newLayout(dir, asOf)
			early.known = false // what has arrived stays
		}
		for _, ds := range page.DataSets {
			l.addDataSet(ds)
			early.others[encodePermID(ds.PermID)] = true
		}
		early.take(l.addObjects(page.Objects), page.DataSetsDone)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if l == nil {
		l = t.newLayout(dir, asOf)
	}
	l.live = true
	return l.snapshot(), nil
}

// earlyNames publishes Objects under names that they will have, whatever else is still to come. Two Objects of a
// Collection have different codes, for the server keeps identifiers unique; what an Object can collide with are the Collection's
// Datasets, which are few. So Objects wait until these are known, and who collides waits for the end of the listing, as do
// the Datasets.
type earlyNames struct {
	arriving *arrivals
	others   map[string]bool // names of Datasets
	known    bool            // others is complete
	waiting  []*Entry
	shown    map[string]bool // labels of Objects
}

func newEarlyNames(arriving *arrivals) *earlyNames {
	return &earlyNames{arriving: arriving, others: make(map[string]bool), shown: make(map[string]bool)}
}

func (n *earlyNames) take(objects []*Entry, known bool) {
	n.known = n.known || known
	if !n.known {
		n.waiting = append(n.waiting, objects...)
		return
	}
	ready := make([]*Entry, 0, len(n.waiting)+len(objects))
	for _, e := range slices.Concat(n.waiting, objects) {
		name := fit(e.label, "", encodePermID(e.permID))
		if n.others[name] || n.shown[name] {
			continue
		}
		n.shown[name] = true
		e.Name = name
		ready = append(ready, e)
	}
	n.waiting = nil
	n.arriving.add(ready...)
}

// loadObject lists the Datasets of an Object. It asks only if the listing that
// the Object was in is too old or did not have them.
func (t *Tree) loadObject(ctx context.Context, dir *Entry) (*snapshot, error) {
	object := dir.facts().(*client.Object)
	if object.DataSetsFetched && t.clock().Before(t.expiry(dir.asOf)) && t.believed(dir, dir.asOf) {
		l := t.newLayout(dir, dir.asOf)
		return t.objectSnapshot(l, object, object.DataSets), nil
	}
	l := t.newLayout(dir, t.clock())
	dataSets, err := t.src.ObjectContents(ctx, object.PermID)
	if err == nil {
		return t.objectSnapshot(l, object, dataSets), nil
	}
	if object.DataSetsFetched {
		l.asOf = dir.asOf
		return t.objectSnapshot(l, object, object.DataSets), err
	}
	return nil, err
}

func (t *Tree) objectSnapshot(l *layout, object *client.Object, dataSets []*client.DataSet) *snapshot {
	for _, ds := range dataSets {
		l.addDataSet(ds)
	}
	l.addRelations(objectRelatives(object.Parents), objectRelatives(object.Children), l.dir.ModTime)
	return l.snapshot()
}
