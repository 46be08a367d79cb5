package openbistest

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestEveryStoreKnowsItsOwnDataSetsOnly(t *testing.T) {
	for _, secure := range []bool{false, true} {
		lab := newStoreLab()
		second := lab.AddDataStore(&DataStore{Code: "DSS2"})
		lab.add("D-1", Root(File("f", Text("one"))))
		lab.AddDataSet(&DataSet{PermID: "D-2", Experiment: lab.open, Store: second, Root: Root(File("f", Text("two")))})
		s := NewServer(t, Options{Lab: lab.Lab, TLS: secure})
		if s.StoreURL("DSS1") != s.URL || s.StoreURL("DSS2") == s.URL {
			t.Fatalf("stores at %s and %s, server at %s", s.StoreURL("DSS1"), s.StoreURL("DSS2"), s.URL)
		}
		c := newStoreClient(t, s, "bob")
		if secure {
			c.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: s.CertPool(), MinVersion: tls.VersionTLS12}
		}
		for _, tt := range []struct{ store, own, other, text string }{{"DSS1", "D-1", "D-2", "one"}, {"DSS2", "D-2", "D-1", "two"}} {
			c.url = s.StoreURL(tt.store) + "/datastore_server"
			if a := c.get(tt.own + "/f"); a.body != tt.text {
				t.Errorf("%s: %q", tt.store, a.body)
			}
			wantPage(t, c.get(tt.other+"/f"), htmlType, htmlError("Unknown data set: "+tt.other))
			_, reply := c.call(v1Endpoint, "listFilesForDataSet", c.token, tt.other, "/", true)
			if reply.Error == nil || reply.Error.Message != "Unknown data set: "+tt.other {
				t.Errorf("%s: listing of %s: %+v", tt.store, tt.other, reply.Error)
			}
			if got, _ := c.searchFiles("AND", nil, dataSetCriteria("D-1", "D-2")); len(got) != 2 || !strings.HasPrefix(got[0], tt.own+":") {
				t.Errorf("%s: found %q", tt.store, got)
			}
		}
		if a := c.do(http.MethodGet, s.StoreURL("DSS2")+"/openbis/", nil); a.StatusCode != http.StatusNotFound {
			t.Errorf("the second store's listener serves the application server: HTTP %d", a.StatusCode)
		}
	}
}

func TestStoresAnnounceWhatTheyRegistered(t *testing.T) {
	for registered, want := range map[string]string{
		"": "LISTENER", "/": "LISTENER/", "/datastore_server": "LISTENER/datastore_server", "https://proxy.example.org": "https://proxy.example.org",
	} {
		lab := newStoreLab()
		lab.store.DownloadURL = registered
		s := NewServer(t, Options{Lab: lab.Lab})
		if got := strings.Replace(s.downloadURL(lab.store), s.URL, "LISTENER", 1); got != want {
			t.Errorf("%q: %s, want %s", registered, got, want)
		}
	}
	lab := newStoreLab()
	lab.store.EmptyURL = true
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
	_, reply := c.call(v3Endpoint, "createFastDownloadSession", c.token, []any{}, nil)
	var session struct{ DownloadURL string }
	if err := json.Unmarshal(reply.Result, &session); err != nil || session.DownloadURL != "/datastore_server/file-transfer" {
		t.Errorf("%+v, %v", session, err)
	}
}
