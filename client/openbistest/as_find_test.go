package openbistest

import (
	"strings"
	"testing"
)

func TestGetsTreatLowerCaseEachInTheirWay(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	for _, test := range []struct {
		plural, key string
		id          m
		found       string // the key of the answer; "" when nothing is found
	}{
		{"Samples", "sample.Sample", identifier("sample.id.SampleIdentifier", "/open/p/s1"), "/open/p/s1"},
		{"Samples", "sample.Sample", identifier("sample.id.SampleIdentifier", "/OPEN/P/PLATE:A1"), "/OPEN/P/PLATE:A1"},
		{"Samples", "sample.Sample", identifier("sample.id.SampleIdentifier", "/SHARED"), "/SHARED"},
		{"Projects", "project.Project", identifier("project.id.ProjectIdentifier", "/open/p"), "/open/p"},
		{"Experiments", "experiment.Experiment", identifier("experiment.id.ExperimentIdentifier", "/open/p/e1"), ""},
		{"Experiments", "experiment.Experiment", identifier("experiment.id.ExperimentIdentifier", "/OPEN/P/E1"), "/OPEN/P/E1"},
		{"Spaces", "space.Space", id("space.id.SpacePermId", "open"), ""},
		{"Spaces", "space.Space", id("space.id.SpacePermId", "OPEN"), "OPEN"},
		{"SampleTypes", "sample.SampleType", id("entitytype.id.EntityTypePermId", "THING"), "THING"},
		{"SampleTypes", "sample.SampleType", id("entitytype.id.EntityTypePermId", "THING").with("entityKind", "SAMPLE"), "THING (SAMPLE)"},
		{"Vocabularies", "vocabulary.Vocabulary", id("vocabulary.id.VocabularyPermId", "COLORS"), "COLORS"},
		{"VocabularyTerms", "vocabulary.VocabularyTerm",
			m{"@type": "as.dto.vocabulary.id.VocabularyTermPermId", "code": "RED", "vocabularyCode": "COLORS"}, "RED (COLORS)"},
		{"Persons", "person.Person", m{"@type": "as.dto.person.id.Me"}, "Me"},
	} {
		got := c.must("get"+test.plural, []any{test.id}, fetch(test.key)).(map[string]any)
		switch {
		case test.found == "" && len(got) > 0:
			t.Errorf("%v: found %v", test.id, got)
		case test.found != "" && (len(got) != 1 || got[test.found] == nil):
			t.Errorf("%v: got %v, want the key %s", test.id, got, test.found)
		}
	}
}

func TestGetsAnswerInTheOrderOfTheRequest(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	request := `{"id":1,"method":"getSamples","params":["` + c.token + `",[` +
		`{"@type":"as.dto.sample.id.SamplePermId","permId":"` + l.s2.PermID + `"},{"@type":"as.dto.sample.id.SamplePermId","permId":"nope"},` +
		`{"@type":"as.dto.sample.id.SampleIdentifier","identifier":"/OPEN/P/S1"},{"@type":"as.dto.sample.id.SamplePermId","permId":"` + l.s1.PermID + `"},` +
		`{"@type":"as.dto.sample.id.SamplePermId","permId":"` + l.s2.PermID + `"}],{"@type":"as.dto.sample.fetchoptions.SampleFetchOptions","from":5,"count":0}]}`
	_, body := post(t, c.s.URL+v3Path, []byte(request))
	text := string(body)
	second, first := strings.Index(text, `"`+l.s2.PermID+`":{`), strings.Index(text, `"/OPEN/P/S1":{"@type":"as.dto.sample.Sample","@id":`)
	if second < 0 || first < second {
		t.Errorf("order: %s", text)
	}
	// The same sample under a second key is a reference.
	if !strings.HasSuffix(text, `,"`+l.s1.PermID+`":5}}`+"\n") {
		t.Errorf("no reference at the end: %s", text)
	}
	if got := c.must("getSamples", []any{}, fetch("sample.Sample")).(map[string]any); len(got) != 0 {
		t.Errorf("empty list: %v", got)
	}
}

func TestMalformedIdentifiersAreErrors(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	for _, bad := range []string{"OPEN/P/S1", "/A/B/C/D", "/OPEN/P/S 1", "/OPEN//S1", "/OPEN/P/A:B:C"} {
		a := c.v3("getSamples", []any{identifier("sample.id.SampleIdentifier", bad)}, fetch("sample.Sample"))
		if a.Error == nil || a.Error.Data.ExceptionTypeName != runtimeExceptionClass || !strings.Contains(a.Error.Message, bad) {
			t.Errorf("%s: %v", bad, a.keys)
		}
	}
	for _, bad := range []string{"OPEN/P", "/OPEN", "/OPEN/P/X"} {
		a := c.v3("getProjects", []any{identifier("project.id.ProjectIdentifier", bad)}, fetch("project.Project"))
		if a.Error == nil || a.Error.Data.ExceptionTypeName != userFailureClass || !strings.Contains(a.Error.Message, bad) {
			t.Errorf("%s: %v", bad, a.keys)
		}
	}
	a := c.v3("getSampleTypes", []any{id("entitytype.id.EntityTypePermId", "THING").with("entityKind", "DATA_SET")}, fetch("sample.SampleType"))
	if a.Error == nil || a.Error.Data.ExceptionTypeName != userFailureClass {
		t.Errorf("contradicting kind: %v", a.keys)
	}
}

func TestRelationsFollowTheDataModel(t *testing.T) {
	c, l := newASClient(t, "alice", Options{})
	got := c.must("getDataSets", []any{id("dataset.id.DataSetPermId", l.onSample.PermID)}, fetch("dataset.DataSet").
		with("experiment", fetch("experiment.Experiment")).with("sample", fetch("sample.Sample").with("experiment", fetch("experiment.Experiment")).
		with("project", fetch("project.Project")))).(map[string]any)
	d := got[l.onSample.PermID].(map[string]any)
	e := d["experiment"].(map[string]any)
	s := d["sample"].(map[string]any)
	if e["code"] != "E1" || s["experiment"] != e["@id"] || s["project"].(map[string]any)["code"] != "P" {
		t.Errorf("data set: %v", d)
	}
	got = c.must("getExperiments", []any{id("experiment.id.ExperimentPermId", l.e1.PermID)}, fetch("experiment.Experiment").
		with("dataSets", fetch("dataset.DataSet")).with("samples", fetch("sample.Sample"))).(map[string]any)
	e = got[l.e1.PermID].(map[string]any)
	if len(e["dataSets"].([]any)) != 2 || len(e["samples"].([]any)) != 2 {
		t.Errorf("experiment: %v", e)
	}
}
