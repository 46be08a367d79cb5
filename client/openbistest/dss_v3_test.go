package openbistest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// dataSetCriteria are criteria that find the data sets of these codes.
func dataSetCriteria(codes ...string) map[string]any {
	criteria := []any{}
	for _, code := range codes {
		criteria = append(criteria, map[string]any{"@type": "as.dto.common.search.CodeSearchCriteria", "fieldName": "code",
			"fieldType": "ATTRIBUTE", "fieldValue": map[string]any{"@type": "as.dto.common.search.StringEqualToValue", "value": code}})
	}
	return map[string]any{"@type": "as.dto.dataset.search.DataSetSearchCriteria", "operator": "OR", "criteria": criteria}
}

func (c *storeClient) searchFiles(operator string, fetch map[string]any, criteria ...any) ([]string, *rpcReply) {
	c.t.Helper()
	options := map[string]any{"@type": fileFetchOptionsType}
	for k, v := range fetch {
		options[k] = v
	}
	status, reply := c.call(v3Endpoint, "searchFiles", c.token,
		map[string]any{"@type": fileCriteriaType, "operator": operator, "criteria": criteria}, options)
	if status != 200 {
		c.t.Errorf("HTTP %d", status)
	}
	if reply.Error != nil {
		return nil, &reply
	}
	var result struct {
		Objects []struct {
			PermID struct{ DataSetID struct{ PermID string } }
			Path   string
		}
		TotalCount int
	}
	if err := json.Unmarshal(reply.Result, &result); err != nil {
		c.t.Fatal(err)
	}
	found := []string{}
	for _, o := range result.Objects {
		found = append(found, o.PermID.DataSetID.PermID+":"+o.Path)
	}
	if result.TotalCount != len(found) {
		c.t.Errorf("totalCount %d of %d", result.TotalCount, len(found))
	}
	slices.Sort(found)
	return found, &reply
}

func TestSearchFilesFindsAllNodesOfWhatMayBeSeen(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab}), "bob")
	tree := func(code string) []string { return []string{code + ":", code + ":original", code + ":original/f"} }
	for _, tt := range []struct {
		name     string
		operator string
		criteria []any
		want     []string
	}{
		{"one", "AND", []any{dataSetCriteria("D-1")}, tree("D-1")},
		{"two codes", "AND", []any{dataSetCriteria("D-1", "D-LINK")}, append(tree("D-1"), tree("D-LINK")...)},
		{"and", "AND", []any{dataSetCriteria("D-1", "D-LINK"), dataSetCriteria("D-LINK", "D-PENDING")}, tree("D-LINK")},
		{"or", "OR", []any{dataSetCriteria("D-1"), dataSetCriteria("D-LINK", "D-1")}, append(tree("D-1"), tree("D-LINK")...)},
		{"no access", "AND", []any{dataSetCriteria("D-CLOSED")}, []string{}},
		{"unknown", "AND", []any{dataSetCriteria("D-9")}, []string{}},
		{"none", "AND", []any{}, []string{}},
		{"archived", "AND", []any{dataSetCriteria("D-ARCHIVED")}, tree("D-ARCHIVED")},
	} {
		got, reply := c.searchFiles(tt.operator, map[string]any{"from": 1, "count": 1}, tt.criteria...) // paging is ignored
		if reply.Error != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q (%+v)", tt.name, got, tt.want, reply.Error)
		}
	}
}

func TestSearchFilesFailsAsAWhole(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab}), "bob")
	for _, bad := range []string{"D-LINK-0", "D-EMPTY"} {
		_, reply := c.searchFiles("AND", nil, dataSetCriteria("D-1", bad))
		if reply.Error == nil || reply.Error.Code != 0 || reply.Error.Data.ExceptionTypeName != "java.lang.IllegalArgumentException" {
			t.Errorf("%s: %+v", bad, reply)
		}
	}
}

func TestNewerServersRefusePagingOfFiles(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: errorLab().Lab, APIVersion: "3.7"}), "bob")
	if _, reply := c.searchFiles("AND", map[string]any{"count": 1}, dataSetCriteria("D-1")); reply.Error == nil ||
		!strings.HasPrefix(reply.Error.Message, "Pagination parameters are not supported.") {
		t.Errorf("%+v", reply)
	}
}

func TestFastDownloadSessionDropsWhatMayNotBeSeen(t *testing.T) {
	clock := newTestClock()
	s := NewServer(t, Options{Lab: errorLab().Lab, Clock: clock.now})
	c := newStoreClient(t, s, "bob")
	pat, err := s.sessions.createPAT(s.person("bob"), "test", clock.now(), clock.now().AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	var ids []any
	for _, file := range []string{"D-CLOSED/original/f", "D-LINK/b", "D-1/nope", "D-1/a", "D-9/x", "D-1/a"} {
		code, path, _ := strings.Cut(file, "/")
		ids = append(ids, map[string]any{"@type": filePermIDType, "filePath": path,
			"dataSetId": map[string]any{"@type": "as.dto.dataset.id.DataSetPermId", "permId": code}})
	}
	_, reply := c.call(v3Endpoint, "createFastDownloadSession", pat.Hash, ids, map[string]any{"@type": fastDownloadOptionsType, "wishedNumberOfStreams": 2})
	if reply.Error != nil {
		t.Fatal(*reply.Error)
	}
	var result struct {
		DownloadURL, FileTransferUserSessionID string
		Files                                  []struct {
			DataSetID struct{ PermID string }
			FilePath  string
		}
	}
	if err := json.Unmarshal(reply.Result, &result); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(result.Files), "[{{D-1} a} {{D-1} nope} {{D-LINK} b}]"; got != want {
		t.Errorf("files %s, want %s", got, want)
	}
	if result.DownloadURL != s.URL+"/datastore_server/file-transfer" {
		t.Errorf("downloadUrl %s", result.DownloadURL)
	}
	if result.FileTransferUserSessionID == pat.Hash || result.FileTransferUserSessionID == "" {
		t.Errorf("session id %s", result.FileTransferUserSessionID)
	}
	if status, reply := c.call(v3Endpoint, "createFastDownloadSession", "x", ids, nil); status != 200 || reply.Error == nil || reply.Error.Code != 0 {
		t.Errorf("dead token: HTTP %d, %+v", status, reply)
	}
}
