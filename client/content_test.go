package client

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// oneFile returns a server, a client, and a file of the given content in a Dataset of its own.
func oneFile(t *testing.T, content []byte, change ...func(*Options)) (*openbistest.Server, *Client, *Content) {
	t.Helper()
	lab := openbistest.SmallLab()
	sample := lab.Samples[slices.IndexFunc(lab.Samples, func(s *openbistest.Sample) bool { return s.Experiment != nil })]
	node := &openbistest.Node{Name: "data.bin", Content: openbistest.Bytes(content)}
	d := lab.AddDataSet(&openbistest.DataSet{Type: lab.DataSetTypes[0], Sample: sample, Root: &openbistest.Node{
		Children: []*openbistest.Node{{Name: "original", Children: []*openbistest.Node{node}}},
	}})
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	c := login(t, s, "demo", change...)
	ds, err := c.GetDataSets(t.Context(), d.PermID)
	if err != nil {
		t.Fatal(err)
	}
	file := c.Content(ds[d.PermID], fileOf(d, "original/data.bin", node))
	t.Cleanup(func() { _ = file.Close() })
	s.ResetCounters()
	return s, c, file
}

// pattern is content whose every block differs.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16 ^ i>>20*37)
	}
	return b
}

func readAll(t *testing.T, f *Content) ([]byte, error) {
	t.Helper()
	body, start, err := f.Stream(t.Context(), 0)
	if err != nil {
		return nil, err
	}
	if start != 0 {
		t.Errorf("starts at %d", start)
	}
	b, err := io.ReadAll(body)
	return b, errors.Join(err, body.Close())
}

func TestFilesOfEveryDatasetAreListedAsTheLabHasThem(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	all, err := c.GetDataSets(t.Context(), codes(s.Lab.DataSets, func(d *openbistest.DataSet) string { return d.PermID })...)
	if err != nil || len(all) != len(s.Lab.DataSets) {
		t.Fatalf("%d datasets, %v", len(all), err)
	}
	for _, d := range s.Lab.DataSets {
		if d.Kind == "CONTAINER" {
			continue // the union of its components
		}
		s.ResetCounters()
		want := nodes(d.Root)
		for how, list := range map[string]func(context.Context, *DataSet) ([]File, error){"v1": c.Files, "v3": c.SearchFiles} {
			files, err := list(t.Context(), all[d.PermID])
			if d.Root == nil && d.Kind == "LINK" && (how == "v3" && err != nil || len(files) == 0) {
				continue
			}
			if err != nil || len(files) != len(want) {
				t.Errorf("%s by %s: %d files, want %d, %v", d.PermID, how, len(files), len(want), err)
				continue
			}
			if !slices.IsSortedFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
				t.Errorf("%s by %s: not sorted", d.PermID, how)
			}
			for _, f := range files {
				n := want[f.Path]
				if n == nil || f.Directory != n.IsFolder() || !f.Directory && f.Size != n.Content.Size() || f.DataSet != d.PermID {
					t.Errorf("%s by %s: got %+v", d.PermID, how, f)
					continue
				}
				if f.HasCRC32 && f.CRC32 != n.Content.CRC32() || !f.Directory && how == "v1" && f.HasCRC32 == n.NoCRC && !strings.Contains(f.Path, ".h5ar/") {
					t.Errorf("%s by %s: checksum of %+v", d.PermID, how, f)
				}
			}
		}
	}
}

func TestEveryReadableFileOfTheLabStreamsAndComesInBlocks(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	all, err := c.GetDataSets(t.Context(), codes(s.Lab.DataSets, func(d *openbistest.DataSet) string { return d.PermID })...)
	if err != nil {
		t.Fatal(err)
	}
	streamed, blocks, unsupported := 0, 0, 0
	for _, d := range s.Lab.DataSets {
		files := nodes(d.Root)
		for path, n := range files {
			if n.IsFolder() || n.Content.Size() > 16<<20 {
				continue
			}
			f := c.Content(all[d.PermID], fileOf(d, path, n))
			got, err := readAll(t, f)
			switch {
			case d.Kind == "LINK":
				if !errors.Is(err, ErrLinked) {
					t.Errorf("%s: %v", f.subject(), err)
				}
				continue
			case d.Physical != nil && !ArchivingStatus(d.Physical.Status).Readable():
				if !errors.Is(err, ErrArchived) {
					t.Errorf("%s: %v", f.subject(), err)
				}
				if err := f.Blocks(t.Context(), 0, 1, nil); !errors.Is(err, ErrArchived) {
					t.Errorf("%s: %v", f.subject(), err)
				}
				continue
			}
			if err != nil || !bytes.Equal(got, bytesOf(t, n)) {
				t.Errorf("%s: %d bytes, %v", f.subject(), len(got), err)
			}
			streamed++
			err = f.Blocks(t.Context(), 0, f.lastBlock()+1, func(i int64, data []byte) error {
				if !bytes.Equal(data, got[i*BlockSize:min(int64(len(got)), (i+1)*BlockSize)]) {
					t.Errorf("%s: block %d is wrong", f.subject(), i)
				}
				return nil
			})
			switch {
			case errors.Is(err, errors.ErrUnsupported) && (strings.Contains(path, ",") || strings.Contains(path, ".h5ar/") || strings.TrimSpace(path) != path):
				unsupported++
			case err != nil:
				t.Errorf("%s: %v", f.subject(), err)
			default:
				blocks++
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if streamed < 40 || blocks < 30 || unsupported < 2 {
		t.Errorf("%d streamed, %d in blocks, %d not to be had in blocks", streamed, blocks, unsupported)
	}
	calls := s.Calls()
	if calls["file-transfer/start"] != calls["file-transfer/finish"] || calls["file-transfer/start"] < blocks {
		t.Errorf("%v", calls)
	}
	if n := s.WebSessions(); n > len(s.Lab.DataStores) {
		t.Errorf("the downloads made %d HTTP sessions", n)
	}
}

func TestRandomReadsTakeTheBlocksTheyTouchAndNoMore(t *testing.T) {
	content := pattern(5*BlockSize + 17)
	s, _, f := oneFile(t, content)
	got := make(map[int64][]byte)
	deliver := func(n int64, data []byte) error { got[n] = data; return nil }
	for _, want := range []struct{ first, count int64 }{{3, 1}, {0, 2}, {5, 1}, {3, 1}, {4, 2}} {
		clear(got)
		if err := f.Blocks(t.Context(), want.first, want.count, deliver); err != nil {
			t.Fatal(err)
		}
		if len(got) != int(want.count) {
			t.Errorf("%d blocks, want %d", len(got), want.count)
		}
		for n, data := range got {
			if n < want.first || n >= want.first+want.count || !bytes.Equal(data, content[n*BlockSize:min(len(content), int(n+1)*BlockSize)]) {
				t.Errorf("block %d, %d bytes", n, len(data))
			}
		}
	}
	wantCalls(t, s, map[string]int{"file-transfer/start": 1, "file-transfer/queue": 5, "file-transfer/download": 5})
	if n := s.ContentBytes(); n != 5*BlockSize+2*17 {
		t.Errorf("%d bytes of content", n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["file-transfer/finish"]; n != 1 {
		t.Errorf("%d sessions finished", n)
	}
}

func TestBlocksOutsideOfTheFileAreRefusedWithoutACall(t *testing.T) {
	s, _, f := oneFile(t, pattern(BlockSize+1))
	for _, r := range []struct{ first, count int64 }{{-1, 1}, {2, 1}, {0, 3}, {1, 2}, {0, -1}} {
		if err := f.Blocks(t.Context(), r.first, r.count, nil); err == nil {
			t.Errorf("%d+%d: no error", r.first, r.count)
		}
	}
	if err := f.Blocks(t.Context(), 0, 0, nil); err != nil {
		t.Error(err)
	}
	for _, offset := range []int64{-1, BlockSize + 2} {
		if _, _, err := f.Stream(t.Context(), offset); err == nil {
			t.Errorf("offset %d: no error", offset)
		}
	}
	wantCalls(t, s, map[string]int{})
}

func TestClientCloseFinishesDownloadSessions(t *testing.T) {
	s, c, f := oneFile(t, pattern(10))
	if err := f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["file-transfer/finish"]; n != 1 {
		t.Errorf("%d sessions finished", n)
	}
}

func TestNoFreeStreamIsUnsupportedForNow(t *testing.T) {
	lab := openbistest.SmallLab()
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab, MaxStreams: 2})
	c := login(t, s, "demo")
	ds, d := dataSet(t, c, s, readableFiles)
	var open []*Content
	free := func() error {
		for path, n := range nodes(d.Root) {
			if n.IsFolder() {
				continue
			}
			f := c.Content(ds, fileOf(d, path, n))
			open = append(open, f)
			return f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { return nil })
		}
		return errors.New("no file")
	}
	if err := free(); err != nil {
		t.Fatal(err)
	}
	if err := free(); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "try again later") {
		t.Errorf("got %v", err)
	}
	for _, f := range open {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := free(); err != nil {
		t.Error(err)
	}
	_ = open[len(open)-1].Close()
}

func TestAServerWithoutFileTransferIsUnsupported(t *testing.T) {
	for name, fault := range map[string]openbistest.Fault{
		"older": {Kind: openbistest.Status, Status: 405}, "gone": {Kind: openbistest.Status, Status: 404},
		"page": {Kind: openbistest.LoginPage},
	} {
		s, _, f := oneFile(t, pattern(10))
		fault.Method = "file-transfer/start"
		s.Faults.Add(fault)
		if err := f.Blocks(t.Context(), 0, 1, nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTroubleInTheMiddleOfBlocksIsOvercome(t *testing.T) {
	t.Parallel()
	content := pattern(4*BlockSize + 5)
	for name, fault := range map[string]openbistest.Fault{
		"reset before":    {Kind: openbistest.ResetBefore, Method: "file-transfer/download"},
		"truncated":       {Kind: openbistest.Truncate, Bytes: BlockSize + BlockSize/2, Method: "file-transfer/download"},
		"cut in a header": {Kind: openbistest.Truncate, Bytes: 10, Method: "file-transfer/download"},
		"damaged payload": {Kind: openbistest.WrongBytes, Bytes: BlockSize + 200, Method: "file-transfer/download"},
		"damaged header":  {Kind: openbistest.WrongBytes, Bytes: 3, Method: "file-transfer/download"},
		"unavailable":     {Kind: openbistest.Status, Status: 503, Method: "file-transfer/queue", Times: 2},
		"start reset":     {Kind: openbistest.ResetBefore, Method: "file-transfer/start", Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, f := oneFile(t, content)
			active := s.Faults.Add(fault)
			got := make([]byte, len(content))
			delivered := make(map[int64]int)
			err := f.Blocks(t.Context(), 0, 5, func(n int64, data []byte) error {
				delivered[n]++
				copy(got[n*BlockSize:], data)
				return nil
			})
			if err != nil || !bytes.Equal(got, content) || len(delivered) != 5 {
				t.Errorf("%d blocks, %v", len(delivered), err)
			}
			for n, times := range delivered {
				if times != 1 {
					t.Errorf("block %d was delivered %d times", n, times)
				}
			}
			if active.Hits() == 0 {
				t.Error("nothing happened")
			}
		})
	}
}

func TestLastingTroubleWithBlocksIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault openbistest.Fault
		want  error
	}{
		"damaged":     {openbistest.Fault{Kind: openbistest.WrongBytes, Bytes: 300}, ErrCorrupt},
		"truncated":   {openbistest.Fault{Kind: openbistest.Truncate, Bytes: 300}, ErrCorrupt},
		"reset":       {openbistest.Fault{Kind: openbistest.ResetBefore}, ErrUnavailable},
		"unavailable": {openbistest.Fault{Kind: openbistest.Status, Status: 503}, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, f := oneFile(t, pattern(BlockSize))
			test.fault.Method, test.fault.Times = "file-transfer/download", -1
			s.Faults.Add(test.fault)
			err := f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { t.Error("delivered"); return nil })
			if !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Chunks that an aborted download has left in the queue come first in the next one of the session.
func TestStaleChunksAreSkipped(t *testing.T) {
	content := pattern(4 * BlockSize)
	_, _, f := oneFile(t, content)
	none := func(int64, []byte) error { return nil }
	if err := f.Blocks(t.Context(), 0, 1, none); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []string{"2:2", "0:1", "3:3"} {
		if err := f.queue(t.Context(), f.transfer, stale); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	err := f.Blocks(t.Context(), 3, 1, func(n int64, data []byte) error {
		got = append(got, n)
		if !bytes.Equal(data, content[3*BlockSize:]) {
			t.Error("wrong bytes")
		}
		return nil
	})
	if err != nil || !slices.Equal(got, []int64{3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestABurstThatIsBrokenOffLeavesTheNextOneInPeace(t *testing.T) {
	content := pattern(6 * BlockSize)
	s, _, f := oneFile(t, content)
	enough := errors.New("enough")
	if err := f.Blocks(t.Context(), 0, 6, func(int64, []byte) error { return enough }); !errors.Is(err, enough) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := f.Blocks(ctx, 0, 6, func(int64, []byte) error { cancel(); return nil }); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := f.Blocks(ctx, 0, 1, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := f.Blocks(t.Context(), 5, 1, func(n int64, data []byte) error {
		if n != 5 || !bytes.Equal(data, content[5*BlockSize:]) {
			t.Errorf("block %d is wrong", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if calls := s.Calls(); calls["file-transfer/start"] != calls["file-transfer/finish"] {
		t.Errorf("%v", calls)
	}
}

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

// fakeStore returns a file of size bytes in a data store that only has the handler.
func fakeStore(t *testing.T, size int64, content []byte, handler http.HandlerFunc) *Content {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := newTestClient(t, Options{URL: server.URL, Token: goldenToken})
	c.stores.list = []DataStore{{Code: "DSS1", DownloadURL: server.URL + storePath}}
	f := File{Path: "original/a", Size: size}
	if content != nil {
		f.CRC32, f.HasCRC32 = crc32.ChecksumIEEE(content), true
	}
	return c.Content(&DataSet{PermID: "2-1", DataStore: "DSS1"}, f)
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

func TestEachDatasetIsAskedForAtItsOwnStore(t *testing.T) {
	for name, change := range map[string]func(*openbistest.DataStore){
		"bare": func(*openbistest.DataStore) {}, "slash": func(d *openbistest.DataStore) { d.DownloadURL = "/" },
		"suffix": func(d *openbistest.DataStore) { d.DownloadURL = "/datastore_server" },
	} {
		t.Run(name, func(t *testing.T) {
			lab := openbistest.SmallLab()
			for _, d := range lab.DataStores {
				change(d)
			}
			s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
			c := login(t, s, "demo")
			for _, store := range lab.DataStores {
				ds, d := dataSet(t, c, s, func(d *openbistest.DataSet) bool { return d.Store == store && readableOrOwn(d) })
				if files, err := c.Files(t.Context(), ds); err != nil || len(files) == 0 {
					t.Errorf("%s: %d files, %v", store.Code, len(files), err)
				}
				if err := downloadAll(t, c, ds, d); err != nil {
					t.Errorf("%s: %v", store.Code, err)
				}
			}
		})
	}
}

// readableOrOwn is readableFiles without the demand for an Object.
func readableOrOwn(d *openbistest.DataSet) bool {
	files := false
	for _, n := range nodes(d.Root) {
		files = files || !n.IsFolder()
		if n.HDF5Archive || !n.IsFolder() && n.Content.Size() > 8<<20 {
			return false
		}
	}
	return d.Kind == "PHYSICAL" && d.Physical.Status == "AVAILABLE" && files
}

func TestAnOptionReplacesTheURLOfADataStore(t *testing.T) {
	lab := openbistest.SmallLab()
	for _, d := range lab.DataStores {
		d.DownloadURL = "https://unreachable.invalid:1"
	}
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	overrides := map[string]string{"": s.StoreURL("DSS2") + "/", "DSS1": s.StoreURL("DSS1")}
	c := login(t, s, "demo", func(o *Options) { o.DataStoreURLs = overrides })
	ds, d := dataSet(t, c, s, readableFiles)
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	stores, err := c.SearchDataStores(t.Context())
	if err != nil || stores[0].DownloadURL != s.StoreURL("DSS1")+storePath || stores[1].DownloadURL != s.StoreURL("DSS2")+storePath {
		t.Errorf("got %v, %v", stores, err)
	}
	ds.DataStore = "DSS9"
	if _, err := c.Files(t.Context(), ds); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
