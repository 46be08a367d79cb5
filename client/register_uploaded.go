package client

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// createUploadedDataSet registers by way of the data store's own interface (openBIS source,
// CreateUploadedDataSetExecutor.java): the one item in the session workspace's folder of the upload id becomes the content.
// The folder is gone afterwards, whatever happens, so that an upload is registered at most once.
func (a *attempt) createUploadedDataSet(ctx context.Context) (string, error) {
	const method = "createUploadedDataSet"
	parents := make([]jsonObject, 0, len(a.ds.Parents))
	for _, id := range a.ds.Parents {
		parents = append(parents, dataSetPermIDObject(id))
	}
	creation := jsonObject{
		"uploadId":   a.plan.UploadID,
		"typeId":     typed("as.dto.entitytype.id.EntityTypePermId", jsonObject{"permId": a.ds.Type, "entityKind": "DATA_SET"}),
		"properties": a.properties(),
		"parentIds":  parents,
	}
	if id := firstOf(a.ds.Object, a.ds.ObjectIdentifier); id != "" {
		creation["sampleId"] = idOf(sampleEntity)(id)
	} else {
		creation["experimentId"] = idOf(experimentEntity)(firstOf(a.ds.Collection, a.ds.CollectionIdentifier))
	}
	d, err := a.send(ctx, a.store+dssV3, method, typed("dss.dto.dataset.create.UploadedDataSetCreation", creation))
	if errors.Is(err, errors.ErrUnsupported) && errors.Is(err, ErrRefused) {
		a.c.registrations.noteLacksUpload(a.plan.DataStore)
	}
	if err != nil {
		return "", a.explain(ctx, err)
	}
	id := d.result().text("permId")
	if err := d.check(method); err != nil {
		return "", unknownOutcome(err)
	}
	if id != "" {
		return id, nil
	}
	// The dropbox says that it has registered nothing; some say nothing.
	id, found, err := a.c.searchRegistration(ctx, a.plan, a.ds)
	switch {
	case err != nil:
		return "", unknownOutcome(err)
	case !found:
		return "", &Error{Op: method, Err: ErrRefused, Message: "the data store's dropbox has registered nothing"}
	}
	return id, nil
}

// explain adds to a refusal what the server keeps to itself: when a dropbox fails, the reason stands in the log of the data
// store only.
func (a *attempt) explain(ctx context.Context, err error) error {
	var e *Error
	if !errors.Is(err, ErrRefused) || !errors.As(err, &e) || !strings.Contains(e.Message, "Could not process file") {
		return err
	}
	explained := *e
	if active, err := a.c.tokenActive(ctx, a.c.v3(), a.token); err == nil && !active {
		explained.Err = ErrUnavailable
		return &explained
	}
	types, typesErr := a.c.DataSetTypes(ctx)
	if typesErr != nil {
		return err
	}
	for _, t := range types {
		if t.Code == a.ds.Type {
			explained.Message = strings.Join(append([]string{explained.Message}, t.faults(a.ds.Properties)...), "; ")
		}
	}
	return &explained
}

// faults are the reasons for which the server will not take properties for an entity of the type.
func (t *EntityType) faults(properties map[string]string) []string {
	var faults []string
	given := make(map[string]bool, len(properties))
	for code, value := range properties {
		given[strings.ToUpper(code)] = strings.TrimSpace(value) != ""
	}
	for _, p := range t.Properties {
		if p.Mandatory && !given[p.Code] {
			faults = append(faults, "property "+p.Code+" is mandatory")
		}
		delete(given, p.Code)
	}
	for code := range given {
		faults = append(faults, "type "+t.Code+" has no property "+code)
	}
	slices.Sort(faults)
	return faults
}

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
