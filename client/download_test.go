package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestAStallIsATimeoutAndAPauseOfTheReaderIsNone(t *testing.T) {
	t.Parallel()
	content := pattern(8 * BlockSize)
	timeout := func(o *Options) { o.BlockTimeout = 500 * time.Millisecond }

	s, _, f := oneFile(t, content, timeout)
	s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: "download"})
	if _, _, err := f.Stream(t.Context(), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stream: got %v", err)
	}
	for _, method := range []string{"file-transfer/start", "file-transfer/queue", "file-transfer/download"} {
		s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: method})
		if err := f.Blocks(t.Context(), 0, 1, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", method, err)
		}
	}
	s.Faults.Clear()

	body, _, err := f.Stream(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	pause := time.NewTimer(time.Second)
	<-pause.C // longer than the time-out: nobody reads, so nobody waits
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("after a pause: %d bytes, %v", len(got), err)
	}
	_ = body.Close()
}

func TestAStreamThatStopsInTheMiddleIsATimeout(t *testing.T) {
	stop := make(chan struct{})
	f := fakeStore(t, 100, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", "inline")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write(make([]byte, 40))
		_ = http.NewResponseController(w).Flush()
		<-stop
	})
	defer close(stop)
	f.c.opts.BlockTimeout = 100 * time.Millisecond
	got, err := readAll(t, f)
	if !errors.Is(err, context.DeadlineExceeded) || len(got) != 40 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestTroubleWithAStreamIsNeverContent(t *testing.T) {
	t.Parallel()
	content := pattern(3 * BlockSize)
	for name, test := range map[string]struct {
		fault openbistest.Fault
		want  error
	}{
		"truncated":  {openbistest.Fault{Kind: openbistest.Truncate, Bytes: 2 * BlockSize, Times: -1}, ErrCorrupt},
		"damaged":    {openbistest.Fault{Kind: openbistest.WrongBytes, Bytes: 77, Times: -1}, ErrCorrupt},
		"login page": {openbistest.Fault{Kind: openbistest.LoginPage, Times: -1}, ErrProtocol},
		"reset":      {openbistest.Fault{Kind: openbistest.ResetBefore, Times: -1}, ErrUnavailable},
		"500":        {openbistest.Fault{Kind: openbistest.Status, Status: 500, Times: -1}, ErrUnavailable},
		"404":        {openbistest.Fault{Kind: openbistest.Status, Status: 404, Times: -1}, ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, f := oneFile(t, content)
			test.fault.Method = "download"
			s.Faults.Add(test.fault)
			got, err := readAll(t, f)
			if !errors.Is(err, test.want) || len(got) == len(content) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if name == "truncated" && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAStreamIsAskedForAgainWhileTheServerIsUnavailable(t *testing.T) {
	content := pattern(10)
	for _, fault := range []openbistest.Fault{
		{Kind: openbistest.Status, Status: 503, RetryAfter: "0", Times: 2}, {Kind: openbistest.Status, Status: 429}, {Kind: openbistest.ResetBefore},
	} {
		s, _, f := oneFile(t, content)
		fault.Method = "download"
		s.Faults.Add(fault)
		if got, err := readAll(t, f); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

func TestTheLastBytesAreHeldBackUntilTheChecksumIsRight(t *testing.T) {
	content := pattern(1000)
	s, _, f := oneFile(t, content)
	f.file.CRC32++
	body, _, err := f.Stream(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.ReadAll(iotest.OneByteReader(body))
	if len(n) != 999 || !errors.Is(err, ErrCorrupt) {
		t.Errorf("%d bytes, %v", len(n), err)
	}
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("afterwards %v", err)
	}
	_ = body.Close()
	wantCalls(t, s, map[string]int{"download": 1})
}

func TestAnotherLengthThanListedIsNoContent(t *testing.T) {
	_, _, f := oneFile(t, pattern(1000))
	for _, size := range []int64{0, 999, 1001} {
		f.file.Size = size
		if got, err := readAll(t, f); !errors.Is(err, ErrCorrupt) || len(got) > 0 {
			t.Errorf("listed %d: %d bytes, %v", size, len(got), err)
		}
	}
	f.file.Size = 2 * BlockSize
	if err := f.Blocks(t.Context(), 0, 1, nil); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestAnEmptyFileIsContent(t *testing.T) {
	_, _, f := oneFile(t, nil)
	if got, err := readAll(t, f); err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	delivered := 0
	err := f.Blocks(t.Context(), 0, 1, func(_ int64, data []byte) error { delivered += 1 + len(data); return nil })
	if err != nil || delivered != 1 {
		t.Errorf("delivered %d, %v", delivered, err)
	}
	f.file.CRC32 = 1
	if _, err := readAll(t, f); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

// A data store without path-info database answers everything that goes wrong with an empty page.
func TestAnEmptyPageIsNoEmptyFile(t *testing.T) {
	lab := openbistest.SmallLab()
	for _, d := range lab.DataStores {
		d.NoPathInfo = true
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	c := login(t, s, "demo")
	ds, d := dataSet(t, c, s, readableFiles)
	missing := c.Content(ds, File{DataSet: d.PermID, Path: "original/missing", Size: 0})
	s.ResetCounters()
	if got, err := readAll(t, missing); !errors.Is(err, ErrServer) || len(got) > 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	wantCalls(t, s, map[string]int{"download": 1, "isSessionActive": 1})
	s.ExpireSessions()
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["login"]; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestAServerThatKnowsRangesIsUsed(t *testing.T) {
	content := pattern(1000)
	f := fakeStore(t, 1000, content, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "inline")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	})
	body, start, err := f.Stream(t.Context(), 300)
	if err != nil || start != 300 {
		t.Fatalf("starts at %d, %v", start, err)
	}
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, content[300:]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_ = body.Close()
}

func TestHeadersThatAreNotThoseOfTheFile(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		header map[string]string
		want   error
	}{
		"another range":  {206, map[string]string{"Content-Range": "bytes 0-99/100", "Content-Length": "100"}, ErrProtocol},
		"no length":      {200, map[string]string{"Content-Disposition": "inline", "Transfer-Encoding": "chunked"}, ErrProtocol},
		"compressed":     {200, map[string]string{"Content-Disposition": "inline", "Content-Length": "100", "Content-Encoding": "gzip"}, ErrProtocol},
		"no disposition": {200, map[string]string{"Content-Length": "100"}, ErrProtocol},
		"redirect":       {302, map[string]string{"Location": "https://sso.example.org/?sessionID=x", "Content-Length": "0"}, ErrProtocol},
	} {
		f := fakeStore(t, 100, nil, func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range test.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(test.status)
			if test.header["Content-Length"] != "0" {
				_, _ = w.Write(make([]byte, 100))
			}
		})
		body, _, err := f.Stream(t.Context(), 50)
		if !errors.Is(err, test.want) || strings.Contains(err.Error(), "sessionID=x") {
			t.Errorf("%s: got %v, %v", name, body, err)
		}
	}
}
