package openbistest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The files below testdata/golden were written by the real server's own classes.

const recordedToken = "jdoe-230914152000123x0123456789ABCDEF0123456789ABCDEF"

// fixedContent pretends to have a size and a checksum.
type fixedContent struct {
	size int64
	crc  int32
}

func (c fixedContent) Size() int64                       { return c.size }
func (c fixedContent) CRC32() uint32                     { return uint32(c.crc) }
func (c fixedContent) ReadAt([]byte, int64) (int, error) { return 0, io.ErrUnexpectedEOF }

// recordedLab has the data sets that the golden listings are of.
func recordedLab() *storeLab {
	lab := newStoreLab()
	lab.AddPerson(&Person{UserID: "jdoe", Spaces: []string{"OPEN"}})
	lab.store.DownloadURL = "https://dss1.example.org:443"
	lab.store.Registered = time.UnixMilli(1694000000123)
	file := func(name string, size int64, crc int32) *Node { return File(name, fixedContent{size, crc}) }
	noCRC := file("no crc.bin", 5368709120, 0)
	noCRC.NoCRC = true
	lab.add("20230914160000456-31", Original(Folder("DEFAULT",
		file("a.tif", 1048577, -559038737), file(`b & "c".txt`, 18, 305419896), noCRC, file("empty", 0, 0), file("ümläut 实验.txt", 13, -1),
		Folder("sub", file("deep.dat", 1, 2147483647)), Folder("emptydir"))))
	lab.add("20230914160000456-32", Root(file("x.txt", 3, 7)))
	lab.AddDataSet(&DataSet{PermID: "20230914160000456-99", Experiment: lab.closed, Root: Root()})
	return lab
}

// loginAs opens a session with a given token.
func (s *Server) loginAs(user, token string) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.byToken[token] = &session{Token: token, Person: s.person(user), used: s.now()}
}

func readRecorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "golden", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDataStoreAnswersEqualTheRealOnes(t *testing.T) {
	s := NewServer(t, Options{Lab: recordedLab().Lab, UnsortedSeed: -1})
	s.loginAs("jdoe", recordedToken)
	c := newStoreClient(t, s, "jdoe")
	var index []struct {
		File, RequestText string
		Request           json.RawMessage
		HTTPStatus        int
	}
	if err := json.Unmarshal([]byte(readRecorded(t, "dss/INDEX.json")), &index); err != nil {
		t.Fatal(err)
	}
	// What the recording differs in from a lab on purpose.
	adapt := strings.NewReplacer(
		`"checksum":"9e107d9d372bb6826bd81d3542a419d6","checksumType":"MD5"`, `"checksum":null,"checksumType":null`,
		`"modificationDate":1694600000123`, `"modificationDate":1694000000123`, "https://10.0.0.1:8444", remoteURL)
	requests := map[string]func(string) string{
		"searchFiles.json": func(r string) string { // the recording server did not evaluate the criteria
			return strings.Replace(r, `StringEqualToValue", "@id" : 4, "value" : "20230914160000456-31"`,
				`StringStartsWithValue", "@id" : 4, "value" : "20230914160000456-3"`, 1)
		},
		"searchFiles_empty.json":                     func(r string) string { return strings.Replace(r, "456-31", "456-77", 1) },
		"errors/v1_invalid_session.json":             func(r string) string { return strings.Replace(r, recordedToken, "unknown", 1) },
		"errors/v1_illegal_argument.json":            func(r string) string { return strings.Replace(r, `-99", "/"`, `-31", "nope"`, 1) },
		"errors/v3_invalid_session.json":             func(r string) string { return strings.Replace(r, recordedToken, "unknown", 1) },
		"errors/v1_parse_error.json":                 nil,
		"errors/v1_user_failure.json":                nil, // thrown by a stand-in: not what the real service says
		"errors/v1_null_message.json":                nil,
		"errors/v1_unknown_field.json":               nil, // see TestUnknownFieldsAreRefusedInV1
		"errors/v3_content_missing.json":             nil,
		"errors/v3_download_over_json.json":          func(r string) string { return r },
		"createFastDownloadSession.json":             func(r string) string { return r },
		"errors/v1_authorization.json":               func(r string) string { return r },
		"errors/v1_method_not_found.json":            func(r string) string { return r },
		"errors/v1_wrong_params.json":                func(r string) string { return r },
		"listFilesForDataSet_emptydir.json":          func(r string) string { return r },
		"listFilesForDataSet_file.json":              func(r string) string { return r },
		"listFilesForDataSet_dto.json":               func(r string) string { return r },
		"listFilesForDataSet.json":                   func(r string) string { return r },
		"listFilesForDataSet_nonrecursive.json":      func(r string) string { return r },
		"listFilesForDataSet_root_nonrecursive.json": func(r string) string { return r },
	}
	for _, golden := range index {
		change, known := requests[golden.File]
		if !known {
			t.Errorf("%s: a recording that no test looks at", golden.File)
		}
		if change == nil {
			continue
		}
		t.Run(golden.File, func(t *testing.T) {
			var spaced bytes.Buffer
			if err := json.Indent(&spaced, golden.Request, "", ""); err != nil {
				t.Fatal(err)
			}
			request := change(strings.ReplaceAll(strings.ReplaceAll(spaced.String(), "\n", " "), `": `, `" : `))
			request = strings.ReplaceAll(request, `"  :`, `" :`)
			endpoint := v1Endpoint
			if strings.Contains(golden.File, "v3_") || strings.HasPrefix(golden.File, "searchFiles") || strings.HasPrefix(golden.File, "createFast") {
				endpoint = v3Endpoint
			}
			a := c.do(http.MethodPost, c.url+endpoint, strings.NewReader(request))
			if a.err != nil || a.StatusCode != golden.HTTPStatus {
				t.Errorf("HTTP %d, want %d (%v)", a.StatusCode, golden.HTTPStatus, a.err)
			}
			want := adapt.Replace(readRecorded(t, "dss/"+golden.File))
			if strings.Contains(golden.File, "invalid_session") {
				want = strings.ReplaceAll(want, recordedToken, "unknown")
			}
			if a.body != want {
				t.Errorf("request %s\ngot\n%s\nwant\n%s", request, a.body, want)
			}
			if got := a.Header.Get("Content-Type"); got != "application/json-rpc" {
				t.Errorf("Content-Type %q", got)
			}
		})
	}
}

// pattern is the rule of the contents behind the golden transfers: lines of numbers, cut to n bytes.
func pattern(n int) Content {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		line := []byte("000000000000000\n")
		for k, v := 14, i; v > 0; k, v = k-1, v/10 {
			line[k] += byte(v % 10)
		}
		b.Write(line)
	}
	return Bytes(b.Bytes()[:n])
}
