package openbistest

import (
	"bytes"
	"hash/crc32"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAnUploadedFileBecomesADataSet(t *testing.T) {
	clock := newTestClock()
	c := newDepositClient(t, "alice", Options{Clock: clock.now})
	c.put("u1/run 7.csv", 0, "a,b\n")
	permID, class, message := c.register(c.creation("u1", "RAW", map[string]any{
		"properties": map[string]any{"$name": "run 7", "COUNT": "12", "alloy": "en_aw"},
		"parentIds":  []any{map[string]any{"@type": "as.dto.dataset.id.DataSetPermId", "permId": "PARENT"}},
	}))
	if message != "" {
		t.Fatal(class, message)
	}
	c.wantFiles(permID, map[string]string{"original/run 7.csv": "a,b\n"})
	d := c.dataSet(permID)
	if d.Type.Code != "RAW" || d.Sample != c.lab.sample || d.Experiment != c.lab.open || d.Registrator.UserID != "alice" || d.Kind != "PHYSICAL" {
		t.Errorf("data set %+v", d)
	}
	if p := d.Properties; len(p) != 3 || p["$NAME"] != "run 7" || p["COUNT"] != "12" || p["ALLOY"] != "EN_AW" {
		t.Errorf("properties %v", p)
	}
	if len(d.Parents) != 1 || d.Parents[0] != c.lab.parent || *d.Physical.Size != 4 || !d.Registered.Equal(clock.now()) {
		t.Errorf("parents %v, size %d, registered %v", d.Parents, *d.Physical.Size, d.Registered)
	}
	got := c.s.Registrations()
	if len(got) != 1 || got[0].PermID != permID || got[0].Owner != "/OPEN/P/S1" || got[0].Route != uploadedRoute || got[0].Store != "DSS1" ||
		got[0].User != "alice" || got[0].Files[0] != "original/run 7.csv" {
		t.Errorf("registrations %+v", got)
	}
}

func TestARegistrationDatesItsOwner(t *testing.T) {
	clock := newTestClock()
	c := newDepositClient(t, "alice", Options{Clock: clock.now})
	before := c.lab.sample.Modified
	clock.advance(time.Hour)
	c.put("u1/f", 0, "x")
	if _, _, message := c.register(c.creation("u1", "RAW", nil)); message != "" {
		t.Fatal(message)
	}
	unlock := c.s.store.lock(false)
	defer unlock()
	if s := c.lab.sample; !s.Modified.Equal(clock.now()) || !s.Modified.After(before) || s.Modifier.UserID != "alice" || !c.lab.open.Modified.Equal(s.Modified) {
		t.Errorf("sample modified %v by %v, experiment %v, before %v", s.Modified, s.Modifier, c.lab.open.Modified, before)
	}
}

func TestAnUploadedFolderKeepsItsTree(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/draft/a/b.txt", 0, "b")
	c.put("u1/draft/c.txt", 0, "")
	c.put("u1/draft/empty", 0, "", "emptyFolder", "true")
	permID, _, message := c.register(c.creation("u1", "RAW", map[string]any{
		"sampleId": nil, "experimentId": map[string]any{"@type": "as.dto.experiment.id.ExperimentIdentifier", "identifier": "/OPEN/P/E"},
	}))
	if message != "" {
		t.Fatal(message)
	}
	c.wantFiles(permID, map[string]string{"original/draft/a/b.txt": "b", "original/draft/c.txt": ""})
	paths := sorted(pathsOf(c.list(permID, "", true)))
	if got := strings.Join(paths, " "); got != "original original/draft original/draft/a original/draft/a/b.txt original/draft/c.txt original/draft/empty" {
		t.Errorf("paths %q", got)
	}
	if d := c.dataSet(permID); d.Sample != nil || d.Experiment != c.lab.open {
		t.Errorf("owner %v, %v", d.Sample, d.Experiment)
	}
}

func TestAnUploadIsGoodForOneAttemptOnly(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/f", 0, "x")
	c.put("u2/f", 0, "x")
	if _, _, message := c.register(c.creation("u1", "RAW", nil)); message != "" {
		t.Fatal(message)
	}
	_, _, message := c.register(c.creation("u2", "NO_SUCH_TYPE", nil))
	if !strings.Contains(message, "Object with EntityTypePermId = [NO_SUCH_TYPE") || !strings.HasSuffix(message, "has not been found.") {
		t.Error(message)
	}
	for _, id := range []string{"u1", "u2", "u3"} {
		if _, class, message := c.register(c.creation(id, "RAW", nil)); class != userFailureClass || message != "No uploaded files found for upload id '"+id+"'" {
			t.Errorf("%s again: %s, %s", id, class, message)
		}
	}
	c.wantRegistrations(1)
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("workspace %q", got)
	}
}

func TestConcurrentAttemptsRegisterAnUploadOnce(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/f", 0, "x")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { c.call(v3Endpoint, uploadedRoute, c.token, c.creation("u1", "RAW", nil)) })
	}
	wg.Wait()
	c.wantRegistrations(1)
}

func TestAnUploadMustBeOneFileOrFolder(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/a", 0, "x")
	c.put("u1/b", 0, "x")
	_, _, message := c.register(c.creation("u1", "RAW", nil))
	if message != "Unexpected state, incoming directory should contain just one file or folder but found: 2" {
		t.Error(message)
	}
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("workspace %q", got)
	}
}

func TestWhatACreationRefersToMustExist(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	sample := func(typ, key, id string) map[string]any {
		return map[string]any{"sampleId": map[string]any{"@type": "as.dto.sample.id." + typ, key: id}}
	}
	for _, tt := range []struct {
		name    string
		more    map[string]any
		message string
	}{
		{"no type", map[string]any{"typeId": nil}, "A dataset needs a type."},
		{"no owner", map[string]any{"sampleId": nil}, "A dataset needs either a sample or an experiment as an owner."},
		{"sample", sample("SampleIdentifier", "identifier", "/OPEN/P/S2"), "Object with SampleIdentifier = [/OPEN/P/S2] has not been found."},
		{"sample", sample("SamplePermId", "permId", "1-1"), "Object with SamplePermId = [1-1] has not been found."},
		{"parent", map[string]any{"parentIds": []any{map[string]any{"@type": "as.dto.dataset.id.DataSetPermId", "permId": "1-2"}}},
			"Object with DataSetPermId = [1-2] has not been found."},
		{"slash", map[string]any{"uploadId": "a/b"}, "Upload id must not contain '/'"},
		{"no id", map[string]any{"uploadId": nil}, "Upload id cannot be null or empty"},
		// What the dropbox or the application server finds out stands only in the log.
		{"shared", sample("SampleIdentifier", "identifier", "/SHARED"), "can't be registered for the shared sample"},
		{"property", map[string]any{"properties": map[string]any{"NO_SUCH": "x"}}, "Could not process file f"},
		{"value", map[string]any{"properties": map[string]any{"COUNT": "many"}}, "Could not process file f"},
		{"mandatory", map[string]any{"typeId": map[string]any{"@type": "as.dto.entitytype.id.EntityTypePermId", "permId": "CHECKED"}}, "Could not process file f"},
	} {
		c.put("u1/f", 0, "x")
		if _, _, message := c.register(c.creation("u1", "RAW", tt.more)); !strings.Contains(message, tt.message) {
			t.Errorf("%s: %q, want %q", tt.name, message, tt.message)
		}
	}
	c.wantRegistrations(0)
}

func TestObserversRegisterNothing(t *testing.T) {
	c := newDepositClient(t, "bob", Options{})
	c.put("u1/f", 0, "x")
	_, class, message := c.register(c.creation("u1", "RAW", nil))
	if class != authorizationClass || !strings.HasPrefix(message, `Authorization failure: ERROR: "None of method roles`) {
		t.Errorf("%s: %s", class, message)
	}
	c.put("f", 0, "x")
	titles, row := c.report(uploaderService, uploaderParameters("f"))
	wantTable(t, titles, row, "Parameters Error", "", "Authorization failure")
	c.wantRegistrations(0)
}

func TestChecksumsComeHalfAMinuteLater(t *testing.T) {
	clock := newTestClock()
	c := newDepositClient(t, "alice", Options{Clock: clock.now, PathInfoDelay: 30 * time.Second})
	c.put("u1/f", 0, "some content")
	permID, _, message := c.register(c.creation("u1", "RAW", nil))
	if message != "" {
		t.Fatal(message)
	}
	sum := func() *int32 { return c.list(permID, "original/f", false)[0].CRC32Checksum }
	if got := sum(); got != nil {
		t.Errorf("checksum %d at once", *got)
	}
	clock.advance(30 * time.Second)
	if got, want := sum(), int32(crc32.ChecksumIEEE([]byte("some content"))); got == nil || *got != want {
		t.Errorf("checksum %v, want %d", got, want)
	}
}

func TestRoutesSayWhatAStoreOffers(t *testing.T) {
	c := newDepositClient(t, "alice", Options{Routes: []string{jupyterService}})
	if status, reply := c.call(v3Endpoint, uploadedRoute, c.token, c.creation("u1", "RAW", nil)); status != 404 || reply.Error.Code != codeMethodNotFound {
		t.Errorf("HTTP %d, %+v", status, reply.Error)
	}
	if a := c.do(http.MethodPost, c.url+"/store_share_file_upload", nil); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("share: HTTP %d", a.StatusCode)
	}
	reply := c.callAS("rmi-query-v1.json", "createReportFromAggregationService", c.token, "DSS1", uploaderService, map[string]any{})
	if reply.Error == nil || reply.Error.Message != "No plugin registered for key 'dataset-uploader-api'." {
		t.Errorf("%s, %+v", reply.Result, reply.Error)
	}
}

func TestARegistrationWhoseAnswerIsLostIsDone(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/f", 0, "x")
	c.s.Faults.Add(Fault{Kind: ResetAfter, Method: uploadedRoute})
	if a := c.do(http.MethodPost, c.url+v3Endpoint, requestBodyOf(t, uploadedRoute, c.token, c.creation("u1", "RAW", nil))); a.err == nil {
		t.Error("answered")
	}
	eventually(t, "it is registered", func() bool { return len(c.s.Registrations()) == 1 })
	if _, _, message := c.register(c.creation("u1", "RAW", nil)); !strings.Contains(message, "No uploaded files found") {
		t.Error(message)
	}
}

func TestALateRegistrationIsDoneAfterTheClientHasGivenUp(t *testing.T) {
	for _, step := range []string{uploadedRoute, CommitStep} {
		c := newDepositClient(t, "alice", Options{})
		c.put("u1/f", 0, "x")
		fault := c.s.Faults.Add(Fault{Kind: Late, Method: step})
		c.http.Timeout = 200 * time.Millisecond
		if a := c.do(http.MethodPost, c.url+v3Endpoint, requestBodyOf(t, uploadedRoute, c.token, c.creation("u1", "RAW", nil))); a.err == nil {
			t.Error("answered")
		}
		c.wantRegistrations(0)
		fault.Release()
		eventually(t, "it is registered", func() bool { return len(c.s.Registrations()) == 1 })
	}
}

func TestNobodyWaitsForARegistration(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/f", 0, "x")
	fault := c.s.Faults.Add(Fault{Kind: Late, Method: CommitStep})
	done := make(chan string)
	go func() {
		permID, _, _ := c.register(c.creation("u1", "RAW", nil))
		done <- permID
	}()
	<-fault.Hit()
	if got := c.list("PARENT", "", true); len(got) != 2 {
		t.Errorf("listing %v", got)
	}
	fault.Remove()
	c.wantFiles(<-done, map[string]string{"original/f": "x"})
}

func TestSearchesRunWhileDataSetsAreRegistered(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	var wg sync.WaitGroup
	for _, id := range []string{"u1", "u2", "u3", "u4"} {
		wg.Go(func() {
			for range 10 {
				c.put(id+"/f", 0, "x")
				if _, _, message := c.register(c.creation(id, "RAW", nil)); message != "" {
					t.Error(message)
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				c.callAS("rmi-application-server-v3.json", "searchDataSets", c.token, map[string]any{"@type": "as.dto.dataset.search.DataSetSearchCriteria"},
					map[string]any{"@type": "as.dto.dataset.fetchoptions.DataSetFetchOptions", "sample": map[string]any{"@type": "as.dto.sample.fetchoptions.SampleFetchOptions"}})
				c.list("PARENT", "", true)
			}
		})
	}
	wg.Wait()
	c.wantRegistrations(40)
}

func TestFilesOnTheShareOfTheDropboxAreRegistered(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	upload := func(id, query string, names ...string) storeAnswer {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for _, name := range names {
			part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="f"; filename="` + name + `"`}})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = part.Write([]byte("content of " + name))
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		return c.do(http.MethodPost, c.url+"/store_share_file_upload?sessionID="+url.QueryEscape(c.token)+"&dataSetType=RAW&uploadID="+id+query, &body,
			"Content-Type", form.FormDataContentType())
	}
	for _, tt := range []struct {
		query string
		names []string
		want  map[string]string
	}{
		{"", []string{"dir/a.txt"}, map[string]string{"original/a.txt": "content of dir/a.txt"}},
		{"", []string{"a", "b"}, map[string]string{"original/upload/a": "content of a", "original/upload/b": "content of b"}},
		{"&ignoreFilePath=False", []string{"dir/a", "dir/b"}, map[string]string{"original/dir/a": "content of dir/a", "original/dir/b": "content of dir/b"}},
		{"&folderPath=x/y", []string{"a"}, map[string]string{"original/x/y/a": "content of a"}},
		{"", []string{"a", "a"}, map[string]string{"original/a": "content of a"}},
	} {
		if a := upload("u", tt.query, tt.names...); a.StatusCode != http.StatusOK || a.body != "" {
			t.Fatalf("HTTP %d: %s", a.StatusCode, a.body)
		}
		permID, _, message := c.register(c.creation("u", "RAW", nil))
		if message != "" {
			t.Fatal(message)
		}
		c.wantFiles(permID, tt.want)
	}
	for _, tt := range []struct {
		id, query, message string
		names              []string
	}{
		{"u", "", "Please upload at least one file", nil},
		{"u%2Fv", "", "Upload id must not contain &apos;/&apos;", []string{"a"}},
		{"u", "&folderPath=../x", "Folder path must not contain &apos;../&apos;", []string{"a"}},
		{"u", "&ignoreFilePath=false", "File path must not contain &apos;../&apos;", []string{"../a"}},
	} {
		if a := upload(tt.id, tt.query, tt.names...); a.StatusCode != 500 || !strings.Contains(a.body, tt.message) {
			t.Errorf("HTTP %d: %s", a.StatusCode, a.body)
		}
	}
	if a := c.do(http.MethodPost, c.url+"/store_share_file_upload?sessionID="+c.token, strings.NewReader("x")); !strings.Contains(a.body, "accepts only multipart requests") {
		t.Errorf("raw body: HTTP %d: %s", a.StatusCode, a.body)
	}
	upload("left", "", "a")
	c.s.ExpireSessions()
	if got := c.s.Workspaces(); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestRegisteredContentIsReadByFileTransferToo(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	content := strings.Repeat("0123456789abcdef", 200_000)
	for start := 0; start < len(content); start += 1 << 20 {
		c.put("u/large.bin", start, content[start:min(start+1<<20, len(content))])
	}
	permID, _, message := c.register(c.creation("u", "RAW", nil))
	if message != "" {
		t.Fatal(message)
	}
	c.wantFiles(permID, map[string]string{"original/large.bin": content})
	d := c.dataSet(permID)
	if got := d.Root.Children[0].Children[0].Content; got.CRC32() != crc32.ChecksumIEEE([]byte(content)) || got.Size() != int64(len(content)) {
		t.Errorf("size %d, checksum %08x", got.Size(), got.CRC32())
	}
}

func TestRegisteredContentOutlivesTheServerInADirectoryOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	c := newDepositClient(t, "alice", Options{Directory: dir})
	c.put("u/f", 0, "x")
	permID, _, message := c.register(c.creation("u", "RAW", nil))
	if message != "" {
		t.Fatal(message)
	}
	c.s.Close()
	again := &depositClient{newStoreClient(t, NewServer(t, Options{Lab: c.lab.Lab, Directory: dir}), "alice"), c.lab}
	again.wantFiles(permID, map[string]string{"original/f": "x"})
}
