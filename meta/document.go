package meta

import (
	"context"
	"fmt"

	"github.com/openbisfs/openbisfs/client"
)

// document is what a .meta.json is rendered from. All of it is immutable, so
// that the text is the same whenever it is wanted and need not be kept.
type document struct {
	entity any // *client.Instance, *client.Space, …, as in an [Entry]
	schema *client.Schema
	files  *fileSummary // of a Dataset, if its files are known
	web    webUI
	err    error // why there is nothing to render
}

func hasDocument(k kind) bool { return k <= kindDataSet }

// newDocument returns the .meta.json of a directory. If what belongs into it
// can't be had, the entry has the error instead; newDocument fails when ctx ends.
func (t *Tree) newDocument(ctx context.Context, dir *Entry, files *fileSummary) (*Entry, error) {
	d := &document{entity: dir.entity, files: files, web: t.web}
	e := &Entry{
		Name: documentName, Type: Document, ModTime: dir.ModTime,
		id: id{kind: kindDocument, permID: dir.id.permID, path: dir.id.kind.String()}, parent: dir, doc: d,
	}
	e.Inode = inode(e.id, 0)
	switch entity := dir.facts().(type) {
	case nil:
		d.entity, d.err = t.instance(ctx)
	case *client.Collection:
		d.schema, d.err = t.schemaFor(ctx, entity.Properties)
	case *client.Object:
		d.schema, d.err = t.schemaFor(ctx, entity.Properties)
	case *client.DataSet:
		d.schema, d.err = t.schemaFor(ctx, entity.Properties)
		e.ModTime = entity.Registered
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if d.err == nil {
		var text []byte
		text, d.err = d.render()
		e.Size = int64(len(text))
	}
	return e, nil
}

// Document returns the content of a Document; its length is the entry's Size.
// An entry whose content could not be had when it was listed has the Size 0,
// and Document tries again.
func (t *Tree) Document(ctx context.Context, e *Entry) ([]byte, error) {
	if e.doc == nil {
		return nil, fmt.Errorf("%s: not a document", e.Path())
	}
	if e.doc.err != nil {
		again, err := t.Lookup(ctx, e.parent, documentName)
		if err != nil {
			return nil, err
		}
		if again.doc == nil {
			return nil, fmt.Errorf("%s: %w", e.Path(), ErrNotExist)
		}
		e = again
	}
	if e.doc.err != nil {
		return nil, fmt.Errorf("%s: %w", e.Path(), e.doc.err)
	}
	return e.doc.render()
}

// render returns the document as UTF-8 JSON with a newline at the end.
func (d *document) render() ([]byte, error) {
	var content any
	switch e := unpacked(d.entity).(type) {
	case *client.Instance:
		content = d.instance(e)
	case *client.Space:
		content = d.space(e)
	case *client.Project:
		content = d.project(e)
	case *client.Collection:
		content = d.collection(e)
	case *client.Object:
		content = d.object(e)
	case *client.DataSet:
		content = d.dataSet(e)
	}
	return renderJSON(content)
}
