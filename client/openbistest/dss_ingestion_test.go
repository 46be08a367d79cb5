package openbistest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

// requestBodyOf is the body of a JSON-RPC request.
func requestBodyOf(t *testing.T, method string, params ...any) io.Reader {
	t.Helper()
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(request)
}

func uploaderParameters(names ...string) map[string]any {
	return map[string]any{
		"method": "insertDataSet", "sampleIdentifier": "/OPEN/P/S1", "experimentIdentifier": nil, "dataSetType": "RAW", "folderName": nil,
		"fileNames": names, "isZipDirectoryUpload": false, "properties": map[string]any{}, "parentIdentifiers": []any{},
	}
}

func with(parameters map[string]any, more ...any) map[string]any {
	for i := 0; i+1 < len(more); i += 2 {
		parameters[more[i].(string)] = more[i+1]
	}
	return parameters
}

const (
	okTitles    = "STATUS MESSAGE RESULT"
	errorTitles = "Parameters Error"
)

func TestTheUploaderWrapsSeveralFilesInAFolder(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	for _, tt := range []struct {
		folder any
		names  []string
		want   []string
	}{
		{nil, []string{"a"}, []string{"original/a"}},
		{"run", []string{"a"}, []string{"original/a"}},
		{nil, []string{"a", "b"}, []string{"original/DEFAULT/a", "original/DEFAULT/b"}},
		{"run", []string{"a", "b"}, []string{"original/run/a", "original/run/b"}},
	} {
		for _, name := range tt.names {
			c.put(name, 0, "x")
		}
		titles, row := c.report(uploaderService, with(uploaderParameters(tt.names...), "folderName", tt.folder))
		wantTable(t, titles, row, okTitles, "OK", "Operation Successful")
		want := make(map[string]string)
		for _, path := range tt.want {
			want[path] = "x"
		}
		c.wantFiles(row[2], want)
	}
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("workspace %q", got)
	}
}

// archive makes a zip archive of names and contents. Names of folders end in a slash.
func archive(t *testing.T, entries ...string) string {
	t.Helper()
	var b strings.Builder
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, entries[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheUploaderUnpacksOneArchive(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u.zip", 0, archive(t, "a/b.txt", "b", "empty/", "", "c.txt", "c"))
	titles, row := c.report(uploaderService, with(uploaderParameters("u.zip"), "isZipDirectoryUpload", true, "folderName", "my run"))
	wantTable(t, titles, row, okTitles, "OK")
	c.wantFiles(row[2], map[string]string{"original/my run/a/b.txt": "b", "original/my run/c.txt": "c"})
	if paths := pathsOf(c.list(row[2], "", true)); !slices.Contains(paths, "original/my run/empty") {
		t.Errorf("paths %q", paths)
	}
	c.put("u.zip", 0, "no archive")
	titles, row = c.report(uploaderService, with(uploaderParameters("u.zip"), "isZipDirectoryUpload", "false")) // a text is true
	wantTable(t, titles, row, errorTitles, "fileNames=[u.zip]", "Chosen plugin failed to create a report: net.lingala.zip4j.exception.ZipException")
	c.put("evil.zip", 0, archive(t, "../../evil", "x"))
	titles, row = c.report(uploaderService, with(uploaderParameters("evil.zip"), "isZipDirectoryUpload", true))
	wantTable(t, titles, row, errorTitles, "", "ZipException")
}

func TestTheUploaderTakesThePermIDOfTheClient(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	var ids []string
	if err := json.Unmarshal(c.callAS("rmi-application-server-v3.json", "createPermIdStrings", c.token, 1).Result, &ids); err != nil {
		t.Fatal(err)
	}
	c.put("a", 0, "x")
	titles, row := c.report(uploaderService, with(uploaderParameters("a"), "permId", ids[0]))
	wantTable(t, titles, row, okTitles, "OK", "", ids[0])
	c.put("a", 0, "x")
	titles, row = c.report(uploaderService, with(uploaderParameters("a"), "permId", ids[0]))
	wantTable(t, titles, row, errorTitles, "permId="+ids[0], "already exists")
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("the upload is gone before the commit, but there is %q", got)
	}
	c.put("a", 0, "x")
	titles, row = c.report(uploaderService, with(uploaderParameters("a"), "permId", "mine-1"))
	wantTable(t, titles, row, okTitles, "OK", "", "MINE-1")
	c.wantFiles("MINE-1", map[string]string{"original/a": "x"})
	c.wantRegistrations(2)
}

func TestFailuresOfTheUploaderHaveTheirPlaces(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("dir/a", 0, "x")
	for _, tt := range []struct {
		name       string
		parameters map[string]any
		titles     string
		cell       string
	}{
		{"method", with(uploaderParameters("f"), "method", "other"), "STATUS MESSAGE", "Operation Failed"},
		{"sample", with(uploaderParameters("f"), "sampleIdentifier", "/OPEN/P/NONE"), errorTitles, "no sample found with this identifier: /OPEN/P/NONE"},
		{"invisible sample", with(uploaderParameters("f"), "sampleIdentifier", "/OPEN/P/NONE"), errorTitles, "no sample found"},
		{"permId for identifier", with(uploaderParameters("f"), "sampleIdentifier", c.lab.sample.PermID), errorTitles, "no sample found"},
		{"shared sample", with(uploaderParameters("f"), "sampleIdentifier", "/SHARED"), errorTitles, "shared sample"},
		{"no owner", with(uploaderParameters("f"), "sampleIdentifier", nil), errorTitles, "neither to an experiment nor to a sample"},
		{"properties", with(uploaderParameters("f"), "properties", nil), errorTitles, "AttributeError: 'NoneType' object has no attribute 'keySet'"},
		{"missing file", uploaderParameters("nothing"), errorTitles, "java.io.FileNotFoundException: nothing (No such file or directory)"},
		{"file in a folder", uploaderParameters("dir/a"), errorTitles, "FileNotFoundException"},
		{"untrimmed name", uploaderParameters("f "), errorTitles, "FileNotFoundException"},
		{"type", with(uploaderParameters("f"), "dataSetType", "NONE"), errorTitles, "Data Set type with code 'NONE' does not exist."},
		{"mandatory", with(uploaderParameters("f"), "dataSetType", "CHECKED"), errorTitles, "Value of mandatory property 'CHECKED' not specified."},
		{"unknown property", with(uploaderParameters("f"), "properties", map[string]any{"X": "1"}), errorTitles, "Property type with code 'X' does not exist!"},
		{"not assigned", with(uploaderParameters("f"), "properties", map[string]any{"CHECKED": "1"}), errorTitles, "'CHECKED' is not assigned"},
		{"value", with(uploaderParameters("f"), "properties", map[string]any{"COUNT": "1.5"}), errorTitles, "Integer value '1.5' has improper format."},
		{"term", with(uploaderParameters("f"), "properties", map[string]any{"ALLOY": "gold"}), errorTitles, "Vocabulary value 'gold' is not valid."},
		{"parent", with(uploaderParameters("f"), "parentIdentifiers", []any{"NONE"}), errorTitles, "Data set with code 'NONE' does not exist."},
	} {
		c.put("f", 0, "x")
		titles, row := c.report(uploaderService, tt.parameters)
		if wantTable(t, titles, row, tt.titles, "", tt.cell); t.Failed() {
			t.Fatal(tt.name)
		}
	}
	for _, params := range [][]any{{"nobody-1", "DSS1"}, {c.token, "DSS9"}} {
		reply := c.callAS("rmi-query-v1.json", "createReportFromAggregationService", params[0], params[1], uploaderService, map[string]any{})
		if reply.Error == nil || reply.Error.Code != 0 {
			t.Errorf("%v: %s, %+v", params, reply.Result, reply.Error)
		}
	}
	c.wantRegistrations(0)
}

func TestServicesCanBeSearchedAndExecutedOverV3(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	search := func(criteria ...any) (found []string) {
		var result struct {
			Objects []struct {
				PermID struct {
					PermID      string
					DataStoreID struct{ PermID string }
				}
				Name, Label string
			}
			TotalCount int
		}
		reply := c.callAS("rmi-application-server-v3.json", "searchAggregationServices", c.token,
			map[string]any{"@type": "as.dto.service.search.AggregationServiceSearchCriteria", "criteria": criteria},
			map[string]any{"@type": "as.dto.service.fetchoptions.AggregationServiceFetchOptions"})
		if err := json.Unmarshal(reply.Result, &result); err != nil || reply.Error != nil {
			t.Fatalf("%v, %+v", err, reply.Error)
		}
		for _, o := range result.Objects {
			found = append(found, o.PermID.DataStoreID.PermID+":"+o.PermID.PermID+":"+o.Name)
		}
		return found
	}
	all := []string{"DSS1:dataset-uploader-api:dataset-uploader-api", "DSS1:jupyter-uploader-api:jupyter-uploader-api"}
	if got := search(); !slices.Equal(got, all) {
		t.Errorf("all: %q", got)
	}
	name := map[string]any{"@type": "as.dto.common.search.NameSearchCriteria", "fieldName": "name",
		"fieldValue": map[string]any{"@type": "as.dto.common.search.StringEqualToValue", "value": "jupyter-uploader-api"}}
	id := map[string]any{"@type": "as.dto.service.id.DssServicePermId", "permId": "jupyter-uploader-api",
		"dataStoreId": map[string]any{"@type": "as.dto.datastore.id.DataStorePermId", "permId": "DSS1"}}
	for _, criteria := range []any{name, map[string]any{"@type": "as.dto.common.search.IdSearchCriteria", "id": id}} {
		if got := search(criteria); !slices.Equal(got, all[1:]) {
			t.Errorf("%v: %q", criteria, got)
		}
	}
	c.put("a", 0, "x")
	id["permId"] = uploaderService
	reply := c.callAS("rmi-application-server-v3.json", "executeAggregationService", c.token, id,
		map[string]any{"@type": "as.dto.service.execute.AggregationServiceExecutionOptions", "parameters": uploaderParameters("a")})
	var model struct {
		Columns []struct{ Title string }
		Rows    [][]struct{ Value string }
	}
	if err := json.Unmarshal(reply.Result, &model); err != nil || reply.Error != nil || model.Rows[0][0].Value != "OK" || model.Columns[2].Title != "RESULT" {
		t.Fatalf("%v, %+v, %s", err, reply.Error, reply.Result)
	}
	c.wantFiles(model.Rows[0][2].Value, map[string]string{"original/a": "x"})
}

func TestACommitCanBeRefused(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.s.Faults.Add(Fault{Kind: Refused, Method: CommitStep, Times: 3, Body: "The validation script says no."})
	c.put("a", 0, "x")
	titles, row := c.report(uploaderService, uploaderParameters("a"))
	wantTable(t, titles, row, errorTitles, "", "The validation script says no.")
	c.put("a", 0, "x")
	titles, row = c.report(jupyterService, jupyterParameters("C", "RAW", "", "a"))
	wantTable(t, titles, row, errorTitles, "", "The validation script says no.")
	c.put("u/a", 0, "x")
	if _, class, message := c.register(c.creation("u", "RAW", nil)); message != "Could not process file a" || !strings.HasSuffix(class, "EnvironmentFailureException") {
		t.Errorf("%s: %s", class, message)
	}
	c.s.Faults.Add(Fault{Kind: Refused, Method: "createReportFromAggregationService", Body: "no"})
	reply := c.callAS("rmi-query-v1.json", "createReportFromAggregationService", c.token, "DSS1", uploaderService, uploaderParameters("a"))
	if reply.Error == nil || reply.Error.Message != "no" || reply.Error.Data.ExceptionTypeName != userFailureClass {
		t.Errorf("refused call: %+v", reply.Error)
	}
	c.wantRegistrations(0)
}
