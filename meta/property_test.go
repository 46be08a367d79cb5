package meta

import (
	"encoding/json"
	"testing"

	"github.com/openbisfs/openbisfs/client"
)

func typesLab() *client.Schema {
	return &client.Schema{
		Properties: map[string]client.PropertyType{
			"N":      {Code: "N", DataType: "INTEGER"},
			"X":      {Code: "X", DataType: "REAL"},
			"OK":     {Code: "OK", DataType: "BOOLEAN"},
			"WHEN":   {Code: "WHEN", DataType: "TIMESTAMP"},
			"$NAME":  {Code: "$NAME", DataType: "VARCHAR"},
			"COLOUR": {Code: "COLOUR", DataType: "CONTROLLEDVOCABULARY", Vocabulary: "COLOURS"},
			"LIST":   {Code: "LIST", DataType: "ARRAY_INTEGER"},
		},
		Vocabularies: map[string]client.Vocabulary{
			"COLOURS": {Code: "COLOURS", Terms: map[string]client.VocabularyTerm{
				"RED":   {Code: "RED", Label: "Red & <bright>"},
				"PLAIN": {Code: "PLAIN"},
			}},
		},
	}
}

func TestPropertyValuesGetTheirTypes(t *testing.T) {
	schema := typesLab()
	for _, c := range []struct{ code, value, want string }{
		{"N", "42", `42`},
		{"N", "-7", `-7`},
		{"N", "123456789012345678901234567890", `123456789012345678901234567890`},
		{"N", "007", `7`},
		{"N", "+5", `5`},
		{"N", "many", `"many"`},
		{"N", "", `""`},
		{"n", "42", `42`},
		{"X", "1.50", `1.50`},
		{"X", "1E-3", `1E-3`},
		{"X", ".5", `0.5`},
		{"X", "1.", `1`},
		{"X", "NaN", `"NaN"`},
		{"X", "Infinity", `"Infinity"`},
		{"X", "0x10p0", `16`},
		{"OK", "true", `true`},
		{"OK", "FALSE", `false`},
		{"OK", "maybe", `"maybe"`},
		{"WHEN", "2025-03-01 10:00:00 +0100", `"2025-03-01 10:00:00 +0100"`},
		{"$NAME", "12", `"12"`},
		{"COLOUR", "RED", `{"code":"RED","label":"Red \u0026 \u003cbright\u003e"}`},
		{"COLOUR", "PLAIN", `{"code":"PLAIN","label":null}`},
		{"COLOUR", "NEW", `{"code":"NEW","label":null}`},
		{"LIST", "1, 2, 3", `"1, 2, 3"`},
		{"UNKNOWN", "12", `"12"`},
	} {
		got, err := json.Marshal(typedValue(schema, c.code, c.value))
		if err != nil || string(got) != c.want {
			t.Errorf("%s = %q becomes %s, %v; want %s", c.code, c.value, got, err, c.want)
		}
	}
	if got := typedValue(nil, "N", "1"); got != "1" {
		t.Errorf("without a schema, 1 becomes %v", got)
	}
}

func TestTheNameIsTheFirstNamePropertyThatIsNotBlank(t *testing.T) {
	for _, c := range []struct {
		properties map[string]string
		want       string
	}{
		{nil, ""},
		{map[string]string{"$NAME": "old", "NAME": "new"}, "old"},
		{map[string]string{"$NAME": " ", "NAME": "new"}, "new"},
		{map[string]string{"TITLE": "x"}, ""},
	} {
		if got := propertyName(c.properties); got != c.want {
			t.Errorf("%v: %q, want %q", c.properties, got, c.want)
		}
	}
}

func TestPagesOfTheWebUI(t *testing.T) {
	for _, base := range []string{"https://lab.example", "https://lab.example/", "https://lab.example/openbis", "https://lab.example/openbis/"} {
		web := newWebUI(base)
		for _, c := range []struct {
			entity any
			want   string
		}{
			{&client.Instance{}, ""},
			{&client.Space{Code: "LAB"}, "?menuUniqueId=null&viewName=showSpacePage&viewData=LAB"},
			{&client.Project{PermID: "1-2"}, "?menuUniqueId=null&viewName=showProjectPageFromPermId&viewData=1-2"},
			{&client.Collection{Identifier: "/A/B/C"}, "?menuUniqueId=null&viewName=showExperimentPageFromIdentifier&viewData=%5B%22%2FA%2FB%2FC%22%2Cfalse%5D"},
			{&client.Object{PermID: "1-2"}, "?menuUniqueId=null&viewName=showViewSamplePageFromPermId&viewData=1-2"},
			{&client.DataSet{PermID: "1-2"}, "?menuUniqueId=null&viewName=showViewDataSetPageFromPermId&viewData=1-2"},
		} {
			if got, want := web.page(c.entity), "https://lab.example/openbis/webapp/eln-lims/"+c.want; got != want {
				t.Errorf("%s: page %s, want %s", base, got, want)
			}
		}
	}
	if got := newWebUI("").page(&client.Space{Code: "LAB"}); got != "" {
		t.Errorf("without a base: %q", got)
	}
}
