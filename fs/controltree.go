package fs

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/openbisfs/openbisfs/meta"
)

// The names in the control directory.
const (
	readmeName       = "README"
	byIDName         = "by-id"
	typesName        = "types"
	vocabulariesName = "vocabularies"
	uploadsName      = "uploads"
	statusName       = "status.json"
)

const controlReadme = `What is here is not part of the tree, and not listed in the directory above.

by-id/ID             a link to the place of an entity, by its permId or its identifier. It can't be listed.
                     A slash in an identifier is written %2F: by-id/%2FSPACE%2FPROJECT%2FOBJECT
types/KIND/CODE.json the types of objects, collections and datasets, with their properties
vocabularies/CODE.json
                     vocabularies with their terms
status.json          this mount
uploads/             what is not registered yet, if the mount is writable
`

// newControlDir returns the control directory.
func (v *volume) newControlDir() *controlDir {
	type child struct {
		controlEntry
		open func() controlNode
	}
	children := []child{
		{controlEntry{readmeName, syscall.S_IFREG}, func() controlNode {
			return v.newControlFile(func() []byte { return []byte(controlReadme) })
		}},
		{controlEntry{byIDName, syscall.S_IFDIR}, func() controlNode { return v.newByIDDir() }},
		{controlEntry{typesName, syscall.S_IFDIR}, func() controlNode { return v.newTypesDir() }},
		{controlEntry{vocabulariesName, syscall.S_IFDIR}, func() controlNode { return v.newTextsDir(v.tree.Vocabularies) }},
	}
	if v.status != nil {
		children = append(children, child{controlEntry{statusName, syscall.S_IFREG}, func() controlNode {
			return v.newControlFile(func() []byte { return indented(v.status()) })
		}})
	}
	if v.overlay != nil {
		children = append(children, child{controlEntry{uploadsName, syscall.S_IFDIR}, func() controlNode { return v.newUploadsDir() }})
	}
	d := &controlDir{node: node{vol: v}}
	d.list = func(context.Context) ([]controlEntry, error) {
		var entries []controlEntry
		for _, c := range children {
			entries = append(entries, c.controlEntry)
		}
		return entries, nil
	}
	d.open = func(_ context.Context, name string) (controlNode, error) {
		for _, c := range children {
			if c.name == name {
				return c.open(), nil
			}
		}
		return nil, nil
	}
	return d
}

// newByIDDir returns the directory of links by permId and identifier. It lists
// nothing: there may be millions.
func (v *volume) newByIDDir() *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.list = func(context.Context) ([]controlEntry, error) { return nil, nil }
	d.open = func(ctx context.Context, name string) (controlNode, error) {
		if strings.HasPrefix(name, ".") { // what programs look for everywhere
			return nil, nil
		}
		found, err := v.tree.Locate(ctx, meta.DecodeName(name))
		if errors.Is(err, meta.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		target := "../.."
		if found[0].Path != "" {
			target += "/" + found[0].Path
		}
		return v.newControlLink(target), nil
	}
	return d
}

// newTypesDir returns the directory with a directory for each kind of types.
func (v *volume) newTypesDir() *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.list = func(context.Context) ([]controlEntry, error) {
		var entries []controlEntry
		for _, kind := range meta.TypeKinds {
			entries = append(entries, controlEntry{kind, syscall.S_IFDIR})
		}
		return entries, nil
	}
	d.open = func(_ context.Context, name string) (controlNode, error) {
		for _, kind := range meta.TypeKinds {
			if kind == name {
				return v.newTextsDir(func(ctx context.Context) ([]meta.Text, error) { return v.tree.Types(ctx, kind) }), nil
			}
		}
		return nil, nil
	}
	return d
}

// newTextsDir returns a directory of documents.
func (v *volume) newTextsDir(texts func(context.Context) ([]meta.Text, error)) *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.list = func(ctx context.Context) ([]controlEntry, error) {
		all, err := texts(ctx)
		entries := make([]controlEntry, 0, len(all))
		for _, t := range all {
			entries = append(entries, controlEntry{t.FileName(), syscall.S_IFREG})
		}
		return entries, err
	}
	d.open = func(ctx context.Context, name string) (controlNode, error) {
		if strings.HasPrefix(name, ".") {
			return nil, nil
		}
		all, err := texts(ctx)
		for _, t := range all {
			if strings.EqualFold(t.FileName(), name) {
				return v.newControlFile(func() []byte { return t.Content }), nil
			}
		}
		return nil, err
	}
	return d
}
