package openbistest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// treeLab has a data set with folders, a .h5ar container and files of every kind of checksum.
func treeLab() *storeLab {
	lab := newStoreLab()
	noCRC := File("no crc", Text("abc"))
	noCRC.NoCRC = true
	archive := &Node{Name: "t.h5ar", HDF5Archive: true, Content: repeated('h', 3000), Children: []*Node{
		File("big", repeated('m', 1491)), Folder("deep", File("z.png", Text("png"))),
	}}
	lab.add("D-1", Root(Folder("original", Folder("DEFAULT",
		noCRC, File("hello", Text("hello")), File("empty", Bytes(nil)), File("5 GiB", Generated(5<<30, 1)), archive, Folder("nothing")))))
	return lab
}

func TestListingHasTextSizesAndSignedChecksums(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: treeLab().Lab}), "bob")
	byPath := map[string]listed{}
	for _, e := range c.list("D-1", "/", true) {
		byPath[e.PathInDataSet] = e
	}
	crc := func(v int32) *int32 { return &v }
	for path, want := range map[string]listed{
		"original":                           {FileSize: "-1", IsDirectory: true},
		"original/DEFAULT":                   {FileSize: "-1", IsDirectory: true},
		"original/DEFAULT/nothing":           {FileSize: "-1", IsDirectory: true},
		"original/DEFAULT/hello":             {FileSize: "5", CRC32Checksum: crc(0x3610a686)},
		"original/DEFAULT/empty":             {FileSize: "0", CRC32Checksum: crc(0)},
		"original/DEFAULT/no crc":            {FileSize: "3"},
		"original/DEFAULT/t.h5ar":            {FileSize: "-1", IsDirectory: true},
		"original/DEFAULT/t.h5ar/big":        {FileSize: "1491", CRC32Checksum: crc(int32(repeated('m', 1491).CRC32()))},
		"original/DEFAULT/t.h5ar/deep":       {FileSize: "-1", IsDirectory: true},
		"original/DEFAULT/t.h5ar/deep/z.png": {FileSize: "3", CRC32Checksum: crc(int32(Text("png").CRC32()))},
		"original/DEFAULT/5 GiB":             {FileSize: "5368709120", CRC32Checksum: crc(int32(Generated(5<<30, 1).CRC32()))},
	} {
		got, ok := byPath[path]
		if !ok {
			t.Errorf("%s is not listed", path)
			continue
		}
		same := (got.CRC32Checksum == nil) == (want.CRC32Checksum == nil) && (want.CRC32Checksum == nil || *got.CRC32Checksum == *want.CRC32Checksum)
		if got.FileSize != want.FileSize || got.IsDirectory != want.IsDirectory || !same || got.PathInListing != path {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
		delete(byPath, path)
	}
	if len(byPath) > 0 {
		t.Errorf("also listed: %v", byPath)
	}
	if *byPathCRC(c, "original/DEFAULT/t.h5ar/big") >= 0 {
		t.Error("the test has no negative checksum")
	}
}

func byPathCRC(c *storeClient, path string) *int32 {
	return c.list("D-1", path, false)[0].CRC32Checksum
}

func TestListingStartsAnywhere(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: treeLab().Lab, UnsortedSeed: -1}), "bob")
	for _, tt := range []struct {
		path      string
		recursive bool
		want      []string // pathInListing
	}{
		{"", false, []string{"original"}},
		{"/", false, []string{"original"}},
		{"/original", false, []string{"DEFAULT"}},
		{"original/DEFAULT/t.h5ar", true, []string{"big", "deep", "deep/z.png"}},
		{"original/DEFAULT/t.h5ar", false, []string{"big", "deep"}},
		{"/original/DEFAULT/hello", true, []string{"hello"}},
		{"original/DEFAULT/nothing", true, []string{}},
	} {
		got := []string{}
		for _, e := range c.list("D-1", tt.path, tt.recursive) {
			got = append(got, e.PathInListing)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q, recursive %v: %q, want %q", tt.path, tt.recursive, got, tt.want)
		}
	}
}

func TestListingIsUnorderedWithPathInfoAndSortedWithout(t *testing.T) {
	lab := newStoreLab()
	var nodes []*Node
	for _, r := range "abcdefghijklmnopqrstuvwxyz" {
		nodes = append(nodes, File(string(r), Text("x")))
	}
	lab.add("D-1", Root(nodes...))
	for _, noPathInfo := range []bool{false, true} {
		lab.store.NoPathInfo = noPathInfo
		c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
		first, second := c.list("D-1", "/", true), c.list("D-1", "/", true)
		if got := slices.IsSorted(pathsOf(first)); got != noPathInfo {
			t.Errorf("NoPathInfo %v: sorted %v", noPathInfo, got)
		}
		if got := slices.Equal(pathsOf(first), pathsOf(second)); got != noPathInfo {
			t.Errorf("NoPathInfo %v: the same order twice: %v", noPathInfo, got)
		}
		for _, e := range first {
			if (e.CRC32Checksum == nil) != noPathInfo {
				t.Errorf("NoPathInfo %v: checksum %v", noPathInfo, e.CRC32Checksum)
			}
		}
	}
}

func TestListingErrorsAreHTTP500(t *testing.T) {
	s := NewServer(t, Options{Lab: errorLab().Lab})
	c := newStoreClient(t, s, "bob")
	for _, tt := range []struct{ token, code, path, class, message string }{
		{c.token, "D-9", "/", "java.lang.IllegalArgumentException", "Unknown data set: D-9"},
		{c.token, "D-1", "/original/nope", "java.lang.IllegalArgumentException", "Resource 'original/nope' does not exist."},
		{c.token, "D-1", "/original/", "java.lang.IllegalArgumentException", "Resource 'original/' does not exist."},
		{c.token, "D-BOX", "nope", "java.lang.IllegalArgumentException", "Resource 'nope' doesn't exist."},
		{c.token, "D-EMPTY", "/", "java.lang.IllegalArgumentException", "Undefined contents"},
		{c.token, "D-LINK-0", "/", "java.lang.IllegalArgumentException", "/srv/openbis/dss/store/1/D-LINK-0 doesn't exist"},
		{c.token, "D-CLOSED", "/", "ch.systemsx.cisd.common.exceptions.AuthorizationFailureException",
			"Authorization failure: Data set D-CLOSED is not accessible."},
		{c.token, "D-CLOSED", "/", "ch.systemsx.cisd.common.exceptions.AuthorizationFailureException",
			"Authorization failure: Data set does not exist."}, // within five minutes
		{"x", "D-1", "/", "ch.systemsx.cisd.common.exceptions.InvalidSessionException",
			"Session token 'x' is invalid: user is not logged in."},
		{"x", "D-1", "/", "ch.systemsx.cisd.common.exceptions.InvalidSessionException",
			"Session token 'x' is invalid: user is not logged in."},
	} {
		status, reply := c.call(v1Endpoint, "listFilesForDataSet", tt.token, tt.code, tt.path, true)
		if reply.Error == nil {
			t.Errorf("%s %s: no error", tt.code, tt.path)
			continue
		}
		e := reply.Error
		if status != 500 || e.Code != -32001 || e.Data.ExceptionTypeName != tt.class || e.Message != tt.message || e.Data.Message != tt.message {
			t.Errorf("%s %s: HTTP %d, %+v, want %s: %s", tt.code, tt.path, status, *e, tt.class, tt.message)
		}
	}
}

func TestUnknownFieldsAreRefusedInV1(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: treeLab().Lab}), "bob")
	status, reply := c.call(v1Endpoint, "listFilesForDataSet", c.token,
		map[string]any{"@type": "DataSetFileDTO", "dataSetCode": "D-1", "path": "/", "isRecursive": true, "zzz": 1})
	const class = "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException"
	if status != 500 || reply.Error == nil || reply.Error.Data.ExceptionTypeName != class {
		t.Errorf("HTTP %d, %+v", status, reply.Error)
	}
}

func TestVerdictsOfTheV1ServiceLiveFiveMinutes(t *testing.T) {
	clock := newTestClock()
	s := NewServer(t, Options{Lab: errorLab().Lab, Clock: clock.now})
	c := newStoreClient(t, s, "bob")
	list := func(code string) string {
		_, reply := c.call(v1Endpoint, "listFilesForDataSet", c.token, code, "/", false)
		if reply.Error == nil {
			return "listed"
		}
		return reply.Error.Message
	}
	if got := list("D-1"); got != "listed" {
		t.Fatal(got)
	}
	if got := list("D-CLOSED"); !strings.Contains(got, "is not accessible") {
		t.Fatal(got)
	}
	s.Change(func(*Lab) { s.person("bob").Spaces = []string{"CLOSED"} })
	clock.advance(5 * time.Minute)
	if got := list("D-1"); got != "listed" {
		t.Errorf("revoked, but remembered: %s", got)
	}
	if got := list("D-CLOSED"); got != "Authorization failure: Data set does not exist." {
		t.Errorf("granted, but remembered as refused: %s", got)
	}
	s.ExpireSessions()
	if got := list("D-1"); got != "listed" {
		t.Errorf("session over, but remembered: %s", got)
	}
	clock.advance(time.Second)
	if got := list("D-1"); got != "Session no longer available. Please login again." {
		t.Errorf("after five minutes: %s", got)
	}
	c.token = s.Login("bob")
	if got := list("D-1"); !strings.Contains(got, "is not accessible") {
		t.Errorf("revoked: %s", got)
	}
	if got := list("D-CLOSED"); got != "listed" {
		t.Errorf("granted: %s", got)
	}
}

func TestGuardMayMaskDeadSessions(t *testing.T) {
	s := NewServer(t, Options{Lab: errorLab().Lab, GuardMasksSessions: true})
	c := newStoreClient(t, s, "bob")
	for _, want := range []string{
		"Authorization failure: Session token 'x' is invalid: user is not logged in.", "Authorization failure: Data set does not exist.",
	} {
		status, reply := c.call(v1Endpoint, "listFilesForDataSet", "x", "D-1", "/", true)
		if status != 500 || reply.Error == nil || reply.Error.Message != want || !strings.HasSuffix(reply.Error.Data.ExceptionTypeName, ".AuthorizationFailureException") {
			t.Errorf("HTTP %d, %+v, want %s", status, reply.Error, want)
		}
	}
}

func TestArchivedDataSetIsListedWithPathInfoOnly(t *testing.T) {
	lab := errorLab()
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
	for _, code := range []string{"D-ARCHIVED", "D-PENDING", "D-LINK"} {
		if got := pathsOf(c.list(code, "/", true)); !slices.Equal(got, []string{"original", "original/f"}) {
			t.Errorf("%s: %q", code, got)
		}
	}
	lab.store.NoPathInfo = true
	c = newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
	for _, code := range []string{"D-ARCHIVED", "D-PENDING", "D-LINK"} {
		_, reply := c.call(v1Endpoint, "listFilesForDataSet", c.token, code, "/", true)
		if reply.Error == nil || !strings.HasSuffix(reply.Error.Message, code+" doesn't exist") || !strings.HasPrefix(reply.Error.Message, "/") {
			t.Errorf("%s without path info: %+v", code, reply.Error)
		}
	}
}

func TestContainerUnitesItsComponents(t *testing.T) {
	lab := newStoreLab()
	a := lab.add("D-A", Root(Folder("original", File("same", Text("from a")), File("a", Text("a")), Folder("f", File("x", Text("x"))))))
	b := lab.add("D-B", Root(Folder("original", File("same", Text("from b!")), File("b", Text("b")), Folder("f", File("y", Text("y"))))))
	lost := lab.AddDataSet(&DataSet{PermID: "D-C", Experiment: lab.open, Physical: &PhysicalData{Status: "ARCHIVED"},
		Root: Root(Folder("original", File("same", Text("archived")), File("c", Text("c"))))})
	hidden := lab.AddDataSet(&DataSet{PermID: "D-D", Experiment: lab.closed, Root: Root(File("d", Text("d")))})
	box := lab.AddDataSet(&DataSet{PermID: "D-BOX", Kind: "CONTAINER", Experiment: lab.open})
	outer := lab.AddDataSet(&DataSet{PermID: "D-OUTER", Kind: "CONTAINER", Experiment: lab.open})
	lab.AddToContainer(box, a, b, lost, hidden)
	lab.AddToContainer(outer, box)
	for _, noPathInfo := range []bool{false, true} {
		lab.store.NoPathInfo = noPathInfo
		c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
		want := []string{"d", "original", "original/a", "original/b", "original/c", "original/f", "original/f/x", "original/f/y", "original/same"}
		if noPathInfo { // what cannot be opened is left out
			want = slices.DeleteFunc(want, func(p string) bool { return p == "original/c" })
		}
		for _, code := range []string{"D-BOX", "D-OUTER"} {
			got := pathsOf(c.list(code, "/", true))
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", code, got, want)
			}
			for path, body := range map[string]string{"original/same": "from b!", "original/f/x": "x", "original/f/y": "y", "d": "d"} {
				if a := c.get(code + "/" + path); a.body != body {
					t.Errorf("%s/%s: %q, want %q", code, path, a.body, body)
				}
			}
		}
	}
}

func TestPathsOfDataSets(t *testing.T) {
	lab := errorLab()
	c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab}), "bob")
	_, reply := c.call(v1Endpoint, "getPathToDataSet", c.token, "D-1", nil)
	if got, want := string(reply.Result), `"/srv/openbis/dss/store/1/`+lab.DataSets[0].Physical.Location+`"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, reply = c.call(v1Endpoint, "getPathToDataSet", c.token, "D-1", "/mnt")
	if got, want := string(reply.Result), `"/mnt/1/`+lab.DataSets[0].Physical.Location+`"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, reply = c.call(v1Endpoint, "getPathToDataSet", c.token, "D-BOX", nil)
	if reply.Error == nil || reply.Error.Message != "Path to dataset 'D-BOX' not available: this is a container dataset." {
		t.Errorf("%+v", reply)
	}
	_, reply = c.call(v1Endpoint, "tryGetPathToDataSet", c.token, "D-BOX", nil)
	if string(reply.Result) != "null" || reply.Error != nil {
		t.Errorf("%+v", reply)
	}
}

func TestVersionsOfTheDataStore(t *testing.T) {
	for _, tt := range []struct{ announced, minor string }{{"3.5", "6"}, {"3.6", "6"}, {"3.7", "7"}} {
		c := newStoreClient(t, NewServer(t, Options{Lab: newStoreLab().Lab, APIVersion: tt.announced}), "bob")
		for _, call := range []struct{ endpoint, method, want string }{
			{v1Endpoint, "getMajorVersion", "1"}, {v1Endpoint, "getMinorVersion", "8"},
			{v3Endpoint, "getMajorVersion", "3"}, {v3Endpoint, "getMinorVersion", tt.minor},
		} {
			if _, reply := c.call(call.endpoint, call.method); string(reply.Result) != call.want {
				t.Errorf("%s: %s%s: %s, want %s", tt.announced, call.endpoint, call.method, reply.Result, call.want)
			}
		}
	}
}

func TestStreamsAreGoodForOneRequestWithinSeconds(t *testing.T) {
	clock := newTestClock()
	s := NewServer(t, Options{Lab: treeLab().Lab, Clock: clock.now})
	c := newStoreClient(t, s, "bob")
	promise := func(method string, more ...any) string {
		t.Helper()
		_, reply := c.call(v1Endpoint, method, append([]any{c.token, "D-1", "/original/DEFAULT/hello"}, more...)...)
		var target string
		if err := json.Unmarshal(reply.Result, &target); err != nil {
			t.Fatalf("%v: %+v", err, reply.Error)
		}
		if !strings.HasPrefix(target, s.URL+"/datastore_server/stream-content?streamID=") {
			t.Fatalf("URL %s", target)
		}
		return target
	}
	target := promise("getDownloadUrlForFileForDataSet")
	a := c.do(http.MethodGet, target, nil)
	if a.body != "hello" || a.ContentLength >= 0 || a.Header.Get("Content-Type") != "binary" || a.Header.Get("Content-Disposition") != "inline; filename=hello" {
		t.Errorf("%q, %v", a.body, a.Header)
	}
	gone := func(target string) {
		t.Helper()
		a := c.do(http.MethodGet, target, nil)
		id := target[strings.LastIndexByte(target, '=')+1:]
		if a.StatusCode != 500 || !strings.Contains(a.body, "Stream "+id+" is no longer available.") {
			t.Errorf("HTTP %d, %q", a.StatusCode, a.body)
		}
	}
	gone(target)
	target = promise("getDownloadUrlForFileForDataSet")
	clock.advance(6 * time.Second)
	gone(target)
	target = promise("getDownloadUrlForFileForDataSetWithTimeout", 20)
	clock.advance(6 * time.Second)
	if a := c.do(http.MethodGet, target, nil); a.body != "hello" {
		t.Errorf("%q", a.body)
	}
}
