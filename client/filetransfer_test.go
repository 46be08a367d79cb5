package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestRealErrorsOfTheFileTransferServlet(t *testing.T) {
	want := map[string]error{
		"no_method": ErrServer, "unknown_method": ErrServer, "missing_userSessionId": ErrServer, "missing_downloadItemIds": ErrServer,
		"wished_not_integer": ErrServer, "wished_zero": ErrServer, "no_access_to_data_set": ErrForbidden, "item_without_slash": ErrServer,
		"only_empty_folder": ErrServer, "unknown_session_queue": errTransferGone, "unknown_session_download": errTransferGone,
		"unknown_stream": errTransferGone, "unknown_chunk": ErrServer, "range_not_a_number": ErrServer, "missing_ranges": ErrServer,
		"finish_unknown_session": nil, "queue_ok_for_comparison": nil, "finish_ok_for_comparison": nil,
	}
	recorded := goldenJSON[map[string]struct {
		HTTPStatus  int    `json:"httpStatus"`
		ContentType string `json:"contentType"`
		BodyText    string `json:"bodyText"`
	}](t, "filetransfer/errors.json")
	if len(recorded) < len(want) {
		t.Errorf("only %d errors", len(recorded))
	}
	for name, r := range recorded {
		expected, known := want[name]
		if !known {
			t.Errorf("%s: what should it mean?", name)
		}
		err := transferFailure(Error{Op: "x"}, answer{status: r.HTTPStatus, header: http.Header{"Content-Type": {r.ContentType}}, body: []byte(r.BodyText)})
		if !errors.Is(err, expected) || (err == nil) != (expected == nil) {
			t.Errorf("%s: got %v, want %v", name, err, expected)
		}
		if err != nil && strings.Contains(err.Error(), "nope") && strings.Contains(err.Error(), "Id[id=nope") {
			t.Errorf("%s: the error has the session's id in it: %v", name, err)
		}
	}
}

// The recorded streams are replayed as the real servlet sent them, to a client that asks for the file.
func TestBlocksOfRealStreams(t *testing.T) {
	for _, test := range []struct {
		recording, path string
		size            int64
	}{
		{"three_chunks", "", 0}, {"three_chunks_reversed_order", "", 0}, {"one_mib_plus_1", "", 0}, {"exactly_1mib", "", 0},
		{"small_one_chunk", "", 0}, {"zero_bytes", "", 0},
	} {
		t.Run(test.recording, func(t *testing.T) {
			r := goldenJSON[recordedTransfer](t, "filetransfer/"+test.recording+".json")
			var item string
			for k := range r.StartResponse.Ranges {
				item = k
			}
			permID, path, _ := strings.Cut(item, "/")
			var size int64
			for _, c := range r.Downloads[0].Chunks {
				size = max(size, c.FileOffset+int64(c.PayloadLength))
			}
			stream := golden(t, "filetransfer/"+strings.TrimSuffix(r.Downloads[0].File, ".gz"))
			var methods []string
			f := fakeStore(t, size, nil, func(w http.ResponseWriter, req *http.Request) {
				var params map[string][]string
				body, err := io.ReadAll(req.Body)
				if err != nil || json.Unmarshal(body, &params) != nil || req.URL.RawQuery != "" {
					t.Errorf("request %s %s", req.URL, body)
				}
				methods = append(methods, params["method"][0])
				switch params["method"][0] {
				case "startDownloadSession":
					if params["downloadItemIds"][0] != item || params["userSessionId"][0] != goldenToken || params["wishedNumberOfStreams"][0] != "1" {
						t.Errorf("start with %v", params)
					}
					w.Header().Set("Content-Type", "application/json")
					_ = json.NewEncoder(w).Encode(map[string]any{
						"downloadSessionId": r.StartResponse.DownloadSessionID, "ranges": r.StartResponse.Ranges, "streamIds": r.StartResponse.StreamIDs,
					})
				case "queue":
					if want := fmt.Sprintf("0:%d", len(r.Downloads[0].Chunks)-1); params["ranges"][0] != want || params["downloadSessionId"][0] != r.StartResponse.DownloadSessionID {
						t.Errorf("queue %v", params)
					}
				case "download":
					w.Header().Set("Content-Type", "application/octet-stream")
					_, _ = w.Write(stream)
				}
			})
			f.ds.PermID, f.file.Path = permID, path
			want := make([]byte, size)
			chunks, err := readChunks(stream)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range chunks {
				copy(want[c.offset:], c.payload)
			}
			got := make([]byte, size)
			var blocks []int64
			if err := f.Blocks(t.Context(), 0, int64(len(chunks)), func(n int64, data []byte) error {
				blocks = append(blocks, n)
				copy(got[n*BlockSize:], data)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) || len(blocks) != len(chunks) {
				t.Errorf("blocks %v, or wrong bytes", blocks)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			if !slices.Equal(methods, []string{"startDownloadSession", "queue", "download", "finishDownloadSession"}) {
				t.Errorf("methods %v", methods)
			}
		})
	}
}

func TestPathsThatTheProtocolCannotExpress(t *testing.T) {
	for path, want := range map[string]bool{
		"original/a.tif": true, "a": true, "original/x.h5ar": true, "original/ü 实验.txt": true, "original/a;b=c": true,
		"original/a,b": false, "a,b/c": false, "original/a ": false, "original/a\t": false, "original/x.h5ar/member": false,
		"original/X.H5AR/a/b": false, "original/x.h5/member": false, "original/x.hdf5/member": false, "original/myh5/member": true,
	} {
		if transferable(path) != want {
			t.Errorf("%q: want %v", path, want)
		}
	}
}

func TestParseRange(t *testing.T) {
	for s, want := range map[string][3]int64{"0:0": {0, 0, 1}, "7:12": {7, 12, 1}, "": {}, "5": {}, "5:4": {}, "-1:3": {}, "a:b": {}, "0:": {}} {
		first, last, ok := parseRange(s)
		if ok != (want[2] == 1) || ok && (first != want[0] || last != want[1]) {
			t.Errorf("%q: got %d, %d, %v", s, first, last, ok)
		}
	}
}

func TestRangesOfABurst(t *testing.T) {
	b := burst{missing: map[int64]bool{3: true, 4: true, 5: true, 9: true, 0: true}}
	if got := b.ranges(10); got != "10:10,13:15,19:19" {
		t.Errorf("got %s", got)
	}
}
