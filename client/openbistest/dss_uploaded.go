package openbistest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// uploadedRoute is the method that registers an upload without any service.
	uploadedRoute = "createUploadedDataSet"

	uploadedCreationType = "dss.dto.dataset.create.UploadedDataSetCreation"
)

func init() {
	define(uploadedCreationType, map[string]paramType{
		"uploadId": textParam, "typeId": objectParam("as.dto.entitytype.id.IEntityTypeId"),
		"experimentId": objectParam("as.dto.experiment.id.IExperimentId"), "sampleId": objectParam("as.dto.sample.id.ISampleId"),
		"properties": textMapParam, "parentIds": idParam("dataset", "DataSet"),
	})
}

// addRegistrationMethods adds createUploadedDataSet to the v3 service, if the store offers it.
func (ds *dataStoreServer) addRegistrationMethods(methods map[string]method) {
	if !ds.offers(uploadedRoute) {
		return
	}
	methods[uploadedRoute] = method{
		params: []paramType{textParam, objectParam(uploadedCreationType)},
		locks:  true,
		call: func(args []any) (any, error) {
			creation, _ := args[1].(*object)
			return ds.createUploadedDataSet(textOf(args[0]), creation)
		},
	}
}

// createUploadedDataSet registers what was uploaded under an id, and deletes it whatever happens (openBIS source,
// CreateUploadedDataSetExecutor.java).
func (ds *dataStoreServer) createUploadedDataSet(token string, creation *object) (any, error) {
	session, err := ds.s.resolveToken(token)
	if err != nil {
		return nil, err
	}
	if creation == nil {
		return nil, &exception{class: "java.lang.NullPointerException", noText: true}
	}
	id := creation.text("uploadId")
	if err := checkUploadID(id); err != nil {
		return nil, err
	}
	claimed, err := ds.claim(session.Token, id)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(claimed)
	tx := ds.begin(session.Person, uploadedRoute)
	d, err := ds.uploadedDataSet(tx, creation)
	if err != nil {
		return nil, err
	}
	incoming, err := findIncoming(claimed, id)
	if err != nil {
		return nil, err
	}
	if err = tx.move(incoming, d); err == nil {
		err = tx.commit()
	}
	if err != nil {
		// What was wrong stands in the log of the data store.
		ds.s.log.Debug("a registration failed", "uploadID", id, "error", err)
		return nil, newException("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException", "Could not process file %s", filepath.Base(incoming))
	}
	return dataSetPermID(d.code), nil
}

// claim takes the upload of that id away from everybody else: what is in the workspace, else what is at the share.
func (ds *dataStoreServer) claim(token, id string) (string, error) {
	claimed, err := ds.s.disk.fresh(ds.store.Code, "registering")
	if err != nil {
		return "", err
	}
	for area, find := range map[string]func(string) (string, error){"workspace": ds.workspace, "share": ds.share} {
		root, err := find(token)
		if err != nil {
			return "", err
		}
		if upload := filepath.Join(root, id); isFolder(upload) {
			if err := os.Rename(upload, filepath.Join(claimed, area)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return "", err
			}
		}
	}
	return claimed, nil
}

// findIncoming returns the one file or folder that an upload consists of. Several files at the share are one folder.
func findIncoming(claimed, id string) (string, error) {
	workspace := filepath.Join(claimed, "workspace")
	if isFolder(workspace) {
		entries, err := os.ReadDir(workspace)
		if err != nil {
			return "", err
		}
		if len(entries) != 1 {
			return "", newException("java.lang.IllegalStateException",
				"Unexpected state, incoming directory should contain just one file or folder but found: %d", len(entries))
		}
		return filepath.Join(workspace, entries[0].Name()), nil
	}
	share := filepath.Join(claimed, "share", uploadFolder)
	entries, err := os.ReadDir(share)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	switch len(entries) {
	case 0:
		return "", userFailure("No uploaded files found for upload id '%s'", id)
	case 1:
		return filepath.Join(share, entries[0].Name()), nil
	}
	return share, nil
}

// uploadedDataSet adds the described data set to the transaction. Everything that it refers to must exist.
func (ds *dataStoreServer) uploadedDataSet(tx *transaction, creation *object) (*newDataSet, error) {
	finder := &applicationServer{s: ds.s}
	unlock := ds.s.store.lock(false)
	d := &newDataSet{properties: textMap(creation.fields["properties"])}
	err := finder.resolveCreation(tx.person, creation, d)
	if err == nil {
		err = tx.mayRegister(d)
	}
	unlock()
	if err != nil {
		return nil, err
	}
	made := tx.create(d.typeCode, "")
	made.sample, made.experiment, made.properties, made.parents = d.sample, d.experiment, d.properties, d.parents
	return made, nil
}

// resolveCreation finds the type, the owner and the parents of a creation. The sample wins.
func (as *applicationServer) resolveCreation(person *Person, creation *object, d *newDataSet) error {
	typeID := creation.object("typeId")
	if typeID == nil {
		return userFailure("A dataset needs a type.")
	}
	t, err := typeFinder(DataSetKind, func() []*EntityType { return as.s.Lab.DataSetTypes })(person, typeID)
	switch {
	case err != nil:
		return err
	case t == nil:
		return notFound(typeID)
	}
	d.typeCode = t.Code
	if id := creation.object("sampleId"); id != nil {
		if d.sample, err = as.findSample(person, id); err != nil {
			return err
		}
		if d.sample == nil {
			return notFound(id)
		}
	} else if id := creation.object("experimentId"); id != nil {
		if d.experiment, err = as.findExperiment(person, id); err != nil {
			return err
		}
		if d.experiment == nil {
			return notFound(id)
		}
	} else {
		return userFailure("A dataset needs either a sample or an experiment as an owner.")
	}
	d.parents, err = as.resolveDataSets(person, creation.objects("parentIds"))
	return err
}

// resolveDataSets returns the codes of data sets that must exist.
func (as *applicationServer) resolveDataSets(person *Person, ids []*object) ([]string, error) {
	var codes []string
	for _, id := range ids {
		other, err := as.findDataSet(person, id)
		switch {
		case err != nil:
			return nil, err
		case other == nil:
			return nil, notFound(id)
		}
		codes = append(codes, other.PermID)
	}
	return codes, nil
}

// notFound is the exception for an id of nothing that may be seen (openBIS source, ObjectNotFoundException.java).
func notFound(id *object) error {
	name := id.class.Type[strings.LastIndexByte(id.class.Type, '.')+1:]
	return userFailure("Object with %s = [%s] has not been found.", name, idText(id))
}

// textMap turns a decoded map of texts into one of Go; null is "".
func textMap(v any) map[string]string {
	m := make(map[string]string)
	if o, ok := v.(*jsonObject); ok {
		for _, name := range o.Names {
			m[name], _ = o.get(name).(string)
		}
	}
	return m
}
