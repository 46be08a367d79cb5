package fs

import (
	"context"
	"encoding/json"
	"strings"
	"syscall"

	"github.com/openbisfs/openbisfs/cache/staging"
)

const uploadsReadme = `Each file here is one upload that is not finished, or whose local copy is still in use:
what it is, where it is to go, what state it is in, and the server's own words if something is wrong.
The data itself is at "path". See "openbisfs uploads --help" for retry, discard and export.
`

// newUploadsDir returns the directory with a document for each draft.
func (v *volume) newUploadsDir() *controlDir {
	d := &controlDir{node: node{vol: v}}
	d.list = func(context.Context) ([]controlEntry, error) {
		entries := []controlEntry{{readmeName, syscall.S_IFREG}}
		for _, draft := range v.overlay.store.Drafts() {
			entries = append(entries, controlEntry{draft.ID() + ".json", syscall.S_IFREG})
		}
		return entries, nil
	}
	d.open = func(_ context.Context, name string) (controlNode, error) {
		if name == readmeName {
			return v.newControlFile(func() []byte { return []byte(uploadsReadme) }), nil
		}
		id, ok := strings.CutSuffix(name, ".json")
		draft, err := v.overlay.store.Draft(id)
		if !ok || err != nil {
			return nil, nil //nolint:nilerr // there is none of that name
		}
		return v.newControlFile(func() []byte { return draftDocument(draft) }), nil
	}
	return d
}

// draftDocument is what the user is told about a draft.
func draftDocument(d *staging.Draft) []byte { return indented(d.Info()) }

func indented(content any) []byte {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	return append(text, '\n')
}
