package client

// decodeDataSet decodes a Dataset. Its code is its permId.
func decodeDataSet(n node) *DataSet {
	ref := decodeDataSetRef(n)
	ds := &DataSet{
		PermID:      ref.PermID,
		Kind:        DataSetKind(n.code("kind")),
		Type:        ref.Type,
		Properties:  n.properties(),
		Tags:        n.tags(),
		DataStore:   n.object("dataStore").code("code"),
		Physical:    decodePhysicalData(n.object("physicalData")),
		Linked:      decodeLinkedData(n.object("linkedData")),
		Parents:     decodeDataSetRefs(n.objects("parents")),
		Children:    decodeDataSetRefs(n.objects("children")),
		Components:  decodeDataSetRefs(n.objects("components")),
		Object:      ref.Object,
		Collection:  ref.Collection,
		Registrator: n.personAt("registrator"),
		Modifier:    n.personAt("modifier"),
		Registered:  n.time("registrationDate"),
		Modified:    n.time("modificationDate"),
	}
	for _, c := range n.objects("containers") {
		ds.Containers = append(ds.Containers, dataSetPermID(c))
	}
	return ds
}

func dataSetPermID(n node) string {
	if id := n.permID(); id != "" {
		return id
	}
	return n.text("code")
}

func decodeDataSetRef(n node) DataSetRef {
	ref := DataSetRef{
		PermID:     dataSetPermID(n),
		Type:       n.object("type").code("code"),
		Collection: n.object("experiment").object("identifier").code("identifier"),
	}
	if sample := n.object("sample"); sample.ok() {
		object := decodeObjectRef(sample)
		ref.Object = &object
	}
	return ref
}

func decodeDataSetRefs(nodes []node) []DataSetRef {
	var refs []DataSetRef
	for _, n := range nodes {
		refs = append(refs, decodeDataSetRef(n))
	}
	return refs
}

func decodePhysicalData(n node) *PhysicalData {
	if !n.ok() {
		return nil
	}
	p := &PhysicalData{
		Status:           ArchivingStatus(n.code("status")),
		Size:             -1,
		Location:         n.text("location"),
		ShareID:          n.code("shareId"),
		Complete:         n.code("complete"),
		PresentInArchive: n.bool("presentInArchive"),
	}
	if size, ok := n.integer("size"); ok {
		p.Size = size
	}
	return p
}

func decodeLinkedData(n node) *LinkedData {
	if !n.ok() {
		return nil
	}
	l := &LinkedData{
		ExternalCode: n.text("externalCode"),
		ExternalDMS:  n.object("externalDms").code("code"),
	}
	for _, c := range n.objects("contentCopies") {
		l.Copies = append(l.Copies, ContentCopy{
			ExternalDMS:     c.object("externalDms").code("code"),
			ExternalCode:    c.text("externalCode"),
			Path:            c.text("path"),
			GitCommitHash:   c.text("gitCommitHash"),
			GitRepositoryID: c.text("gitRepositoryId"),
		})
	}
	return l
}
