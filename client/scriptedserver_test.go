package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// scriptedServer is a server that says what a test wants it to say. What it does right is only to keep what is uploaded, by
// token and name.
type scriptedServer struct {
	t      *testing.T
	client *Client

	mu      sync.Mutex
	tokens  int             // drawn
	dead    map[string]bool // tokens
	files   map[string][]byte
	folders map[string]bool
	calls   map[string]int
	answers map[string]func(params []json.RawMessage) string // by method: a result, or an error from failWith
	upload  func(w http.ResponseWriter, r *http.Request) bool
	reset   map[string]bool // methods that are carried out and never answered
	handler map[string]http.HandlerFunc
}

// testSlice is the size of slices in tests, so that a few of them are little.
const testSlice = 64 << 10

const fakeToken = "jdoe-26030110000000%dx0123456789ABCDEF0123456789ABCDEF"

func newScriptedServer(t *testing.T, change ...func(*Options)) *scriptedServer {
	t.Helper()
	f := &scriptedServer{
		t: t, dead: make(map[string]bool), files: make(map[string][]byte), folders: make(map[string]bool),
		calls: make(map[string]int), reset: make(map[string]bool), handler: make(map[string]http.HandlerFunc),
	}
	one := func(s string) func([]json.RawMessage) string { return func([]json.RawMessage) string { return s } }
	f.answers = map[string]func([]json.RawMessage) string{
		"logout": one("null"), "createPermIdStrings": one(`["20260301100000000-17"]`),
		"searchDataStores":          one(`{"objects":[{"code":"DSS1","downloadUrl":""}],"totalCount":1}`),
		"searchAggregationServices": one(`{"objects":[],"totalCount":0}`),
		"getSamples": func(_ []json.RawMessage) string {
			return `{"O1":{"permId":{"permId":"O1"},"identifier":{"identifier":"/S/P/O"},"code":"O"}}`
		},
		"getSessionInformation": one(`{"sessionToken":"x","userName":"jdoe","person":{"userId":"jdoe"}}`),
		"getServerInformation":  one(`{"api-version":"3.6"}`),
		"searchDataSets":        one(`{"objects":[],"totalCount":0}`),
		"getDataSets":           one(`{}`),
	}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	opts := Options{URL: s.URL, User: "jdoe", Password: func(context.Context) (string, error) { return "secret", nil }}
	for _, c := range change {
		c(&opts)
	}
	f.client = newTestClient(t, opts)
	f.client.registrations.slice = testSlice
	return f
}

// failWith is the answer for an exception.
func failWith(class, message string) string {
	m, _ := json.Marshal(message)
	return fmt.Sprintf(`!{"code":0,"message":%s,"data":{"exceptionTypeName":%q,"message":%s}}`, m, class, m)
}

// table is a QueryTableModel.
func table(cells ...string) string {
	var columns, row []string
	for i := 0; i+1 < len(cells); i += 2 {
		v, _ := json.Marshal(cells[i+1])
		columns = append(columns, fmt.Sprintf(`{"@type":"QueryTableColumn","title":%q,"dataType":"STRING"}`, cells[i]))
		row = append(row, fmt.Sprintf(`{"type":"STRING","value":%s}`, v))
	}
	return fmt.Sprintf(`{"@type":"QueryTableModel","columns":[%s],"rows":[[%s]]}`, strings.Join(columns, ","), strings.Join(row, ","))
}

func (f *scriptedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/session_workspace_file_upload") {
		f.serveUpload(w, r)
		return
	}
	var req struct {
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	f.calls[req.Method]++
	handler := f.handler[req.Method]
	reset := f.reset[req.Method]
	f.mu.Unlock()
	if handler != nil {
		handler(w, r)
		return
	}
	result := f.answer(req.Method, req.Params)
	if reset {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json-rpc")
	if failure, ok := strings.CutPrefix(result, "!"); ok {
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":"1","error":%s}`, failure)
		return
	}
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":"1","result":%s}`, result)
}

func (f *scriptedServer) answer(method string, params []json.RawMessage) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var token string
	if len(params) > 0 {
		_ = json.Unmarshal(params[0], &token)
	}
	switch {
	case method == "login":
		f.tokens++
		return strconv.Quote(fmt.Sprintf(fakeToken, f.tokens))
	case f.dead[token]:
		return failWith("ch.systemsx.cisd.common.exceptions.InvalidSessionException", "Session token '"+token+"' is invalid: user is not logged in.")
	case method == "deleteSessionWorkspaceFile":
		var path string
		_ = json.Unmarshal(params[1], &path)
		for name := range f.files {
			if name == token+"/"+path || strings.HasPrefix(name, token+"/"+path+"/") {
				delete(f.files, name)
			}
		}
		return "true"
	}
	answer := f.answers[method]
	if answer == nil {
		return `!{"code":-32601,"message":"method not found"}`
	}
	return answer(params)
}

func (f *scriptedServer) serveUpload(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls["upload"]++
	upload := f.upload
	f.mu.Unlock()
	if upload != nil && upload(w, r) {
		return
	}
	q := r.URL.Query()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead[q.Get("sessionID")] {
		w.WriteHeader(500)
		_, _ = fmt.Fprintf(w, `<html><tr><th>MESSAGE:</th><td>ch.systemsx.cisd.common.exceptions.InvalidSessionException: Session token &apos;%s&apos; is invalid</td></tr></html>`, q.Get("sessionID"))
		return
	}
	name := q.Get("sessionID") + "/" + strings.TrimSpace(q.Get("filename"))
	size := int64(len(body))
	if q.Get("emptyFolder") == "true" {
		f.folders[name] = true
		size = -1
	} else {
		start, _ := strconv.ParseInt(q.Get("startByte"), 10, 64)
		file := f.files[name]
		if grow := start + size - int64(len(file)); grow > 0 {
			file = append(file, make([]byte, grow)...)
		}
		copy(file[start:], body)
		f.files[name] = file
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/octet-stream" {
		f.t.Errorf("content type %q", ct)
	}
	w.Header().Set("Content-Type", "text/json")
	_, _ = fmt.Fprintf(w, `{"size":%d,"status":"ok","id":1}`, size)
}

// stored are the files of a session's workspace, by their number of logins.
func (f *scriptedServer) stored(session int) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	prefix := fmt.Sprintf(fakeToken, session) + "/"
	got := make(map[string]string)
	for name, b := range f.files {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			got[rest] = string(b)
		}
	}
	for name := range f.folders {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			got[rest+"/"] = ""
		}
	}
	return got
}

func (f *scriptedServer) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

// set changes what the server does from now on.
func (f *scriptedServer) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}
