package meta

import (
	"context"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// instanceAnswer is what the server says about itself.
type instanceAnswer struct {
	instance *client.Instance
	expires  time.Time
}

func (i *instanceAnswer) expiry() time.Time { return i.expires }
func (*instanceAnswer) cost() int           { return 1 }

func (t *Tree) instance(ctx context.Context) (*client.Instance, error) {
	known, err := get(ctx, t.answers, id{kind: answerInstance}, func(ctx context.Context) (*instanceAnswer, error) {
		asOf := t.clock()
		instance, err := t.src.Instance(ctx)
		if err != nil {
			return nil, err
		}
		return &instanceAnswer{instance, t.expiry(asOf)}, nil
	})
	if err != nil {
		return nil, err
	}
	return known.instance, nil
}

// instanceDocument is the document of the root.
type instanceDocument struct {
	Kind       string            `json:"kind"`
	Server     string            `json:"server"`
	Versions   map[string]string `json:"versions"`
	User       *personPart       `json:"user"`
	DataStores []dataStorePart   `json:"dataStores"`
	URL        *string           `json:"url"`
}

type dataStorePart struct {
	Code        string `json:"code"`
	DownloadURL string `json:"downloadUrl"`
}

// versionSuffix ends the keys of the server information that are versions:
// "openbis-version", "api-version".
const versionSuffix = "-version"

func (d *document) instance(i *client.Instance) instanceDocument {
	doc := instanceDocument{
		Kind: "openbis", Server: i.URL, Versions: map[string]string{}, User: personOf(i.User),
		DataStores: []dataStorePart{}, URL: orNull(d.web.page(i)),
	}
	for key, value := range i.Server {
		if name, ok := strings.CutSuffix(key, versionSuffix); ok {
			doc.Versions[name] = value
		}
	}
	if i.APIVersion != "" {
		doc.Versions["api"] = i.APIVersion
	}
	for _, store := range i.DataStores {
		doc.DataStores = append(doc.DataStores, dataStorePart{store.Code, store.DownloadURL})
	}
	return doc
}
