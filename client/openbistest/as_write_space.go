package openbistest

// spaceOf writes a field with a space.
func (t *translation) spaceOf(s *Space, fo *fetchOptions) {
	t.name("space")
	if s == nil || fo == nil || !t.person.MaySee(s.Code) {
		t.null()
		return
	}
	t.writeSpace(s, fo)
}

// writeSpace writes a space. Its modification date is its registration date (openBIS source, SpaceTranslator.java).
func (t *translation) writeSpace(s *Space, fo *fetchOptions) {
	if !t.start(s, fo, "as.dto.space.Space") {
		return
	}
	t.name("id")
	t.openNew("as.dto.space.id.SpaceTechId")
	t.name("techId")
	t.int(s.ID)
	t.str("id", itoa(int(s.ID)))
	t.end('}')
	t.id("permId", "as.dto.space.id.SpacePermId", s.Code)
	t.str("code", s.Code)
	t.textOrNull("description", s.Description)
	t.raw(`"frozen":false,"frozenForProjects":false,"frozenForSamples":false`)
	t.name("registrationDate")
	t.date(s.Registered)
	t.name("modificationDate")
	t.date(s.Registered)
	t.personOf("registrator", s.Registrator, fo.get("registrator"))
	t.samples("samples", fo.get("samples"), t.s.store.samplesOfSpace[s])
	many(t, "projects", fo.get("projects"), t.s.store.projectsOf[s], projectKey, nil, t.writeProject)
	t.end('}')
}

// projectOf writes a field with a project.
func (t *translation) projectOf(p *Project, fo *fetchOptions) {
	t.name("project")
	if p == nil || fo == nil || !t.person.MaySee(p.Space.Code) {
		t.null()
		return
	}
	t.writeProject(p, fo)
}

func (t *translation) writeProject(p *Project, fo *fetchOptions) {
	if !t.start(p, fo, "as.dto.project.Project") {
		return
	}
	t.id("permId", "as.dto.project.id.ProjectPermId", p.PermID)
	t.id("identifier", "as.dto.project.id.ProjectIdentifier", p.Identifier())
	t.str("code", p.Code)
	t.textOrNull("description", p.Description)
	t.raw(`"frozen":false,"frozenForExperiments":false,"frozenForSamples":false`)
	t.name("registrationDate")
	t.date(p.Registered)
	t.name("modificationDate")
	t.date(p.Modified)
	many(t, "experiments", fo.get("experiments"), t.s.store.experimentsOf[p], experimentKey, nil, t.writeExperiment)
	t.samples("samples", fo.get("samples"), t.s.store.samplesOfProject[p])
	t.empty(fo, "history", "spaceHistory", "experimentsHistory", "samplesHistory", "unknownHistory")
	t.spaceOf(p.Space, fo.get("space"))
	t.personOf("registrator", p.Registrator, fo.get("registrator"))
	t.personOf("modifier", p.Modifier, fo.get("modifier"))
	t.personOf("leader", p.Leader, fo.get("leader"))
	t.empty(fo, "attachments")
	t.end('}')
}

// experimentOf writes a field with an experiment.
func (t *translation) experimentOf(e *Experiment, fo *fetchOptions) {
	t.name("experiment")
	if e == nil || fo == nil || !t.person.MaySee(e.Project.Space.Code) {
		t.null()
		return
	}
	t.writeExperiment(e, fo)
}

func (t *translation) writeExperiment(e *Experiment, fo *fetchOptions) {
	if !t.start(e, fo, "as.dto.experiment.Experiment") {
		return
	}
	t.id("permId", "as.dto.experiment.id.ExperimentPermId", e.PermID)
	t.id("identifier", "as.dto.experiment.id.ExperimentIdentifier", e.Identifier())
	t.str("code", e.Code)
	t.raw(`"frozen":false,"frozenForDataSets":false,"frozenForSamples":false`)
	t.name("registrationDate")
	t.date(e.Registered)
	t.name("modificationDate")
	t.date(e.Modified)
	t.typeOf(e.Type, fo.get("type"))
	t.projectOf(e.Project, fo.get("project"))
	dataSets, samples := fo.get("dataSets"), fo.get("samples")
	t.dataSets("dataSets", dataSets, t.s.store.dataSetsIn(e, dataSets != nil))
	t.samples("samples", samples, t.s.store.samplesIn(e, samples != nil))
	t.empty(fo, "history", "propertiesHistory", "projectHistory", "samplesHistory", "dataSetsHistory", "unknownHistory")
	t.properties(fo.get("properties"), e.Properties)
	t.emptyMaps(fo, "materialProperties", "sampleProperties")
	t.tags(fo.get("tags"), e.Tags)
	t.personOf("registrator", e.Registrator, fo.get("registrator"))
	t.personOf("modifier", e.Modifier, fo.get("modifier"))
	t.empty(fo, "attachments")
	t.raw(`"metaData":{}`)
	t.end('}')
}
