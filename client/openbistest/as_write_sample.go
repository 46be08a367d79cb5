package openbistest

// samples writes a field with a to-many relation to samples.
func (t *translation) samples(name string, fo *fetchOptions, list []*Sample) {
	many(t, name, fo, list, sampleKey, t.sampleVisible, t.writeSample)
}

func (t *translation) sampleVisible(s *Sample) bool { return t.person.MaySee(s.SpaceCode()) }

// sampleOf writes a field with a sample.
func (t *translation) sampleOf(name string, s *Sample, fo *fetchOptions) {
	t.name(name)
	if s == nil || fo == nil || !t.sampleVisible(s) {
		t.null()
		return
	}
	t.writeSample(s, fo)
}

func (t *translation) writeSample(s *Sample, fo *fetchOptions) {
	if !t.start(s, fo, "as.dto.sample.Sample") {
		return
	}
	t.id("permId", "as.dto.sample.id.SamplePermId", s.PermID)
	t.id("identifier", "as.dto.sample.id.SampleIdentifier", s.Identifier())
	t.str("code", s.Code)
	t.raw(`"frozen":false,"frozenForComponents":false,"frozenForChildren":false,"frozenForParents":false,"frozenForDataSets":false`)
	t.name("registrationDate")
	t.date(s.Registered)
	t.name("modificationDate")
	t.date(s.Modified)
	t.typeOf(s.Type, fo.get("type"))
	t.projectOf(s.Project, fo.get("project"))
	t.spaceOf(s.Space, fo.get("space"))
	t.experimentOf(s.Experiment, fo.get("experiment"))
	t.properties(fo.get("properties"), s.Properties)
	t.emptyMaps(fo, "materialProperties", "sampleProperties")
	t.samples("parents", fo.get("parents"), s.Parents)
	t.relationships("parentsRelationships", fo.get("parents"), s.Parents)
	t.samples("children", fo.get("children"), s.Children)
	t.relationships("childrenRelationships", fo.get("children"), s.Children)
	t.sampleOf("container", s.Container, fo.get("container"))
	t.samples("components", fo.get("components"), s.Components)
	t.dataSets("dataSets", fo.get("dataSets"), s.DataSets)
	t.empty(fo, "history", "propertiesHistory", "spaceHistory", "projectHistory", "experimentHistory", "parentsHistory",
		"childrenHistory", "containerHistory", "componentsHistory", "dataSetsHistory", "unknownHistory")
	t.tags(fo.get("tags"), s.Tags)
	t.personOf("registrator", s.Registrator, fo.get("registrator"))
	t.personOf("modifier", s.Modifier, fo.get("modifier"))
	t.empty(fo, "attachments")
	t.raw(`"metaData":{}`)
	t.end('}')
}

// relationships writes a map of the annotations of relatives, by their permId in the order of a hash map.
func (t *translation) relationships(name string, fo *fetchOptions, relatives []*Sample) {
	t.name(name)
	if fo == nil {
		t.null()
		return
	}
	var permIDs []string
	for _, r := range relatives {
		if t.sampleVisible(r) {
			permIDs = append(permIDs, r.PermID)
		}
	}
	t.begin('{')
	for _, permID := range javaHashOrder(permIDs) {
		t.key(permID)
		t.openNew("as.dto.common.Relationship")
		t.raw(`"childAnnotations":{},"parentAnnotations":{}`)
		t.end('}')
	}
	t.end('}')
}
