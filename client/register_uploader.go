package client

import "context"

// datasetUploader registers by way of the service dataset-uploader-api (openBIS source, dataset-uploader-api.py of the core
// plugin dataset-uploader). The upload is one archive, which the service unpacks into a folder: for a folder its own
// name, for a single file "DEFAULT". The permId is chosen beforehand, and the server takes it once.
func (a *attempt) datasetUploader(ctx context.Context) (string, error) {
	folder := "DEFAULT"
	if a.ds.Directory {
		folder = a.ds.Name
	}
	params := jsonObject{
		"method":               "insertDataSet",
		"dataSetType":          a.ds.Type,
		"folderName":           folder,
		"fileNames":            []string{a.plan.archiveName()},
		"isZipDirectoryUpload": true,
		"properties":           a.properties(),
		"parentIdentifiers":    a.parents(),
	}
	if a.plan.PermID != "" {
		params["permId"] = a.plan.PermID
	}
	if a.object != "" {
		params["sampleIdentifier"] = a.object
	} else {
		params["experimentIdentifier"] = a.collection
	}
	r, err := a.service(ctx, params)
	if err != nil {
		return "", err
	}
	id, err := a.result(r)
	if err != nil || id != "" {
		return id, err
	}
	return a.searched(ctx)
}

// searched looks for what a service has registered without saying what.
func (a *attempt) searched(ctx context.Context) (string, error) {
	id, found, err := a.c.searchRegistration(ctx, a.plan, a.ds)
	if err != nil {
		return "", unknownOutcome(err)
	}
	if !found {
		return "", &Error{Op: "registration", Err: ErrOutcomeUnknown, Message: "the service has registered a Dataset, but it cannot be found"}
	}
	return id, nil
}
