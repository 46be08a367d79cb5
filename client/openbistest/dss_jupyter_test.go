package openbistest

import (
	"slices"
	"strings"
	"testing"
)

// jupyterParameters are those of a generation of jupyter-uploader-api for one data set.
func jupyterParameters(generation, typeCode, folder string, names ...string) map[string]any {
	const sample = "/OPEN/P/S1"
	p := map[string]any{"dataSets": []any{map[string]any{
		"dataSetType": typeCode, "properties": map[string]any{}, "sessionWorkspaceFolder": folder, "fileNames": names,
	}}}
	switch generation {
	case "A2":
		p["sample"] = map[string]any{"identifier": map[string]any{"identifier": sample}}
	case "B":
		p["sample"], p["sampleId"] = map[string]any{"identifier": sample}, map[string]any{"identifier": sample}
	case "C":
		p["sampleId"] = sample
	}
	return p
}

func TestTheLatestJupyterUploaderWrapsEverythingInAFolderOfTheType(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u/dir/a", 0, "a")
	c.put("u/b", 0, "b")
	p := jupyterParameters("C", "RAW", "u", "dir/a", "b")
	p["dataSets"].([]any)[0].(map[string]any)["parentIds"] = []any{"PARENT"}
	titles, row := c.report(jupyterService, p)
	wantTable(t, titles, row, okTitles, "OK", "Dataset registration successful")
	c.wantFiles(row[2], map[string]string{"original/RAW/dir/a": "a", "original/RAW/b": "b"})
	if d := c.dataSet(row[2]); d.Sample != c.lab.sample || len(d.Parents) != 1 {
		t.Errorf("owner %v, parents %v", d.Sample, d.Parents)
	}
	if got := c.s.Workspaces(); !slices.Contains(got, "DSS1/u/b") {
		t.Errorf("uploads stay, but there is %q", got)
	}
}

func TestOlderJupyterUploadersDoNotSayWhatTheyRegistered(t *testing.T) {
	for _, generation := range []string{"A2", "B"} {
		c := newDepositClient(t, "alice", Options{JupyterGeneration: generation})
		c.put("u/a", 0, "a")
		titles, row := c.report(jupyterService, jupyterParameters(generation, "RAW", "u", "a"))
		wantTable(t, titles, row, okTitles, "OK", "Dataset registration successful")
		registered := c.s.Registrations()
		if row[2] != "" || len(registered) != 1 {
			t.Fatalf("%s: row %q, registered %v", generation, row, registered)
		}
		path := registered[0].Files[0]
		if strings.HasPrefix(path, "original/RAW/") != (generation == "B") || !strings.HasSuffix(path, "/a") {
			t.Errorf("%s: file %s", generation, path)
		}
	}
}

func TestJupyterUploadersMissTheParametersOfTheirGeneration(t *testing.T) {
	for _, tt := range []struct{ installed, sent, message string }{
		{"A", "C", "mandatory parameter sample is missing"},
		{"A2", "C", "mandatory parameter sample is missing"},
		{"B", "C", "mandatory parameter sample is missing"},
		{"B", "A2", "mandatory parameter sampleId is missing"},
		{"C", "A2", "to create a DataSet, either a sampleId or an experimentId must be present"},
		{"C", "B", "TypeError: 1st arg can't be coerced to String"},
	} {
		c := newDepositClient(t, "alice", Options{JupyterGeneration: tt.installed})
		c.put("u/a", 0, "a")
		titles, row := c.report(jupyterService, jupyterParameters(tt.sent, "RAW", "u", "a"))
		wantTable(t, titles, row, errorTitles, "", tt.message)
		c.wantRegistrations(0)
	}
}

func TestLeftoversOfAFailedJupyterRunEndUpInTheNextDataSet(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/left", 0, "left")
	titles, row := c.report(jupyterService, jupyterParameters("C", "RAW", "u1", "left", "missing"))
	wantTable(t, titles, row, errorTitles, "", "FileNotFoundException")
	c.put("u2/rolled-back", 0, "back")
	p := jupyterParameters("C", "RAW", "u2", "rolled-back")
	p["dataSets"].([]any)[0].(map[string]any)["properties"] = map[string]any{"COUNT": "x"}
	titles, row = c.report(jupyterService, p)
	wantTable(t, titles, row, errorTitles, "", "Integer value 'x' has improper format.")
	c.put("u3/mine", 0, "mine")
	titles, row = c.report(jupyterService, jupyterParameters("C", "RAW", "u3", "mine"))
	wantTable(t, titles, row, okTitles, "OK")
	c.wantFiles(row[2], map[string]string{"original/RAW/left": "left", "original/RAW/rolled-back": "back", "original/RAW/mine": "mine"})
}

func TestParallelJupyterRunsOfOneTypeMix(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	c.put("u1/a", 0, "a")
	c.put("u2/b", 0, "b")
	fault := c.s.Faults.Add(Fault{Kind: Late, Method: JupyterMoveStep})
	done := make(chan []string)
	go func() {
		_, row := c.report(jupyterService, jupyterParameters("C", "RAW", "u1", "a"))
		done <- row
	}()
	<-fault.Hit()
	_, row := c.report(jupyterService, jupyterParameters("C", "RAW", "u2", "b"))
	c.wantFiles(row[2], map[string]string{"original/RAW/a": "a", "original/RAW/b": "b"})
	fault.Remove()
	if row := <-done; !strings.Contains(row[1], "FileNotFoundException") {
		t.Errorf("the first run lost its folder, but says %q", row)
	}
}

func TestJupyterContainersAreFoundByName(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	var container string
	for i, name := range []string{"a", "b"} {
		c.put("u/"+name, 0, name)
		p := jupyterParameters("C", "RAW", "u", name)
		p["containers"] = []any{map[string]any{"dataSetType": "JUPYTER_CONTAINER", "properties": map[string]any{"NAME": "notebook", "DESCRIPTION": name}}}
		titles, row := c.report(jupyterService, p)
		wantTable(t, titles, row, okTitles, "OK", "", container)
		container = row[2]
		d := c.dataSet(container)
		if d.Kind != "CONTAINER" || len(d.Components) != 1 || d.Properties["DESCRIPTION"] != name || len(c.s.Registrations()) != 2*(i+1) {
			t.Errorf("container %+v of %v", d, d.Components)
		}
	}
	c.wantFiles(container, map[string]string{"original/RAW/b": "b"})
}

func TestTheFirstJupyterUploaderMakesThreeDataSets(t *testing.T) {
	c := newDepositClient(t, "alice", Options{JupyterGeneration: "A"})
	c.put("out.csv", 0, "1")
	c.put("n.ipynb", 0, "{}")
	titles, row := c.report(jupyterService, map[string]any{
		"sample": map[string]any{"identifier": "/OPEN/P/S1"}, "container": map[string]any{"name": "n", "description": "d"},
		"result": map[string]any{"fileNames": []any{"out.csv"}}, "notebook": map[string]any{"fileNames": []any{"n.ipynb"}},
	})
	wantTable(t, titles, row, okTitles, "OK")
	var types []string
	for _, r := range c.s.Registrations() {
		types = append(types, r.Type)
	}
	if got := strings.Join(types, " "); got != "JUPYTER_RESULT JUPYTER_NOTEBOOK JUPYTER_CONTAINER" {
		t.Errorf("registered %s", got)
	}
}

func TestContainersAreCreatedByTheApplicationServer(t *testing.T) {
	c := newDepositClient(t, "alice", Options{})
	creation := func(kind string) map[string]any {
		more := c.creation("", "RAW", map[string]any{
			"dataSetKind": kind, "autoGeneratedCode": true, "properties": map[string]any{"$name": "all"},
			"componentIds": []any{map[string]any{"@type": "as.dto.dataset.id.DataSetPermId", "permId": "PARENT"}},
		})
		more["@type"] = "as.dto.dataset.create.DataSetCreation"
		return more
	}
	reply := c.callAS("rmi-application-server-v3.json", "createDataSets", c.token, []any{creation("CONTAINER")})
	if reply.Error != nil {
		t.Fatal(reply.Error)
	}
	made := c.s.Registrations()
	if len(made) != 1 || made[0].Kind != "CONTAINER" || !strings.Contains(string(reply.Result), made[0].PermID) {
		t.Fatalf("registered %v, answer %s", made, reply.Result)
	}
	c.wantFiles(made[0].PermID, map[string]string{"original/p": "p"})
	reply = c.callAS("rmi-application-server-v3.json", "createDataSets", c.token, []any{creation("PHYSICAL")})
	if reply.Error == nil || !strings.HasPrefix(reply.Error.Message, "Authorization failure") {
		t.Errorf("physical: %s, %+v", reply.Result, reply.Error)
	}
}
