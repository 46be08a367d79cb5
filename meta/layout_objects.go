package meta

import (
	"context"

	"github.com/openbisfs/openbisfs/client"
)

// loadCollection lists the Objects of a Collection and its own Datasets. The
// Objects bring their Datasets with them.
func (t *Tree) loadCollection(ctx context.Context, dir *Entry) (*snapshot, error) {
	l := t.newLayout(dir, t.clock())
	objects, dataSets, err := t.src.CollectionContents(ctx, dir.permID)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		l.addObject(o)
	}
	for _, ds := range dataSets {
		l.addDataSet(ds)
	}
	return l.snapshot(), nil
}

// loadObject lists the Datasets of an Object. It asks only if the listing that
// the Object was in is too old or did not have them.
func (t *Tree) loadObject(ctx context.Context, dir *Entry) (*snapshot, error) {
	object := dir.entity.(*client.Object)
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
