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
