package fs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// What saving costs, as a multiple of what it takes to send the same bytes with
// curl and to ask for the registration in one more call. Both talk to the same
// simulator, one right after the other.

// savingBench is a mount to save into, and what the peer needs.
type savingBench struct {
	*testing.B
	server *openbistest.Server
	mount  *Server
	dir    string
	local  string
	token  string
	count  int
}

// peerRoute is how the peer registers.
const peerRoute = "createUploadedDataSet"

func newSavingBench(b *testing.B, route string) *savingBench {
	b.Helper()
	lab, err := openbistest.ParseLab("small")
	if err != nil {
		b.Fatal(err)
	}
	s := &savingBench{B: b, server: openbistest.NewServer(b, openbistest.Options{Lab: lab, Routes: []string{peerRoute, "dataset-uploader-api"}}), dir: b.TempDir(), local: b.TempDir()}
	o := defaultOptions()
	o.write, o.dropbox = b.TempDir(), route
	w, err := wire(b.Context(), s.server.URL, &o, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	s.mount, err = Mount(b.Context(), s.dir, w.config)
	if err != nil {
		b.Fatal(errors.Join(err, w.close(b.Context())))
	}
	b.Cleanup(func() {
		if err := errors.Join(s.mount.Unmount(), w.close(context.WithoutCancel(b.Context()))); err != nil {
			b.Error(err)
		}
	})
	s.token = s.call("/openbis/openbis/rmi-application-server-v3.json", "login", "demo", "demo")
	return s
}

// call makes a call with curl, as the peer does, and returns its result if that is a text.
func (s *savingBench) call(path, method string, params ...any) string {
	s.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "1", "method": method, "params": params})
	if err != nil {
		s.Fatal(err)
	}
	out := s.run("curl", "-sS", "--fail", "-H", "Content-Type: application/json", "-d", string(body), s.server.URL+path)
	var answer struct {
		Result any
		Error  any
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.Error != nil || answer.Result == nil {
		s.Fatalf("%s: %v, %s", method, err, out)
	}
	text, _ := answer.Result.(string)
	return text
}

func (s *savingBench) run(name string, args ...string) string {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), name, args...)
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// post sends a file and registers it, without any file system.
func (s *savingBench) post(file string) {
	s.Helper()
	s.count++
	id := fmt.Sprintf("peer-%d", s.count)
	info, err := os.Stat(file)
	if err != nil {
		s.Fatal(err)
	}
	address := fmt.Sprintf("%s/datastore_server/session_workspace_file_upload?sessionID=%s&filename=%s/%s&id=1&startByte=0&endByte=%d",
		s.server.URL, s.token, id, filepath.Base(file), info.Size()-1)
	s.run("curl", "-sS", "--fail", "-X", "POST", "-H", "Content-Type: application/octet-stream", "-T", file, address)
	s.call("/datastore_server/rmi-data-store-server-v3.json", "createUploadedDataSet", s.token, map[string]any{
		"@type": "dss.dto.dataset.create.UploadedDataSetCreation", "uploadId": id,
		"typeId":   map[string]any{"@type": "as.dto.entitytype.id.EntityTypePermId", "permId": "RAW_DATA", "entityKind": "DATA_SET"},
		"sampleId": map[string]any{"@type": "as.dto.sample.id.SampleIdentifier", "identifier": "/MATERIALS/AL_FATIGUE/CPN-01"},
	})
}

// took returns how long something takes.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// compare reports how much longer the first takes than the second: the median of
// three pairs or more.
func (s *savingBench) compare(bytes int64, saving, peer func()) {
	s.Helper()
	s.SetBytes(bytes)
	before := len(s.server.Registrations())
	var ratios []float64
	pair := func() {
		mine, theirs := took(saving), took(peer)
		ratios = append(ratios, mine.Seconds()/theirs.Seconds())
	}
	for s.Loop() {
		pair()
	}
	for len(ratios) < 3 {
		pair()
	}
	if n, want := len(s.server.Registrations())-before, 2*len(ratios); n != want {
		s.Fatalf("%d Datasets were registered, should be %d", n, want)
	}
	slices.Sort(ratios)
	s.ReportMetric(ratios[len(ratios)/2], "×curl")
}

// fill makes a file that no zero would do for.
func (s *savingBench) fill(name string, size int64) string {
	s.Helper()
	file := filepath.Join(s.local, name)
	f, err := os.Create(file)
	if err != nil {
		s.Fatal(err)
	}
	block := []byte(strings.Repeat("openBIS keeps what a laboratory finds. ", 27_000))
	for left := size; left > 0 && err == nil; left -= int64(len(block)) {
		_, err = f.Write(block[:min(left, int64(len(block)))])
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		s.Fatal(err)
	}
	return file
}

func BenchmarkSavingOneGiB(b *testing.B) {
	s := newSavingBench(b, peerRoute)
	const size = 1 << 30
	file := s.fill("big", size)
	target := filepath.Join(s.dir, object, "big")
	s.compare(size, func() { s.run("cp", file, target) }, func() { s.post(file) })
}

// Where the server unpacks archives the draft is sent as one; where not, each file is a call.
func BenchmarkSavingAThousandFiles(b *testing.B) {
	for _, route := range []string{peerRoute, "dataset-uploader-api"} {
		b.Run(route, func(b *testing.B) { savingManyFiles(b, route) })
	}
}

func savingManyFiles(b *testing.B, route string) {
	s := newSavingBench(b, route)
	const count, size = 1000, 10 << 10
	folder := filepath.Join(s.local, "many")
	if err := os.Mkdir(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range count {
		s.fill(fmt.Sprintf("many/%04d.csv", i), size)
	}
	drafts := 0
	saving := func() {
		drafts++
		name := fmt.Sprintf("many-%d", drafts)
		s.run("cp", "-r", folder, filepath.Join(s.dir, object, name))
		if _, err := s.mount.Commit(b.Context(), object+"/"+name); err != nil {
			b.Fatal(err)
		}
	}
	archive := filepath.Join(s.local, "many.tar")
	s.compare(count*size, saving, func() {
		s.run("tar", "-C", s.local, "-cf", archive, "many")
		s.post(archive)
	})
}
