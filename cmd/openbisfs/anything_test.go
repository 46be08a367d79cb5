package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatATextMentions(t *testing.T) {
	const dataSet = "20250311140256096-18"
	for text, want := range map[string]mention{
		dataSet:                        {ids: []string{dataSet}},
		" CPN-01 ":                     {ids: []string{"CPN-01"}},
		"/MATERIALS/ALLOYS/CPN-01":     {ids: []string{"/MATERIALS/ALLOYS/CPN-01"}},
		"MATERIALS/ALLOYS/":            {ids: []string{"/MATERIALS/ALLOYS"}},
		"/S/P/C/O/" + dataSet + "/a/b": {ids: []string{dataSet}, file: "a/b"},

		"https://lab.example/openbis/webapp/eln-lims/?menuUniqueId=null&viewName=showViewSamplePageFromPermId&viewData=" + dataSet: {
			ids: []string{dataSet}, host: "lab.example"},
		"https://lab.example/openbis/webapp/eln-lims/?viewName=showExperimentPageFromIdentifier&viewData=%5B%22%2FS%2FP%2FC%22%2Cfalse%5D": {
			ids: []string{"/S/P/C"}, host: "lab.example"},
		"https://lab.example/openbis/webapp/eln-lims/?viewName=showViewSamplePageFromPermId&viewData=%7B%22permIdOrIdentifier%22%3A%22" + dataSet + "%22%7D": {
			ids: []string{dataSet}, host: "lab.example"},
		"https://lab.example:8443/openbis/webapp/eln-lims/?viewName=showSpacePage&viewData=%22S%22": {ids: []string{"S"}, host: "lab.example"},
		"https://lab.example/openbis/#entity=DATA_SET&permId=" + dataSet:                            {ids: []string{dataSet}, host: "lab.example"},
		"https://lab.example/openbis/index.html#entity=EXPERIMENT&identifier=/S/P/C":                {ids: []string{"/S/P/C"}, host: "lab.example"},
		"https://lab.example/datastore_server/" + dataSet + "/original/a%20b.txt?sessionID=x":       {ids: []string{dataSet}, file: "original/a b.txt", host: "lab.example"},
		"https://lab.example/S/P": {ids: []string{"/S/P"}, host: "lab.example"},

		"sftp://lab.example:2222/DEFAULT/S/P/C/" + dataSet + "/":     {ids: []string{dataSet}, host: "lab.example"},
		"sftp://lab.example:2222/DEFAULT/S/P/C":                      {ids: []string{"/S/P/C"}, host: "lab.example"},
		"sftp://lab.example/S/P/Object:O":                            {ids: []string{"/S/P/O"}, host: "lab.example"},
		"/DEFAULT/S/Object:BOX:A1":                                   {ids: []string{"/S/BOX:A1"}},
		"ELN-LIMS/Lab Notebook/S/P":                                  {ids: []string{"/S/P"}},
		"/spaces/S/projects/P/experiments/C":                         {ids: []string{"/S/P/C"}},
		"/spaces/S/projects/P/experiments/Time lapse (20250101-7)/x": {ids: []string{"20250101-7"}, file: "x"},

		"https://lab.example/": {host: "lab.example"},
		"/":                    {},
		"http://[":             {},
	} {
		if diff := cmp.Diff(want, readMention(text), cmp.AllowUnexported(mention{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
