package openbistest

import (
	"fmt"
	"os"
	"path/filepath"
)

// jupyter is the service "jupyter-uploader-api" in the generation that the server was told to have. Only the latest says what it has
// registered. The uploads stay in the workspace.
func (run *ingestion) jupyter() (*table, error) {
	p := run.parameters
	var result string
	var err error
	switch generation := run.s.opts.JupyterGeneration; generation {
	case "A":
		err = run.jupyterA()
	case "A2":
		if err = run.mandatory("sample"); err == nil {
			_, err = run.jupyterDataSets(member(member(p.get("sample"), "identifier"), "identifier"), nil, nil)
		}
	case "B":
		if err = run.mandatory("sample", "sampleId"); err == nil {
			id := p.get("sampleId")
			if _, isMap := id.(*jsonObject); !isMap {
				return nil, pythonError("TypeError", "unicode indices must be integers")
			}
			_, err = run.jupyterDataSets(member(id, "identifier"), nil, p.get("parentIds"))
		}
	case "C":
		if p.get("sampleId") == nil && p.get("experimentId") == nil {
			return nil, userFailure("to create a DataSet, either a sampleId or an experimentId must be present")
		}
		result, err = run.jupyterDataSets(p.get("sampleId"), p.get("experimentId"), p.get("parentIds"))
	default:
		err = fmt.Errorf("no generation %q of jupyter-uploader-api", generation)
	}
	if err != nil {
		return nil, err
	}
	return succeeded("Dataset registration successful", result), nil
}

func (run *ingestion) mandatory(names ...string) error {
	for _, name := range names {
		if run.parameters.get(name) == nil {
			return userFailure("mandatory parameter %s is missing", name)
		}
	}
	return nil
}

// member returns what a map has under a name; what is no map has nothing.
func member(v any, name string) any {
	if m, ok := v.(*jsonObject); ok {
		return m.get(name)
	}
	return nil
}

// jupyterA registers the results and the notebook, each as a data set, and puts them into a container.
func (run *ingestion) jupyterA() error {
	p := run.parameters
	if err := run.mandatory("sample", "container", "result", "notebook"); err != nil {
		return err
	}
	owner := member(p.get("sample"), "identifier")
	var codes []string
	for _, part := range []struct{ name, typeCode string }{{"result", "JUPYTER_RESULT"}, {"notebook", "JUPYTER_NOTEBOOK"}} {
		names, err := run.texts(member(p.get(part.name), "fileNames"))
		if err != nil {
			return err
		}
		d := run.create(part.typeCode, "")
		if err := run.setOwner(d, owner, nil); err != nil {
			return err
		}
		if err := run.gather(d, timeStamp(run.s), "", names); err != nil {
			return err
		}
		codes = append(codes, d.code)
	}
	container := run.create("JUPYTER_CONTAINER", "")
	container.kind, container.components = "CONTAINER", codes
	container.properties["NAME"] = javaText(member(p.get("container"), "name"))
	container.properties["DESCRIPTION"] = javaText(member(p.get("container"), "description"))
	return run.setOwner(container, owner, nil)
}

// timeStamp is Python's str(time.time()).
func timeStamp(s *Server) string {
	return fmt.Sprintf("%.2f", float64(s.now().UnixMilli())/1000)
}

// jupyterDataSets registers the data sets and containers that the parameters list. It returns the code of the last container, else of
// the first data set.
func (run *ingestion) jupyterDataSets(sample, experiment, parents any) (string, error) {
	var codes []string
	list, _ := run.parameters.get("dataSets").([]any)
	for _, e := range list {
		d, err := run.jupyterDataSet(e, sample, experiment)
		if err != nil {
			return "", err
		}
		codes = append(codes, d.code)
	}
	containers, _ := run.parameters.get("containers").([]any)
	for _, e := range containers {
		d, err := run.jupyterContainer(e, sample, experiment, parents, codes)
		if err != nil {
			return "", err
		}
		codes = []string{d.code}
	}
	if len(codes) == 0 {
		return "", pythonError("IndexError", "index out of range: 0")
	}
	return codes[0], nil
}

func (run *ingestion) jupyterDataSet(e, sample, experiment any) (*newDataSet, error) {
	typeCode, _ := member(e, "dataSetType").(string)
	d := run.create(typeCode, "")
	if err := run.setOwner(d, sample, experiment); err != nil {
		return nil, err
	}
	var err error
	if run.s.opts.JupyterGeneration == "C" {
		if d.parents, err = run.texts(member(e, "parentIds")); err != nil {
			return nil, err
		}
	}
	if err := d.setProperties(member(e, "properties")); err != nil {
		return nil, err
	}
	names, err := run.texts(member(e, "fileNames"))
	if err != nil {
		return nil, err
	}
	folder, _ := member(e, "sessionWorkspaceFolder").(string)
	incoming := typeCode
	if run.s.opts.JupyterGeneration == "A2" {
		incoming = timeStamp(run.s)
	}
	return d, run.gather(d, incoming, folder, names)
}

// gather copies files of the workspace to a folder of the incoming directory, and moves the whole folder into the data set. From generation B on that folder is
// called like the type: what another registration of the type has left there, or is just copying, goes with it.
func (run *ingestion) gather(d *newDataSet, incoming, folder string, names []string) error {
	dir, err := run.incoming(incoming)
	if err != nil {
		return err
	}
	for _, name := range names {
		to := filepath.Join(dir, name)
		_ = os.MkdirAll(filepath.Dir(to), 0o700) // the script ignores what goes wrong here
		if err := run.fetch(filepath.Join(folder, name), to, copyFile); err != nil {
			return err
		}
	}
	if err := run.s.step(JupyterMoveStep); err != nil {
		return err
	}
	return run.move(dir, d)
}

// jupyterContainer makes a container of the data sets, or changes the only one of that name.
func (run *ingestion) jupyterContainer(e, sample, experiment, parents any, components []string) (*newDataSet, error) {
	properties := member(e, "properties")
	typeCode, _ := member(e, "dataSetType").(string)
	var d *newDataSet
	if named := run.named(member(properties, "NAME")); named != nil {
		d = run.create(named.Type.Code, named.PermID)
		d.existing, d.sample, d.experiment = true, named.Sample, named.Experiment
	} else {
		d = run.create(typeCode, "")
		if err := run.setOwner(d, sample, experiment); err != nil {
			return nil, err
		}
		var err error
		if d.parents, err = run.texts(parents); err != nil {
			return nil, err
		}
	}
	d.kind, d.components = "CONTAINER", components
	return d, d.setProperties(properties)
}

// named returns the only container that has the name, nil when there is none or several.
func (run *ingestion) named(name any) *DataSet {
	unlock := run.s.store.lock(false)
	defer unlock()
	text, ok := name.(string)
	if !ok {
		return nil
	}
	var found []*DataSet
	for _, d := range run.s.Lab.DataSets {
		if value, has := d.Properties["NAME"]; has && value == text && run.s.visible(run.person, d) {
			found = append(found, d)
		}
	}
	if len(found) != 1 || found[0].Kind != "CONTAINER" {
		return nil
	}
	return found[0]
}
