package openbistest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestFaultsHitDownloads(t *testing.T) {
	lab := newStoreLab()
	text := strings.Repeat("0123456789", 100_000)
	lab.add("D-1", Root(File("f", Text(text))))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "alice")
	get := func(f Fault) storeAnswer {
		t.Helper()
		s.Faults.Clear()
		s.ResetCounters()
		f.Method = "download"
		s.Faults.Add(f)
		return c.get("D-1/f")
	}
	if a := get(Fault{Kind: Truncate, Bytes: 300_001}); a.err == nil || a.body != text[:300_001] {
		t.Errorf("truncate: %d bytes, %v", len(a.body), a.err)
	}
	if got := s.ContentBytes(); got != 300_001 {
		t.Errorf("truncate: %d bytes counted", got)
	}
	if a := get(Fault{Kind: WrongBytes, Bytes: 300_001}); a.err != nil || a.body == text || len(a.body) != len(text) ||
		a.body[:300_001]+a.body[300_002:] != text[:300_001]+text[300_002:] {
		t.Errorf("wrong bytes: %d bytes, %v", len(a.body), a.err)
	}
	if a := get(Fault{Kind: Status, Status: http.StatusServiceUnavailable, RetryAfter: "7"}); a.StatusCode != 503 || a.Header.Get("Retry-After") != "7" {
		t.Errorf("status: HTTP %d", a.StatusCode)
	}
	for _, kind := range []FaultKind{ResetBefore, ResetAfter} {
		if a := get(Fault{Kind: kind, Times: -1}); a.Response != nil {
			t.Errorf("reset: HTTP %d", a.StatusCode)
		}
	}
	if got := s.ContentBytes(); got != 0 {
		t.Errorf("reset: %d bytes counted", got)
	}
	if a := get(Fault{Kind: ExpiredSession}); !strings.Contains(a.body, "Download session expired.") {
		t.Errorf("expired: %q", a.body)
	}
}

func TestStallInTheMiddleOfADownload(t *testing.T) {
	lab := newStoreLab()
	text := strings.Repeat("0123456789", 100_000)
	lab.add("D-1", Root(File("f", Text(text))))
	s := NewServer(t, Options{Lab: lab.Lab})
	c := newStoreClient(t, s, "alice")
	fault := s.Faults.Add(Fault{Kind: Stall, Method: "download", Bytes: 300_001})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/D-1/f?sessionID="+c.token, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	before := make([]byte, 300_001)
	if _, err := io.ReadFull(resp.Body, before); err != nil {
		t.Fatal(err)
	}
	fault.Release()
	after, err := io.ReadAll(resp.Body)
	if err != nil || string(before)+string(after) != text {
		t.Errorf("%d bytes after the stall, %v", len(after), err)
	}

	s.Faults.Add(Fault{Kind: Stall, Method: "download", Bytes: 300_001})
	ctx, cancel := context.WithCancel(t.Context())
	resp, err = c.http.Do(req.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, before); err != nil {
		t.Fatal(err)
	}
	cancel()  // the client gives up
	s.Close() // and the server waits for nobody
	if n := s.ContentBytes(); n > 2_000_000 {
		t.Errorf("%d bytes counted", n)
	}
}

func TestFaultsHitTransfers(t *testing.T) {
	s := NewServer(t, Options{Lab: transferLab().Lab})
	c := newStoreClient(t, s, "jdoe")
	const item = "20230914160000456-31/original/one_mib.bin"
	headerLength := int64(29 + len(item) + len("original/one_mib.bin") + 8 - 8)
	fetch := func() storeAnswer {
		st := c.start(item, "wishedNumberOfStreams", "1")
		c.transfer("method", "queue", "downloadSessionId", st.DownloadSessionID, "ranges", "0")
		a := c.transfer("method", "download", "downloadSessionId", st.DownloadSessionID, "downloadStreamId", st.StreamIDs[0])
		c.transfer("method", "finishDownloadSession", "downloadSessionId", st.DownloadSessionID)
		return a
	}
	good := fetch().body
	for _, at := range []int64{3, headerLength + 5, int64(len(good)) - 1} {
		s.Faults.Add(Fault{Kind: WrongBytes, Method: "file-transfer/download", Bytes: at})
		a := fetch()
		if a.body[:at] != good[:at] || a.body[at] == good[at] || a.body[at+1:] != good[at+1:] {
			t.Errorf("byte %d is not damaged", at)
		}
	}
	s.Faults.Add(Fault{Kind: Truncate, Method: "file-transfer/download", Bytes: headerLength + 100_000})
	if a := fetch(); a.err == nil || a.body != good[:headerLength+100_000] {
		t.Errorf("truncate: %d bytes, %v", len(a.body), a.err)
	}
	for _, method := range []string{"start", "queue", "download", "finish"} {
		s.Faults.Clear()
		fault := s.Faults.Add(Fault{Kind: Status, Status: 502, Method: "file-transfer/" + method})
		if method == "start" {
			a := c.transfer("method", "startDownloadSession", "userSessionId", c.token, "downloadItemIds", item)
			if a.StatusCode != 502 {
				t.Errorf("%s: HTTP %d", method, a.StatusCode)
			}
		} else {
			fetch()
		}
		if fault.Hits() != 1 {
			t.Errorf("%s: hit %d times", method, fault.Hits())
		}
	}
}

func TestFaultsHitListings(t *testing.T) {
	s := NewServer(t, Options{Lab: treeLab().Lab})
	c := newStoreClient(t, s, "bob")
	for _, method := range []string{"listFilesForDataSet", "searchFiles", "createFastDownloadSession"} {
		s.Faults.Add(Fault{Kind: Status, Status: 502, Method: method})
		a := c.do(http.MethodPost, c.url+map[bool]string{true: v1Endpoint, false: v3Endpoint}[method == "listFilesForDataSet"],
			strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":[]}`))
		if a.StatusCode != 502 {
			t.Errorf("%s: HTTP %d", method, a.StatusCode)
		}
		if s.Calls()[method] != 1 {
			t.Errorf("%s: counted %d times", method, s.Calls()[method])
		}
	}
}
