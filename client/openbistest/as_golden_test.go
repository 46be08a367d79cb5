package openbistest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const v3Path = "/openbis/openbis/rmi-application-server-v3.json"

// goldenServer serves the golden lab with the golden session.
func goldenServer(tb testing.TB) *Server {
	tb.Helper()
	s := NewServer(tb, Options{Lab: goldenLab(tb), UnsortedSeed: -1})
	s.allTags = true
	jdoe := s.person("jdoe")
	s.sessions.byToken[goldenJdoe] = &session{Token: goldenJdoe, Person: jdoe, Creator: jdoe, used: s.now()}
	return s
}

// post sends a body and returns status and body of the answer.
func post(tb testing.TB, url string, body []byte) (int, []byte) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, b
}

func readGolden(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/golden/as", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// unmodelled are fields whose values the lab's model does not hold: the golden value is compared only in being there.
var unmodelled = map[string]bool{
	"metaData": true, "childAnnotations": true, "parentAnnotations": true, "remoteUrl": true, "frozen": true,
	"urlTemplate": true, "official": true, "mainDataSetPattern": true, "mainDataSetPath": true, "dataProducer": true,
	"postRegistered": true, "accessDate": true, "homeGroupCode": true, "dataProductionDate": true, "measured": true,
}

// flatten lists all leaves of a JSON document with their paths, in document order.
func flatten(tb testing.TB, b []byte) []string {
	tb.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var lines []string
	var walk func(path string, skip bool)
	walk = func(path string, skip bool) {
		token, err := d.Token()
		if err != nil {
			tb.Fatalf("%s: %v\n%s", path, err, b)
		}
		add := func(v any) {
			if !skip {
				lines = append(lines, fmt.Sprintf("%s = %v", path, v))
			}
		}
		switch token {
		case json.Delim('{'):
			add("{")
			for d.More() {
				name, _ := d.Token()
				walk(path+"/"+name.(string), skip || unmodelled[name.(string)])
			}
			_, _ = d.Token()
		case json.Delim('['):
			add("[")
			for i := 0; d.More(); i++ {
				walk(fmt.Sprintf("%s/%d", path, i), skip)
			}
			_, _ = d.Token()
		default:
			if s, ok := token.(json.Number); ok && strings.HasSuffix(path, "Date") && len(s) > 10 {
				token = "date"
			}
			add(token)
		}
	}
	walk("", false)
	return lines
}

func TestAnswersAreThoseOfTheRealServer(t *testing.T) {
	s := goldenServer(t)
	files, err := filepath.Glob("testdata/golden/as/requests/mapper/*.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("golden requests: %d, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		switch name {
		case "login.json", "logout.json", "isSessionActive_false.json", "unarchiveDataSets.json":
			continue // tested below: they answer with random tokens or change the server
		}
		t.Run(strings.TrimSuffix(name, ".json"), func(t *testing.T) {
			status, got := post(t, s.URL+v3Path, withoutCriteria(t, name))
			if status != http.StatusOK {
				t.Fatalf("status %d: %s", status, got)
			}
			want := readGolden(t, name)
			a, b := flatten(t, got), flatten(t, want)
			for i := range max(len(a), len(b)) {
				if i >= len(a) || i >= len(b) || a[i] != b[i] {
					t.Fatalf("differs at line %d:\n got %q\nwant %q", i, lines(a, i), lines(b, i))
				}
			}
		})
	}
}

// withoutCriteria empties the criteria of the searches whose golden answers contain everything: what wrote the golden answers
// did not search, but picked by hand.
func withoutCriteria(tb testing.TB, name string) []byte {
	tb.Helper()
	request := readGolden(tb, "requests/mapper/"+name)
	var r struct {
		JSONRPC string            `json:"jsonrpc"`
		ID      string            `json:"id"`
		Method  string            `json:"method"`
		Params  []json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(request, &r); err != nil {
		tb.Fatal(err)
	}
	if strings.HasPrefix(r.Method, "search") {
		typ := searchType(map[string]string{
			"searchDataSets": "dataset.DataSet", "searchExperiments": "experiment.Experiment", "searchProjects": "project.Project",
			"searchSamples": "sample.Sample",
		}[r.Method])
		codes := ""
		switch {
		case name == "searchSampleTypes_entityType_cycle.json":
			typ, codes = searchType("sample.SampleType"), `"TISSUE"`
		case name == "searchSamples_recursive_children.json":
			codes = `"S1","S2","S4","S5"`
		case name == "searchSamples_recursive.json", typ == searchType(""):
			return request
		}
		criteria := ""
		if codes != "" {
			criteria = `{"@type":"as.dto.common.search.CodesSearchCriteria","fieldValue":[` + codes + `]}`
		}
		r.Params[1] = json.RawMessage(`{"@type":"` + typ + `","criteria":[` + criteria + `]}`)
	}
	b, err := json.Marshal(r)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func lines(list []string, at int) []string {
	return list[max(0, min(at-2, len(list))):min(at+3, len(list))]
}
