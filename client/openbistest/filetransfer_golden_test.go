package openbistest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// transferLab has the data set that the golden transfers are of.
func transferLab() *storeLab {
	lab := newStoreLab()
	lab.AddPerson(&Person{UserID: "jdoe"})
	many := Folder("many")
	for i := range 40 {
		many.Children = append(many.Children, File(fmt.Sprintf("f%03d.dat", i), pattern(7*i)))
	}
	lab.add("20230914160000456-31", Root(Folder("original",
		File("empty.bin", Bytes(nil)),
		Folder("folder", File("a.txt", Text("aaa\n")), Folder("sub", File("b.bin", pattern(1000)), File("empty", Bytes(nil))),
			File("ümläut 实验.txt", Text("unicode name\n"))),
		many,
		File("one_mib.bin", pattern(1<<20)),
		File("one_mib_plus_1.bin", pattern(1<<20+1)),
		Folder("only_empty_dir", Folder("empty")),
		File("small.txt", Text("hello golden data\n")),
		File("three.bin", pattern(5<<19)))))
	return lab
}

// transfer calls the file-transfer servlet with parameters in the query.
func (c *storeClient) transfer(params ...string) storeAnswer {
	c.t.Helper()
	q := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		q.Add(params[i], params[i+1])
	}
	return c.do(http.MethodGet, c.url+"/file-transfer?"+q.Encode(), nil)
}

// started is the answer to startDownloadSession.
type started struct {
	DownloadSessionID string
	Ranges            map[string]string
	StreamIDs         []string
}

func (c *storeClient) start(items string, more ...string) started {
	c.t.Helper()
	a := c.transfer(append([]string{"method", "startDownloadSession", "userSessionId", c.token, "downloadItemIds", items}, more...)...)
	var st started
	if err := json.Unmarshal([]byte(a.body), &st); err != nil || st.DownloadSessionID == "" {
		c.t.Fatalf("start of %s: %q, %v", items, a.body, err)
	}
	return st
}

var uuidForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// withoutUUIDs makes start responses comparable.
func withoutUUIDs(s string) string { return uuidForm.ReplaceAllString(s, "UUID") }

func TestTransferStreamsEqualTheRealOnes(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab, UnsortedSeed: -1}), "jdoe")
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "filetransfer", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	streams := 0
	for _, file := range files {
		var golden struct {
			Request struct {
				DownloadItemIDs       []string
				WishedNumberOfStreams int
				Ranges                string
				NumberOfChunks        *string
			}
			StartResponseText string
			Downloads         []struct {
				ContentType, StreamSHA256 string
				StreamLength              int
				Chunks                    []struct {
					StreamOffset, ChunkLength int
					FilePath                  string
				}
			}
		}
		name := filepath.Base(file)
		if err := json.Unmarshal([]byte(readRecorded(t, "filetransfer/"+name)), &golden); err != nil {
			t.Fatal(err)
		}
		for range golden.Downloads {
			streams++
		}
		if golden.Downloads == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			a := c.transfer("method", "startDownloadSession", "userSessionId", c.token,
				"downloadItemIds", strings.Join(golden.Request.DownloadItemIDs, ","),
				"wishedNumberOfStreams", fmt.Sprint(golden.Request.WishedNumberOfStreams))
			if got, want := withoutUUIDs(a.body), withoutUUIDs(golden.StartResponseText); got != want {
				t.Fatalf("start response\n%s\nwant\n%s", got, want)
			}
			var st started
			if err := json.Unmarshal([]byte(a.body), &st); err != nil {
				t.Fatal(err)
			}
			q := c.transfer("method", "queue", "downloadSessionId", st.DownloadSessionID, "ranges", golden.Request.Ranges)
			if q.body != "" || q.Header.Get("Content-Type") != "" {
				t.Errorf("queue: %q, Content-Type %q", q.body, q.Header.Get("Content-Type"))
			}
			params := []string{"method", "download", "downloadSessionId", st.DownloadSessionID, "downloadStreamId", st.StreamIDs[0]}
			if n := golden.Request.NumberOfChunks; n != nil {
				params = append(params, "numberOfChunks", *n)
			}
			for i, d := range golden.Downloads {
				a := c.transfer(params...)
				if got := a.Header.Get("Content-Type"); got != d.ContentType {
					t.Errorf("download %d: Content-Type %q, want %q", i, got, d.ContentType)
				}
				sum := sha256.Sum256([]byte(a.body))
				if hex.EncodeToString(sum[:]) != d.StreamSHA256 {
					t.Errorf("download %d: %d bytes, want %d, with another checksum", i, len(a.body), d.StreamLength)
				}
			}
			if f := c.transfer("method", "finishDownloadSession", "downloadSessionId", st.DownloadSessionID); f.body != "" {
				t.Errorf("finish: %q", f.body)
			}
		})
	}
	if streams < 14 {
		t.Errorf("only %d streams compared", streams)
	}
}

func TestStartResponsesEqualTheRealOnes(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab, UnsortedSeed: -1}), "jdoe")
	const p = "20230914160000456-31/original/"
	start := []string{"method", "startDownloadSession", "userSessionId", c.token, "downloadItemIds"}
	a := c.transfer(append(start, p+"small.txt", "downloadItemIds", " "+p+"three.bin , "+p+"folder", "wishedNumberOfStreams", "2")...)
	if got, want := withoutUUIDs(a.body), withoutUUIDs(readRecorded(t, "filetransfer/start_wish_2.json")); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	a = c.transfer(append(start, p+"small.txt")...)
	if got, want := withoutUUIDs(a.body), withoutUUIDs(readRecorded(t, "filetransfer/start_without_wish.json")); got != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTransferErrorsEqualTheRealOnes(t *testing.T) {
	lab := transferLab()
	lab.AddDataSet(&DataSet{PermID: "FORBIDDEN", Experiment: lab.closed, Root: Root(File("x", Text("x")))})
	s := NewServer(t, Options{Lab: lab.Lab, UnsortedSeed: -1})
	c := newStoreClient(t, s, "jdoe")
	const p = "20230914160000456-31/original/"
	st := c.start(p+"small.txt,"+p+"three.bin,"+p+"folder", "wishedNumberOfStreams", "2")
	c.start("FORBIDDEN/x")
	s.person("jdoe").Spaces = []string{"OPEN"}
	c.token = s.Login("jdoe") // the old token's access is remembered

	names := jsonNames(t, readRecorded(t, "filetransfer/errors.json"))
	var golden map[string]struct {
		Parameters  map[string]string
		ContentType *string
		HTTPStatus  int
		BodyText    string
	}
	if err := json.Unmarshal([]byte(readRecorded(t, "filetransfer/errors.json")), &golden); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			g := golden[name]
			var params []string
			for k, v := range g.Parameters {
				switch {
				case k == "userSessionId":
					v = c.token
				case k == "downloadSessionId" && v != "nope":
					v = st.DownloadSessionID
				}
				params = append(params, k, v)
			}
			a := c.transfer(params...)
			wantType := ""
			if g.ContentType != nil {
				wantType = *g.ContentType
			}
			if a.StatusCode != g.HTTPStatus || a.Header.Get("Content-Type") != wantType || a.body != g.BodyText {
				t.Errorf("HTTP %d, %q\n%s\nwant %d, %q\n%s", a.StatusCode, a.Header.Get("Content-Type"), a.body, g.HTTPStatus, wantType, g.BodyText)
			}
		})
	}
}

// jsonNames returns the names of an object in their order.
func jsonNames(t *testing.T, text string) []string {
	t.Helper()
	v, err := parseJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v.(*jsonObject).Names
}
