package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const goldenToken = "jdoe-230914152000123x0123456789ABCDEF0123456789ABCDEF"

// reply is what a replaying server answers.
type reply struct {
	status int
	body   []byte
}

// replay serves answers by method of JSON-RPC, whatever the service, and returns a client that has a token.
func replay(t *testing.T, answers map[string]reply) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var call struct{ Method string }
		if err != nil || json.Unmarshal(body, &call) != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		answer, ok := answers[call.Method]
		if !ok {
			answer, ok = answers["*"]
		}
		if !ok {
			http.Error(w, "no answer to "+call.Method, http.StatusNotImplemented)
			return
		}
		w.Header().Set("Content-Type", "application/json-rpc")
		w.WriteHeader(answer.status)
		_, _ = w.Write(answer.body)
	}))
	t.Cleanup(server.Close)
	return newTestClient(t, Options{URL: server.URL, Token: goldenToken})
}

// newTestClient returns a client that is closed at the end of the test.
func newTestClient(t *testing.T, opts Options) *Client {
	t.Helper()
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	farewell := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if err := c.Close(farewell); err != nil && !errors.Is(err, ErrUnavailable) {
			t.Error(err)
		}
	})
	return c
}

// replayGolden replays one golden answer to its method, which is the name up to the first underscore.
func replayGolden(t *testing.T, name string) *Client {
	t.Helper()
	_, method, _ := strings.Cut(name, "/")
	method, _, _ = strings.Cut(method, "_")
	return replay(t, map[string]reply{method: {200, golden(t, name+".json")}})
}

// expectedObjects returns the objects of an expected search result.
func expectedObjects(t *testing.T, name string) []map[string]any {
	t.Helper()
	return goldenJSON[struct {
		Result struct{ Objects []map[string]any }
	}](t, name+".expected.json").Result.Objects
}

// at follows a path through decoded JSON and returns the text there, "" when there is none.
func at(v any, path ...string) string {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	s, _ := v.(string)
	return s
}

func permIDs(v any) []string {
	var ids []string
	l, _ := v.([]any)
	for _, e := range l {
		ids = append(ids, at(e, "permId", "permId"))
	}
	return ids
}

func TestDecodingOfRealObjects(t *testing.T) {
	for _, name := range []string{"as/searchSamples", "as/searchSamples_bare", "as/searchSamples_recursive", "as/searchSamples_recursive_children"} {
		c := replayGolden(t, name)
		expected := expectedObjects(t, name)
		i := 0
		for o, err := range c.SearchObjects(t.Context()) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e := expected[i]
			i++
			want := []string{at(e, "permId", "permId"), at(e, "identifier", "identifier"), at(e, "code"), at(e, "type", "code"),
				at(e, "space", "code"), at(e, "experiment", "code"), at(e, "registrator", "userId"), at(e, "modifier", "userId")}
			got := []string{o.PermID, o.Identifier, o.Code, o.Type, o.Space, o.Collection, userID(o.Registrator), userID(o.Modifier)}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got  %q\nwant %q", name, got, want)
			}
			if p := at(e, "project", "code"); p != "" && p != o.Project {
				t.Errorf("%s: project %q, want %q", name, o.Project, p)
			}
			properties, _ := e["properties"].(map[string]any)
			if len(properties) != len(o.Properties) {
				t.Errorf("%s: properties %v, want %v", name, o.Properties, properties)
			}
			for k, v := range properties {
				if o.Properties[k] != v {
					t.Errorf("%s: property %s is %q, want %q", name, k, o.Properties[k], v)
				}
			}
			if ms, ok := e["registrationDate"].(float64); ok && o.Registered.UnixMilli() != int64(ms) {
				t.Errorf("%s: registered at %v, want %v", name, o.Registered, ms)
			}
			var parents []string
			for _, p := range o.Parents {
				parents = append(parents, p.PermID)
			}
			if !slices.Equal(parents, permIDs(e["parents"])) {
				t.Errorf("%s: parents %q, want %q", name, parents, permIDs(e["parents"]))
			}
			if wanted, _ := e["dataSets"].([]any); len(o.DataSets) != len(wanted) || o.DataSetsFetched != (wanted != nil) {
				t.Errorf("%s: %d datasets, fetched %v, want %d", name, len(o.DataSets), o.DataSetsFetched, len(wanted))
			}
		}
		if i != len(expected) || i == 0 {
			t.Errorf("%s: %d objects, want %d", name, i, len(expected))
		}
	}
}

func userID(p *Person) string {
	if p == nil {
		return ""
	}
	return p.UserID
}

func TestDecodingOfRealDataSets(t *testing.T) {
	for _, name := range []string{"as/searchDataSets", "as/searchDataSets_paged_lean"} {
		c := replayGolden(t, name)
		kinds := make(map[DataSetKind]int)
		expected := expectedObjects(t, name)
		i := 0
		for d, err := range c.SearchDataSets(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			e := expected[i]
			i++
			kinds[d.Kind]++
			want := []string{at(e, "permId", "permId"), at(e, "kind"), at(e, "type", "code"), at(e, "dataStore", "code"),
				at(e, "experiment", "identifier", "identifier"), at(e, "physicalData", "status"), at(e, "linkedData", "externalCode")}
			got := []string{d.PermID, string(d.Kind), d.Type, d.DataStore, d.Collection, "", ""}
			if d.Physical != nil {
				got[5] = string(d.Physical.Status)
				physical, _ := e["physicalData"].(map[string]any)
				size, ok := physical["size"].(float64)
				if !ok {
					size = -1
				}
				if d.Physical.Size != int64(size) {
					t.Errorf("%s: size %d, want %v", d.PermID, d.Physical.Size, physical["size"])
				}
			}
			if d.Linked != nil {
				got[6] = d.Linked.ExternalCode
				linked, _ := e["linkedData"].(map[string]any)
				copies, _ := linked["contentCopies"].([]any)
				if len(d.Linked.Copies) != len(copies) {
					t.Errorf("%s: %d copies, want %d", d.PermID, len(d.Linked.Copies), len(copies))
				}
				for j, c := range d.Linked.Copies {
					if c.Path != at(copies[j], "path") || c.ExternalDMS != at(copies[j], "externalDms", "code") || c.GitCommitHash != at(copies[j], "gitCommitHash") {
						t.Errorf("%s: copy %+v, want %v", d.PermID, c, copies[j])
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got  %q\nwant %q", name, got, want)
			}
			if s := at(e, "sample", "permId", "permId"); (d.Object == nil) != (s == "") || d.Object != nil && d.Object.PermID != s {
				t.Errorf("%s: object %v, want %q", d.PermID, d.Object, s)
			}
			var components []string
			for _, r := range d.Components {
				components = append(components, r.PermID)
			}
			if !slices.Equal(components, permIDs(e["components"])) || !slices.Equal(d.Containers, permIDs(e["containers"])) {
				t.Errorf("%s: components %q, containers %q", d.PermID, components, d.Containers)
			}
		}
		if i != len(expected) {
			t.Errorf("%s: %d datasets, want %d", name, i, len(expected))
		}
		if name == "as/searchDataSets" && (kinds[Physical] == 0 || kinds[Container] == 0 || kinds[Linked] == 0) {
			t.Errorf("kinds: %v", kinds)
		}
	}
}

func TestDecodingOfTheOtherRealAnswers(t *testing.T) {
	t.Run("getSamples", func(t *testing.T) {
		keys := goldenJSON[struct{ Result map[string]map[string]any }](t, "as/getSamples.expected.json").Result
		ids := []string{"20991231000000000-9"}
		for k := range keys {
			ids = append(ids, k)
		}
		got, err := replayGolden(t, "as/getSamples").GetObjects(t.Context(), ids...)
		if err != nil || len(got) != len(keys) {
			t.Fatalf("got %d objects, %v, want %d", len(got), err, len(keys))
		}
		for k, e := range keys {
			if got[k].PermID != at(e, "permId", "permId") {
				t.Errorf("%s: got %s", k, got[k].PermID)
			}
		}
	})
	t.Run("getProjects", func(t *testing.T) {
		keys := goldenJSON[struct{ Result map[string]map[string]any }](t, "as/getProjects.expected.json").Result
		for k, e := range keys {
			got, err := replayGolden(t, "as/getProjects").GetProjects(t.Context(), k)
			if err != nil || got[k] == nil || got[k].Identifier != at(e, "identifier", "identifier") || got[k].Space != at(e, "space", "code") {
				t.Errorf("%s: got %+v, %v", k, got[k], err)
			}
		}
	})
	t.Run("searchSpaces", func(t *testing.T) {
		spaces, err := replayGolden(t, "as/searchSpaces").Spaces(t.Context())
		expected := expectedObjects(t, "as/searchSpaces")
		if err != nil || len(spaces) != len(expected) || len(spaces) == 0 {
			t.Fatalf("got %d spaces, %v", len(spaces), err)
		}
		for i, s := range spaces {
			if s.Code != at(expected[i], "code") || s.PermID != s.Code || userID(s.Registrator) != at(expected[i], "registrator", "userId") {
				t.Errorf("got %+v", s)
			}
		}
	})
	t.Run("searchSpaces_empty", func(t *testing.T) {
		if spaces, err := replayGolden(t, "as/searchSpaces_empty").Spaces(t.Context()); err != nil || len(spaces) != 0 {
			t.Errorf("got %v, %v", spaces, err)
		}
	})
	t.Run("searchExperiments", func(t *testing.T) {
		expected := expectedObjects(t, "as/searchExperiments")
		i := 0
		for o, err := range replayGolden(t, "as/searchExperiments").SearchCollections(t.Context()) {
			if err != nil || o.Identifier != at(expected[i], "identifier", "identifier") || o.Type != at(expected[i], "type", "code") {
				t.Fatalf("got %+v, %v", o, err)
			}
			i++
		}
		if i != len(expected) || i == 0 {
			t.Errorf("%d collections", i)
		}
	})
	t.Run("searchVocabularies", func(t *testing.T) {
		list, err := replayGolden(t, "as/searchVocabularies").Vocabularies(t.Context())
		if err != nil || len(list) == 0 {
			t.Fatal(err)
		}
		for i, e := range expectedObjects(t, "as/searchVocabularies") {
			terms, _ := e["terms"].([]any)
			if list[i].Code != at(e, "code") || len(list[i].Terms) != len(terms) {
				t.Errorf("got %+v", list[i])
			}
			for _, term := range terms {
				if list[i].Terms[at(term, "code")].Label != at(term, "label") {
					t.Errorf("%s: term %v", list[i].Code, term)
				}
			}
		}
	})
	t.Run("searchSampleTypes", func(t *testing.T) {
		for _, name := range []string{"as/searchSampleTypes", "as/searchSampleTypes_entityType_cycle"} {
			types, err := replayGolden(t, name).ObjectTypes(t.Context())
			if err != nil || len(types) == 0 {
				t.Fatal(err)
			}
			for i, e := range expectedObjects(t, name) {
				assignments, _ := e["propertyAssignments"].([]any)
				if types[i].Code != at(e, "code") || types[i].Prefix != at(e, "generatedCodePrefix") || len(types[i].Properties) != len(assignments) {
					t.Errorf("got %+v", types[i])
				}
				for j, a := range assignments {
					if types[i].Properties[j].Code != at(a, "propertyType", "code") || types[i].Properties[j].DataType != at(a, "propertyType", "dataType") {
						t.Errorf("%s: got %+v, want %v", types[i].Code, types[i].Properties[j], a)
					}
				}
			}
		}
	})
	t.Run("types of collections and datasets", func(t *testing.T) {
		if types, err := replayGolden(t, "as/searchExperimentTypes").CollectionTypes(t.Context()); err != nil || len(types) == 0 {
			t.Errorf("got %v, %v", types, err)
		}
		if types, err := replayGolden(t, "as/searchDataSetTypes").DataSetTypes(t.Context()); err != nil || len(types) == 0 {
			t.Errorf("got %v, %v", types, err)
		}
	})
	t.Run("searchDataStores", func(t *testing.T) {
		stores, err := replayGolden(t, "as/searchDataStores").SearchDataStores(t.Context())
		want := []DataStore{{"DSS1", "https://dss1.example.org:443/datastore_server"}, {"DSS2", "https://dss2.example.org:443/datastore_server"}}
		if err != nil || !slices.Equal(stores, want) {
			t.Errorf("got %v, %v", stores, err)
		}
	})
	t.Run("getSessionInformation", func(t *testing.T) {
		info, err := replayGolden(t, "as/getSessionInformation").SessionInformation(t.Context())
		if err != nil || info.SessionToken != goldenToken || info.UserName != "jdoe" || info.Person.UserID != "jdoe" || info.PersonalAccessToken {
			t.Errorf("got %+v, %v", info, err)
		}
	})
	t.Run("getServerInformation", func(t *testing.T) {
		info, err := replayGolden(t, "as/getServerInformation").ServerInformation(t.Context())
		if err != nil || info["api-version"] != "3.6" {
			t.Errorf("got %v, %v", info, err)
		}
	})
	t.Run("isSessionActive", func(t *testing.T) {
		for name, want := range map[string]bool{"as/isSessionActive_true": true, "as/isSessionActive_false": false} {
			if active, err := replayGolden(t, name).IsSessionActive(t.Context()); err != nil || active != want {
				t.Errorf("%s: got %v, %v", name, active, err)
			}
		}
	})
	t.Run("unarchiveDataSets", func(t *testing.T) {
		if err := replayGolden(t, "as/unarchiveDataSets").UnarchiveDataSets(t.Context(), "20230914160000456-31"); err != nil {
			t.Error(err)
		}
	})
	t.Run("login", func(t *testing.T) {
		password := func(context.Context) (string, error) { return "x", nil }
		for name, want := range map[string]error{"as/login": nil, "as/login_wrong_password": ErrUnauthenticated} {
			c := replay(t, map[string]reply{
				"login": {200, golden(t, name+".json")}, "logout": {200, golden(t, "as/logout.json")},
				"getServerInformation": {200, golden(t, "as/getServerInformation.json")},
			})
			c.session.current, c.opts.Token, c.opts.User, c.opts.Password = credential{}, "", "jdoe", password
			if _, err := c.ServerInformation(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		}
	})
}

func TestDecodingOfRealListings(t *testing.T) {
	const stores = `{"jsonrpc":"2.0","id":"1","result":{"@id":1,"objects":[{"@id":2,"code":"DSS1","downloadUrl":""}],"totalCount":1}}`
	type row struct {
		PathInDataSet string `json:"pathInDataSet"`
		Path          string
		IsDirectory   bool `json:"isDirectory"`
		Directory     bool
		FileSize      string  `json:"fileSize"`
		FileLength    float64 `json:"fileLength"`
		CRC           *int32  `json:"crc32Checksum"`
		CRC3          int32   `json:"checksumCRC32"`
		PermID        struct {
			DataSetID struct {
				PermID string `json:"permId"`
			} `json:"dataSetId"`
		} `json:"permId"`
	}
	ds := &DataSet{PermID: "20230914160000456-31", DataStore: "DSS1"}
	t.Run("v1", func(t *testing.T) {
		c := replay(t, map[string]reply{
			"searchDataStores": {200, []byte(stores)}, "listFilesForDataSet": {200, golden(t, "dss/listFilesForDataSet.json")},
		})
		files, err := c.Files(t.Context(), ds)
		rows := goldenJSON[struct{ Result []row }](t, "dss/listFilesForDataSet.expected.json").Result
		if err != nil || len(files) != len(rows) {
			t.Fatalf("got %d files, %v, want %d", len(files), err, len(rows))
		}
		for _, r := range rows {
			i := slices.IndexFunc(files, func(f File) bool { return f.Path == r.PathInDataSet })
			if i < 0 {
				t.Errorf("%s is missing", r.PathInDataSet)
				continue
			}
			f := files[i]
			if f.Directory != r.IsDirectory || f.HasCRC32 != (r.CRC != nil) || r.CRC != nil && f.CRC32 != uint32(*r.CRC) {
				t.Errorf("got %+v, want %+v", f, r)
			}
			if want, _ := json.Number(r.FileSize).Int64(); f.Size != max(want, 0) {
				t.Errorf("%s has %d bytes, want %s", f.Path, f.Size, r.FileSize)
			}
		}
		if !slices.IsSortedFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
			t.Error("not sorted by path")
		}
	})
	t.Run("v3", func(t *testing.T) {
		c := replay(t, map[string]reply{"searchDataStores": {200, []byte(stores)}, "searchFiles": {200, golden(t, "dss/searchFiles.json")}})
		d, err := c.call(t.Context(), service{url: c.base + storePath + dssV3}, "searchFiles")
		if err != nil {
			t.Fatal(err)
		}
		hits, total := d.result().hits()
		rows := goldenJSON[struct{ Result struct{ Objects []row } }](t, "dss/searchFiles.expected.json").Result.Objects
		if d.err != nil || len(hits) != len(rows) || total != int64(len(rows)) {
			t.Fatalf("got %d files, %v, want %d", len(hits), d.err, len(rows))
		}
		for i, r := range rows {
			length, _ := hits[i].integer("fileLength")
			crc, _ := hits[i].integer("checksumCRC32")
			if hits[i].text("path") != r.Path || hits[i].bool("directory") != r.Directory || length != int64(r.FileLength) || int32(crc) != r.CRC3 ||
				hits[i].object("permId").object("dataSetId").text("permId") != r.PermID.DataSetID.PermID {
				t.Errorf("row %d: want %+v", i, r)
			}
		}
	})
	t.Run("fast download session", func(t *testing.T) {
		c := replay(t, map[string]reply{
			"searchDataStores": {200, []byte(stores)}, "createFastDownloadSession": {200, golden(t, "dss/createFastDownloadSession.json")},
		})
		s, err := c.CreateFastDownloadSession(t.Context(), ds, "original/DEFAULT/a.tif", "original/DEFAULT/sub")
		if err != nil || s.SessionToken != goldenToken || !strings.HasSuffix(s.URL, "/file-transfer") ||
			!slices.Equal(s.Paths, []string{"original/DEFAULT/a.tif", "original/DEFAULT/sub"}) {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}
