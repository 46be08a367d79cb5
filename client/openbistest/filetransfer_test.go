package openbistest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// frame is a chunk as it was received.
type frame struct {
	seq        int32
	item, path string
	offset     int64
	length     int32
	payload    []byte
}

// frames takes a stream of well-formed chunks apart.
func frames(t *testing.T, stream string) []frame {
	t.Helper()
	var all []frame
	b := []byte(stream)
	for len(b) > 0 {
		n, m := int(binary.BigEndian.Uint16(b[4:])), int(binary.BigEndian.Uint16(b[7:]))
		f := frame{
			seq: int32(binary.BigEndian.Uint32(b)), offset: int64(binary.BigEndian.Uint64(b[9:])), length: int32(binary.BigEndian.Uint32(b[17:])),
			item: string(b[21 : 21+n]), path: string(b[21+n : 21+n+m]),
		}
		head := 21 + n + m
		if got := binary.BigEndian.Uint64(b[head:]); got != uint64(crc32.ChecksumIEEE(b[:head])) {
			t.Fatalf("chunk %d: header checksum %x", f.seq, got)
		}
		f.payload = b[head+8 : head+8+int(f.length)]
		b = b[head+8+int(f.length):]
		if got := binary.BigEndian.Uint64(b); got != uint64(crc32.ChecksumIEEE(f.payload)) {
			t.Fatalf("chunk %d: payload checksum %x", f.seq, got)
		}
		b = b[8:]
		all = append(all, f)
	}
	return all
}

func seqs(fs []frame) []int32 {
	numbers := []int32{}
	for _, f := range fs {
		numbers = append(numbers, f.seq)
	}
	return numbers
}

// session is a download session with one stream.
type transferClient struct {
	*storeClient
	id, stream string
}

func (c *storeClient) openTransfer(items string) *transferClient {
	c.t.Helper()
	st := c.start(items, "wishedNumberOfStreams", "1")
	return &transferClient{c, st.DownloadSessionID, st.StreamIDs[0]}
}

func (c *transferClient) queue(ranges string) storeAnswer {
	c.t.Helper()
	return c.transfer("method", "queue", "downloadSessionId", c.id, "ranges", ranges)
}

func (c *transferClient) download(limit ...string) storeAnswer {
	c.t.Helper()
	params := []string{"method", "download", "downloadSessionId", c.id, "downloadStreamId", c.stream}
	if len(limit) > 0 {
		params = append(params, "numberOfChunks", limit[0])
	}
	return c.transfer(params...)
}

func (c *transferClient) finish() {
	c.t.Helper()
	c.transfer("method", "finishDownloadSession", "downloadSessionId", c.id)
}

const threeChunks = "20230914160000456-31/original/three.bin"

func TestQueueKeepsItsOrderWithoutDuplicates(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab}), "jdoe").openTransfer(threeChunks)
	c.queue("2,0:1,2,1")
	if got := seqs(frames(t, c.download().body)); !slices.Equal(got, []int32{2, 0, 1}) {
		t.Errorf("%v", got)
	}
	if a := c.download(); a.StatusCode != 200 || a.body != "" {
		t.Errorf("empty queue: HTTP %d, %d bytes", a.StatusCode, len(a.body))
	}
	c.queue("1") // polled before: may come again
	if got := seqs(frames(t, c.download().body)); !slices.Equal(got, []int32{1}) {
		t.Errorf("%v", got)
	}
	if a := c.queue("0:1,7,2"); a.body != `{"error":"Unknown chunk with sequence number: 7","exception-class":"java.lang.IllegalArgumentException"}` {
		t.Errorf("%s", a.body)
	}
	if got := seqs(frames(t, c.download().body)); !slices.Equal(got, []int32{0, 1}) {
		t.Errorf("what was queued before the unknown chunk: %v", got)
	}
	if a := c.download("0"); a.body != "" {
		t.Errorf("numberOfChunks=0: %d bytes", len(a.body))
	}
}

func TestStaleChunksPrecedeTheWantedOnes(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab}), "jdoe").openTransfer(threeChunks)
	c.queue("0:1")
	c.download("1") // the client goes away before chunk 1
	c.queue("2")
	if got := seqs(frames(t, c.download("1").body)); !slices.Equal(got, []int32{1}) {
		t.Errorf("%v, want the stale chunk", got)
	}
	if got := seqs(frames(t, c.download("1").body)); !slices.Equal(got, []int32{2}) {
		t.Errorf("%v", got)
	}
}

func TestChunksOfAHugeFileAreRead(t *testing.T) {
	lab := newStoreLab()
	content := Generated(8<<30, 3)
	lab.add("D-1", Root(File("huge", content)))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "bob").openTransfer("D-1/huge")
	c.queue("8191,4096")
	fs := frames(t, c.download().body)
	for i, seq := range []int64{8191, 4096} {
		want := make([]byte, chunkSize)
		if _, err := content.ReadAt(want, seq<<20); err != nil {
			t.Fatal(err)
		}
		if int64(fs[i].seq) != seq || fs[i].offset != seq<<20 || !bytes.Equal(fs[i].payload, want) {
			t.Errorf("chunk %d: number %d, offset %d", seq, fs[i].seq, fs[i].offset)
		}
	}
	if got := s.ContentBytes(); got != 2<<20 {
		t.Errorf("%d bytes counted, want the payload of two chunks", got)
	}
	for method, want := range map[string]int{"start": 1, "queue": 1, "download": 1, "finish": 0} {
		if got := s.Calls()["file-transfer/"+method]; got != want {
			t.Errorf("%s counted %d times, want %d", method, got, want)
		}
	}
}

func TestStreamsAreUsedUntilTheSessionIsFinished(t *testing.T) {
	s := NewServer(t, Options{Lab: transferLab().Lab, MaxStreams: 6})
	c := newStoreClient(t, s, "jdoe")
	if got := len(c.start(threeChunks).StreamIDs); got != 3 {
		t.Errorf("%d streams of 6, want half of them", got)
	}
	if got := len(c.start(threeChunks, "wishedNumberOfStreams", "2").StreamIDs); got != 2 {
		t.Errorf("%d streams, want 2", got)
	}
	var open []*transferClient
	for range 5 { // streams that never downloaded do not count
		tc := c.openTransfer(threeChunks)
		open = append(open, tc)
	}
	for _, tc := range open {
		tc.download()
	}
	const refused = `{"error":"Download server cannot provide any download streams at the moment. Please try again later.",` +
		`"exception-class":"ch.ethz.sis.filetransfer.DownloadException","retriable":true}`
	start := func() string {
		return c.transfer("method", "startDownloadSession", "userSessionId", c.token, "downloadItemIds", threeChunks).body
	}
	if got := start(); got != refused {
		t.Errorf("5 of 6 streams in use, idle or not: %s", got)
	}
	open[0].finish()
	if got := start(); got == refused {
		t.Error("still refused after one was finished")
	}
	open[0].download() // its session is gone: nothing leaks
	other := newStoreClient(t, s, "jdoe")
	tc := other.openTransfer(threeChunks)
	tc.download()
	if got := start(); got != refused {
		t.Errorf("leaked again: %s", got)
	}
	if err := s.sessions.logout(c.token); err != nil { // cleans up after itself
		t.Fatal(err)
	}
	if got := len(other.start(threeChunks).StreamIDs); got != 2 {
		t.Errorf("%d streams after the logout, want (6-1)/2", got)
	}
}

func TestTransferGoesOnWithoutTheUserSession(t *testing.T) {
	s := NewServer(t, Options{Lab: transferLab().Lab})
	c := newStoreClient(t, s, "jdoe").openTransfer(threeChunks)
	s.ExpireSessions()
	c.queue("1")
	if got := seqs(frames(t, c.download().body)); !slices.Equal(got, []int32{1}) {
		t.Errorf("%v", got)
	}
}

func TestStartDropsInaccessibleItems(t *testing.T) {
	lab := errorLab()
	lab.add("D-2", Root(File("f", Text("xyz"))))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "bob")
	st := c.start("D-CLOSED/original/f, D-2/f, D-9/f")
	if got := fmt.Sprint(st.Ranges); got != "map[D-2/f:0:0]" {
		t.Errorf("ranges %s", got)
	}
	for _, tt := range []struct{ token, items, want string }{
		{c.token, "D-CLOSED/original/f", "Item ids cannot be null or empty"},
		{"x", "D-2/f", "Item ids cannot be null or empty"},
		{c.token, "D-2/g", "Resource 'g' does not exist."},
		{c.token, "D-2/f/", "Resource 'f/' does not exist."},
		{c.token, "D-ARCHIVED/original/f", "Resource 'original/f' is currently unavailable. It might be archived."},
		{c.token, "D-ARCHIVED/", "Resource 'original/f' is currently unavailable. It might be archived."},
		{c.token, "D-BOX/original/f", "Resource is currently unavailable. It might be in an archive."},
		{c.token, "D-EMPTY/", "Undefined contents"},
		{c.token, "D-LINK-0/", "/srv/openbis/dss/store/1/D-LINK-0 doesn't exist"},
	} {
		a := c.transfer("method", "startDownloadSession", "userSessionId", tt.token, "downloadItemIds", tt.items)
		var e struct {
			Error string
			Class string `json:"exception-class"`
		}
		if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error != tt.want || e.Class == "" || a.StatusCode != 200 {
			t.Errorf("%s: HTTP %d, %s, want %s", tt.items, a.StatusCode, a.body, tt.want)
		}
	}
}

func TestPathsWithCommasNeedVersion2(t *testing.T) {
	lab := newStoreLab()
	lab.add("D-1", Root(File("a,b", Text("comma")), File(" x ", Text("blanks"))))
	for _, tt := range []struct {
		api  string
		body string
		want string
	}{
		{"3.6", `"downloadItemIds":["D-1/a,b"]`, "Resource 'a' does not exist."},
		{"3.6", `"downloadItemIds":["D-1/ x "]`, "Resource ' x' does not exist."},
		{"3.6", `"version":["2"],"downloadItemIds":["[\"D-1/a,b\"]"]`, "Item ids cannot be null or empty"},
		{"3.7", `"version":["2"],"downloadItemIds":["[\"D-1/a,b\", \"D-1/ x \"]"]`, "comma blanks"},
		{"3.7", `"downloadItemIds":["D-1/a,b"]`, "Resource 'a' does not exist."},
	} {
		c := newStoreClient(t, NewServer(t, Options{Lab: lab.Lab, APIVersion: tt.api}), "bob")
		post := func(body string) storeAnswer {
			return c.do(http.MethodPost, c.url+"/file-transfer?method=ignored", strings.NewReader(body), "Content-Type", "application/json")
		}
		a := post(`{"method":["startDownloadSession"],"userSessionId":["` + c.token + `"],` + tt.body + `}`)
		var st struct {
			started
			Error string
		}
		if err := json.Unmarshal([]byte(a.body), &st); err != nil {
			t.Fatal(err)
		}
		got := st.Error
		if got == "" {
			post(`{"method":["queue"],"downloadSessionId":["` + st.DownloadSessionID + `"],"ranges":["0:0, 1:1"]}`)
			a := post(`{"method":["download"],"downloadSessionId":["` + st.DownloadSessionID + `"],"downloadStreamId":["` + st.StreamIDs[0] + `"]}`)
			var texts []string
			for _, f := range frames(t, a.body) {
				texts = append(texts, string(f.payload))
			}
			got = strings.Join(texts, " ")
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.api, tt.body, got, tt.want)
		}
	}
}

func TestBodyThatIsNoJSONIsAnError(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab}), "jdoe")
	for body, class := range map[string]string{
		"method=queue&ranges=0": "com.fasterxml.jackson.core.JsonParseException", `{"method":"queue"}`: "java.lang.ClassCastException",
		`{"method":[1]}`: "java.lang.ArrayStoreException", `[]`: "com.fasterxml.jackson.databind.exc.MismatchedInputException",
	} {
		a := c.do(http.MethodPost, c.url+"/file-transfer?method=queue", strings.NewReader(body), "Content-Type", "application/x-www-form-urlencoded")
		if a.StatusCode != 200 || !strings.Contains(a.body, `"exception-class":"`+class+`"`) || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: HTTP %d, %s", body, a.StatusCode, a.body)
		}
	}
}

func TestArchivesAreSentRawAndTheirMembersOnce(t *testing.T) {
	lab := newStoreLab()
	member := pattern(5 << 19)
	archive := &Node{Name: "t.h5ar", HDF5Archive: true, Content: pattern(3000), Children: []*Node{File("big", member)}}
	lab.add("D-1", Root(Folder("original", archive, File("other", Text("other")))))
	s := NewServer(t, Options{Lab: lab.Lab, UnsortedSeed: -1})
	sc := newStoreClient(t, s, "bob")
	if a := sc.get("D-1/original/t.h5ar"); !strings.HasPrefix(a.body, "<html>") {
		t.Errorf("the servlet sends a folder page: %.20q", a.body)
	}
	if a := sc.get("D-1/original/t.h5ar/big"); len(a.body) != 5<<19 || a.Header.Get("Content-Disposition") == "" {
		t.Errorf("the servlet sends members: %d bytes", len(a.body))
	}
	for _, item := range []string{"D-1/original/t.h5ar", "D-1/"} {
		c := sc.openTransfer(item)
		c.queue("0")
		fs := frames(t, c.download().body)
		if len(fs) != 1 || fs[0].path != "original/t.h5ar" || len(fs[0].payload) != 3000 {
			t.Errorf("%s: %+v", item, fs)
		}
	}

	c := sc.openTransfer("D-1/original/t.h5ar/big")
	read := func(r Content, off, n int64) string {
		b, err := io.ReadAll(io.NewSectionReader(r, off, n))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	c.queue("1,0,2")
	first := frames(t, c.download().body)
	if got := seqs(first); !slices.Equal(got, []int32{1, 0, 2}) || string(first[0].payload) != read(member, 1<<20, 1<<20) {
		t.Errorf("first pass: %v", got)
	}
	again := func(ranges string) (payload string) {
		c.queue(ranges)
		body := c.download().body
		head := 21 + len("D-1/original/t.h5ar/big") + len("original/t.h5ar/big") + 8
		payload = body[head : len(body)-8]
		if got := binary.BigEndian.Uint64([]byte(body[len(body)-8:])); got != uint64(crc32.ChecksumIEEE([]byte(payload))) {
			t.Errorf("second pass: payload checksum %x", got)
		}
		return payload
	}
	if got := again("0"); got != read(member, 1<<20, 1<<20) {
		t.Errorf("chunk 0 again: %d bytes, want those after it", len(got))
	}
	if got := again("1"); got != "" { // announced as 1 MiB
		t.Errorf("chunk 1 again: %d bytes, want none", len(got))
	}
}

func TestTransferIsCompressedWhenAskedFor(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab}), "jdoe").openTransfer(threeChunks)
	c.queue("0")
	a := c.do(http.MethodGet, c.url+"/file-transfer?method=download&downloadSessionId="+c.id+"&downloadStreamId="+c.stream, nil,
		"Accept-Encoding", "gzip")
	if a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Content-Type") != "application/octet-stream" {
		t.Fatalf("%v", a.Header)
	}
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if got := frames(t, string(body)); len(got) != 1 || len(got[0].payload) != chunkSize {
		t.Errorf("%d chunks", len(got))
	}
}

func TestItemAskedForTwiceHasItsLastChunksOnly(t *testing.T) {
	c := newStoreClient(t, NewServer(t, Options{Lab: transferLab().Lab}), "jdoe")
	st := c.start(threeChunks + "," + threeChunks)
	if got := st.Ranges[threeChunks]; got != "3:5" {
		t.Errorf("range %s", got)
	}
	a := c.transfer("method", "queue", "downloadSessionId", st.DownloadSessionID, "ranges", "3:5,0")
	if !strings.Contains(a.body, "Unknown chunk with sequence number: 0") {
		t.Errorf("%s", a.body)
	}
}
