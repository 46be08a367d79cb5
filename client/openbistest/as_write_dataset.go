package openbistest

// remoteURL is where the application server would reach a data store: an address that clients cannot use.
const remoteURL = "https://10.0.0.1:8444"

// dataSets writes a field with a to-many relation to data sets.
func (t *translation) dataSets(name string, fo *fetchOptions, list []*DataSet) {
	many(t, name, fo, list, dataSetKey, t.dataSetVisible, t.writeDataSet)
}

func (t *translation) dataSetVisible(d *DataSet) bool { return t.s.visible(t.person, d) }

func (t *translation) writeDataSet(d *DataSet, fo *fetchOptions) {
	if !t.start(d, fo, "as.dto.dataset.DataSet") {
		return
	}
	t.id("permId", "as.dto.dataset.id.DataSetPermId", d.PermID)
	t.str("code", d.PermID)
	t.raw(`"frozen":false,"frozenForChildren":false,"frozenForParents":false,"frozenForComponents":false,"frozenForContainers":false`)
	t.typeOf(d.Type, fo.get("type"))
	t.str("kind", d.Kind)
	t.name("dataStore")
	if store := fo.get("dataStore"); store != nil && d.Store != nil {
		t.writeDataStore(d.Store, store)
	} else {
		t.null()
	}
	t.flag("measured", len(d.Parents) == 0)
	t.flag("postRegistered", true)
	t.name("physicalData")
	if physical := fo.get("physicalData"); physical != nil && d.Physical != nil {
		t.writePhysicalData(d.Physical, physical)
	} else {
		t.null()
	}
	t.name("linkedData")
	if linked := fo.get("linkedData"); linked != nil && d.Linked != nil {
		t.writeLinkedData(d.Linked, linked)
	} else {
		t.null()
	}
	t.experimentOf(d.Experiment, fo.get("experiment"))
	t.sampleOf("sample", d.Sample, fo.get("sample"))
	t.properties(fo.get("properties"), d.Properties)
	t.emptyMaps(fo, "materialProperties", "sampleProperties")
	t.dataSets("parents", fo.get("parents"), d.Parents)
	t.dataSets("children", fo.get("children"), d.Children)
	t.dataSets("containers", fo.get("containers"), d.Containers)
	t.dataSets("components", fo.get("components"), d.Components)
	t.tags(fo.get("tags"), d.Tags)
	t.empty(fo, "history", "propertiesHistory", "experimentHistory", "sampleHistory", "parentsHistory", "childrenHistory",
		"containersHistory", "componentsHistory", "contentCopiesHistory", "unknownHistory")
	t.name("modificationDate")
	t.date(d.Modified)
	t.personOf("modifier", d.Modifier, fo.get("modifier"))
	t.name("registrationDate")
	t.date(d.Registered)
	t.personOf("registrator", d.Registrator, fo.get("registrator"))
	t.raw(`"dataProducer":null,"dataProductionDate":null`)
	t.name("accessDate")
	t.date(d.Modified)
	t.raw(`"metaData":{}`)
	t.end('}')
}

func (t *translation) writePhysicalData(p *PhysicalData, fo *fetchOptions) {
	if !t.start(p, fo, "as.dto.dataset.PhysicalData") {
		return
	}
	t.str("shareId", p.ShareID)
	t.str("location", p.Location)
	t.name("size")
	t.value(p.Size)
	t.constant("storageFormat", fo, "StorageFormat", "PROPRIETARY", "proprietary format")
	t.constant("fileFormatType", fo, "FileFormatType", "PROPRIETARY", "proprietary format")
	t.constant("locatorType", fo, "LocatorType", "RELATIVE_LOCATION", "Relative Location")
	t.str("complete", p.Complete)
	t.str("status", p.Status)
	t.flag("presentInArchive", p.PresentInArchive)
	t.flag("storageConfirmation", p.StorageConfirmed)
	t.name("speedHint")
	t.int(int64(p.SpeedHint))
	t.flag("archivingRequested", p.ArchivingRequested)
	t.end('}')
}

// constant writes a field with one of the descriptions that are the same for all data sets.
func (t *translation) constant(name string, fo *fetchOptions, class, code, description string) {
	t.name(name)
	fo = fo.get(name)
	if fo == nil {
		t.null()
		return
	}
	if t.start(class, fo, "as.dto.dataset."+class) {
		t.str("code", code)
		t.str("description", description)
		t.end('}')
	}
}

func (t *translation) writeLinkedData(l *LinkedData, fo *fetchOptions) {
	if !t.start(l, fo, "as.dto.dataset.LinkedData") {
		return
	}
	t.str("externalCode", l.ExternalCode)
	t.externalDMS(l.ExternalDMS, fo.get("externalDms"))
	t.name("contentCopies")
	t.begin('[')
	for _, c := range l.Copies {
		t.openNew("as.dto.dataset.ContentCopy")
		t.id("id", "as.dto.dataset.id.ContentCopyPermId", c.ID)
		t.externalDMS(c.DMS, fo.get("externalDms"))
		t.textOrNull("externalCode", c.ExternalCode)
		t.textOrNull("path", c.Path)
		t.textOrNull("gitCommitHash", c.GitCommitHash)
		t.textOrNull("gitRepositoryId", c.GitRepositoryID)
		t.end('}')
	}
	t.end(']')
	t.end('}')
}

func (t *translation) externalDMS(d *ExternalDMS, fo *fetchOptions) {
	t.name("externalDms")
	if d == nil || fo == nil {
		t.null()
		return
	}
	if !t.start(d, fo, "as.dto.externaldms.ExternalDms") {
		return
	}
	t.id("permId", "as.dto.externaldms.id.ExternalDmsPermId", d.Code)
	t.str("code", d.Code)
	t.textOrNull("label", d.Label)
	t.textOrNull("urlTemplate", d.URLTemplate)
	t.textOrNull("address", d.Address)
	t.flag("openbis", d.OpenBIS)
	t.str("addressType", d.AddressType)
	t.end('}')
}

func (t *translation) writeDataStore(d *DataStore, fo *fetchOptions) {
	if !t.start(d, fo, "as.dto.datastore.DataStore") {
		return
	}
	t.str("code", d.Code)
	t.str("downloadUrl", t.s.downloadURL(d))
	t.str("remoteUrl", remoteURL)
	t.name("registrationDate")
	t.date(d.Registered)
	t.name("modificationDate")
	t.date(d.Registered)
	t.end('}')
}
