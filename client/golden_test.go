package client

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// golden reads a file of testdata/golden, unpacked.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join("testdata", "golden", filepath.FromSlash(name))
	data, err := os.ReadFile(path)
	if err == nil {
		return data
	}
	f, err := os.Open(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

// goldenJSON decodes a file of testdata/golden.
func goldenJSON[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(golden(t, name), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// goldenAnswers lists the answers that come with an expectation: "as/searchSamples" and so on.
func goldenAnswers(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, dir := range []string{"as", "dss"} {
		files, err := filepath.Glob(filepath.Join("testdata", "golden", dir, "*.expected.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, dir+"/"+strings.TrimSuffix(filepath.Base(f), ".expected.json"))
		}
	}
	if len(names) < 35 {
		t.Fatalf("only %d golden answers", len(names))
	}
	return names
}
