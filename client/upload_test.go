package client

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// planOf is a plan for a fake server.
func planOf(route Route) Plan {
	p := Plan{Route: route, DataStore: "DSS1", UploadID: "openbisfs-0011223344556677", Service: string(route), Since: time.Now()}
	if route == DatasetUploader {
		p.PermID = "20260301100000000-18"
	}
	return p
}

func fileDraft(name string, content []byte) *NewDataSet {
	return &NewDataSet{Object: "O1", Type: "RAW_DATA", Name: name, Files: []NewFile{newFile("", content)}}
}

func noise(n int) []byte {
	b := make([]byte, n)
	random := rand.New(rand.NewPCG(3, 4))
	for i := 0; i+8 <= n; i += 8 {
		v := random.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return b
}

func TestUploadBringsEveryByteUnderTheNameOfTheUpload(t *testing.T) {
	large := noise(2*testSlice + 12345)
	for name, c := range map[string]struct {
		ds   *NewDataSet
		want map[string]string
	}{
		"a file":           {fileDraft("a b.txt", []byte("content")), map[string]string{"a b.txt": "content"}},
		"an empty file":    {fileDraft("empty", nil), map[string]string{"empty": ""}},
		"a large file":     {fileDraft("large", large), map[string]string{"large": string(large)}},
		"an awkward name":  {fileDraft("ü +%2F&=;#?\n.txt", []byte("1")), map[string]string{"ü +%2F&=;#?\n.txt": "1"}},
		"an empty folder":  {&NewDataSet{Object: "O1", Type: "T", Name: "d", Directory: true}, map[string]string{"d/": ""}},
		"a folder of them": {&NewDataSet{Object: "O1", Type: "T", Name: "d", Directory: true, Folders: []string{"x/y"}, Files: []NewFile{newFile("a", []byte("1")), newFile("b/c", nil)}}, map[string]string{"d/x/y/": "", "d/a": "1", "d/b/c": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newScriptedServer(t)
			plan := planOf(UploadedDataSet)
			last, size := int64(-1), int64(0)
			for _, file := range c.ds.Files {
				c.ds.Type = "RAW_DATA"
				size += file.Size
			}
			if err := f.client.UploadDataSet(t.Context(), plan, c.ds, func(sent int64) {
				if sent < last {
					t.Errorf("%d bytes after %d", sent, last)
				}
				last = sent
			}); err != nil {
				t.Fatal(err)
			}
			want := make(map[string]string)
			for path, content := range c.want {
				want[plan.UploadID+"/"+path] = content
			}
			if got := f.stored(1); !maps.Equal(got, want) {
				t.Errorf("got %d files %.200q", len(got), got)
			}
			if last != size {
				t.Errorf("progress ended at %d of %d", last, size)
			}
			if err := f.client.DiscardUpload(t.Context(), plan); err != nil {
				t.Error(err)
			}
			f.set(func() { clear(f.folders) })
			if got := f.stored(1); len(got) != 0 {
				t.Errorf("%d files are left", len(got))
			}
		})
	}
}

func TestUploadGoesOnAtTheSlice(t *testing.T) {
	f := newScriptedServer(t)
	content := noise(5 * testSlice)
	ds := fileDraft("large", content)
	plan := planOf(UploadedDataSet)
	var slices atomic.Int64
	f.upload = func(w http.ResponseWriter, _ *http.Request) bool {
		if slices.Add(1) > 2 {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		return false
	}
	err := f.client.UploadDataSet(t.Context(), plan, ds, nil)
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOutcomeUnknown) {
		t.Fatalf("got %v", err)
	}
	f.set(func() { f.upload, f.calls["upload"] = nil, 0 })
	var first int64 = -1
	if err := f.client.UploadDataSet(t.Context(), plan, ds, func(sent int64) {
		if first < 0 {
			first = sent
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n := f.count("upload"); n != 3 || first != 2*testSlice {
		t.Errorf("%d slices were sent after the first two, from %d on", n, first)
	}
	if f.stored(1)[plan.UploadID+"/large"] != string(content) {
		t.Error("wrong bytes")
	}
	if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); err != nil || f.count("upload") != 3 {
		t.Errorf("a complete upload was sent again, %v", err)
	}
}

func TestSlicesAreRepeatedAfterATransientFailure(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter){
		"500":        func(w http.ResponseWriter) { http.Error(w, "<html>", 500) },
		"503":        func(w http.ResponseWriter) { w.WriteHeader(503) },
		"reset":      func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"wrong size": func(w http.ResponseWriter) { _, _ = fmt.Fprint(w, `{"size":12345,"status":"ok"}`) },
		"exception": func(w http.ResponseWriter) {
			w.WriteHeader(500)
			_, _ = fmt.Fprint(w, `{"status":"500","message":"java.net.ConnectException: Connection refused"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newScriptedServer(t)
			var calls atomic.Int64
			f.upload = func(w http.ResponseWriter, _ *http.Request) bool {
				if calls.Add(1) != 2 {
					return false
				}
				fail(w)
				return true
			}
			content := noise(2*testSlice + 1)
			if err := f.client.UploadDataSet(t.Context(), planOf(UploadedDataSet), fileDraft("x", content), nil); err != nil {
				t.Fatal(err)
			}
			if calls.Load() != 4 || !bytes.Equal([]byte(f.stored(1)["openbisfs-0011223344556677/x"]), content) {
				t.Errorf("%d requests, or wrong bytes", calls.Load())
			}
		})
	}
}

func TestUploadStartsAnewWhenTheSessionIsLost(t *testing.T) {
	for _, route := range []Route{UploadedDataSet, DatasetUploader} {
		t.Run(string(route), func(t *testing.T) {
			f := newScriptedServer(t)
			var calls atomic.Int64
			f.upload = func(http.ResponseWriter, *http.Request) bool {
				if calls.Add(1) == 3 {
					f.set(func() { f.dead[fmt.Sprintf(fakeToken, 1)] = true })
				}
				return false
			}
			content := noise(3*testSlice + 1)
			plan := planOf(route)
			if err := f.client.UploadDataSet(t.Context(), plan, fileDraft("x", content), nil); err != nil {
				t.Fatal(err)
			}
			got := f.stored(2)
			if len(got) != 1 || !strings.Contains(fmt.Sprint(got), string(content[len(content)-1000:])) {
				t.Errorf("the new session has %d files", len(got))
			}
			for _, b := range got {
				if !strings.Contains(b, string(content)) {
					t.Error("the new session has wrong bytes")
				}
			}
		})
	}
}

func TestSlicesShrinkForAProxyThatTakesNoLargeOnes(t *testing.T) {
	f := newScriptedServer(t)
	f.client.registrations.slice = 0
	f.upload = func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > 1<<20 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	content := noise(5<<20 + 17)
	if err := f.client.UploadDataSet(t.Context(), planOf(UploadedDataSet), fileDraft("x", content), nil); err != nil {
		t.Fatal(err)
	}
	if f.stored(1)["openbisfs-0011223344556677/x"] != string(content) {
		t.Error("wrong bytes")
	}
}

func TestContentThatHasChangedIsNotUploaded(t *testing.T) {
	f := newScriptedServer(t)
	shorter := newFile("", []byte("content"))
	shorter.Size++
	other := newFile("", []byte("content"))
	other.CRC32++
	slices := newFile("", noise(2*testSlice))
	slices.CRC32++
	for name, file := range map[string]NewFile{"shorter": shorter, "other": other, "other slices": slices} {
		ds := fileDraft("x", nil)
		ds.Files[0] = file
		plan := planOf(UploadedDataSet)
		plan.UploadID = "openbisfs-" + strings.ReplaceAll(name, " ", "-")
		if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNamesThatTheWorkspaceCannotKeepAreRefused(t *testing.T) {
	f := newScriptedServer(t)
	for _, name := range []string{"blank ", "tab\t", `back\slash`, "bad\xff", "", "a/b", "..", "nul\x00"} {
		err := f.client.UploadDataSet(t.Context(), planOf(UploadedDataSet), fileDraft(name, nil), nil)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	odd := &NewDataSet{Object: "O1", Type: "T", Name: "d", Directory: true, Files: []NewFile{newFile("x../y", nil)}}
	if err := f.client.UploadDataSet(t.Context(), planOf(UploadedDataSet), odd, nil); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
	if n := f.count("upload"); n != 0 {
		t.Errorf("%d uploads", n)
	}
	// An archive keeps all of them that are names.
	for _, ds := range []*NewDataSet{fileDraft("blank ", nil), odd} {
		if err := f.client.UploadDataSet(t.Context(), planOf(DatasetUploader), ds, nil); err != nil {
			t.Error(err)
		}
	}
}
