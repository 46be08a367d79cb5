package meta

import "github.com/openbisfs/openbisfs/client"

type dataSetDocument struct {
	commonPart
	DataSetKind string        `json:"dataSetKind"`
	Object      *refPart      `json:"object"`
	Collection  *string       `json:"collection"`
	DataStore   *string       `json:"dataStore"`
	Physical    *physicalPart `json:"physicalData"`
	Linked      *linkedPart   `json:"linkedData"`
	Components  []refPart     `json:"components"`
	Files       *filesPart    `json:"files"`
}

type physicalPart struct {
	Status           string  `json:"status"`
	Size             *int64  `json:"size"` // bytes
	Location         *string `json:"location"`
	ShareID          *string `json:"shareId"`
	Complete         *string `json:"complete"`
	PresentInArchive bool    `json:"presentInArchive"`
}

type linkedPart struct {
	ExternalCode *string    `json:"externalCode"`
	ExternalDMS  *string    `json:"externalDms"`
	Copies       []copyPart `json:"contentCopies"`
}

type copyPart struct {
	ExternalDMS     *string `json:"externalDms"`
	ExternalCode    *string `json:"externalCode"`
	Path            *string `json:"path"`
	GitCommitHash   *string `json:"gitCommitHash"`
	GitRepositoryID *string `json:"gitRepositoryId"`
}

type filesPart struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

func (d *document) dataSet(ds *client.DataSet) dataSetDocument {
	doc := dataSetDocument{
		commonPart: commonPart{
			Kind: "dataset", Code: ds.PermID, PermID: ds.PermID,
			Type: orNull(ds.Type), Name: orNull(propertyName(ds.Properties)), Properties: d.properties(ds.Properties), Tags: tagsOf(ds.Tags),
			Registrator: personOf(ds.Registrator), RegistrationDate: dateOf(ds.Registered),
			Modifier: personOf(ds.Modifier), ModificationDate: dateOf(ds.Modified),
			Parents: dataSetRefs(ds.Parents), Children: dataSetRefs(ds.Children),
			URL: orNull(d.web.page(ds)),
		},
		DataSetKind: string(ds.Kind),
		Collection:  orNull(ds.Collection),
		DataStore:   orNull(ds.DataStore),
		Physical:    physicalOf(ds.Physical),
		Linked:      linkedOf(ds.Linked),
		Components:  dataSetRefs(ds.Components),
	}
	if ds.Object != nil {
		object := objectRef(ds.Object)
		doc.Object = &object
	}
	if d.files != nil {
		doc.Files = &filesPart{Count: d.files.count, Bytes: d.files.bytes}
	}
	return doc
}

func physicalOf(p *client.PhysicalData) *physicalPart {
	if p == nil {
		return nil
	}
	part := &physicalPart{
		Status: string(p.Status), Location: orNull(p.Location), ShareID: orNull(p.ShareID),
		Complete: orNull(p.Complete), PresentInArchive: p.PresentInArchive,
	}
	if p.Size >= 0 {
		part.Size = &p.Size
	}
	return part
}

func linkedOf(l *client.LinkedData) *linkedPart {
	if l == nil {
		return nil
	}
	part := &linkedPart{ExternalCode: orNull(l.ExternalCode), ExternalDMS: orNull(l.ExternalDMS), Copies: []copyPart{}}
	for _, c := range l.Copies {
		part.Copies = append(part.Copies, copyPart{
			ExternalDMS: orNull(c.ExternalDMS), ExternalCode: orNull(c.ExternalCode), Path: orNull(c.Path),
			GitCommitHash: orNull(c.GitCommitHash), GitRepositoryID: orNull(c.GitRepositoryID),
		})
	}
	return part
}
