package openbistest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSlicesMayComeInAnyOrderAndLeaveHoles(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	got := c.put("dir/sub/a.bin", 6, "world")
	want := uploadAnswer{ID: 1, StartByte: 6, EndByte: 77, Size: 5, Filename: "dir/sub/a.bin", Status: "ok"}
	if got != want {
		t.Errorf("answer %+v, want %+v: endByte is echoed and not looked at", got, want)
	}
	if got := c.workspaceFile("dir/sub/a.bin"); got != "\x00\x00\x00\x00\x00\x00world" {
		t.Errorf("with a hole: %q", got)
	}
	c.put("dir/sub/a.bin", 0, "hello ")
	if got := c.workspaceFile("dir/sub/a.bin"); got != "hello world" {
		t.Errorf("filled: %q", got)
	}
	var paths []string
	for _, s := range c.s.Slices() {
		paths = append(paths, s.Path)
	}
	if len(paths) != 2 || c.s.UploadedBytes() != 11 || c.s.Calls()["session_workspace_file_upload"] != 2 {
		t.Errorf("slices of %q, %d bytes, calls %v", paths, c.s.UploadedBytes(), c.s.Calls())
	}
}

func TestUploadsAreNeverTruncated(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("a", 0, "a long text")
	c.put("a", 0, "A")
	if got := c.workspaceFile("a"); got != "A long text" {
		t.Errorf("%q, want the old tail", got)
	}
}

func TestNamesOfUploadsAreTrimmedAndABackslashSeparates(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	if got := c.put(" \tdir/ name \n", 0, "x"); got.Filename != "dir/ name" {
		t.Errorf("file name %q", got.Filename)
	}
	c.put(`dir/back\slash`, 0, "y")
	want := []string{"DSS1/dir/", "DSS1/dir/ name", `DSS1/dir/back\/`, `DSS1/dir/back\/slash`}
	if got := sorted(c.s.Workspaces()); !slices.Equal(got, want) {
		t.Errorf("workspace %q, want %q", got, want)
	}
}

func TestEmptyFoldersAndEmptyFilesCanBeUploaded(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	if got := c.put("x/y", 0, "ignored", "emptyFolder", "True"); got.Size != -1 || !got.EmptyFolder {
		t.Errorf("folder: %+v", got)
	}
	if got := c.put("x/z", 0, "", "emptyFolder", "False"); got.Size != 0 {
		t.Errorf("file: %+v", got)
	}
	if got, want := sorted(c.s.Workspaces()), []string{"DSS1/x/", "DSS1/x/y/", "DSS1/x/z"}; !slices.Equal(got, want) {
		t.Errorf("workspace %q, want %q", got, want)
	}
}

func TestAFormAsContentTypeEatsTheUpload(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	const form = "application/x-www-form-urlencoded"
	a := c.do(http.MethodPost, c.uploadURL("a", 0), strings.NewReader("content"), "Content-Type", form)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"size":0`) {
		t.Errorf("HTTP %d: %s", a.StatusCode, a.body)
	}
	a = c.do(http.MethodPost, c.uploadURL("a", 0), bytes.NewReader(make([]byte, 3<<20)), "Content-Type", form)
	if a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "Form is larger than max length 200000") {
		t.Errorf("HTTP %d: %.200s", a.StatusCode, a.body)
	}
	a = c.do(http.MethodPost, c.uploadURL("b", 0), strings.NewReader("raw"), "Content-Type", "multipart/form-data")
	if a.StatusCode != http.StatusOK || c.workspaceFile("b") != "raw" {
		t.Errorf("HTTP %d: %q", a.StatusCode, c.workspaceFile("b"))
	}
}

func TestWrongUploadsAreErrorPages(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("file", 0, "x")
	for _, tt := range []struct{ name, url, message string }{
		{"no session", c.uploadURL("a", 0, "sessionID", ""), "sessionID parameter cannot be null"},
		{"dead session", c.uploadURL("a", 0, "sessionID", "nobody-1"), "InvalidSessionException"},
		{"no id", c.uploadURL("a", 0, "id", ""), "id parameter cannot be null"},
		{"no end", c.uploadURL("a", 0, "endByte", ""), "endByte parameter cannot be null"},
		{"a word", c.uploadURL("a", 0, "startByte", "one"), "Parameter: startByte is not a valid number: one"},
		{"negative", c.uploadURL("a", -1), "Negative seek offset"},
		{"no name", c.uploadURL(" ", 0), "filename parameter cannot be null"},
		{"above", c.uploadURL("a/../../b", 0), "filePath must not contain &apos;../&apos;"},
		{"above the root", c.uploadURL("..", 0, "emptyFolder", "true"), "filePath must not contain"},
		{"below a file", c.uploadURL("file/a", 0), "FileNotFoundException"},
		{"a folder", c.uploadURL("folder/", 0), "FileNotFoundException"},
	} {
		a := c.do(http.MethodPost, tt.url, strings.NewReader("content"))
		if a.StatusCode != http.StatusInternalServerError || !strings.Contains(a.body, tt.message) ||
			!strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: HTTP %d: %.500s", tt.name, a.StatusCode, a.body)
		}
	}
	a := c.do(http.MethodPost, c.uploadURL("a", 0, "id", ""), nil, "Accept", "application/json")
	if a.StatusCode != 500 || !strings.Contains(a.body, `"message":"java.lang.IllegalArgumentException: id parameter cannot be null"`) {
		t.Errorf("as JSON: HTTP %d: %s", a.StatusCode, a.body)
	}
	if a := c.do(http.MethodGet, c.uploadURL("a", 0), nil); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: HTTP %d", a.StatusCode)
	}
	if got := sorted(c.s.Workspaces()); !slices.Equal(got, []string{"DSS1/file", "DSS1/folder/"}) {
		t.Errorf("workspace %q", got)
	}
}

func TestWorkspaceFilesCanBeReadAndDeleted(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("d/a.txt", 0, "text")
	a := c.do(http.MethodGet, c.url+"/session_workspace_file_download?sessionID="+c.token+"&filePath=d/a.txt", nil)
	if a.body != "text" || a.ContentLength >= 0 || a.Header.Get("Content-Disposition") != "inline; filename=a.txt" {
		t.Errorf("%q, length %d, %q", a.body, a.ContentLength, a.Header)
	}
	for _, path := range []string{"d", "nothing", "../x"} {
		a := c.do(http.MethodGet, c.url+"/session_workspace_file_download?sessionID="+c.token+"&filePath="+path, nil)
		if a.StatusCode != http.StatusInternalServerError {
			t.Errorf("%s: HTTP %d", path, a.StatusCode)
		}
	}
	for _, path := range []string{"d", "d"} {
		if _, reply := c.call(v1Endpoint, "deleteSessionWorkspaceFile", c.token, path); string(reply.Result) != "true" {
			t.Errorf("delete: %s, %v", reply.Result, reply.Error)
		}
	}
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("workspace %q", got)
	}
	if status, reply := c.call(v1Endpoint, "deleteSessionWorkspaceFile", c.token, "../x"); status != 500 || reply.Error == nil {
		t.Errorf("HTTP %d, %s", status, reply.Result)
	}
}

func TestWorkspacesEndWithTheirSession(t *testing.T) {
	clock := newTestClock()
	c := newDepositClient(t, "alice", Options{Clock: clock.now, MaxSessionsPerUser: 1})
	for name, end := range map[string]func(){
		"logout":       func() { c.callAS("rmi-application-server-v3.json", "logout", c.token) },
		"expiry":       c.s.ExpireSessions,
		"time":         func() { clock.advance(13 * time.Hour); _, _ = c.s.session(c.token) },
		"session cap":  func() { c.s.Login("alice") },
		"expiry fault": func() { c.s.Faults.Add(Fault{Kind: ExpiredSession}); c.get("PARENT") },
	} {
		c.token = c.s.Login("alice")
		c.put("a", 0, "x")
		end()
		if got := c.s.Workspaces(); len(got) > 0 {
			t.Errorf("%s: workspace %q", name, got)
		}
	}
}

func TestWorkspacesOfPersonalAccessTokensAreSharedAndStay(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	alice := c.s.person("alice")
	var tokens []string
	for range 2 {
		pat, err := c.s.sessions.createPAT(alice, "drive", c.s.now().Add(-time.Hour), c.s.now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, pat.Hash)
	}
	c.token = tokens[0]
	c.put("a", 0, "x")
	c.s.ExpireSessions()
	c.token = tokens[1]
	if got := c.workspaceFile("a"); got != "x" {
		t.Errorf("the other token sees %q", got)
	}
	if permID, _, message := c.register(c.creation("a", "RAW", nil)); permID != "" || !strings.Contains(message, "No uploaded files found") {
		t.Errorf("a file is no upload: %q, %q", permID, message)
	}
	c.put("u/a", 0, "x")
	if _, _, message := c.register(c.creation("u", "RAW", nil)); message != "" {
		t.Error(message)
	}
}

func TestUploadsRunInParallel(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { c.put("u/f", i*1000, strings.Repeat(string(rune('a'+i)), 1000)) })
	}
	wg.Wait()
	got := c.workspaceFile("u/f")
	for i := range 20 {
		if got[i*1000:(i+1)*1000] != strings.Repeat(string(rune('a'+i)), 1000) {
			t.Errorf("slice %d is wrong", i)
		}
	}
}

func TestAnUploadThatBreaksOffLeavesWhatHasArrived(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	arrived := strings.Repeat("x", 1<<20)
	a := c.do(http.MethodPost, c.uploadURL("a", 0), io.MultiReader(strings.NewReader(arrived), brokenReader{}))
	if a.err == nil {
		t.Fatal("the upload did not break off")
	}
	eventually(t, "the first bytes are in the workspace", func() bool {
		got := c.workspaceFile("a")
		return got != "" && strings.HasPrefix(arrived, got)
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestFaultsHitUploads(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	large := strings.Repeat("x", 4<<20)
	post := func(f Fault) storeAnswer {
		f.Method = "session_workspace_file_upload"
		c.s.Faults.Add(f)
		return c.do(http.MethodPost, c.uploadURL("a", 0), strings.NewReader(large))
	}
	size := func() int { return len(c.workspaceFile("a")) }
	if a := post(Fault{Kind: ResetBefore}); a.err == nil || size() != 0 {
		t.Errorf("reset before: %v, %d bytes", a.err, size())
	}
	if a := post(Fault{Kind: Status, Status: 503}); a.err != nil || a.StatusCode != 503 || size() != 0 {
		t.Errorf("status: %v, %d bytes", a.err, size())
	}
	if a := post(Fault{Kind: Refused, Body: "No space <left>"}); a.StatusCode != 500 || !strings.Contains(a.body, "UserFailureException: No space &lt;left&gt;") || size() != 0 {
		t.Errorf("refused: %v, %.300s, %d bytes", a.err, a.body, size())
	}
	if a := post(Fault{Kind: ResetAfter}); a.err == nil || size() != len(large) {
		t.Errorf("reset after: %v, %d bytes", a.err, size())
	}
	if a := post(Fault{Kind: ExpiredSession}); a.StatusCode != 500 || !strings.Contains(a.body, "InvalidSessionException") {
		t.Errorf("expired: %v, %.300s", a.err, a.body)
	}
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("workspace of an expired session: %q", got)
	}
}

func TestALateUploadIsDoneAtOnceAndAnsweredLater(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Late, Method: "session_workspace_file_upload"})
	done := make(chan uploadAnswer)
	go func() { done <- c.put("a", 0, "content") }()
	<-fault.Hit()
	eventually(t, "the file is there", func() bool { return c.workspaceFile("a") == "content" })
	select {
	case <-done:
		t.Error("answered before the fault was released")
	default:
	}
	fault.Release()
	if got := <-done; got.Size != 7 {
		t.Errorf("answer %+v", got)
	}
}
