package openbistest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// depositLab is a storeLab into which something can be registered. "bob" may only read.
type depositLab struct {
	*storeLab
	sample *Sample
	parent *DataSet
}

func newDepositLab() *depositLab {
	l := &depositLab{storeLab: newStoreLab()}
	for _, p := range l.Persons {
		p.ReadOnly = p.UserID == "bob"
	}
	property := func(code string, t DataType) *PropertyAssignment {
		return &PropertyAssignment{PropertyType: l.AddPropertyType(&PropertyType{Code: code, DataType: t})}
	}
	name, count, alloy := property("$NAME", "VARCHAR"), property("COUNT", "INTEGER"), property("ALLOY", "CONTROLLEDVOCABULARY")
	alloy.PropertyType.Vocabulary = l.AddVocabulary(&Vocabulary{Code: "ALLOY", Terms: []*VocabularyTerm{{Code: "EN_AW"}}})
	checked := property("CHECKED", "BOOLEAN")
	checked.Mandatory = true
	plainName, description := property("NAME", "VARCHAR"), property("DESCRIPTION", "VARCHAR")
	l.AddType(&EntityType{Kind: DataSetKind, Code: "RAW", Assignments: []*PropertyAssignment{name, count, alloy}})
	l.AddType(&EntityType{Kind: DataSetKind, Code: "CHECKED", Assignments: []*PropertyAssignment{name, checked}})
	for _, code := range []string{"JUPYTER_CONTAINER", "JUPYTER_RESULT", "JUPYTER_NOTEBOOK"} {
		l.AddType(&EntityType{Kind: DataSetKind, Code: code, Assignments: []*PropertyAssignment{plainName, description}})
	}
	l.sample = l.AddSample(&Sample{Code: "S1", Experiment: l.open, Type: &EntityType{Kind: SampleKind, Code: "DEFAULT"}})
	l.AddSample(&Sample{Code: "SHARED", Type: l.sample.Type})
	l.AddSample(&Sample{Code: "HIDDEN", Experiment: l.closed, Type: l.sample.Type})
	l.parent = l.AddDataSet(&DataSet{PermID: "PARENT", Sample: l.sample, Type: l.DataSetTypes[0], Root: Original(File("p", Text("p")))})
	return l
}

// depositClient is a storeClient that uploads.
type depositClient struct {
	*storeClient
	lab *depositLab
}

// newDepositClient starts a server whose checksums are there at once, unless the options say otherwise.
func newDepositClient(t *testing.T, user string, opts Options) *depositClient {
	t.Helper()
	l := newDepositLab()
	opts.Lab = l.Lab
	if opts.PathInfoDelay == 0 {
		opts.PathInfoDelay = -1
	}
	return &depositClient{newStoreClient(t, NewServer(t, opts), user), l}
}

// upload is what an upload servlet answers.
type uploadAnswer struct {
	ID, StartByte, EndByte, Size int64
	Filename, Status             string
	EmptyFolder                  bool
}

func (c *depositClient) uploadURL(path string, start int, more ...string) string {
	q := url.Values{"sessionID": {c.token}, "id": {"1"}, "startByte": {strconv.Itoa(start)}, "endByte": {"77"}, "filename": {path}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			q.Del(more[i])
		} else {
			q.Set(more[i], more[i+1])
		}
	}
	return c.url + "/session_workspace_file_upload?" + q.Encode()
}

// put uploads a slice, which must work.
func (c *depositClient) put(path string, start int, content string, more ...string) uploadAnswer {
	c.t.Helper()
	a := c.do(http.MethodPost, c.uploadURL(path, start, more...), strings.NewReader(content), "Content-Type", "application/octet-stream")
	if a.err != nil || a.StatusCode != http.StatusOK {
		c.t.Fatalf("upload of %q: %v, %.300s", path, a.err, a.body)
	}
	var answer uploadAnswer
	if err := json.Unmarshal([]byte(a.body), &answer); err != nil {
		c.t.Fatalf("upload of %q: %v in %q", path, err, a.body)
	}
	return answer
}

// workspaceFile reads a file of the workspace; "" is also one that is not there.
func (c *depositClient) workspaceFile(path string) string {
	c.t.Helper()
	a := c.do(http.MethodGet, c.url+"/session_workspace_file_download?sessionID="+url.QueryEscape(c.token)+"&filePath="+url.QueryEscape(path), nil)
	if a.StatusCode != http.StatusOK {
		return ""
	}
	return a.body
}

func (c *depositClient) creation(id, typeCode string, more map[string]any) map[string]any {
	creation := map[string]any{
		"@type": uploadedCreationType, "uploadId": id,
		"typeId":   map[string]any{"@type": "as.dto.entitytype.id.EntityTypePermId", "permId": typeCode, "entityKind": "DATA_SET"},
		"sampleId": map[string]any{"@type": "as.dto.sample.id.SampleIdentifier", "identifier": "/OPEN/P/S1"},
	}
	for k, v := range more {
		creation[k] = v
	}
	return creation
}

// register calls createUploadedDataSet and returns the permId, or the error's class and text.
func (c *depositClient) register(creation map[string]any) (permID, class, message string) {
	c.t.Helper()
	status, reply := c.call(v3Endpoint, uploadedRoute, c.token, creation)
	if reply.Error != nil {
		if status != http.StatusOK || reply.Error.Code != 0 {
			c.t.Errorf("HTTP %d, code %d", status, reply.Error.Code)
		}
		return "", reply.Error.Data.ExceptionTypeName, reply.Error.Message
	}
	var id struct{ PermID string }
	if err := json.Unmarshal(reply.Result, &id); err != nil || id.PermID == "" {
		c.t.Fatalf("%v in %s", err, reply.Result)
	}
	return id.PermID, "", ""
}

// report calls a service over the query service and returns its table: titles and the only row.
func (c *depositClient) report(key string, parameters map[string]any) (titles, row []string) {
	c.t.Helper()
	var model struct {
		Columns []struct{ Title string }
		Rows    [][]struct{ Value string }
	}
	reply := c.callAS("rmi-query-v1.json", "createReportFromAggregationService", c.token, "DSS1", key, parameters)
	if reply.Error != nil {
		c.t.Fatalf("%s: %+v", key, *reply.Error)
	}
	if err := json.Unmarshal(reply.Result, &model); err != nil || len(model.Rows) != 1 {
		c.t.Fatalf("%v in %s", err, reply.Result)
	}
	for i, column := range model.Columns {
		titles = append(titles, column.Title)
		row = append(row, model.Rows[0][i].Value)
	}
	return titles, row
}

// callAS calls a method of the application server.
func (c *depositClient) callAS(service, method string, params ...any) (reply rpcReply) {
	c.t.Helper()
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.do(http.MethodPost, c.s.URL+"/openbis/openbis/"+service, bytes.NewReader(request))
	if a.err != nil {
		c.t.Fatal(a.err)
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		c.t.Fatalf("%s: %v in %q", method, err, a.body)
	}
	return reply
}

// wantFiles checks paths and contents of all files of a data set, by listing and download.
func (c *depositClient) wantFiles(permID string, want map[string]string) {
	c.t.Helper()
	got := make(map[string]string)
	for _, e := range c.list(permID, "", true) {
		if !e.IsDirectory {
			got[e.PathInDataSet] = c.get(permID + "/" + (&url.URL{Path: e.PathInDataSet}).EscapedPath()).body
		}
	}
	if len(got) != len(want) {
		c.t.Errorf("%s has %q, want %q", permID, got, want)
	}
	for path, content := range want {
		if got[path] != content {
			c.t.Errorf("%s has %q in %s, want %q", permID, got[path], path, content)
		}
	}
}

// wantRegistrations checks how many data sets were registered.
func (c *depositClient) wantRegistrations(n int) {
	c.t.Helper()
	if got := c.s.Registrations(); len(got) != n {
		c.t.Errorf("registered: %+v, want %d", got, n)
	}
}

// dataSet returns a data set of the lab.
func (c *depositClient) dataSet(permID string) *DataSet {
	c.t.Helper()
	unlock := c.s.store.lock(false)
	defer unlock()
	d := c.s.store.dataSet(permID)
	if d == nil {
		c.t.Fatalf("no data set %s", permID)
	}
	return d
}

func wantTable(t *testing.T, titles, row []string, wantTitles string, cells ...string) {
	t.Helper()
	if got := strings.Join(titles, " "); got != wantTitles {
		t.Errorf("titles %q of %q, want %q", got, row, wantTitles)
		return
	}
	for i, want := range cells {
		if want != "" && !strings.Contains(row[i], want) {
			t.Errorf("row %q, want %q in cell %d", row, want, i)
		}
	}
}

// eventually is closed when the condition holds, which is looked at whenever the clock ticks.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("never: " + what)
		}
	}
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
