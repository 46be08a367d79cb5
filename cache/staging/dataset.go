package staging

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/openbisfs/openbisfs/client"
)

// dataSet describes the sealed draft to the server. Its token is held, and its content read only while it is.
func (d *Draft) dataSet() (*client.NewDataSet, error) {
	r := d.record()
	m, err := readManifest(d.dir, r.Content)
	if err != nil {
		return nil, err
	}
	ds := d.describe(r)
	ds.Folders, ds.Files = m.Folders, make([]client.NewFile, len(m.Files))
	for i, f := range m.Files {
		ds.Files[i] = client.NewFile{
			Path: f.Path, Size: f.Size, CRC32: f.CRC32,
			Content: func() (client.FileContent, error) { return d.content(f) },
		}
	}
	return ds, nil
}

// describe says what a record does of the Dataset, which is everything but its content.
func (d *Draft) describe(r *record) *client.NewDataSet {
	ds := &client.NewDataSet{
		Type:       cmp.Or(r.Meta.Type, d.store.opts.DataSetType),
		Properties: r.Meta.Properties,
		Parents:    r.Meta.Parents,
		Name:       r.Name,
		Directory:  r.Directory,
	}
	switch r.Owner.Kind {
	case Object:
		ds.Object, ds.ObjectIdentifier = r.Owner.PermID, r.Owner.Identifier
	case Collection:
		ds.Collection, ds.CollectionIdentifier = r.Owner.PermID, r.Owner.Identifier
	}
	return ds
}

// content opens a sealed file, if it still has the size that was sealed.
func (d *Draft) content(f sealedFile) (client.FileContent, error) {
	file, err := d.store.disk.Open(filepath.Join(d.Root(), f.Path), os.O_RDONLY, 0)
	if err != nil {
		return nil, local(err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() != f.Size {
		err = fmt.Errorf("%w: %q has %d bytes, sealed with %d", ErrChanged, f.Path, info.Size(), f.Size)
	}
	if err != nil {
		_ = file.Close()
		return nil, local(err)
	}
	return file, nil
}
