package client

import (
	"context"
	"errors"
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
		return "", err
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

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
