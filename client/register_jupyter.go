package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// jupyterGeneration is a state of the service jupyter-uploader-api, by the form in which it wants the owner.
type jupyterGeneration int

const (
	jupyterC jupyterGeneration = iota // since 2017: an identifier
	jupyterB                          // 2016: an object with the identifier; "sample" is there too, and in the earliest is what counts
)

// jupyterUploader registers by way of the service jupyter-uploader-api of early pyBIS (its source,
// dataset-uploader-api.py of the core plugin jupyter-api). Files are copied from the session workspace to a folder that all
// registrations of a Dataset type share, which then becomes the content: what another one has left there comes with
// it. So registrations of one type take turns, and a folder of one's own is asked for, which only later versions of the
// service know.
func (a *attempt) jupyterUploader(ctx context.Context) (string, error) {
	service := a.plan.DataStore + "/" + a.plan.Service
	done, err := a.c.registrations.queue(ctx, service+"/"+a.ds.Type)
	if err != nil {
		return "", &Error{Op: "registration", Err: err}
	}
	defer done()
	generation := a.c.registrations.generation(service)
	r, err := a.service(ctx, a.jupyterRequest(generation))
	if err != nil {
		return "", err
	}
	id, err := a.result(r)
	if errors.Is(err, ErrRefused) && !errors.Is(err, ErrNotFound) && aboutParameters(err) {
		generation = jupyterB - generation
		if r, err = a.service(ctx, a.jupyterRequest(generation)); err != nil {
			return "", err
		}
		id, err = a.result(r)
		err = a.explainNotebooks(err)
	}
	if err != nil {
		return "", err
	}
	a.c.registrations.noteGeneration(service, generation)
	if id == "" {
		if id, err = a.searched(ctx); err != nil {
			return "", err
		}
	}
	a.verify(ctx, id)
	return id, nil
}

// jupyterRequest is the request in the form of a generation.
func (a *attempt) jupyterRequest(g jupyterGeneration) jsonObject {
	names := make([]string, 0, len(a.ds.Files))
	for _, f := range a.ds.Files {
		names = append(names, a.ds.pathOf(f))
	}
	folder := a.ds.Type + "-" + a.plan.UploadID[max(len(a.plan.UploadID)-8, 0):]
	params := jsonObject{
		"parentIds": []string{}, // of containers
		"dataSets": []jsonObject{{
			"dataSetType":            a.ds.Type,
			"parentIds":              a.parents(),
			"properties":             a.properties(),
			"sessionWorkspaceFolder": a.plan.UploadID,
			"fileNames":              names,
			"folder":                 folder,
		}},
		"containers": []jsonObject{},
	}
	switch {
	case g == jupyterB:
		owner := jsonObject{"identifier": firstOf(a.object, a.collection)}
		params["sample"], params["sampleId"] = jsonObject{"identifier": owner}, owner
	case a.object != "":
		params["sampleId"] = a.object
	default:
		params["experimentId"] = a.collection
	}
	return params
}

// aboutParameters tells whether a refusal may be for the form of the request.
func aboutParameters(err error) bool {
	message := strings.ToLower(err.Error())
	for _, hint := range []string{"sampleid", "experimentid", "mandatory parameter", "attributeerror", "typeerror", "classcastexception"} {
		if strings.Contains(message, hint) {
			return true
		}
	}
	return false
}

// explainNotebooks says what to do about the first of the services, of mid 2016, which asks for a container, results and a
// notebook, and gives them types of its own: it can't be made to register anything else.
func (a *attempt) explainNotebooks(err error) error {
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrRefused) {
		return err
	}
	message := strings.ToLower(e.Message)
	for _, part := range []string{"container", "result", "notebook"} {
		if strings.Contains(message, "mandatory parameter "+part) {
			e.Message += fmt.Sprintf("; the service %s of data store %s is the first of its kind, which registers Jupyter notebooks only: "+
				"ask the administrator for the core plugin dataset-uploader (or a jupyter-api of 2017 or later), or choose "+
				"what every data store has built in with --dropbox createUploadedDataSet", a.plan.Service, a.plan.DataStore)
			return err
		}
	}
	return err
}

// verify compares the Dataset with what was sent. What came in from elsewhere cannot be undone, but must not go unsaid.
func (a *attempt) verify(ctx context.Context, permID string) {
	files, err := a.c.Files(ctx, &DataSet{PermID: permID, DataStore: a.plan.DataStore, Kind: Physical})
	if err != nil {
		a.c.log.Warn("the registered Dataset could not be checked", "dataSet", permID, "error", err)
		return
	}
	if !contentMatches(a.ds, files, false) {
		a.c.log.Warn("the registered Dataset has other files than were sent: the service has mixed it with another one",
			"dataSet", permID, "service", a.plan.Service)
	}
}
