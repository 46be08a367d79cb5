package openbistest

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestRequestsOfRealClientsAreAccepted sends what pyBIS and the JavaScript facade send.
func TestRequestsOfRealClientsAreAccepted(t *testing.T) {
	s := goldenServer(t)
	jdoe := s.person("jdoe")
	const pybisToken = "jdoe-230914100000000xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	checked := 0
	for _, dir := range []string{"pybis", "js"} {
		files, err := filepath.Glob("testdata/golden/as/requests/" + dir + "/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := filepath.Base(file)
			if name == "INDEX.json" || strings.Contains(name, "searchFiles") || strings.Contains(name, "unarchive") {
				continue // the data store's, and what names a data set that does not exist
			}
			checked++
			t.Run(dir+"/"+strings.TrimSuffix(name, ".json"), func(t *testing.T) {
				for _, token := range []string{goldenJdoe, pybisToken} {
					s.sessions.byToken[token] = &session{Token: token, Person: jdoe, Creator: jdoe, used: s.now()}
				}
				status, body := post(t, s.URL+v3Path, readGolden(t, filepath.Join("requests", dir, name)))
				var answer map[string]json.RawMessage
				if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
					t.Fatalf("status %d, %v: %s", status, err, body)
				}
				if answer["error"] != nil || answer["result"] == nil {
					t.Errorf("answer: %.400s", body)
				}
			})
		}
	}
	if checked < 35 {
		t.Errorf("only %d requests", checked)
	}
}
