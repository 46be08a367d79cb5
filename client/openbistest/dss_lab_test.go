package openbistest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// storeLab is a small lab for tests of the data store server: one Collection per Space, "alice" sees all, "bob" only OPEN.
type storeLab struct {
	*Lab
	open, closed *Experiment
	store        *DataStore
}

func newStoreLab() *storeLab {
	l := &storeLab{Lab: NewLab()}
	l.AddPerson(&Person{UserID: "alice", Password: "a"})
	l.AddPerson(&Person{UserID: "bob", Password: "b", Spaces: []string{"OPEN"}})
	l.store = l.AddDataStore(&DataStore{Code: "DSS1"})
	experiment := func(space string) *Experiment {
		p := l.AddProject(&Project{Code: "P", Space: l.AddSpace(&Space{Code: space})})
		return l.AddExperiment(&Experiment{Code: "E", Project: p, Type: &EntityType{Kind: ExperimentKind, Code: "DEFAULT"}})
	}
	l.open, l.closed = experiment("OPEN"), experiment("CLOSED")
	return l
}

// add adds a data set that everybody sees.
func (l *storeLab) add(permID string, root *Node) *DataSet {
	return l.AddDataSet(&DataSet{PermID: permID, Experiment: l.open, Root: root})
}

// storeClient speaks HTTP to a data store server.
type storeClient struct {
	t     *testing.T
	s     *Server
	http  *http.Client
	url   string // of the data store server
	token string
}

func newStoreClient(t *testing.T, s *Server, user string) *storeClient {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &storeClient{t: t, s: s, url: s.StoreURL("DSS1") + "/datastore_server", token: s.Login(user),
		http: &http.Client{Transport: transport, Jar: jar}}
	return c
}

// storeAnswer is an HTTP answer with its whole body.
type storeAnswer struct {
	*http.Response
	body string
	err  error // of reading the body
}

func (c *storeClient) do(method, target string, body io.Reader, header ...string) storeAnswer {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, target, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return storeAnswer{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return storeAnswer{resp, string(text), err}
}

// get asks the download servlet for a path with the session token; further parameters may follow.
func (c *storeClient) get(path string, params ...string) storeAnswer {
	c.t.Helper()
	q := "?sessionID=" + url.QueryEscape(c.token)
	for _, p := range params {
		q += "&" + p
	}
	return c.do(http.MethodGet, c.url+"/"+path+q, nil)
}

// call calls a JSON-RPC method and returns the HTTP status and the answer's error or result.
func (c *storeClient) call(endpoint, method string, params ...any) (status int, reply rpcReply) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "1", "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.do(http.MethodPost, c.url+endpoint, bytes.NewReader(body))
	if a.err != nil {
		c.t.Fatal(a.err)
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil {
		c.t.Fatalf("%s: %v in %q", method, err, a.body)
	}
	return a.StatusCode, reply
}

type rpcReply struct {
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
		Data    struct{ ExceptionTypeName, Message string }
	}
}

const (
	v1Endpoint = "/rmi-dss-api-v1.json"
	v3Endpoint = "/rmi-data-store-server-v3.json"
)

// listed is an entry of a v1 listing.
type listed struct {
	PathInDataSet, PathInListing string
	IsDirectory                  bool
	FileSize                     string
	CRC32Checksum                *int32
}

func (c *storeClient) list(code, path string, recursive bool) []listed {
	c.t.Helper()
	status, reply := c.call(v1Endpoint, "listFilesForDataSet", c.token, code, path, recursive)
	if reply.Error != nil {
		c.t.Fatalf("listing %s: HTTP %d, %+v", code, status, *reply.Error)
	}
	var entries []listed
	if err := json.Unmarshal(reply.Result, &entries); err != nil {
		c.t.Fatal(err)
	}
	return entries
}

func pathsOf(entries []listed) []string {
	paths := []string{}
	for _, e := range entries {
		paths = append(paths, e.PathInDataSet)
	}
	return paths
}

// testClock is a clock that tests set.
type testClock struct {
	mu sync.Mutex
	t  time.Time
}

func newTestClock() *testClock { return &testClock{t: time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// wantPage checks that the answer is a page with status 200 that is not file content.
func wantPage(t *testing.T, a storeAnswer, contentType, body string) {
	t.Helper()
	if a.err != nil {
		t.Fatal(a.err)
	}
	if a.StatusCode != http.StatusOK {
		t.Errorf("status %d, want 200", a.StatusCode)
	}
	if got := a.Header.Get("Content-Type"); got != contentType {
		t.Errorf("Content-Type %q, want %q", got, contentType)
	}
	if a.Header.Get("Content-Disposition") != "" {
		t.Error("a page with Content-Disposition")
	}
	if a.ContentLength >= 0 {
		t.Errorf("a page with Content-Length %d", a.ContentLength)
	}
	if a.body != body {
		t.Errorf("page\n%q\nwant\n%q", a.body, body)
	}
}

const (
	htmlType  = "text/html;charset=utf-8"
	plainType = "text;charset=iso-8859-1"
)

func htmlError(message string) string {
	return "<html><body><h1>Error</h1>\n" + message + "\n</body></html>\n"
}

func plainError(message string) string { return "Error:\n" + message + "\n" }

// repeated is a content of n equal bytes.
func repeated(b byte, n int) Content { return Text(strings.Repeat(string(b), n)) }
