package client

import (
	"errors"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestEachDatasetIsAskedForAtItsOwnStore(t *testing.T) {
	for name, change := range map[string]func(*openbistest.DataStore){
		"bare": func(*openbistest.DataStore) {}, "slash": func(d *openbistest.DataStore) { d.DownloadURL = "/" },
		"suffix": func(d *openbistest.DataStore) { d.DownloadURL = "/datastore_server" },
	} {
		t.Run(name, func(t *testing.T) {
			lab := openbistest.SmallLab()
			for _, d := range lab.DataStores {
				change(d)
			}
			s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
			c := login(t, s, "demo")
			for _, store := range lab.DataStores {
				ds, d := dataSet(t, c, s, func(d *openbistest.DataSet) bool { return d.Store == store && readableOrOwn(d) })
				if files, err := c.Files(t.Context(), ds); err != nil || len(files) == 0 {
					t.Errorf("%s: %d files, %v", store.Code, len(files), err)
				}
				if err := downloadAll(t, c, ds, d); err != nil {
					t.Errorf("%s: %v", store.Code, err)
				}
			}
		})
	}
}

// readableOrOwn is readableFiles without the demand for an Object.
func readableOrOwn(d *openbistest.DataSet) bool {
	files := false
	for _, n := range nodes(d.Root) {
		files = files || !n.IsFolder()
		if n.HDF5Archive || !n.IsFolder() && n.Content.Size() > 8<<20 {
			return false
		}
	}
	return d.Kind == "PHYSICAL" && d.Physical.Status == "AVAILABLE" && files
}

func TestAnOptionReplacesTheURLOfADataStore(t *testing.T) {
	lab := openbistest.SmallLab()
	for _, d := range lab.DataStores {
		d.DownloadURL = "https://unreachable.invalid:1"
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	overrides := map[string]string{"": s.StoreURL("DSS2") + "/", "DSS1": s.StoreURL("DSS1")}
	c := login(t, s, "demo", func(o *Options) { o.DataStoreURLs = overrides })
	ds, d := dataSet(t, c, s, readableFiles)
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	stores, err := c.SearchDataStores(t.Context())
	if err != nil || stores[0].DownloadURL != s.StoreURL("DSS1")+storePath || stores[1].DownloadURL != s.StoreURL("DSS2")+storePath {
		t.Errorf("got %v, %v", stores, err)
	}
	ds.DataStore = "DSS9"
	if _, err := c.Files(t.Context(), ds); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
